"""Recordings in the console: found, heard in part, taken away by a link, held; never untraced."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import make_app
from api.model import ApiRole
from core.columns import table_of
from dialer.tables import Attempt
from recordings.links import LASTS
from recordings.model import file_of
from recordings.tables import Recording
from tests.integration.api.office import TEN
from tests.integration.api.test_recordings import ATTEMPT, MISSING, OTHERS, STORED, Archive
from tests.integration.console.house import House
from tests.integration.recordings.studio import RATE, write_wav

_SECONDS = 3


@dataclass
class Library(House):
    """A house with recordings: one of the agent's own, one of nobody's, one that never came."""

    async def get(
        self, path: str, *, role: ApiRole = ApiRole.SUPERVISOR, **headers: str
    ) -> Response:
        async with self.browser(role) as browser:
            return await browser.get(
                path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )

    async def audited(self, action: str) -> Sequence[str]:
        """Return the subjects of an action's lines."""
        query = "SELECT string_agg(subject, ';' ORDER BY audit_entry_id) FROM audit_entry"
        lines: str | None = await self.office.one(f"{query} WHERE action = :action", action=action)
        return lines.split(";") if lines else []

    async def write(self, statement: Any) -> None:
        async with self.office.deps.sessions.begin() as session:
            await session.execute(statement)


@pytest.fixture
async def library(database: AsyncEngine, tmp_path: Path) -> Library:
    archive = Archive(**vars(await Archive.open(database)))
    await archive.fill(tmp_path)
    loud = np.full(RATE * _SECONDS, 8000, dtype=np.int16)
    loud[RATE:] = 0
    source = write_wav(tmp_path / "real.wav", loud, loud[::-1].copy())
    assert archive.deps.recordings is not None
    for recording_id in (STORED, OTHERS):
        await archive.deps.recordings.put(file_of(recording_id, TEN), source)
    archive.app = make_app(archive.deps)
    house = Library(office=archive)
    await house.write(
        sa.update(table_of(Recording))
        .where(table_of(Recording).c.size_bytes.is_not(None))
        .values(size_bytes=source.stat().st_size, seconds=float(_SECONDS), rate=RATE, channels=2)
    )
    return house


async def sound(browser: AsyncClient, recording_id: UUID = STORED, **headers: str) -> Response:
    return await browser.get(f"/recordings/{recording_id}/sound", headers=headers)


async def test_a_listening_of_many_pieces_is_one_line_of_the_audit(library: Library) -> None:
    async with library.browser(ApiRole.SUPERVISOR) as browser:
        whole = await sound(browser)
        assert whole.status_code == 200
        size = len(whole.content)
        for given, first, last in (
            ("bytes=0-99", 0, 99),
            ("bytes=100-", 100, size - 1),
            ("bytes=-10", size - 10, size - 1),
            ("bytes=0-0", 0, 0),
            (f"bytes=50-{size * 2}", 50, size - 1),
        ):
            part = await sound(browser, Range=given)
            assert part.status_code == 206
            assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
            assert part.content == whole.content[first : last + 1]
            assert part.headers["Content-Length"] == str(last - first + 1)
        for beyond in (f"bytes={size}-", "bytes=-0"):
            none = await sound(browser, Range=beyond)
            assert none.status_code == 416
            assert none.headers["Content-Range"] == f"bytes */{size}"
        for odd in ("bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", ""):
            assert (await sound(browser, Range=odd)).status_code == 200
    assert await library.audited("listened") == [f"recording:{STORED}"]
    await library.office.clock.drive(TEN + timedelta(hours=1))
    await library.get(f"/recordings/{STORED}/sound")
    assert len(await library.audited("listened")) == 2
    shown = await library.get(f"/recordings/{STORED}")
    assert shown.text.count("listened") == 2
    assert "supervisor" in shown.text


