"""Calls at Twilio: created, asked about, looked for, ended."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from twilio.base.page import Page

from core.settings_model import MachineDetection
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import BookedCall, Told
from dialer.bridges.twilio.reports import Listed, listed, told_by_resource
from dialer.bridges.twilio.rest import Rest, RestRefusedError
from dialer.bridges.twilio.results import CallStatus

# Parameters of https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource.
_EVENTS = ["initiated", "ringing", "answered", "completed"]
_RINGS_S = (1, 600)
_LONGEST_S = 14_400
_NOT_UP_ANY_MORE = frozenset({21220})  # "Invalid call state"
_PAGE = 1000  # the most that Twilio gives
_UP: Sequence[CallStatus] = (CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS)
# Twilio tells whole seconds, and its clock is not ours: a call that is not found is rung again.
_CLOCKS_DIFFER = timedelta(seconds=60)


class Lines:
    """The account's calls, as far as the bridge needs them; errors as `Rest.ask`."""

    def __init__(
        self,
        rest: Rest,
        addresses: Addresses,
        *,
        detects: MachineDetection,
        page_size: int = _PAGE,
    ) -> None:
        """Put it together; `detects` says whether, and when, machines are told from people."""
        self._page_size = page_size
        self._rest = rest
        self._addresses = addresses
        self._detects = detects

    async def create(self, order: OutboundCall, *, shown: str) -> str:
        """Have a call placed; return Twilio's name of it. Errors as `Rest.once`."""
        call_id, at = order.attempt_id, self._addresses
        detection: dict[str, str] = {}
        if order.detect_machine and self._detects is not MachineDetection.OFF:
            # Who speaks to a machine speaks after its beep; people are told apart as fast.
            detection["machine_detection"] = "DetectMessageEnd"
            if self._detects is MachineDetection.ASYNC:
                detection["async_amd"] = "true"
                detection["async_amd_status_callback"] = at.machine(call_id)
        shortest, longest = _RINGS_S
        created = await self._rest.once(
            lambda: self._rest.client.calls.create_async(
                to=order.to.e164,
                from_=shown,
                url=at.answer(call_id),
                fallback_url=at.again(call_id),
                status_callback=at.status(call_id),
                status_callback_event=_EVENTS,
                timeout=min(max(round(order.ring_timeout_s), shortest), longest),
                time_limit=min(max(round(order.max_seconds), 1), _LONGEST_S),
                **detection,
            ),
            what=f"creating call {call_id}",
        )
        return str(created.sid)

    async def told_of(self, sid: str, *, at: datetime) -> Told:
        """Return what Twilio knows of a call now."""
        call = await self._rest.ask(
            lambda: self._rest.client.calls(sid).fetch_async(), what=f"asking about call {sid}"
        )
        return told_by_resource(call, at=at)

    async def end(self, sid: str) -> None:
        """Hang up a call, whether it is queued, rings or is spoken on; one that is gone is gone."""
        try:
            await self._rest.ask(
                lambda: self._rest.client.calls(sid).update_async(status="completed"),
                what=f"ending call {sid}",
            )
        except RestRefusedError as err:
            if not _is_gone(err):
                raise

    async def lead(self, sid: str, address: str) -> bool:
        """Have a call go on with the document of an address; False: it is gone."""
        try:
            await self._rest.ask(
                lambda: self._rest.client.calls(sid).update_async(url=address, method="POST"),
                what=f"leading call {sid} elsewhere",
            )
        except RestRefusedError as err:
            if not _is_gone(err):
                raise
            return False
        return True

    async def look_for(self, call: BookedCall, *, at: datetime) -> list[str]:
        """Return the calls that may be one whose creation was not answered, the oldest first.

        One call a phone lives at a time, so among those to its number since it was placed there is
        none but it, and calls that are in the book already. Twilio finds calls by the day on which
        they were dialled; one that waits to be has none yet.
        """
        what, to = f"looking for call {call.call_id}", call.e164 or ""
        since = call.placed_at - _CLOCKS_DIFFER
        dialled = await self._listed(what, at, to=to, start_time_after=_day_of(since))
        waiting = await self._listed(what, at, to=to, status=CallStatus.QUEUED.value)
        found = {
            each.sid: each.placed_at
            for each in (*dialled, *waiting)
            if each.is_created and each.shown == call.shown and each.placed_at >= since
        }
        return sorted(found, key=lambda sid: found[sid])

    async def up(self, *, at: datetime) -> list[Listed]:
        """Return all the account's calls that are up now."""
        found: list[Listed] = []
        for status in _UP:
            what = f"listing calls that are {status.value}"
            found += await self._listed(what, at, status=status.value)
        return found

    async def created_since(self, instant: datetime, *, at: datetime) -> list[Listed]:
        """Return the calls that were created over the API at or after an instant."""
        what = "listing calls since a day"
        dialled = await self._listed(what, at, start_time_after=_day_of(instant))
        waiting = await self._listed(what, at, status=CallStatus.QUEUED.value)
        return [
            each for each in (*dialled, *waiting) if each.is_created and each.placed_at >= instant
        ]

    async def _listed(self, what: str, at: datetime, **which: Any) -> list[Listed]:
        calls, size = self._rest.client.calls, self._page_size
        page: Page | None = await self._rest.ask(
            lambda: calls.page_async(page_size=size, **which), what=what
        )
        found: list[Listed] = []
        while page is not None:  # a day has many: each page is a request, with its own time
            found += [listed(each, at=at) for each in page]
            page = await self._rest.ask(page.next_page_async, what=what)
        return found


def _day_of(instant: datetime) -> datetime:
    """Return the beginning of a day, which is what Twilio finds calls by; in UTC."""
    return datetime.combine(instant.astimezone(UTC).date(), time(0), UTC)


def _is_gone(err: RestRefusedError) -> bool:
    """Say whether a call could not be changed because it is over."""
    return err.is_unknown or err.code in _NOT_UP_ANY_MORE
