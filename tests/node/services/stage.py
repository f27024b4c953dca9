"""A world for tests that are no coroutines: properties, and machines that act step by step."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from node.ports import Transaction
from tests.conftest import NewStore
from tests.node.services.world import Town, world

T = TypeVar("T")


class Stage:
    """A world for a test that is no coroutine."""

    def __init__(
        self, new_store: NewStore, *codes: str, ahead: Mapping[str, timedelta] | None = None
    ) -> None:
        self._runner = asyncio.Runner()
        self._context = world(new_store, *codes, ahead=ahead)
        self.world = self.run(self._context.__aenter__())

    def __getitem__(self, code: str) -> Town:
        return self.world[code]

    def run(self, path: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(path)

    def act(self, town: Town, use_case: Callable[[Transaction], T]) -> T:
        """One use case of a town."""
        return self.run(town.store.run(use_case))

    def close(self) -> None:
        self.run(self._closed())
        self._runner.close()

    async def _closed(self) -> None:
        await self._context.__aexit__(None, None, None)


@contextlib.contextmanager
def staged(
    new_store: NewStore, *codes: str, ahead: Mapping[str, timedelta] | None = None
) -> Iterator[Stage]:
    """A stage that is cleared at the end; `ahead` says whose clocks are."""
    stage = Stage(new_store, *codes, ahead=ahead)
    try:
        yield stage
    finally:
        stage.close()
