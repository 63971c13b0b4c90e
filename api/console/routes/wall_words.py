"""The sentences of the wallboard: why something is not dialled, what a lane and a bar say."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from api.console import formats
from api.console.page import Page
from api.console.routes.campaigns_pacing import PacingShown, shown_of
from callback.campaigns import (
    Campaign,
    ComplaintCampaign,
    MissedCallCampaign,
    OverdueCampaign,
    RepairCampaign,
    SurveyCampaign,
    UploadedCampaign,
)
from callback.rules import Rule
from callback.uploaded_model import list_of_campaign
from customers.complaint_rules import shipped_complaint_rules
from customers.complaint_tables import ComplaintChannel
from customers.model import Reason, WorkOrderCategory
from dialer.agents.model import AgentState
from dialer.predictive.standing import PacingStanding
from dialer.wall.lanes import AXIS, Axis, Lane, Slot
from dialer.wall.look import Wall
from dialer.wall.model import LONG_WRAP_UP, SLOT, Abandonment, Seat
from dialer.wall.why import NO_LIST, STOPPED, WhyNot

# State, as the page's styles and icons call it.
TONES = {
    AgentState.ON_CALL: "talking",
    AgentState.RESERVED: "ready",
    AgentState.WRAP_UP: "wrapup",
    AgentState.READY: "ready",
    AgentState.BREAK: "rest",
    AgentState.OFFLINE: "off",
}
TALLY = (
    AgentState.ON_CALL,
    AgentState.WRAP_UP,
    AgentState.RESERVED,
    AgentState.READY,
    AgentState.BREAK,
    AgentState.OFFLINE,
)
ON_TIME_WANTED = 0.95  # house: below it the rate is marked
_RATE_FROM = 0.9  # where the bar of an on-time rate begins: what is below is bad enough
_SLOT_LEAST, _SLOT_FULL_AT = 56, 100  # per cent of the lane's height; due calls of a full bar
_BULLET_AT = 0.75  # of the width: where the ceiling stands
_A_DAY = timedelta(days=1)
_MOST_WHY = 6
_NOTE_SLOTS = 3  # half hours a note takes
_SLOTS = round(AXIS / SLOT)


class WallWords:
    """What the templates ask of a look, in the language of a page."""

    def __init__(self, page: Page, wall: Wall) -> None:
        self.page = page
        self.wall = wall
        self.tones = TONES
        self.tally = TALLY
        self.most_why = _MOST_WHY

    def campaign(self, name: str | None, reason: Reason | None = None) -> str:
        """Return what a campaign is called; None: all of them."""
        if name is None:
            return self.page.say("wall.why.all")
        number = list_of_campaign(name)
        if number is not None:
            return self.page.say("wall.list", number=number)
        if self.page.knows(f"wall.lane.{name}"):
            return self.page.say(f"wall.lane.{name}")
        return name if reason is None else self.page.say(f"wall.lane.{reason.value}")

    def why_head(self) -> str:
        """Say how many campaigns are not dialled."""
        if any(each.campaign is None for each in self.causes()):
            return self.page.say("wall.why.head_all")
        count = len(self.causes())
        return self.page.say("wall.why.head_one" if count == 1 else "wall.why.head", count=count)

    def by(self, actor: str) -> str:
        """Return who did something."""
        return person(actor)

    def causes(self) -> list[WhyNot]:
        """Return what the band lists: a stop has a band of its own."""
        return [each for each in self.wall.why if each.cause != STOPPED]

    def cause(self, why: WhyNot) -> str:
        """Say why, as the part of a sentence after the campaign's name."""
        sentence = self.page.say(f"wall.cause.{why.cause}", **why.facts)
        if why.waiting:
            sentence += self.page.say("wall.why.waiting", count=f"{why.waiting:,}")
        return sentence

    def tail(self, why: WhyNot) -> str:
        """Say until when it is so, or who did it."""
        say = self.page.say
        if why.by is not None and why.since is not None:
            key = "wall.why.stopped_since" if why.cause == STOPPED else "wall.why.since"
            return say(key, at=self.at(why.since), by=person(why.by))
        if why.cause == NO_LIST and why.since is not None:
            return say("wall.why.last", at=self.at(why.since))
        if why.until is not None:
            return say("wall.why.until", at=self.at(why.until))
        return say("wall.why.not_by_itself") if why.cause in _LASTING else ""

    def at(self, when: datetime) -> str:
        """Return the time of day, with the day where it is another one."""
        page, zone = self.page, self.page.zone
        if formats.day(when, page.language, zone) == formats.day(self.wall.at, page.language, zone):
            return formats.clock(when, zone)
        return formats.instant(when, page.language, zone)

    def rule(self, lane: Lane) -> str:
        """Say in a few words by when a lane's calls are due."""
        found = [self._rule(each) for each in lane.campaigns]
        lists = sum(isinstance(each, UploadedCampaign) for each in lane.campaigns)
        if lists:
            found.append(self.page.say("wall.rule.lists", count=lists))
        return next((each for each in found if each), "")

    def _rule(self, campaign: Campaign) -> str:  # noqa: PLR0911 - one a reason
        say = self.page.say
        match campaign:
            case MissedCallCampaign():
                return say("wall.rule.missed_call", hours=campaign.within_hours)
            case ComplaintCampaign():
                rules = shipped_complaint_rules()
                hotline = rules.hours_for(ComplaintChannel.HOTLINE)
                return say("wall.rule.complaint", hours=rules.reply_hours, hotline=hotline)
            case RepairCampaign():
                days = {each.value: campaign.days[each] for each in WorkOrderCategory}
                return say("wall.rule.repair", **days)
            case OverdueCampaign():
                first, last = campaign.ladder[0].step, campaign.ladder[-1].step
                return say("wall.rule.overdue", first=f"{first}".replace("-", "−"), last=last)
            case SurveyCampaign():
                return say("wall.rule.survey", days=campaign.open_days)
            case _ if campaign.reason is Reason.PROMISED:
                return say("wall.rule.promised")
            case _:
                return ""

    def slots(self, lane: Lane) -> str:
        """Say what the picture of a lane shows."""
        say, zone = self.page.say, self.page.zone
        if not lane.slots:
            return say("wall.lanes.nothing", until=formats.clock(self.wall.axis.ends_at, zone))
        return say("wall.lanes.and").join(
            say(
                "wall.lanes.slot_risk" if each.at_risk else "wall.lanes.slot",
                at=formats.clock(each.starts_at, zone),
                count=each.count,
                unmet=each.unmet,
            )
            for each in lane.slots
        )

    def note(self, lane: Lane) -> dict[str, str | bool] | None:
        """Say what of a lane will not be met, where there is room beside such a half hour."""
        starts = {round((each.starts_at - self.wall.axis.starts_at) / SLOT) for each in lane.slots}
        for slot in (each for each in lane.slots if each.at_risk):
            place = round((slot.starts_at - self.wall.axis.starts_at) / SLOT)
            left = self.wall.axis.x(slot.starts_at)
            after = range(place + 1, place + 1 + _NOTE_SLOTS)
            before = range(place - _NOTE_SLOTS, place)
            if not starts & set(after) and after.stop <= _SLOTS:
                return self._note(lane, f"{left + 8.6:.2f}%", ends=False)
            if not starts & set(before) and left - 8 * _NOTE_SLOTS > self.wall.axis.x(self.wall.at):
                return self._note(lane, f"{left - 0.6:.2f}%", ends=True)
        return None

    def _note(self, lane: Lane, x: str, *, ends: bool) -> dict[str, str | bool]:
        key = "note_held" if lane.held else "note_soon" if lane.pace is None else "note_pace"
        return {
            "x": x,
            "ends": ends,
            "text": self.page.say(f"wall.lanes.{key}", unmet=lane.at_risk),
        }

    def bar(self, axis: Axis, slot: Slot) -> dict[str, str]:
        """Return where the bar of a half hour stands, in per cent."""
        left = axis.x(slot.starts_at)
        height = _SLOT_LEAST + (100 - _SLOT_LEAST) * min(1.0, slot.count / _SLOT_FULL_AT)
        return {
            "x": f"{left + 0.4:.2f}%",
            "mid": f"{left + 4:.2f}%",
            "y": f"{100 - height:.0f}%",
            "height": f"{height:.0f}%",
            "text": f"{100 - height / 2:.0f}%",
        }

    def per_cent(self, part: float, whole: float = 1.0) -> str:
        """Return a share as a width."""
        return f"{max(0.0, min(100.0, 100 * part / whole)) if whole else 0:.1f}%"

    def on_time(self, lane: Lane) -> dict[str, str | bool] | None:
        """Return the rate of a lane this month, its bar and its counts; None: nothing was due."""
        found = lane.on_time
        if found is None or not found.judged:
            return None
        rate = found.met / found.judged
        wide = 1 - _RATE_FROM
        return {
            "rate": formats.share(found.met, found.judged, 1),
            "of": self.page.say("wall.lanes.of", met=found.met, judged=found.judged),
            "width": self.per_cent(rate - _RATE_FROM, wide),
            "wanted": self.per_cent(ON_TIME_WANTED - _RATE_FROM, wide),
            "bad": rate < ON_TIME_WANTED,
        }

    def at_what(self, seat: Seat) -> str:
        """Say what an agent is at, and what is wrong where they need help."""
        say = self.page.say
        what = say(f"wall.state.{seat.state.value}")
        if seat.reason is not None and seat.state in {AgentState.ON_CALL, AgentState.RESERVED}:
            what = say(f"wall.lane.{seat.reason.value}")
        if seat.break_reason is not None:
            what = say(f"wall.break.{seat.break_reason.value}")
        match seat.needs_help(self.wall.at):
            case "long_call":
                return say("wall.help.long_call", what=what)
            case "long_wrap_up":
                minutes = f"{LONG_WRAP_UP / timedelta(minutes=1):g}"
                return say("wall.help.long_wrap_up", minutes=minutes)
            case "phone":
                trouble = seat.phone_trouble.value if seat.phone_trouble else "missing"
                return say("wall.help.phone", trouble=say(f"wall.trouble.{trouble}"))
            case _:
                return what

    def pacing(self, each: PacingStanding) -> PacingShown:
        """Return how a campaign is paced, in the words of the page."""
        return shown_of(self.page, each)

    def abandonment(self, each: Abandonment) -> dict[str, str]:
        """Return the bars of a campaign's rate against its ceiling, and its counts."""
        full = each.ceiling / _BULLET_AT
        days, hours = each.window / _A_DAY, int(each.window.total_seconds() // 3600)
        window = (
            self.page.say("wall.side.window_days", count=int(days))
            if days > 1
            else self.page.say("wall.side.window_hours", count=hours)
        )
        return {
            "rate": formats.share(each.abandoned, each.answered, 1),
            "width": self.per_cent(each.rate, full),
            "ceiling": self.per_cent(_BULLET_AT),
            "of": self.page.say(
                "wall.side.abandoned_of",
                abandoned=each.abandoned,
                answered=each.answered,
                ceiling=f"{100 * each.ceiling:g}%",
                window=window,
            ),
        }

    def helped(self, seats: Sequence[Seat]) -> int:
        """Return how many agents need help."""
        return sum(each.needs_help(self.wall.at) is not None for each in seats)


# What lasts until somebody changes something.
_LASTING = frozenset(
    {Rule.NOT_ARMED.value, Rule.NOT_RECONCILED.value, Rule.NO_PACK.value, "no_dialer"}
)


def person(actor: str) -> str:
    """Return who did something without the door they came in by: `api:何莉` is 何莉."""
    return actor.partition(":")[2] or actor
