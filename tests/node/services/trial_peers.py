"""The part of a simulated peer port that serves trial exchanges."""

import abc
from collections.abc import Awaitable, Callable
from typing import TypeVar

from federation import codec
from federation.envelope import Envelope
from federation.identifiers import CityCode
from node.registry import Partner
from node.services.trial import Trial
from node.trials import PreparedTrial, TrialCodes, TrialStep

T = TypeVar("T")


class DirectTrials(abc.ABC):
    """Calls the trial use case of the other city."""

    _here: CityCode

    @abc.abstractmethod
    def trial_of(self, partner: Partner) -> Trial: ...

    @abc.abstractmethod
    async def _call(self, partner: Partner, act: Callable[[], Awaitable[T]]) -> T: ...

    async def prepare_trial(
        self, partner: Partner, trial_id: str, agreement: Envelope
    ) -> PreparedTrial:
        trial = self.trial_of(partner)
        return await self._call(partner, lambda: trial.prepare(self._here, trial_id, agreement))

    async def request_trial_attestation(
        self, partner: Partner, trial_id: str, request: Envelope
    ) -> Envelope:
        trial = self.trial_of(partner)
        answer = await self._call(partner, lambda: trial.attest(self._here, trial_id, request))
        return codec.envelope_from_bytes(answer)

    async def withdraw_trial_consent(self, partner: Partner, trial_id: str) -> None:
        trial = self.trial_of(partner)
        await self._call(partner, lambda: trial.withdraw(self._here, trial_id))

    async def run_trial(
        self, partner: Partner, trial_id: str, codes: TrialCodes, *, passed: bool
    ) -> tuple[TrialStep, ...]:
        trial = self.trial_of(partner)
        return await self._call(
            partner, lambda: trial.run(self._here, trial_id, codes, passed=passed)
        )
