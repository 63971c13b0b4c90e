"""What a rule pack is: two layers, law and house, each figure with its source; strictly read."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from callback.hours import HolidayCalendar, HoursError, LocalPeriod, Periods, Schedule
from customers.model import CallMode, Purpose, RecordingConsent

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def _week(value: object) -> object:
    """Spread `mon-fri: [...]` over the days; every weekday must be said once."""
    if not isinstance(value, dict):
        return value
    days: dict[str, object] = {}
    for name, periods in value.items():
        first, _, last = str(name).partition("-")
        if first not in _WEEKDAYS or (last or first) not in _WEEKDAYS:
            message = f"{name!r} is no weekday or span of weekdays such as mon-fri"
            raise ValueError(message)
        for day in _WEEKDAYS[_WEEKDAYS.index(first) : _WEEKDAYS.index(last or first) + 1]:
            if day in days:
                message = f"{day} is said twice"
                raise ValueError(message)
            days[day] = periods
    if missing := [day for day in _WEEKDAYS if day not in days]:
        message = f"no hours for {', '.join(missing)}; write [] where nobody may be rung"
        raise ValueError(message)
    # Tuples already: what a validator hands on is held to strict Python types, not to JSON's.
    return tuple(tuple(p) if isinstance(p := days[day], list) else p for day in _WEEKDAYS)


def written_week(week: tuple[Periods, ...]) -> dict[str, list[str]]:
    """Return the hours of a week as a file writes them."""
    return {
        day: [str(period) for period in periods]
        for day, periods in zip(_WEEKDAYS, week, strict=True)
    }


def _period(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return LocalPeriod.parse(value)
    except HoursError as err:
        raise ValueError(str(err)) from err  # so that pydantic says where it stands


def _in_order(periods: Periods) -> Periods:
    for earlier, later in pairwise(periods):
        if earlier.end > later.start or earlier.end == earlier.end.min:
            message = f"{earlier} and {later} overlap or stand in the wrong order"
            raise ValueError(message)
    return periods


Period = Annotated[LocalPeriod, BeforeValidator(_period)]
DayPeriods = Annotated[tuple[Period, ...], AfterValidator(_in_order)]
Week = Annotated[tuple[DayPeriods, ...], BeforeValidator(_week)]
Positive = Annotated[int, Field(gt=0)]


class Sourced(_Data):
    """A figure of the law, the house or the trade with where it stands."""

    source: str = Field(min_length=1)


class Hours(Sourced):
    """When persons may be rung about these purposes, in their own zones."""

    purposes: tuple[Purpose, ...] = Field(min_length=1)
    week: Week
    holidays: DayPeriods | None = None  # None: a public holiday is a day like any other


class AttemptCap(Sourced):
    """At most so many attempts in any window of so many hours."""

    per: Literal["person", "debt"]
    attempts: Positive
    window_hours: Positive
    purposes: tuple[Purpose, ...] = tuple(Purpose)
    modes: tuple[CallMode, ...] = tuple(CallMode)  # attempts that count, and calls it binds
    exempt_when_asked_days: Positive | None = None  # days the owner's own request lifts it


class Silence(Sourced):
    """No call for a while after a conversation."""

    per: Literal["person", "debt"]
    hours: Positive | None = None  # exactly one of hours and rest_of_day
    rest_of_day: bool = False
    purposes: tuple[Purpose, ...] = tuple(Purpose)
    exempt_when_asked_days: Positive | None = None

    @model_validator(mode="after")
    def _has_one_length(self) -> Self:
        if (self.hours is None) == (not self.rest_of_day):
            message = "a silence has either hours or rest_of_day: true"
            raise ValueError(message)
        return self


class AbandonedSilence(Sourced):
    """Hours before a number is dialled again without an agent ready, after an abandoned call."""

    hours: Positive


class Default(StrEnum):
    """What an unknown consent means."""

    ALLOW = "allow"
    DENY = "deny"


class ConsentDefault(Sourced):
    """What holds for a purpose while nobody asked the person."""

    purpose: Purpose
    agent: Default
    automatic: Default

    def of(self, mode: CallMode) -> Default:
        """Return the default of the mode."""
        return self.agent if mode is CallMode.AGENT else self.automatic


class ClockStart(StrEnum):
    """When the seconds until an agent speaks start to count."""

    ANSWER = "answer"
    GREETING_END = "greeting_end"  # of the called person's own greeting


class Abandonment(Sourced):
    """How many live answers may find no agent."""

    ceiling: float = Field(gt=0, lt=1)  # abandoned ÷ answered live, per campaign
    window_hours: Positive
    agent_within_s: float = Field(gt=0)
    clock_starts: ClockStart
    amd_on_agent_campaigns: bool
    message_required: bool  # a recorded message with name and number when nobody speaks in time


class RingTime(Sourced):
    """How long a phone rings before an unanswered call is ended."""

    minimum_s: Positive


class OptOutWording(Sourced):
    """Whether every automatic message must offer a key that ends all calls."""

    key_required: bool


class Recording(Sourced):
    """What must be said before a call is recorded."""

    consent: RecordingConsent


class Identification(Sourced):
    """Whether the company must be named at the start of a call."""

    at_start: bool


class Screening(Sourced):
    """Purposes for which the national do-not-call list must be asked."""

    purposes: tuple[Purpose, ...]


class Law(_Data):
    """What nobody overrides."""

    hours: tuple[Hours, ...] = ()
    attempt_caps: tuple[AttemptCap, ...] = ()
    silences: tuple[Silence, ...] = ()
    abandoned_silence: AbandonedSilence | None = None
    consent: tuple[ConsentDefault, ...]
    screening: Screening | None = None
    abandonment: Abandonment | None = None
    ring: RingTime | None = None
    opt_out: OptOutWording
    recording: Recording
    identification: Identification

    @model_validator(mode="after")
    def _speaks_of_every_purpose_once(self) -> Self:
        if sorted(rule.purpose for rule in self.consent) != sorted(Purpose):
            message = f"consent must say {', '.join(Purpose)}, each once"
            raise ValueError(message)
        return self


class RestHours(Sourced):
    """When an owner who named no rest hours is left in peace."""

    periods: DayPeriods


class Gap(Sourced):
    """The least time between two attempts to a person."""

    minutes: Positive


class House(_Data):
    """Defaults of the departments; the owner's wish overrides them."""

    hours: tuple[Hours, ...]
    rest_hours: RestHours
    attempt_caps: tuple[AttemptCap, ...] = ()
    silences: tuple[Silence, ...] = ()
    minimum_gap: Gap | None = None
    abandonment: Abandonment | None = None
    ring: RingTime | None = None

    @model_validator(mode="after")
    def _has_hours_for_every_purpose(self) -> Self:
        spoken_of = {purpose for rule in self.hours for purpose in rule.purposes}
        if missing := set(Purpose) - spoken_of:
            message = f"no house hours for {', '.join(sorted(missing))}; unknown hours ring nobody"
            raise ValueError(message)
        return self


