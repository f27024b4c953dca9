"""Plants against rules 7 to 10 and the logs: what is kept, counted, traced and served."""

import base64
import time
from collections.abc import Callable
from dataclasses import asdict, replace

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint, unverified_checkpoint
from federation.identifiers import CityCode
from node.history import HistoryKind
from scripts.harnessing import records
from scripts.harnessing.fault_kinds import Fault
from scripts.harnessing.records import Act, Deed, Happening, Seen
from tests.harness.check_planting import HOUR, breaks, first, keys_of
from tests.harness.check_stage import HOME, HOST, Copy

# Rule 7


@breaks("nothing-lost")
def an_answer_that_is_gone(copy: Copy) -> None:
    copy.write("hangzhou", "DELETE FROM answers WHERE caller LIKE 'venue/%'")


@breaks("nothing-lost", "both-logs")
def a_redemption_that_is_gone(copy: Copy) -> None:
    copy.write("hangzhou", "DELETE FROM redemptions WHERE incentive_id = 'library-card'")
    copy.write("hangzhou", "DELETE FROM reservations WHERE incentive_id = 'library-card'")


@breaks("nothing-lost", "both-logs")
def a_withdrawal_that_is_gone(copy: Copy) -> None:
    sql = "UPDATE consents SET withdrawn_at = NULL WHERE withdrawn_at IS NOT NULL"
    copy.write("zhengzhou", sql)


@breaks("nothing-lost")
def a_record_that_is_gone(copy: Copy) -> None:
    copy.write("zhengzhou", "DELETE FROM records WHERE record_number = 'made-1'")


@breaks("nothing-lost")
def a_record_that_was_taken_back_and_stands(copy: Copy) -> None:
    sql = "UPDATE records SET state = 'standing' WHERE record_number = 'made-2'"
    copy.write("zhengzhou", sql)


@breaks("nothing-lost")
def a_reservation_that_was_never_given_back(copy: Copy) -> None:
    def change(acts: list[Act]) -> None:
        held = [act for act in acts if act.deed is Deed.RESERVE][-1]
        released = next(act for act in acts if act.deed is Deed.RELEASE)
        said = released.said | {"reservation_id": held.said["reservation_id"]}
        acts[acts.index(released)] = replace(released, said=said)

    copy.acts(change)


@breaks("used-once")
def a_redemption_that_took_no_place(copy: Copy) -> None:
    sql = "UPDATE reservations SET redemption_id = '' WHERE incentive_id = 'library-card'"
    copy.write("hangzhou", sql)


@breaks("used-once", "nothing-lost", "both-logs")
def a_decision_that_was_used_twice(copy: Copy) -> None:
    def change(acts: list[Act]) -> None:
        used = next(act for act in acts if act.deed is Deed.REDEEM)
        said = used.said | {"redemption_id": used.request_id}
        acts.append(replace(used, request_id=used.said["decision_id"], said=said))

    copy.acts(change)


@breaks("repetition", "nothing-lost")
def a_repetition_with_another_answer(copy: Copy) -> None:
    copy.acts(lambda acts: _repeat(acts, answer="0" * 64))


@breaks("repetition")
def a_repetition_that_is_refused(copy: Copy) -> None:
    copy.acts(lambda acts: _repeat(acts, outcome="ALREADY_REDEEMED", answer=""))


def _repeat(acts: list[Act], **changed: str) -> None:
    place = next(i for i, a in enumerate(acts) if a.repeated and a.deed is Deed.REDEEM)
    acts[place] = replace(acts[place], **changed)  # type: ignore[arg-type]


@breaks("capacity")
def a_counter_that_says_more(copy: Copy) -> None:
    copy.write("hangzhou", "UPDATE counters SET used = used + 1 WHERE scope = 'total'")


@breaks("capacity")
def a_capacity_of_one_used_twice(copy: Copy) -> None:
    sql = "UPDATE catalogues SET incentives = replace(incentives, '\"total\":200', '\"total\":1')"
    copy.write("hangzhou", sql)


@breaks("capacity")
def a_place_that_names_no_counter(copy: Copy) -> None:
    sql = "UPDATE reservations SET scopes = '' WHERE incentive_id = 'rental-no-deposit'"
    copy.write("hangzhou", sql)


# Rule 8, and the logs


@breaks("traces", "both-logs")
def a_redemption_without_a_trace(copy: Copy) -> None:
    sql = """
    DELETE FROM log_salts WHERE sequence IN (
        SELECT sequence FROM log_entries WHERE kind = 'redeemed')
    """
    copy.write("hangzhou", sql)


