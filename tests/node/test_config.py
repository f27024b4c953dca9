"""Settings: a misspelt one never passes for its default, and each mistake says how to mend it."""

import difflib
import itertools
import os
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from federation.errors import HutongError, Reason
from node.config import SETTINGS_FILE, Settings, read_settings
from node.errors import NOT_INITIALISED, SETTING_INVALID, SETTING_UNKNOWN

CITY = 'city = "410100"\n'
KEYS = tuple(Settings.model_fields)
MANUAL = Path(__file__).parents[2] / "docs" / "manual.md"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / SETTINGS_FILE


def read(file: Path, text: str, **environment: str) -> Settings:
    file.write_text(text, "utf-8")
    return read_settings(file, environment)


def refused(file: Path, reason: Reason, text: str, **environment: str) -> dict[str, str]:
    with pytest.raises(HutongError) as found:
        read(file, text, **environment)
    assert found.value.reason == reason
    return found.value.fields


def test_a_city_is_enough_and_every_default_is_as_documented(file: Path) -> None:
    settings = read(file, CITY)
    assert settings.model_dump() == {
        "city": "410100",
        "data_dir": file.parent.resolve(),
        "store": "sqlite:///hutong.sqlite",
        "peer_listen": "0.0.0.0:7443",
        "local_listen": "127.0.0.1:7444",
        "onboarding_listen": "0.0.0.0:7445",
        "metrics_listen": "",
        "traces_endpoint": "",
        "traces_ratio": 0.01,
        "partner_rate": 500,
        "partner_at_once": 256,
        "client_rate": 1000,
        "client_at_once": 512,
        "contact": "",
        "time_zone": "Asia/Shanghai",
        "key_passphrase_file": None,
        "pkcs11_module": None,
        "pkcs11_token": "",
        "pkcs11_pin_file": None,
        "log_level": "info",
    }
    assert settings.code == "410100"
    assert settings.zone == ZoneInfo("Asia/Shanghai")


def test_the_manual_s_table_has_every_setting_with_its_default() -> None:
    table = MANUAL.read_text("utf-8").split("| setting | default | what |\n|---|---|---|\n")[1]
    told = dict[str, str]()
    for row in table.split("\n\n")[0].splitlines():
        names, defaults = row.split("|")[1:3]
        each = re.findall(r"`(\w+)`", names)
        said = [default.strip(" `") for default in defaults.split(",")]
        told |= dict(itertools.zip_longest(each, said, fillvalue=""))
    wanted = {
        name: "" if field.is_required() or field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert told == wanted


def test_a_passphrase_and_a_pin_are_no_settings_and_no_setting_shows_them(file: Path) -> None:
    secrets = {"HUTONG_KEY_PASSPHRASE": "first secret", "HUTONG_PKCS11_PIN": "second secret"}
    settings = read(file, CITY, **secrets)
    assert "secret" not in f"{settings!r}{settings.model_dump()}"
    # In the file they would lie beside what they protect.
    for name in ("key_passphrase", "pkcs11_pin"):
        found = refused(file, SETTING_UNKNOWN, f'{CITY}{name} = "x"\n')
        assert found["nearest"] == f"{name}_file"


def test_files_of_secrets_lie_beside_the_settings(file: Path) -> None:
    settings = read(file, CITY, HUTONG_KEY_PASSPHRASE_FILE="secret", HUTONG_PKCS11_PIN_FILE="/pin")
    assert settings.key_passphrase_file == file.parent.resolve() / "secret"
    assert settings.pkcs11_pin_file == Path("/pin")


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [("stor", "store"), ("datadir", "data_dir"), ("peer_address", "peer_listen"), ("CITY", "city")],
)
def test_an_unknown_key_in_the_file_names_the_nearest(file: Path, wrong: str, nearest: str) -> None:
    fields = refused(file, SETTING_UNKNOWN, CITY + f'{wrong} = "x"\n')
    assert fields["key"] == wrong
    assert fields["where"] == str(file)
    if wrong != "CITY":
        assert fields["nearest"] == nearest


def test_an_unknown_key_in_the_environment_names_the_nearest_as_it_is_written_there(
    file: Path,
) -> None:
    fields = refused(file, SETTING_UNKNOWN, CITY, HUTONG_LOGLEVEL="debug")
    assert fields == {
        "where": "environment",
        "key": "HUTONG_LOGLEVEL",
        "nearest": "HUTONG_LOG_LEVEL",
    }


@given(key=st.from_regex(r"[a-z][a-z_]{0,20}", fullmatch=True))
def test_whatever_is_misspelt_is_told_and_a_key_that_exists_is_named(key: str) -> None:
    assume(key not in KEYS)
    file = Path(os.devnull)
    with pytest.raises(HutongError) as found:
        read_settings(file, {f"HUTONG_{key.upper()}": "x"})
    if key.upper() in {"SETTINGS", "LANG", "ADDRESS", "CERTIFICATE", "KEY", "CA", "LONG"}:
        assert found.value.reason == SETTING_INVALID
        return
    nearest = found.value.fields["nearest"].removeprefix("HUTONG_").lower()
    assert [nearest] == difflib.get_close_matches(key, KEYS, n=1, cutoff=0.0)


