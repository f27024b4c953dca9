"""The main path, shown: `scripts/demo` runs this."""

import argparse
import locale
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from node import data
from scripts.cities import Cities, City, new_id

_FRESHNESS_SECONDS: Final = 2
_VENUES: Final = {
    "library": "library.deposit_free",
    "scenic-spot": "scenic.discount",
    "rental-shop": "rental.deposit_free",
}
_TOUR: Final = ("hangzhou", "suzhou", "nanjing", "wuhan")


class Demo:
    """What is said, in one language, and what is done."""

    def __init__(self, cities: Cities, console: Console, language: str) -> None:
        """Show `cities` on `console` in "zh" or "en"."""
        self._cities = cities
        self._console = console
        self._zh = language == "zh"
        self._ends = (datetime.now(UTC) + timedelta(days=90)).isoformat()

    def t(self, en: str, zh: str) -> str:
        """One of two texts."""
        return zh if self._zh else en

    def heading(self, en: str, zh: str) -> None:
        """Say what comes next."""
        self._console.print(f"\n[bold cyan]{self.t(en, zh)}[/]")

    def say(self, en: str, zh: str) -> None:
        """Say what happened."""
        self._console.print("  " + self.t(en, zh), highlight=False)

    def name(self, city: City) -> str:
        """A city's name."""
        return city.about.name_zh if self._zh else city.about.name_en

    def set_up(self, stores: dict[str, str] | None = None) -> None:
        """Start the cities, load their rules and records, connect them."""
        steps = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        with steps:
            task = steps.add_task(self.t("Keys and processes", "生成密钥,启动进程"), total=None)
            self._cities.start(stores)
            steps.update(task, description=self.t("Scales, incentives", "加载分值体系与激励目录"))
            for city in self._cities:
                city.load_rules()
            steps.update(task, description=self.t("Partners, agreements", "互信与协议"))
            self._agreements = self._cities.connect(_FRESHNESS_SECONDS)
            steps.update(task, description=self.t("Residents, records", "居民与记录"))
            self._residents = {city.about.pinyin: _enrol(city) for city in self._cities}
            self._records = {c.about.pinyin: c.load_records() for c in self._cities}
        self._show_cities()

    def _show_cities(self) -> None:
        self.heading("Five cities, five processes", "五个城市,五个进程")
        columns = ("City", "Code", "Peer port", "Residents", "Records", "Scale", "Exportable from")
        zh = ("城市", "代码", "对端端口", "居民", "记录", "分值体系", "可互认起点")
        table = Table(*(zh if self._zh else columns))
        for city in self._cities:
            resident = next(iter(self._residents[city.about.pinyin].values()))
            standing = city.resident("GetStanding", resident_id=resident)
            first = data.exportable_from(city.about.pinyin)
            table.add_row(
                self.name(city),
                city.about.code,
                str(city.peer_port),
                str(len(self._residents[city.about.pinyin])),
                str(self._records[city.about.pinyin]),
                standing["scale_id"],
                first.name_zh if self._zh else first.name_en,
            )
        self._console.print(table)
        self.say(
            f"{self._agreements} agreements, each signed by both cities, are in force.",
            f"{self._agreements} 份互认协议已由双方签署并生效。",
        )

    def travel(self, home: City, resident: str, hosts: Sequence[City]) -> dict[str, str]:
        """Take a resident to the hosts; the visitor pass of each."""
        standing = home.resident("GetStanding", resident_id=resident)
        band = standing["band_zh"] if self._zh else standing["band_en"]
        self.heading(
            f"A resident of {self.name(home)} ({band}) travels",
            f"一位{self.name(home)}居民({band})出行",
        )
        columns = ("Host", "Venue", "Recognised as", "Incentive", "Decision", "Why")
        zh = ("到访城市", "服务点", "认定为", "激励", "决定", "原因")
        table = Table(*(zh if self._zh else columns))
        passes = {}
        for host in hosts:
            passes[host.about.pinyin] = self._visit(home, resident, host, table)
            table.add_section()
        self._console.print(table)
        return passes

    def _visit(self, home: City, resident: str, host: City, table: Table) -> str:
        consent = home.consent(resident, host.about.code, sorted(_VENUES.values()), self._ends)
        shown = {"presentation_code": home.code(resident, consent)}
        visitor_pass = ""
        for venue in _VENUES:
            answer = host.venue(venue, "CheckEligibility", request_id=new_id(), **shown)
            visitor_pass = answer["visitor_pass"]
            shown = {"visitor_pass": visitor_pass}
            for decision in answer["decisions"]:
                self._row(table, host, venue, answer, decision)
            self._redeem_first(host, venue, answer)
        return visitor_pass

    def _redeem_first(self, host: City, venue: str, answer: dict[str, Any]) -> None:
        opened = [d for d in answer["decisions"] if d["eligible"]]
        host.venue(venue, "Redeem", request_id=new_id(), decision_id=opened[0]["decision_id"])

    def _row(
        self,
        table: Table,
        host: City,
        venue: str,
        answer: dict[str, Any],
        decision: dict[str, Any],
    ) -> None:
        language = "zh" if self._zh else "en"
        eligible = decision["eligible"]
        table.add_row(
            self.name(host),
            venue,
            answer["recognised_band"] or self.t("newcomer", "新访客"),
            decision["incentive"][f"benefit_{language}"],
            self.t("[green]yes[/]", "[green]是[/]") if eligible else self.t("no", "否"),
            decision[f"reason_{language}"],
        )

    def refuse(self, home: City, resident: str, host: City) -> None:
        """Show that a refusal tells the host nothing, and the resident everything."""
        self.heading("A refusal tells the host nothing", "拒绝不透露任何信息")
        consent = home.consent(resident, host.about.code, ["library.deposit_free"], self._ends)
        code = home.code(resident, consent)
        answer = host.venue(
            "library", "CheckEligibility", request_id=new_id(), presentation_code=code
        )
        language = "zh" if self._zh else "en"
        self.say(
            f"{self.name(host)} sees: {answer['outcome']}: {answer[f'notice_{language}']}",
            f"{self.name(host)}看到:{answer['outcome']}:{answer[f'notice_{language}']}",
        )
        opened = [d for d in answer["decisions"] if d["eligible"]]
        self.say(
            f"What is open to everyone stays open: {len(opened)} incentive(s).",
            f"面向所有人的仍可享受:{len(opened)} 项。",
        )
        use = home.resident("ListUses", resident_id=resident)["uses"][0]
        self.say(
            f"The resident sees: {use[f'reason_{language}']}",
            f"居民本人看到:{use[f'reason_{language}']}",
        )

    def replay(self, home: City, resident: str, host: City) -> None:
        """Show that a code works once, and that a repeated request gets its first answer."""
        self.heading("A replay fails", "重放无效")
        consent = home.consent(resident, host.about.code, ["library.deposit_free"], self._ends)
        shown = {"presentation_code": home.code(resident, consent)}
        request_id = new_id()
        first = host.venue("library", "CheckEligibility", request_id=request_id, **shown)
        again = host.venue("library", "CheckEligibility", request_id=request_id, **shown)
        other = host.venue("library", "CheckEligibility", request_id=new_id(), **shown)
        same = self.t("the same answer", "同一答复") if first == again else "?!"
        self.say(
            f"First: {first['outcome']}. The same request again: {same}.",
            f"首次:{first['outcome']}。同一请求再次发送:{same}。",
        )
        self.say(
            f"The same code in a new request: {other['outcome']}.",
            f"同一信用码用于新请求:{other['outcome']}。",
        )

    def withdraw(self, home: City, resident: str, host: City, visitor_pass: str) -> None:
        """Show that a withdrawal takes effect in the host city."""
        self.heading("A withdrawal takes effect", "撤回授权即时生效")
        consents = home.resident("ListConsents", resident_id=resident)["consents"]
        for consent in consents:
            if consent["host_city"] == host.about.code and "withdrawn_at" not in consent:
                home.resident(
                    "WithdrawConsent",
                    request_id=new_id(),
                    resident_id=resident,
                    consent_id=consent["consent_id"],
                )
        began = time.monotonic()
        while time.monotonic() - began < _FRESHNESS_SECONDS + 10:
            answer = host.venue(
                "library", "CheckEligibility", request_id=new_id(), visitor_pass=visitor_pass
            )
            if answer["outcome"] != "RECOGNITION_OUTCOME_RECOGNISED":
                break
            time.sleep(0.2)
        seconds = time.monotonic() - began
        self.say(
            f"{self.name(host)} after {seconds:.1f} s: {answer['outcome']} "
            f"(the agreement lets a host go on for {_FRESHNESS_SECONDS} s without asking).",
            f"{seconds:.1f} 秒后{self.name(host)}:{answer['outcome']}"
            f"(协议允许受访城市最多 {_FRESHNESS_SECONDS} 秒不复核)。",
        )

    def uses(self, home: City, resident: str) -> None:
        """Show the resident who used the standing."""
        self.heading("The resident sees every use", "居民可查看每次使用")
        zh = ("时间", "城市", "结果", "披露", "场景")
        table = Table(*(zh if self._zh else ("When", "City", "Outcome", "Shown", "For")))
        for use in home.resident("ListUses", resident_id=resident)["uses"]:
            table.add_row(
                use["used_at"][:19],
                self.name(self._cities[data.city(use["host_city"]).pinyin]),
                use["outcome"].removeprefix("USE_OUTCOME_"),
                use["disclosure"].removeprefix("DISCLOSURE_LEVEL_").replace("UNSPECIFIED", "-"),
                ", ".join(use["scenarios"]),
            )
        self._console.print(table)

    def run(self) -> None:
        """The whole path."""
        cities, residents = self._cities, self._residents
        home = cities["zhengzhou"]
        good = _labelled(residents["zhengzhou"], "excellent")
        passes = self.travel(home, good, [cities[name] for name in _TOUR])
        for name in _TOUR:
            city = cities[name]
            self.travel(city, _labelled(residents[name], "exportable"), [home])
        self.travel(home, _labelled(residents["zhengzhou"], "outstanding"), [home])
        self.refuse(home, _labelled(residents["zhengzhou"], "low"), cities["hangzhou"])
        self.replay(home, good, cities["hangzhou"])
        self.withdraw(home, good, cities["suzhou"], passes["suzhou"])
        self.uses(home, good)

    def next_steps(self) -> None:
        """Print what to try on cities that stay up."""
        city, host = self._cities["zhengzhou"], self._cities["hangzhou"]
        resident = _labelled(self._residents["zhengzhou"], "excellent")
        self.heading("The five cities stay up. Try next:", "五个城市继续运行,可以尝试:")
        for line in (
            f"export HUTONG_SETTINGS={city.settings}",
            ".venv/bin/hutong doctor",
            ".venv/bin/hutong partner list",
            f".venv/bin/hutong resident standing {resident}",
            f".venv/bin/hutong resident consents {resident}",
            f".venv/bin/hutong resident code {resident} CONSENT_ID",
            f".venv/bin/hutong --settings {host.settings} venue check --code CODE",
            f"less {city.log}",
        ):
            self._console.print(f"  {line}", highlight=False, soft_wrap=True)


