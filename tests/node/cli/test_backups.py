"""What an operator types to keep a city: a key, a backup, and a restore that asks the partners."""

import errno
from pathlib import Path

import pytest

from federation.checkpoint import unverified_checkpoint
from federation.envelope import envelope_to_json
from node.cli import exits
from scripts.secret_rules import secrets_in
from tests.node.cli.conftest import HOST, Ran, Run, Towns


@pytest.fixture
def kept(towns: Towns, tmp_path: Path) -> Towns:
    """Two cities, an identity, and a backup of the first as its partner has cosigned it."""
    assert towns.command("backup", "key", tmp_path / "key.txt").code == exits.DONE
    assert towns.run("log", "checkpoint").code == exits.DONE
    (tmp_path / "trusted.json").write_text(envelope_to_json(towns.home.keys.bundle))
    public = public_key(tmp_path)
    ran = towns.run("backup", "make", tmp_path / "one.age", "--to", public)
    assert ran.code == exits.DONE, ran.err
    return towns


def public_key(folder: Path) -> str:
    lines = (folder / "key.txt").read_text().splitlines()
    return next(line.rpartition(" ")[2] for line in lines if "public key" in line)


def restored(towns: Towns, folder: Path, *options: object, to: str = "there") -> Ran:
    words = ("restore", folder / "one.age", folder / to, "--identity", folder / "key.txt")
    return towns.command(*words, *options)


def test_an_identity_is_made_once_and_for_its_user_alone(run: Run, tmp_path: Path) -> None:
    said = run("--json", "backup", "key", tmp_path / "key.txt").json
    assert said["public_key"] == public_key(tmp_path)
    assert (tmp_path / "key.txt").stat().st_mode & 0o777 == 0o600
    assert "AGE-SECRET-KEY" not in str(said)
    before = (tmp_path / "key.txt").read_bytes()
    assert run("backup", "key", tmp_path / "key.txt").code == exits.REFUSED
    assert (tmp_path / "key.txt").read_bytes() == before


def test_a_backup_is_verified_by_who_has_the_identity(kept: Towns, tmp_path: Path) -> None:
    words = ("backup", "verify", tmp_path / "one.age", "--identity", tmp_path / "key.txt")
    ran = kept.command(*words)
    assert ran.code == exits.DONE, ran.err
    assert "has the fingerprint" in ran.out
    assert "The backup is whole" in ran.out
    # It holds keys, and none that can be read; who has the identity is told by its form.
    assert secrets_in("one.age", (tmp_path / "one.age").read_bytes()) == []
    [identity] = secrets_in("key.txt", (tmp_path / "key.txt").read_bytes())
    assert identity.rule == "identity of encrypted backups"
    ran = kept.command(*words, "--trust", tmp_path / "trusted.json")
    assert "has the fingerprint" not in ran.out
    said = kept.command("--json", *words).json
    assert said["size"] == said["checkpoint_size"]
    assert {"files/keys", "files/bundles", "store/log_entries"} <= {
        part["name"] for part in said["parts"]
    }
    other = tmp_path / "other.json"
    other.write_text(envelope_to_json(kept.host.keys.bundle))
    ran = kept.command(*words, "--trust", other)
    assert ran.code == exits.REFUSED
    assert "a backup of 410100, not of 330100" in ran.err


