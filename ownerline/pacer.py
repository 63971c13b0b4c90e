"""The pacer over JSON lines: a state a line on stdin, how many calls to place on stdout.

First comes `{"hello": 1, "agents", "tick", "target", "shift"}`, then one state a tick, each
answered by `{"dial": k}`; `{"end": 1}` or the end of input ends. Seconds count from the start of
the shift.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import OwnerlineError
from dialer.pacing.keeping import LearnedError, as_json, from_json
from dialer.pacing.model import Decision, Glance, Happening, Kind, Limits
from dialer.pacing.pacer import Learned, Pacer
from dialer.pacing.wording import sentence

_DAY_S = 86_400.0
_HOUR_S = 3600
_SHORT = 40  # bytes; no state is

_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]
_Event = tuple[Literal["live", "machine", "failed", "abandoned", "talk", "wrap", "junk"], _Seconds]
_KINDS = {kind.value: kind for kind in Kind}


class LineError(OwnerlineError):
    """A line on stdin is not what the protocol has there."""

    def __init__(self, *, number: int, wanted: str, why: str) -> None:
        super().__init__(f"line {number} on stdin is no {wanted}: {why}")


class Hello(BaseModel):
    """The first line."""

    model_config = ConfigDict(strict=True)

    hello: int
    agents: _Count
    tick: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    target: Annotated[float, Field(gt=0, lt=1)]
    shift: _Seconds


class State(BaseModel):
    """A state; further keys are not read."""

    model_config = ConfigDict(strict=True)

    t: _Seconds
    agents: _Count
    idle: _Count
    waiting: _Count
    ringing: list[_Seconds]
    talking: list[_Seconds]
    wrapping: list[_Seconds]
    live: _Count
    abandoned: _Count
    events: list[_Event]


class End(BaseModel):
    """The last line."""

    model_config = ConfigDict(strict=True)

    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How to pace, beside what the lines say."""

    window_s: float
    progressive_below: int = 3
    channels: int | None = None
    calls_per_second: float | None = None
    explain: bool = False


class Talk:
    """Answers the lines of one day."""

    def __init__(self, manner: Manner, learned: Learned) -> None:
        self._manner = manner
        days = 1 + max((each.hour_index for each in learned.hours), default=-1) // 24
        self._day_s = days * _DAY_S  # this day comes after all that was learned
        self._earlier = learned
        self._pacer: Pacer | None = None

    def answers(self, lines: Iterable[bytes]) -> Iterator[str]:
        """Yield an answer to each state; ends at the last line or the end of input.

        Raises:
            LineError: a line is not what the protocol has there.
        """
        numbered = enumerate(lines, start=1)
        first = next(numbered, None)
        if first is None:
            return
        hello = _read(Hello, first[1], number=1, wanted="hello")
        self._pacer = Pacer(self._earlier, day_ends_s=self._day_s + hello.shift)
        limits = Limits(
            target=hello.target,
            window_s=self._manner.window_s,
            progressive_below=self._manner.progressive_below,
            channels=self._manner.channels,
            calls_per_second=self._manner.calls_per_second,
        )
        for number, line in numbered:
            if len(line) < _SHORT and b'"end"' in line:
                _read(End, line, number=number, wanted="end")
                return
            state = _read(State, line, number=number, wanted="state")
            yield self._answer(self._pacer.decide(self._glance(state), limits))

    @property
    def learned(self) -> Learned:
        """What is known now; what was known before where no day has begun."""
        if self._pacer is None:
            return self._earlier
        return self._pacer.learned(window_s=self._manner.window_s)

    def _glance(self, state: State) -> Glance:
        return Glance(
            now_s=self._day_s + state.t,
            hour=int(state.t // _HOUR_S) % 24,
            agents=state.agents,
            idle=state.idle,
            waiting=state.waiting,
            ringing=state.ringing,
            talking=state.talking,
            wrapping=state.wrapping,
            live=state.live,
            abandoned=state.abandoned,
            happened=[Happening(kind=_KINDS[kind], seconds=s) for kind, s in state.events],
        )

    def _answer(self, decision: Decision) -> str:
        answer: dict[str, object] = {"dial": decision.dial}
        if self._manner.explain:
            answer["because"] = sentence(decision)
        return json.dumps(answer, ensure_ascii=False)


_Line = TypeVar("_Line", bound=BaseModel)


def _read(kind: type[_Line], line: bytes, *, number: int, wanted: str) -> _Line:
    try:
        return kind.model_validate_json(line)
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        why = f"{place}: {first['msg']}" if place else first["msg"]
        raise LineError(number=number, wanted=wanted, why=why) from err


def read_learned(path: Path) -> Learned:
    """Return what an earlier day has left there; nothing where there is no file.

    Raises:
        LearnedError: the file holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Learned()
    try:
        return from_json(json.loads(text))
    except ValueError as err:
        message = f"{path}: {err}"
        raise LearnedError(message) from err


def write_learned(path: Path, learned: Learned) -> None:
    """Leave it for the next day; what was there is replaced at once, or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(as_json(learned)), encoding="utf-8")
    beside.replace(path)
