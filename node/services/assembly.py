"""All use cases of one city, put together over its ports."""

from dataclasses import dataclass

from node.ports import Door, Keys, Peers, UnitOfWork
from node.services.agreements import AgreementDesk
from node.services.asking import Asking
from node.services.attesting import Attesting
from node.services.catalogue import CatalogueDesk
from node.services.checking import Checking
from node.services.examining import Examining
from node.services.here import Here
from node.services.onboarding import Onboarding
from node.services.partners import PartnerDesk
from node.services.recording import Recording
from node.services.redeeming import Redeeming
from node.services.refreshing import Refreshing
from node.services.residents import ResidentDesk
from node.services.rotating import KeyDesk, Workshop
from node.services.standing import Standings
from node.services.swapping import Swapping
from node.services.terms import TermsBook


@dataclass(frozen=True, slots=True)
class UseCases:
    """What a city can do; the transport calls nothing else."""

    here: Here
    uow: UnitOfWork
    attesting: Attesting
    checking: Checking
    redeeming: Redeeming
    residents: ResidentDesk
    standings: Standings
    recording: Recording
    catalogue: CatalogueDesk
    partners: PartnerDesk
    swapping: Swapping
    refreshing: Refreshing
    onboarding: Onboarding
    agreements: AgreementDesk
    key_desk: KeyDesk
    examining: Examining


def assemble(
    here: Here, uow: UnitOfWork, keys: Keys, peers: Peers, workshop: Workshop, door: Door
) -> UseCases:
    """The use cases of the city of `here`."""
    book = TermsBook(here.city)
    partners = PartnerDesk(here, uow, keys)
    swapping = Swapping(here, uow, keys, peers, partners)
    refreshing = Refreshing(here, uow, swapping.swap)
    onboarding = Onboarding(here, uow, keys, door, partners)
    agreements = AgreementDesk(here, uow, keys, peers, partners, swapping)
    attesting = Attesting(here, uow, keys, book, swapping)
    asking = Asking(here, uow, keys, peers, attesting, swapping)
    key_desk = KeyDesk(here, uow, keys, workshop, refreshing.nudge)
    swapping.on_statement(onboarding.heard)
    return UseCases(
        here=here,
        uow=uow,
        attesting=attesting,
        checking=Checking(here, uow, keys, book, asking),
        redeeming=Redeeming(here, book),
        residents=ResidentDesk(here, keys, book),
        standings=Standings(here),
        recording=Recording(here, keys),
        catalogue=CatalogueDesk(here, keys),
        partners=partners,
        swapping=swapping,
        refreshing=refreshing,
        onboarding=onboarding,
        agreements=agreements,
        key_desk=key_desk,
        examining=Examining(here, uow, keys, peers, key_desk),
    )
