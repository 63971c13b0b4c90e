"""What a route works with: the request's own transaction, who asks, and the instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import ApiDeps
from api.users import Caller
from customers.service import audit


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One request; its transaction is committed at the edge when the answer is ready."""

    session: AsyncSession
    caller: Caller
    deps: ApiDeps
    now: datetime

    async def note(self, action: str, subject: str, **detail: object) -> None:
        """Write on the audit who looked at or changed what, in the request's transaction."""
        await audit(
            self.session,
            now=self.now,
            actor=self.caller.actor,
            action=action,
            subject=subject,
            detail={name: value for name, value in detail.items() if value is not None},
        )


def _work_of(request: Request) -> Work:
    work: Work = request.state.work
    return work


Here = Annotated[Work, Depends(_work_of)]
