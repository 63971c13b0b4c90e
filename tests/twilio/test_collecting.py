"""What was recorded at Twilio is fetched whole, stored, and deleted there; or told as missing."""

import contextlib
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.columns import AnyRow
from customers.model import RecordingConsent
from dialer.bridges.port import RecordingReady, RecordingStarted
from dialer.bridges.twilio.collecting import TwilioSource, location_of, open_media
from dialer.bridges.twilio.rest import Account, Rest, open_rest
from ownerline.jobs.recordings import GIVE_UP_AFTER
from recordings.model import RecordingState
from recordings.sources import SourceError
from tests.integration.jobs.house import house
from tests.integration.jobs.test_recordings import ATTEMPT, Place
from tests.integration.recordings.studio import read_wav
from tests.twilio.shelf import ACCOUNT_SID, RECORDING_SID, TOKEN, Shelf, serving


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    """A recording of two seconds at Twilio."""
    async with serving(Shelf()) as shelf:
        yield shelf


@pytest.fixture
async def place(database: AsyncEngine, tmp_path: Path, shelf: Shelf) -> Place:
    """An installation on Twilio in which one call is up."""
    runtime = house(database, tmp_path)
    twilio = {
        "account_sid": ACCOUNT_SID,
        "auth_token": TOKEN,
        "from_number": "+14155550100",
        "api_base_url": shelf.url,
        "api_timeout_s": 2,
    }
    settings = runtime.settings.model_copy(
        update={
            "public_url": "https://calls.example.com",
            "twilio": runtime.settings.twilio.__class__(**twilio),
        }
    )
    place = Place(replace(runtime, settings=settings))
    await place.open()
    return place


async def whole(place: Place, sid: str = RECORDING_SID, *, name: str = "call") -> UUID:
    """Let Twilio tell that a recording is whole."""
    return await place.hears(
        RecordingReady(
            attempt_id=ATTEMPT, at=place.now, name=name, location=location_of(sid), seconds=2.0
        )
    )


async def begun(place: Place, sid: str = RECORDING_SID) -> UUID:
    """Let a recording begin."""
    return await place.hears(
        RecordingStarted(
            attempt_id=ATTEMPT,
            at=place.now,
            name="call",
            location=location_of(sid),
            consent=RecordingConsent.ANNOUNCE,
        )
    )


async def test_both_channels_are_stored_with_their_checksum_and_deleted_at_twilio(
    place: Place, shelf: Shelf, tmp_path: Path
) -> None:
    row = await place.collect(await whole(place))
    assert (row.state, row.channels, row.rate, row.seconds) == ("stored", 2, 8000, 2.0)
    path = tmp_path / "heard.wav"
    path.write_bytes(await place.read(row))
    heard = read_wav(path)
    assert np.array_equal(heard[:, 0], shelf.owner)
    assert np.array_equal(heard[:, 1], shelf.us)
    assert row.sha256 is not None
    assert shelf.deletions == [204]


async def test_an_answer_has_one_channel(place: Place, shelf: Shelf) -> None:
    shelf.channels = 1
    row = await place.collect(await whole(place, name="recording-3"))
    assert (row.state, row.kind, row.channels) == ("stored", "answer", 1)


async def test_it_stays_at_twilio_where_the_settings_say_so(place: Place, shelf: Shelf) -> None:
    settings = place.runtime.settings
    kept = settings.twilio.model_copy(update={"keep_recordings": True})
    settings = settings.model_copy(update={"twilio": kept})
    place.runtime = replace(place.runtime, settings=settings)
    assert (await place.collect(await whole(place))).state is RecordingState.STORED
    assert shelf.is_there


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ({"status": "processing"}, "is processing"),
        ({"status": "paused"}, "is paused"),
        ({"cut_at": 5000}, "not fetched whole"),
        ({"duration": "60"}, "has 60 s at Twilio"),
        ({"refusals": [401]}, "check account_sid"),
    ],
    ids=["not ready", "paused", "cut off", "shorter than told", "a wrong key"],
)
async def test_what_cannot_be_fetched_now_is_tried_again_and_then_told_as_missing(
    place: Place, shelf: Shelf, trouble: dict[str, Any], told: str
) -> None:
    recording_id = await whole(place)
    for name, value in deepcopy(trouble).items():
        setattr(shelf, name, value)
    assert (await place.collect(recording_id)).state is RecordingState.OWED
    assert shelf.is_there
    assert len(await place.waiting()) == 2
    await place.passes(GIVE_UP_AFTER)
    shelf.refusals = list(trouble.get("refusals", []))
    row = await place.collect(recording_id)
    assert (row.state, told in row.missing_why) == (RecordingState.MISSING, True)


