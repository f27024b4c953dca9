"""Files that people write and hand in: catalogues, scales, agreements, settings, records, logs."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from federation.messages import Header, ScoreScale
from federation.scale import Scale
from node import conditions, data
from node.config import read_settings
from node.facts import Facts
from node.files import parse_agreement, parse_incentives, parse_indicators, parse_scale
from node.files.audits import read_entries, read_period, write_period
from node.files.logs import is_log, read_head, read_leaves, write_entry, write_head, write_leaf
from node.files.record_columns import Values, row_of
from node.files.record_portions import wire_row
from node.files.record_text import read_csv, read_json_lines
from node.incentives import Incentive, Residence
from node.v1 import department_service_pb2
from scripts.fuzzing.oracle import Target, as_text, promise, taken
from tests.federation.make import HANGZHOU, NOW, ZHENGZHOU
from tests.federation.test_log_fork import note
from tests.node.services.audit_stage import MadeLog, judged

_DAY: Final = date(2026, 11, 24)
_NUMBER: Final = "999999199012217071"


def _shipped(relative: str) -> bytes:
    return data.path(relative).read_bytes()


@cache
def _whole(pinyin: str) -> Scale:
    code = data.city(pinyin).code
    return parse_scale("scale.toml", _shipped(f"{pinyin}/scale.toml"), city=code, version=1)


@cache
def _exported(pinyin: str) -> ScoreScale:
    until = datetime(2030, 1, 1, tzinfo=NOW.tzinfo)
    return _whole(pinyin).exported(Header("s", data.city(pinyin).code, (), NOW, until))


def _scale(content: bytes) -> None:
    scale = taken(lambda: parse_scale("scale.toml", content, city=ZHENGZHOU, version=1))
    if scale is None:
        return
    low, high = scale.minimum_milli, scale.maximum_milli
    if low is None or high is None:
        listed = {name for by in scale.listed_by for name in by}
        for some in (frozenset[str](), frozenset(listed)):
            promise(scale.rank(scale.standing(0, some).band_id) >= 0, "everybody has a band")
        return
    ends = [
        bound.score_milli for band in scale.bands for bound in (band.lower, band.upper) if bound
    ]
    near = {score + by for score in (low, high, *ends) for by in (-1, 0, 1)}
    for score in near:
        if low <= score <= high:
            held = sum(band.holds(score) for band in scale.bands)
            promise(held == 1, "each score lies in one band")
            scale.standing(score - (scale.base_milli or 0), frozenset())


def _agreement(content: bytes) -> None:
    here, there = _exported("zhengzhou"), _exported("hangzhou")
    draft = taken(lambda: parse_agreement("agreement.toml", content, here=here, there=there))
    if draft is not None:
        ways = [(plan.home_city, plan.host_city) for plan in draft.mappings]
        promise(ways == [(HANGZHOU, ZHENGZHOU), (ZHENGZHOU, HANGZHOU)], "there is one each way")


def _incentives(content: bytes) -> None:
    scale = _whole("zhengzhou")
    found = taken(
        lambda: parse_incentives("i.toml", content, city=ZHENGZHOU, scale=scale, version=1)
    )
    if found is not None:
        again = parse_incentives(
            "i.toml", found.content.encode(), city=ZHENGZHOU, scale=scale, version=1
        )
        promise(again == found, "what is kept of a file reads as the file did")


def _indicators(content: bytes) -> None:
    found = taken(lambda: parse_indicators("i.toml", content, city=ZHENGZHOU, version=1))
    if found is None:
        return
    for indicator in found.indicators.values():
        until = indicator.counts_until(_DAY, None)
        promise(until > _DAY, "a record of an indicator counts for a time")
        promise(set(indicator.departments) <= set(found.departments), "somebody may send it")
    again = parse_indicators("i.toml", found.content.encode(), city=ZHENGZHOU, version=1)
    promise(again == found, "what is kept of a file reads as the file did")


@cache
def _facts() -> Facts:
    return Facts(NOW, _DAY, 10, 2, 1, 1)


def _condition(content: bytes) -> None:
    """A condition that passes errs for nobody; one that does not is told where and why."""
    incentive = _asking(as_text(content[:1100]).replace("\0", " "))
    mistake = conditions.check(incentive, _facts(), _whole("zhengzhou"))
    if mistake is not None:
        promise(
            mistake.line > 0 and mistake.column > 0 and mistake.problem.encode(), "it says where"
        )
        return
    person = replace(
        _facts(),
        band_id="excellent",
        local_milli=140_000,
        commendations=("blood-donor", "x"),
        scenarios=("scenic.discount",),
        home="330100",
        residence=Residence.VISITOR,
    )
    for facts in (_facts(), person, replace(person, local_milli=None, hour=23, weekday=7)):
        found = conditions._result(incentive, facts, _whole("zhengzhou"))  # noqa: SLF001 - what `opens` asks
        promise(isinstance(found, bool), "what passed the check errs for nobody")


def _asking(condition: str) -> Incentive:
    return Incentive(
        incentive_id="scenic-evening",
        scenario="scenic.discount",
        benefit_zh="夜游免票",
        benefit_en="free in the evening",
        minimum_band=None,
        commendations=(),
        venues=(),
        valid_from=date(2026, 1, 1),
        valid_until=date(2029, 1, 1),
        legal_basis="fuzzing",
        source="fuzzing",
        illustrative=True,
        condition=condition,
    )


@cache
def _memory() -> int:
    return os.memfd_create("hutong-fuzz")


def _written(content: bytes) -> Path:
    """The input as a file, in memory alone: nothing of it is left, however the process ends."""
    os.ftruncate(_memory(), 0)
    os.pwrite(_memory(), content, 0)
    return Path(f"/proc/self/fd/{_memory()}")


def _settings(content: bytes) -> None:
    path = _written(content)
    settings = taken(lambda: read_settings(path, {}))
    if settings is not None:
        promise(settings.zone.key == settings.time_zone, "its zone is one")
        promise(settings.code == settings.city, "its city is one")
        with suppress(ValueError):
            settings.store_url.encode()
        for address in (settings.peer_listen, settings.local_listen, settings.onboarding_listen):
            promise(0 <= int(address.rpartition(":")[2]) < 1 << 16, "a port has 16 bits")


def _records(read: Callable[[str, Path], Iterator[Values]], content: bytes) -> None:
    path = _written(content)

    def rows() -> int:
        count = 0
        for values in read("records", path):
            row = row_of(values)
            for text in (row.record_number, row.evidence, row.document_number):
                promise(text == text.strip() and len(text) <= _FIELD, "a field is short, and bare")
            made = department_service_pb2.RecordRow(**wire_row(row))
            promise(made.ByteSize() < 1 << 20, "a row fits a message")
            count += 1
        return count

    taken(rows)


_FIELD: Final = 1000


def _csv(content: bytes) -> None:
    _records(read_csv, content)


def _json_lines(content: bytes) -> None:
    _records(read_json_lines, content)


def _log(content: bytes) -> None:
    path = _written(content)
    is_log(path)
    head = taken(lambda: read_head(path))
    leaves = taken(lambda: list(read_leaves(path)))
    if head is not None:
        head.checkpoint.decode()
    if leaves is not None:
        promise(all(len(leaf) == _HASH for leaf in leaves), "a leaf hash has 32 bytes")


_HASH: Final = 32


def _audit(content: bytes) -> None:
    """A period of a log that is taken for whole has the entries that the city signed."""
    path = _written(content)
    period = taken(lambda: read_period(path))
    entries = taken(lambda: list(read_entries(path)))
    if period is None or entries is None:
        return
    found = taken(lambda: judged(period, entries))
    if found is not None and not found.problems:
        true = _audited().entries[period.first : period.end]
        promise(entries == true, "nothing but what was signed is whole")


@cache
def _audited() -> MadeLog:
    return MadeLog()


def _audits() -> list[bytes]:
    path, period = _written(b""), _audited().period(3, 9)
    with path.open("w", encoding="utf-8") as out:
        write_period(out, period, [])
        for each in _audited().entries[3:9]:
            write_entry(out, each.kind, each.at_micros, each.commitment)
    return [path.read_bytes()]


def _logs() -> list[bytes]:
    path = _written(b"")
    with path.open("w", encoding="utf-8") as out:
        write_head(out, ZHENGZHOU, note(7), [])
        write_entry(out, "issued", 1_764_000_000_000_000, bytes(32))
        write_leaf(out, bytes(range(32)))
    return [path.read_bytes()]


def _tables(text: bytes, most: int) -> list[bytes]:
    """A shipped file, cut to its head and a few of its tables: small inputs are searched faster."""
    head, *tables = text.split(b"\n\n[[")
    some = [b"\n\n[[".join((head, *tables[:count])) + b"\n" for count in (1, 2, 4)]
    return [each for each in (*some, text) if len(each) <= most]


_CONDITIONS: Final = (
    "recognised && rank >= 1",
    "band == 'excellent' && hour in [9, 10, 11]",
    "local_score > 120.0 && !(home == '330100')",
    "ranks['excellent'] <= rank || 'blood-donor' in commendations",
    "size(commendations) > 0 && weekday < 6 && day.startsWith('2026')",
    "double(rank) * 2.0 - 1.0 > local_low / 2.0",
    "(hour % 2 == 0 ? residence : scenario) != 'x'",
)
_HEADING: Final = b"record_number,indicator,document_number,occurred_on,evidence,action,revision\n"


def targets() -> list[Target]:
    """One for each form."""
    row = f"r-1,volunteer.hours,{_NUMBER},2026-01-15,志愿服务,,\n".encode()
    quoted = b'"r-2","a ""b""",,2026-02-01,"x\n,y",correct,1.0\n'
    line = f'{{"record_number": "r-1", "document_number": "{_NUMBER}", "revision": 1.0}}\n'
    settings = b'city = "410100"\ntime_zone = "Asia/Shanghai"\npeer_listen = "0.0.0.0:7443"\n'
    agreement = _shipped("agreements/hangzhou-zhengzhou.toml")
    return [
        Target("scale-file", "a score scale, TOML", _scale, _scale_files, 8192),
        Target("agreement-file", "an agreement, TOML", _agreement, lambda: [agreement], 4096),
        Target(
            "incentives-file", "a catalogue of incentives, TOML", _incentives, _catalogues, 4096
        ),
        Target("indicators-file", "a catalogue of indicators, TOML", _indicators, _indices, 4096),
        Target(
            "settings-file", "the settings of a node, TOML", _settings, lambda: [settings], 1024
        ),
        Target(
            "condition",
            "the condition of an incentive, CEL",
            _condition,
            lambda: [each.encode() for each in _CONDITIONS],
            512,
        ),
        Target("records-csv", "records as CSV", _csv, lambda: [_HEADING + row + quoted], 2048),
        Target(
            "records-json", "records as JSON Lines", _json_lines, lambda: [line.encode() * 2], 2048
        ),
        Target("log-file", "a whole log as a file", _log, _logs, 4096),
        Target("audit-file", "a period of a log as a file", _audit, _audits, 8192),
    ]


