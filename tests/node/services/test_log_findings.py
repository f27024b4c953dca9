"""What `doctor` says of logs: who witnesses this city's, and whose forked."""

from datetime import timedelta

from federation.checkpoint import Checkpoint, origin_of, sign_checkpoint
from node import limits
from node.model import Finding, Severity
from node.services.log_findings import log_findings, log_state
from tests.conftest import NewStore
from tests.node.services.trying import played, raised
from tests.node.services.world import Town, world
from tests.node.typed import every_one_can_be_typed

ZZ, HZ = "410100", "330100"


async def found(town: Town, subject: str) -> list[Finding]:
    state = await town.store.read(lambda tx: log_state(tx, town.store.registry))
    all_of_them = log_findings(state, town.clock.now())
    return [finding for finding in all_of_them if finding.subject == subject]


@played
async def test_a_partner_that_does_not_cosign_for_long_is_warned_of(new_store: NewStore) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        assert [f.detail_en for f in await found(town, "log")] == ["There is no checkpoint yet."]
        await town.cases.witnessing.exchange(made[HZ].code)
        [finding] = await found(town, f"partner {HZ} log")
        assert finding.severity is Severity.OK
        [own] = await found(town, "log")
        assert f"cosigned by {HZ}" in own.detail_en
        made.network.down.add(made[HZ].code)
        resident = await town.resident()
        await town.withdraw(resident, await town.consent(resident, made[HZ].code))
        await town.cases.witnessing.checkpoint()
        made.clock.forward(limits.COSIGNING_WARNING - timedelta(seconds=1))
        [finding] = await found(town, f"partner {HZ} log")
        assert finding.severity is Severity.OK
        made.clock.forward(timedelta(seconds=1))
        [finding] = await found(town, f"partner {HZ} log")
        assert finding.severity is Severity.WARNING
        assert f"hutong log checkpoint --city {HZ}" in finding.remedy_en
        assert f"hutong log checkpoint --city {HZ}" in finding.remedy_zh
        made.network.down.clear()
        await town.cases.witnessing.exchange(made[HZ].code)
        [finding] = await found(town, f"partner {HZ} log")
        assert finding.severity is Severity.OK


@played
async def test_a_fork_is_an_error_until_the_partner_is_met_anew(new_store: NewStore) -> None:
    async with world(new_store) as made:
        home, host = made[ZZ], made[HZ]
        own = await home.cases.witnessing.exchange(host.code)
        assert own is not None
        head = Checkpoint(origin_of(home.code), own.size, b"\x01" * 32)
        lie = sign_checkpoint(head, home.keys, home.keys.signer.public_key)
        await raised(host.cases.witnessing.add_checkpoint(home.code, own.size, (), lie))
        [finding] = await found(host, f"partner {ZZ} log")
        assert finding.severity is Severity.ERROR
        assert f"hutong log evidence {ZZ}" in finding.remedy_en
        assert f"hutong log evidence {ZZ}" in finding.remedy_zh
        await host.cases.refreshing.close()
        code = home.code
        await host.store.run(lambda tx: host.cases.partners.end(tx, code, "operator/a", "forked"))
        await host.trust(home)
        assert all(f.severity is Severity.OK for f in await found(host, f"partner {ZZ} log"))


@played
async def test_an_entry_that_no_checkpoint_covers_for_long_is_warned_of(
    new_store: NewStore,
) -> None:
    async with world(new_store) as made:
        town = made[ZZ]
        await town.cases.witnessing.checkpoint()
        made.clock.forward(timedelta(days=1))
        await town.consent(await town.resident(), made[HZ].code)
        made.clock.forward(limits.CHECKPOINT_WARNING - timedelta(seconds=1))
        # The checkpoint before is a day old: only the entry's own age counts.
        [own] = await found(town, "log")
        assert own.severity is Severity.OK
        made.clock.forward(timedelta(seconds=1))
        [own] = await found(town, "log")
        assert own.severity is Severity.WARNING
        assert own.command == "hutong log checkpoint"
        every_one_can_be_typed([own])
        await town.cases.witnessing.checkpoint()
        [own] = await found(town, "log")
        assert own.severity is Severity.OK
