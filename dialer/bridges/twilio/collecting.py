"""Recordings that lie at Twilio: asked about and fetched with credentials, and deleted there."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import httpx
from twilio.rest.api.v2010.account.recording import RecordingInstance

from core.errors import OwnerlineError
from dialer.bridges.twilio.rest import (
    Account,
    Rest,
    RestBusyError,
    RestLostError,
    RestRefusedError,
    open_rest,
)
from recordings.sound import shape_of
from recordings.sources import (
    NeverRecordedError,
    NotWholeError,
    Source,
    SourceError,
    SourceMissingError,
)

SCHEME = "twilio:"
# Both channels of a call of more than four hours, Twilio's longest unless it is asked for more.
MOST_BYTES = 512 * 1024 * 1024
_SID = re.compile(r"twilio:(?P<sid>(RE|CA)[0-9a-f]{32})", re.ASCII)
_DONE, _NONE = "completed", frozenset({"absent", "deleted", "failed"})
_SLACK_S = 2.0  # Twilio tells whole seconds
_LONGEST_S = 600.0  # of a download
_MOST_REDIRECTS = 3
_STEREO = 2
_ERRORS = "https://www.twilio.com/docs/errors"
_UNANSWERED = (RestBusyError, RestLostError)


class UnknownTwilioLocationError(OwnerlineError):
    """A location is none that the Twilio bridge gives."""


def location_of(sid: str) -> str:
    """Return where a recording lies; of a call: where it would, had Twilio begun one."""
    return f"{SCHEME}{sid}"


@contextlib.asynccontextmanager
async def open_source(location: str, account: Account, *, keep: bool) -> AsyncIterator[Source]:
    """Hold what a location means for the block; `keep`: it stays at Twilio once we have it.

    Raises:
        UnknownTwilioLocationError: the bridge gives no such location.
    """
    found = _SID.fullmatch(location)
    if found is None:
        message = f"{location!r} is no place of a recording at Twilio"
        raise UnknownTwilioLocationError(message)
    sid = found["sid"]
    if sid.startswith("CA"):
        yield NeverBegun(sid)
        return
    async with open_rest(account) as rest, open_media(account) as media:
        yield TwilioSource(sid, rest=rest, media=media, keep=keep)


def open_media(account: Account) -> httpx.AsyncClient:
    """Return a client for the files of an account."""
    return httpx.AsyncClient(
        base_url=f"{account.base_url}/2010-04-01/Accounts/{account.account_sid}",
        auth=(account.username, account.password),
        timeout=account.timeout_s,
        follow_redirects=True,  # to where the account keeps its files; the password stays here
        max_redirects=_MOST_REDIRECTS,
        trust_env=False,
    )


class NeverBegun:
    """The recording of a call that Twilio refused to record."""

    def __init__(self, call_sid: str) -> None:
        self._call_sid = call_sid

    async def check_whole(self, now: datetime) -> None:
        """Say nothing: `fetch` says it."""

    async def fetch(self, folder: Path) -> Sequence[Path]:
        """Say that there is none."""
        message = f"Twilio did not begin to record call {self._call_sid}"
        raise NeverRecordedError(message)

    async def take_away(self) -> None:
        """Do nothing."""


class TwilioSource:
    """One recording at Twilio."""

    def __init__(
        self,
        sid: str,
        *,
        rest: Rest,
        media: httpx.AsyncClient,
        keep: bool,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Name a recording.

        Args:
            sid: Twilio's name of it.
            rest: asks about it.
            media: fetches its file.
            keep: leave it at Twilio.
            most_bytes: a larger file is not fetched.
        """
        self._sid = sid
        self._rest = rest
        self._media = media
        self._keep = keep
        self._most_bytes = most_bytes

    async def check_whole(self, now: datetime) -> None:
        """Ask whether it is whole."""
        await self._whole()

    async def fetch(self, folder: Path) -> Sequence[Path]:
        """Fetch its file, both channels where it has two, and see that all of it came."""
        told = await self._whole()
        file = folder / f"{self._sid}.wav"
        channels = _STEREO if told.channels == _STEREO else 1
        try:
            async with asyncio.timeout(_LONGEST_S):
                await self._download(file, channels)
        except (httpx.HTTPError, TimeoutError) as err:
            message = f"recording {self._sid} was not fetched whole ({type(err).__name__})"
            raise SourceError(message) from err
        await asyncio.to_thread(self._check_length, file, told.duration)
        return (file,)

    async def take_away(self) -> None:
        """Delete it at Twilio, unless it is to stay there."""
        if self._keep:
            return
        recording = self._rest.client.recordings(self._sid)
        try:
            await self._rest.ask(recording.delete_async, what="delete a recording")
        except RestRefusedError as err:
            if not err.is_unknown:
                raise SourceError(str(err)) from err
        except _UNANSWERED as err:
            raise SourceError(str(err)) from err

    async def _whole(self) -> RecordingInstance:
        recording = self._rest.client.recordings(self._sid)
        try:
            told = await self._rest.ask(recording.fetch_async, what="fetch a recording")
        except RestRefusedError as err:
            if err.is_unknown:
                message = f"recording {self._sid} is not at Twilio"
                raise SourceMissingError(message) from err
            raise SourceError(str(err)) from err
        except _UNANSWERED as err:
            raise SourceError(str(err)) from err
        status = str(told.status)
        if status in _NONE:
            self._refuse(status, told.error_code)
        if status != _DONE:
            message = f"recording {self._sid} is {status} at Twilio"
            raise NotWholeError(message)
        return told

    def _refuse(self, status: str, code: int | None) -> NoReturn:
        why = "" if code is None else f" (error {code}, see {_ERRORS}/{code})"
        message = f"recording {self._sid} is {status} at Twilio{why}"
        raise NeverRecordedError(message)

    async def _download(self, file: Path, channels: int) -> None:
        path = f"/Recordings/{self._sid}.wav"
        async with self._media.stream(
            "GET", path, params={"RequestedChannels": channels}
        ) as answer:
            if answer.status_code == httpx.codes.NOT_FOUND:
                message = f"the file of recording {self._sid} is not at Twilio, or not yet"
                raise SourceMissingError(message)
            answer.raise_for_status()
            with file.open("wb") as out:
                size = 0
                async for block in answer.aiter_bytes():
                    size += len(block)
                    if size > self._most_bytes:
                        message = f"recording {self._sid} has more than {self._most_bytes} bytes"
                        raise SourceError(message)
                    await asyncio.to_thread(out.write, block)

    def _check_length(self, file: Path, told: str | None) -> None:
        shape = shape_of(file)
        seconds = shape.frames / shape.rate
        if told is not None and seconds < float(told) - _SLACK_S:
            message = (
                f"recording {self._sid} has {told} s at Twilio, and {seconds:.0f} s came of it"
            )
            raise SourceError(message)
