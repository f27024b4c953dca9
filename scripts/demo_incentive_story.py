"""What the demo tells of incentives: each scenario in each city, a place held, one at a time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from node import data
from scripts.cities import City
from scripts.demo_incentives import OneAtATime, Used, Visitor, one_at_a_time, use_every_scenario
from scripts.demo_telling import Telling

_AT_ONCE: Final = 3
_VENUE: Final = "scenic-spot"
_RULES: Final = {
    "BAND": ("band", "档位"),
    "COMMENDATION": ("commendation", "荣誉"),
    "CONDITION": ("condition", "条件"),
}


class IncentiveStory(Telling):
    """The acts on incentives."""

    def incentives(self, visits: Sequence[tuple[Visitor, City]]) -> None:
        """Show an incentive of every scenario in every city, used, with what opened it."""
        self.heading(
            "One incentive of every scenario in every city, used and explained",
            "每个城市、每个场景各使用一项激励，并说明理由",
        )
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            used = list(pool.map(lambda visit: use_every_scenario(*visit), visits))
        table = self.table(
            "At|From|Scenario|Incentive|Rule|Why|Used", "到访|来自|场景|激励|规则|原因|已使用"
        )
        for rows in used:
            cities = self.name(rows[0].host), self.name(rows[0].home)
            for row in rows:
                table.add_row(*cities, *self._used_row(row))
                cities = "", ""
            table.add_section()
        self._console.print(table)
        count = sum(map(len, used))
        self.say(
            f"{count} incentives, each opened by a decision that the host signed, and used once.",
            f"共 {count} 项；每项由到访城市签名的决定开放，各使用一次。",
        )

    def _used_row(self, used: Used) -> tuple[str, ...]:
        scenario_zh, scenario_en = data.scenario_names()[used.scenario]
        decision = used.decision
        return (
            self.t(scenario_en, scenario_zh),
            decision["incentive"][f"benefit_{self._language}"],
            self.t(*_RULES[decision["rule"]]),
            decision[f"reason_{self._language}"],
            self.t("[green]yes[/]", "[green]是[/]"),
        )

    def held(self, visitor: Visitor, first: City, second: City) -> None:
        """Show a place that is held and given back, and what is limited over all cities."""
        self.heading("A place is held, and given back", "预留名额，再退回")
        decision = next(d for d in visitor.decisions(second, _VENUE) if d["eligible"])
        reservation = visitor.reserve(second, _VENUE, decision)
        state = visitor.release(second, _VENUE, reservation)
        if state != "RESERVATION_STATE_RELEASED":
            raise RuntimeError(f"the reservation is {state}")
        benefit = decision["incentive"][f"benefit_{self._language}"]
        self.say(
            f"{self.name(second)}: “{benefit}” was held for the resident, released, and is free.",
            f"{self.name(second)}：已为居民预留“{benefit}”，随后退回，名额已释放。",
        )
        self._once(one_at_a_time(visitor, first, second), visitor.home, first, second)

    def _once(self, seen: OneAtATime, home: City, first: City, second: City) -> None:
        self.heading("One at a time, in all cities together", "各城市合计，同时只有一处")
        benefit = seen.incentive[f"benefit_{self._language}"]
        one, other = self.name(first), self.name(second)
        self.say(f"{one} holds “{benefit}”.", f"{one}已预留“{benefit}”。")
        home_name, took = self.name(home), f"{seen.milliseconds:.0f}"
        said = seen.refused.text(self._language).replace(home.about.code, home_name)
        self.say(f"{other}, at the same time: {said}", f"{other}同时预留：{said}")
        self.say(
            f"Released in {one}: held in {other} after {took} ms. {home_name} counted it by a "
            "label, and knows neither the venue nor the kind.",
            f"{one}退回后 {took} 毫秒，{other}预留成功。{home_name}只凭标签计数，不知道服务点，"
            "也不知道类别。",
        )
