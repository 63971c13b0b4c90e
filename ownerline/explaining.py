"""`ownerline explain`: the story of an owner, told at the keyboard."""

from datetime import date
from typing import Any

from customers.model import Language
from dialer import explaining
from ownerline.books import campaigns_of
from ownerline.runtime import Runtime
from ownerline.spending import held_back_by


async def explain(
    runtime: Runtime,
    *,
    query: str,
    community: str | None,
    day: date | None,
    language: Language,
    actor: str,
) -> dict[str, Any]:
    """Return why everybody the query means was, or was not, called; the look is on the audit.

    Raises:
        NothingFoundError: the query means nobody on file.
    """
    async with runtime.sessions.begin() as session:
        return await explaining.explain(
            session,
            query=query,
            community=community,
            day=day,
            language=language,
            actor=actor,
            now=runtime.clock.now(),
            campaigns=campaigns_of(runtime.settings),
            held_back=held_back_by(runtime.settings),
        )
