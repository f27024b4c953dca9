"""Partner cities."""

from node.cli.calling import Answer, Node
from node.cli.session import Session, pass_session
from node.cli.shape import argument, command
from node.cli.values import city_of, named, reason, reason_of, request_id
from node.model import Role

_INVITED = "PARTNER_STATE_INVITED"
_NEXT = {
    "INVITED": "said.next_invited",
    "EXCHANGED": "said.next_exchanged",
    "APPROVED_HERE": "said.next_approved_here",
    "APPROVED_THERE": "said.next_approved_there",
    "APPROVED": "said.next_approved",
    "TESTED": "said.next_tested",
}


@command("partner list")
@pass_session
def list_partners(session: Session) -> None:
    """List the partners."""
    partners = Node(session, Role.OPERATOR).every("ListPartners", "partners")
    if session.out.document({"partners": partners}):
        return
    if not partners:
        session.out.line(session.say("said.no_partners"))
        return
    headings = ("city", "name", "state", "reached", "clock", "keys", "bundle", "agreement")
    session.out.table(
        [session.say(f"words.{word}") for word in headings],
        [
            (
                partner["city"],
                session.pick(partner, "name"),
                state_of(session, partner),
                _reached(session, partner),
                _offset(partner),
                _earliest(session, partner),
                str(partner["bundle_sequence"]).removeprefix("0"),
                _agreement(session, partner),
            )
            for partner in partners
        ],
        whole=(0, 1),
    )
    for partner in partners:
        following = next_step(session, partner)
        if following:
            session.out.line(following)


@command("partner show")
@argument("city", type=city_of)
@pass_session
def show(session: Session, *, city: str) -> None:
    """Show a partner whole."""
    answer = Node(session, Role.OPERATOR).ask("GetPartner", city=city)
    if session.out.document(answer):
        return
    partner = answer["partner"]
    session.out.lines(_described(session, partner))
    if partner["keys"]:
        session.out.table(
            [session.say(f"words.{word}") for word in ("key_use", "key_id", "from", "until")],
            [
                (
                    key["use"],
                    key["id"][:16],
                    session.time(key.get("not_before"))[:10],
                    session.say("words.revoked")
                    if key["revoked"]
                    else session.time(key.get("not_after"))[:10],
                )
                for key in partner["keys"]
            ],
        )
    session.out.table(
        [session.say(f"words.{word}") for word in ("when", "who", "step", "state", "why")],
        [
            (
                session.time(step.get("at")),
                step["actor"],
                step["move"],
                session.say(f"words.{step['state']}"),
                " ".join(
                    filter(None, (step["reason"], step["legal_basis"], step["privacy_assessment"]))
                ),
            )
            for step in answer["steps"]
        ],
    )
    following = next_step(session, partner)
    if following:
        session.out.line(following)


@command("partner suspend")
@argument("city", type=city_of)
@reason
@request_id
@pass_session
def suspend(session: Session, *, city: str, reason: str | None, request_id: str | None) -> None:
    """Stop serving and asking a partner."""
    why = reason_of(session, reason)
    node = Node(session, Role.OPERATOR)
    answer = node.change("SuspendPartner", request_id, city=city, reason=why)
    show_partner(session, answer, "said.partner_suspended")


@command("partner resume")
@argument("city", type=city_of)
@reason
@request_id
@pass_session
def resume(session: Session, *, city: str, reason: str | None, request_id: str | None) -> None:
    """Take a partner up again."""
    why = reason_of(session, reason)
    node = Node(session, Role.OPERATOR)
    answer = node.change("ResumePartner", request_id, city=city, reason=why)
    show_partner(session, answer, "said.partner_resumed")


@command("partner end")
@argument("city", type=city_of)
@reason
@request_id
@pass_session
def end(session: Session, *, city: str, reason: str | None, request_id: str | None) -> None:
    """End a partnership for good."""
    why = reason_of(session, reason)
    node = Node(session, Role.OPERATOR)
    answer = node.change("EndPartner", request_id, city=city, reason=why)
    show_partner(session, answer, "said.partner_ended")


