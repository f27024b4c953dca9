"""The host's side of the store, as use cases see it: visitors, decisions and their uses."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from federation.identifiers import CityCode
from node.model import Counter, Decision, PendingQuestion, Redemption, StoredRecognition


class Recognitions(Protocol):
    """The host's side: questions on the way, recognised visitors."""

    def ask(self, question: PendingQuestion) -> None:
        """Keep a question; it replaces an older one of the same key."""

    def question(self, key: bytes) -> PendingQuestion | None:
        """The question kept for a request of a venue."""

    def forget_question(self, key: bytes) -> None:
        """Let a question go that has its answer."""

    def put(self, recognition: StoredRecognition) -> None:
        """Keep a recognition.

        It replaces the one of the same home city and pseudonym, whose `recognition_id` it carries.
        """

    def by_pass(self, pass_digest: bytes) -> StoredRecognition | None:
        """The visitor of a pass."""

    def by_pseudonym(self, home: CityCode, pseudonym: bytes) -> StoredRecognition | None:
        """The visitor that a home city calls so."""

    def get(self, recognition_id: str) -> StoredRecognition | None:
        """The recognition of that id."""

    def end(self, recognition_id: str, at: datetime) -> None:
        """Mark a recognition as no longer standing."""

    def end_at(self, home: CityCode, indices: Iterable[int], at: datetime) -> int:
        """Mark those as no longer standing whose attestations have these indices; how many."""


class Redemptions(Protocol):
    """Decisions, and their uses against capacities."""

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Keep decisions that opened an incentive."""

    def decision(self, decision_id: str) -> Decision | None:
        """The decision of that id."""

    def by_decision(self, decision_id: str) -> Redemption | None:
        """The redemption of a decision."""

    def used(self, incentive_id: str, scope: str) -> int:
        """How many are taken from a capacity."""

    def count(self, counter: Counter) -> bool:
        """Take one from a capacity; False, and nothing taken, where it is used up."""

    def give_back(self, incentive_id: str, scope: str) -> None:
        """Give one back to a capacity; nothing where none was taken."""

    def add(self, redemption: Redemption) -> None:
        """Keep a redemption; a second one of the same decision makes the transaction run again."""
