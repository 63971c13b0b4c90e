"""/health, /ready and /metrics: is it alive, could it do its work, and what has it measured."""

import asyncio

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import metrics
from ownerline.database import newest_migration
from ownerline.services.measuring import Measuring
from ownerline.services.process import DATABASE_AWAY, Process

_PATIENCE_S = 2.0
_REVISION = sa.text("SELECT version_num FROM alembic_version")


class Probes:
    """What a process answers about itself."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._measuring = Measuring(process)
        self._newest = newest_migration()

    def routes(self) -> list[Route]:
        """Return the routes; none of them needs a token or shows anything of people."""
        return [
            Route("/health", self._health),
            Route("/ready", self._ready),
            Route("/metrics", self._metrics),
        ]

    def app(self) -> Starlette:
        """Return an application of these routes alone."""
        return Starlette(routes=self.routes())

    async def _health(self, _: Request) -> Response:
        """Answer while the process is alive; the database is not asked."""
        return JSONResponse({"status": "alive", "process": self._process.name})

    async def _ready(self, _: Request) -> Response:
        reasons = await self.reasons()
        return JSONResponse(
            {
                "status": "not ready" if reasons else "ready",
                "process": self._process.name,
                "reasons": reasons,
            },
            status_code=503 if reasons else 200,
        )

    async def _metrics(self, _: Request) -> Response:
        await self._measuring.refresh()
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    async def reasons(self) -> list[str]:
        """Return why the process could not do its work at this moment; empty when it can."""
        process = self._process
        reasons = [f"{part}: {why}" for part, why in process.troubles.items()]
        doubts = {part: doubt() for part, doubt in process.doubts.items()}
        reasons += [f"{part}: {why}" for part, why in doubts.items() if why is not None]
        if process.ending.told:
            reasons.append("the process ends")
        if not process.feed.is_connected:
            reasons.append("the live feed is not connected")
        revision = await self._revision()
        if revision is None:
            reasons.append("the database does not answer")
        elif revision != self._newest:
            reasons.append(
                f"the database is at migration {revision}, this program expects {self._newest}"
            )
        return reasons

    async def _revision(self) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_S), self._process.runtime.sessions() as session:
                return str(await session.scalar(_REVISION))
        except (*DATABASE_AWAY, TimeoutError):
            return None
