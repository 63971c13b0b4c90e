"""`ownerline demo --serve` as a newcomer meets it: signed in and called within its bound, ended."""

import asyncio
import contextlib
import re
import signal
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest

from ownerline.demo.serving import begins_at
from tests.integration.cli.command import Installation
from tests.integration.demo.shown import Shown, served

_RINGS_WITHIN_S = 60  # what the README promises, of the call alone
_MARK = re.compile(r'name="csrf" value="([^"]+)"')


@contextlib.asynccontextmanager
async def signed_in(shown: Shown, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """Sign in by the printed password, as by the form."""
    headers = {"Accept": "text/html", "Accept-Language": "en", "Origin": shown.url}
    async with httpx.AsyncClient(
        base_url=shown.url, headers=headers, follow_redirects=True, trust_env=False, timeout=30
    ) as browser:
        mark = _MARK.search((await browser.get("/sign-in")).text)
        typed = {"name": name, "password": shown.passwords[name]}
        answer = await browser.post(
            "/sign-in", data=typed | ({"csrf": mark.group(1)} if mark else {})
        )
        assert answer.status_code == 200, answer.text
        mark = _MARK.search((await browser.get("/")).text)
        assert mark is not None, f"{name} is not signed in"
        browser.headers["X-CSRF-Token"] = mark.group(1)
        yield browser


async def test_whoever_comes_is_let_in_and_an_owner_rings_within_a_minute(tmp_path: Path) -> None:
    async with served(tmp_path) as shown:
        assert set(shown.passwords) == {"agent", "supervisor", "admin"}
        async with signed_in(shown, "supervisor") as supervisor:
            for path, shows in (
                ("/recordings", r'href="/recordings/[0-9a-f-]{36}"'),
                ("/approvals/count", r'class="count"'),
                ("/quality", r'href="/quality/\d+'),
            ):
                assert re.search(shows, (await supervisor.get(path)).text), path
        async with signed_in(shown, "admin") as admin:
            assert (await admin.get("/settings/users")).status_code == 200
        async with signed_in(shown, "agent") as agent:
            agent.headers["X-Desk-Tab"] = "newcomer"
            for press in ("/desk/take", "/desk/sit"):
                assert (await agent.post(press)).status_code < 400, press
            async with asyncio.timeout(_RINGS_WITHIN_S):
                while not await _rings(agent):  # noqa: ASYNC110 - another process is looked at
                    await asyncio.sleep(0.2)
        assert await shown.end(signal.SIGTERM) == 0


async def _rings(agent: httpx.AsyncClient) -> bool:
    """Press what Enter presses on the desk; say whether a call is on its way or up."""
    desk = (await agent.get("/desk")).text
    if "state--talking" in desk or "state--ringing" in desk:
        return True
    if 'data-post="/desk/dial' in desk:
        await agent.post("/desk/dial")
    elif 'data-post="/desk/next"' in desk:
        await agent.post("/desk/next")
    return False


async def test_a_second_start_is_fresh_and_one_at_a_time_in_a_home(tmp_path: Path) -> None:
    async with served(tmp_path) as first:
        again = await asyncio.to_thread(
            Installation(home=tmp_path).run, "demo", "--serve", "--port", "0", "--owners", "60"
        )
        assert again.code == 1
        assert "another demo plays in" in again.err
        taken = await asyncio.to_thread(
            Installation(home=tmp_path / "other").run, "demo", "--serve", "--port", first.url[-5:]
        )
        assert taken.code == 1
        assert "Traceback" not in taken.err
        assert await first.end(signal.SIGINT) == 0
    async with served(tmp_path) as second:
        assert second.passwords != first.passwords
        async with signed_in(second, "agent"):
            pass


def test_a_console_is_no_json(tmp_path: Path) -> None:
    refused = Installation(home=tmp_path).run("demo", "--serve", "--json")
    assert refused.code == 2
    assert "leave --json away" in refused.err
    assert refused.out == ""


@pytest.mark.parametrize(
    ("latest", "begins"),
    [
        (None, datetime(2026, 11, 23, 6, 5, tzinfo=UTC)),
        (datetime(2026, 11, 20, 11, 0, tzinfo=UTC), datetime(2026, 11, 23, 6, 5, tzinfo=UTC)),
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), datetime(2026, 11, 23, 7, 1, tzinfo=UTC)),
        (datetime(2026, 12, 18, 11, 0, tzinfo=UTC), datetime(2026, 12, 21, 6, 5, tzinfo=UTC)),
    ],
)
def test_a_kept_day_goes_on_after_what_is_on_file(
    latest: datetime | None, begins: datetime
) -> None:
    assert begins_at(date(2026, 11, 23), latest) == begins
