"""Score scales and agreements."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from federation.codec import AGREEMENT, SCORE_SCALE
from federation.codec.documents import agreement_to_wire, scale_to_wire
from federation.envelope import Envelope, add_signature, seal
from federation.errors import (
    AGREEMENT_MISMATCH,
    BAD_SIGNATURE,
    EXPIRED,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_CANONICAL,
    UNKNOWN_KEY,
    Reason,
)
from federation.identifiers import CityCode
from federation.limits import AGREEMENT_NOTICE
from federation.messages import Agreement, BandRow, ScoreScale
from federation.v1 import agreement_pb2, scale_pb2
from tests.federation import wire
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    SCALES,
    ZHENGZHOU,
    agreement,
    sealed,
    sealed_bytes,
    signer,
)
from tests.federation.vector_cases.vector import Vector, flipped, with_signatures

_PARTIES = (HANGZHOU, ZHENGZHOU)


def vectors() -> list[Vector]:
    return [*_good_scales(), *_flawed_scales(), *_agreements()]


def _good_scales() -> list[Vector]:
    names = {ZHENGZHOU: "numeric-of-zhengzhou", HANGZHOU: "numeric-of-hangzhou"}
    names |= {NANJING: "categorical-of-nanjing"}
    return [
        Vector(
            name=f"score-scale--{name}",
            envelope=sealed(SCALES[city]),
            expected=SCALES[city],
            signed_by=(city,),
        )
        for city, name in names.items()
    ]


def _scale(name: str, payload: bytes, expected: Reason, city: CityCode = ZHENGZHOU) -> Vector:
    return Vector(
        name=f"score-scale--{name}",
        envelope=sealed_bytes(SCORE_SCALE.payload_type, payload, signer(city)),
        expected=expected,
        signed_by=(city,),
    )


def _changed_scale(
    change: Callable[[scale_pb2.ScoreScale], object], scale: ScoreScale = SCALES[ZHENGZHOU]
) -> bytes:
    found = scale_to_wire(scale)
    change(found)
    return found.SerializeToString(deterministic=True)


def _flawed_scales() -> list[Vector]:
    good = SCORE_SCALE.encode(SCALES[ZHENGZHOU])
    deep = dict(wire.hidden_at_every_depth(scale_pb2.ScoreScale, good))
    out_of_order = b"".join(raw for _, raw, _ in reversed(wire.split(good)))
    raw_of = {number: raw for number, raw, _ in wire.split(good)}
    version = raw_of[3]

    def gap(s: scale_pb2.ScoreScale) -> None:
        s.bands[1].lower.score_milli += 1

    def overlap(s: scale_pb2.ScoreScale) -> None:
        s.bands[1].lower.inclusive = True

    def bounded(s: scale_pb2.ScoreScale) -> None:
        s.bands[0].lower.score_milli = 1

    def unknown_kind(s: scale_pb2.ScoreScale) -> None:
        s.kind = 9  # type: ignore[assignment]  # an open enumeration holds any number

    categorical = _changed_scale(bounded, SCALES[NANJING])
    return [
        _scale("gap-between-bands", _changed_scale(gap), MALFORMED),
        _scale("bands-overlap", _changed_scale(overlap), MALFORMED),
        _scale("categorical-with-a-bound", categorical, MALFORMED, NANJING),
        _scale("unknown-kind", _changed_scale(unknown_kind), MALFORMED),
        _scale("unknown-field-in-a-bound", deep["ScoreScale.Band.Bound"], NOT_CANONICAL),
        _scale("fields-out-of-order", out_of_order, NOT_CANONICAL),
        _scale("default-spelled-out", good + b"\x58\x00", NOT_CANONICAL),
        _scale("over-long-varint", good.replace(version, b"\x18\x81\x00", 1), NOT_CANONICAL),
        _scale("no-bands", _changed_scale(lambda s: s.ClearField("bands")), MALFORMED),
    ]


def _agreement(
    name: str, envelope: Envelope, expected: Agreement | Reason, check: str = "open"
) -> Vector:
    scales = ["score-scale--numeric-of-hangzhou", "score-scale--numeric-of-zhengzhou"]
    return Vector(
        name=f"agreement--{name}",
        envelope=envelope,
        expected=expected,
        check=check,
        signed_by=_PARTIES,
        audience=ZHENGZHOU,
        given={"scales": scales} if check == "agreement" else {},
    )


def _signed(change: Callable[[agreement_pb2.Agreement], object]) -> Envelope:
    found = agreement_to_wire(agreement())
    change(found)
    payload = found.SerializeToString(deterministic=True)
    return sealed_bytes(AGREEMENT.payload_type, payload, *map(signer, _PARTIES))


def _agreements() -> list[Vector]:
    message = agreement()
    good = sealed(message)
    one = seal(AGREEMENT, message, [signer(HANGZHOU)])
    first, second = good.signatures
    other = replace(second, signature=flipped(second.signature, 3))
    to, back = message.mappings
    # A band between the two is left out, so that a better standing counts for less.
    holed = replace(back, rows=back.rows[:1])
    lower = (BandRow("excellent", "outstanding"), BandRow("outstanding", "excellent"))
    upside_down = replace(message, mappings=(to, replace(back, rows=lower)))
    ended = replace(_agreement("expired", good, EXPIRED), now=message.header.expires_at)

    def swap(a: agreement_pb2.Agreement) -> None:
        a.parties[:] = list(reversed(a.parties))

    def unassessed(a: agreement_pb2.Agreement) -> None:
        a.privacy_assessment = " "

    noticed = replace(message, notice=30 * DAY)

    def no_notice(a: agreement_pb2.Agreement) -> None:
        a.notice.SetInParent()

    def long_notice(a: agreement_pb2.Agreement) -> None:
        a.notice.FromTimedelta(AGREEMENT_NOTICE + timedelta(seconds=1))

    no_start = _signed(lambda a: a.ClearField("valid_from"))
    return [
        _agreement("signed-by-both-cities", good, message, "agreement"),
        _agreement("ends-with-notice", sealed(noticed), noticed, "agreement"),
        _agreement("notice-of-nothing-spelled-out", _signed(no_notice), MALFORMED),
        _agreement("notice-of-more-than-a-year", _signed(long_notice), MALFORMED),
        _agreement("signed-by-one-city", one, MISSING_SIGNATURE),
        _agreement("signed-by-a-third-city", add_signature(one, signer(NANJING)), UNKNOWN_KEY),
        _agreement("signed-twice-by-one-city", with_signatures(good, first, first), MALFORMED),
        _agreement("second-signature-is-bad", with_signatures(good, first, other), BAD_SIGNATURE),
        _agreement("parties-out-of-order", _signed(swap), MALFORMED),
        _agreement("without-privacy-assessment", _signed(unassessed), MALFORMED),
        _agreement("without-a-start", no_start, MALFORMED),
        _agreement(
            "better-standing-is-left-out",
            sealed(replace(message, mappings=(to, holed))),
            AGREEMENT_MISMATCH,
            "agreement",
        ),
        _agreement(
            "better-standing-counts-for-less", sealed(upside_down), AGREEMENT_MISMATCH, "agreement"
        ),
        ended,
    ]
