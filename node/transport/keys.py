"""The keys of this city, as operators look at them and change them."""

from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from node.errors import FIELD_INVALID, HutongError
from node.keys.planning import Wanted
from node.keys.view import KeyState, KeysView, KeyUse, KeyView
from node.limits import KEY_LEAD, KEY_OVERLAP
from node.services.assembly import UseCases
from node.transport import fields
from node.transport.calls import Call
from node.transport.changes import encoded
from node.v1 import operator_service_pb2 as pb

_USES: Final = {
    KeyUse.ROOT: pb.KEY_USE_ROOT,
    KeyUse.SIGNING: pb.KEY_USE_SIGNING,
    KeyUse.TLS: pb.KEY_USE_TLS,
}
_STATES: Final = {
    KeyState.NEXT: pb.KEY_STATE_NEXT,
    KeyState.CURRENT: pb.KEY_STATE_CURRENT,
    KeyState.RETIRING: pb.KEY_STATE_RETIRING,
    KeyState.REVOKED: pb.KEY_STATE_REVOKED,
    KeyState.ENDED: pb.KEY_STATE_ENDED,
}
_LONGEST_NAME: Final = 100


class KeyCalls:
    """The part of node.v1.OperatorService on keys."""

    _cases: UseCases

    async def GetKeys(self, _call: Call, _request: pb.GetKeysRequest) -> Message:
        """See the proto."""
        return pb.GetKeysResponse(key_set=_keys(self._cases.key_desk.view()))

    async def RotateKeys(self, call: Call, request: pb.RotateKeysRequest) -> bytes:
        """See the proto."""
        wanted = Wanted(
            signing=request.signing,
            tls=request.tls,
            root_keys=request.root_keys,
            root_threshold=request.root_threshold,
            lead=_duration(request, "lead", KEY_LEAD),
            overlap=_duration(request, "overlap", KEY_OVERLAP),
        )
        return await self._cases.key_desk.rotate(
            fields.ask_of(self._cases, call, request),
            wanted,
            lambda keys, draft: encoded(
                pb.RotateKeysResponse(key_set=_keys(keys), draft_json=draft)
            ),
        )

    async def RevokeKey(self, call: Call, request: pb.RevokeKeyRequest) -> bytes:
        """See the proto."""
        if len(request.key) > _LONGEST_NAME:
            raise HutongError(FIELD_INVALID, field="key", problem="it is no key id or fingerprint")
        return await self._cases.key_desk.revoke(
            fields.ask_of(self._cases, call, request),
            fields.free_text(request.key, "key"),
            fields.free_text(request.reason, "reason"),
            lambda keys, draft: encoded(
                pb.RevokeKeyResponse(key_set=_keys(keys), draft_json=draft)
            ),
        )

    async def PublishBundle(self, call: Call, request: pb.PublishBundleRequest) -> bytes:
        """See the proto."""
        return await self._cases.key_desk.publish(
            fields.ask_of(self._cases, call, request),
            request.draft_json,
            lambda keys, _: encoded(pb.PublishBundleResponse(key_set=_keys(keys))),
        )


def _duration(request: pb.RotateKeysRequest, field: str, default: timedelta) -> timedelta:
    if not request.HasField(field):
        return default
    return fields.span(request, field)


def _keys(found: KeysView) -> pb.KeySet:
    return pb.KeySet(
        bundle_sequence=found.sequence,
        bundle_expires_at=instant_to_wire(found.expires_at),
        root_threshold=found.root_threshold,
        keys=[_key(key) for key in found.keys],
        next_rotation_at=instant_to_wire(found.next_due),
    )


def _key(key: KeyView) -> pb.Key:
    return pb.Key(
        key=key.identifier,
        use=_USES[key.use],
        state=_STATES[key.state],
        used_from=instant_to_wire(key.since),
        ends_at=instant_to_wire(key.until),
    )
