"""All use cases of one city, put together over its ports."""

from dataclasses import dataclass

from node.ports import Keys, Peers, UnitOfWork
from node.services.agreements import AgreementDesk
from node.services.asking import Asking
from node.services.attesting import Attesting
from node.services.catalogue import CatalogueDesk
from node.services.checking import Checking
from node.services.examining import Examining
from node.services.here import Here
from node.services.partners import PartnerDesk
from node.services.recording import Recording
from node.services.redeeming import Redeeming
from node.services.residents import ResidentDesk
from node.services.standing import Standings
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
    agreements: AgreementDesk
    examining: Examining


def assemble(here: Here, uow: UnitOfWork, keys: Keys, peers: Peers) -> UseCases:
    """The use cases of the city of `here`."""
    book = TermsBook(here.city)
    attesting = Attesting(here, uow, keys, book)
    partners = PartnerDesk(here, uow, keys, peers)
    return UseCases(
        here=here,
        uow=uow,
        attesting=attesting,
        checking=Checking(here, uow, keys, book, Asking(here, uow, keys, peers, attesting)),
        redeeming=Redeeming(here, book),
        residents=ResidentDesk(here, keys, book),
        standings=Standings(here),
        recording=Recording(here, keys),
        catalogue=CatalogueDesk(here, keys),
        partners=partners,
        agreements=AgreementDesk(here, uow, keys, peers, partners),
        examining=Examining(here, uow, keys, peers),
    )