async def test_a_head_tells_the_size_and_is_no_listening(library: Library) -> None:
    async with library.browser(ApiRole.SUPERVISOR) as browser:
        told = await browser.head(f"/recordings/{STORED}/sound")
        part = await browser.head(f"/recordings/{STORED}/sound", headers={"Range": "bytes=0-9"})
    assert (told.status_code, told.content) == (200, b"")
    assert int(told.headers["Content-Length"]) > RATE * _SECONDS
    assert told.headers["Accept-Ranges"] == "bytes"
    assert (part.status_code, part.headers["Content-Length"]) == (206, "10")
    assert await library.audited("listened") == []


async def test_the_rest_of_another_file_is_not_given(library: Library) -> None:
    tag = f'"{bytes(32).hex()}"'
    other = await library.get(f"/recordings/{STORED}/sound", Range="bytes=9-", If_Range='"x"')
    same = await library.get(f"/recordings/{STORED}/sound", Range="bytes=9-", If_Range=tag)
    assert (other.status_code, same.status_code) == (200, 206)


async def test_an_agent_hears_and_sees_their_own_calls_only(library: Library) -> None:
    agent = ApiRole.AGENT
    assert (await library.get(f"/recordings/{STORED}/sound", role=agent)).status_code == 200
    for part in ("", "/sound", "/player", "/wave"):
        refused = await library.get(f"/recordings/{OTHERS}{part}", role=agent)
        assert refused.status_code == 404, part
    listed = await library.get("/recordings", role=agent)
    assert str(STORED) in listed.text
    assert str(OTHERS) not in listed.text
    assert str(OTHERS) in (await library.get("/recordings")).text


async def test_a_recording_is_taken_away_by_a_link_of_ones_own_within_minutes(
    library: Library,
) -> None:
    path = f"/recordings/{STORED}"
    async with library.browser(ApiRole.SUPERVISOR) as browser:
        made = await browser.post(f"{path}/link", headers={"HX-Request": "true"})
        address = made.text.partition('<a href="')[2].partition('"')[0].replace("&amp;", "&")
        taken = await browser.get(address)
        assert taken.status_code == 200
        assert taken.headers["Content-Disposition"] == f'attachment; filename="{STORED}.wav"'
        for forged in (
            address.replace("mark=", "mark=0"),
            address.replace(str(STORED), str(OTHERS)),
            address.replace("until=", "until=1"),
        ):
            assert (await browser.get(forged)).status_code in {403, 422}
        elsewhere = await library.get(address)
        assert elsewhere.status_code == 403
        await library.office.clock.drive(TEN + LASTS)
        late = await browser.get(address)
        assert late.status_code == 410
    assert await library.audited("link_made") == [f"recording:{STORED}"]
    assert await library.audited("downloaded") == [f"recording:{STORED}"]


async def test_an_agent_takes_nothing_away(library: Library) -> None:
    async with library.browser(ApiRole.AGENT) as browser:
        path = f"/recordings/{STORED}"
        assert (await browser.post(f"{path}/link")).status_code == 403
        assert (await browser.get(f"{path}/file?until=1&mark=a")).status_code == 403
        assert (await browser.post(f"{path}/hold", data={"why": "a"})).status_code == 403
        assert "/link" not in (await browser.get(path)).text


async def test_a_wave_shows_who_spoke_and_is_computed_once(library: Library) -> None:
    seen = (await library.get(f"/recordings/{STORED}/wave")).json()
    owner, agent = seen["channels"]
    third = seen["bars"] // _SECONDS
    assert seen["seconds"] == _SECONDS
    assert min(owner[:third]) > 0
    assert max(owner[third:]) == 0
    assert max(agent[: 2 * third]) == 0
    assert library.office.deps.recordings is not None
    await library.office.deps.recordings.delete(file_of(STORED, TEN))
    assert (await library.get(f"/recordings/{STORED}/wave")).json() == seen
    gone = await library.get(f"/recordings/{STORED}/sound")
    assert gone.status_code == 404
    assert await library.audited("listened") == []


