"""The webhook that `ownerline doctor` asks: does a signed request reach this installation?"""

from uuid import UUID

from dialer.bridges.twilio.hook import Answer, Hook, Hooks, Visit

_PLAIN = "text/plain; charset=utf-8"


def check_hooks(installation_id: UUID) -> Hooks:
    """Return the hook that says which installation answers; only who has the token hears it."""

    async def answer(_: Visit) -> Answer:
        return Answer(body=mark_of(installation_id).encode(), media_type=_PLAIN)

    return (Hook(path="/check", answer=answer),)


def mark_of(installation_id: UUID) -> str:
    """Return what an installation answers: a part of its id that tells it from others."""
    return f"ownerline {installation_id.hex[:8]}"
