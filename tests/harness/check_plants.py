"""What is planted in a copy of a run, and which invariants must find it.

Each plant says which invariant it is for. `besides` are those that cannot but find it, too: a
redemption that is gone is also one place too few.
"""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from federation import codec
from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint, unverified_checkpoint
from federation.envelope import Envelope, Signature, seal
from federation.identifiers import CityCode
from federation.messages import Claim, Disclosure
from node.keys import FileKeys, KeyFolder
from scripts.harnessing import records
from scripts.harnessing.records import Act, Deed, Enrolled, Seen
from tests.harness.check_stage import HOME, HOST, Copy

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR

Plant = Callable[[Copy], None]


@dataclass(frozen=True)
class Planted:
    """One violation."""

    invariant: str
    name: str
    plant: Plant
    besides: frozenset[str] = frozenset()


PLANTS: list[Planted] = []


def breaks(invariant: str, *besides: str) -> Callable[[Plant], Plant]:
    """Whoever plants this must be found by that invariant."""

    def add(plant: Plant) -> Plant:
        name = plant.__name__.replace("_", "-")
        PLANTS.append(Planted(invariant, name, plant, frozenset(besides)))
        return plant

    return add


def _keys(copy: Copy, pinyin: str) -> FileKeys:
    return FileKeys(KeyFolder(copy.folder.city(pinyin)))


def _first(copy: Copy, pinyin: str, sql: str, *values: object) -> tuple[object, ...]:
    with copy.store(pinyin) as store:
        found: tuple[object, ...] = store.execute(sql, values).fetchone()
    assert found
    return found


# Rule 1


@breaks("good-news")
def a_claim_with_a_word_of_bad_news(copy: Copy) -> None:
    sql = "UPDATE attestations SET claim = claim || ' 失信' WHERE status_index = ?"
    [index] = _first(copy, "zhengzhou", "SELECT max(status_index) FROM attestations")
    copy.write("zhengzhou", sql, index)


@breaks("good-news")
def a_host_that_keeps_a_low_band(copy: Copy) -> None:
    copy.write("hangzhou", "UPDATE recognitions SET band_id = 'good' WHERE home = ?", HOME)


@breaks("good-news", "traces", "both-logs")
def a_low_band_well_signed(copy: Copy) -> None:
    sql = "SELECT attestation_id, statement FROM attestations WHERE host = ? ORDER BY issued_at"
    name, statement = _first(copy, "zhengzhou", sql, HOST)
    assert isinstance(statement, bytes)
    said = codec.ATTESTATION.decode(codec.envelope_from_bytes(statement).payload)
    low = replace(said, claim=Claim(Disclosure.BAND, None, "good", None, ()))
    sealed = seal(codec.ATTESTATION, low, [_keys(copy, "zhengzhou")])
    raw = codec.envelope_to_bytes(sealed)
    sql = "UPDATE attestations SET statement = ? WHERE attestation_id = ?"
    copy.write("zhengzhou", sql, raw, name)


@breaks("newcomers")
def a_visitor_who_gets_less_than_a_newcomer(copy: Copy) -> None:
    def change(acts: list[Act]) -> None:
        for act in acts:
            for each in act.said.get("decisions", ()):
                each["eligible"] = each["eligible"] and each["incentive_id"] != "reading-room"

    copy.acts(change)


# Rules 2 and 3


