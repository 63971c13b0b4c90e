"""Pages by key: one begins after the last key of the page before, whatever came meanwhile."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends, Query
from pydantic import Field

from api.fields import LARGEST_ID, Shown
from api.problems import ProblemError
from api.work import Work
from core.columns import AnyRow

T = TypeVar("T")

MOST = 500
_USUAL = 100
_LONGEST_CURSOR = 200


class Page(Shown, Generic[T]):
    """A page of a list; `next` is the cursor of the one after it, null on the last."""

    items: list[T] = Field(max_length=MOST)
    next: str | None


class PageAsked:
    """Which page of a list is asked for."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=MOST, description="How many, at most.")] = _USUAL,
        cursor: Annotated[
            str | None,
            Query(
                max_length=_LONGEST_CURSOR,
                pattern="^[A-Za-z0-9_=-]*$",
                description="`next` of the page before; without it the first page.",
            ),
        ] = None,
    ) -> None:
        self.limit = limit
        self.cursor = cursor


Asked = Annotated[PageAsked, Depends()]


async def page_of(
    work: Work,
    query: sa.Select[*tuple[Any, ...]],
    key: sa.Column[Any],
    show: Callable[[AnyRow], T],
    asked: PageAsked,
    *,
    newest_first: bool = False,
) -> Page[T]:
    """Return one page of the query by its key, which must be unique and among its columns.

    Raises:
        ProblemError: the cursor is none of this list.
    """
    name = key.key
    if asked.cursor:
        after = _after(asked.cursor, name, key)
        query = query.where(key < after if newest_first else key > after)
    order = key.desc() if newest_first else key.asc()
    rows: Sequence[AnyRow] = (
        await work.session.execute(query.order_by(order).limit(asked.limit + 1))
    ).all()
    more = len(rows) > asked.limit
    kept = rows[: asked.limit]
    return Page(
        items=[show(row) for row in kept],
        next=_cursor(name, getattr(kept[-1], name)) if more else None,
    )


def _cursor(name: str, last: object) -> str:
    return urlsafe_b64encode(f"{name}:{last}".encode()).decode()


def _after(cursor: str, name: str, key: sa.Column[Any]) -> object:
    try:
        of, _, last = urlsafe_b64decode(cursor).decode("ascii").partition(":")
        if of != name:
            raise ValueError(of)  # noqa: TRY301 - one answer for all that is no cursor of ours
        if isinstance(key.type, sa.Uuid):
            return UUID(last)
        number = int(last)
        if not 0 <= number <= LARGEST_ID:
            raise ValueError(last)  # noqa: TRY301
    except (ValueError, binascii.Error):
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "the cursor is none of this list; take `next` of its last page as it is",
            kind="cursor",
        ) from None
    return number
