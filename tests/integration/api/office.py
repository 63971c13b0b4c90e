"""A small installation with its API: people with tokens, a customer file, and a client."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import make_app
from api.deps import ApiDeps, ApiLimits
from api.model import ApiRole
from api.users import add_user
from callback.campaigns import load_campaigns
from callback.packs import shipped_packs
from core.clock import VirtualClock
from core.database import Base, session_factory
from core.ids import IdSource
from core.live import LiveFeed
from customers.importing.model import Defaults
from dialer.agents.desk import Desk
from dialer.control import ensure_installation
from dialer.outcome import Settlement
from dialer.plan import House
from scripts.library import load_library

TEN = datetime(2026, 5, 20, 2, tzinfo=UTC)  # ten in the morning in Shanghai, a Wednesday
TODAY = date(2026, 5, 20)
HOUSE = House(
    company=None,
    callback_number="",
    callback_open="09:00",
    callback_close="20:00",
    max_promise_days=14,
    agents_available=False,
)


@dataclass
class Office:
    """The application over one database, and a token for every role."""

    app: FastAPI
    deps: ApiDeps
    clock: VirtualClock
    tokens: Mapping[ApiRole, str]

    @classmethod
    async def open(
        cls, database: AsyncEngine, *, feed: LiveFeed | None = None, limits: ApiLimits | None = None
    ) -> "Office":
        clock = VirtualClock(TEN)
        deps = ApiDeps(
            sessions=session_factory(database),
            clock=clock,
            ids=IdSource(clock, random.Random(1)),
            desk=Desk(
                settlement=Settlement(campaigns=load_campaigns(None), library=load_library()),
                packs=shipped_packs(),
                bridge="simulated",
                bridge_is_real=False,
            ),
            house=HOUSE,
            defaults=Defaults(synthetic=True),
            feed=feed,
            limits=limits
            or ApiLimits(requests_per_minute=1_000_000, refusals_per_minute=1_000_000),
        )
        async with deps.sessions.begin() as session:
            await ensure_installation(session, deps.ids.new())
            tokens = {
                role: await add_user(session, name=role.value, role=role, now=TEN)
                for role in ApiRole
            }
        return cls(app=make_app(deps), deps=deps, clock=clock, tokens=tokens)

    def client(self, role: ApiRole = ApiRole.ADMIN) -> httpx.AsyncClient:
        """Return a client that shows the role's token."""
        return self.stranger(Authorization=f"Bearer {self.tokens[role]}")

    def stranger(self, **headers: str) -> httpx.AsyncClient:
        """Return a client that shows nothing but these headers."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://ownerline.test/api/v1",
            headers=headers,
        )

    async def add(self, table: type[Base], **values: object) -> Any:
        """Write a row and return its key."""
        key = sa.inspect(table).primary_key[0]
        async with self.deps.sessions.begin() as session:
            return await session.scalar(sa.insert(table).values(**values).returning(key))

    async def one(self, statement: str, **facts: object) -> Any:
        """Return the first column of the first row of a query."""
        async with self.deps.sessions() as session:
            return await session.scalar(sa.text(statement), facts)

    def days_ago(self, days: int) -> date:
        """Return a day before today."""
        return TODAY - timedelta(days=days)
