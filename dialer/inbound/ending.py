"""The end of calls that came in: what they settled, what they came to, what we owe."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from callback.uploaded_book import learn_scripts
from core.columns import AnyRow
from core.live import Topic, tell
from dialer.bridges.port import CallEnded
from dialer.hooks import AttemptFollower
from dialer.inbound.agents import Colleagues
from dialer.inbound.model import InboundResult
from dialer.inbound.outcome import CameTo, of_script, of_talk
from dialer.inbound.plan import NO_DUE_CALL
from dialer.inbound.service import InboundRules, end_call, zone_of
from dialer.model import TelephonyResult
from dialer.outcome import Settlement, outcomes_of, settle
from dialer.tables import Attempt
from scripts.interpreter import advance
from scripts.model import Reply, ReplyKind
from scripts.state import load_state

_CLEARED = 16  # Q.850: normal call clearing
_MISSED = CameTo(result=InboundResult.MISSED)


class Ending:
    """Ends calls, in the caller's transaction; their rows are held."""

    def __init__(
        self,
        settlement: Settlement,
        rules: InboundRules,
        *,
        colleagues: Colleagues | None,
        followers: Sequence[AttemptFollower],
    ) -> None:
        self._settlement = settlement
        self._rules = rules
        self._colleagues = colleagues
        self._followers = tuple(followers)

    async def end(self, session: AsyncSession, row: AnyRow, *, at: datetime) -> None:
        """Settle what a call was about, and write down what it came to."""
        ended_at = max(at, row.at)
        came_to = None
        if row.attempt_id is not None:
            came_to = await self._settle(session, row.attempt_id, at=ended_at)
        if row.talk is not None:
            came_to = await self._of_script(session, row)
        if row.agent_id is not None:
            came_to = CameTo(result=InboundResult.PUT_THROUGH)
            if self._colleagues is not None:
                await self._colleagues.let_go(session, row.call_id, now=ended_at)
        await self._write(session, row, came_to or _MISSED, at=at)

    async def write_missed(self, session: AsyncSession, row: AnyRow, *, at: datetime) -> None:
        """Write down that a call came and went, and nobody was there to take it."""
        if row.attempt_id is not None:
            await self._settle(session, row.attempt_id, at=max(at, row.at))
        await self._write(session, row, _MISSED, at=at)

    async def _of_script(self, session: AsyncSession, row: AnyRow) -> CameTo:
        state = load_state(row.talk["state"])
        if not state.ended:
            library, versions = self._settlement.library, state.position["versions"]
            await learn_scripts(session, (), library, versions=versions)
            state, _ = advance(library, state, Reply(kind=ReplyKind.HUNG_UP))
        outcome = next((o for o in state.outcomes if o.due_call_id == NO_DUE_CALL), None)
        return of_script(outcome, zone=zone_of(row, self._rules), region=self._rules.region)

    async def _settle(
        self, session: AsyncSession, attempt_id: UUID, *, at: datetime
    ) -> CameTo | None:
        """End the attempt of a call about due calls; None: its talk never began."""
        event = CallEnded(
            attempt_id=attempt_id,
            at=at,
            result=TelephonyResult.ANSWERED,
            hangup_cause=_CLEARED,
            sip_code=None,
            seconds=0.0,
        )
        ended = await settle(session, event, self._settlement)
        if ended is None:
            return None
        for follower in self._followers:
            await follower.followed(session, attempt_id, ended)
        await tell(session, Topic.ATTEMPT, str(attempt_id))
        attempt = await session.get_one(Attempt, attempt_id, populate_existing=True)
        if attempt.met_at is not None:
            return CameTo(result=InboundResult.PUT_THROUGH)
        if attempt.talk is None:
            return None
        return of_talk(each.wrap_up_code for each in outcomes_of(attempt.talk).values())

    async def _write(
        self, session: AsyncSession, row: AnyRow, came_to: CameTo, *, at: datetime
    ) -> None:
        campaigns = self._settlement.campaigns
        await end_call(session, row, came_to, self._rules, campaigns, at=at)
