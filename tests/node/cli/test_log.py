"""What an operator types about the log: two cities on real ports, and files to be verified."""

import json
from pathlib import Path

import pytest

from federation.checkpoint import Checkpoint, note_lines, origin_of, sign_checkpoint
from federation.envelope import envelope_to_json
from node.cli import exits
from node.keys import FileKeys
from node.services.cosigning import current_public
from tests.node.cli.conftest import HOME, HOST, Run, Towns
from tests.node.transport.house import stranger


def forged(keys: FileKeys, size: int) -> bytes:
    """A checkpoint that the city of these keys signs, of another history."""
    head = Checkpoint(origin_of(HOME), size, b"\x01" * 32)
    return sign_checkpoint(head, keys, current_public(keys))


def test_a_checkpoint_is_made_cosigned_and_shown(towns: Towns) -> None:
    assert "none yet" in towns.run("log", "status").out
    ran = towns.run("log", "checkpoint")
    assert ran.code == exits.DONE, ran.out + ran.err
    assert "330100 has cosigned it" in ran.out
    shown = towns.run("--json", "log", "status").json
    assert shown["checkpoint"] == shown["cosigned"]
    assert shown["cosigned"]["cosigned_by"] == [HOST]
    assert shown["size"] == shown["checkpoint"]["size"]
    assert "330100" in towns.run("log", "status").out
    only = towns.run("--json", "log", "checkpoint", "--city", "hangzhou")
    assert [each["city"] for each in only.json["exchanges"]] == [HOST]


def test_a_witness_is_asked_for_what_it_cosigned_of_the_city_that_is_named(towns: Towns) -> None:
    assert towns.run("log", "checkpoint").code == exits.DONE
    towns.host.loop.run(towns.host.cases.witnessing.checkpoint())
    witness = towns.home.store.registry.partners[HOST]
    ask = towns.home.cases.cosigning._peers.checkpoint
    of_home, its_own = (towns.home.loop.run(ask(witness, of)) for of in (HOME, None))
    assert [line.name for line in note_lines(of_home)] == [origin_of(HOME), origin_of(HOST)]
    assert note_lines(its_own)[0].name == origin_of(HOST)


def test_a_partner_that_cannot_be_reached_is_told_with_what_to_do(towns: Towns) -> None:
    towns.home.loop.run(towns.host.ports[0].stop())
    ran = towns.run("log", "checkpoint")
    assert ran.code == exits.UNREACHABLE
    assert "330100 has not cosigned it" in ran.out
    assert "hutong doctor" in ran.out


def test_the_own_log_verifies_offline_and_a_changed_entry_is_named(towns: Towns) -> None:
    towns.grow(600)
    towns.run("log", "checkpoint")
    ran = towns.run("log", "verify")
    assert ran.code == exits.DONE, ran.out + ran.err
    assert "The log is whole" in ran.out
    assert "checkpoints: 1;" in ran.out
    said = towns.run("--json", "log", "verify").json
    assert said["verified"]
    assert (said["checkpoints"], said["cosignatures"], said["problems"]) == (1, 1, [])
    with towns.home.store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE log_entries SET kind = 'issued' WHERE sequence = 300")
    ran = towns.run("log", "verify")
    assert ran.code == exits.REFUSED
    assert "Entry 300: its kind, time or commitment was changed." in ran.out
    [problem] = towns.run("--json", "log", "verify").json["problems"]
    assert (problem["name"], problem["entry"]) == ("entry_changed", 300)
    assert "条目 300" in problem["text_zh"]


def test_a_store_that_was_rolled_back_does_not_reach_the_anchor(towns: Towns) -> None:
    towns.run("log", "checkpoint")
    size = int(towns.run("--json", "log", "status").json["size"])
    (towns.home.directory / "log" / "checkpoint").write_bytes(forged(towns.home.keys, size + 5))
    ran = towns.run("log", "verify")
    assert ran.code == exits.REFUSED
    assert f"{size + 5} entries were signed (anchor), and it has only {size}" in ran.out


