"""Making a node and its clients, and running it."""

import shlex
from pathlib import Path

import click

from federation.identifiers import CityCode
from node import bootstrap, data
from node.cli.errors import Misused
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.cli.values import city_of, new_passphrase, unreadable
from node.model import Role

_LOCAL = "127.0.0.1:7444"


@command("init")
@argument("directory")
@option("--city", type=city_of, required=True, metavar="CITY")
@option("--peer-address", required=True, metavar="HOST:PORT")
@option("--local-address", default=_LOCAL, metavar="HOST:PORT")
@option("--name-zh", metavar="TEXT")
@option("--name-en", metavar="TEXT")
@option("--contact", default="", metavar="TEXT")
@option("--passphrase", is_flag=True, text="init_passphrase")
@pass_session
def init(  # noqa: PLR0913 - each is an option
    session: Session,
    *,
    directory: str,
    city: str,
    peer_address: str,
    local_address: str,
    name_zh: str | None,
    name_en: str | None,
    contact: str,
    passphrase: bool,
) -> None:
    """Make a node."""
    shipped = next((each for each in data.cities() if each.code == city), None)
    name_zh = name_zh or (shipped.name_zh if shipped else None)
    name_en = name_en or (shipped.name_en if shipped else None)
    if not name_zh or not name_en:
        raise Misused("said.names_needed")
    try:
        settings = bootstrap.init_node(
            Path(directory),
            city=CityCode(city),
            name_zh=name_zh,
            name_en=name_en,
            contact=contact,
            peer_address=peer_address,
            local_address=local_address,
            passphrase=new_passphrase(session) if passphrase else None,
        )
    except OSError as error:
        raise unreadable(str(error.filename or directory), error) from error
    steps = _next_steps(settings, shipped)
    if session.out.document({"settings": str(settings), "city": city, "next_steps": steps}):
        return
    name = name_zh if session.language == "zh" else name_en
    session.out.line(session.say("said.initialised", name=name, directory=directory))
    session.out.line(session.say("said.next_steps"))
    for step in steps:
        session.out.line(f"  {step}")
    if passphrase:
        session.out.line(session.say("said.encrypt_next"))
    session.out.line(session.say("said.back_up", directory=directory))


def _next_steps(settings: Path, shipped: data.City | None) -> list[str]:
    folder = data.path(shipped.pinyin) if shipped else Path()
    scale, incentives, indicators = (
        shlex.quote(str(folder / f"{name}.toml")) for name in ("scale", "incentives", "indicators")
    )
    return [
        f"export HUTONG_SETTINGS={shlex.quote(str(settings.resolve()))}",
        "hutong serve",
        f"hutong scale load {scale}",
        f"hutong incentives load {incentives}",
        f"hutong indicators load {indicators}",
        "hutong client issue --role operator --name second",
        "hutong partner invite CITY",
        "hutong doctor",
    ]


@command("serve")
@pass_session
def serve(session: Session) -> int:
    """Run the node until it is told to stop."""
    return bootstrap.serve(session.settings)


@command("client issue")
@option("--role", type=click.Choice([role.value for role in Role]), required=True)
@option("--name", required=True, metavar="NAME", text="client_name")
@option("--directory", metavar="DIRECTORY", text="client_directory")
@pass_session
def issue(session: Session, *, role: str, name: str, directory: str | None) -> None:
    """Make the certificate of a client."""
    session.settings  # noqa: B018 - says what is wrong with the settings first
    path = session.settings_path
    folder = Path(directory) if directory else _clients(path)
    try:
        files = bootstrap.issue_client(path, role=Role(role), name=name, directory=folder)
    except OSError as error:
        raise unreadable(str(error.filename or folder), error) from error
    made = {
        "certificate": str(files.certificate),
        "key": str(files.key),
        "ca": str(files.ca),
    }
    if session.out.document({"role": role, "name": name} | made):
        return
    session.out.line(session.say("said.issued", role=role, name=name))
    session.out.lines([(session.say(f"words.file_{kind}"), file) for kind, file in made.items()])
    session.out.line(session.say("said.issued_use", **made))


def _clients(settings: Path) -> Path:
    return bootstrap.default_client(settings, Role.OPERATOR).certificate.parent
