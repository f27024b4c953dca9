"""`python -m tests.scenarios.unsteady`: a node that dies, or lies, in the middle of a trial."""

import os
import signal
import sys
from typing import Any

from federation.identifiers import CityCode
from node.cli.app import main
from node.services.trial import Trial

_DIES_AT = int(os.environ.get("DIES_AT_QUESTION", "0"))
_honest = Trial.attest
_questions = [0]


async def _attest(trial: Trial, *args: Any) -> bytes:  # noqa: ANN401 - whatever it takes
    """Answer, or die with the question in hand."""
    _questions[0] += 1
    if _questions[0] == _DIES_AT:
        os.kill(os.getpid(), signal.SIGKILL)
    return await _honest(trial, *args)


async def _withdraw(_trial: Trial, _city: CityCode, _trial_id: str) -> None:
    """Do nothing, and say that it was done."""


if __name__ == "__main__":
    Trial.attest = _attest  # type: ignore[method-assign,assignment]
    if not _DIES_AT:
        Trial.withdraw = _withdraw  # type: ignore[method-assign,assignment]
    sys.exit(main())
