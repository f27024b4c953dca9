"""Private keys under a passphrase: none of them is readable without it, and no error shows it."""

import traceback
from pathlib import Path

import pytest

from federation.errors import HutongError
from node.config import SETTINGS_FILE, read_settings, secret
from node.errors import KEY_UNUSABLE, SETTING_INVALID
from node.initialise import examine_files, issue_client
from node.keys import FileKeys, KeyFolder
from node.keys.at_rest import change_passphrase
from node.keys.files import read_signer
from node.keys.opening import key_access
from node.keys.planning import Wanted
from node.model import Role, Severity
from tests.node.keys.make import DAY, Cabinet, HeldClock, cabinet, init

PASSPHRASE = b"correct horse battery staple"
WRONG = b"7291-falsch"
CLEAR = b"-----BEGIN PRIVATE KEY-----"


@pytest.fixture
def made(tmp_path: Path) -> Cabinet:
    return cabinet(tmp_path, passphrase=PASSPHRASE)


def private_files(folder: KeyFolder) -> list[Path]:
    return [*folder.root.glob("*.pem"), folder.document_key]


def clear(folder: KeyFolder) -> list[str]:
    """The private files that anybody can read who has them."""
    return [
        path.name
        for path in private_files(folder)
        if b"ENCRYPTED" not in path.read_bytes().splitlines()[0]
    ]


def test_nothing_that_is_made_ever_lies_in_the_clear(made: Cabinet) -> None:
    assert clear(made.folder) == []
    made.rotate(Wanted(signing=True, tls=True, root_keys=3, root_threshold=2))
    made.move(340 * DAY)
    assert made.workshop.renew_local()
    made.tend()
    assert clear(made.folder) == []
    assert len(private_files(made.folder)) > 8
    assert {p.stat().st_mode & 0o777 for p in private_files(made.folder)} == {0o600}


@pytest.mark.parametrize("given", [None, WRONG])
def test_a_wrong_or_missing_passphrase_is_told_by_the_file_and_never_shown(
    made: Cabinet, given: bytes | None
) -> None:
    with pytest.raises(HutongError) as caught:
        FileKeys(made.folder, passphrase=given)
    assert caught.value.reason == KEY_UNUSABLE
    assert "HUTONG_KEY_PASSPHRASE" in caught.value.fields["problem"]
    told = "".join(traceback.format_exception(caught.value)) + caught.value.text("zh")
    assert WRONG.decode() not in told
    assert PASSPHRASE.decode() not in told