async def test_a_hold_is_set_and_released_with_a_reason(library: Library) -> None:
    path = f"/recordings/{STORED}"
    async with library.browser(ApiRole.SUPERVISOR) as browser:
        blank = await browser.post(f"{path}/hold", data={"why": "  "})
        assert blank.status_code == 422
        assert "Give a reason" in blank.text
        await browser.post(f"{path}/hold", data={"why": "<b>court</b>"})
        held = (await browser.get(path)).text
        assert "Reason: &lt;b&gt;court&lt;/b&gt;" in held
        assert "Release it" in held
        assert str(STORED) in (await browser.get("/recordings?held=true")).text
        await browser.post(f"{path}/release", data={"why": "settled"})
        assert "Hold it" in (await browser.get(path)).text
        assert str(STORED) not in (await browser.get("/recordings?held=true")).text
    assert await library.audited("recording_held") == [f"recording:{STORED}"]


async def test_what_cannot_be_heard_is_said_in_words(library: Library) -> None:
    missing = await library.get(f"/recordings/{MISSING}")
    assert "The line never sent the file" in missing.text
    assert (await library.get(f"/recordings/{MISSING}/sound")).status_code == 409
    await library.write(
        sa.update(table_of(Recording))
        .where(table_of(Recording).c.recording_id == OTHERS)
        .values(state="deleted", deleted_at=TEN)
    )
    deleted = await library.get(f"/recordings/{OTHERS}")
    assert "Its time was over and it was deleted on 20 May 2026" in deleted.text
    assert "<audio" not in deleted.text
    kept = await library.get(f"/recordings/{STORED}")
    assert "Kept until 20 May 2029" in kept.text
    assert "1096 days from the call" in kept.text


_ALL = {STORED, OTHERS, MISSING}
FOUND: dict[str, set[UUID]] = {
    "": _ALL,
    "q=3-2-1201": _ALL,
    "q=wjg": _ALL,
    "q=nobody": set(),
    "since=2026-05-20&until=2026-05-20&q=&agent_id=&outcome=&held=": _ALL,
    "since=2026-05-21": set(),
    "until=2026-05-19": set(),
    "at_least=0.05": {STORED, OTHERS},
    "at_most=0.01": set(),
    "state=missing": {MISSING},
    "campaign=overdue": _ALL,
    "campaign=survey": set(),
    "outcome=busy": set(),
    "agent_id=999": set(),
}
REFUSED = ("since=yesterday", "since=0001-01-01", "before=x", "before=1e99_0", "at_least=-1")


async def test_recordings_are_found_by_what_their_calls_were(library: Library) -> None:
    async with library.browser(ApiRole.SUPERVISOR) as browser:
        pages = {query: await browser.get(f"/recordings?{query}") for query in FOUND}
        assert {
            query: {each for each in _ALL if str(each) in page.text}
            for query, page in pages.items()
        } == FOUND
        for query in REFUSED:
            assert (await browser.get(f"/recordings?{query}")).status_code == 422, query


async def test_a_long_list_is_turned_over_page_by_page(library: Library) -> None:
    recording, attempt = table_of(Recording), table_of(Attempt)
    async with library.office.deps.sessions.begin() as session:
        known = (
            await session.execute(sa.select(recording).where(recording.c.recording_id == STORED))
        ).one()
        assert (await session.scalar(sa.select(attempt.c.attempt_id))) is not None
        await session.execute(
            sa.insert(recording),
            [
                {
                    **known._asdict(),
                    "recording_id": UUID(int=1000 + n),
                    "attempt_id": ATTEMPT,
                    "location": f"y:{n}",
                    "started_at": TEN - timedelta(minutes=n),
                }
                for n in range(60)
            ],
        )
    first = (await library.get("/recordings?since=2026-05-01")).text
    address = first.partition('href="/recordings?since=2026-05-01&amp;before=')[2].partition('"')[0]
    second = (await library.get(f"/recordings?since=2026-05-01&before={address}")).text
    shown = [
        {n for n in range(60) if f'href="/recordings/{UUID(int=1000 + n)}"' in text}
        for text in (first, second)
    ]
    assert shown[0] | shown[1] == set(range(60))
    assert not shown[0] & shown[1]