class HolidayDays(_Data):
    """Which public holidays a pack means, by the `holidays` library."""

    country: str
    subdivision: str | None = None
    weekends_between: bool = False

    def calendar(self) -> HolidayCalendar:
        """Return the calendar meant."""
        return HolidayCalendar(self.country, self.subdivision, self.weekends_between)


class Pack(_Data):
    """The rules of one country, or of a rehearsal."""

    name: str = Field(pattern="^[A-Za-z][A-Za-z0-9_-]*$")
    version: str = Field(min_length=1)
    countries: tuple[str, ...]  # ISO 3166 alpha-2 of numbers it applies to by itself
    sources: tuple[str, ...] = Field(min_length=1)
    holidays: HolidayDays | None = None
    only_test_numbers: bool = False
    law: Law
    house: House

    def law_schedules(self, purpose: Purpose) -> tuple[tuple[Hours, Schedule], ...]:
        """Return the hours of the law for a purpose; none means the law names none."""
        return self._schedules[purpose][0]

    def house_schedules(self, purpose: Purpose) -> tuple[tuple[Hours, Schedule], ...]:
        """Return the house's hours for a purpose."""
        return self._schedules[purpose][1]

    @cached_property
    def consent_defaults(self) -> Mapping[Purpose, ConsentDefault]:
        """Unknown consents by purpose."""
        return {rule.purpose: rule for rule in self.law.consent}

    @cached_property
    def _schedules(
        self,
    ) -> Mapping[
        Purpose, tuple[tuple[tuple[Hours, Schedule], ...], tuple[tuple[Hours, Schedule], ...]]
    ]:
        law = [(rule, self._schedule(rule)) for rule in self.law.hours]
        house = [(rule, self._schedule(rule)) for rule in self.house.hours]
        return {
            purpose: (
                tuple(pair for pair in law if purpose in pair[0].purposes),
                tuple(pair for pair in house if purpose in pair[0].purposes),
            )
            for purpose in Purpose
        }

    def _schedule(self, rule: Hours) -> Schedule:
        return Schedule(
            week=rule.week,
            calendar=self.holidays.calendar() if self.holidays else None,
            on_holidays=rule.holidays,
        )
