"""A recording that began is stored, or told as missing: never silently absent."""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import VirtualClock
from core.columns import AnyRow, table_of
from customers.model import RecordingConsent
from customers.tables import AuditEntry
from dialer.bridges.asterisk.audio_places import answer_location, call_location, files_at
from dialer.bridges.port import RecordingReady, RecordingStarted
from dialer.recording import UnknownCallError, note_recording
from dialer.tables import Attempt
from ownerline.jobs.recordings import GIVE_UP_AFTER, collect_recording, tend
from ownerline.recorded import shared_folder, store_of
from ownerline.runtime import Runtime
from recordings.model import RecordingState
from recordings.service import RecordingGoneError, hold, recording_of, release
from recordings.store import FileGoneError
from tests.integration.jobs.house import NOW, house
from tests.integration.recordings.studio import noise, write_wav

ATTEMPT, INBOUND = UUID(int=1), UUID(int=2)
PLACE = UUID(int=77)
_PEOPLE = sa.text("""
    WITH person AS (
        INSERT INTO person (name, language) VALUES ('a', 'zh-CN') RETURNING person_id
    ), phone AS (
        INSERT INTO phone (person_id, e164, position) SELECT person_id, '+8613800138000', 1
        FROM person RETURNING phone_id, person_id
    ), inbound AS (
        INSERT INTO inbound_call (call_id, channel, bridge, trunk, dialled, at, person_id)
        SELECT :inbound, 'c', 'asterisk', 'a', '1', :now, person_id FROM person
    )
    INSERT INTO attempt (attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign,
                         state, started_at, answered_at)
    SELECT :attempt, person_id, phone_id, '+8613800138000', 'asterisk', 'a', 'automatic', 'x',
           'answered', :now, :now
    FROM phone
""")


