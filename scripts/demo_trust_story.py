"""What the demo tells of trust in time: withdrawal, receipts, renewal, timeline, a forged log."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console

from node import data
from scripts.cities import Cities, City
from scripts.demo_forgery import forge_and_be_caught
from scripts.demo_telling import Telling
from scripts.demo_trust import renew, take_receipts, timeline, withdraw_and_watch

_ZONE: Final = ZoneInfo("Asia/Shanghai")
# Of a resident who has been to four cities.
_SHOWN: Final = 12
# What the second language says of the receipt that was changed; it speaks English.
REFUSALS: Final = {"the entry is not in the log": "该条目不在日志中"}
_KINDS: Final = {"attestation": ("Attestation", "信用证明"), "consent": ("Consent", "授权")}


class TrustStory(Telling):
    """The acts on trust in time."""

    def __init__(self, cities: Cities, console: Console, language: str) -> None:
        """Tell of `cities` on `console` in "zh" or "en"."""
        super().__init__(console, language)
        self._cities = cities

    def receipts(self, home: City, resident: str, host: City) -> None:
        """Show receipts that stand alone, verified by another language without our code."""
        self.heading(
            "A receipt is verified by a few lines of a second language",
            "用第二种语言的几行代码核验回执",
        )
        for each in take_receipts(home, resident, host, home.directory / "receipts"):
            kind, size = self.t(*_KINDS[each.file.stem]), each.file.stat().st_size
            cities = self.t(", ", "、").join(self._named(code) for code in each.cosigned_by)
            self.say(
                f"{kind}: {size:,} bytes of JSON; the log was cosigned by {cities}.",
                f"{kind}：JSON 文件 {size:,} 字节；日志由{cities}联署。",
            )
            steps, forged = len(each.theirs) - 1, each.tampered[-1].removeprefix("no").strip()
            refused = REFUSALS.get(forged, forged)
            self.say(
                f"  hutong receipt verify: {len(each.ours['steps'])} steps hold. "
                f"Node.js, {each.lines} lines without our code: {steps} steps hold. "
                f"Backdated by an hour: {forged}.",
                f"  hutong receipt verify：{len(each.ours['steps'])} 步全部通过。"
                f"Node.js（{each.lines} 行，不含本项目代码）：{steps} 步全部通过。"
                f"把时间改早一小时：{refused}。",
            )

    def renewal(self, hosts: Sequence[City]) -> None:
        """Show that hosts renew all that they recognise, in batches."""
        self.heading("What is recognised is renewed", "续期已认可的来访者")
        for host in hosts:
            sums = renew(host)
            renewed, ended, failed = (int(sums[name]) for name in ("renewed", "ended", "failed"))
            self.say(
                f"{self.name(host)}: {renewed} renewed, {ended} ended, {failed} failed; "
                "one signature for each home city, whatever the number.",
                f"{self.name(host)}：续期 {renewed}，终止 {ended}，失败 {failed}；"
                "每个常住城市无论多少人只需一个签名。",
            )

    def withdraw(self, home: City, resident: str, host: City, visitor_pass: str) -> None:
        """Show that a withdrawal takes effect in the host city within a second."""
        self.heading("A withdrawal takes effect at once", "撤回授权即刻生效")
        seen = withdraw_and_watch(home, resident, host, visitor_pass)
        self.say(
            f"{self.name(host)} after {seen.milliseconds:.0f} ms: {self.word(seen.outcome)}. "
            "It was told; by the agreement it could have gone on for 300 s without asking.",
            f"{seen.milliseconds:.0f} 毫秒后{self.name(host)}：{self.word(seen.outcome)}。"
            "这是推送的结果；按协议，受访城市本可在 300 秒内不复核。",
        )

    def timeline(self, home: City, resident: str, host: City, visitor_pass: str) -> None:
        """Show the resident what happened in both cities; the last of it."""
        self.heading("The resident sees all of it, from both cities", "居民查看两地的全部经过")
        entries = timeline(home, resident, [(host, visitor_pass)])
        table = self.table("When|At|What|Venue", "时间|城市|事项|服务点")
        for entry in reversed(entries[:_SHOWN]):
            at = datetime.fromisoformat(entry["at"]).astimezone(_ZONE)
            table.add_row(
                at.strftime("%H:%M:%S"),
                self._named(entry["kept_by"]),
                entry[f"text_{self._language}"],
                entry.get("venue", ""),
            )
        self._console.print(table)
        self.say(
            f"The last {min(_SHOWN, len(entries))} of {len(entries)}; only the resident's app puts "
            "the two cities' parts together.",
            f"共 {len(entries)} 条，此为最近 {min(_SHOWN, len(entries))} 条；"
            "只有居民本人的应用把两地记录合在一起。",
        )

    def forgery(self, directory: Path) -> None:
        """Show that a log that was rewritten is caught, by its checkpoints and by a partner."""
        self.heading("A forged log is caught", "伪造的日志被发现")
        seen = forge_and_be_caught(directory)
        problem = seen.copy["problems"][0][f"text_{self._language}"]
        self.say(
            f"Entry {seen.entry} of {seen.of} was rewritten in a copy, and the tree grown anew. "
            f"hutong log verify: {problem}",
            f"副本共 {seen.of} 条，其中第 {seen.entry} 条被改写，树也重新生成。"
            f"hutong log verify：{problem}",
        )
        if seen.state != "PARTNER_STATE_SUSPENDED" or not seen.evidence["verified"]:
            raise RuntimeError(f"the forger was not caught: {seen}")
        self.say(
            "The forger signs it all anew and shows it to a partner: suspended after "
            f"{seen.milliseconds:.0f} ms, with evidence that anybody can verify.",
            f"伪造者重新签名后出示给伙伴：{seen.milliseconds:.0f} 毫秒后被暂停，"
            "并留下任何人都可核验的证据。",
        )

    def _named(self, code: str) -> str:
        return self.name(self._cities[data.city(code).pinyin])
