"""Agreements of mutual recognition, as a person reads them."""

from typing import Final

from node.cli.calling import Answer, Node
from node.cli.errors import HutongError
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command, option
from node.errors import UNKNOWN
from node.model import Role

_LIVE = (
    "AGREEMENT_STATE_PROPOSED_HERE",
    "AGREEMENT_STATE_PROPOSED_THERE",
    "AGREEMENT_STATE_ACTIVE",
    "AGREEMENT_STATE_SUSPENDED",
    "AGREEMENT_STATE_NEEDS_MAPPING",
    "AGREEMENT_STATE_ENDED",
)
_SIGNED = _LIVE[2:]
_NEEDS_MAPPING: Final = "AGREEMENT_STATE_NEEDS_MAPPING"
_ENDS = ("ends_here", "ends_there")
_DAY: Final = 86400
_POINTS: Final = 9  # rows of a concordance that are shown; all are in --json
_SCORES: Final = ("home_score", "host_score", "error")
_SPANS: Final = (
    ("said.span_day", _DAY),
    ("said.span_hour", 3600),
    ("said.span_minute", 60),
    ("said.span_second", 1),
)


@command("agreement list")
@pass_session
def list_agreements(session: Session) -> None:
    """List the agreements."""
    agreements = _all(session)
    if session.out.document({"agreements": agreements}):
        return
    if not agreements:
        session.out.line(session.say("said.no_agreements"))
        return
    headings = ("agreement", "version_short", "partner", "state", "level", "until")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                agreement["agreement_id"],
                str(agreement["version"]),
                name_of(session, agreement, agreement["partner_city"]),
                _state(session, agreement),
                agreement["disclosure_limit"],
                session.time(_ends(agreement))[:10],
            )
            for agreement in agreements
        ],
        whole=(0, 1, 2),
    )
    for agreement in agreements:
        if not _followed(agreement, agreements):
            say_next(session, agreement, "said.to_sign")


@command("agreement show")
@argument("agreement_id", metavar="AGREEMENT")
@option("--all", "every", is_flag=True, text="agreement_all")
@pass_session
def show(session: Session, *, agreement_id: str, every: bool) -> None:
    """Show an agreement whole."""
    found = [a for a in _all(session) if a["agreement_id"] == agreement_id]
    if not found:
        raise HutongError(
            UNKNOWN, what="agreement", name=agreement_id, remedy="see `hutong agreement list`"
        )
    if session.out.document({"agreements": found}):
        return
    found.sort(key=lambda agreement: int(agreement["version"]), reverse=True)
    live = [agreement for agreement in found if agreement["state"] in _LIVE]
    shown = found if every else (live or found)[:1]
    for agreement in shown:
        described(session, agreement)
        if not _followed(agreement, found):
            say_next(session, agreement, "said.sign_next")
    others = [a for a in found if a not in shown]
    if others:
        names = ", ".join(f"{a['version']} ({_state(session, a)})" for a in others)
        session.out.line(session.say("said.other_versions", names=names))


def described(session: Session, agreement: Answer) -> None:
    """All that an operator signs, and where it stands."""
    session.out.lines(
        [
            (session.say(f"words.{word}"), value)
            for word, value in _facts(session, agreement).items()
            if value
        ]
    )
    for table in agreement["tables"]:
        _table(session, agreement, table)


def _facts(session: Session, agreement: Answer) -> dict[str, str]:
    parties = [name_of(session, agreement, party["city"]) for party in agreement["parties"]]
    proposer = name_of(session, agreement, agreement["proposed_by"])
    return {
        "agreement": agreement["agreement_id"],
        "version": str(agreement["version"]),
        "parties": _listed(session, parties),
        "state": session.say(f"words.{agreement['state']}"),
        "suspended_by": _listed(
            session, _both(session, agreement, "suspended_here", "suspended_there")
        ),
        "notice_given": _notices(session, agreement),
        "why": agreement["state_reason"],
        "scale_changed": _changes(session, agreement),
        "table_ended": _listed(session, _tables_ended(session, agreement)),
        "proposed_by": f"{proposer}, {session.time(agreement.get('proposed_at'))}",
        "valid_from": session.time(agreement.get("valid_from")),
        "until": session.time(agreement.get("valid_until")),
        "notice": span(session, agreement.get("notice")) or session.say("words.no_notice"),
        "level": session.say(f"words.level_{agreement['disclosure_limit']}"),
        "scenarios": ", ".join(agreement["scenarios"]),
        "commendations": ", ".join(agreement["commendations"]),
        "lifetime": span(session, agreement["attestation_lifetime"]),
        "freshness": span(session, agreement["status_freshness"]),
        "offline_grace": span(session, agreement.get("offline_grace")),
        "legal_basis": agreement["legal_basis"],
        "privacy_assessment": agreement["privacy_assessment"],
    }


def _table(session: Session, agreement: Answer, table: Answer) -> None:
    home, host = (name_of(session, agreement, table[f"{side}_city"]) for side in ("home", "host"))
    session.out.line(session.say("said.mapping_way", home=home, host=host), style="bold")
    newcomer = session.say("words.newcomer")
    rows = [
        (
            session.pick(band, "home_name") or band["home_band"],
            (session.pick(band, "host_name") or band["host_band"])
            if band["host_band"]
            else newcomer,
            session.say("words.the_line") if band["is_line"] else "",
        )
        for band in table["bands"]
    ]
    lower = (session.say("words.lower_bands"), newcomer, "")
    headings = ("home_band", "host_band", "line_mark")
    session.out.table([session.say(f"words.{word}") for word in headings], [lower, *rows])
    if table["method"] == "linear":
        said = {"formula": table["formula"], "source": table["source"]}
        session.out.line(session.say("said.read_linear", **said))
    if table["method"] == "concordance":
        _concordance(session, table)