def test_a_partners_log_is_fetched_and_verified_by_who_trusts_its_root(
    towns: Towns, tmp_path: Path
) -> None:
    towns.grow(5, towns.host)
    towns.home.loop.run(towns.host.cases.witnessing.checkpoint())
    file, bundle = tmp_path / "hangzhou.log", tmp_path / "hangzhou.json"
    ran = towns.run("log", "fetch", "hangzhou", file)
    assert ran.code == exits.DONE, ran.out + ran.err
    ran = towns.run("log", "verify", file)
    assert ran.code == exits.DONE, ran.out + ran.err
    assert "has the fingerprint" in ran.out
    bundle.write_text(envelope_to_json(towns.host.keys.bundle))
    said = towns.run("--json", "log", "verify", file, "--trust", bundle).json
    assert said["verified"]
    assert said["fingerprints"] == {}
    # A bundle of the same city's name that another root made is not that city's.
    impostor = stranger(tmp_path / "impostor", HOST)
    bundle.write_text(envelope_to_json(impostor.keys.bundle))
    ran = towns.run("log", "verify", file, "--trust", bundle)
    assert ran.code == exits.NOT_ALLOWED
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], *lines[2:], lines[1]]) + "\n")
    ran = towns.run("log", "verify", file)
    assert ran.code == exits.REFUSED
    assert "rewritten" in ran.out
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert "was truncated" in towns.run("log", "verify", file).out


def test_the_own_log_is_exported_for_anybody_to_verify(towns: Towns, tmp_path: Path) -> None:
    towns.grow(300)
    towns.run("log", "checkpoint")
    file = tmp_path / "zhengzhou.log"
    ran = towns.run("log", "export", file)
    assert ran.code == exits.DONE, ran.out + ran.err
    said = towns.run("--json", "log", "verify", file).json
    assert (said["verified"], said["cosignatures"]) == (True, 1)
    lines = file.read_text().splitlines()
    kind, at, committed = json.loads(lines[7])
    lines[7] = json.dumps(["received" if kind != "received" else "issued", at, committed])
    file.write_text("\n".join(lines))
    assert towns.run("log", "verify", file).code == exits.REFUSED


def test_nothing_is_exported_before_there_is_a_checkpoint(towns: Towns, tmp_path: Path) -> None:
    ran = towns.run("log", "export", tmp_path / "none.log")
    assert ran.code == exits.USAGE
    assert "hutong log checkpoint" in ran.err
    assert not (tmp_path / "none.log").exists()


def test_evidence_of_a_fork_convinces_a_third_party(towns: Towns, tmp_path: Path) -> None:
    towns.run("log", "checkpoint")
    size = int(towns.run("--json", "log", "status").json["checkpoint"]["size"])
    lie = forged(towns.home.keys, size)
    witnessing = towns.host.cases.witnessing
    with pytest.raises(Exception, match="LOG_FORKED"):
        towns.home.loop.run(witnessing.add_checkpoint(HOME, size, (), lie))
    settings = ("--settings", towns.host.directory / "hutong.toml")
    file = tmp_path / "evidence.json"
    assert (
        towns.command(*settings, "log", "evidence", "zhengzhou", "--out", file).code == exits.DONE
    )
    assert "forked, and it is suspended" in towns.command(*settings, "log", "status").out
    # Whoever has the file needs no node.
    ran = towns.command("log", "verify", file)
    assert ran.code == exits.DONE, ran.err
    assert "It showed two histories" in ran.out
    said = json.loads(file.read_bytes())
    assert towns.command("--json", "log", "verify", file).json["fork"] == "split"
    said["shown"] = said["known"]
    file.write_text(json.dumps(said))
    assert towns.command("log", "verify", file).code == exits.NOT_ALLOWED
    said["shown"] = lie.decode().replace(f"\n{size}\n", f"\n{size + 1}\n")
    file.write_text(json.dumps(said))
    assert "BAD_SIGNATURE" in towns.command("--json", "log", "verify", file).out


def test_without_a_fork_there_is_no_evidence(towns: Towns) -> None:
    ran = towns.run("log", "evidence", "hangzhou")
    assert ran.code == exits.REFUSED
    assert "no checkpoint of its log has contradicted another one" in ran.err


@pytest.mark.parametrize("content", ["", "{}", "[", '{"form":"hutong-log/1"}', "\x00\xff", "null"])
def test_a_file_that_is_neither_log_nor_evidence_is_refused(
    run: Run, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "garbage"
    file.write_text(content)
    ran = run("log", "verify", file)
    assert ran.code == exits.REFUSED
    assert "inside the command" not in ran.err
