"""Byte ranges of a request (RFC 9110, section 14): one is served, anything else as a whole."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from api.problems import ProblemError

_ONE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """So many bytes from the first on, of a whole of `size`."""

    first: int
    count: int
    size: int

    @property
    def content_range(self) -> str:
        """The header that says which bytes these are."""
        return f"bytes {self.first}-{self.first + self.count - 1}/{self.size}"


def span_of(header: str | None, size: int) -> Span | None:
    """Return what a Range header asks for; None: the whole.

    Raises:
        ProblemError: no byte of it is there (416).
    """
    found = _ONE.fullmatch((header or "").strip())
    if found is None or not (found["first"] or found["last"]):
        return None  # none, several, or of another unit: RFC 9110 lets us ignore them
    if found["first"]:
        first = int(found["first"])
        last = min(int(found["last"] or size), size - 1)
        if found["last"] and int(found["last"]) < first:
            return None  # no valid range
    else:
        first, last = max(0, size - int(found["last"])), size - 1
    if first >= size or last < first:
        raise ProblemError(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"there are {size} bytes, none of them in this range",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return Span(first=first, count=last - first + 1, size=size)
