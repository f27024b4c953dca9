"""Keys in a PKCS #11 token: made there, used there, and what happens when it is away."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass

from federation.errors import HutongError
from federation.keys import Suite, key_id
from node.config import read_settings
from node.errors import TOKEN_UNUSABLE
from node.initialise import examine_files
from node.keys.opening import key_access
from node.keys.pkcs11 import Pkcs11Token
from node.keys.planning import Wanted
from node.model import Severity
from tests.node.keys.conftest import PIN, SoftToken
from tests.node.keys.make import DAY, Cabinet, cabinet
from tests.node.keys.test_rotation import believed, follow, statement

pytestmark = pytest.mark.all
SIGNING = Wanted(signing=True)


@pytest.fixture
def token(soft_token: SoftToken) -> Pkcs11Token:
    return Pkcs11Token(soft_token.module, soft_token.label, PIN)


@pytest.fixture
def made(tmp_path: Path, token: Pkcs11Token) -> Cabinet:
    """A city that began with files and has rotated into its token."""
    made = cabinet(tmp_path, token=token)
    made.rotate(Wanted(signing=True, root_keys=2, root_threshold=2))
    made.move(DAY)
    return made


def inside(token: Pkcs11Token) -> list[pkcs11.Object]:
    """Every private key in the token."""
    wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    return token._do(lambda session: list(session.get_objects(wanted)))


def test_a_city_moves_its_keys_into_a_token_and_goes_on(made: Cabinet, token: Pkcs11Token) -> None:
    known = made.newest
    assert made.ring.key_id == known.signing_keys[-1].key_id
    believed(known, statement(made), made.now)
    made.ring.probe(made.clock)
    assert made.files("root*.pem") == []
    assert made.files("signing*.pem") == ["signing.pem"]
    labels = sorted(str(key[Attribute.LABEL]) for key in inside(token))
    named = [f"hutong-root-{k.key_id[:16]}" for k in known.root_keys]
    assert labels == sorted([*named, f"hutong-signing-{made.ring.key_id[:16]}"])
    made.rotate(SIGNING)
    made.move(3 * DAY)
    made.tend()
    known = follow(made, known)
    believed(known, statement(made), made.now)
    # What is over is destroyed, in the folder and in the token.
    assert made.files("signing*.pem") == []
    assert len(inside(token)) == 3


def test_no_private_key_can_leave_the_token(made: Cabinet, token: Pkcs11Token) -> None:
    assert len(made.newest.root_keys) == 2
    for key in inside(token):
        assert key[Attribute.SENSITIVE]
        assert not key[Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.PKCS11Error):
            key[Attribute.VALUE]


def test_a_revoked_key_is_destroyed_and_replaced(made: Cabinet, token: Pkcs11Token) -> None:
    old = made.ring.key_id
    made.revoke(old)
    assert made.ring.key_id != old
    believed(made.newest, statement(made), made.now)
    assert f"hutong-signing-{old[:16]}" not in {k[Attribute.LABEL] for k in inside(token)}


def test_many_threads_sign_with_one_token(made: Cabinet) -> None:
    failed = list[BaseException]()

    def sign() -> None:
        try:
            for _ in range(20):
                believed(made.newest, statement(made), made.now)
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    threads = [threading.Thread(target=sign) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def refused(soft_token: SoftToken, **changes: object) -> str:
    given = {"module": soft_token.module, "label": soft_token.label, "pin": PIN} | changes
    with pytest.raises(HutongError) as caught:
        Pkcs11Token(given["module"], given["label"], given["pin"])  # type: ignore[arg-type]
    assert caught.value.reason == TOKEN_UNUSABLE
    for shown in (caught.value.text("zh"), caught.value.text("en"), repr(caught.value.__cause__)):
        assert PIN.decode() not in shown
        assert "9999" not in shown
    return caught.value.fields["problem"]


def test_a_wrong_pin_or_token_or_library_is_told(soft_token: SoftToken) -> None:
    assert refused(soft_token, pin=b"9999") == "the PIN is wrong"
    assert "HUTONG_PKCS11_PIN" in refused(soft_token, pin=None)
    assert refused(soft_token, label="another") == "no token of this label is there"
    assert refused(soft_token, module=Path("/nonexistent.so")).startswith("its library")


def test_a_token_that_is_gone_is_told_and_used_again_when_it_is_back(
    made: Cabinet, token: Pkcs11Token, soft_token: SoftToken, tmp_path: Path
) -> None:
    statement(made)
    away = tmp_path / "away"
    shutil.move(soft_token.directory, away)
    # As when the device is drawn: SoftHSM itself keeps what it has read.
    token._close()
    pkcs11.lib(str(soft_token.module)).reinitialize()
    for _ in range(2):
        with pytest.raises(HutongError) as caught:
            statement(made)
        assert caught.value.reason == TOKEN_UNUSABLE
    with pytest.raises(HutongError):
        made.ring.probe(made.clock)
    shutil.move(away, soft_token.directory)
    believed(made.newest, statement(made), made.now)


def test_a_session_that_broke_is_opened_again(made: Cabinet, token: Pkcs11Token) -> None:
    statement(made)
    assert token._session is not None
    token._session.close()
    believed(made.newest, statement(made), made.now)


def test_the_settings_name_the_token(
    soft_token: SoftToken, token: Pkcs11Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cabinet(tmp_path, token=token)
    made.rotate(SIGNING)
    made.move(DAY)
    settings_path = tmp_path / "hutong.toml"
    with settings_path.open("a") as settings:
        settings.write(f'pkcs11_module = "{soft_token.module}"\n')
        settings.write(f'pkcs11_token = "{soft_token.label}"\npkcs11_pin_file = "pin"\n')
    (tmp_path / "pin").write_bytes(PIN)
    (tmp_path / "pin").chmod(0o600)
    access = key_access(read_settings(settings_path))
    assert access.ring(made.clock).key_id == made.ring.key_id
    assert PIN.decode() not in f"{access!r}{token!r}"
    assert {f.severity for f in examine_files(settings_path)} <= {Severity.OK, Severity.WARNING}
    (tmp_path / "pin").unlink()
    settings_path.write_text(
        settings_path.read_text("utf-8").replace('pkcs11_pin_file = "pin"\n', ""), "utf-8"
    )
    # Who looks without the PIN is told so, and nothing is called broken.
    [finding] = examine_files(settings_path)
    assert finding.severity is Severity.WARNING
    assert "HUTONG_PKCS11_PIN" in finding.remedy_en
    monkeypatch.setenv("HUTONG_PKCS11_PIN", PIN.decode())
    assert key_access(read_settings(settings_path)).token is not None


def test_without_the_package_the_settings_are_answered_by_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pkcs11'] = None\n"
        "from pathlib import Path\n"
        "from node.config import Settings\n"
        "from node.keys.opening import open_token\n"
        "from federation.errors import HutongError\n"
        "assert open_token(Settings(city='410100')) is None\n"
        "try: open_token(Settings(city='410100', pkcs11_module=Path('x'), pkcs11_token='y'))\n"
        "except HutongError as error: print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert "hutong[pkcs11]" in ran.stdout


def test_a_key_id_is_that_of_the_key_in_the_token(token: Pkcs11Token) -> None:
    made = token.make("signing")
    assert made.key_id == key_id(Suite.ED25519, made.public_key)
