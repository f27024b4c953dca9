"""A resident who rents: one rental without a deposit at a time, in all cities together."""

from dataclasses import dataclass, field

from federation.envelope import Verified
from federation.incentives import UseRequest
from federation.limits import USE_KEY_BYTES
from federation.messages import UseCounting
from federation.uses import use_commitment, use_key_text
from node.model import Caller, Page, PageRequest, Role
from node.ports import Transaction
from node.redemptions import CountedUse, Reservation
from node.services.answering import Ask
from node.services.redeeming import Prepared
from node.services.reserving import Counted, Wanted
from node.services.residents import UseConsent
from tests.node.services.stage import Stage
from tests.node.services.world import Town

SHOP = Caller(Role.VENUE, "rental-shop")
RENTAL, LONG = "rental.deposit_free", "rental-long-no-deposit"
KEY = bytes(range(USE_KEY_BYTES))


@dataclass
class Renter:
    """A resident of `home`, with the use key of their app; known in cities by passes."""

    stage: Stage
    home: Town
    resident: str
    key: bytes = KEY
    consents: dict[str, str] = field(default_factory=dict)
    passes: dict[str, str] = field(default_factory=dict)

    def consent(
        self, host: str, counting: UseCounting = UseCounting.ANONYMOUS, key: bytes = b""
    ) -> str:
        """Consent to rent there; the consent."""
        counted = counting is not UseCounting.NONE
        commitment = use_commitment(key or self.key) if counted else b""
        uses = UseConsent(counting, commitment)
        code = self.stage[host].code
        given = self.stage.run(self.home.consent(self.resident, code, RENTAL, uses=uses))
        self.consents[host] = given
        return given

    def decision(self, host: str) -> str:
        """A decision of the shop there, "" where it is not open."""
        town = self.stage[host]
        if host in self.passes:
            path = town.check(self.passes[host], is_pass=True, venue=SHOP, incentives=(LONG,))
        else:
            if host not in self.consents:
                self.consent(host)
            code = self.stage.run(self.home.show_code(self.resident, self.consents[host]))
            path = town.check(code, venue=SHOP, incentives=(LONG,))
        checked = self.stage.run(path)
        if checked.visitor_pass:
            self.passes[host] = checked.visitor_pass
        [(decision, _, _)] = checked.decisions
        return decision

    def wanted(self, host: str, decision: str = "", key: bytes = b"") -> Wanted:
        """What the shop there asks to be held."""
        shown = use_key_text(key or self.key)
        return Wanted(decision or self.decision(host), self.passes[host], shown)

    def ask(self, host: str) -> Verified[UseRequest]:
        """The question to the home city, kept there and not sent."""
        town, wanted = self.stage[host], self.wanted(host)

        def keep(tx: Transaction) -> Verified[UseRequest]:
            prepared = town.cases.redeeming.begin(tx, SHOP, wanted.decision_id)
            assert isinstance(prepared, Prepared)
            assert prepared.visitor
            assert prepared.incentive.across_cities
            use = Counted(prepared.visitor, prepared.incentive.across_cities, wanted.use_key)
            return town.cases.uses.ask(tx, town.ask(caller=SHOP), use, town.clock.now())

        return self.stage.act(town, keep)

    async def asking(self, host: str, wanted: Wanted, ask: Ask | None = None) -> str:
        """Reserve; the reservation. Raises why not."""
        town = self.stage[host]
        answer = await town.cases.reserving.reserve(
            ask or town.ask(caller=SHOP), SHOP, wanted, lambda held: held.reservation_id.encode()
        )
        return answer.decode()

    def reserve(self, host: str, key: bytes = b"") -> str:
        """Check and reserve; the reservation."""
        return self.stage.run(self.asking(host, self.wanted(host, key=key)))

    def held(self, host: str, reservation: str) -> Reservation:
        """As the host keeps it."""
        found = self.stage.act(self.stage[host], lambda tx: tx.reservations.get(reservation))
        assert found is not None
        return found

    def confirm(self, host: str, reservation: str) -> None:
        desk = self.stage[host].cases.redeeming
        self.stage.act(self.stage[host], lambda tx: desk.confirm(tx, SHOP, reservation))

    def release(self, host: str, reservation: str) -> None:
        """Give it back, and let the home city know of it if it can be reached."""
        desk = self.stage[host].cases.redeeming
        self.stage.act(self.stage[host], lambda tx: desk.release(tx, SHOP, reservation))
        self.stage.run(self.stage[host].give_back())

    def counted(self) -> list[CountedUse]:
        """As the home city shows them, the newest first."""
        desk, wanted = self.home.cases.counting, PageRequest(200, "")

        def read(tx: Transaction) -> Page[CountedUse]:
            return desk.leases(tx, self.resident, wanted)

        return list(self.stage.act(self.home, read).items)

    def in_use(self) -> int:
        """How many are in use by the home city's clock."""
        now = self.home.clock.now()
        return sum(1 for use in self.counted() if not use.released_at and now < use.until)

    def owed(self, host: str) -> int:
        """How many leases a host has still to give back."""
        town = self.stage[host]
        return len(self.stage.act(town, lambda tx: tx.use_questions.releases(self.home.code, 200)))

    def questions(self, host: str) -> int:
        """How many questions a host keeps."""
        town = self.stage[host]
        return len(self.stage.act(town, lambda tx: tx.use_questions.to(self.home.code)))


def renter(stage: Stage, home: str, *, key: bytes = KEY) -> Renter:
    """A resident in good standing, who has consented to nothing yet."""
    town = stage[home]
    return Renter(stage, town, stage.run(town.resident(90)), key)


def rented(stage: Stage, home: Town, resident: str, *hosts: str) -> None:
    """A resident rents in these cities, one after the other, and gives it back."""
    who = Renter(stage, home, resident)
    for host in hosts:
        who.release(host, who.reserve(host))
