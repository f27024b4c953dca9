"""What the demo shows: residents travel, one is refused, a code is replayed, a consent ends."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from node import data
from scripts.cities import Befriended, Cities, City, new_id
from scripts.demo_incentive_story import IncentiveStory
from scripts.demo_incentives import Visitor
from scripts.demo_repair import repair_and_return
from scripts.demo_rotation import rotate_under_load
from scripts.demo_trust_story import TrustStory

Answer = dict[str, Any]

_VENUES: Final = {
    "library": "library.deposit_free",
    "scenic-spot": "scenic.discount",
    "rental-shop": "rental.deposit_free",
}
_TOUR: Final = ("hangzhou", "suzhou", "nanjing", "wuhan")


class Story(IncentiveStory, TrustStory):
    """What is said, in one language, and what is done."""

    def __init__(self, cities: Cities, console: Console, language: str, scratch: Path) -> None:
        """Show `cities` on `console` in "zh" or "en"; `scratch` is for throw-away nodes."""
        super().__init__(cities, console, language)
        self._scratch = scratch
        self._ends = (datetime.now(UTC) + timedelta(days=90)).isoformat()
        self._agreements = 0
        self._befriended: list[Befriended] = []
        self._residents: dict[str, dict[str, str]] = {}
        self._records: dict[str, int] = {}

    def set_up(self) -> None:
        """Start the cities, load their rules and records, connect them."""
        steps = (
            ("Keys and processes", "生成密钥，启动进程", self._cities.start),
            ("Scales, incentives", "加载分值体系与激励目录", self._load_rules),
            (
                "Invitations, approvals, trials, agreements",
                "邀请、批准、试运行、协议",
                self._connect,
            ),
            ("Residents, records", "居民与记录", self._enrol),
        )
        columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("", total=len(steps))
            for en, zh, act in steps:
                progress.update(task, description=self.t(en, zh))
                act()
                progress.advance(task)
        self._show_cities()
        self._show_partners()

    def _load_rules(self) -> None:
        for city in self._cities:
            city.load_rules()

    def _connect(self) -> None:
        self._agreements = self._cities.connect(done=self._befriended.append)

    def _enrol(self) -> None:
        for city in self._cities:
            self._residents[city.about.pinyin] = {
                row.label: city.enrol(row.document_kind, row.document_number)
                for row in data.residents(city.about.pinyin)
            }
            self._records[city.about.pinyin] = city.load_records()

    def _show_cities(self) -> None:
        self.heading("Five cities, five processes", "五个城市，五个进程")
        table = self.table(
            "City|Code|Peer port|Residents|Records|Scale|Exportable from",
            "城市|代码|对端端口|居民|记录|分值体系|可互认起点",
        )
        for city in self._cities:
            pinyin = city.about.pinyin
            first = data.exportable_from(pinyin)
            scale = city.resident("GetStanding", resident_id=self.resident(pinyin, ""))["scale_id"]
            table.add_row(
                self.name(city),
                city.about.code,
                str(city.peer_port),
                str(len(self._residents[pinyin])),
                str(self._records[pinyin]),
                scale,
                self.t(first.name_en, first.name_zh),
            )
        self._console.print(table)

    def _show_partners(self) -> None:
        self.heading(
            "Ten pairs that knew nothing of each other became partners",
            "互不相识的十对城市成为伙伴",
        )
        table = self.table(
            "Invited by|Joined by|Code, read out|Six words, compared|Approved by|Trial|Seconds",
            "邀请方|加入方|口令（电话读出）|核对词|批准人|试运行|秒",
        )
        for pair in sorted(self._befriended, key=lambda pair: self.name(pair.one)):
            passed = sum(step["passed"] for step in pair.steps)
            table.add_row(
                self.name(pair.one),
                self.name(pair.other),
                pair.invited[f"code_{self._language}"],
                pair.partner[f"words_{self._language}"],
                self.t("a second operator in each", "双方各一位第二操作员"),
                f"[green]{passed}/{len(pair.steps)}[/]",
                f"{pair.seconds:.1f}",
            )
        self._console.print(table)
        self.say(
            f"{self._agreements} agreements, each signed by both cities, are in force.",
            f"{self._agreements} 份互认协议已由双方签署并生效。",
        )

    def resident(self, pinyin: str, word: str) -> str:
        """The first resident of a city whose label has that word."""
        return next(found for label, found in self._residents[pinyin].items() if word in label)

    def last(self, pinyin: str, word: str) -> str:
        """The last resident of a city whose label has that word."""
        return [found for label, found in self._residents[pinyin].items() if word in label][-1]

    def travel(self, travels: Sequence[tuple[City, str, City]]) -> dict[str, str]:
        """Take residents from their home city to a host; the visitor pass that each host gave."""
        table = self.table(
            "From|At home|To|Venue|Recognised as|Incentive|Open|Why",
            "来自|本地档位|到访|服务点|认定为|激励|可享|原因",
        )
        passes = {}
        for home, resident, host in travels:
            standing = home.resident("GetStanding", resident_id=resident)
            at_home = f"{self.name(home)}", standing[f"band_{self._language}"]
            passes[host.about.pinyin] = self._visit(home, resident, host, table, at_home)
            table.add_section()
        self._console.print(table)
        return passes

    def _visit(
        self, home: City, resident: str, host: City, table: Table, at_home: tuple[str, str]
    ) -> str:
        consent = home.consent(resident, host.about.code, sorted(_VENUES.values()), self._ends)
        shown = {"presentation_code": home.code(resident, consent)}
        for venue in _VENUES:
            answer = host.venue(venue, "CheckEligibility", request_id=new_id(), **shown)
            # The first answer carries a pass: later visits need no new code.
            shown = {"visitor_pass": answer["visitor_pass"]}
            for decision in answer["decisions"]:
                table.add_row(*at_home, *self._row(host, venue, answer, decision))
                at_home = "", ""
            opened = next(d["decision_id"] for d in answer["decisions"] if d["eligible"])
            host.venue(venue, "Redeem", request_id=new_id(), decision_id=opened)
        return shown["visitor_pass"]

    def _row(self, host: City, venue: str, answer: Answer, decision: Answer) -> tuple[str, ...]:
        opened = self.t("[green]yes[/]", "[green]是[/]")
        return (
            self.name(host),
            venue,
            answer["recognised_band"] or self.t("newcomer", "新访客"),
            decision["incentive"][f"benefit_{self._language}"],
            opened if decision["eligible"] else self.t("no", "否"),
            decision[f"reason_{self._language}"],
        )

    def refuse(self, home: City, resident: str, host: City) -> None:
        """Show that a refusal tells the host nothing, and the resident everything."""
        self.heading("A refusal tells the host nothing", "拒绝不透露任何信息")
        consent = home.consent(resident, host.about.code, ["library.deposit_free"], self._ends)
        answer = self._check_code(host, home.code(resident, consent))
        notice = f"{self.word(answer['outcome'])}: {answer[f'notice_{self._language}']}"
        self.say(f"{self.name(host)} sees: {notice}", f"{self.name(host)}看到：{notice}")
        opened = [d for d in answer["decisions"] if d["eligible"]]
        self.say(
            f"What is open to everyone stays open: {len(opened)} incentive(s).",
            f"面向所有人的仍可享受：{len(opened)} 项。",
        )
        use = home.resident("ListUses", resident_id=resident)["uses"][0]
        self.say(f"The resident sees: {use['reason_en']}", f"居民本人看到：{use['reason_zh']}")

    def _check_code(self, host: City, code: str, request_id: str = "") -> Answer:
        return host.venue(
            "library",
            "CheckEligibility",
            request_id=request_id or new_id(),
            presentation_code=code,
        )

    def replay(self, home: City, resident: str, host: City) -> str:
        """Show that a code works once, and a repeated request gets its first answer; the pass."""
        self.heading("A replay fails", "重放无效")
        consent = home.consent(resident, host.about.code, ["library.deposit_free"], self._ends)
        code, request_id = home.code(resident, consent), new_id()
        first = self._check_code(host, code, request_id)
        if self._check_code(host, code, request_id) != first:
            raise RuntimeError("a repeated request got another answer")
        other = self._check_code(host, code)
        self.say(
            f"First: {self.word(first['outcome'])}. The same request again: the same answer.",
            f"首次：{self.word(first['outcome'])}。同一请求再次发送：同一答复。",
        )
        self.say(
            f"The same code in a new request: {self.word(other['outcome'])}.",
            f"同一信用码用于新请求：{self.word(other['outcome'])}。",
        )
        return str(first["visitor_pass"])

    def run(self) -> None:
        """The whole path."""
        cities = self._cities
        home, good = cities["zhengzhou"], self.resident("zhengzhou", "excellent")
        self.heading("A resident of Zhengzhou travels", "一位郑州居民出行")
        passes = self.travel([(home, good, cities[name]) for name in _TOUR])
        self.heading(
            "One from each other city visits Zhengzhou; one of its own stays at home",
            "其他城市各有一位居民到访郑州；一位郑州居民在本地",
        )
        self.travel(
            [
                *((cities[name], self.resident(name, "exportable"), home) for name in _TOUR),
                (home, self.resident("zhengzhou", "outstanding"), home),
            ]
        )
        self.refuse(home, self.resident("zhengzhou", "low"), cities["hangzhou"])
        # A new code brings a new pass in place of the one before.
        passes["hangzhou"] = self.replay(home, good, cities["hangzhou"])
        self.receipts(home, good, cities["hangzhou"])
        self.renewal([cities["hangzhou"], home])
        self.withdraw(home, good, cities["hangzhou"], passes["hangzhou"])
        self.timeline(home, good, cities["hangzhou"], passes["hangzhou"])
        self.repair(home, cities["hangzhou"])
        self.rotate(home, self.resident("zhengzhou", "outstanding"), cities["wuhan"])
        self._use_incentives()
        self.forgery(self._scratch)

    def _use_incentives(self) -> None:
        """Each city is visited by a resident of the one before it; one stays at home."""
        hosts = list(self._cities)
        visitors = [Visitor(c, self.last(c.about.pinyin, "excellent"), self._ends) for c in hosts]
        at_home = Visitor(hosts[0], self.last(hosts[0].about.pinyin, "outstanding"), self._ends)
        visits = [(visitors[place - 1], host) for place, host in enumerate(hosts)]
        self.incentives([*visits, (at_home, hosts[0])])
        renter, first, second = visitors[0], hosts[1], hosts[2]
        renter.arrive(second, data.scenario_names())
        self.held(renter, first, second)

    def repair(self, home: City, host: City) -> None:
        """Show that a repaired record changes what another city grants, and why stays at home."""
        self.heading(
            "A record is repaired, and another city grants again", "修复一条记录，异地恢复认可"
        )
        row = next(r for r in data.residents(home.about.pinyin) if "exportable" in r.label)
        resident = self._residents[home.about.pinyin][row.label]
        consent = home.consent(resident, host.about.code, ["library.deposit_free"], self._ends)
        seen = repair_and_return(home, resident, row.document_number, host, consent)
        self.say(
            f"A book is late: {self._scored(seen.before)} becomes {self._scored(seen.fallen)}.",
            f"一本书逾期未还：{self._scored(seen.before)} 变为 {self._scored(seen.fallen)}。",
        )
        self.say(
            f"The resident is told: {seen.told['text_en']}", f"居民收到通知：{seen.told['text_zh']}"
        )
        host_name, word = self.name(host), self.word
        self.say(
            f"{host_name}: {word(seen.refused['outcome'])}; it is not told why.",
            f"{host_name}：{word(seen.refused['outcome'])}；不会得知原因。",
        )
        self.say(
            f"The resident asks for repair, an officer grants it: {self._scored(seen.repaired)}. "
            f"{host_name}: {word(seen.granted['outcome'])}.",
            f"居民申请信用修复，经办人同意：{self._scored(seen.repaired)}。"
            f"{host_name}：{word(seen.granted['outcome'])}。",
        )

    def _scored(self, standing: Answer) -> str:
        return f"{int(standing['score_milli']) / 1000:g} ({standing[f'band_{self._language}']})"

    def rotate(self, home: City, resident: str, host: City) -> None:
        """Show that keys and certificates change under load, and nobody notices."""
        self.heading("Keys rotate, and nobody notices", "轮换密钥，无人察觉")
        consent = home.consent(resident, host.about.code, ["library.deposit_free"], self._ends)
        seen = rotate_under_load(home, host, resident, consent)
        self.say(
            f"{self.name(home)} and {self.name(host)} changed signing keys and certificates while "
            f"{seen.recognised} recognitions went on; {seen.failed} failed.",
            f"{self.name(home)}与{self.name(host)}轮换签名密钥和证书期间"
            f"完成 {seen.recognised} 次认可，"
            f"失败 {seen.failed} 次。",
        )

    def next_steps(self) -> None:
        """Print what to try on cities that stay up."""
        city, host = self._cities["zhengzhou"], self._cities["hangzhou"]
        resident = self.resident("zhengzhou", "outstanding")
        consent = city.consent(resident, host.about.code, sorted(_VENUES.values()), self._ends)
        self.heading("The five cities stay up. Try next:", "五个城市继续运行，可以尝试：")
        for line in (
            f"export HUTONG_SETTINGS={city.settings}",
            ".venv/bin/hutong doctor",
            ".venv/bin/hutong partner list",
            ".venv/bin/hutong agreement list",
            f".venv/bin/hutong resident standing {resident}",
            f".venv/bin/hutong resident code {resident} {consent}",
            f".venv/bin/hutong --settings {host.settings} venue check --as library --code CODE",
            f".venv/bin/hutong resident timeline {resident}",
            ".venv/bin/hutong log status",
            f"tail {city.log}",
            "scripts/demo --stop",
        ):
            self._console.print(f"  {line}", highlight=False, soft_wrap=True)
