"""The parts of the desk's page, made anew whenever something changes; each knows if it is new.

The page keeps a part whose key is the same as before: what is spoken from never moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response
from markupsafe import Markup

from api.console.formats import day
from api.console.page import Page
from api.console.routes.desk_holding import agent_id_of, is_holder
from api.console.routes.desk_line import Line, line_of
from api.console.words import load_words
from callback.explain import explain_verdict, show_cause
from callback.rules import Rule
from callback.verdict import Verdict
from callback.words import REASONS
from core.columns import AnyRow
from customers.charge_kinds import kind_names
from customers.model import Language, Reason
from customers.naming import address
from dialer.agents.asked import Controls, controls_of
from dialer.agents.guide import is_identified
from dialer.agents.model import SkipReason
from dialer.agents.offers import Shown, is_allowed, show_again
from dialer.agents.screen import Screen, load_screen
from dialer.agents.screens import is_first_look, mark_of
from dialer.agents.states import (
    Break,
    Dialling,
    Offered,
    Offline,
    OnCall,
    Ready,
    WrapUp,
)
from dialer.agents.waiting import Coming, callbacks_of, day_of, just_now, what_comes
from dialer.control import Switches, switches
from dialer.plan import company_of

_KEY_DIGITS = 12
_RUNG = frozenset({Rule.ALLOWED.value, Rule.APPOINTMENT.value})
_KIND = {
    Offline: "offline",
    Ready: "ready",
    Offered: "offered",
    Dialling: "dialling",
    OnCall: "talking",
    WrapUp: "wrapup",
    Break: "break",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of the page: an element with an id, and what is in it."""

    id: str
    tag: str
    inner: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def html(self) -> Markup:
        """The element, with the key by which the page knows whether it is another one."""
        whole = f"{self.tag}{sorted(self.attributes.items())}{self.inner}"
        key = sha256(whole.encode()).hexdigest()[:_KEY_DIGITS]
        attributes = Markup("").join(
            Markup(' {}="{}"').format(name, value) for name, value in self.attributes.items()
        )
        return Markup('<{tag} id="{id}" data-part="{key}"{attributes}>{inner}</{tag}>').format(
            tag=self.tag,
            id=self.id,
            key=key,
            attributes=attributes,
            inner=Markup(self.inner),  # noqa: S704 - made by a template, which escapes
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskView:
    """What the parts are made of."""

    screen: Screen
    kind: str
    mark: str
    is_holder: bool
    now: datetime
    identified: bool = False
    line: Line | None = None
    controls: Controls = field(default_factory=Controls)
    shown: Shown | None = None
    coming: Coming | None = None
    callbacks: Sequence[AnyRow] = ()
    day: AnyRow | None = None
    last_call: AnyRow | None = None
    switches: Switches | None = None

    @property
    def today(self) -> date:
        """The day where the person lives."""
        zone = "UTC" if self.screen.seen is None else self.screen.seen.time_zone
        return self.now.astimezone(ZoneInfo(zone)).date()

    @property
    def has_call(self) -> bool:
        """Whether a person is the subject of the page."""
        return self.kind in {"offered", "dialling", "talking", "wrapup"}


class Words:
    """What the templates of the desk ask for besides texts."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def address(self, row: AnyRow) -> str:
        """How a person is addressed in the language of the page."""
        return address(row.name, row.honorific)[self._page.language]

    def kind(self, kind: str) -> str:
        """What a kind of charge is called."""
        return kind_names(kind)[self._page.language]

    def verdict(self, verdict: Verdict, zone: str) -> str:
        """The sentence of a verdict."""
        return explain_verdict(verdict, self._page.language, ZoneInfo(zone))

    def short(self, reason: str) -> str:
        """What a reason is called where there is no room for more."""
        name = REASONS[Reason(reason)][self._page.language]
        return name[:1].upper() + name[1:]

    def rule(self, word: str) -> str:
        """What holds a call back, in a few words; what was allowed and rung waits for its turn."""
        word = Rule.RETRY_INTERVAL.value if word in _RUNG else word
        key = f"campaigns.held.{word}"
        return (
            self._page.say(key) if self._page.knows(key) else show_cause(word, self._page.language)
        )

    def by(self, due_by: datetime, zone: str) -> str:
        """By when: of today the hour alone, and midnight as the end of its day."""
        page, local = self._page, due_by.astimezone(ZoneInfo(zone))
        is_midnight = local.time() == time(0)
        of_day = (local - timedelta(minutes=1)).date() if is_midnight else local.date()
        clock = "24:00" if is_midnight else f"{local:%H:%M}"
        if of_day == page.now.astimezone(ZoneInfo(zone)).date():
            return page.say("desk.due.today", at=clock)
        return page.say("desk.due.by", at=f"{day(of_day, page.language)} {clock}")

    def reason(self, due_call: AnyRow, variables: Mapping[str, Any] | None = None) -> str:
        """Why we call, in a line."""
        page, known = self._page, dict(variables or {})
        reason = Reason(due_call.reason)
        key = f"desk.why.{reason.value}"
        facts: dict[str, object] = {}
        match reason:
            case Reason.OVERDUE:
                facts["step"] = due_call.facts.get("step", "–")
            case Reason.REPAIR if "repair_category" in known:
                facts["what"] = known["repair_category"][page.language.value]
                facts["day"] = day(date.fromisoformat(known["completed_on"]), page.language)
                key += "_known"
            case Reason.SURVEY if "survey_name" in known:
                facts["name"] = known["survey_name"][page.language.value]
                key += "_known"
            case Reason.PROMISED if known.get("about") not in {None, "other"}:
                about = f"desk.about.{known['about']}"
                facts["about"] = page.say(about) if page.knows(about) else known["about"]
                key += "_known"
            case Reason.UPLOADED | Reason.PROSPECT:
                facts["list"] = due_call.facts.get("list", "–")
        return page.say(key, **facts)

    def opening(self, view: DeskView) -> tuple[str, str]:
        """The words to begin with, in the owner's language, and which language that is."""
        seen = view.screen.seen
        if seen is None or seen.lead is None:
            return "", self._page.language.value
        language = Language(seen.person.language)
        person = address(seen.person.name, seen.person.honorific)[language]
        company = company_of(self._page.deps.house, seen.lead.community)[language]
        words = load_words()
        key = "desk.opening.debt" if seen.is_debt else f"desk.opening.{seen.lead.reason.value}"
        if key not in words:
            key = "desk.opening.other"
        name = view.screen.agent.name
        return words.say(key, language, person=person, company=company, agent=name), language.value


async def load_view(page: Page, agent_id: int) -> DeskView:
    """Read what the desk shows now; the first look at a file in a call is written down."""
    session, now, desk = page.work.session, page.now, page.deps.desk
    screen = await load_screen(session, agent_id, now=now)
    kind = _KIND[type(screen.standing)]
    facts: dict[str, Any] = {}
    if screen.seen is not None:
        await note_look(page, screen, "who")
        if screen.seen.lead is not None:
            facts["line"] = line_of(screen.seen.lead, packs=desk.packs, now=now)
    if screen.attempt_id is not None:
        facts["identified"] = await identified(page, screen)
        facts["controls"] = await controls_of(session, agent_id, screen.attempt_id)
    if isinstance(screen.standing, Offered):
        facts["shown"] = await show_again(session, screen.standing, desk=desk, now=now)
    if kind in {"ready", "offered"}:
        facts["coming"] = await what_comes(session, screen.agent, desk=desk, now=now)
    callbacks = await callbacks_of(session, agent_id)
    since = _day_began(page)
    if kind in {"ready", "break", "offline"}:
        facts["day"] = await day_of(session, agent_id, since=since)
    if kind not in {"talking", "wrapup"}:
        facts["last_call"] = await just_now(session, agent_id, since=since)
    return DeskView(
        screen=screen,
        kind=kind,
        mark=mark_of(screen.standing),
        is_holder=await is_holder(page, agent_id),
        now=now,
        callbacks=callbacks,
        switches=page.switches or await switches(session),
        **facts,
    )


def parts_of(page: Page, view: DeskView) -> list[Part]:
    """Return the parts of the page, in its order."""
    facts: dict[str, Any] = {"view": view, "screen": view.screen, "words": Words(page)}
    facts["skips"] = list(SkipReason)
    facts["skipped_for"] = page.deps.desk.rules.skipped_for
    facts["may_ring"] = view.shown is not None and is_allowed(view.shown)
    facts["ladder"] = [step.step for step in page.deps.desk.campaigns.overdue.ladder]
    facts["is_real"] = page.deps.desk.bridge_is_real

    def text(name: str) -> str:
        return page.text_of(f"desk/{name}.html", **facts)

    who = "who_call" if view.has_call else "who_day"
    label = page.say("desk.pane.who" if view.has_call else "desk.pane.day")
    return [
        Part(id="desk-state", tag="div", inner=text("state"), attributes={"class": "desk__state"}),
        Part(
            id="who",
            tag="aside",
            inner=text(who),
            attributes={"class": "pane pane--who", "aria-label": label, "tabindex": "0"},
        ),
        _say(page, view, text),
        _know(page, view, text),
        _foot(view, text),
        Part(id="mine-count", tag="span", inner=str(len(view.callbacks) or "")),
        Part(
            id="desk-standing",
            tag="div",
            inner=replace(page, switches=view.switches).text_of("standing.html"),
            attributes={"class": "row"},
        ),
    ]


async def present(page: Page, *, said: str | None = None) -> Response:
    """Return the parts as they are now; `said` is what the page tells once."""
    view = await load_view(page, agent_id_of(page))
    parts = [each.html for each in parts_of(page, view)]
    return page.show("desk/parts.html", parts=parts, view=view, said=said)


async def note_look(page: Page, screen: Screen, part: str) -> None:
    """Write down once a call that a part of a person's file was shown."""
    if screen.seen is None:
        return
    person_id = screen.seen.person.person_id
    of = mark_of(screen.standing).removeprefix("wrap-").removeprefix("call-")
    agent_id = screen.agent.agent_id
    session = page.work.session
    if await is_first_look(session, agent_id, of=of, part=part, now=page.now):
        attempt_id = None if screen.attempt_id is None else str(screen.attempt_id)
        await page.work.note(
            "looked_at",
            f"person:{person_id}",
            part=f"desk_{part}",
            attempt_id=attempt_id,
            due_call_id=screen.due_call_ids[0] if screen.due_call_ids else None,
        )


async def identified(page: Page, screen: Screen) -> bool:
    """Say whether money may be spoken of in the present call."""
    return screen.attempt is not None and await is_identified(
        page.work.session, screen.attempt.attempt_id
    )


def _say(page: Page, view: DeskView, text: Any) -> Part:
    attributes = {"class": "desk__say"}
    attempt = view.screen.attempt
    if view.kind == "talking" and attempt is not None:
        attributes |= {"hx-get": "/desk/step", "hx-trigger": "load"}
        attributes["data-of"] = str(attempt.attempt_id)
        return Part(id="say", tag="div", inner=text("say_loading"), attributes=attributes)
    if view.kind == "wrapup":
        attributes |= {"hx-get": "/desk/result", "hx-trigger": "load", "data-of": view.mark}
        return Part(id="say", tag="div", inner=text("say_loading"), attributes=attributes)
    name = "say_inbound" if view.kind == "talking" else f"say_{view.kind}"
    del page
    return Part(id="say", tag="div", inner=text(name), attributes=attributes)


def _know(page: Page, view: DeskView, text: Any) -> Part:
    seen = view.screen.seen
    attributes = {"class": "pane pane--know", "aria-label": page.say("desk.pane.know")}
    if view.has_call and seen is not None:
        attributes |= {
            "hx-get": "/desk/know?tab=brief",
            "hx-trigger": "load",
            "data-of": f"{seen.person.person_id}.{int(view.identified)}",
        }
        return Part(id="know", tag="aside", inner=text("know_loading"), attributes=attributes)
    attributes["aria-label"] = page.say("desk.pane.queue")
    return Part(id="know", tag="aside", inner=text("know_queue"), attributes=attributes)


def _foot(view: DeskView, text: Any) -> Part:
    if view.kind == "talking" and view.screen.attempt is not None:
        attributes = {"hx-get": "/desk/foot", "hx-trigger": "load", "data-of": view.mark}
        return Part(id="foot", tag="footer", inner=text("foot_loading"), attributes=attributes)
    if view.kind == "wrapup":
        return Part(id="foot", tag="footer", inner="", attributes={"data-of": view.mark})
    attributes = {"class": "foot foot--plain"}
    return Part(id="foot", tag="footer", inner=text("foot"), attributes=attributes)


def _day_began(page: Page) -> datetime:
    local = page.now.astimezone(ZoneInfo(page.zone))
    return datetime.combine(local.date(), time(0), tzinfo=ZoneInfo(page.zone))
