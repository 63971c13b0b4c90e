"""Times to call again as agents type them, and what the rules say of one in words; pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.console import formats
from callback.explain import explain_verdict
from customers.model import Language
from dialer.agents.call_time import CallTime

_FIELD = "%Y-%m-%dT%H:%M"
_EVENING, _MORNING = time(19), time(10)
_SOON = timedelta(minutes=30)  # an evening that is nearly here is no longer "this evening"
_STEP_MINUTES = 5

Say = Callable[..., str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeChip:
    """A time that is put into the field at a touch."""

    value: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeSaid:
    """What is said of a time beside its field; `chip` is the next one that is allowed."""

    kind: str  # ok, over (a wish gives way to it), refused, bad (no time, or past, or too far)
    sentence: str
    chip: TimeChip | None = None

    @property
    def is_refused(self) -> bool:
        """Whether nothing is promised for it."""
        return self.kind in {"refused", "bad"}


def presets(now: datetime, zone: str, say: Say) -> Iterator[TimeChip]:
    """Yield the times most callbacks are promised for, on the clock of the zone."""
    local = now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    soon = local + timedelta(hours=1)
    soon += timedelta(minutes=-soon.minute % _STEP_MINUTES)
    yield TimeChip(value=f"{soon:{_FIELD}}", text=say("script.time.in_an_hour"))
    evening = datetime.combine(local.date(), _EVENING, local.tzinfo)
    if evening > local + _SOON:
        yield TimeChip(value=f"{evening:{_FIELD}}", text=say("script.time.evening"))
    morning = datetime.combine(local.date() + timedelta(days=1), _MORNING, local.tzinfo)
    yield TimeChip(value=f"{morning:{_FIELD}}", text=say("script.time.tomorrow"))


def read_time(text: str, zone: str) -> datetime | None:
    """Return a typed day and time as an instant, on the zone's clock; None: it is none."""
    try:
        at = datetime.fromisoformat(text.strip())
        return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OverflowError):
        return None


def field_value(at: datetime, zone: str) -> str:
    """Return an instant as a field for day and time takes it."""
    return f"{at.astimezone(ZoneInfo(zone)):{_FIELD}}"


def said_of(
    judged: CallTime, zone: str, *, rule: Callable[[str], str], say: Say, language: Language
) -> TimeSaid:
    """Say what the rules say of a time."""
    at = formats.instant(judged.call_at, language, zone)
    if judged.is_allowed:
        over = judged.passes_over
        if over is None:
            return TimeSaid(kind="ok", sentence=say("script.time.ok", at=at))
        return TimeSaid(kind="over", sentence=say("script.time.over", at=at, rule=rule(over.value)))
    sentence = explain_verdict(judged.verdict, language, ZoneInfo(zone))
    if judged.next_at is None:
        return TimeSaid(kind="refused", sentence=f"{sentence} {say('script.time.never')}")
    shown = formats.instant(judged.next_at, language, zone)
    chip = TimeChip(
        value=field_value(judged.next_at, zone), text=say("script.time.instead", at=shown)
    )
    return TimeSaid(kind="refused", sentence=sentence, chip=chip)
