"""Passwords: hashed by Argon2id, checked off the event loop, never short and never a default."""

import asyncio
import functools
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import OwnerlineError

SHORTEST = 10
LONGEST = 200
# No look-alikes: a first password is read out or copied from paper.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_FIRST_GROUPS, _GROUP = 4, 4

# RFC 9106, section 4, second recommendation: 64 MiB, three passes, four lanes.
_HASHER = PasswordHasher()
# However many sign in at once: a hash takes 64 MiB and a core for a twentieth of a second.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")


class PasswordError(OwnerlineError):
    """A new password is too short, too long, or says the name of whose it is."""


def first_password() -> str:
    """Return a password to be given out once and changed at the first sign-in (about 79 bits)."""
    groups = (
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_FIRST_GROUPS)
    )
    return "-".join(groups)


def check_password(password: str, *, name: str) -> None:
    """Refuse what is no password.

    Raises:
        PasswordError: it is too short, too long, or holds the user's name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"a password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}"
        raise PasswordError(message)
    if name.casefold() in password.casefold() or len(set(password)) <= 2:  # noqa: PLR2004 - aaaa…
        message = "this password is easily guessed; take several words that are not your name"
        raise PasswordError(message)


async def hash_of(password: str) -> str:
    """Return what is kept of a password."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, password)


async def is_right(password: str, kept: str | None) -> bool:
    """Say whether it is the password; without one on file as much time is spent."""
    return await asyncio.get_running_loop().run_in_executor(
        _THREADS, _matches, password[: LONGEST + 1], kept
    )


def _matches(password: str, kept: str | None) -> bool:
    try:
        right = _HASHER.verify(_nobodys() if kept is None else kept, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None and bool(right)


@functools.cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
