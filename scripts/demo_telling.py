"""How the demo speaks: headings, sentences, tables, in Chinese or English."""

from typing import Final

from rich.console import Console
from rich.table import Table

from scripts.cities import City

_WORDS: Final = {
    "RECOGNITION_OUTCOME_RECOGNISED": ("recognised", "已认可"),
    "RECOGNITION_OUTCOME_NOT_RECOGNISED": ("not recognised", "未认可"),
    "RECOGNITION_OUTCOME_HOME_UNREACHABLE": ("home city unreachable", "无法联系常住地"),
    "RECOGNITION_OUTCOME_NO_AGREEMENT": ("no agreement", "无协议"),
    "USE_OUTCOME_ATTESTED": ("attested", "已证明"),
    "USE_OUTCOME_REFUSED": ("refused", "已拒绝"),
    "DISCLOSURE_LEVEL_UNSPECIFIED": ("nothing", "无"),
    "DISCLOSURE_LEVEL_THRESHOLD": ("threshold", "仅达线"),
    "DISCLOSURE_LEVEL_BAND": ("band", "档位"),
    "DISCLOSURE_LEVEL_SCORE": ("score", "分值"),
}


class Telling:
    """What is said, in one language."""

    def __init__(self, console: Console, language: str) -> None:
        """Say it on `console` in "zh" or "en"."""
        self._console = console
        self._language = language

    def t(self, en: str, zh: str) -> str:
        """One of two texts."""
        return zh if self._language == "zh" else en

    def word(self, value: str) -> str:
        """What the value of an enum says to a person."""
        return self.t(*_WORDS[value])

    def heading(self, en: str, zh: str) -> None:
        """Say what comes next."""
        self._console.print(f"\n[bold cyan]{self.t(en, zh)}[/]")

    def say(self, en: str, zh: str) -> None:
        """Say what happened."""
        self._console.print("  " + self.t(en, zh), highlight=False, soft_wrap=True)

    def name(self, city: City) -> str:
        """A city's name."""
        return self.t(city.about.name_en, city.about.name_zh)

    def table(self, en: str, zh: str) -> Table:
        """A table with these headings, parted by bars."""
        return Table(*self.t(en, zh).split("|"))
