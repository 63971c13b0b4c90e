"""Recordings over the API: heard whole and in part, by who may, and never without a trace."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import make_app
from api.model import ApiRole
from api.tables import ApiUser
from core.columns import table_of
from customers.model import CallMode, RecordingConsent
from dialer.agents.tables import Agent
from dialer.model import AttemptState
from dialer.tables import Attempt
from recordings.model import RecordingKind, RecordingState, file_of
from recordings.store import open_store
from recordings.tables import Recording
from tests.integration.api.office import TEN, Office
from tests.integration.api.town import debtor

CONTENT = bytes(range(256)) * 400
STORED, MISSING, OTHERS = UUID(int=11), UUID(int=12), UUID(int=13)
ATTEMPT, OTHER_ATTEMPT = UUID(int=1), UUID(int=2)


class Archive(Office):
    """An office with recordings of two calls: one of the agent's who asks, one of nobody's."""

    async def fill(self, home: Path) -> None:
        self.deps = replace(self.deps, recordings=open_store("file:kept", home=home))
        self.app = make_app(self.deps)
        owner = await debtor(self)
        agent_id = await self.add(Agent, **_agent())
        async with self.deps.sessions.begin() as session:
            users = table_of(ApiUser)
            await session.execute(
                users.update().where(users.c.name == "agent").values(agent_id=agent_id)
            )
        for attempt_id, whose in ((ATTEMPT, agent_id), (OTHER_ATTEMPT, None)):
            await self.add(Attempt, **_attempt(attempt_id, owner, whose))
        source = home / "source.wav"
        source.write_bytes(CONTENT)
        assert self.deps.recordings is not None
        for recording_id in (STORED, OTHERS):
            await self.deps.recordings.put(file_of(recording_id, TEN), source)
        common = {"person_id": owner.person_id, "kind": RecordingKind.CALL, "started_at": TEN}
        stored = {
            **common,
            "name": "call",
            "consent": RecordingConsent.ANNOUNCE,
            "state": RecordingState.STORED,
            "sha256": bytes(32),
            "size_bytes": len(CONTENT),
            "seconds": 6.4,
            "channels": 2,
            "rate": 8000,
            "stored_at": TEN,
            "keep_until": TEN + timedelta(days=1096),
        }
        for recording_id, attempt_id in ((STORED, ATTEMPT), (OTHERS, OTHER_ATTEMPT)):
            await self.add(
                Recording,
                recording_id=recording_id,
                attempt_id=attempt_id,
                location=f"x:{recording_id}",
                file=file_of(recording_id, TEN),
                **stored,
            )
        await self.add(
            Recording,
            recording_id=MISSING,
            attempt_id=ATTEMPT,
            location="x:missing",
            **{**common, "name": "recording-1", "kind": RecordingKind.ANSWER},
            state=RecordingState.MISSING,
            missing_since=TEN,
            missing_why="the file is not there",
        )

    async def ask(
        self, method: str, address: str, *, role: ApiRole = ApiRole.SUPERVISOR, **given: Any
    ) -> httpx.Response:
        async with self.client(role) as client:
            return await client.request(method, f"/recordings{address}", **given)

    async def ids(self, query: str = "", *, role: ApiRole = ApiRole.SUPERVISOR) -> list[UUID]:
        answer = await self.ask("GET", query, role=role)
        return [UUID(each["recording_id"]) for each in answer.json()["items"]]

    async def audited(self) -> Sequence[tuple[str, str, str]]:
        query = "SELECT string_agg(action || ' ' || subject || ' ' || actor, ';') FROM audit_entry"
        lines: str = await self.one(query) or ""
        return [tuple(line.split(" ", 2)) for line in lines.split(";")]  # type: ignore[misc]


def _agent() -> dict[str, Any]:
    return {"name": "Li Na", "room": "room-1", "state_since": TEN}


def _attempt(attempt_id: UUID, owner: Any, agent_id: int | None) -> dict[str, Any]:
    return {
        "attempt_id": attempt_id,
        "person_id": owner.person_id,
        "phone_id": owner.phone_id,
        "e164": "+8613800138000",
        "bridge": "asterisk",
        "trunk": "a",
        "mode": CallMode.AGENT,
        "campaign": "overdue",
        "state": AttemptState.ENDED,
        "started_at": TEN,
        "ended_at": TEN,
        "telephony_result": "answered",
        "agent_id": agent_id,
        "recording": None,
    }


@pytest.fixture
async def archive(database: AsyncEngine, tmp_path: Path) -> Archive:
    archive = await Archive.open(database)
    assert isinstance(archive, Archive)
    await archive.fill(tmp_path)
    return archive


async def test_recordings_are_found_by_call_person_day_and_state(archive: Archive) -> None:
    assert await archive.ids() == [STORED, MISSING, OTHERS]
    assert await archive.ids(f"?attempt_id={OTHER_ATTEMPT}") == [OTHERS]
    assert await archive.ids("?state=missing") == [MISSING]
    assert await archive.ids("?day=2026-05-20") == [STORED, MISSING, OTHERS]
    assert await archive.ids("?day=2026-05-19") == []
    assert await archive.ids("?person_id=999") == []
    assert await archive.ids("?limit=1") == [STORED]
    missing = (await archive.ask("GET", f"/{MISSING}")).json()
    assert (missing["state"], missing["missing_why"]) == ("missing", "the file is not there")


async def test_a_recording_is_heard_whole_or_in_part(archive: Archive) -> None:
    address = f"/{STORED}/audio"
    whole = await archive.ask("GET", address)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    assert whole.content == CONTENT
    part = await archive.ask("GET", address, headers={"Range": "bytes=1000-70999"})
    assert (part.status_code, part.content) == (206, CONTENT[1000:71_000])
    assert part.headers["content-range"] == f"bytes 1000-70999/{len(CONTENT)}"
    for answer in (whole, part):
        assert answer.headers["content-length"] == str(len(answer.content))
        assert answer.headers["cache-control"] == "no-store"
    beyond = await archive.ask("GET", address, headers={"Range": "bytes=900000-"})
    assert beyond.status_code == 416


async def test_each_listening_is_on_the_audit_with_who_and_what(archive: Archive) -> None:
    await archive.ask("GET", f"/{STORED}/audio", role=ApiRole.AGENT)
    await archive.ask("GET", f"/{STORED}/audio", headers={"Range": "bytes=0-9"})
    await archive.ask("GET", f"/{STORED}")
    subject = f"recording:{STORED}"
    assert await archive.audited() == [
        ("listened", subject, "api:agent"),
        ("listened", subject, "api:supervisor"),
        ("looked_at", subject, "api:supervisor"),
    ]


async def test_an_agent_hears_the_recordings_of_their_own_calls_only(archive: Archive) -> None:
    assert await archive.ids(role=ApiRole.AGENT) == [STORED, MISSING]
    for address in (f"/{OTHERS}", f"/{OTHERS}/audio"):
        assert (await archive.ask("GET", address, role=ApiRole.AGENT)).status_code == 404


async def test_a_token_that_speaks_for_no_agent_hears_nothing(archive: Archive) -> None:
    async with archive.deps.sessions.begin() as session:
        users = table_of(ApiUser)
        await session.execute(users.update().values(agent_id=None))
    assert await archive.ids(role=ApiRole.AGENT) == []


async def test_a_hold_says_who_why_and_when_until_it_is_released(archive: Archive) -> None:
    held = await archive.ask("POST", f"/{STORED}/hold", json={"why": "a dispute in court"})
    assert held.status_code == 200
    assert (held.json()["held_by"], held.json()["held_why"]) == (
        "api:supervisor",
        "a dispute in court",
    )
    released = await archive.ask("POST", f"/{STORED}/release", json={"why": "settled"})
    assert released.json()["held_by"] is None
    actions = [action for action, _, _ in await archive.audited()]
    assert actions == ["recording_held", "recording_released"]
    assert (await archive.ask("POST", f"/{STORED}/hold", json={})).status_code == 422


async def test_a_recording_that_is_not_on_file_is_not_found(archive: Archive) -> None:
    for method, address, given in (
        ("GET", "", None),
        ("GET", "/audio", None),
        ("POST", "/hold", {"why": "x"}),
    ):
        answer = await archive.ask(method, f"/{UUID(int=99)}{address}", json=given)
        assert answer.status_code == 404


async def test_what_is_missing_cannot_be_heard_and_says_so(archive: Archive) -> None:
    answer = await archive.ask("GET", f"/{MISSING}/audio")
    assert (answer.status_code, "missing" in answer.json()["detail"]) == (409, True)


async def test_a_file_that_has_gone_from_the_store_is_a_problem_and_not_an_empty_sound(
    archive: Archive,
) -> None:
    assert archive.deps.recordings is not None
    await archive.deps.recordings.delete(file_of(STORED, TEN))
    answer = await archive.ask("GET", f"/{STORED}/audio")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:ownerline:problem:file-gone")
