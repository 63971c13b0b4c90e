"""Which bytes a Range header means."""

import pytest

from api.problems import ProblemError
from api.ranges import span_of

SIZE = 1000


@pytest.mark.parametrize(
    ("asked", "first", "count"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=700-", 700, 300),
        ("bytes=-44", 956, 44),
        ("bytes=-5000", 0, 1000),
        ("bytes=0-999999999", 0, 1000),
        ("bytes=999-999", 999, 1),
    ],
)
def test_one_range_is_served(asked: str, first: int, count: int) -> None:
    span = span_of(asked, SIZE)
    assert span is not None
    assert (span.first, span.count) == (first, count)
    assert span.content_range == f"bytes {first}-{first + count - 1}/{SIZE}"


@pytest.mark.parametrize(
    "asked", [None, "", "bytes=-", "bytes=0-9,20-29", "seconds=0-9", "bytes=9-3", "bytes=a-b"]
)
def test_anything_else_is_answered_with_the_whole(asked: str | None) -> None:
    assert span_of(asked, SIZE) is None


@pytest.mark.parametrize(
    ("asked", "size"), [("bytes=1000-", 1000), ("bytes=-0", 1000), ("bytes=0-", 0), ("bytes=-5", 0)]
)
def test_a_range_without_a_byte_is_refused_with_the_size(asked: str, size: int) -> None:
    with pytest.raises(ProblemError) as refused:
        span_of(asked, size)
    assert refused.value.status == 416
    assert refused.value.headers == {"Content-Range": f"bytes */{size}"}