@command("partner sync")
@argument("city", type=city_of)
@pass_session
def sync(session: Session, *, city: str) -> None:
    """Swap bundles and scales with a partner."""
    answer = Node(session, Role.OPERATOR).ask("SyncPartner", city=city)
    show_partner(session, answer, "said.synced")


def show_partner(session: Session, answer: Answer, said: str) -> None:
    """Say what became of a partner, and what comes next."""
    if session.out.document(answer):
        return
    partner = answer["partner"]
    session.out.line(session.say(said, city=partner["city"], name=session.pick(partner, "name")))
    session.out.lines(_described(session, partner))
    following = next_step(session, partner)
    if following:
        session.out.line(following)


def _described(session: Session, partner: Answer) -> list[tuple[str, str]]:
    if partner["state"] == _INVITED:
        ends = session.time(partner.get("invitation_ends_at"))
        return [
            (session.say("words.city"), partner["city"]),
            (session.say("words.state"), state_of(session, partner)),
            (session.say("words.until"), ends),
        ]
    said = {
        "name": f"{partner['name_zh']} {partner['name_en']}",
        "state": state_of(session, partner),
        "endpoint": partner["endpoint"],
        "check_words": " / ".join(filter(None, (partner["words_zh"], partner["words_en"]))),
        "exchanged_by": partner["exchanged_by"],
        "reached": _reached(session, partner),
        "clock": _offset(partner),
        "bundle": _bundle(session, partner),
        "scale": _scale(session, partner),
        "agreement": _agreement(session, partner),
        "fingerprint": partner["fingerprint"],
    }
    return [(session.say(f"words.{word}"), value) for word, value in said.items() if value]


def state_of(session: Session, partner: Answer) -> str:
    """The state in words, and who suspends."""
    said = session.say(f"words.{partner['state']}")
    if partner["state"] != "PARTNER_STATE_SUSPENDED":
        return said
    who = [w for w in ("suspended_here", "suspended_there") if partner[w]]
    return f"{said} ({', '.join(session.say(f'words.{w}') for w in who)})"


def next_step(session: Session, partner: Answer) -> str:
    """What an operator does next about a partner; "" where there is nothing to do."""
    name = _NEXT.get(partner["state"].removeprefix("PARTNER_STATE_"))
    city = partner["city"]
    return session.say(name, city=city, name=named(session, city)) if name else ""


def _reached(session: Session, partner: Answer) -> str:
    reached = session.time(partner.get("reached_at"))
    return " ".join(filter(None, (reached, partner["problem"])))


def _offset(partner: Answer) -> str:
    offset = partner.get("clock_offset")
    # Not "-0.0": a clock that is right is neither ahead nor behind.
    return f"{round(float(str(offset).removesuffix('s')), 1) + 0.0:+.1f} s" if offset else ""


def _earliest(session: Session, partner: Answer) -> str:
    """Until when something of each kind counts: the sooner of the two ends."""
    ends = [
        max(str(key["not_after"]) for key in found)
        for use in ("signing", "tls")
        if (found := [k for k in partner["keys"] if k["use"] == use and not k["revoked"]])
    ]
    return session.time(min(ends))[:10] if ends else ""


def _agreement(session: Session, partner: Answer) -> str:
    version = partner["agreement_version"]
    return session.say("said.agreement_version", version=version) if version else ""


def _bundle(session: Session, partner: Answer) -> str:
    if not partner["bundle_sequence"] or partner["bundle_sequence"] == "0":
        return ""
    made = session.time(partner.get("bundle_issued_at"))[:10]
    ends = session.time(partner.get("bundle_expires_at"))[:10]
    return session.say("said.bundle", sequence=partner["bundle_sequence"], made=made, ends=ends)


def _scale(session: Session, partner: Answer) -> str:
    if not partner["scale_id"]:
        return session.say("words.unknown")
    return session.say("said.version", id=partner["scale_id"], version=partner["scale_version"])
