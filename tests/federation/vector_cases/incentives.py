"""What incentives need: histograms, decisions, counted uses, and agreements by other methods."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from google.protobuf.message import Message as WireMessage

from federation import limits
from federation.codec import (
    ATTESTATION,
    DECISIONS,
    SCORE_HISTOGRAM,
    USE_LEASE,
    USE_RELEASE,
    USE_REQUEST,
)
from federation.codec.attestations import attestation_to_wire
from federation.codec.documents import agreement_to_wire
from federation.envelope import Envelope, Statement, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    BAD_SIGNATURE,
    EXPIRED,
    MALFORMED,
    NOT_CANONICAL,
    STALE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    Reason,
)
from federation.identifiers import CityCode
from federation.messages import Agreement, UseCounting
from federation.statements import Message
from federation.v1 import histogram_pb2, incentive_pb2
from tests.federation import wire
from tests.federation.incentives import (
    LINEAR,
    agreed_by,
    concordance_agreement,
    counted,
    decisions,
    for_a_newcomer,
    histogram,
    linear_agreement,
    sealed_said,
    use_lease,
    use_release,
    use_request,
)
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    SECOND,
    SKEW,
    ZHENGZHOU,
    aged,
    sealed,
    sealed_bytes,
    signer,
)
from tests.federation.vector_cases.vector import Vector, flipped, with_payload

Change = Callable[[Any], object]


def vectors() -> list[Vector]:
    return [
        *_histograms(),
        *_decisions(),
        *_requests(),
        *_leases(),
        *_releases(),
        *_agreements(),
        *_attestations(),
    ]


class _Kind:
    """Vectors of one kind of statement, from the city that signs it to the one that reads it."""

    def __init__(
        self,
        statement: Statement[Any],
        wire_type: type[WireMessage],
        good: Any,  # noqa: ANN401 - of that kind
        reader: CityCode,
        check: str = "open",
    ) -> None:
        self._statement = statement
        self._wire_type = wire_type
        self.envelope = sealed_said(good)
        self._by = CityCode(good.header.issuer)
        self._reader = reader
        self._check = check

    def case(
        self,
        name: str,
        envelope: Envelope,
        expected: Message | Reason,
        **fields: Any,  # noqa: ANN401 - of a vector
    ) -> Vector:
        given = {"signed_by": (self._by,), "audience": self._reader, "check": self._check} | fields
        return Vector(
            name=f"{self._statement.label}--{name}",
            envelope=envelope,
            expected=expected,
            **given,
        )

    def signed(self, payload: bytes) -> Envelope:
        return sealed_bytes(self._statement.payload_type, payload, signer(self._by))

    def changed(self, name: str, change: Change, reason: Reason = MALFORMED) -> Vector:
        """What no honest city says, well signed."""
        found = self._wire_type()
        found.ParseFromString(self.envelope.payload)
        change(found)
        made = self.signed(found.SerializeToString(deterministic=True))
        return self.case(name, made, reason, check="open")

    def hidden(self, name: str, number: int) -> Vector:
        """A field that no proto has."""
        made = self.signed(self.envelope.payload + wire.field(number, b"why"))
        return self.case(name, made, NOT_CANONICAL, check="open")

    def flawed(self, other: CityCode) -> list[Vector]:
        """Signed by another city, or changed on the way."""
        said = self._statement.decode(self.envelope.payload)
        payload = flipped(self.envelope.payload, 8 * len(self.envelope.payload) - 9)
        return [
            self.case("signed-by-another-city", seal(self._statement, said, [signer(other)]),
                      UNKNOWN_KEY, check="open"),
            self.case("flipped-bit-in-payload", with_payload(self.envelope, payload),
                      BAD_SIGNATURE, check="open"),
        ]  # fmt: skip


def _histograms() -> list[Vector]:
    said = histogram()
    kind = _Kind(SCORE_HISTOGRAM, histogram_pb2.ScoreHistogram, said, HANGZHOU)
    other = histogram(HANGZHOU)

    def gap(w: Any) -> None:  # noqa: ANN401 - generated
        w.cells[1].lower_milli += 1

    def shown(w: Any) -> None:  # noqa: ANN401 - generated
        w.cells[3].count = w.smallest_shown - 1

    def empty(w: Any) -> None:  # noqa: ANN401 - generated
        w.cells[0].upper_milli = w.cells[0].lower_milli

    return [
        kind.case("of-zhengzhou", kind.envelope, said),
        kind.case("of-hangzhou", sealed_said(other), other, signed_by=(HANGZHOU,)),
        kind.case("expired", kind.envelope, EXPIRED, now=said.header.expires_at),
        kind.changed("gap-between-cells", gap),
        kind.changed("small-cell-that-is-shown", shown),
        kind.changed("cell-of-no-width", empty),
        kind.changed("without-cells", lambda w: w.ClearField("cells")),
        kind.changed("without-noise", lambda w: w.ClearField("epsilon_milli")),
        kind.changed(
            "budget-too-large", lambda w: setattr(w, "epsilon_milli", limits.EPSILON_MILLI + 1)
        ),
        kind.changed("of-another-citys-scale", lambda w: setattr(w.scale, "city", HANGZHOU)),
        kind.changed("for-one-city", lambda w: w.header.audience.append(HANGZHOU)),
        kind.hidden("with-what-lies-below-the-line", 9),
        *kind.flawed(NANJING),
    ]


def _decisions() -> list[Vector]:
    said, newcomer = decisions(), for_a_newcomer()
    kind = _Kind(DECISIONS, incentive_pb2.Decisions, said, HANGZHOU)

    def twice(w: Any) -> None:  # noqa: ANN401 - generated
        w.decisions[1].incentive_id = w.decisions[0].incentive_id

    def open_without_id(w: Any) -> None:  # noqa: ANN401 - generated
        w.decisions[1].eligible = True

    def closed_with_id(w: Any) -> None:  # noqa: ANN401 - generated
        w.decisions[0].eligible = False

    def closed_offline(w: Any) -> None:  # noqa: ANN401 - generated
        w.decisions[1].offline_until.CopyFrom(w.decisions[0].offline_until)

    def many(w: Any) -> None:  # noqa: ANN401 - generated
        for place in range(limits.DECISIONS):
            w.decisions.add(incentive_id=f"incentive-{place}")

    as_home = DECISIONS.encode(said).replace(HANGZHOU.encode(), ZHENGZHOU.encode(), 1)
    return [
        kind.case("for-a-visitor", kind.envelope, said),
        kind.case("for-a-newcomer", sealed_said(newcomer), newcomer),
        kind.case("expired", kind.envelope, EXPIRED, now=said.header.expires_at),
        kind.case("read-by-another-city", kind.envelope, WRONG_AUDIENCE, audience=ZHENGZHOU),
        kind.case("issued-by-another-city", kind.signed(as_home), MALFORMED),
        kind.changed("for-another-city", lambda w: w.header.audience.append(ZHENGZHOU)),
        kind.changed("incentive-twice", twice),
        kind.changed("open-without-an-id", open_without_id),
        kind.changed("closed-with-an-id", closed_with_id),
        kind.changed("closed-and-usable-offline", closed_offline),
        kind.changed("too-many", many),
        kind.changed("newcomer-with-a-band", lambda w: w.ClearField("holder")),
        kind.changed("holder-cut-off", lambda w: setattr(w, "holder", w.holder[:-1])),
        kind.hidden("with-a-score", 9),
        *kind.flawed(ZHENGZHOU),
    ]


def _requests() -> list[Vector]:
    said, named = use_request(), use_request("rental")
    kind = _Kind(USE_REQUEST, incentive_pb2.UseRequest, said, ZHENGZHOU, "question")
    long = replace(said.header, expires_at=said.header.issued_at + 120 * SECOND)
    old = replace(said, header=aged(long, SKEW + SECOND))
    of_nanjing = replace(said, header=replace(said.header, issuer=NANJING))
    as_nanjing = seal(USE_REQUEST, of_nanjing, [signer(HANGZHOU)])

    def endless(w: Any) -> None:  # noqa: ANN401 - generated
        w.until.seconds += int((limits.USE_LEASE - 30 * DAY).total_seconds()) + 1

    def over(w: Any) -> None:  # noqa: ANN401 - generated
        w.until.seconds = w.header.expires_at.seconds - 1

    return [
        kind.case("of-a-kind-untold", kind.envelope, said),
        kind.case("of-a-kind-by-name", sealed_said(named), named),
        kind.case("stale", sealed_said(old), STALE),
        kind.case("of-another-home-city", kind.envelope, WRONG_AUDIENCE, audience=NANJING),
        kind.case("issued-by-another-city", as_nanjing, WRONG_ISSUER),
        kind.changed("of-none-at-once", lambda w: w.ClearField("most")),
        kind.changed("of-too-many-at-once", lambda w: setattr(w, "most", limits.USES_AT_ONCE + 1)),
        kind.changed("without-an-end", lambda w: w.ClearField("until")),
        kind.changed("that-never-ends", endless),
        kind.changed("over-before-it-is-answered", over),
        kind.changed("label-cut-off", lambda w: setattr(w, "label", w.label[:-1])),
        kind.changed("of-nobody", lambda w: w.ClearField("pseudonym")),
        kind.changed("kind-in-capitals", lambda w: setattr(w, "use_class", "RENTAL")),
        kind.changed("asked-of-two-cities", lambda w: w.header.audience.append(NANJING)),
        kind.changed("asked-of-every-city", lambda w: w.header.ClearField("audience")),
        kind.hidden("with-the-venue", 9),
        *kind.flawed(ZHENGZHOU),
    ]


def _leases() -> list[Vector]:
    said = use_lease()
    kind = _Kind(USE_LEASE, incentive_pb2.UseLease, said, HANGZHOU)
    return [
        kind.case("for-thirty-days", kind.envelope, said),
        kind.case("over", kind.envelope, EXPIRED, now=said.until),
        kind.case("of-another-host", kind.envelope, WRONG_AUDIENCE, audience=NANJING),
        kind.changed("without-an-end", lambda w: w.ClearField("until")),
        kind.changed("of-no-request", lambda w: w.ClearField("request_id")),
        kind.changed("digest-cut-off", lambda w: setattr(w, "request_digest", bytes(31))),
        kind.changed("for-two-hosts", lambda w: w.header.audience.append(NANJING)),
        kind.hidden("with-how-many-are-left", 5),
        *kind.flawed(NANJING),
    ]


def _releases() -> list[Vector]:
    said = use_release()
    kind = _Kind(USE_RELEASE, incentive_pb2.UseRelease, said, ZHENGZHOU, "question")
    long = replace(said.header, expires_at=said.header.issued_at + 120 * SECOND)
    old = replace(said, header=aged(long, SKEW + SECOND))
    return [
        kind.case("of-a-lease", kind.envelope, said),
        kind.case("stale", sealed_said(old), STALE),
        kind.case("to-another-home-city", kind.envelope, WRONG_AUDIENCE, audience=NANJING),
        kind.changed("of-nothing", lambda w: w.ClearField("lease_id")),
        kind.changed("lease-in-capitals", lambda w: setattr(w, "lease_id", w.lease_id.upper())),
        kind.changed("to-two-cities", lambda w: w.header.audience.append(NANJING)),
        kind.hidden("with-a-reason", 3),
        *kind.flawed(NANJING),
    ]


def _agreement(name: str, made: Agreement | Change, expected: Reason | None = None) -> Vector:
    """An agreement by another method, or what becomes of the one by equal ranks."""
    scales = ["score-scale--numeric-of-hangzhou", "score-scale--numeric-of-zhengzhou"]
    parties = (HANGZHOU, ZHENGZHOU)
    if isinstance(made, Agreement):
        envelope, message = sealed(made), made
        check = "agreement"
    else:
        message = concordance_agreement()
        found = agreement_to_wire(message)
        made(found)
        payload = found.SerializeToString(deterministic=True)
        envelope = sealed_bytes(sealed(message).payload_type, payload, *map(signer, parties))
        check = "open"
    return Vector(
        name=f"agreement--{name}",
        envelope=envelope,
        expected=expected or message,
        check=check,
        signed_by=parties,
        audience=ZHENGZHOU,
        given={"scales": scales} if check == "agreement" else {},
    )


def _agreements() -> list[Vector]:
    linear, ranks = linear_agreement(), concordance_agreement()
    [to, back] = [mapping.method for mapping in linear.mappings]
    assert to is not None
    assert back is not None
    below = agreed_by(to, replace(LINEAR, highest_milli=199_999))
    low = agreed_by(to, replace(LINEAR, host_mean_milli=100_000))

    def falling(w: Any) -> None:  # noqa: ANN401 - generated
        w.mappings[1].concordance.points[1].host_milli = 1

    def endless(w: Any) -> None:  # noqa: ANN401 - generated
        w.mappings[1].concordance.ClearField("valid_until")

    def unbuilt(w: Any) -> None:  # noqa: ANN401 - generated
        w.mappings[1].concordance.ClearField("home_histogram")

    def neither(w: Any) -> None:  # noqa: ANN401 - generated
        w.mappings[1].ClearField("concordance")

    def flat(w: Any) -> None:  # noqa: ANN401 - generated
        w.mappings[1].linear.home_mean_milli = 1

    return [
        _agreement("linear-both-ways", linear),
        _agreement("by-equal-ranks-both-ways", ranks),
        _agreement("linear-ends-below-the-top", below, AGREEMENT_MISMATCH),
        _agreement("linear-that-recognises-nobody-at-the-line", low, AGREEMENT_MISMATCH),
        _agreement("concordance-that-falls", falling, MALFORMED),
        _agreement("concordance-without-an-end", endless, MALFORMED),
        _agreement("concordance-of-no-histogram", unbuilt, MALFORMED),
        _agreement("mapping-without-a-method", neither, MALFORMED),
        _agreement("linear-without-a-spread", flat, MALFORMED),
    ]


def _attestations() -> list[Vector]:
    def made(name: str, counting: UseCounting) -> Vector:
        said = counted(counting)
        return Vector(name=f"attestation--{name}", envelope=sealed(said), expected=said)

    def changed(name: str, change: Change) -> Vector:
        found = attestation_to_wire(counted(UseCounting.ANONYMOUS))
        change(found)
        payload = found.SerializeToString(deterministic=True)
        envelope = sealed_bytes(ATTESTATION.payload_type, payload, signer(ZHENGZHOU))
        return Vector(name=f"attestation--{name}", envelope=envelope, expected=MALFORMED)

    return [
        made("uses-counted-without-their-kind", UseCounting.ANONYMOUS),
        made("uses-counted-by-their-kind", UseCounting.CLASS),
        changed("uses-counted-by-no-key", lambda w: w.ClearField("use_commitment")),
        changed("use-key-though-nothing-is-counted", lambda w: w.ClearField("counting")),
        changed("use-commitment-cut-off", lambda w: setattr(w, "use_commitment", bytes(31))),
        changed("counting-of-no-kind-we-know", lambda w: setattr(w, "counting", 3)),
    ]
