"""Rule 8: everything leaves a trace, and the trace names no one; and each act is in both logs."""

from collections import defaultdict
from typing import Final

from node.logbook import LogKind
from scripts.harnessing.checking import traced
from scripts.harnessing.checking.consenting import withdrawals
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

_REDEEMED: Final = """
SELECT r.redemption_id, r.decision_id, coalesce(d.recognition_id, ''), r.redeemed_at
FROM redemptions r LEFT JOIN decisions d ON d.decision_id = r.decision_id
"""
_RECEIPTS: Final = "SELECT consent_id, resident_id, content FROM consent_receipts"
_ENDED: Final = """
SELECT attestation_id, resident_id FROM attestations WHERE ended_at IS NOT NULL
"""
_WITHDRAWN: Final = "SELECT consent_id FROM consents WHERE withdrawn_at IS NOT NULL"
_CURRENT: Final = "SELECT recognition_id, home, attestation_id, checked_at FROM recognitions"
_RECOGNISED: Final = """
SELECT a.act, a.other, min(d.decision_id) FROM history.acts a
JOIN history.decided d ON d.act = a.act AND d.decision_id != ''
WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed = 'check'
    AND a.verdict = 'RECOGNISED'
GROUP BY a.act
"""
_USED: Final = """
SELECT act, redemption_id FROM history.acts
WHERE city = ? AND ended < ? AND outcome = 'OK' AND deed IN ('redeem', 'confirm')
"""
_OF_CONSENTS: Final = """
SELECT act, deed, consent_id FROM history.acts
WHERE city = ? AND ended < ? AND outcome = 'OK' AND deed IN ('consent', 'withdraw')
"""
_KINDS: Final = """
SELECT kind, length(commitment), min(sequence), count(*) FROM log_entries
GROUP BY kind, length(commitment)
"""
_DECISIONS: Final = "SELECT decision_id, check_id, recognition_id FROM decisions"


def redeemed(evidence: Evidence, city: CityEvidence) -> dict[str, int]:
    """The entry of the log of each redemption; -1 where there is none."""

    def make() -> dict[str, int]:
        kept = traced.entries(evidence, city, LogKind.REDEEMED)
        then = defaultdict[tuple[str, int], list[traced.Entry]](list)
        for subject, entries in kept.items():
            for each in entries:
                then[subject, each.at].append(each)
        found = dict[str, int]()
        for redemption, decision, subject, at in city.rows(_REDEEMED):
            content = f"redeemed {redemption} {decision}".encode()
            entry = traced.find(then.get((subject, at), ()), content)
            if entry < 0:
                # One that was used without the node was told later.
                entry = traced.find(kept.get(subject, ()), content)
            found[redemption] = entry
        return found

    return evidence.once("redeemed", city.code, make)


def consented(evidence: Evidence, city: CityEvidence) -> dict[str, int]:
    """The entry of the log of each consent; -1 where there is none."""

    def make() -> dict[str, int]:
        kept = traced.entries(evidence, city, LogKind.CONSENTED)
        return {
            consent: traced.find(kept.get(resident, ()), content)
            for consent, resident, content in city.rows(_RECEIPTS)
        }

    return evidence.once("consented", city.code, make)


