"""Browsers as they talk to the console: each follows its page's news and fetches what is new."""

import asyncio
import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp

from api.console.sessions import COOKIE, csrf_of
from bench.console.floor import Cast, Screen

_STATE = re.compile(r"state--(\w+)")
_MARK = re.compile(r'data-mark="([^"]+)"')
_LOADS = re.compile(r'data-part="(\w+)"[^>]* hx-get="([^"]+)"[^>]* hx-trigger="load"')
_BEAT_S = 10.0
_OK = 200
_LONGEST_LINE = 2**21


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a desk showed: when its parts were there, and when all that they load was."""

    shows: str
    at_s: float
    whole_s: float


@dataclass(slots=True)
class Noted:
    """What all screens have seen."""

    desks: dict[int, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    walls: list[list[tuple[datetime, float]]] = field(default_factory=list)
    requests: int = 0
    failed: int = 0
    parts_bytes: int = 0
    parts: int = 0
    wall_bytes: int = 0
    wall_words: int = 0
    why_failed: set[str] = field(default_factory=set)

    @property
    def mean_parts(self) -> int:
        """How large the parts of a desk are, in bytes."""
        return self.parts_bytes // max(self.parts, 1)

    @property
    def mean_wall(self) -> int:
        """How large a word of a wall is, in bytes."""
        return self.wall_bytes // max(self.wall_words, 1)

    def fail(self, why: str) -> None:
        """Note a request that was refused or broke."""
        self.failed += 1
        self.why_failed.add(why)


class Screens:
    """All browsers of a floor over keep-alive connections."""

    def __init__(self, base: str, cast: Cast) -> None:
        self.noted = Noted()
        self._base = base
        self._cast = cast
        self._tasks: list[asyncio.Task[None]] = []
        self._listening = 0
        self._all_listen = asyncio.Event()
        self._ends = False

    async def open(self, within_s: float = 120.0) -> None:
        """Let everybody open their page; returns once all of them follow."""
        for each in self._cast.agents:
            self._tasks.append(asyncio.create_task(_Desk(self, each).run()))
        for each in self._cast.supervisors:
            seen: list[tuple[datetime, float]] = []
            self.noted.walls.append(seen)
            self._tasks.append(asyncio.create_task(_Wall(self, each, seen).run()))
        async with asyncio.timeout(within_s):
            await self._all_listen.wait()

    async def close(self) -> None:
        """Let everybody go; what they ask at this moment is nobody's any more."""
        self._ends = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def ends(self) -> bool:
        """Whether everybody goes."""
        return self._ends

    def listens(self) -> None:
        """Note that one more follows."""
        self._listening += 1
        if self._listening == len(self._cast.agents) + len(self._cast.supervisors):
            self._all_listen.set()

    def client(self, screen: Screen) -> aiohttp.ClientSession:
        """Return a browser: at most six connections to one place, as browsers have."""
        return aiohttp.ClientSession(
            self._base,
            connector=aiohttp.TCPConnector(limit=6, keepalive_timeout=3),  # servers close after 5 s
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Cookie": f"{COOKIE}={screen.token}",
                "X-CSRF-Token": csrf_of(screen.token),
                "X-Desk-Tab": f"tab{screen.agent_id}",
                "X-Bench-Agent": str(screen.agent_id),
                "Accept-Language": "zh-CN",
            },
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
            read_bufsize=_LONGEST_LINE,
        )


class _Desk:
    """An agent's page."""

    def __init__(self, screens: Screens, screen: Screen) -> None:
        self._screens = screens
        self._noted = screens.noted
        self._screen = screen
        self._loaded: set[str] = set()
        self._is_looking = self._again = False
        self._looks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Open the page, then look whenever its news say so."""
        async with self._screens.client(self._screen) as client:
            await self._ask(client, "GET", "/desk", hx=False)
            self._apply(await self._ask(client, "POST", "/desk/take"))
            beats = asyncio.create_task(self._beat(client))
            try:
                async with client.get("/desk/live") as stream:
                    if stream.status != _OK:
                        self._noted.fail(f"/desk/live {stream.status}")
                        return
                    async for line in stream.content:
                        if line.startswith(b"event: listening"):
                            self._screens.listens()
                        elif line.startswith(b"event: desk"):
                            self._look_soon(client)
            finally:
                beats.cancel()

    def _look_soon(self, client: aiohttp.ClientSession) -> None:
        """Look once; news that come meanwhile let it look once more."""
        if self._is_looking:
            self._again = True
            return
        self._is_looking = True
        task = asyncio.create_task(self._look(client))
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    async def _look(self, client: aiohttp.ClientSession) -> None:
        text = await self._ask(client, "GET", "/desk/parts")
        at_s = time.monotonic()
        self._noted.parts += 1
        self._noted.parts_bytes += len(text.encode())
        shows, loads = self._apply(text)
        self._is_looking = False
        if self._again:
            self._again = False
            self._look_soon(client)
        await asyncio.gather(*(self._ask(client, "GET", each) for each in loads))
        seen = Seen(shows=shows, at_s=at_s, whole_s=time.monotonic())
        self._noted.desks[self._screen.agent_id].append(seen)

    def _apply(self, text: str) -> tuple[str, list[str]]:
        """Return what the page shows now, and what its new parts load."""
        state, mark = _STATE.search(text), _MARK.search(text)
        shows = f"{state[1] if state else '-'} {mark[1] if mark else '-'}"
        loads = dict(_LOADS.findall(text))  # a part that is as it was stays, and loads nothing
        fresh = [path for key, path in loads.items() if key not in self._loaded]
        self._loaded = set(loads)
        return shows, fresh

    async def _beat(self, client: aiohttp.ClientSession) -> None:
        await asyncio.sleep(self._screen.agent_id % 100 / 100 * _BEAT_S)
        while True:
            await self._ask(client, "POST", "/desk/beat")
            await asyncio.sleep(_BEAT_S)

    async def _ask(
        self, client: aiohttp.ClientSession, method: str, path: str, *, hx: bool = True
    ) -> str:
        headers = {"HX-Request": "true"} if hx else {}
        self._noted.requests += 1
        data = b"" if method == "POST" else None
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            async with client.request(method, path, headers=headers, data=data) as response:
                text = await response.text()
        except (aiohttp.ClientError, RuntimeError) as err:  # a browser that is closed
            if self._screens.ends:
                return ""
            self._noted.fail(f"{path} {type(err).__name__}")
            return ""
        if response.status != _OK:
            self._noted.fail(f"{path} {response.status}")
        return text


class _Wall:
    """A supervisor's page: the stream brings the parts themselves."""

    def __init__(
        self, screens: Screens, screen: Screen, seen: list[tuple[datetime, float]]
    ) -> None:
        self._screens = screens
        self._screen = screen
        self._seen = seen

    async def run(self) -> None:
        """Open the page and take in what comes."""
        noted, first = self._screens.noted, True
        async with self._screens.client(self._screen) as client:
            noted.requests += 2
            async with client.get("/wall") as page:
                await page.read()
                if page.status != _OK:
                    noted.fail(f"/wall {page.status}")
            async with client.get("/wall/live") as stream:
                if stream.status != _OK:
                    noted.fail(f"/wall/live {stream.status}")
                    return
                async for line in stream.content:
                    if not line.startswith(b"data: {"):
                        continue
                    at_s = time.monotonic()
                    told = json.loads(line[6:])
                    self._seen.append((datetime.fromisoformat(told["at"]), at_s))
                    noted.wall_words += 1
                    noted.wall_bytes += len(line)
                    if first:
                        first = False
                        self._screens.listens()
