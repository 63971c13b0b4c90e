"""Calls at Twilio: created, asked about, looked for, ended."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from twilio.rest.api.v2010.account.call import CallInstance

from core.settings_model import MachineDetection
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.book import BookedCall, Told
from dialer.bridges.twilio.reports import told_by_resource
from dialer.bridges.twilio.rest import Rest, RestRefusedError
from dialer.bridges.twilio.results import CallStatus

# Parameters of https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource.
_EVENTS = ["initiated", "ringing", "answered", "completed"]
_RINGS_S = (1, 600)
_LONGEST_S = 14_400
_OURS = "outbound-api"
_NOT_UP_ANY_MORE = frozenset({21220})  # "Invalid call state"
_PAGE = 1000  # the most that Twilio gives
_UP: Sequence[CallStatus] = (CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS)
# Twilio tells whole seconds, and its clock is not ours.
_CLOCKS_DIFFER = timedelta(seconds=5)


class Lines:
    """The account's calls, as far as the bridge needs them; errors as `Rest.ask`."""

    def __init__(self, rest: Rest, addresses: Addresses, *, detects: MachineDetection) -> None:
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

    async def look_for(self, call: BookedCall) -> list[str]:
        """Return the calls that may be one whose creation was not answered, the oldest first.

        One call a phone lives at a time, so among those to its number since it was placed there is
        none but it, and calls that are in the book already. Twilio finds calls by the day on which
        they were dialled; one that waits to be has none yet.
        """
        day = datetime.combine(call.placed_at.astimezone(UTC).date(), time(0), UTC)
        to = call.e164 or ""
        calls = self._rest.client.calls
        dialled = await self._rest.ask(
            lambda: calls.list_async(to=to, start_time_after=day, limit=_PAGE, page_size=_PAGE),
            what=f"looking for call {call.call_id}",
        )
        waiting = await self._rest.ask(
            lambda: calls.list_async(
                to=to, status=CallStatus.QUEUED.value, limit=_PAGE, page_size=_PAGE
            ),
            what=f"looking for call {call.call_id} in the queue",
        )
        found = {
            str(each.sid): each.date_created or call.placed_at
            for each in (*dialled, *waiting)
            if _may_be(each, call)
        }
        return sorted(found, key=lambda sid: found[sid])

    async def up(self) -> frozenset[str]:
        """Return the names of all the account's calls that are up now."""
        found: set[str] = set()
        for status in _UP:
            calls = await self._rest.ask(
                lambda status=status: self._rest.client.calls.list_async(  # type: ignore[misc]
                    status=status.value, page_size=_PAGE
                ),
                what=f"listing calls that are {status.value}",
            )
            found |= {str(each.sid) for each in calls}
        return frozenset(found)


def _may_be(found: CallInstance, call: BookedCall) -> bool:
    created_at = found.date_created
    return (
        found.direction == _OURS
        and found._from == call.shown  # noqa: SLF001 - its name in the SDK
        and (created_at is None or created_at >= call.placed_at - _CLOCKS_DIFFER)
    )


def _is_gone(err: RestRefusedError) -> bool:
    """Say whether a call could not be changed because it is over."""
    return err.is_unknown or err.code in _NOT_UP_ANY_MORE