@breaks("resident-starts")
def an_attestation_without_a_code(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE codes SET used_at = used_at - 1 WHERE used_at IS NOT NULL")


@breaks("consents", "decisions-have-consents")
def a_scenario_that_was_not_consented_to(copy: Copy) -> None:
    sql = "UPDATE consents SET scenarios = 'transit.discount' WHERE host = ? AND consent_id != ''"
    copy.write("zhengzhou", sql, HOST)


@breaks("consents", "traces")
def an_attestation_after_a_withdrawal(copy: Copy) -> None:
    sql = "UPDATE consents SET withdrawn_at = given_at + 1 WHERE withdrawn_at IS NULL AND host = ?"
    copy.write("zhengzhou", sql, HOST)


@breaks("consents")
def a_consent_for_longer_than_a_year(copy: Copy) -> None:
    sql = "UPDATE consents SET expires_at = expires_at + ? WHERE host = ?"
    copy.write("zhengzhou", sql, 400 * DAY, HOST)


@breaks("consents")
def a_recognition_that_goes_further(copy: Copy) -> None:
    sql = "UPDATE recognitions SET scenarios = scenarios || ',transit.discount' WHERE home = ?"
    copy.write("hangzhou", sql, HOME)


@breaks("consents")
def a_recognition_that_outlives_its_attestation(copy: Copy) -> None:
    copy.write("hangzhou", "UPDATE recognitions SET expires_at = expires_at + ?", DAY)


@breaks("decisions-have-consents", "consents")
def a_decision_long_after_the_consent(copy: Copy) -> None:
    sql = """
    UPDATE consents SET given_at = given_at - ?, expires_at = given_at - ? WHERE consent_id != ''
    """
    copy.write("zhengzhou", sql, 3 * HOUR, HOUR)


# Rules 4 and 5


@breaks("refusals")
def a_refusal_without_a_decoy(copy: Copy) -> None:
    sql = "UPDATE answers SET response = x'00' WHERE caller = ? AND hex(response) LIKE '00%'"
    copy.write("zhengzhou", sql, HOST)


@breaks("refusals")
def a_refusal_that_is_longer(copy: Copy) -> None:
    sql = "SELECT request_id, response FROM answers WHERE hex(response) LIKE '00%' AND caller = ?"
    request, response = _first(copy, "zhengzhou", sql, HOST)
    assert isinstance(response, bytes)
    found = codec.envelope_from_bytes(response[1:])
    [signature] = found.signatures
    longer = (Signature(signature.key_id, signature.signature + bytes(40)),)
    raw = codec.envelope_to_bytes(Envelope(found.payload_type, found.payload, longer))
    sql = "UPDATE answers SET response = ? WHERE request_id = ?"
    copy.write("zhengzhou", sql, b"\0" + raw, request)


@breaks("refusals", "nothing-lost")
def a_venue_that_is_told_why(copy: Copy) -> None:
    refused = next(
        act
        for act in records.read(copy.folder.histories / "made.jsonl", Act)
        if act.said.get("outcome") == "NOT_RECOGNISED"
    )
    sql = "SELECT response FROM answers WHERE request_id = ?"
    [response] = _first(copy, "hangzhou", sql, refused.request_id)
    assert isinstance(response, bytes)
    told = response.replace(b"attestation", b"ATTESTATION", 1)
    assert told != response
    sql = "UPDATE answers SET response = ? WHERE request_id = ?"
    copy.write("hangzhou", sql, told, refused.request_id)


@breaks("nobody-is-named")
def a_host_with_a_document_number(copy: Copy) -> None:
    who = next(e for e in records.read(copy.folder.residents, Enrolled) if e.city == HOME)
    copy.write("hangzhou", "UPDATE visits SET venue = ? || venue", who.document_number)


@breaks("nobody-is-named")
def a_host_that_has_deleted_an_id_and_not_scrubbed(copy: Copy) -> None:
    who = next(e for e in records.read(copy.folder.residents, Enrolled) if e.city == HOME)
    with copy.store("hangzhou") as store:
        store.execute("PRAGMA secure_delete = OFF")
        told = "INSERT INTO notices VALUES (?, 'n', 0, 'k', 'f')"
        store.execute(told, (who.resident_id,))
        store.commit()
        store.execute("DELETE FROM notices WHERE resident_id = ?", (who.resident_id,))


@breaks("pseudonyms")
def a_pseudonym_that_is_not_the_pairs(copy: Copy) -> None:
    sql = "UPDATE residents SET secret = randomblob(32) WHERE resident_id != ''"
    copy.write("zhengzhou", sql)


# Rule 6


@breaks("signed")
def a_check_with_another_signature(copy: Copy) -> None:
    copy.write("hangzhou", "UPDATE checks SET signature = randomblob(64)")


@breaks("signed")
def an_attestation_with_another_signature(copy: Copy) -> None:
    name, statement = _first(
        copy, "zhengzhou", "SELECT attestation_id, statement FROM attestations"
    )
    assert isinstance(statement, bytes)
    found = codec.envelope_from_bytes(statement)
    [signature] = found.signatures
    other = (Signature(signature.key_id, bytes(64)),)
    raw = codec.envelope_to_bytes(Envelope(found.payload_type, found.payload, other))
    sql = "UPDATE attestations SET statement = ? WHERE attestation_id = ?"
    copy.write("zhengzhou", sql, raw, name)


@breaks("signed")
def a_batch_with_another_attestation_in_it(copy: Copy) -> None:
    sql = "UPDATE attestations SET leaf_index = leaf_index + 1 WHERE batch_id != ''"
    copy.write("zhengzhou", sql)


@breaks("signed")
def a_batch_of_another_root(copy: Copy) -> None:
    sql = """
    UPDATE attestation_batches SET leaf_hashes = CAST(leaf_hashes || randomblob(32) AS BLOB)
    """
    copy.write("zhengzhou", sql)


@breaks("signed", "traces", "both-logs")
def a_check_with_other_facts(copy: Copy) -> None:
    sql = "UPDATE checks SET facts = replace(facts, '\"library\"', '\"librarian\"')"
    copy.write("hangzhou", sql)


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
    [note] = _first(copy, "zhengzhou", "SELECT note FROM checkpoints ORDER BY size DESC")
    assert isinstance(note, bytes)
    known, keys = unverified_checkpoint(note), _keys(copy, "zhengzhou")
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
def somebody_below_the_line_whose_attestation_stands(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE residents SET shared_milli = -60000")


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
