"""The webhook that `ownerline doctor` asks: does a signed request reach this installation?"""

from http import HTTPStatus

from dialer.bridges.twilio.hook import Answer, Hook, Hooks, Visit

_PLAIN = "text/plain; charset=utf-8"


def check_hooks(installation: str) -> Hooks:
    """Return the hook that says which installation answers; only who has the token hears it."""

    async def answer(_: Visit) -> Answer:
        return Answer(body=mark_of(installation).encode(), media_type=_PLAIN, status=HTTPStatus.OK)

    return (Hook(path="/check", answer=answer),)


def mark_of(installation: str) -> str:
    """Return what an installation answers."""
    return f"ownerline {installation}"
