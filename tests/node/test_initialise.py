"""What `init` makes, and that it never makes it twice."""

from pathlib import Path

import pytest

from federation import codec
from federation.envelope import envelope_from_json
from federation.errors import MALFORMED, HutongError
from federation.identifiers import CityCode
from federation.trust import fingerprint, open_first_bundle
from node.clock import SystemClock
from node.config import SETTINGS_FILE, read_settings
from node.errors import ALREADY_INITIALISED, FIELD_INVALID, KEY_UNUSABLE, NOT_INITIALISED
from node.initialise import (
    default_client,
    examine_files,
    init_node,
    issue_client,
)
from node.keys import FileKeys, KeyFolder
from node.model import Role, Severity

CITY = CityCode("410100")


def init(directory: Path, **changes: str) -> Path:
    values = {
        "name_zh": "郑州",
        "name_en": "Zhengzhou",
        "peer_address": "node.example:7443",
        "local_address": "127.0.0.1:7444",
    } | changes
    return init_node(
        directory,
        city=CITY,
        name_zh=values["name_zh"],
        name_en=values["name_en"],
        peer_address=values["peer_address"],
        local_address=values["local_address"],
    )


def files(directory: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(directory)): p.read_bytes()
        for p in sorted(directory.rglob("*"))
        if p.is_file()
    }


def test_what_is_made_can_be_served_and_examined(tmp_path: Path) -> None:
    settings_path = init(tmp_path)
    settings = read_settings(settings_path, {})
    assert settings.code == CITY
    assert settings.peer_listen == "0.0.0.0:7443"
    assert settings.local_listen == "127.0.0.1:7444"
    FileKeys(KeyFolder(settings.data_dir)).probe(SystemClock())
    assert {f.severity for f in examine_files(settings_path)} == {Severity.OK}


def test_the_trust_bundle_opens_with_its_fingerprint_and_no_other(tmp_path: Path) -> None:
    init(tmp_path)
    folder, now = KeyFolder(tmp_path), SystemClock().now()
    envelope = envelope_from_json(folder.bundle.read_text("utf-8"))
    other = CityCode("330100")
    opened = open_first_bundle(envelope, fingerprint(envelope), audience=other, now=now)
    bundle = opened.message
    assert (bundle.sequence, bundle.header.issuer, bundle.name_zh) == (1, CITY, "郑州")
    assert [str(endpoint) for endpoint in bundle.endpoints] == ["node.example:7443"]
    assert bundle.tls_certificates == (FileKeys(folder).peer_identity.der(),)
    assert [key.key_id for key in bundle.signing_keys] == [FileKeys(folder).key_id]
    assert codec.TRUST_BUNDLE.decode(envelope.payload) == bundle
    with pytest.raises(HutongError):
        open_first_bundle(envelope, "0" * 64, audience=other, now=now)


def test_a_second_init_is_refused_and_nothing_is_overwritten(tmp_path: Path) -> None:
    init(tmp_path)
    before = files(tmp_path)
    with pytest.raises(HutongError) as refused:
        init(tmp_path, name_zh="其他")
    assert refused.value.reason == ALREADY_INITIALISED
    (tmp_path / SETTINGS_FILE).unlink()
    with pytest.raises(HutongError):
        init(tmp_path)
    before.pop(SETTINGS_FILE)
    assert files(tmp_path) == before


