"""One call of this dialer as the bridge knows it, from the order to the end."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from dialer.bridges.asterisk.lines import Server
from dialer.bridges.asterisk.results import LineEnd, verdict_of
from dialer.bridges.port import CallEnded, OutboundCall
from dialer.model import AnsweredBy, TelephonyResult


@dataclass(kw_only=True, slots=True)
class Call:
    """A call that has not ended; written by the switchboard alone."""

    attempt_id: UUID
    server: Server
    trunk: str
    placed_at: datetime
    order: OutboundCall | None  # None: adopted from another process
    action_id: str = ""  # of its Originate
    # Done when Asterisk has made its channel (True) or said that it makes none (False).
    decided: "asyncio.Future[bool]" = field(repr=False)
    has_channel: bool = False
    rang: bool = False
    in_progress: bool = False  # the network speaks, in early media
    up_at: datetime | None = None
    answer_told: bool = False
    met: AnsweredBy | None = None
    cut: bool = False
    abandoned: bool = False
    far_end: bool = False
    said: TelephonyResult | None = None
    unlisted: int = 0  # how often in a row Asterisk did not know it

    @property
    def channel_id(self) -> str:
        """The id of its channel: Uniqueid in every event of it."""
        return str(self.attempt_id)

    def decide(self, *, made: bool) -> None:
        """Note whether there is a channel."""
        self.has_channel = self.has_channel or made
        if not self.decided.done():
            self.decided.set_result(made)

    def ended(self, *, at: datetime, cause: int | None, sip_code: int | None) -> CallEnded:
        """Return the last event of the call; a cause of None: its end went unheard."""
        verdict = verdict_of(
            LineEnd(
                cause=cause,
                sip_code=sip_code,
                seconds=(at - self.placed_at).total_seconds(),
                heard_of=self.rang or self.in_progress,
                far_end=self.far_end,
                up=self.up_at is not None,
                met=self.met,
                cut=self.cut,
                abandoned=self.abandoned,
                said=self.said,
            )
        )
        return CallEnded(
            attempt_id=self.attempt_id,
            at=at,
            result=verdict.result,
            hangup_cause=verdict.hangup_cause,
            sip_code=verdict.sip_code,
            seconds=0.0 if self.up_at is None else max(0.0, (at - self.up_at).total_seconds()),
        )
