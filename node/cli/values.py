"""Values of the command line, parsed once at the gate; and options that several commands take."""

import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from federation.errors import HutongError
from federation.identifiers import city_code, uuid_text
from node import data
from node.cli.errors import Misused, Wrong
from node.cli.session import Session
from node.cli.shape import option
from node.errors import FILE_INVALID

STANDARD_INPUT: Final = "-"


def city_of(text: str) -> str:
    """The code of a city that is named by code, pinyin or name; any six-digit code will do."""
    try:
        return data.city(text).code
    except HutongError:
        pass
    try:
        return city_code(text.strip())
    except HutongError as error:
        known = ", ".join(each.pinyin for each in data.cities())
        raise Wrong("said.bad_city", value=text, known=known) from error


def named(session: Session, code: str) -> str:
    """The name of a city that the shipped data knows, with its code; the code of another."""
    about = next((each for each in data.cities() if each.code == code), None)
    if about is None:
        return code
    return f"{about.name_zh}（{code}）" if session.language == "zh" else f"{about.name_en} ({code})"


def uuid_of(text: str) -> str:
    """A UUID in its canonical form."""
    try:
        return uuid_text(text.strip().lower(), where="request_id")
    except HutongError as error:
        raise Wrong("said.bad_uuid") from error


def address_of(text: str) -> str:
    """HOST:PORT, as it is dialled."""
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not host.isprintable():
        raise Wrong("said.bad_address", value=text)
    return f"{host}:{port}"


def moment_of(text: str) -> str:
    """A day, or an instant with its zone; kept as text until the city's zone is known."""
    try:
        found = datetime.fromisoformat(text.strip())
        if found.tzinfo is not None:
            found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        # An instant of the first or the last year may be none in UTC.
        raise Wrong("said.bad_moment") from error
    if found.tzinfo is None and not _is_day(text.strip()):
        raise Wrong("said.bad_moment")
    return text.strip()


request_id = option("--request-id", type=uuid_of, metavar="UUID")
reason = option("--reason", metavar="TEXT")


def end_of(until: str | None, days: int | None, zone: ZoneInfo, now: datetime) -> datetime:
    """When a consent ends: after the day `until`, at that instant, or with the last of `days` days.

    `days` counts today: the end is a midnight, so that the same command on the same day says the
    same.
    """
    if (until is None) == (days is None):
        raise Misused("said.until_or_days")
    if until is None:
        last = now.astimezone(zone).date() + timedelta(days=(days or 1) - 1)
    elif _is_day(until):
        last = date.fromisoformat(until)
    else:
        return datetime.fromisoformat(until)
    try:
        return datetime.combine(last + timedelta(days=1), time(), zone)
    except OverflowError as error:
        raise Misused("said.bad_moment") from error


def instant_of(text: str | None, zone: ZoneInfo, now: datetime) -> datetime:
    """The instant that a text names; a day is its beginning."""
    if text is None:
        return now
    found = datetime.fromisoformat(text)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise Misused("said.bad_moment") from error


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def read_file(path: str, *, most: int | None = None) -> tuple[str, bytes]:
    """A file's name and content, "-" for standard input; raises FILE_INVALID.

    Of a file over `most` bytes one byte more is read, and whoever parses it refuses it.
    """
    size = -1 if most is None else most + 1
    if path == STANDARD_INPUT:
        return "stdin", sys.stdin.buffer.read(size)
    try:
        with Path(path).open("rb") as file:
            return Path(path).name, file.read(size)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: Exception) -> HutongError:
    """The error that a file cannot be read or written."""
    problem = getattr(error, "strerror", None) or "it cannot be opened"
    return HutongError(FILE_INVALID, file=path, where="whole file", problem=problem)


def secret(session: Session, value: str | None, prompt: str) -> str:
    """A value that should not stay in the shell's history: given, typed, or from standard input."""
    if value is not None and value != STANDARD_INPUT:
        return value
    if value is None and sys.stdin.isatty():
        return str(click.prompt(session.say(prompt), err=True))
    line = sys.stdin.readline().strip()
    if not line:
        raise Misused("said.nothing_typed")
    return line


def new_passphrase(session: Session) -> bytes:
    """A passphrase, typed twice and not shown, or the first line of standard input."""
    if sys.stdin.isatty():
        prompt, again = session.say("said.ask_passphrase"), session.say("said.ask_again")
        typed = click.prompt(prompt, hide_input=True, confirmation_prompt=again, err=True)
        return str(typed).encode()
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Misused("said.nothing_typed")
    return line.encode()


def reason_of(session: Session, value: str | None) -> str:
    """Why, for the record: given, or asked for at a terminal."""
    if value is None and sys.stdin.isatty():
        value = str(click.prompt(session.say("said.ask_reason"), err=True))
    if not (value or "").strip():
        raise Misused("said.reason_needed")
    return str(value)