def test_settings_without_keys_are_not_overwritten_either(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text("# mine")
    with pytest.raises(HutongError) as refused:
        init(tmp_path)
    assert refused.value.reason == ALREADY_INITIALISED
    assert files(tmp_path) == {SETTINGS_FILE: b"# mine"}


BAD = [
    ("peer_address", "7443"),
    ("peer_address", "host:"),
    ("peer_address", ":7443"),
    ("peer_address", 'a"b:7443'),
    ("peer_address", "主机:7443"),
    ("peer_address", "host:²"),
    ("peer_address", "::1:7443"),
    ("local_address", "host:port"),
    ("peer_address", "host:0"),
    ("local_address", "host:65536"),
    ("name_zh", "长" * 1001),
    ("name_en", "a\0b"),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_mistake_leaves_nothing_behind_and_can_be_mended(
    tmp_path: Path, field: str, value: str
) -> None:
    with pytest.raises(HutongError) as refused:
        init(tmp_path, **{field: value})
    assert refused.value.reason in (FIELD_INVALID, MALFORMED)
    assert files(tmp_path) == {}
    init(tmp_path)


@pytest.mark.parametrize(
    ("address", "listen"),
    [
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("[::1]:65535", "[::1]:65535"),
        ("[2001:db8::1]:7443", "0.0.0.0:7443"),
        ("10.0.0.1:7443", "0.0.0.0:7443"),
    ],
)
def test_a_node_listens_where_its_partners_can_reach_it(
    tmp_path: Path, address: str, listen: str
) -> None:
    assert read_settings(init(tmp_path, peer_address=address), {}).peer_listen == listen


@pytest.mark.parametrize("role", Role)
def test_there_is_a_first_client_of_each_role(tmp_path: Path, role: Role) -> None:
    found = default_client(init(tmp_path), role)
    for path in (found.certificate, found.key, found.ca):
        # An auditor is nobody of the city's.
        assert path.is_file() is (role is not Role.AUDITOR)
    if role is Role.AUDITOR:
        return
    assert found.ca.read_bytes() == KeyFolder(tmp_path).ca_certificate.read_bytes()


def test_a_client_that_has_one_gets_a_new_certificate_and_key(tmp_path: Path) -> None:
    settings = init(tmp_path)
    made = issue_client(settings, role=Role.VENUE, name="museum", directory=tmp_path / "out")
    before = made.key.read_bytes(), made.certificate.read_bytes()
    again = issue_client(settings, role=Role.VENUE, name="museum", directory=tmp_path / "out")
    assert again == made
    assert (made.key.read_bytes(), made.certificate.read_bytes()) != before
    with pytest.raises(HutongError) as refused:
        issue_client(settings, role=Role.VENUE, name="../x", directory=tmp_path / "out")
    assert refused.value.reason == MALFORMED
    assert not (tmp_path / "x.key").exists()


def test_no_client_is_issued_where_there_is_no_node(tmp_path: Path) -> None:
    with pytest.raises(HutongError) as refused:
        issue_client(tmp_path / SETTINGS_FILE, role=Role.VENUE, name="museum", directory=tmp_path)
    assert refused.value.reason == NOT_INITIALISED
    settings = init(tmp_path)
    KeyFolder(tmp_path).ca_certificate.unlink()
    with pytest.raises(HutongError) as unusable:
        issue_client(settings, role=Role.VENUE, name="museum", directory=tmp_path)
    assert unusable.value.reason == KEY_UNUSABLE


@pytest.mark.parametrize("name", ["signing_key", "peer_certificate", "local_key", "bundle"])
def test_what_is_missing_or_spoilt_is_found_with_its_path_and_a_remedy(
    tmp_path: Path, name: str
) -> None:
    settings = init(tmp_path)
    path: Path = getattr(KeyFolder(tmp_path), name)
    if name != "local_key":
        path.write_bytes(b"0xC0FFEE")
        [finding] = examine_files(settings)
        assert finding.severity is Severity.ERROR
        assert str(path) in finding.detail_en
        assert "C0FFEE" not in finding.detail_en
    path.unlink()
    [finding] = examine_files(settings)
    assert str(path) in finding.detail_en
    assert str(path) in finding.detail_zh
    assert finding.remedy_zh
    assert finding.remedy_en


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    [finding] = examine_files(tmp_path / SETTINGS_FILE)
    assert finding.severity is Severity.ERROR
    assert "hutong init" in finding.detail_en


def test_both_ports_show_certificates_of_their_own(tmp_path: Path) -> None:
    init(tmp_path)
    folder = KeyFolder(tmp_path)
    keys = FileKeys(folder)
    assert keys.peer_identity.certificate != keys.local_identity.certificate
    assert keys.peer_identity.key != keys.local_identity.key
