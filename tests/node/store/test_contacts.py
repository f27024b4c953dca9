"""One of many partners is read without the others; what did not change is not opened anew."""

from dataclasses import replace
from datetime import timedelta

from federation import codec
from federation.identifiers import CityCode
from node.model import Contact
from node.registry import Partner
from tests.conftest import NewStore
from tests.node.befriend import active
from tests.node.services.simulated import MemoryKeys
from tests.node.store.rig import HOME, HOST, NOW, opened


def test_the_contact_with_one_partner_is_the_one_among_all(new_store: NewStore) -> None:
    known = Contact(
        city=HOST,
        tried_at=NOW,
        reached_at=NOW - timedelta(hours=1),
        failures=3,
        problem="it does not answer",
        clock_offset=timedelta(seconds=-2),
        acknowledged=7,
    )
    never = Contact(HOME, NOW)
    with opened(new_store("contacts")) as desk:
        for contact in (known, never):
            desk.run(lambda tx, c=contact: tx.partnerships.put_contact(c))  # type: ignore[misc]
        found = [desk.read(lambda tx, c=c: tx.partnerships.contact(c.city)) for c in (known, never)]  # type: ignore[misc]
        assert found == [known, never]
        assert desk.read(lambda tx: tx.partnerships.contacts()) == {
            known.city: known,
            never.city: never,
        }
        assert desk.read(lambda tx: tx.partnerships.contact(CityCode("320100"))) is None


def test_a_bundle_that_a_change_leaves_as_it_was_is_not_opened_anew(new_store: NewStore) -> None:
    keys = MemoryKeys(HOST, NOW)
    bundle = codec.TRUST_BUNDLE.decode(keys.bundle.payload)
    partner = active(Partner(HOST, bundle, keys.bundle, NOW))
    with opened(new_store("registry")) as desk:
        desk.run(lambda tx: tx.administration.put_partner(partner))
        before = desk.store.registry.partners[HOST]
        desk.run(lambda tx: tx.administration.put_partner(replace(partner, sequence=9)))
        after = desk.store.registry.partners[HOST]
        assert after.sequence == 9
        assert after.bundle is before.bundle
        # Another bundle of the same city is never taken for it.
        newer = MemoryKeys(HOST, NOW, 2)
        opened_newer = codec.TRUST_BUNDLE.decode(newer.bundle.payload)
        changed = replace(partner, bundle=opened_newer, envelope=newer.bundle)
        desk.run(lambda tx: tx.administration.put_partner(changed))
        assert desk.store.registry.partners[HOST].bundle == opened_newer
