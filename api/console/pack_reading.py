"""A rule pack as people read it: its hours, and every other figure as a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from api.console.page import Page
from callback.hours import Periods
from callback.pack_model import (
    Abandonment,
    AttemptCap,
    Hours,
    Pack,
    RingTime,
    Silence,
    Sourced,
)
from callback.rules import Layer
from callback.words import LAYERS, MODES, PER, PURPOSES
from customers.model import CallMode, Purpose

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, kw_only=True, slots=True)
class HoursRow:
    """When calls of some purposes may be placed, by the law or by the house."""

    layer: str
    purposes: str
    week: Sequence[tuple[str, str]]  # days, and their hours
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One figure as a sentence, with where it stands."""

    layer: str
    sentence: str
    source: str


class PackReader:
    """Reads a pack aloud in the language of a page."""

    def __init__(self, pack: Pack, page: Page) -> None:
        self._pack = pack
        self._page = page

    def hours(self) -> list[HoursRow]:
        """Return the calling hours: the law's, the rest hours, the house's."""
        pack = self._pack
        rest = pack.house.rest_hours
        return [
            *(self._hours(each, Layer.LAW) for each in pack.law.hours),
            HoursRow(
                layer=LAYERS[Layer.HOUSE][self._page.language],
                purposes=self._say("rest"),
                week=[(self._say("every_day"), self._periods(rest.periods))],
                source=rest.source,
            ),
            *(self._hours(each, Layer.HOUSE) for each in pack.house.hours),
        ]

    def lines(self) -> list[Line]:
        """Return every other figure, the law's first."""
        return [*self._law(), *self._house()]

    def _law(self) -> Iterator[Line]:
        law = self._pack.law
        yield from self._caps(Layer.LAW, law.attempt_caps, law.silences)
        if law.abandoned_silence is not None:
            yield self._line(
                Layer.LAW,
                law.abandoned_silence,
                "abandoned_silence",
                hours=law.abandoned_silence.hours,
            )
        for rule in law.consent:
            modes = ", ".join(f"{each.value}_{rule.of(each).value}" for each in CallMode)
            key = "consent_" + modes.replace(", ", "_")
            yield self._line(Layer.LAW, rule, key, purpose=self._purposes((rule.purpose,)))
        if law.screening is not None:
            yield self._line(
                Layer.LAW,
                law.screening,
                "screening",
                purposes=self._purposes(law.screening.purposes),
            )
        yield from self._abandonment(Layer.LAW, law.abandonment)
        yield from self._ring(Layer.LAW, law.ring)
        if law.opt_out.key_required:
            yield self._line(Layer.LAW, law.opt_out, "opt_out")
        yield self._line(Layer.LAW, law.recording, f"recording_{law.recording.consent.value}")
        if law.identification.at_start:
            yield self._line(Layer.LAW, law.identification, "identification")

    def _house(self) -> Iterator[Line]:
        house = self._pack.house
        yield from self._caps(Layer.HOUSE, house.attempt_caps, house.silences)
        if house.minimum_gap is not None:
            gap = house.minimum_gap
            yield self._line(Layer.HOUSE, gap, "gap", minutes=gap.minutes)
        yield from self._abandonment(Layer.HOUSE, house.abandonment)
        yield from self._ring(Layer.HOUSE, house.ring)

    def _caps(
        self, layer: Layer, caps: Sequence[AttemptCap], silences: Sequence[Silence]
    ) -> Iterator[Line]:
        language = self._page.language
        for cap in caps:
            facts = {
                "per": PER[cap.per][language],
                "attempts": cap.attempts,
                "hours": cap.window_hours,
                "modes": self._list([MODES[each][language] for each in cap.modes]),
                "purposes": self._purposes(cap.purposes),
            }
            yield self._line(layer, cap, "cap", **facts)
        for silence in silences:
            facts = {
                "per": PER[silence.per][language],
                "hours": silence.hours,
                "purposes": self._purposes(silence.purposes),
            }
            kind = "silence_day" if silence.rest_of_day else "silence_hours"
            yield self._line(layer, silence, kind, **facts)

    def _abandonment(self, layer: Layer, rule: Abandonment | None) -> Iterator[Line]:
        if rule is not None:
            yield self._line(
                layer,
                rule,
                "abandonment",
                ceiling=f"{rule.ceiling:.1%}",
                hours=rule.window_hours,
                seconds=f"{rule.agent_within_s:g}",
            )

    def _ring(self, layer: Layer, rule: RingTime | None) -> Iterator[Line]:
        if rule is not None:
            yield self._line(layer, rule, "ring", seconds=rule.minimum_s)

    def _line(self, layer: Layer, rule: Sourced, key: str, **facts: object) -> Line:
        return Line(
            layer=LAYERS[layer][self._page.language],
            sentence=self._say(key, **facts),
            source=rule.source,
        )

    def _hours(self, rule: Hours, layer: Layer) -> HoursRow:
        week = [(self._days(days), self._periods(periods)) for days, periods in _spans(rule.week)]
        if rule.holidays is not None:
            week.append((self._say("holidays"), self._periods(rule.holidays)))
        return HoursRow(
            layer=LAYERS[layer][self._page.language],
            purposes=self._purposes(rule.purposes),
            week=week,
            source=rule.source,
        )

    def _days(self, days: Sequence[str]) -> str:
        if len(days) == len(_DAYS):
            return self._say("every_day")
        names = [self._say(f"day.{each}") for each in days]
        if len(names) == 1:
            return names[0]
        return self._say("days", first=names[0], last=names[-1])

    def _periods(self, periods: Periods) -> str:
        if not periods:
            return self._say("closed")
        return self._list([str(each).replace("-", "–") for each in periods])

    def _purposes(self, purposes: Sequence[Purpose]) -> str:
        if set(purposes) == set(Purpose):
            return self._say("all_purposes")
        return self._list([PURPOSES[each][self._page.language] for each in purposes])

    def _list(self, parts: Sequence[str]) -> str:
        return self._page.say("door.and").join(parts)

    def _say(self, key: str, **facts: object) -> str:
        return self._page.say(f"settings.pack.{key}", **facts)


def _spans(week: Sequence[Periods]) -> Iterator[tuple[Sequence[str], Periods]]:
    """Yield runs of days that have the same hours."""
    pairs: Iterator[tuple[str, Periods]] = zip(_DAYS, week, strict=True)
    for periods, days in groupby(pairs, key=lambda pair: pair[1]):
        yield [day for day, _ in days], periods


def facts_of(pack: Pack, page: Page) -> Mapping[str, Any]:
    """Return what a page shows of a pack."""
    reader = PackReader(pack, page)
    return {"pack": pack, "hours": reader.hours(), "lines": reader.lines()}
