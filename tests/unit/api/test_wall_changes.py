"""What a wallboard is told: whole parts first, then where each line stands that it has already."""

import json
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from api.console.routes.wall_changes import Changes

_LINES = st.lists(st.sampled_from(["a", "b", "<c>", ""]), min_size=1, max_size=6)
_LOOKS = st.lists(st.dictionaries(st.sampled_from(["x", "y"]), _LINES, min_size=1), min_size=1)


def _shown(page: Mapping[str, Sequence[str]], told: str) -> dict[str, list[str]]:
    """Return a page's lines after it took in what it was told, as its script does."""
    parts = {
        name: [page[name][line] if isinstance(line, int) else line for line in lines]
        for name, lines in json.loads(told).items()
    }
    return {**{name: list(lines) for name, lines in page.items()}, **parts}


@given(looks=_LOOKS, misses=st.sets(st.integers(0, 9)))
def test_a_page_that_is_told_all_or_misses_looks_shows_the_last_one(
    looks: list[dict[str, list[str]]], misses: set[int]
) -> None:
    changes = Changes()
    steady: dict[str, list[str]] = {}
    seldom: dict[str, list[str]] = {}
    of_seldom = 0
    for number, look in enumerate(looks, start=1):
        texts = {name: "\n".join(lines) for name, lines in {"x": ["a"], **look}.items()}
        steady = _shown(steady, changes.since(number - 1, number, texts))
        told = changes.since(of_seldom, number, texts)
        if number not in misses:
            seldom, of_seldom = _shown(seldom, told), number
            assert {name: "\n".join(seldom[name]) for name in texts} == texts
        assert {name: "\n".join(steady[name]) for name in texts} == texts


def test_what_stayed_is_told_in_no_words() -> None:
    changes = Changes()
    changes.since(0, 1, {"x": "a\nb"})
    assert json.loads(changes.since(1, 2, {"x": "a\nb"})) == {}
    assert json.loads(changes.since(2, 3, {"x": "b\nc"})) == {"x": [1, "c"]}
    assert json.loads(changes.since(1, 3, {"x": "b\nc"})) == {"x": ["b", "c"]}
