"""All use cases of one city, put together over its ports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from node.ports import Anchor, Door, Keys, Peers, UnitOfWork
from node.services.agreement_book import AgreementBook
from node.services.agreement_life import AgreementLife
from node.services.agreements import AgreementDesk
from node.services.asking import Asking
from node.services.attesting import Attesting
from node.services.auditing import Auditing
from node.services.batching import Batching
from node.services.case_desk import CaseDesk
from node.services.case_view import CaseViews
from node.services.catalogue import CatalogueDesk
from node.services.checking import Checking
from node.services.circuit_findings import Circuits
from node.services.comparing import Comparing
from node.services.concordances import Concordances
from node.services.cosigning import Cosigning
from node.services.counting import Counting
from node.services.counting_uses import CountingUses
from node.services.delivering import Delivering
from node.services.duty import Duty
from node.services.erasing import Erasing
from node.services.examining import Examining
from node.services.fairness_report import FairnessReport
from node.services.hearing import Hearing
from node.services.here import Here
from node.services.histograms import HistogramDesk
from node.services.histories import Histories
from node.services.indicating import IndicatorDesk
from node.services.objecting import Objecting
from node.services.onboarding import Onboarding
from node.services.partners import PartnerDesk
from node.services.promising import Promising
from node.services.quarantining import QuarantineDesk
from node.services.reading import RecordReading
from node.services.receipts import Receipts
from node.services.record_loads import RecordLoads
from node.services.recording import Recording
from node.services.redeeming import Redeeming
from node.services.refreshing import Refreshing
from node.services.reminding import Reminding
from node.services.renewing import Renewing
from node.services.repairing import Repairing
from node.services.replaying import Replaying
from node.services.rescoring import Rescoring
from node.services.reserving import Reserving
from node.services.residents import ResidentDesk
from node.services.retaining import Retaining
from node.services.rotating import KeyDesk, Workshop
from node.services.standing import Standings
from node.services.statuses import StatusDesk
from node.services.swapping import Swapping
from node.services.terms import TermsBook
from node.services.trial import Trial
from node.services.trial_rooms import NewRoom, Rooms
from node.services.visits import Visits
from node.services.watching import Watching
from node.services.witnessing import Witnessing
from node.services.works import Works


@dataclass(frozen=True, slots=True)
class UseCases:
    """What a city can do; the transport calls nothing else."""

    here: Here
    uow: UnitOfWork
    duty: Duty
    works: Works
    circuits: Circuits
    digest: Callable[[bytes], bytes]
    """A keyed digest of what was asked."""
    attesting: Attesting
    batching: Batching
    renewing: Renewing
    status_desk: StatusDesk
    delivering: Delivering
    counting: Counting
    hearing: Hearing
    checking: Checking
    redeeming: Redeeming
    reserving: Reserving
    uses: CountingUses
    replaying: Replaying
    residents: ResidentDesk
    standings: Standings
    histories: Histories
    visits: Visits
    receipts: Receipts
    auditing: Auditing
    reminding: Reminding
    recording: Recording
    record_loads: RecordLoads
    quarantine: QuarantineDesk
    reading: RecordReading
    promising: Promising
    objecting: Objecting
    repairing: Repairing
    case_desk: CaseDesk
    case_views: CaseViews
    rescoring: Rescoring
    retaining: Retaining
    erasing: Erasing
    catalogue: CatalogueDesk
    indicating: IndicatorDesk
    partners: PartnerDesk
    swapping: Swapping
    refreshing: Refreshing
    trial: Trial
    rooms: Rooms
    onboarding: Onboarding
    agreements: AgreementDesk
    agreement_life: AgreementLife
    key_desk: KeyDesk
    examining: Examining
    watching: Watching
    cosigning: Cosigning
    comparing: Comparing
    concordances: Concordances
    fairness: FairnessReport
    histograms: HistogramDesk
    witnessing: Witnessing


@dataclass(frozen=True, slots=True)
class _Between:
    """What two cities do with each other before anybody visits."""

    partners: PartnerDesk
    swapping: Swapping
    agreements: AgreementDesk
    agreement_life: AgreementLife
    refreshing: Refreshing
    onboarding: Onboarding
    rooms: Rooms
    trial: Trial
    cosigning: Cosigning
    witnessing: Witnessing
    key_desk: KeyDesk


def _between(
    here: Here,
    uow: UnitOfWork,
    keys: Keys,
    peers: Peers,
    workshop: Workshop,
    door: Door,
    new_room: NewRoom,
    anchor: Anchor,
) -> _Between:
    partners = PartnerDesk(here, uow, keys)
    swapping = Swapping(here, uow, keys, peers, partners)
    agreed = AgreementBook(here, partners)
    agreements = AgreementDesk(here, uow, keys, peers, agreed, swapping)
    refreshing = Refreshing(here, uow, agreements.refresh)
    onboarding = Onboarding(here, uow, keys, door, partners)
    agreement_life = AgreementLife(here, keys, agreed)
    swapping.on_statement(onboarding.heard)
    swapping.on_statement(agreement_life.heard)
    rooms = Rooms(here, uow, keys, peers, new_room)
    cosigning = Cosigning(here, uow, keys, peers, swapping, partners, refreshing.nudge)
    return _Between(
        partners=partners,
        swapping=swapping,
        agreements=agreements,
        agreement_life=agreement_life,
        refreshing=refreshing,
        onboarding=onboarding,
        rooms=rooms,
        trial=Trial(here, uow, keys, peers, partners, swapping, refreshing, rooms),
        cosigning=cosigning,
        witnessing=Witnessing(here, uow, keys, peers, swapping, cosigning, anchor),
        key_desk=KeyDesk(here, uow, keys, workshop, refreshing.nudge),
    )


class _Timed(TypedDict):
    """What nobody asks for: it is done when its time has come."""

    duty: Duty
    works: Works
    reminding: Reminding
    rescoring: Rescoring
    retaining: Retaining


def _timed(here: Here, uow: UnitOfWork) -> _Timed:
    return _Timed(
        duty=Duty(here, uow),
        works=Works(here),
        reminding=Reminding(here, uow),
        rescoring=Rescoring(here, uow),
        retaining=Retaining(here, uow),
    )


class _Proven(TypedDict):
    """The log as it is witnessed, and what it proves, to whom it is shown."""

    cosigning: Cosigning
    comparing: Comparing
    witnessing: Witnessing
    receipts: Receipts
    auditing: Auditing


def _proven(here: Here, uow: UnitOfWork, keys: Keys, between: _Between) -> _Proven:
    return _Proven(
        cosigning=between.cosigning,
        comparing=Comparing(uow, between.cosigning),
        witnessing=between.witnessing,
        receipts=Receipts(here, uow, keys, between.witnessing),
        auditing=Auditing(here, uow, keys, between.witnessing),
    )


class _Benefits(TypedDict):
    """What a standing opens, where it is used, and whether that is fair."""

    counting: Counting
    redeeming: Redeeming
    reserving: Reserving
    uses: CountingUses
    replaying: Replaying
    concordances: Concordances
    fairness: FairnessReport
    histograms: HistogramDesk


def _benefits(
    here: Here, uow: UnitOfWork, keys: Keys, book: TermsBook, peers: Peers, swapping: Swapping
) -> _Benefits:
    redeeming = Redeeming(here, book)
    counting = Counting(here, uow, keys, book, swapping)
    uses = CountingUses(here, uow, keys, book, peers, counting, swapping)
    return _Benefits(
        counting=counting,
        redeeming=redeeming,
        reserving=Reserving(here, uow, redeeming, uses),
        uses=uses,
        replaying=Replaying(here, keys),
        concordances=Concordances(here.city),
        fairness=FairnessReport(here, book),
        histograms=HistogramDesk(here, keys),
    )


def assemble(
    here: Here,
    uow: UnitOfWork,
    keys: Keys,
    peers: Peers,
    workshop: Workshop,
    door: Door,
    new_room: NewRoom,
    anchor: Anchor,
) -> UseCases:
    """The use cases of the city of `here`."""
    book = TermsBook(here.city)
    between = _between(here, uow, keys, peers, workshop, door, new_room, anchor)
    swapping = between.swapping
    attesting = Attesting(here, uow, keys, book, swapping)
    status_desk = StatusDesk(here, uow, keys, book)
    delivering = Delivering(here, uow, status_desk, peers)
    hearing = Hearing(here, uow, peers, swapping)
    asking = Asking(here, uow, keys, peers, attesting, swapping)
    batching = Batching(here, uow, keys, book, swapping)
    recording = Recording(here, keys)
    timed = _timed(here, uow)
    beside = (timed["works"].findings, timed["duty"].findings)
    examining = Examining(
        here, uow, swapping.swap, between.key_desk, delivering, beside, circuits=peers.circuit
    )
    return UseCases(
        here=here,
        uow=uow,
        circuits=peers.circuit,
        digest=keys.keyed_digest,
        attesting=attesting,
        batching=batching,
        renewing=Renewing(here, uow, keys, book, peers, batching, asking, swapping),
        status_desk=status_desk,
        delivering=delivering,
        hearing=hearing,
        checking=Checking(here, uow, keys, book, asking, hearing),
        residents=ResidentDesk(here, keys, book),
        standings=Standings(here),
        histories=Histories(here),
        visits=Visits(here),
        recording=recording,
        record_loads=RecordLoads(here, uow, recording),
        quarantine=QuarantineDesk(here, recording),
        reading=RecordReading(here, keys),
        promising=Promising(here, recording),
        objecting=Objecting(here),
        repairing=Repairing(here),
        case_desk=CaseDesk(here, uow),
        case_views=CaseViews(here),
        erasing=Erasing(here, uow, keys, delivering.nudge),
        catalogue=CatalogueDesk(here, keys),
        indicating=IndicatorDesk(here),
        partners=between.partners,
        swapping=swapping,
        refreshing=between.refreshing,
        trial=between.trial,
        rooms=between.rooms,
        onboarding=between.onboarding,
        agreements=between.agreements,
        agreement_life=between.agreement_life,
        key_desk=between.key_desk,
        examining=examining,
        watching=Watching(examining),
        **timed,
        **_proven(here, uow, keys, between),
        **_benefits(here, uow, keys, book, peers, swapping),
    )
