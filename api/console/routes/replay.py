"""A day looked back at: an instant as the dialer saw it, and the steps from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Response

from api.console.edge import router as pages
from api.console.forms import QueryWord, day_of
from api.console.page import Here, Page
from api.console.routes.campaigns_words import name_of
from api.model import Right, needs
from callback.deadlines import day_start
from callback.explain import explain_verdict
from callback.uploaded_model import campaign_name, list_of_campaign
from callback.uploaded_tables import UploadedList
from dialer.pacing.wording import sentence
from dialer.replay.instant import is_recorded_until, look_back
from dialer.replay.instant_model import Instant, LookedThen, PacingThen

router = pages()

_MINUTE = timedelta(minutes=1)
_ALLOWED = frozenset({"allowed", "appointment"})


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """An instant in the words of a page."""

    page: Page
    instant: Instant
    lists: Mapping[str, str]  # names of uploaded lists by their campaigns

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.page.zone)

    def stamp(self, at: datetime) -> str:
        """Return a time of the day with its seconds."""
        return f"{at.astimezone(self.zone):%H:%M:%S}"

    def link(self, at: datetime | None) -> str | None:
        """Return the address of an instant of the same day; None of none."""
        if at is None or _local(at, self.page).date() != _local(self.instant.at, self.page).date():
            return None
        return _address(at, self.page)

    def campaign(self, name: str) -> str:
        """Return what a campaign is called."""
        return name_of(self.page, name, self.lists)

    def rule(self, rule: str) -> str:
        """Return what a rule had to say, in short."""
        if rule in _ALLOWED:
            return self.page.say("replay.allowed")
        key = f"campaigns.held.{rule}"
        return self.page.say(key) if self.page.knows(key) else self.page.say("replay.other_rule")

    def why(self, each: LookedThen) -> str:
        """Return why a due call was chosen or refused."""
        if each.verdict is None:
            return self.page.say("replay.pack_gone", rule=self.rule(each.rule))
        return explain_verdict(each.verdict, self.page.language, self.zone)

    def pacing(self, each: PacingThen) -> str:
        """Return what the pacer said."""
        return sentence(each.decision, self.page.language)

    @property
    def paused(self) -> str:
        """The campaigns that were paused."""
        return self.page.say("replay.comma").join(map(self.campaign, self.instant.switches.paused))

    @property
    def trunks(self) -> dict[str, int]:
        """How many calls were up on each trunk."""
        up: dict[str, int] = {}
        for each in self.instant.live:
            up[each.trunk] = up.get(each.trunk, 0) + each.ringing + each.talking
        return up


@router.get("/replay", openapi_extra=needs(Right.READ_REPORTS))
async def show(page: Here, *, day: QueryWord = "", at: QueryWord = "") -> Response:
    """Show an instant of a day; now without one. The look goes on the audit."""
    instant_at, mistake = _asked(page, day, at)
    session = page.work.session
    if instant_at > page.now and not await is_recorded_until(session, instant_at):
        instant_at, mistake = page.now.replace(microsecond=0), "replay.not_come"
    local_day = _local(instant_at, page).date()
    day_ends = day_start(local_day + timedelta(days=1), page.zone)
    packs = page.deps.desk.packs
    instant = await look_back(session, instant_at, day_ends=day_ends, packs=packs)
    await page.work.note("looked_back", f"instant:{instant_at.isoformat()}")
    return page.show(
        "replay/show.html",
        show=_Shown(page=page, instant=instant, lists=await _lists(page, instant)),
        instant=instant,
        day=local_day.isoformat(),
        mistake=mistake,
        back=instant_at - _MINUTE,
        forward=instant_at + _MINUTE,
    )


def _asked(page: Page, day: str, at: str) -> tuple[datetime, str | None]:
    """Return the instant that was asked for, and what of it could not be read."""
    now = _local(page.now, page)
    mistake = None
    on: date | None = day_of(day)
    if day and on is None:
        mistake = "replay.no_such_day"
    clock = now.time().replace(microsecond=0)
    if at:
        try:
            clock = time.fromisoformat(at).replace(microsecond=0, tzinfo=None)
        except ValueError:
            mistake = "replay.no_such_time"
    found = datetime.combine(on or now.date(), clock, ZoneInfo(page.zone))
    return found.astimezone(page.now.tzinfo), mistake


def _local(at: datetime, page: Page) -> datetime:
    return at.astimezone(ZoneInfo(page.zone))


def _address(at: datetime, page: Page) -> str:
    local = _local(at, page)
    return "/replay?" + urlencode({"day": f"{local:%Y-%m-%d}", "at": f"{local:%H:%M:%S}"})


async def _lists(page: Page, instant: Instant) -> dict[str, str]:
    """Return the names of the uploaded lists an instant speaks of, by their campaigns."""
    names = {each.campaign for each in instant.waiting} | {*instant.switches.paused}
    names |= {each.campaign for each in instant.live}
    names |= {each.campaign for look in instant.looks for each in look.looked}
    if instant.window is not None:
        names |= {each.campaign for each in instant.window.first}
    list_ids = [found for name in names if (found := list_of_campaign(name)) is not None]
    if not list_ids:
        return {}
    rows = await page.work.session.execute(
        sa.select(UploadedList.list_id, UploadedList.name).where(UploadedList.list_id.in_(list_ids))
    )
    return {campaign_name(row.list_id): row.name for row in rows}
