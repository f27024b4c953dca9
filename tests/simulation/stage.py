"""Two or three simulated cities that befriend each other over their wire, and a visit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from federation.errors import HutongError
from federation.identifiers import CityCode
from node import data
from node.errors import PEER_UNREACHABLE
from node.model import Caller, Role
from node.services.answering import Ask
from node.services.assembly import UseCases
from node.transport.calls import Call
from node.transport.residents import ResidentServicer
from node.transport.venues import VenueServicer
from node.v1 import resident_service_pb2 as residents_pb
from node.v1 import venue_service_pb2 as venues_pb
from scripts import towns
from scripts.simulation.city import CrashedError, SimCity
from scripts.simulation.world import START, SimWorld
from tests.node.befriend import activate
from tests.node.catalogue import OFFICE, made_catalogue, rows_of
from tests.node.services.world import OPERATOR, fictional_id

M = TypeVar("M", bound=Message)
T = TypeVar("T")

HOME: Final = "410100"
HOST: Final = "330100"
PAIR: Final = (data.city(CityCode(HOME)), data.city(CityCode(HOST)))
VENUE: Final = Caller(Role.VENUE, "library")
APP: Final = Caller(Role.RESIDENT, "default")
_OFFICER: Final = Caller(Role.OPERATOR, "default")
_AGAIN_SECONDS: Final = 0.3
_SETTLES_SECONDS: Final = 5


async def befriend(world: SimWorld) -> None:
    """Each with each, under the agreements of their towns, signed over the wire."""
    cities = list(world.cities.values())
    for city in cities:
        await _load(city)
    for one in cities:
        for other in cities:
            if one is not other:
                await _trust(one, other)
    for place, one in enumerate(cities):
        for other in cities[place + 1 :]:
            await _agree(one, other)
    # What they tell each other of it comes to an end.
    await world.sleep(_SETTLES_SECONDS)


async def _load(city: SimCity) -> None:
    desk = city.up.catalogue
    scale = towns.rules(city.town, "scale.toml")
    incentives = towns.rules(city.town, "incentives.toml")
    await city.store.run(lambda tx: desk.load_scale(tx, "scale.toml", scale))
    await city.store.run(lambda tx: desk.load_incentives(tx, "incentives.toml", incentives))
    await city.store.run(lambda tx: tx.administration.put_indicators(made_catalogue()))


async def _trust(one: SimCity, other: SimCity) -> None:
    told, partners = other.up.partners.descriptor(), one.up.partners
    await one.store.run(lambda tx: partners.add(tx, told.json.encode(), told.fingerprint, OPERATOR))
    await one.store.run(lambda tx: activate(tx, other.code))


async def _agree(one: SimCity, other: SimCity) -> None:
    def ask(city: SimCity) -> Ask:
        return Ask(str(_OFFICER), city.here.new_id(city.clock.now()), b"".ljust(32))

    text = towns.agreement(one.town, other.town).encode()
    key = await one.up.agreements.propose(
        ask(one), other.code, "agreement.toml", text, lambda s: " ".join(map(str, s.key)).encode()
    )
    agreement_id, version = key.decode().split(" ")
    await other.up.agreements.sign(
        ask(other), (agreement_id, int(version)), lambda _stored: b"signed"
    )


@dataclass
class Visit:
    """A resident of HOME visits HOST: each act asked until it is answered, and what was answered.

    Whoever lost an answer asks for the same again.
    """

    world: SimWorld
    serial: int = 1
    resident: str = ""
    consent: str = ""
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    asked: list[Callable[[], Awaitable[bytes]]] = field(default_factory=list)

    async def go(self) -> None:
        """Enrol, consent, show a code, be recognised, and use an incentive once."""
        code = await self.code()
        checked = await self.check(code)
        while checked.outcome == venues_pb.RECOGNITION_OUTCOME_HOME_UNREACHABLE:
            # As the notice says: the same request again, in a moment.
            await self.world.sleep(_AGAIN_SECONDS)
            self.answers.pop()
            self.asked.pop()
            checked = await self.check(code)
        assert checked.outcome == venues_pb.RECOGNITION_OUTCOME_RECOGNISED, checked.notice_en
        await self.redeem(checked)

    async def code(self) -> str:
        """A presentation code of a new resident with a new consent."""
        resident = self.resident = (await self._enrolled()).resident_id
        given = await self._app(
            residents_pb.GiveConsentRequest(
                request_id=self._id(2),
                resident_id=resident,
                host_city=HOST,
                scenarios=["library.deposit_free"],
                expires_at=instant_to_wire(START + timedelta(days=30)),
            ),
            residents_pb.GiveConsentResponse,
        )
        self.consent = given.consent.consent_id
        shown = await self._app(
            residents_pb.CreatePresentationCodeRequest(
                request_id=self._id(3), resident_id=resident, consent_id=self.consent
            ),
            residents_pb.CreatePresentationCodeResponse,
        )
        return str(shown.presentation_code)

    async def check(self, code: str) -> venues_pb.CheckEligibilityResponse:
        """What the host's library says; the same request each time."""
        request = venues_pb.CheckEligibilityRequest(request_id=self._id(4), presentation_code=code)
        return await self._till(request, venues_pb.CheckEligibilityResponse)

    async def redeem(self, checked: venues_pb.CheckEligibilityResponse) -> None:
        """Use what the recognition opened."""
        decision = next(
            d.decision_id for d in checked.decisions if d.decision_id and d.incentive.minimum_band
        )
        await self._till(
            venues_pb.RedeemRequest(request_id=self._id(5), decision_id=decision),
            venues_pb.RedeemResponse,
        )

    async def repeated(self) -> list[bytes]:
        """What each request gets once more."""
        return [await ask() for ask in self.asked]

    async def _enrolled(self) -> residents_pb.EnrolResidentResponse:
        number = fictional_id(self.serial)
        found = await self._app(
            residents_pb.EnrolResidentRequest(
                request_id=self._id(1),
                document_kind=residents_pb.DOCUMENT_KIND_RESIDENT_ID,
                document_number=number,
            ),
            residents_pb.EnrolResidentResponse,
        )
        rows = rows_of(number, 30, f"r-{self.serial}", "2026-01-15", ends_on="")
        home = self.world.city(HOME)
        await self._answered(
            home,
            lambda cases: cases.uow.run(lambda tx: cases.recording.load(tx, OFFICE, rows)),
        )
        return found

    async def _app(self, request: Message, answer: type[M]) -> M:
        return await self._ask(HOME, APP, ResidentServicer, request, answer)

    async def _till(self, request: Message, answer: type[M]) -> M:
        return await self._ask(HOST, VENUE, VenueServicer, request, answer)

    async def _ask(
        self,
        code: str,
        caller: Caller,
        servicer: Callable[[UseCases], object],
        request: Message,
        answer: type[M],
    ) -> M:
        name, context = type(request).__name__.removesuffix("Request"), None
        city = self.world.city(code)

        async def work(cases: UseCases) -> bytes:
            call = Call(caller, name, context)  # type: ignore[arg-type] # nobody looks at it
            found: bytes = await getattr(servicer(cases), name)(call, request)
            return found

        async def ask() -> bytes:
            return await self._answered(city, work)

        found = await ask()
        self.answers.append((name, found))
        self.asked.append(ask)
        return answer.FromString(found)

    async def _answered(self, city: SimCity, work: Callable[[UseCases], Awaitable[T]]) -> T:
        while True:
            try:
                return await city.serve(work)
            except CrashedError:
                await self.world.sleep(_AGAIN_SECONDS)
            except HutongError as error:
                if error.reason != PEER_UNREACHABLE:
                    raise
                await self.world.sleep(_AGAIN_SECONDS)

    def _id(self, number: int) -> str:
        return f"00000000-0000-4000-8000-{self.serial:06d}{number:06d}"
