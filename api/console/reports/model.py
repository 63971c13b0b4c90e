"""What a report is made of: who asks for which days, and a finding with its table and chart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from babel.dates import format_skeleton, get_day_names

from api.console import formats
from api.console.page import Page
from customers.periods import Period
from dialer.figures.kept import CallFigures, call_figures

SMALL = 30  # fewer of anything is a story, not a rate


class Shape(StrEnum):
    """How a column's values read."""

    TEXT = "text"
    COUNT = "count"
    RATE = "rate"  # 0 to 1, None where there is nothing to divide by
    SCORE = "score"
    PRECISE = "precise"  # a score of which four decimals count
    SPAN = "span"  # seconds
    MONEY = "money"  # minor units, of the row's currency
    DAY = "day"
    INSTANT = "instant"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column by its word under `reports.column`."""

    word: str
    shape: Shape = Shape.TEXT


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Numbers over a chart's labels; None leaves a gap. `tone` is a colour by its meaning."""

    label: str
    tone: str
    values: Sequence[float | None]
    line: bool = False  # over the bars, against a scale of its own in per cent


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """Bars over labels, side by side or stacked, upright or lying, and lines over them."""

    labels: Sequence[str]
    series: Sequence[Series]
    stacked: bool = False
    lying: bool = False
    per_cent: bool = False  # the bars' own scale

    def as_json(self) -> str:
        """Return what the page's script draws."""
        return json.dumps(
            {
                "labels": list(self.labels),
                "stacked": self.stacked,
                "lying": self.lying,
                "perCent": self.per_cent,
                "series": [
                    {
                        "label": each.label,
                        "tone": each.tone,
                        "values": list(each.values),
                        "line": each.line,
                    }
                    for each in self.series
                ],
            },
            ensure_ascii=False,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A finding and its proof; no rows means that there was nothing to find."""

    name: str
    finding: str
    proof: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    chart: Chart | None = None
    notes: Sequence[str] = ()
    drawn: Mapping[str, Any] = field(default_factory=dict)  # of charts the template draws itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A page that asks for a report of some days, of one community or of all."""

    page: Page
    period: Period
    community_id: int | None
    time_zone: str  # of the community, or of the house
    counted: list[CallFigures] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The instant of the request."""
        return self.page.now

    def parameters(self) -> dict[str, Any]:
        """Return what the figures' statements take."""
        return {
            **self.period.parameters(self.community_id),
            "now": self.page.now,
            "time_zone": self.time_zone,
        }

    async def calls(self) -> CallFigures:
        """Return the figures of the period's calls, read once for all reports of a page."""
        if not self.counted:
            self.counted.append(await call_figures(self.page.work.session, self.parameters()))
        return self.counted[0]

    def say(self, word: str, **facts: object) -> str:
        """Return words of the reports in the page's language."""
        return self.page.say(f"reports.{word}", **facts)

    def empty(self, name: str, columns: Sequence[Column]) -> Report:
        """Return a report that found nothing."""
        return Report(
            name=name,
            finding=self.say(f"{name}.nothing"),
            proof="",
            columns=columns,
            rows=(),
        )

    def small(self, count: int) -> list[str]:
        """Return the warning that a sample is small, where it is."""
        return [self.say("small", count=count, least=SMALL)] if count < SMALL else []

    def short_day(self, day: date) -> str:
        """Return a day as an axis has room for it."""
        return format_skeleton("Md", day, locale=formats.LOCALES[self.page.language])

    def weekdays(self) -> dict[int, str]:
        """Return the days' short names by their number, 1 Monday to 7 Sunday."""
        names = get_day_names("abbreviated", locale=formats.LOCALES[self.page.language])
        return {number: names[number - 1] for number in range(1, 8)}


def rate(part: int, whole: int) -> float | None:
    """Return a share from 0 to 1; None of nothing."""
    return round(part / whole, 4) if whole else None


def per_cent(part: int, whole: int) -> str:
    """Return a share for a sentence: one decimal where rounding would make it whole."""
    exact = part in {0, whole}
    return formats.share(part, whole, 0 if exact else 1)