def test_a_file_of_the_node_that_its_user_cannot_read_is_named(
    kept: Towns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not the backup, which could be written: somebody had made a client as root."""
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "root.pem":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    to = ("--to", public_key(tmp_path))
    ran = kept.run("backup", "make", tmp_path / "three.age", *to)
    assert ran.code == exits.REFUSED
    assert "keys/root.pem, whole file: Permission denied" in ran.err
    monkeypatch.setattr(Path, "read_bytes", read)
    ran = kept.run("backup", "make", tmp_path / "nowhere" / "four.age", *to)
    assert f"{tmp_path}/nowhere/four.age, whole file: No such file" in ran.err


def test_a_backup_to_several_keys_of_a_file(kept: Towns, tmp_path: Path) -> None:
    kept.command("backup", "key", tmp_path / "second.txt")
    second = kept.command("--json", "backup", "key", tmp_path / "third.txt").json["public_key"]
    (tmp_path / "keys.pub").write_text(f"# the city's\n{public_key(tmp_path)}\n{second}\n")
    ran = kept.run("backup", "make", tmp_path / "two.age", "--to", tmp_path / "keys.pub")
    assert ran.code == exits.DONE, ran.err
    for name, code in (("key", 0), ("third", 0), ("second", exits.REFUSED)):
        identity = ("--identity", tmp_path / f"{name}.txt")
        assert kept.command("backup", "verify", tmp_path / "two.age", *identity).code == code


@pytest.mark.parametrize("to", ["age1nonsense", "nowhere.txt"])
def test_a_recipient_that_is_none_is_refused_before_anything_is_read(
    towns: Towns, tmp_path: Path, to: str
) -> None:
    ran = towns.run("backup", "make", tmp_path / "two.age", "--to", to)
    assert ran.code == exits.REFUSED
    assert not (tmp_path / "two.age").exists()


def test_a_restored_city_hears_that_its_partners_know_nothing_newer(
    kept: Towns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUTONG_STORE")
    ran = restored(kept, tmp_path, "--trust", tmp_path / "trusted.json")
    assert ran.code == exits.DONE, ran.out + ran.err
    assert "330100 knows" in ran.out
    assert "No partner knows a newer log" in ran.out
    settings = ("--settings", tmp_path / "there" / "hutong.toml")
    assert kept.command(*settings, "log", "verify").code == exits.DONE
    assert kept.command(*settings, "log", "ask").code == exits.DONE
    assert restored(kept, tmp_path).code == exits.REFUSED


def test_a_restored_city_that_is_behind_its_partners_is_told_not_to_start(
    kept: Towns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.grow(5)
    assert kept.run("log", "checkpoint").code == exits.DONE
    newer = int(kept.run("--json", "log", "status").json["checkpoint"]["size"])
    assert kept.run("log", "ask").code == exits.DONE
    monkeypatch.delenv("HUTONG_STORE")
    ran = restored(kept, tmp_path)
    assert ran.code == exits.REFUSED
    assert f"330100 knows {newer} entries, and the store has only {newer - 5}" in ran.out
    assert "Do not start the node" in ran.out
    # What the partner knows is anchored: nothing serves with less, whether it is asked or not.
    anchor = tmp_path / "there" / "log" / "checkpoint"
    assert unverified_checkpoint(anchor.read_bytes()).size == newer
    ran = kept.command("--settings", tmp_path / "there" / "hutong.toml", "log", "verify")
    assert ran.code == exits.REFUSED
    assert "truncated" in ran.out


def test_a_partner_that_is_away_or_not_asked_is_said(
    kept: Towns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUTONG_STORE")
    said = restored(kept, tmp_path, "--no-ask", "--json", to="unasked")
    assert said.code == exits.DONE
    assert said.json["asked"] is False
    kept.home.loop.run(kept.host.ports[0].stop())
    ran = restored(kept, tmp_path, "--json")
    assert ran.code == exits.UNREACHABLE
    [partner] = ran.json["partners"]
    assert (partner["city"], partner["known"]) == (HOST, "unheard")
    assert "Run `hutong log ask` again" in restored(kept, tmp_path, to="again").out


def test_a_log_of_another_history_is_told(kept: Towns, tmp_path: Path) -> None:
    kept.grow(3)
    assert kept.run("log", "checkpoint").code == exits.DONE
    with kept.home.store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE log_entries SET leaf_hash = zeroblob(32)")
    ran = kept.run("log", "ask")
    assert ran.code == exits.REFUSED
    assert "of another history" in ran.out
