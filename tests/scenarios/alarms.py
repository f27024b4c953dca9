"""Of each alert the series that must set it off, and those that must not."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tests.node.transport.monitoring import ALERTS, Alert

Series = Mapping[str, str]
Labels = Mapping[str, str]

_AT: Final = "70m"
_DAY: Final = 86400
_CITY: Final = {"city": "330100"}
_NODE: Final = {"instance": "a"}
_ACTIVE: Final = {'hutong_partner_state{city="330100",state="active"}': "1+0x80"}
_SUSPENDED: Final = {'hutong_partner_state{city="330100",state="suspended"}': "1+0x80"}


def _still(value: float) -> str:
    return f"{value}+0x80"


def _rising(a_minute: int) -> str:
    return f"0+{a_minute}x80"


def _node(metric: str, value: float) -> Series:
    return {f'{metric}{{instance="a"}}': _still(value)}


def _partner(metric: str, value: float, labels: str = "") -> Series:
    return {f'hutong_partner_{metric}{{city="330100"{labels}}}': _still(value)}


def _ratio(metric: str, some: str, bad: str, *, much: bool) -> Series:
    one, other = (_rising(60), _rising(6)) if much else (_rising(6), _rising(600))
    return {
        f'{metric}{{{some},reason="{bad}"}}': one,
        f'{metric}{{{some},reason="OK"}}': other,
    }


def _bucket(metric: str, some: str, bounds: tuple[str, str], *, slow: bool) -> Series:
    low, high = bounds
    return {
        f'{metric}_bucket{{{some},le="{low}"}}': _rising(0 if slow else 60),
        f'{metric}_bucket{{{some},le="{high}"}}': _rising(60),
        f'{metric}_bucket{{{some},le="+Inf"}}': _rising(60),
    }


def _ends(what: str, days: tuple[int, int]) -> tuple[Labels, Series, list[Series]]:
    metric = f"{what}_expiry_timestamp_seconds"
    soon, late = (_partner(metric, day * _DAY) for day in days)
    return _CITY, {**soon, **_ACTIVE}, [{**late, **_ACTIVE}, {**soon, **_SUSPENDED}]


_QUESTIONS: Final = 'city="330100",method="RequestAttestation"'
_PEER_CALLS: Final = f'port="peer",{_QUESTIONS}'
_INTERNAL: Final = 'hutong_calls_total{port="peer",method="AddCheckpoint",reason="INTERNAL"}'

# The alert: the labels that it has, what sets it off, and each of what does not.
ALARMS: Final[Mapping[str, tuple[Labels, Series, list[Series]]]] = {
    "HutongDown": (_NODE, _node("up", 0), [_node("up", 1)]),
    "HutongStoreSilent": (
        _NODE,
        _node("hutong_store_answers", 0),
        [_node("hutong_store_answers", 1)],
    ),
    "HutongWritesWait": (
        _NODE,
        _node("hutong_writer_age_seconds", 3),
        [_node("hutong_writer_age_seconds", 1)],
    ),
    "HutongLoopBusy": (
        _NODE,
        _node("hutong_loop_wait_seconds", 0.6),
        [_node("hutong_loop_wait_seconds", 0.1)],
    ),
    "HutongNobodyOnDuty": (
        {},
        {f'hutong_duty_held{{instance="{one}"}}': _still(0) for one in "ab"},
        [{f'hutong_duty_held{{instance="{one}"}}': _still(int(one == "b")) for one in "ab"}],
    ),
    "HutongFilesRunOut": (
        _NODE,
        {**_node("process_open_fds", 900), **_node("process_max_fds", 1000)},
        [{**_node("process_open_fds", 700), **_node("process_max_fds", 1000)}],
    ),
    "HutongDegraded": (
        {"subject": "scale"},
        {'hutong_degraded{subject="scale",severity="warning"}': _still(1)},
        [{}],
    ),
    "HutongInternalErrors": (
        {"port": "peer", "method": "AddCheckpoint"},
        {_INTERNAL: "_x65 1+0x15"},
        [{_INTERNAL: _still(1)}],
    ),
    "HutongShedding": (
        {"port": "peer"},
        _ratio("hutong_calls_total", _PEER_CALLS, "BUSY", much=True),
        [
            _ratio("hutong_calls_total", _PEER_CALLS, "BUSY", much=False),
            _ratio("hutong_calls_total", _PEER_CALLS, "LIMIT_REACHED", much=True),
        ],
    ),
    "HutongOverItsShare": (
        {"port": "peer", **_CITY},
        _ratio("hutong_calls_total", _PEER_CALLS, "LIMIT_REACHED", much=True),
        [_ratio("hutong_calls_total", _PEER_CALLS, "LIMIT_REACHED", much=False)],
    ),
    "HutongCallsSlow": (
        {"method": "RequestAttestation"},
        _bucket("hutong_call_duration_seconds", _PEER_CALLS, ("1", "2.5"), slow=True),
        [_bucket("hutong_call_duration_seconds", _PEER_CALLS, ("1", "2.5"), slow=False)],
    ),
    "HutongCodesGuessed": (
        _CITY,
        _ratio("hutong_calls_total", _PEER_CALLS, "NOT_RECOGNISED", much=True),
        [
            _ratio("hutong_calls_total", _PEER_CALLS, "NOT_RECOGNISED", much=False),
            _ratio("hutong_calls_total", _PEER_CALLS, "STALE", much=True),
        ],
    ),
    "HutongKeyEnds": (
        {"use": "tls"},
        {'hutong_key_expiry_timestamp_seconds{use="tls"}': _still(20 * _DAY)},
        [{'hutong_key_expiry_timestamp_seconds{use="tls"}': _still(22 * _DAY)}],
    ),
    "HutongKeyEndsNow": (
        {"use": "signing"},
        {'hutong_key_expiry_timestamp_seconds{use="signing"}': _still(3 * _DAY)},
        [{'hutong_key_expiry_timestamp_seconds{use="signing"}': _still(4 * _DAY)}],
    ),
    "HutongBundleEnds": (
        {},
        _node("hutong_bundle_expiry_timestamp_seconds", 20 * _DAY),
        [_node("hutong_bundle_expiry_timestamp_seconds", 22 * _DAY)],
    ),
    "HutongPartnerSilent": (
        _CITY,
        {**_partner("contact_failures", 3), **_ACTIVE},
        [
            {**_partner("contact_failures", 2), **_ACTIVE},
            {**_partner("contact_failures", 3), **_SUSPENDED},
        ],
    ),
    "HutongPartnerLeftAlone": (
        {**_NODE, **_CITY},
        {**_partner("circuit_state", 2, ',instance="a"'), **_ACTIVE},
        [
            {**_partner("circuit_state", 0, ',instance="a"'), **_ACTIVE},
            {**_partner("circuit_state", 2, ',instance="a"'), **_SUSPENDED},
            # One that comes and goes is not away.
            {
                'hutong_partner_circuit_state{city="330100",instance="a"}': "0 2 2 2 0 2 2"
                + " 0 2" * 40,
                **_ACTIVE,
            },
        ],
    ),
    "HutongPartnerRefuses": (
        _CITY,
        _ratio("hutong_outgoing_calls_total", 'city="330100"', "PEER_REFUSED", much=True),
        [_ratio("hutong_outgoing_calls_total", 'city="330100"', "PEER_REFUSED", much=False)],
    ),
    "HutongPartnerSlow": (
        _CITY,
        _bucket("hutong_outgoing_call_duration_seconds", _QUESTIONS, ("1", "5"), slow=True),
        [_bucket("hutong_outgoing_call_duration_seconds", _QUESTIONS, ("1", "5"), slow=False)],
    ),
    "HutongPartnerClock": (
        _CITY,
        _partner("clock_offset_seconds", -31),
        [_partner("clock_offset_seconds", -29)],
    ),
    "HutongWithdrawalsUndelivered": (
        _CITY,
        {**_partner("undelivered_age_seconds", 301, ',delivery="status"'), **_ACTIVE},
        [
            {**_partner("undelivered_age_seconds", 299, ',delivery="status"'), **_ACTIVE},
            {**_partner("undelivered_age_seconds", 301, ',delivery="status"'), **_SUSPENDED},
            {**_partner("undelivered_age_seconds", 301, ',delivery="use"'), **_ACTIVE},
        ],
    ),
    "HutongUndelivered": (
        {"delivery": "bundle", **_CITY},
        {**_partner("undelivered_age_seconds", 3601, ',delivery="bundle"'), **_ACTIVE},
        [
            {**_partner("undelivered_age_seconds", 3599, ',delivery="bundle"'), **_ACTIVE},
            {**_partner("undelivered_age_seconds", 3601, ',delivery="bundle"'), **_SUSPENDED},
        ],
    ),
    "HutongPartnerUntold": (
        _CITY,
        {**_partner("told", 0), **_partner("contact_failures", 1)},
        [
            {**_partner("told", 1), **_partner("contact_failures", 1)},
            {**_partner("told", 0), **_partner("contact_failures", 0)},
        ],
    ),
    "HutongPartnerCertificateEnds": _ends("certificate", (14, 15)),
    "HutongPartnerSigningKeyEnds": _ends("signing_key", (14, 15)),
    "HutongPartnerBundleEnds": _ends("bundle", (14, 15)),
    "HutongAgreementEnds": _ends("agreement", (30, 31)),
    "HutongLogForked": (_CITY, _partner("log_forked", 1), [_partner("log_forked", 0)]),
    "HutongLogNotCheckpointed": (
        {},
        {"hutong_log_entries": "1+1x80", "hutong_log_checkpoint_entries": _still(1)},
        [
            {"hutong_log_entries": "1+1x80", "hutong_log_checkpoint_entries": _rising(1)},
            {"hutong_log_entries": _still(9), "hutong_log_checkpoint_entries": _still(9)},
        ],
    ),
    "HutongCasesOverdue": (
        {"kind": "objection"},
        {'hutong_cases_overdue{kind="objection"}': _still(1)},
        [{'hutong_cases_overdue{kind="objection"}': _still(0)}],
    ),
}

# What must set one off besides.
ALSO: Final[Mapping[str, Sequence[Series]]] = {
    # A process that began anew counts from zero, and had failed more often before.
    "HutongInternalErrors": [{_INTERNAL: "5+0x65 stale 1+0x14"}],
}


def unit_tests(alerts: Iterable[Alert]) -> dict[str, Any]:
    """What `promtool test rules` reads."""
    return {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "10m",
        "tests": [test for alert in alerts for test in _tests(alert)],
    }


def _tests(alert: Alert) -> Iterable[dict[str, Any]]:
    labels, loud, quiet = ALARMS[alert.name]
    told = {**labels, "job": "hutong-zhengzhou", "severity": alert.severity}
    fires = [{"exp_labels": told, "exp_annotations": alert.said(told)}]
    for series in (loud, *ALSO.get(alert.name, ())):
        yield _test(alert.name, series, fires)
    for series in quiet:
        yield _test(alert.name, series, [])


def _test(name: str, series: Series, expected: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [
            {"series": _of_a_job(each), "values": values} for each, values in series.items()
        ],
        "alert_rule_test": [{"eval_time": _AT, "alertname": name, "exp_alerts": expected}],
    }


def _of_a_job(series: str) -> str:
    job = 'job="hutong-zhengzhou"'
    return series.replace("{", f"{{{job},", 1) if "{" in series else f"{series}{{{job}}}"