@breaks("both-logs", "traces")
def an_attestation_that_only_the_host_has_a_trace_of(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE attestations SET log_sequence = log_sequence - 1")


@breaks("traces", "both-logs")
def an_attestation_that_the_host_has_no_trace_of(copy: Copy) -> None:
    sql = """
    DELETE FROM log_salts WHERE subject != '' AND sequence IN (
        SELECT sequence FROM log_entries WHERE kind = 'received')
    """
    copy.write("hangzhou", sql)


@breaks("traces", "both-logs")
def a_host_that_received_what_nobody_issued(copy: Copy) -> None:
    sql = """
    UPDATE log_salts SET salt = randomblob(16) WHERE subject != '' AND sequence = (
        SELECT min(e.sequence) FROM log_entries e JOIN recognitions r
        JOIN log_salts s ON s.sequence = e.sequence AND s.subject = r.recognition_id
        WHERE e.kind = 'received')
    """
    copy.write("hangzhou", sql)


@breaks("traces")
def a_batch_that_the_host_has_no_trace_of(copy: Copy) -> None:
    sql = """
    DELETE FROM log_salts WHERE subject = '' AND sequence IN (
        SELECT sequence FROM log_entries WHERE kind = 'received')
    """
    copy.write("hangzhou", sql)


@breaks("traces")
def an_end_without_a_trace(copy: Copy) -> None:
    sql = "UPDATE attestations SET ended_at = issued_at WHERE ended_at IS NULL AND host = ?"
    # Those of a city to itself: to another one it would have to be told.
    copy.write("hangzhou", sql, HOST)
    copy.write("hangzhou", "UPDATE recognitions SET ended_at = checked_at WHERE home = ?", HOST)


@breaks("shown")
def an_attestation_that_the_resident_does_not_see(copy: Copy) -> None:
    copy.write("zhengzhou", "DELETE FROM uses WHERE resident_id != '' AND host = ?", HOST)


@breaks("shown")
def a_visit_that_the_visitor_does_not_see(copy: Copy) -> None:
    copy.write("hangzhou", "DELETE FROM visits WHERE kind = ?", HistoryKind.DECIDED.value)


@breaks("shown")
def a_use_that_the_visitor_sees_at_another_venue(copy: Copy) -> None:
    sql = "UPDATE visits SET venue = 'clinic' WHERE kind = ?"
    copy.write("hangzhou", sql, HistoryKind.REDEEMED.value)


@breaks("log-trees")
def an_edge_that_is_not_the_trees(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE log_state SET peaks = randomblob(length(peaks))")


@breaks("log-trees", "checkpoints")
def an_entry_that_was_put_in_the_place_of_another(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE log_entries SET leaf_hash = randomblob(32) WHERE sequence = 0")


@breaks("log-trees", "traces")
def an_entry_that_names_somebody(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE log_entries SET kind = 'of 张三' WHERE sequence = 0")


@breaks("log-trees", "checkpoints")
def a_log_that_was_cut(copy: Copy) -> None:
    sql = "DELETE FROM log_entries WHERE sequence = (SELECT max(sequence) FROM log_entries)"
    copy.write("zhengzhou", sql)


@breaks("checkpoints")
def a_city_that_showed_another_history(copy: Copy) -> None:
    _show(copy, lambda size: size)


@breaks("checkpoints")
def a_city_that_signed_more_than_there_is(copy: Copy) -> None:
    _show(copy, lambda size: size + 1000)


def _show(copy: Copy, other: Callable[[int], int]) -> None:
    [note] = first(copy, "zhengzhou", "SELECT note FROM checkpoints ORDER BY size DESC")
    assert isinstance(note, bytes)
    known, keys = unverified_checkpoint(note), keys_of(copy, "zhengzhou")
    public = next(k.public_key for k in keys.signing_keys if k.key_id == keys.key_id)
    head = Checkpoint(origin_of(CityCode(HOME)), other(known.size), bytes(32))
    forged = sign_checkpoint(head, keys, public)
    seen = Seen(time.time(), HOME, "hangzhou", base64.b64encode(forged).decode())
    records.append(copy.folder.checkpoints, [seen])


# Rules 9 and 10, and suspension


@breaks("repair")
def a_visitor_who_is_recognised_after_the_withdrawal(copy: Copy) -> None:
    sql = "UPDATE recognitions SET ended_at = NULL WHERE ended_at IS NOT NULL"
    copy.write("hangzhou", sql)


@breaks("repair")
def a_visitor_who_is_recognised_after_a_withdrawal_that_came_over_a_mended_line(copy: Copy) -> None:
    a_visitor_who_is_recognised_after_the_withdrawal(copy)
    where = asdict(Fault("cut", "zhengzhou", "hangzhou"))
    until = time.time()
    cut = Happening(until - 30, "9", "cut", began=True, where=where)
    records.append(copy.folder.faults, (cut, replace(cut, at=until - 5, began=False)))


@breaks("repair")
def somebody_below_the_line_whose_attestation_stands(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE residents SET shared_milli = -60000")


@breaks("repair")
def somebody_who_has_risen_whose_attestation_understates(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE residents SET shared_milli = 190000 WHERE resident_id != ''")


@breaks("others-go-on")
def somebody_elses_journey_that_failed(copy: Copy) -> None:
    _while_broken(copy, lambda act: replace(act, outcome="DEADLINE", answer="", said={}))


@breaks("others-go-on", "repetition")
def somebody_elses_home_that_could_not_be_reached(copy: Copy) -> None:
    _while_broken(copy, lambda act: replace(act, said=act.said | {"outcome": "HOME_UNREACHABLE"}))


def _while_broken(copy: Copy, change: Callable[[Act], Act]) -> None:
    def plant(acts: list[Act]) -> None:
        first = min(acts, key=lambda act: act.sent)
        later = [a for a in acts if a.deed is Deed.CHECK and a.sent < first.sent + 60]
        acts[acts.index(later[-1])] = change(later[-1])

    copy.acts(plant)


@breaks("suspension")
def a_partner_that_is_served_while_it_is_suspended(copy: Copy) -> None:
    copy.write("hangzhou", "DELETE FROM partner_moves WHERE move NOT IN ('suspend', 'resume')")
    copy.write("hangzhou", "UPDATE partner_moves SET at = at - ? WHERE move = 'suspend'", HOUR)
