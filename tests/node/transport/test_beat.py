"""A refusal that tells nothing leaves on the beat, and whatever else there is to say at once."""

from datetime import timedelta
from typing import Any

import grpc
import pytest

from federation import codec
from federation.errors import AGREEMENT_MISMATCH, NOT_RECOGNISED, HutongError, Reason
from federation.v1 import federation_service_pb2 as pb
from federation.v1 import trial_service_pb2
from node import limits
from tests.node.transport.conftest import Street
from tests.node.transport.house import call, failure

TRIAL = "0192f0c1-2b3c-7def-8123-456789abcdef"


def bodies(street: Street) -> dict[str, bytes]:
    """Each method that refuses, and a request for it; what is asked is not looked at here."""
    envelope = codec.envelope_to_wire(street.friend.keys.bundle)
    real = pb.RequestAttestationRequest(request=envelope)
    use = pb.ReserveUseRequest(request=envelope)
    trial = trial_service_pb2.RequestTrialAttestationRequest(trial_id=TRIAL, request=envelope)
    return {
        "/federation.v1.FederationService/RequestAttestation": real.SerializeToString(),
        "/federation.v1.FederationService/ReserveUse": use.SerializeToString(),
        "/federation.v1.TrialService/RequestTrialAttestation": trial.SerializeToString(),
    }


def answers(street: Street, monkeypatch: pytest.MonkeyPatch, said: Reason) -> None:
    """Let the use cases behind these methods end like this."""

    async def attest(*_: Any) -> bytes:  # noqa: ANN401 - whatever is asked
        raise HutongError(said)

    monkeypatch.setattr(street.house.cases.attesting, "attest", attest)
    monkeypatch.setattr(street.house.cases.counting, "grant", attest)
    monkeypatch.setattr(street.house.cases.trial, "attest", attest)


def test_a_refusal_waits_for_the_beat(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    # No call waits so long: that none is answered shows that it is the beat that lets them go.
    monkeypatch.setattr(limits, "REFUSAL_BEAT", timedelta(hours=1))
    answers(street, monkeypatch, NOT_RECOGNISED)
    with street.house.as_partner(street.friend.own) as channel:
        for method, body in bodies(street).items():
            with pytest.raises(grpc.RpcError) as ended:
                channel.unary_unary(method, None, None)(body, timeout=1)
            raised: Any = ended.value
            assert raised.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_what_is_no_refusal_does_not_wait(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REFUSAL_BEAT", timedelta(hours=1))
    answers(street, monkeypatch, AGREEMENT_MISMATCH)
    with street.house.as_partner(street.friend.own) as channel:
        for method, body in bodies(street).items():
            assert failure(channel, method, body).reason == AGREEMENT_MISMATCH.name


def test_a_refusal_is_answered_on_the_beat(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(street, monkeypatch, NOT_RECOGNISED)
    with street.house.as_partner(street.friend.own) as channel:
        for method, body in bodies(street).items():
            assert failure(channel, method, body).reason == NOT_RECOGNISED.name
            with pytest.raises(grpc.RpcError):
                call(channel, method, body)
