"""Who may only read the store verifies and rehearses a whole city; to rescore takes who serves."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from federation.errors import HutongError
from node.bulk.desk import Desk, Place
from node.record_errors import STORE_UNREADABLE
from node.store.copying import open_copy, open_sums
from node.store.roles import Roles
from tests.conftest import NewStore
from tests.node.bulk.stored import StoredCity, silent, stored
from tests.node.bulk.test_desk import MADE, SCALE_ABOVE, town
from tests.node.store.least import administer, as_role, served

ROLES = Roles("serve_scores", "migrate_scores", "read_scores")

pytestmark = pytest.mark.all


@pytest.fixture
def city(new_postgres: NewStore) -> Iterator[StoredCity]:
    """A city whose store has three roles, by the one that serves."""
    url = new_postgres("town")
    with stored(served(url, ROLES)) as made:
        made.put_scale()
        made.put_catalogue(MADE)
        made.put(town())
        made.recount()
        yield made
    for role in (ROLES.serve, ROLES.migrate, ROLES.read):
        administer(url, f'DROP OWNED BY "{role}" CASCADE')
        administer(url, f'DROP ROLE "{role}"')


def desk_of(city: StoredCity, role: str, parent: Path) -> Desk:
    url = as_role(city.url, role)
    return Desk(city.here, partial(open_copy, url), partial(open_sums, url), Place(parent))


def test_whoever_reads_verifies_and_rehearses_the_whole_city_and_keeps_no_sum(
    city: StoredCity, tmp_path: Path
) -> None:
    before = city.everything()
    reader = desk_of(city, ROLES.read, tmp_path)
    found = reader.verify(silent)
    assert (found.compared, found.waiting, found.different) == (4, 0, 0)
    assert reader.rehearse(("s.toml", SCALE_ABOVE), None, silent).residents == 4
    with pytest.raises(HutongError) as refused:
        reader.rescore(silent)
    assert refused.value.reason == STORE_UNREADABLE
    assert "hutong store roles" in refused.value.fields["problem"]
    assert city.everything() == before
    city.desk.execute("UPDATE residents SET points_milli = 1 WHERE resident_id = 'resident-4'")
    assert reader.verify(silent).different == 1
    assert desk_of(city, ROLES.serve, tmp_path).rescore(silent).residents == 1
    assert reader.verify(silent).different == 0
