"""A post with an `Idempotency-Key` is done once: its answer is kept with the work, for a day."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus

import sqlalchemy as sa
from fastapi import Response
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.problems import ProblemError
from api.tables import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(hours=24)
_SHAPE = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A post as far as its key goes: whose, which key, and what was asked."""

    api_user_id: int
    key: str
    request_hash: bytes


def asked_with(key: str, *, api_user_id: int, method: str, target: str, body: bytes) -> Asked:
    """Return what a request asks under its key.

    Raises:
        ProblemError: the key is no key.
    """
    if _SHAPE.fullmatch(key) is None:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{HEADER} takes 1 to 255 visible ASCII characters, say a UUID",
            kind="idempotency-key",
        )
    asked = sha256(f"{method} {target}\n".encode())
    asked.update(body)
    return Asked(api_user_id=api_user_id, key=key, request_hash=asked.digest())


async def answered_before(session: AsyncSession, asked: Asked, *, now: datetime) -> Response | None:
    """Return the answer the key had; None takes the key for this transaction.

    A request with the same key that is being done at this moment is waited for: if it commits,
    its answer is returned, if not, the key is free.

    Raises:
        ProblemError: the key was used for another request.
    """
    statement = insert(IdempotencyKey).values(
        api_user_id=asked.api_user_id,
        key=asked.key,
        request_hash=asked.request_hash,
        asked_at=now,
    )
    taken = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["api_user_id", "key"],
            set_={
                "request_hash": statement.excluded.request_hash,
                "asked_at": now,
                "status": None,
                "location": None,
                "body": None,
            },
            where=IdempotencyKey.asked_at <= now - KEPT_FOR,
        ).returning(IdempotencyKey.key)
    )
    if taken is not None:
        return None
    kept = (
        await session.execute(
            sa.select(
                IdempotencyKey.request_hash,
                IdempotencyKey.status,
                IdempotencyKey.location,
                IdempotencyKey.body,
            ).where(
                IdempotencyKey.api_user_id == asked.api_user_id, IdempotencyKey.key == asked.key
            )
        )
    ).one()
    if kept.request_hash != asked.request_hash:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"this {HEADER} was used for another request; take a new one for a new request",
            kind="idempotency-key-reused",
        )
    headers = {REPLAYED: "true"} | ({} if kept.location is None else {"Location": kept.location})
    return Response(
        content=kept.body,
        status_code=kept.status,
        headers=headers,
        media_type="application/json" if kept.body else None,
    )


async def keep_answer(session: AsyncSession, asked: Asked, response: Response) -> None:
    """Keep the answer under the key, in the transaction of the work."""
    await session.execute(
        sa.update(IdempotencyKey)
        .where(IdempotencyKey.api_user_id == asked.api_user_id, IdempotencyKey.key == asked.key)
        .values(
            status=response.status_code,
            location=response.headers.get("location"),
            body=bytes(response.body),
        )
    )
