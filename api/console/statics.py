"""Styles, scripts and other files of the console, under an address that changes with them."""

import functools
from hashlib import sha256
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
_DIGITS = 12


@functools.cache
def edition() -> str:
    """Return a word for the files as they are: other files, another word."""
    whole = sha256()
    for file in sorted(FOLDER.rglob("*")):
        if file.is_file():
            whole.update(file.relative_to(FOLDER).as_posix().encode())
            whole.update(file.read_bytes())
    return whole.hexdigest()[:_DIGITS]


def address_of(name: str) -> str:
    """Return where a file is fetched, `/static/<edition>/tokens.css`."""
    return f"{PREFIX}/{edition()}/{name}"


class Statics(StaticFiles):
    """The files under any edition; kept by browsers for good under the one that is theirs."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER, follow_symlink=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file; the first part of its path is the edition."""
        asked, _, name = path.partition("/")
        response = await super().get_response(name, scope)
        current = asked == edition()
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if current else "no-cache"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
