"""Building the dial lists: every reason brought in line with the customer file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaign_changes import follow_changes
from callback.campaigns import Campaigns, shipped_campaigns
from callback.changes import Changes, counts
from callback.complaint import build_complaints
from callback.missed_call import build_missed_calls
from callback.overdue import build_overdue
from callback.places import places
from callback.promised import build_promised
from callback.repair import build_repair
from callback.survey import build_survey
from core.live import CHANNEL, Topic
from customers.model import Reason

_OPEN = sa.text("""
    SELECT dc.reason, count(*)
    FROM due_call dc
    JOIN due_place place USING (community_id)
    WHERE dc.settled_at IS NULL AND place.listed
    GROUP BY dc.reason
""")

_TELL = sa.text("""
    SELECT pg_notify(:channel, json_build_array(CAST(:topic AS text), community_id::text)::text)
    FROM due_place
    WHERE listed
""").bindparams(channel=CHANNEL, topic=Topic.DUE_CALL.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildReport:
    """What a build changed, by reason, and what is open after it."""

    day: date
    changes: Mapping[Reason, Changes]
    open: Mapping[Reason, int]

    def to_json(self) -> dict[str, Any]:
        """Return the object that `lists build --json` prints."""
        return {
            "date": self.day.isoformat(),
            "created": {reason.value: made.created for reason, made in self.changes.items()},
            "open": {reason.value: count for reason, count in self.open.items()},
            "withdrawn": {
                reason.value: sum(made.withdrawn.values()) for reason, made in self.changes.items()
            },
            "withdrawn_because": {
                reason.value: dict(made.withdrawn) for reason, made in self.changes.items()
            },
            "restored": {reason.value: made.restored for reason, made in self.changes.items()},
            "survey_lacking": dict(self.changes[Reason.SURVEY].lacking),
            "expired": {reason.value: made.expired for reason, made in self.changes.items()},
        }


async def build_lists(
    session: AsyncSession,
    *,
    now: datetime,
    community_ids: Sequence[int] | None = None,
    date: date | None = None,
    campaigns: Campaigns | None = None,
    survey_seed: int | None = None,
) -> BuildReport:
    """Make, keep and withdraw due calls so that they say what is owed; twice changes nothing.

    Builds wait for one another until the caller's transaction ends.

    Args:
        session: its transaction holds the whole build; the caller commits.
        now: business time, aware; kept as the time of what is created and settled.
        community_ids: whose lists are built; None means all.
        date: the local day to build for in every community; None means each one's own at `now`.
        campaigns: None means the shipped ones.
        survey_seed: of a survey that opens now; None takes one from the survey's name.
    """
    rules = campaigns or shipped_campaigns()
    await follow_changes(session, rules)
    version = rules.version
    async with places(session, now=now, day=date, community_ids=community_ids) as days:
        changes = {  # appointments first: they hold the ladder's next reminder back
            Reason.PROMISED: await build_promised(session, rules, now=now),
            Reason.OVERDUE: await build_overdue(session, rules.overdue, version=version, now=now),
            Reason.REPAIR: await build_repair(session, rules.repair, version=version, now=now),
            Reason.SURVEY: await build_survey(
                session, rules.survey, days=days, version=version, now=now, seed=survey_seed
            ),
        }
        rarer = {  # most houses hear of none
            Reason.MISSED_CALL: await build_missed_calls(session, rules, now=now),
            Reason.COMPLAINT: await build_complaints(session, rules, now=now),
        }
        found = await counts(session, _OPEN)
        await session.execute(_TELL)
    changes |= {
        reason: made for reason, made in rarer.items() if made != Changes() or reason.value in found
    }
    reasons = dict.fromkeys([*changes, *(Reason(word) for word in found)])
    return BuildReport(
        day=date or max(days, default=now.astimezone(UTC).date()),
        changes=changes,
        open={reason: found.get(reason.value, 0) for reason in reasons},
    )
