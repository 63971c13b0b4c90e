"""The days and the community a report is asked for, as they were typed and as they are meant."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.console.page import Page
from api.console.reports.model import Asked
from api.problems import ProblemError
from core.columns import AnyRow
from customers.periods import Period, PeriodError, Preset
from customers.tables import Community


class _Typed(BaseModel):
    """What the address holds; days are read later, so that what cannot be read is kept."""

    model_config = ConfigDict(frozen=True)

    since: str = Field("", alias="from", max_length=32)
    to: str = Field("", max_length=32)
    preset: str = Field("", max_length=16)
    community: str = Field("", max_length=20)


Typed = Annotated[_Typed, Query()]


class Choice:
    """What was asked for, as it was typed, and what it comes to unless it cannot be."""

    def __init__(self, typed: dict[str, str], places: Sequence[AnyRow]) -> None:
        self.typed = typed
        self.places = places
        self.asked: Asked | None = None
        self.preset: Preset | None = None
        self.community: AnyRow | None = None
        self.error = ""

    def link(self, **changes: str | None) -> str:
        """Return the query of this choice with changes; None leaves a part out."""
        parts: dict[str, str | None] = {
            **({"preset": self.preset.value} if self.preset else self.typed),
            "community": None if self.community is None else str(self.community.community_id),
        }
        return urlencode({name: each for name, each in (parts | changes).items() if each})


async def choice_of(page: Page, typed: _Typed) -> Choice:
    """Return what is meant; its `error` says why nothing can be shown.

    Raises:
        ProblemError: there is no such community.
    """
    places = (
        await page.work.session.execute(
            sa.select(Community.community_id, Community.name, Community.time_zone).order_by(
                Community.name
            )
        )
    ).all()
    choice = Choice({"from": typed.since, "to": typed.to}, places)
    choice.community = next(
        (each for each in places if str(each.community_id) == typed.community), None
    )
    if typed.community and choice.community is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no community {typed.community}")
    zone = page.zone if choice.community is None else choice.community.time_zone
    try:
        if typed.since or typed.to:
            first, until = (date.fromisoformat(text.strip()) for text in (typed.since, typed.to))
            period = Period.of(first, until)
        else:
            known = typed.preset in set(Preset)
            choice.preset = Preset(typed.preset) if known else Preset.MONTH
            period = Period.preset(choice.preset, now=page.now, time_zone=zone)
    except (ValueError, PeriodError):
        choice.error = page.say("reports.period_error")
        return choice
    choice.typed = {"from": period.first.isoformat(), "to": period.until.isoformat()}
    choice.asked = Asked(
        page=page,
        period=period,
        community_id=None if choice.community is None else choice.community.community_id,
        time_zone=zone,
    )
    return choice
