"""Why a campaign's calls are not dialled: one cause each, with until when; pure.

What holds everybody back is said once, of all. A campaign of which calls are up, or were placed a
moment ago, is dialled and has no sentence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from callback.campaigns import Campaign
from callback.rules import Rule
from customers.model import CallMode, Reason
from dialer.agents.model import AgentState
from dialer.bridges.port import TrunkLimits
from dialer.wall.model import Lately, Now, Queue, RuleCount

STOPPED = "stopped"
NO_DIALER = "no_dialer"
ALL_CHANNELS_BUSY = "all_channels_busy"
TRUNKS_REFUSE = "trunks_refuse"
NOBODY_SIGNED_IN = "nobody_signed_in"
NOBODY_READY = "nobody_ready"
NO_LIST = "no_list"

# Not by the rules: what the dialer and the lists themselves hold back.
CAUSES = (
    NO_DIALER,
    ALL_CHANNELS_BUSY,
    TRUNKS_REFUSE,
    NOBODY_SIGNED_IN,
    NOBODY_READY,
    NO_LIST,
    "not_yet_judged",
)

_REFUSALS = 5  # of late, and none went through: the trunks refuse
_LIST_DAYS = 3  # of the last seven with a list: one is expected every day
_LIST_BY_HOUR = 9  # local: before that it may still come


@dataclass(frozen=True, kw_only=True, slots=True)
class WhyNot:
    """One sentence: of a campaign, or of all; `waiting` are the due calls it speaks of."""

    cause: str
    campaign: str | None = None
    reason: Reason | None = None
    waiting: int = 0
    until: datetime | None = None  # None: not by itself
    since: datetime | None = None
    by: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


def why_not(
    now: Now,
    lately: Lately,
    *,
    at: datetime,
    campaigns: Iterable[Campaign],
    trunks: Sequence[TrunkLimits],
    zone: str,
) -> list[WhyNot]:
    """Return why what is due is not dialled, the most waiting first; nothing while all is."""
    book = {each.name: each for each in campaigns}
    due = sum(each.due for each in now.queues)
    missing = _missing_list(now, at=at, zone=zone)
    if (all_held := _of_all(now, lately, at=at, trunks=trunks, due=due)) is not None:
        return [all_held, *missing]
    found = [
        why
        for queue in now.queues
        if (why := _of_one(queue, now, lately, campaign=book.get(queue.campaign))) is not None
    ]
    shown = {each.campaign for each in found}
    found += [
        _paused(now, name, reason=book[name].reason if name in book else None, waiting=0)
        for name in sorted(now.standing.paused)
        if name not in shown
    ]
    return sorted(found, key=lambda each: (-each.waiting, each.campaign or "")) + missing


def _of_all(
    now: Now, lately: Lately, *, at: datetime, trunks: Sequence[TrunkLimits], due: int
) -> WhyNot | None:
    """Return what keeps everybody from being rung, in the order in which it is asked."""
    standing = now.standing
    if not standing.reconciled:
        return WhyNot(cause=Rule.NOT_RECONCILED.value, waiting=due)
    if standing.is_stopped:
        return WhyNot(cause=STOPPED, waiting=due, since=standing.stopped_at, by=standing.stopped_by)
    if not due:
        return None
    if lately.held is not None and (lately.held.until is None or lately.held.until > at):
        return WhyNot(cause=lately.held.rule, waiting=due, until=lately.held.until)
    return _of_the_lines(now, lately, trunks=trunks, due=due)


def _of_the_lines(
    now: Now, lately: Lately, *, trunks: Sequence[TrunkLimits], due: int
) -> WhyNot | None:
    if not now.standing.dialers:
        return WhyNot(cause=NO_DIALER, waiting=due)
    channels = sum(each.channels for each in trunks)
    up = sum(each.calls for each in now.live)
    if channels and up >= channels:
        return WhyNot(cause=ALL_CHANNELS_BUSY, waiting=due, facts={"up": up, "channels": channels})
    of_late = sum(each.of_late for each in lately.traffic)
    refused = sum(each.refused_of_late for each in lately.traffic)
    if refused >= _REFUSALS and refused == of_late:
        return WhyNot(cause=TRUNKS_REFUSE, waiting=due, facts={"refused": refused})
    return None


def _of_one(queue: Queue, now: Now, lately: Lately, *, campaign: Campaign | None) -> WhyNot | None:
    if queue.campaign in now.standing.paused:
        return _paused(now, queue.campaign, reason=queue.reason, waiting=queue.due)
    if not queue.due or _is_dialled(queue.campaign, now, lately):
        return None
    binding = _binding(queue.campaign, lately)
    if binding is not None and binding.rule != Rule.NO_AGENT.value:
        return _by(queue, binding.rule, until=binding.until or queue.next_at)
    if queue.mode is CallMode.AGENT:
        return _for_want_of_agents(queue, now, campaign)
    return _by(queue, "not_yet_judged")


def _for_want_of_agents(queue: Queue, now: Now, campaign: Campaign | None) -> WhyNot | None:
    """Say that nobody takes a campaign's calls, where it is so."""
    able = [
        seat
        for seat in now.seats
        if seat.state is not AgentState.OFFLINE
        and (
            campaign is None
            or (campaign.team in {None, seat.team} and set(campaign.skills) <= set(seat.skills))
        )
    ]
    if not able:
        return _by(queue, NOBODY_SIGNED_IN)
    if all(seat.state is not AgentState.READY for seat in able):
        return _by(queue, NOBODY_READY, agents=len(able))
    return None


def _is_dialled(campaign: str, now: Now, lately: Lately) -> bool:
    return any(each.campaign == campaign and each.calls for each in now.live) or any(
        each.campaign == campaign and each.last_minute for each in lately.traffic
    )


def _binding(campaign: str, lately: Lately) -> RuleCount | None:
    """Return the rule that holds most of a campaign's due calls back."""
    found = [each for each in lately.rules if each.campaign == campaign]
    return max(found, key=lambda each: (each.due, each.rule), default=None)


def _by(queue: Queue, cause: str, *, until: datetime | None = None, **facts: object) -> WhyNot:
    return WhyNot(
        cause=cause,
        campaign=queue.campaign,
        reason=queue.reason,
        waiting=queue.due,
        until=until,
        facts=facts,
    )


def _paused(now: Now, campaign: str, *, reason: Reason | None, waiting: int) -> WhyNot:
    since, by = now.standing.paused[campaign]
    return WhyNot(
        cause=Rule.CAMPAIGN_PAUSED.value,
        campaign=campaign,
        reason=reason,
        waiting=waiting,
        since=since,
        by=by,
    )


def _missing_list(now: Now, *, at: datetime, zone: str) -> list[WhyNot]:
    """Say that today's list of charges has not come, where one comes on most days as a file."""
    last = now.standing.last_list_at
    if last is None or now.standing.days_with_lists < _LIST_DAYS:
        return []
    local, came = at.astimezone(ZoneInfo(zone)), last.astimezone(ZoneInfo(zone))
    if came.date() >= local.date() or local.hour < _LIST_BY_HOUR:
        return []
    reason = Reason.OVERDUE
    waiting = sum(each.due for each in now.queues if each.reason is reason)
    return [
        WhyNot(cause=NO_LIST, campaign=reason.value, reason=reason, waiting=waiting, since=last)
    ]