def _everything_leaves_a_trace(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        for attestation, good in traced.issued(evidence, city).items():
            _expect(tally, city, "attestation issued", attestation, traced=good)
        _received(evidence, city, tally)
        for check in traced.decided(evidence, city).checks.values():
            _expect(tally, city, "check", check.check_id, traced=check.sequence >= 0)
        for redemption, entry in redeemed(evidence, city).items():
            _expect(tally, city, "redemption", redemption, traced=entry >= 0)
        for consent, entry in consented(evidence, city).items():
            _expect(tally, city, "consent", consent, traced=entry >= 0)
        ended = withdrawals(evidence, city)
        for (consent,) in city.rows(_WITHDRAWN):
            _expect(tally, city, "withdrawal", consent, traced=consent in ended)
        kept = traced.entries(evidence, city, LogKind.WITHDRAWN)
        for attestation, resident in city.rows(_ENDED):
            content = b"ended " + attestation.encode()
            entry = traced.find(kept.get(resident, ()), content)
            _expect(tally, city, "end of an attestation", attestation, traced=entry >= 0)
        _names_nobody(city, tally)


def _expect(tally: Tally, city: CityEvidence, what: str, name: str, *, traced: bool) -> None:
    tally.see()
    if not traced:
        tally.broken(
            city.place.pinyin,
            f"日志中没有 {what} {name} 的痕迹。",
            f"The log has no trace of the {what} {name}.",
            what=what,
            id=name,
        )


def _received(evidence: Evidence, city: CityEvidence, tally: Tally) -> None:
    """What is recognised now was received; and what was received, somebody issued."""
    found, until = traced.received(evidence, city), evidence.complete_until(city)
    for recognition, home, attestation, checked_at in city.rows(_CURRENT):
        if home in evidence.cities and checked_at <= until:
            tally.see()
            if attestation not in found.sequences:
                tally.broken(
                    city.place.pinyin,
                    f"日志中没有收到 {home} 的证明 {attestation} 的痕迹。",
                    f"The log has no trace of the attestation {attestation} received of {home}.",
                    recognition_id=recognition,
                    attestation_id=attestation,
                )
    for recognition, sequence in found.strangers:
        at = city.one("SELECT at FROM log_entries WHERE sequence = ?", sequence)
        tally.see()
        if at is not None and at <= until:
            tally.broken(
                city.place.pinyin,
                f"日志第 {sequence} 条所收到的内容，没有任何所在城市出具过。",
                f"Entry {sequence} of the log received what no home city issued.",
                recognition_id=recognition,
                sequence=sequence,
            )


def _names_nobody(city: CityEvidence, tally: Tally) -> None:
    kinds = {kind.value for kind in LogKind}
    for kind, length, sequence, count in city.rows(_KINDS):
        tally.see(count)
        if kind not in kinds or length != 32:  # noqa: PLR2004 - of a SHA-256
            tally.broken(
                city.place.pinyin,
                f"日志有 {count} 条不是承诺值（自第 {sequence} 条）。",
                f"{count} entries of the log are no commitments (from {sequence}).",
                kind=str(kind)[:20],
                sequence=sequence,
            )


def _acts_are_in_both_logs(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        if city.clock.forgets:
            continue
        # What is not in the store at all is not in the log that is kept of it, either.
        decisions = {row[0]: (row[1], row[2]) for row in city.rows(_DECISIONS)}
        checks = traced.decided(evidence, city).checks
        for act, home, decision in city.rows(_RECOGNISED, city.code, evidence.until):
            tally.see()
            check_id, recognition = decisions.get(decision, ("", ""))
            check = checks.get(check_id)
            problem = _missing(evidence, city, check, recognition)
            if problem:
                tally.broken(
                    city.place.pinyin,
                    f"已答复的核验（来自 {home}）不在两市日志中：{problem}。",
                    f"An acknowledged check of somebody of {home} is not in both logs: {problem}.",
                    act=act,
                    check_id=check_id,
                    home=home,
                )
        _uses_are_in_the_log(evidence, city, tally)


def _missing(
    evidence: Evidence, city: CityEvidence, check: traced.Replayed | None, recognition: str
) -> str:
    """Which log has nothing of a check of a recognised visitor; "" where both have."""
    if check is None or check.sequence < 0:
        return "the host city's has not the decision"
    found = traced.received(evidence, city)
    first = found.first.get(recognition)
    if first is None or first > check.sequence:
        return "the host city's has no attestation before it"
    home = evidence.cities.get(check.facts.home)
    if home is None:
        return ""
    standing = traced.issued(evidence, home)
    given = _given(evidence, city).get(recognition, ())
    if not any(standing.get(name) for name, at in given if at < check.sequence):
        return "the home city's has not the attestation"
    return ""


def _given(evidence: Evidence, city: CityEvidence) -> dict[str, list[tuple[str, int]]]:
    """The attestations that a host received about each visitor, with the entries of its log."""

    def make() -> dict[str, list[tuple[str, int]]]:
        known = {
            (home, pseudonym): recognition
            for recognition, home, pseudonym in city.rows(
                "SELECT recognition_id, home, pseudonym FROM recognitions"
            )
        }
        received = traced.received(evidence, city).sequences
        found = defaultdict[str, list[tuple[str, int]]](list)
        for home in evidence.cities.values():
            of_host = "SELECT attestation_id, pseudonym FROM attestations WHERE host = ?"
            for name, pseudonym in home.rows(of_host, city.code):
                recognition = known.get((home.code, pseudonym))
                if recognition is not None and name in received:
                    found[recognition].append((name, received[name]))
        for each in found.values():
            each.sort(key=lambda pair: pair[1])
        return dict(found)

    return evidence.once("given", city.code, make)


def _uses_are_in_the_log(evidence: Evidence, city: CityEvidence, tally: Tally) -> None:
    uses = redeemed(evidence, city)
    for act, redemption in city.rows(_USED, city.code, city.taken_at):
        tally.see()
        if uses.get(redemption, -1) < 0:
            _not_in_log(tally, city, act, "redemption", redemption)
    given, ended = consented(evidence, city), withdrawals(evidence, city)
    for act, deed, consent in city.rows(_OF_CONSENTS, city.code, city.taken_at):
        tally.see()
        entry = given.get(consent, -1) if deed == "consent" else ended.get(consent, -1)
        if entry < 0:
            _not_in_log(tally, city, act, deed, consent)


def _not_in_log(tally: Tally, city: CityEvidence, act: int, what: str, name: str) -> None:
    tally.broken(
        city.place.pinyin,
        f"已答复的 {what} {name} 不在日志中。",
        f"The {what} {name}, which was acknowledged, is not in the log.",
        act=act,
        what=what,
        id=name,
    )


INVARIANTS: Final = (
    Invariant(
        "traces",
        "8",
        "凡事留痕，痕迹不指名",
        "Everything leaves a trace, and the trace names no one",
        _everything_leaves_a_trace,
    ),
    Invariant(
        "both-logs",
        "acts",
        "每个已答复的行为都在两市日志中",
        "Each acknowledged act is in both cities' logs",
        _acts_are_in_both_logs,
    ),
)