def test_no_repr_shows_the_passphrase(made: Cabinet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUTONG_KEY_PASSPHRASE", PASSPHRASE.decode())
    settings = read_settings(made.folder.root.parent / SETTINGS_FILE)
    access = key_access(settings)
    assert access.ring(made.clock).key_id == made.ring.key_id
    shown = f"{access!r}{access}{made.ring!r}{settings!r}{settings.model_dump()}"
    assert PASSPHRASE.decode() not in shown


def test_documents_are_digested_alike_with_and_without_a_passphrase(tmp_path: Path) -> None:
    made = cabinet(tmp_path)
    before = made.ring.document_digest(1, "999999199012217071")
    key_id = made.ring.key_id
    change_passphrase(made.folder, None, PASSPHRASE)
    after = FileKeys(made.folder, passphrase=PASSPHRASE)
    assert after.document_digest(1, "999999199012217071") == before
    assert after.key_id == key_id


def test_a_passphrase_is_set_changed_and_removed(tmp_path: Path) -> None:
    made = cabinet(tmp_path)
    for old, new in ((None, b"first"), (b"first", b"second"), (b"second", None)):
        changed = change_passphrase(made.folder, old, new)
        assert set(changed) == set(private_files(made.folder))
        assert (clear(made.folder) == []) == (new is not None)
        FileKeys(made.folder, passphrase=new).probe(made.clock)
        assert {p.stat().st_mode & 0o777 for p in changed} == {0o600}
    assert made.folder.signing_key.read_bytes().startswith(CLEAR)


def test_nothing_is_changed_where_one_file_cannot_be_read(made: Cabinet) -> None:
    made.folder.peer_key.write_bytes(b"garbage")
    before = {path: path.read_bytes() for path in private_files(made.folder)}
    with pytest.raises(HutongError):
        change_passphrase(made.folder, PASSPHRASE, b"new")
    assert {path: path.read_bytes() for path in private_files(made.folder)} == before


class Cut:
    """Renames so many files, and then the power fails."""

    def __init__(self, left: int) -> None:
        self._left = left
        self._real = Path.replace

    def __call__(self, source: Path, target: Path) -> Path:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        return self._real(source, target)


def test_a_change_that_was_cut_off_anywhere_is_finished_by_the_same_command(
    made: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = PASSPHRASE
    for left in range(len(private_files(made.folder))):
        new, cut = f"passphrase {left}".encode(), Cut(left)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", lambda s, t, cut=cut: cut(s, t))
            with pytest.raises(KeyboardInterrupt):
                change_passphrase(made.folder, old, new)
        change_passphrase(made.folder, old, new)
        FileKeys(made.folder, passphrase=new).probe(made.clock)
        old = new


def test_a_passphrase_comes_from_the_environment_or_a_file_of_ours_alone(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    assert secret("HUTONG_KEY_PASSPHRASE", None, {}) is None
    file.write_text("from the file\nand more\n")
    file.chmod(0o600)
    assert secret("HUTONG_KEY_PASSPHRASE", file, {}) == b"from the file"
    over = {"HUTONG_KEY_PASSPHRASE": "from the environment"}
    assert secret("HUTONG_KEY_PASSPHRASE", file, over) == b"from the environment"
    for mode, content in ((0o644, "x"), (0o600, ""), (0o600, "\nx"), (0o000, None)):
        file.chmod(0o600)
        file.write_text(content or "")
        file.chmod(mode)
        if content is None:
            file.unlink()
        with pytest.raises(HutongError) as caught:
            secret("HUTONG_KEY_PASSPHRASE", file, {})
        assert caught.value.reason == SETTING_INVALID
        assert caught.value.fields["key"] == str(file)


def test_the_settings_name_the_file_beside_them(tmp_path: Path) -> None:
    settings_path = init(tmp_path, PASSPHRASE)
    (tmp_path / "secret").write_bytes(PASSPHRASE)
    (tmp_path / "secret").chmod(0o600)
    with settings_path.open("a") as settings:
        settings.write('key_passphrase_file = "secret"\n')
    assert {f.severity for f in examine_files(settings_path)} == {Severity.OK}
    issue_client(settings_path, role=Role.VENUE, name="museum", directory=tmp_path / "out")
    (tmp_path / "secret").write_bytes(b"wrong")
    [finding] = examine_files(settings_path)
    assert finding.severity is Severity.ERROR
    with pytest.raises(HutongError):
        issue_client(settings_path, role=Role.VENUE, name="museum", directory=tmp_path / "out")


def test_who_examines_without_the_passphrase_is_told_and_nothing_is_called_broken(
    tmp_path: Path,
) -> None:
    [finding] = examine_files(init(tmp_path, PASSPHRASE))
    assert finding.severity is Severity.WARNING
    assert "HUTONG_KEY_PASSPHRASE" in finding.remedy_en


def test_a_key_file_that_was_opened_to_others_is_refused_at_the_next_look(made: Cabinet) -> None:
    made.ring.probe(made.clock)
    made.folder.signing_key.chmod(0o640)
    with pytest.raises(HutongError) as caught:
        made.ring.probe(made.clock)
    assert caught.value.fields["problem"] == "others may read it"
    made.folder.root_key.chmod(0o604)
    with pytest.raises(HutongError):
        read_signer(made.folder.root_key, PASSPHRASE)
    with pytest.raises(HutongError):
        FileKeys(made.folder, passphrase=PASSPHRASE, clock=HeldClock(made.now))
