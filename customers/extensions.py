"""Extensions that were asked for: approved or refused by somebody with the authority."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from customers.account_tables import Extension
from customers.desk import UnknownSubjectError
from customers.model import ExtensionState


class DecidedAlreadyError(OwnerlineError):
    """An extension is decided once."""


# The task that the asking opened is done with the person's last extension.
_NOTHING_ASKED = sa.text("""
    UPDATE agent_task SET done_at = :now
    WHERE person_id = :person_id AND kind = 'extension' AND done_at IS NULL
      AND NOT EXISTS (
          SELECT FROM extension e WHERE e.person_id = :person_id AND e.state = 'requested'
      )
""")


# What was asked in one breath: for the same day, on the same call, at the same instant.
_ASKED_TOGETHER = sa.text("""
    SELECT e.extension_id, e.charge_id
    FROM extension e
    JOIN extension named ON named.extension_id = :extension_id
    WHERE e.person_id = named.person_id AND e.asked_at = named.asked_at AND e.until = named.until
      AND e.attempt_id IS NOT DISTINCT FROM named.attempt_id
      AND (e.state = 'requested' OR e.extension_id = named.extension_id)
    ORDER BY e.extension_id
""")


async def asked_together(session: AsyncSession, extension_id: int) -> dict[int, int]:
    """Return the charges by extension of all that was asked with one and still waits.

    The one named is always among them; nothing where it is not on file.
    """
    rows = await session.execute(_ASKED_TOGETHER, {"extension_id": extension_id})
    return {row.extension_id: row.charge_id for row in rows}


async def decide_extensions(
    session: AsyncSession,
    *,
    extension_ids: Sequence[int],
    approved: bool,
    by: str,
    because: str | None = None,
    now: datetime,
) -> None:
    """Approve or refuse several extensions at once, all or none.

    Raises:
        UnknownSubjectError: no such extension.
        DecidedAlreadyError: somebody was faster with one of them.
    """
    for extension_id in sorted(extension_ids):  # in one order, so that nobody waits in a ring
        await decide_extension(
            session, extension_id=extension_id, approved=approved, by=by, because=because, now=now
        )


async def decide_extension(
    session: AsyncSession,
    *,
    extension_id: int,
    approved: bool,
    by: str,
    because: str | None = None,
    now: datetime,
) -> int:
    """Approve or refuse an extension; returns whose it is.

    Raises:
        UnknownSubjectError: no such extension.
        DecidedAlreadyError: somebody was faster.
    """
    extension = await session.scalar(
        sa.select(Extension).where(Extension.extension_id == extension_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if extension is None:
        raise UnknownSubjectError(what="extension", subject_id=extension_id)
    if extension.state is not ExtensionState.REQUESTED:
        message = f"extension {extension_id} is {extension.state.value} already"
        if extension.decided_by is not None and extension.decided_at is not None:
            message += f", by {extension.decided_by} at {extension.decided_at:%Y-%m-%d %H:%M} UTC"
        raise DecidedAlreadyError(message)
    extension.state = ExtensionState.APPROVED if approved else ExtensionState.REFUSED
    extension.decided_at, extension.decided_by = now, by
    extension.decided_because = because
    await session.flush()
    await session.execute(_NOTHING_ASKED, {"person_id": extension.person_id, "now": now})
    return extension.person_id