def _concordance(session: Session, table: Answer) -> None:
    """How scores are read by equal ranks: so many of the points, spread over all of them."""
    degree, until = table["degree"], session.time(table["valid_until"])
    said = "said.concordance_smoothed" if degree else "said.concordance_raw"
    session.out.line(session.say("said.read_by_ranks", until=until))
    session.out.line(session.say(said, degree=degree))
    points = table["points"]
    last = len(points) - 1
    most = min(_POINTS, len(points))
    places = [round(last * place / max(most - 1, 1)) for place in range(most)]
    headings = ("home_score", "host_score", "standard_error")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [tuple(f"{points[i][key]:g}" for key in _SCORES) for i in places],
    )
    if len(points) > most:
        session.out.line(session.say("said.points_left_out", shown=most, count=len(points)))


def name_of(session: Session, agreement: Answer, city: str) -> str:
    """A party by its name and its code."""
    for party in agreement["parties"]:
        if party["city"] == city and session.pick(party, "name") != city:
            return session.say("said.city_named", name=session.pick(party, "name"), city=city)
    return city


def span(session: Session, duration: object) -> str:
    """A duration of the API in words: 30 days, 24 h, 5 min; "" where there is none."""
    seconds = int(float(str(duration or "0s").removesuffix("s")))
    if not seconds:
        return ""
    # One day is said in hours, as lifetimes are; a month is not.
    if seconds == _DAY:
        return session.say("said.span_hour", count=24)
    said = []
    for name, size in _SPANS:
        count, seconds = divmod(seconds, size)
        if count:
            said.append(session.say(name, count=count))
    return " ".join(said)


def _state(session: Session, agreement: Answer) -> str:
    """The state in a word, and who suspended it or whose scale changed."""
    said = session.say(f"words.{agreement['state']}")
    who = _cities(agreement, "suspended_here", "suspended_there")
    if agreement["state"] == _NEEDS_MAPPING:
        who = [*agreement["needs_mapping"], *agreement["ended_tables"]]
    elif agreement["state"] != "AGREEMENT_STATE_SUSPENDED":
        return said
    names = [session.pick(p, "name") for p in agreement["parties"] if p["city"] in who]
    return session.say("said.state_of", state=said, who=_listed(session, names))


def _listed(session: Session, names: list[str]) -> str:
    return session.say("said.and_then").join(names)


def _both(session: Session, agreement: Answer, here: str, there: str) -> list[str]:
    """The names of the cities of which something is so: this one, the partner, or both."""
    return [name_of(session, agreement, city) for city in _cities(agreement, here, there)]


def _cities(agreement: Answer, here: str, there: str) -> list[str]:
    partner = agreement["partner_city"]
    own = next((p["city"] for p in agreement["parties"] if p["city"] != partner), partner)
    return [city for key, city in ((here, own), (there, partner)) if agreement.get(key)]


def _notices(session: Session, agreement: Answer) -> str:
    ends = [session.time(agreement[key]) for key in _ENDS if agreement.get(key)]
    cities = _both(session, agreement, *_ENDS)
    return "; ".join(
        session.say("said.notice_by", city=city, ends=end)
        for city, end in zip(cities, ends, strict=True)
    )


def _changes(session: Session, agreement: Answer) -> str:
    if agreement["state"] not in _LIVE:
        return ""
    return "; ".join(
        session.say(
            "said.scale_changed",
            city=name_of(session, agreement, party["city"]),
            mapped=party["scale_version"],
            newest=party["newest_scale_version"],
        )
        for party in agreement["parties"]
        if party["city"] in agreement["needs_mapping"]
    )


def _tables_ended(session: Session, agreement: Answer) -> list[str]:
    """The cities whose residents are read by no concordance any more."""
    if agreement["state"] not in _LIVE:
        return []
    return [name_of(session, agreement, city) for city in agreement["ended_tables"]]


def _ends(agreement: Answer) -> object:
    """The earliest end; instants of the API in UTC sort as their texts do to the second."""
    ends = [agreement.get(key) for key in (*_ENDS, "valid_until")]
    return min((str(end) for end in ends if end), default="")


def say_next(session: Session, agreement: Answer, to_sign: str) -> None:
    """Say what is to be done next, as a command."""
    fields = {"id": agreement["agreement_id"], "version": agreement["version"]}
    if agreement["state"] == "AGREEMENT_STATE_PROPOSED_THERE":
        session.out.line(session.say(to_sign, **fields))
    if agreement["state"] in _SIGNED and agreement["needs_mapping"]:
        changed = _changes(session, agreement)
        session.out.line(session.say("said.amend_next", changed=changed, **fields))
    elif agreement["state"] in _SIGNED and agreement["ended_tables"]:
        ended = _listed(session, _tables_ended(session, agreement))
        session.out.line(session.say("said.amend_table", cities=ended, **fields))


def _followed(agreement: Answer, agreements: list[Answer]) -> bool:
    """Whether a newer version is proposed already, so that nothing is to be done with this one."""
    return any(
        other["agreement_id"] == agreement["agreement_id"]
        and int(other["version"]) > int(agreement["version"])
        and other["state"] in _LIVE
        for other in agreements
    )


def _all(session: Session) -> list[Answer]:
    return Node(session, Role.OPERATOR).every("ListAgreements", "agreements")