class Place:
    """An installation in which one call is up, and one that came in."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def open(self) -> None:
        async with self.runtime.sessions.begin() as session:
            given = {"attempt": ATTEMPT, "inbound": INBOUND, "now": NOW}
            await session.execute(_PEOPLE, given)

    @property
    def now(self) -> datetime:
        return self.runtime.clock.now()

    async def hears(self, event: RecordingStarted | RecordingReady) -> UUID:
        async with self.runtime.sessions.begin() as session:
            return await note_recording(session, event, recording_id=self.runtime.ids.new())

    async def begins(self) -> UUID:
        return await self.hears(
            RecordingStarted(
                attempt_id=ATTEMPT,
                at=self.now,
                name="call",
                location=call_location(PLACE),
                consent=RecordingConsent.ANNOUNCE,
            )
        )

    async def is_whole(self, *, call: UUID = ATTEMPT, name: str = "call") -> UUID:
        location = call_location(PLACE) if name == "call" else answer_location(PLACE)
        return await self.hears(
            RecordingReady(attempt_id=call, at=self.now, name=name, location=location, seconds=2.0)
        )

    async def ends(self) -> None:
        async with self.runtime.sessions.begin() as session:
            await session.execute(
                sa.update(table_of(Attempt)).values(
                    state="ended", ended_at=self.now, telephony_result="answered"
                )
            )

    async def lies_there(self, *, location: str | None = None) -> Sequence[Path]:
        """Put the files of a recording into the shared folder, written an hour ago."""
        place = location or call_location(PLACE)
        files = files_at(place, shared=shared_folder(self.runtime.settings))
        await asyncio.to_thread(_write, files, self.now - timedelta(hours=1))
        return files

    async def passes(self, time: timedelta) -> None:
        assert isinstance(self.runtime.clock, VirtualClock)
        await self.runtime.clock.drive(self.now + time)

    async def collect(self, recording_id: UUID) -> AnyRow:
        await collect_recording(self.runtime, recording_id=str(recording_id))
        return await self.row(recording_id)

    async def row(self, recording_id: UUID) -> AnyRow:
        async with self.runtime.sessions() as session:
            return await recording_of(session, recording_id)

    async def waiting(self) -> list[datetime | None]:
        """Return when collections are to be tried."""
        jobs = sa.text("""
            SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = 'recordings.collect'
            ORDER BY id
        """)
        async with self.runtime.sessions() as session:
            return list((await session.execute(jobs)).scalars())

    async def read(self, row: AnyRow) -> bytes:
        store = store_of(self.runtime.settings)
        return b"".join([block async for block in store.read(row.file)])


def _write(files: Sequence[Path], at: datetime) -> None:
    for seed, path in enumerate(files):
        write_wav(path, noise(2.0 + seed / 10, seed=seed))
        os.utime(path, (at.timestamp(), at.timestamp()))


@pytest.fixture
async def place(database: AsyncEngine, tmp_path: Path) -> Place:
    place = Place(house(database, tmp_path))
    await place.open()
    return place


async def test_a_recording_is_owed_from_its_beginning_and_stored_when_it_is_whole(
    place: Place,
) -> None:
    begun = await place.begins()
    row = await place.row(begun)
    assert (row.state, row.attempt_id, row.name) == (RecordingState.OWED, ATTEMPT, "call")
    assert row.person_id is not None
    files = await place.lies_there()
    await place.passes(timedelta(seconds=5))
    assert await place.is_whole() == begun
    assert (await place.waiting())[1:] == [None]  # at once

    row = await place.collect(begun)
    assert row.state is RecordingState.STORED
    assert (row.channels, row.rate, round(row.seconds, 2)) == (2, 8000, 2.1)
    assert (row.consent, row.keep_until) == (
        RecordingConsent.ANNOUNCE,
        row.started_at + timedelta(days=1096),
    )
    assert len(await place.read(row)) == row.size_bytes
    assert not any(path.exists() for path in files)
    async with place.runtime.sessions() as session:
        assert await session.scalar(sa.select(Attempt.recording)) == str(begun)


async def test_collecting_twice_changes_nothing(place: Place) -> None:
    await place.lies_there()
    recording_id = await place.is_whole()
    before = await place.collect(recording_id)
    assert await place.collect(recording_id) == before


async def test_sources_that_a_killed_collection_left_do_not_disturb(place: Place) -> None:
    files = await place.lies_there()
    recording_id = await place.is_whole()
    files[0].rename(files[0].with_suffix(".kept"))
    assert (await place.collect(recording_id)).state is RecordingState.OWED
    files[0].with_suffix(".kept").rename(files[0])
    assert (await place.collect(recording_id)).state is RecordingState.STORED


async def test_what_is_told_in_the_wrong_order_is_one_recording(place: Place) -> None:
    whole = await place.is_whole()
    assert await place.begins() == whole
    row = await place.row(whole)
    assert row.told_at is not None
    assert row.consent is RecordingConsent.ANNOUNCE


async def test_a_file_that_does_not_come_is_missing_and_says_why(place: Place) -> None:
    recording_id = await place.is_whole()
    assert (await place.collect(recording_id)).state is RecordingState.OWED
    assert len(await place.waiting()) == 2  # it is looked for again
    await place.passes(GIVE_UP_AFTER)
    row = await place.collect(recording_id)
    assert row.state is RecordingState.MISSING
    assert "is not in the shared folder" in row.missing_why
    assert len(await place.waiting()) == 2

    await place.lies_there()  # with the disk that was away
    await tend(place.runtime)
    assert len(await place.waiting()) == 3
    assert (await place.collect(recording_id)).state is RecordingState.STORED


async def test_what_is_no_sound_is_missing_and_left_where_it_lies(place: Place) -> None:
    files = await place.lies_there()
    await asyncio.to_thread(files[1].write_bytes, b"no sound")
    recording_id = await place.is_whole()
    await place.passes(GIVE_UP_AFTER)
    row = await place.collect(recording_id)
    assert (row.state, "no WAV" in row.missing_why) == (RecordingState.MISSING, True)
    assert files[1].exists()


async def test_a_call_whose_dialer_died_is_collected_when_it_has_ended(place: Place) -> None:
    """Nobody told that the file is whole: the job deferred at its beginning finds it."""
    begun = await place.begins()
    await place.lies_there()
    await place.passes(timedelta(minutes=20))
    assert (await place.collect(begun)).state is RecordingState.OWED  # the call is up
    assert len(await place.waiting()) == 2
    await place.ends()
    await place.passes(timedelta(minutes=20))
    assert (await place.collect(begun)).state is RecordingState.STORED


async def test_a_file_that_is_still_written_to_is_left_alone(place: Place) -> None:
    begun = await place.begins()
    await place.passes(timedelta(hours=1))
    await place.lies_there()
    await place.ends()
    files = files_at(call_location(PLACE), shared=shared_folder(place.runtime.settings))
    await asyncio.to_thread(os.utime, files[0], (place.now.timestamp(),) * 2)
    assert (await place.collect(begun)).state is RecordingState.OWED
    assert files[0].exists()


async def test_an_answer_is_collected_likewise_and_leaves_the_calls_reference_alone(
    place: Place,
) -> None:
    await place.lies_there(location=answer_location(PLACE))
    row = await place.collect(await place.is_whole(name="recording-1"))
    assert (row.state, row.channels, row.kind) == (RecordingState.STORED, 1, "answer")
    async with place.runtime.sessions() as session:
        assert await session.scalar(sa.select(Attempt.recording)) is None


async def test_a_call_that_came_in_has_its_recordings_too(place: Place) -> None:
    await place.lies_there()
    row = await place.collect(await place.is_whole(call=INBOUND))
    assert (row.attempt_id, row.inbound_call_id) == (None, INBOUND)
    assert row.person_id is not None


async def test_a_recording_of_no_call_of_ours_is_refused(place: Place) -> None:
    with pytest.raises(UnknownCallError):
        await place.is_whole(call=UUID(int=3))


async def test_old_recordings_go_with_their_files_and_are_on_the_audit(place: Place) -> None:
    await place.lies_there()
    stored = await place.collect(await place.is_whole())
    await place.passes(timedelta(days=1095))
    await tend(place.runtime)
    assert (await place.row(stored.recording_id)).state is RecordingState.STORED
    await place.passes(timedelta(days=1))
    await tend(place.runtime)
    row = await place.row(stored.recording_id)
    assert (row.state, row.deleted_at) == (RecordingState.DELETED, place.now)
    with pytest.raises(FileGoneError):
        await place.read(stored)
    async with place.runtime.sessions() as session:
        entries = await session.execute(sa.select(AuditEntry.action, AuditEntry.subject))
        assert entries.all() == [("recording_deleted", f"recording:{stored.recording_id}")]


async def test_what_somebody_holds_stays_until_it_is_released(place: Place) -> None:
    await place.lies_there()
    stored = await place.collect(await place.is_whole())
    given: dict[str, Any] = {"by": "supervisor:1", "why": "a dispute", "now": place.now}
    async with place.runtime.sessions.begin() as session:
        await hold(session, stored.recording_id, **given)
    await place.passes(timedelta(days=4000))
    await tend(place.runtime)
    assert (await place.row(stored.recording_id)).state is RecordingState.STORED
    async with place.runtime.sessions.begin() as session:
        await release(session, stored.recording_id, **given)
    await tend(place.runtime)
    assert (await place.row(stored.recording_id)).state is RecordingState.DELETED
    async with place.runtime.sessions.begin() as session:
        with pytest.raises(RecordingGoneError):
            await hold(session, stored.recording_id, **given)


async def test_a_store_that_does_not_delete_keeps_the_recording_on_file(place: Place) -> None:
    await place.lies_there()
    stored = await place.collect(await place.is_whole())
    await place.passes(timedelta(days=1100))
    folder = place.runtime.settings.home / "recordings"
    lying = folder / stored.file
    await asyncio.to_thread(lying.unlink)
    await asyncio.to_thread(lying.mkdir)  # cannot be unlinked
    with pytest.raises(Exception, match="cannot be deleted"):
        await tend(place.runtime)
    assert (await place.row(stored.recording_id)).state is RecordingState.STORED