async def test_what_twilio_says_is_absent_is_missing_at_once_with_why(
    place: Place, shelf: Shelf
) -> None:
    shelf.status, shelf.error_code = "absent", 16101
    row = await place.collect(await whole(place))
    assert row.state is RecordingState.MISSING
    assert "is absent at Twilio (error 16101" in row.missing_why


async def test_a_recording_twilio_refused_to_begin_is_missing(place: Place) -> None:
    recording_id = await begun(place, "CA" + "5" * 32)
    await place.ends()
    row = await place.collect(recording_id)
    assert (row.state, "did not begin" in row.missing_why) == (RecordingState.MISSING, True)


async def test_one_whose_callback_never_came_is_asked_about_once_the_call_has_ended(
    place: Place, shelf: Shelf
) -> None:
    recording_id = await begun(place)
    await place.ends()
    shelf.status = "processing"
    assert (await place.collect(recording_id)).state is RecordingState.OWED
    shelf.status = "completed"
    assert (await place.collect(recording_id)).state is RecordingState.STORED


async def test_a_collection_killed_before_the_deletion_is_finished_by_the_next(
    place: Place, shelf: Shelf
) -> None:
    recording_id = await whole(place)
    before = await place.collect(recording_id)
    shelf.deletions.clear()  # as if it had been killed
    assert await place.collect(recording_id) == before
    assert shelf.deletions == [204]
    assert await place.collect(recording_id) == before
    assert shelf.deletions == [204, 404]


async def test_a_deletion_twilio_does_not_take_is_tried_again(place: Place, shelf: Shelf) -> None:
    recording_id = await whole(place)
    await place.collect(recording_id)
    shelf.deletions.clear()
    shelf.refusals = [403]
    row: AnyRow = await place.collect(recording_id)
    assert row.state is RecordingState.STORED
    assert shelf.is_there
    assert len(await place.waiting()) == 2
    await place.collect(recording_id)
    assert not shelf.is_there


async def test_credentials_stay_with_twilio_when_the_file_lies_elsewhere(
    place: Place, shelf: Shelf
) -> None:
    shelf.lies_elsewhere = True
    assert (await place.collect(await whole(place))).state is RecordingState.STORED
    (said,) = [said for path, said in shelf.asked if path == "/elsewhere.wav"]
    assert said is None


@contextlib.asynccontextmanager
async def source(shelf: Shelf) -> AsyncIterator[TwilioSource]:
    """Hold a source that takes little, and asks once."""
    account = Account(
        account_sid=ACCOUNT_SID, username=ACCOUNT_SID, password=TOKEN, base_url=shelf.url
    )
    async with open_rest(account) as patient, open_media(account) as media:
        rest = Rest(patient.client, pauses_s=())
        yield TwilioSource(RECORDING_SID, rest=rest, media=media, keep=False, most_bytes=9999)


async def test_a_file_beyond_every_call_is_not_taken(shelf: Shelf, tmp_path: Path) -> None:
    async with source(shelf) as each:
        with pytest.raises(SourceError, match="more than 9999 bytes"):
            await each.fetch(tmp_path)


@pytest.mark.parametrize("work", ["fetch", "take_away"])
async def test_a_twilio_that_fails_is_asked_later(shelf: Shelf, tmp_path: Path, work: str) -> None:
    shelf.refusals = [500]
    async with source(shelf) as each:
        with pytest.raises(SourceError, match="HTTP 500"):
            await (each.fetch(tmp_path) if work == "fetch" else each.take_away())