def _enrol(city: City) -> dict[str, str]:
    """Enrol the shipped residents; the id of each label."""
    return {
        row.label: city.enrol(row.document_kind, row.document_number)
        for row in data.residents(city.about.pinyin)
    }


def _labelled(residents: dict[str, str], word: str) -> str:
    return next(found for label, found in residents.items() if word in label)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the cities running")
    parser.add_argument("--lang", choices=("zh", "en"), default=None)
    return parser.parse_args()


def _language(chosen: str | None) -> str:
    if chosen:
        return chosen
    found = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "zh" if found.startswith("zh") else "en"


def main() -> int:
    """Run the demo; the exit code."""
    arguments = _arguments()
    began = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="hutong-demo-"))
    width = None if sys.stdout.isatty() else 120
    console = Console(width=width)
    demo_cities = Cities(directory)
    demo = Demo(demo_cities, console, _language(arguments.lang))
    # Ctrl-C and a closed terminal stop the cities too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with demo_cities:
        demo.set_up()
        demo.run()
        if arguments.keep:
            demo.next_steps()
            _stay(console, demo)
    shutil.rmtree(directory)
    seconds = time.monotonic() - began
    console.print()
    demo.say(
        f"Done in {seconds:.0f} s; nothing is left running.",
        f"完成,用时 {seconds:.0f} 秒;没有遗留任何进程。",
    )
    return 0


def _stay(console: Console, demo: Demo) -> None:
    console.print()
    demo.say("Press Ctrl-C here to stop them.", "在此按 Ctrl-C 停止。")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print()


if __name__ == "__main__":
    sys.exit(main())
