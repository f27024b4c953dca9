"""Ask a home city, and read its answer; at home, ask this city itself by the same path."""

from datetime import datetime

from federation import codec
from federation.agreement import Terms
from federation.envelope import Envelope, Keyring, Verified, open_envelope
from federation.errors import HutongError
from federation.messages import Attestation, AttestationRequest, ScoreScale
from federation.recognition import Recognition, recognise
from node.errors import NOTHING_IN_FORCE
from node.ports import Keys, Questions, UnitOfWork
from node.services.attesting import Attesting
from node.services.here import Here
from node.services.partners import active_partner, keyring_of
from node.services.swapping import Swapping


class Asking:
    """Sends one question and opens the answer."""

    def __init__(
        self,
        here: Here,
        uow: UnitOfWork,
        keys: Keys,
        peers: Questions,
        attesting: Attesting,
        swapping: Swapping,
    ) -> None:
        """Ask for the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._peers = peers
        self._attesting = attesting
        self._swapping = swapping

    async def ask(
        self, question: Verified[AttestationRequest], terms: Terms
    ) -> tuple[Recognition, Envelope]:
        """The recognition, and the envelope of the attestation that it was read in.

        Raises:
            HutongError: NOT_RECOGNISED where the home city gives none; another where it cannot be
                reached or its answer is not what the agreement says.
        """
        if terms.home == self._here.city:
            answer = await self._attesting.attest(question.envelope, terms.home)
            envelope = codec.envelope_from_bytes(answer)
        else:
            partner = active_partner(self._uow.registry, terms.home)
            envelope = await self._peers.request_attestation(partner, question.envelope)
        now = self._here.now()
        opened = await self._swapping.opened(terms.home, lambda: self._open(envelope, terms, now))
        return recognise(opened, question, terms, self.scale(terms), now), envelope

    def _open(self, envelope: Envelope, terms: Terms, now: datetime) -> Verified[Attestation]:
        return open_envelope(
            envelope,
            codec.ATTESTATION,
            signed_by=[self.keyring(terms)],
            audience=self._here.city,
            now=now,
        )

    def keyring(self, terms: Terms) -> Keyring:
        """The keys that sign the home city's answers; raises NOT_A_PARTNER."""
        # Read again after the answer came: a partner may have been suspended meanwhile.
        return keyring_of(self._uow.registry, self._keys, terms.home)

    def scale(self, terms: Terms) -> ScoreScale:
        """The home city's scale that its answers are read on; raises NOTHING_IN_FORCE."""
        registry = self._uow.registry
        own = registry.own_scale(terms.scale)
        found = own or registry.partner_scale(terms.home, terms.scale)
        if found is None:
            command = f"hutong partner sync {terms.home}"
            raise HutongError(NOTHING_IN_FORCE, what="scale", command=command)
        return found.exported