def _scale_files() -> list[bytes]:
    return [_shipped(f"{city.pinyin}/scale.toml") for city in data.cities()]


def _catalogues() -> list[bytes]:
    return _tables(_shipped("zhengzhou/incentives.toml"), 4096)


def _indices() -> list[bytes]:
    return [_INDICATORS]


_INDICATORS: Final = """city = "410100"
source = "x"
illustrative = true
[rules]
disputed_count = false
objection_days = 20
repair_days = 20
appeal_days = 30
[[departments]]
id = "health"
name = { zh = "卫健委", en = "health" }
[[areas]]
id = "zone"
kind = "zone"
name = { zh = "区", en = "zone" }
[[categories]]
id = "giving"
dimension = "social"
name = { zh = "公益", en = "giving" }
[[indicators]]
id = "blood-donor.city"
category = "giving"
departments = ["health"]
name = { zh = "献血", en = "blood donor" }
direction = "adds"
points = 2.5
legal_basis = "x"
class = "A"
retention_months = 24
attestable = true
commendation = "blood-donor"
[[indicators]]
id = "fraud"
category = "giving"
departments = ["health"]
name = { zh = "欺诈", en = "fraud" }
direction = "deducts"
points = 20
legal_basis = "x"
class = "B"
retention_months = 36
attestable = false
severity = "ordinary"
repair_after_months = 6
""".encode()
