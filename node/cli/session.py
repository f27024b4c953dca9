"""One invocation: the options that every command takes, its language, and where its node is."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from node.cli.errors import SETTINGS_MISSING, HutongError, Misused
from node.cli.output import Output
from node.cli.texts import text
from node.config import SETTINGS_FILE, Settings, read_settings
from node.initialise import ClientFiles

_ZONE: Final = Settings.model_fields["time_zone"].default
_ELSEWHERE: Final = ("address", "certificate", "key", "ca")


@dataclass
class Session:
    """The options of one invocation; given before or after the command, the last one counts."""

    language: str
    machine: bool = False
    debug: bool = False
    options: dict[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    pending: str = ""
    """The request id of a change whose answer has not come."""

    @property
    def out(self) -> Output:
        """Where the command says what it did."""
        return Output(machine=self.machine)

    def say(self, name: str, /, **fields: object) -> str:
        """The text of that name in the invocation's language."""
        return text(name, self.language, **fields)

    def pick(self, of: Mapping[str, object], stem: str) -> str:
        """Of two fields in both languages, `stem`_zh and `stem`_en, the right one."""
        return str(of[f"{stem}_{self.language}"])

    @property
    def settings_path(self) -> Path:
        """--settings, HUTONG_SETTINGS, or ./hutong.toml."""
        given = self.options.get("settings") or self.environment.get("HUTONG_SETTINGS")
        return Path(given or SETTINGS_FILE)

    @cached_property
    def settings(self) -> Settings:
        """The settings; raises SETTINGS_MISSING where there are none."""
        path = self.settings_path
        if not path.exists():
            raise HutongError(SETTINGS_MISSING, path=str(path))
        return read_settings(path, self.environment)

    @property
    def elsewhere(self) -> bool:
        """Whether the node is on another machine: then there is no settings file of it here."""
        return bool(self._client())

    @property
    def operator(self) -> str:
        """The name of the operator's client: --operator, or HUTONG_OPERATOR; "" for the default."""
        return self.options.get("operator") or self.environment.get("HUTONG_OPERATOR", "")

    def client_files(self) -> ClientFiles | None:
        """The client files that were given, all three; None where the settings tell them.

        The address too must be given, unless settings tell that.
        """
        given = self._client()
        if not given:
            return None
        needed = _ELSEWHERE[1:] if self.settings_path.exists() else _ELSEWHERE
        missing = [f"--{name}" for name in needed if not self._given(name)]
        if missing:
            raise Misused("said.client_incomplete", names=", ".join(missing))
        return ClientFiles(*(Path(given[name]) for name in _ELSEWHERE[1:]))

    def address(self) -> str:
        """Where the node's local port is."""
        given = self._given("address")
        if given:
            return given
        return self.dialled(self.settings.local_listen)

    def dialled(self, listen: str) -> str:
        """How an address is reached from here: one that is listened on everywhere, here."""
        host, _, port = listen.rpartition(":")
        here = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - it is not listened on here
        return f"{here.get(host, host)}:{port}"

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone, in which people read times."""
        try:
            return self.settings.zone
        except HutongError:
            return ZoneInfo(_ZONE)

    def time(self, instant: object) -> str:
        """An instant of the API as people read it; "" where there is none."""
        if not instant:
            return ""
        found = datetime.fromisoformat(str(instant))
        # What another city says may lie in the last hours of the year 9999: it is told as it came.
        with contextlib.suppress(OverflowError):
            found = found.astimezone(self.zone)
        return found.isoformat(sep=" ", timespec="seconds")

    def _client(self) -> dict[str, str]:
        found = {name: self._given(name) for name in _ELSEWHERE[1:]}
        return {name: value for name, value in found.items() if value}

    def _given(self, name: str) -> str:
        """An option of the command line, or of the environment unless settings were asked for."""
        if name in self.options or "settings" in self.options:
            return self.options.get(name, "")
        return self.environment.get(f"HUTONG_{name.upper()}", "")


pass_session = click.make_pass_decorator(Session)
