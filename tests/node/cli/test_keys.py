"""What is typed about keys where no node runs: a passphrase is set, a draft is signed."""

from pathlib import Path

import pytest

from federation.envelope import envelope_from_json
from node.cli import exits
from node.keys import FileKeys, KeyFolder
from node.keys.files import is_encrypted
from node.keys.planning import Wanted
from tests.node.cli.conftest import Run
from tests.node.keys.make import opened

INIT = ("init", "--city", "zhengzhou", "--peer-address", "127.0.0.1:1", "--passphrase")


def test_a_node_is_made_under_a_passphrase_that_is_read_and_not_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*INIT, tmp_path / "zz").code == exits.USAGE
    ran = run(*INIT, tmp_path / "zz", stdin="a long secret\n")
    assert ran.code == exits.DONE, ran.err
    assert "a long secret" not in ran.out + ran.err
    assert "HUTONG_KEY_PASSPHRASE" in ran.out
    assert is_encrypted(KeyFolder(tmp_path / "zz").signing_key)
    settings = ("--settings", tmp_path / "zz" / "hutong.toml")
    issue = ("client", "issue", "--role", "venue", "--name", "museum")
    assert "HUTONG_KEY_PASSPHRASE" in run(*settings, *issue).err
    monkeypatch.setenv("HUTONG_KEY_PASSPHRASE", "wrong")
    ran = run(*settings, *issue)
    assert ran.code != exits.DONE
    assert "another passphrase" in ran.err
    monkeypatch.setenv("HUTONG_KEY_PASSPHRASE", "a long secret")
    assert run(*settings, *issue).code == exits.DONE


def test_the_passphrase_of_a_node_is_set_changed_and_removed(
    run: Run, node_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypt = ("--settings", node_folder / "hutong.toml", "keys", "encrypt")
    folder = KeyFolder(node_folder)
    assert run(*encrypt).code == exits.USAGE
    assert run(*encrypt, stdin="first\n").code == exits.DONE
    assert is_encrypted(folder.signing_key)
    # Without the old one nothing changes.
    assert run(*encrypt, stdin="second\n").code != exits.DONE
    monkeypatch.setenv("HUTONG_KEY_PASSPHRASE", "first")
    ran = run("--json", *encrypt, stdin="second\n")
    assert ran.json["encrypted"]
    assert str(folder.document_key) in ran.json["files"]
    FileKeys(folder, passphrase=b"second")
    monkeypatch.setenv("HUTONG_KEY_PASSPHRASE", "second")
    assert run(*encrypt, "--remove").code == exits.DONE
    FileKeys(folder)


def test_a_draft_is_signed_where_neither_node_nor_settings_are(
    run: Run, node_folder: Path, tmp_path: Path
) -> None:
    made, root = opened(node_folder), tmp_path / "root.pem"
    made.folder.root_key.rename(root)
    work = made.rotate(Wanted(signing=True))
    assert work.draft is not None
    draft = work.draft.rename(tmp_path / "draft.json")
    for _ in range(2):
        ran = run("--json", "keys", "sign", draft, "--root", root)
        assert ran.code == exits.DONE, ran.err
        assert ran.json["bundle_sequence"] == 2
        assert len(ran.json["signatures"]) == 1
    assert "hutong keys publish" in run("keys", "sign", draft, "--root", root).out
    assert made.workshop.publish(envelope_from_json(draft.read_bytes())).sequence == 2


@pytest.mark.parametrize("content", ["", "{}", "garbage"])
def test_what_is_no_draft_is_not_signed(run: Run, node_folder: Path, content: str) -> None:
    Path("draft.json").write_text(content, "utf-8")
    root = KeyFolder(node_folder).root_key
    assert run("keys", "sign", "draft.json", "--root", root).code == exits.REFUSED
    assert Path("draft.json").read_text("utf-8") == content
    assert run("keys", "sign", "missing.json", "--root", root).code != exits.DONE


@pytest.mark.parametrize("length", ["", "5", "5 minutes", "-5s", "5w", "1.5h"])
def test_a_length_that_is_none_is_refused_before_anything_is_asked(run: Run, length: str) -> None:
    ran = run("keys", "rotate", "--lead", length)
    assert ran.code == exits.USAGE
    assert "30s" in ran.err


def test_the_number_of_root_keys_goes_with_root(run: Run) -> None:
    ran = run("keys", "rotate", "--root-keys", 3)
    assert ran.code == exits.USAGE
    assert "--root" in ran.err
