"""What Twilio is asked about recordings: begun, silenced, announced and thrown away."""

from typing import Any
from uuid import UUID

import structlog
from twilio.rest.api.v2010.account.call.recording import RecordingInstance

from core.clock import Clock
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.rest import Rest, RestBusyError, RestLostError, RestRefusedError
from recordings.model import WHOLE_CALL

log = structlog.get_logger(__name__)

# Twilio did not do what it was asked, or nobody knows.
TROUBLES = (RestBusyError, RestLostError, RestRefusedError)
_CALL_IS_OVER = 21220  # https://www.twilio.com/docs/api/errors/21220
# The SDK's hints name the class that holds the words.
_PAUSED: Any = RecordingInstance.Status.PAUSED
_GOES_ON: Any = RecordingInstance.Status.IN_PROGRESS
_RUNS = frozenset({_PAUSED, _GOES_ON})
_PAUSES_S = (0.5, 2.0)  # between tries while Twilio takes nothing


class Tapes:
    """Asks Twilio; `TROUBLES` are what may come of it."""

    def __init__(self, rest: Rest, addresses: Addresses, *, clock: Clock) -> None:
        self._rest = rest
        self._addresses = addresses
        self._clock = clock

    async def begin(self, call_id: UUID, call_sid: str) -> str | None:
        """Record both sides of a call; returns the recording's name at Twilio.

        None: the call is over. Where the answer is lost Twilio is asked what it records.
        """
        for pause_s in _PAUSES_S:
            try:
                return await self._begin(call_id, call_sid)
            except RestBusyError as err:
                log.info("recording_begun_later", call_id=str(call_id), error=str(err))
                await self._clock.sleep(pause_s)
        return await self._begin(call_id, call_sid)

    async def silence(self, call_sid: str, sid: str, *, silent: bool) -> None:
        """Record silence of its own length, or what is said; one that is over stays as it is."""
        recording = self._rest.client.calls(call_sid).recordings(sid)
        try:
            if silent:
                await self._rest.ask(
                    lambda: recording.update_async(status=_PAUSED, pause_behavior="silence"),
                    what="pause a recording",
                )
            else:
                await self._rest.ask(
                    lambda: recording.update_async(status=_GOES_ON), what="resume a recording"
                )
        except RestRefusedError as err:
            if not _is_over(err):
                raise

    async def announce(self, call_id: UUID, conference_sid: str) -> None:
        """Let owner and agent hear that they are recorded; without it they are not.

        A conference that has not quite begun, as the second of the two comes, takes it a moment
        later.
        """
        for pause_s in (*_PAUSES_S, None):
            try:
                await self._announce(call_id, conference_sid)
            except TROUBLES as err:
                if pause_s is None or not isinstance(err, RestRefusedError) or err.is_unknown:
                    log.warning("agent_call_not_recorded", call_id=str(call_id), error=str(err))
                    return
                await self._clock.sleep(pause_s)
            else:
                return

    async def _announce(self, call_id: UUID, conference_sid: str) -> None:
        conference = self._rest.client.conferences(conference_sid)
        await self._rest.ask(
            lambda: conference.update_async(
                announce_url=self._addresses.announcement(call_id), announce_method="POST"
            ),
            what="announce a recording",
        )

    async def delete(self, sid: str) -> None:
        """Delete what nobody keeps; what is not whole yet Twilio keeps, and tells of it later."""
        recording = self._rest.client.recordings(sid)
        try:
            await self._rest.ask(recording.delete_async, what="delete a recording")
        except TROUBLES as err:
            log.info("recording_not_deleted_yet", recording=sid, error=str(err))

    async def _begin(self, call_id: UUID, call_sid: str) -> str | None:
        recordings = self._rest.client.calls(call_sid).recordings
        try:
            made = await self._rest.once(
                lambda: recordings.create_async(
                    recording_channels="dual",
                    trim="do-not-trim",
                    recording_status_callback=self._addresses.recording(call_id, WHOLE_CALL),
                    recording_status_callback_method="POST",
                    recording_status_callback_event=["in-progress", "completed", "absent"],
                ),
                what="record a call",
            )
        except RestRefusedError as err:
            if _is_over(err):
                return None
            raise
        except RestLostError:
            found = await self._running(call_sid)
            if found is None:
                raise
            return found
        return str(made.sid)

    async def _running(self, call_sid: str) -> str | None:
        recordings = self._rest.client.calls(call_sid).recordings
        try:
            found = await self._rest.ask(
                lambda: recordings.list_async(limit=20), what="list a call's recordings"
            )
        except TROUBLES as err:
            log.warning("recording_unsure", error=str(err))
            return None
        return next((str(each.sid) for each in found if str(each.status) in _RUNS), None)


def _is_over(err: RestRefusedError) -> bool:
    return err.is_unknown or err.code == _CALL_IS_OVER
