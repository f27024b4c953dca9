"""What is degraded though the node serves: logged once, told until it is right again."""

import pytest
from structlog.testing import capture_logs

from federation.errors import HutongError
from node import limits
from node.errors import PEER_UNREACHABLE
from node.model import Finding
from node.services.watching import Watching, degrading
from tests.conftest import NewStore
from tests.node.services.test_examining import (
    ERROR,
    FRIEND,
    HOME,
    OK,
    WARNING,
    QuietDesk,
    examining,
    play,
)
from tests.node.services.world import World


def test_what_becomes_wrong_and_right_is_logged_once_with_the_reasons(
    new_store: NewStore,
) -> None:
    async def act(made: World) -> None:
        home, desk = made[HOME], QuietDesk()
        watching = Watching(examining(home, desk))
        await watching.look()
        before = set(watching.all)
        desk.says = (
            Finding("signing-key", WARNING, "快到期了", "it ends soon"),
            Finding("signing-key", ERROR, "到期了", "it ended"),
            Finding("tls-certificate", OK, "好", "good"),
        )
        with capture_logs() as logs:
            await watching.look()
            await watching.look()
        assert [(log["event"], log["subjects"], log["reasons"]) for log in logs] == [
            ("degraded", ["signing-key"], ["it ended"])
        ]
        assert set(watching.keys) == {"signing-key"}
        desk.says = ()
        with capture_logs() as logs:
            await watching.look()
            await watching.look()
        assert [(log["event"], log["subjects"]) for log in logs] == [("recovered", ["signing-key"])]
        assert set(watching.all) == before

    play(new_store, act)


def test_a_partner_that_is_not_reached_degrades_partners_and_not_keys(
    new_store: NewStore,
) -> None:
    async def act(made: World) -> None:
        home = made[HOME]
        watching = Watching(examining(home, QuietDesk()))
        await home.cases.swapping.swap(FRIEND)
        await watching.look()
        contact = f"partner {FRIEND} contact"
        assert contact not in watching.partners
        made.network.down.add(FRIEND)
        for _ in range(limits.FAILURES_WARNING):
            with pytest.raises(HutongError) as raised:
                await home.cases.swapping.swap(FRIEND)
            assert raised.value.reason == PEER_UNREACHABLE
        await watching.look()
        assert contact in watching.partners
        assert watching.keys == {}
        made.network.down.clear()
        await home.cases.swapping.swap(FRIEND)
        await watching.look()
        assert contact not in watching.partners

    play(new_store, act)


def test_of_one_subject_the_worst_counts() -> None:
    worst = Finding("a", ERROR, "", "")
    for findings in (
        (Finding("a", WARNING, "", ""), worst),
        (worst, Finding("a", WARNING, "", "")),
    ):
        assert degrading(findings) == {"a": worst}
    assert degrading((Finding("a", OK, "", ""),)) == {}
