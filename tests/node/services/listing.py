"""A visitor whom a host recognised, and status lists that an honest city sends or does not."""

from dataclasses import replace
from datetime import datetime, timedelta

from federation import codec
from federation.envelope import Envelope, seal
from federation.keys import Signer
from federation.messages import Header
from federation.standing import StatusList
from federation.status_list import bits_of, place_of
from node.model import Caller, StoredRecognition
from node.services.checking import Checked
from node.services.redeeming import Redeemed
from tests.node.services.world import VENUE, Town

FRESHNESS = timedelta(seconds=300)
SECOND = timedelta(seconds=1)


class Guest:
    """A resident of one town who was recognised in another, and holds a pass of it."""

    def __init__(self, home: Town, host: Town, resident: str, number: str) -> None:
        self.home, self.host = home, host
        self.resident, self.number = resident, number
        self.consent = ""
        self.visitor_pass = ""
        self.visitor: StoredRecognition

    @classmethod
    async def recognised(cls, home: Town, host: Town, points: int = 30) -> "Guest":
        number, resident = await home.resident_with_number()
        await home.record(number, points)
        guest = cls(home, host, resident, number)
        guest.consent = await home.consent(resident, host.code)
        checked = await host.check(await home.show_code(resident, guest.consent))
        assert checked.visitor is not None
        guest.visitor, guest.visitor_pass = checked.visitor, checked.visitor_pass
        return guest

    @property
    def place(self) -> int:
        """The place of the attestation in list 0."""
        list_number, place = place_of(self.visitor.status_index)
        assert list_number == 0
        return place

    async def comes(self) -> Checked:
        """A visit by the pass."""
        return await self.host.check(self.visitor_pass, is_pass=True)

    async def withdraws(self) -> None:
        await self.home.withdraw(self.resident, self.consent)

    async def stored(self) -> StoredRecognition | None:
        """What the host has of this guest."""
        return await self.host.store.read(
            lambda tx: tx.recognitions.get(self.visitor.recognition_id)
        )


def open_decision(checked: Checked) -> str:
    """A decision that needs a standing."""
    return next(key for key, incentive, _ in checked.decisions if key and incentive.minimum_band)


async def redeem(town: Town, decision_id: str, venue: Caller = VENUE) -> Redeemed:
    return await town.store.run(lambda tx: town.cases.redeeming.redeem(tx, venue, decision_id))


def status_list(
    home: Town, host: Town, *places: int, sequence: int = 1, signer: Signer | None = None
) -> Envelope:
    """List 0 of a home city for a host, as of now."""
    said = StatusList(
        header=header(home, host, home.clock.now()),
        list_number=0,
        sequence=sequence,
        bits=bits_of(places),
        time_to_live=FRESHNESS,
    )
    return seal(codec.STATUS_LIST, said, [signer or home.keys])


def header(home: Town, host: Town, now: datetime) -> Header:
    made = home.cases.here.header((host.code,), now, FRESHNESS)
    return replace(made, issuer=home.code)


async def everything_about(home: Town, host: Town) -> tuple[StatusList, ...]:
    """All that a host gets who fetches everything there is for it."""
    signed = await home.cases.status_desk.lists_for(host.code)
    return tuple(codec.STATUS_LIST.decode(listed.payload) for listed in signed.lists)
