"""Looks back for calls that came in while nobody answered Twilio, or whose end nobody told.

Twilio keeps a list of calls; whoever is on it and not in our book is owed one.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from twilio.rest.api.v2010.account.call import CallInstance

from core.clock import Clock
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.twilio.inbound_book import Arrival, InboundBook
from dialer.bridges.twilio.reports import told_by_resource
from dialer.bridges.twilio.rest import Rest
from dialer.bridges.twilio.rounds import Rounds
from dialer.model import Direction

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 300.0
_FIRST_LOOK = timedelta(days=1)
# Its own webhooks come first: what has only just ended is left to them.
_TOLD_WITHIN_S = 60.0
_OVERLAP = timedelta(hours=1)  # calls are listed by their beginning
_CLOCKS_DIFFER = timedelta(seconds=5)  # and Twilio tells whole seconds
_PAGE = 1000  # the most that Twilio gives
_INBOUND = "inbound"


class Lookback:
    """Finds calls to our numbers on Twilio's list; every dialer does, the desk counts them once."""

    def __init__(
        self,
        rest: Rest,
        book: InboundBook,
        *,
        numbers: Sequence[str],
        clock: Clock,
        every_s: float = LOOK_EVERY_S,
        told_within_s: float = _TOLD_WITHIN_S,
    ) -> None:
        """Put it together.

        Args:
            rest: asks Twilio.
            book: of calls that come in.
            numbers: ours.
            clock: the time.
            every_s: how often it looks.
            told_within_s: how long an end is left to webhooks.
        """
        self._rest = rest
        self._book = book
        self._numbers = tuple(numbers)
        self._clock = clock
        self._told_within = timedelta(seconds=told_within_s)
        self._looked_at: datetime | None = None
        self._every_s = every_s
        self._rounds: Rounds | None = None

    def start(self, desk: InboundDesk) -> None:
        """Look now, and again and again."""
        self._rounds = Rounds(
            lambda: self.look(desk), every_s=self._every_s, failed="missed_calls_not_looked_for"
        )
        self._rounds.start(at_once=True)

    async def close(self) -> None:
        """Look no more."""
        if self._rounds is not None:
            await self._rounds.close()

    async def look(self, desk: InboundDesk) -> None:
        """See to every call that has ended since the last look.

        Raises:
            OwnerlineError: Twilio was not asked; one of those of `Rest.ask`.
        """
        now = self._clock.now()
        kept_since = await self._book.began_at()
        if kept_since is None:
            return  # what came before the book was kept was not for us
        back_to = now - _FIRST_LOOK if self._looked_at is None else self._looked_at - _OVERLAP
        since = max(back_to, kept_since - _CLOCKS_DIFFER)
        for number in self._numbers:
            for call in await self._listed(number, since):
                await self._see_to(desk, call, now=now)
        self._looked_at = now

    async def _listed(self, number: str, since: datetime) -> list[CallInstance]:
        calls = self._rest.client.calls
        day = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        found = await self._rest.ask(
            lambda: calls.list_async(to=number, start_time_after=day, limit=_PAGE, page_size=_PAGE),
            what="listing calls to a number of ours",
        )
        return [each for each in found if each.direction == _INBOUND and _began(each) >= since]

    async def _see_to(self, desk: InboundDesk, listed: CallInstance, *, now: datetime) -> None:
        told = told_by_resource(listed, at=now)
        if told.gone is None or told.gone.at > now - self._told_within:
            return
        arrival = Arrival(
            sid=str(listed.sid),
            written=str(listed._from or ""),  # noqa: SLF001 - its name in the SDK
            dialled=str(listed.to or ""),
            at=_began(listed),
        )
        known = await self._book.known(arrival.sid)
        if known is None:
            log.info("missed_call_found")
            await self._book.missed(desk, arrival, told)
        elif known.direction is Direction.INBOUND and not known.told_ended:
            log.info("inbound_end_found", call_id=str(known.call_id))
            await self._book.over(desk, known, at=told.gone.at, told=told)


def _began(listed: CallInstance) -> datetime:
    """Return when a call began; without it, it has only just come."""
    began = listed.start_time or listed.date_created
    if began is None:
        return datetime.max.replace(tzinfo=UTC)
    return began.replace(tzinfo=UTC) if began.tzinfo is None else began
