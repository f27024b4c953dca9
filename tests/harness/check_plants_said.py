"""Plants against rules 1 to 6: what crosses, by whose will, and what is signed."""

from dataclasses import replace

from federation import codec
from federation.envelope import Envelope, Signature, pae, seal
from federation.messages import Claim, Disclosure
from scripts.harnessing import records
from scripts.harnessing.records import Act, Enrolled
from tests.harness.check_planting import DAY, HOUR, breaks, first, keys_of
from tests.harness.check_stage import HOME, HOST, Copy

# Field 2047, of any length: its number is no message's.
_UNKNOWN_FIELD = b"\xfa\x7f\x09blacklist"

# Rule 1


@breaks("good-news")
def a_claim_with_a_word_of_bad_news(copy: Copy) -> None:
    sql = "UPDATE attestations SET claim = claim || ' 失信' WHERE status_index = ?"
    [index] = first(copy, "zhengzhou", "SELECT max(status_index) FROM attestations")
    copy.write("zhengzhou", sql, index)


@breaks("good-news")
def a_host_that_keeps_a_low_band(copy: Copy) -> None:
    copy.write("hangzhou", "UPDATE recognitions SET band_id = 'good' WHERE home = ?", HOME)


@breaks("good-news", "traces", "both-logs", "repair")
def a_low_band_well_signed(copy: Copy) -> None:
    sql = "SELECT attestation_id, statement FROM attestations WHERE host = ? ORDER BY issued_at"
    name, statement = first(copy, "zhengzhou", sql, HOST)
    assert isinstance(statement, bytes)
    said = codec.ATTESTATION.decode(codec.envelope_from_bytes(statement).payload)
    low = replace(said, claim=Claim(Disclosure.BAND, None, "good", None, ()))
    sealed = seal(codec.ATTESTATION, low, [keys_of(copy, "zhengzhou")])
    raw = codec.envelope_to_bytes(sealed)
    sql = "UPDATE attestations SET statement = ? WHERE attestation_id = ?"
    copy.write("zhengzhou", sql, raw, name)


@breaks("good-news", "signed", "consents", "traces", "both-logs")
def a_field_that_nobody_knows_well_signed(copy: Copy) -> None:
    sql = "SELECT attestation_id, statement FROM attestations WHERE host = ? ORDER BY issued_at"
    name, statement = first(copy, "zhengzhou", sql, HOST)
    assert isinstance(statement, bytes)
    known, keys = codec.envelope_from_bytes(statement), keys_of(copy, "zhengzhou")
    payload = known.payload + _UNKNOWN_FIELD
    signature = Signature(keys.key_id, keys.sign(pae(known.payload_type, payload)))
    raw = codec.envelope_to_bytes(Envelope(known.payload_type, payload, (signature,)))
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


@breaks("consents")
def more_shown_than_was_consented_to(copy: Copy) -> None:
    sql = "UPDATE consents SET disclosure = ? WHERE host = ? AND consent_id != ''"
    copy.write("zhengzhou", sql, Disclosure.THRESHOLD.value, HOST)


@breaks("consents")
def an_attestation_that_outlives_its_consent(copy: Copy) -> None:
    sql = "UPDATE consents SET expires_at = given_at + ? WHERE host = ? AND consent_id != ''"
    copy.write("zhengzhou", sql, HOUR, HOST)


@breaks("consents", "decisions-have-consents", "pseudonyms")
def an_attestation_to_a_city_that_was_not_consented_to(copy: Copy) -> None:
    copy.write("zhengzhou", "UPDATE consents SET host = '320500' WHERE host = ?", HOST)


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
def a_refusal_that_is_a_byte_longer(copy: Copy) -> None:
    sql = "SELECT request_id, response FROM answers WHERE hex(response) LIKE '00%' AND caller = ?"
    request, response = first(copy, "zhengzhou", sql, HOST)
    assert isinstance(response, bytes)
    found = codec.envelope_from_bytes(response[1:])
    [signature] = found.signatures
    longer = (Signature(signature.key_id, signature.signature + bytes(1)),)
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
    [response] = first(copy, "hangzhou", sql, refused.request_id)
    assert isinstance(response, bytes)
    told = response.replace(b"attestation", b"ATTESTATION", 1)
    assert told != response
    sql = "UPDATE answers SET response = ? WHERE request_id = ?"
    copy.write("hangzhou", sql, told, refused.request_id)


@breaks("nobody-is-named", "shown")
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
    name, statement = first(copy, "zhengzhou", "SELECT attestation_id, statement FROM attestations")
    assert isinstance(statement, bytes)
    found = codec.envelope_from_bytes(statement)
    [signature] = found.signatures
    other = (Signature(signature.key_id, bytes(64)),)
    raw = codec.envelope_to_bytes(Envelope(found.payload_type, found.payload, other))
    sql = "UPDATE attestations SET statement = ? WHERE attestation_id = ?"
    copy.write("zhengzhou", sql, raw, name)


@breaks("signed")
def a_lease_of_a_use_with_another_signature(copy: Copy) -> None:
    sql = "SELECT request_id, response FROM answers WHERE caller = ? AND instr(response, ?)"
    name, response = first(copy, "zhengzhou", sql, HOST, codec.USE_LEASE.payload_type.encode())
    assert isinstance(response, bytes)
    found = codec.envelope_from_bytes(response[1:])
    [signature] = found.signatures
    other = replace(found, signatures=(Signature(signature.key_id, bytes(64)),))
    raw = response[:1] + codec.envelope_to_bytes(other)
    copy.write("zhengzhou", "UPDATE answers SET response = ? WHERE request_id = ?", raw, name)


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