def test_the_environment_goes_over_the_file(file: Path) -> None:
    settings = read(file, CITY + 'log_level = "error"\n', HUTONG_LOG_LEVEL="debug", OTHER="x")
    assert settings.log_level == "debug"
    with_city = read(file, 'log_level = "error"\n', HUTONG_CITY="330100")
    assert with_city.code == "330100"


def test_the_names_that_the_command_line_reads_are_no_settings(file: Path) -> None:
    environment = {"HUTONG_LANG": "zh", "HUTONG_SETTINGS": "x", "HUTONG_ADDRESS": "y"}
    assert read(file, CITY, **environment) == read(file, CITY)


WRONG = {
    'city = "41010"': "city",
    'city = "北京"': "city",
    "city = 410100": "city",
    'city = "410100"\nstore = 5': "store",
    'city = "410100"\nlog_level = "loud"': "log_level",
    'city = "410100"\ntime_zone = "Mars/Base"': "time_zone",
    'city = "410100"\ntime_zone = "../etc"': "time_zone",
    'city = "410100"\npeer_listen = "7443"': "peer_listen",
    'city = "410100"\npeer_listen = "host:"': "peer_listen",
    'city = "410100"\npeer_listen = "host:65536"': "peer_listen",
    'city = "410100"\npeer_listen = "host:²"': "peer_listen",
    'city = "410100"\nlocal_listen = [1]': "local_listen",
    'city = "410100"\ntraces_endpoint = "127.0.0.1:4317"': "traces_endpoint",
    'city = "410100"\ntraces_endpoint = "http://127.0.0.1"': "traces_endpoint",
    'city = "410100"\ntraces_endpoint = "http://127.0.0.1:x"': "traces_endpoint",
    'city = "410100"\ntraces_endpoint = "http://a:b@host:4317"': "traces_endpoint",
    'city = "410100"\ntraces_endpoint = "http://host:4317/v1/traces"': "traces_endpoint",
    'city = "410100"\ntraces_ratio = 1.5': "traces_ratio",
    'city = "410100"\ntraces_ratio = -0.1': "traces_ratio",
    'city = "410100"\ntraces_ratio = "much"': "traces_ratio",
    'city = "410100"\ntraces_ratio = nan': "traces_ratio",
    "": "city",
}


@pytest.mark.parametrize(("text", "key"), WRONG.items())
def test_a_wrong_value_is_told_with_its_key(file: Path, text: str, key: str) -> None:
    fields = refused(file, SETTING_INVALID, text)
    assert fields["key"] == key
    assert fields["where"] == str(file)
    assert fields["problem"]


def test_a_wrong_value_of_the_environment_is_told_as_such(file: Path) -> None:
    fields = refused(file, SETTING_INVALID, CITY, HUTONG_LOG_LEVEL="loud")
    assert (fields["where"], fields["key"]) == ("environment", "log_level")


def test_a_password_in_the_store_is_in_no_error(file: Path) -> None:
    text = CITY + 'store = "postgresql://u:hunter2@h/d"\nlog_level = "loud"\n'
    file.write_text(text, "utf-8")
    with pytest.raises(HutongError) as found:
        read_settings(file, {})
    assert "hunter2" not in str(found.value)


@pytest.mark.parametrize("content", [b"city = ", b"\xff\xfe", b"[[[", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_told_by_its_name(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(HutongError) as found:
        read_settings(file, {})
    assert found.value.reason == SETTING_INVALID
    assert found.value.fields["where"] == str(file)


@given(content=st.binary(max_size=200))
def test_garbage_only_ever_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "garbage.toml"
    file.write_bytes(content)
    with pytest.raises(HutongError):
        read_settings(file, {})


def test_a_folder_without_a_node_says_how_to_make_one(file: Path) -> None:
    with pytest.raises(HutongError, match="hutong init") as found:
        read_settings(file, {})
    assert found.value.reason == NOT_INITIALISED


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(HutongError) as found:
        read_settings(tmp_path, {})
    assert found.value.reason == SETTING_INVALID


def test_relative_paths_are_below_the_files_folder_whatever_the_working_directory(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    settings = read(file, CITY + 'data_dir = "data"\nstore = "sqlite:///db/one.sqlite"\n')
    folder = file.parent.resolve()
    assert settings.data_dir == folder / "data"
    assert settings.store_url == f"sqlite:///{folder}/data/db/one.sqlite"
    elsewhere = read(file, CITY, HUTONG_DATA_DIR="../other")
    assert elsewhere.data_dir == folder.parent / "other"


def test_absolute_paths_and_other_stores_are_left_alone(file: Path) -> None:
    settings = read(file, CITY + 'data_dir = "/srv/x"\nstore = "sqlite:////srv/y.sqlite"\n')
    assert settings.data_dir == Path("/srv/x")
    assert settings.store_url == "sqlite:////srv/y.sqlite"
    url = "postgresql://u:p@h/d"
    assert read(file, CITY, HUTONG_STORE=url).store_url == url


def test_settings_cannot_be_changed_while_the_node_runs(file: Path) -> None:
    settings = read(file, CITY)
    with pytest.raises(ValueError, match="frozen"):
        settings.city = "330100"  # type: ignore[misc]
