"""The geometry and the words of the report."""

import pytest

from ownerline.demo import charts
from ownerline.demo.wording import counted, per_cent


def test_bars_stand_longest_first_and_fill_the_width() -> None:
    drawn = charts.bars({"no_answer": 25, "busy": 50, "lost": 0}, {"busy": "engaged"})
    assert [(bar.label, bar.width, bar.note) for bar in drawn] == [
        ("busy", 100.0, "engaged"),
        ("no answer", 50.0, ""),
    ]


def test_pieces_of_a_stacked_bar_touch() -> None:
    drawn = charts.stacked([("done", 30), ("expired", 0), ("waiting", 10)], 80)
    assert [(piece.kind, piece.x, piece.width) for piece in drawn] == [
        ("done", 0.0, 37.5),
        ("waiting", 37.5, 12.5),
    ]


def test_columns_stand_on_the_ground_side_by_side() -> None:
    low, high = charts.columns([("09", 10, 5), ("10", 20, 20)])
    assert (low.y + low.height, low.part_y + low.part_height) == (100.0, 100.0)
    assert (high.y, high.height, high.part_height) == (0.0, 100.0, 100.0)
    assert low.x + low.width < high.x


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    assert charts.bars({}) == []
    assert charts.stacked([("done", 0)], 0) == []
    assert charts.columns([]) == []
    assert charts.columns([("09", 0, 0)])[0].height == 0


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 calls"), (1, "1 call"), (2_000, "2,000 calls")]
)
def test_counts_say_of_what(count: int, expected: str) -> None:
    assert counted(count, "call") == expected


@pytest.mark.parametrize(("part", "whole", "expected"), [(1, 3, "33 %"), (0, 0, "–")])
def test_shares_of_nothing_are_a_dash(part: int, whole: int, expected: str) -> None:
    assert per_cent(part, whole) == expected
