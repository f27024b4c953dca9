"""How residents reach a city: in the settings once, and in every bundle from then on."""

from dataclasses import replace
from pathlib import Path

import pytest

from federation.errors import HutongError
from node.config import read_settings
from node.errors import FIELD_INVALID
from node.initialise import init_node
from node.keys.bundles import read_published
from node.keys.folder import KeyFolder
from node.keys.planning import Wanted, due
from node.model import Severity
from node.services.key_findings import contact_finding
from tests.node.keys.make import CITY, Cabinet, cabinet

CONTACT = '市信用办 "信用科" \\ 0371-12345'


def made(directory: Path, contact: str) -> Path:
    return init_node(
        directory,
        city=CITY,
        name_zh="郑州",
        name_en="Zhengzhou",
        peer_address="127.0.0.1:7443",
        local_address="127.0.0.1:7444",
        contact=contact,
    )


def tended(city: Cabinet, contact: str) -> bool:
    """What the timer does once the settings say this."""
    city.workshop.contact = contact
    return bool(city.work(lambda base: due(base, city.now, contact), f"tend {contact}"))


def test_what_init_was_told_is_in_the_first_bundle_and_in_the_settings(tmp_path: Path) -> None:
    settings = made(tmp_path, CONTACT)
    assert read_settings(settings, {}).contact == CONTACT
    assert read_published(KeyFolder(tmp_path))[-1].bundle.contact == CONTACT


@pytest.mark.parametrize(("typed", "said"), [("  ", ""), (f" {CONTACT} ", CONTACT)])
def test_blanks_around_a_contact_are_none_of_it(tmp_path: Path, typed: str, said: str) -> None:
    """A contact of blanks alone would be one to the timer and to nobody else."""
    settings = made(tmp_path, typed)
    assert read_settings(settings, {}).contact == said
    assert read_published(KeyFolder(tmp_path))[-1].bundle.contact == said


@pytest.mark.parametrize("bad", ["two\nlines", "x" * 1001, "\x7f"])
def test_a_contact_that_the_settings_could_not_hold_makes_no_node(tmp_path: Path, bad: str) -> None:
    with pytest.raises(HutongError) as refused:
        made(tmp_path / "city", bad)
    assert refused.value.reason == FIELD_INVALID
    assert not (tmp_path / "city" / "hutong.toml").exists()


def test_a_new_contact_in_the_settings_is_published_by_the_timer_once(tmp_path: Path) -> None:
    city = cabinet(tmp_path)
    before = city.newest
    assert before.contact == ""
    assert tended(city, "") is False
    assert tended(city, CONTACT) is True
    after = city.newest
    assert (after.sequence, after.contact) == (before.sequence + 1, CONTACT)
    assert after.signing_keys == before.signing_keys
    assert tended(city, CONTACT) is False


def test_every_bundle_after_it_says_it_too(tmp_path: Path) -> None:
    city = cabinet(tmp_path)
    tended(city, CONTACT)
    city.rotate(Wanted(signing=True, tls=True))
    city.revoke(city.newest.signing_keys[0].key_id)
    assert city.newest.contact == CONTACT
    # Settings that say nothing take nothing back.
    city.workshop.contact = ""
    city.rotate(Wanted(root_keys=1, root_threshold=1))
    assert city.newest.contact == CONTACT


def test_the_doctor_says_what_to_do_where_there_is_none(tmp_path: Path) -> None:
    bundle = cabinet(tmp_path).newest
    found = contact_finding(bundle)
    assert found.severity is Severity.WARNING
    assert "contact" in found.remedy_en
    assert "contact" in found.remedy_zh
    stated = contact_finding(replace(bundle, contact=CONTACT))
    assert (stated.severity, stated.detail_zh) == (Severity.OK, CONTACT)
