"""Hundreds of owners in talks at once: is every event told, every turn asked for, each once?"""

import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from bench.asterisk import ours
from bench.asterisk.stage import LONG_S, Stage
from customers.model import Language
from dialer.model import AnsweredBy
from scripts.model import Ask, AskKind, Reply, ReplyKind, Turn

_QUESTIONS = 5
_SILENT_S = 3.0
LASTS_S = _QUESTIONS * (LONG_S + _SILENT_S)
_TOLD = ("CallSubmitted", "CallRinging", "CallAnswered", "CallEnded")
_ASKS = Turn(
    step="question",
    language=Language.ENGLISH,
    say=("The prompt.",),
    ask=Ask(kind=AskKind.KEY, keys={"1": "yes", "2": "no"}, timeout_s=_SILENT_S),
)
_ENDS = Turn(step="goodbye", language=Language.ENGLISH, say=(), hang_up=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Talked:
    """What the bridge told of a crowd, beside what it should have."""

    lost: int
    too_many: int
    cpu_s: float  # of this process


@dataclass(kw_only=True)
class Questions(ours.OneTurn):
    """A script host that asks the same question again and again."""

    opened: Counter[UUID] = field(default_factory=Counter)
    silent: Counter[UUID] = field(default_factory=Counter)

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        """Ask for the first time."""
        del answered_by, key
        self.opened[attempt_id] += 1
        return _ASKS

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        """Say what will be asked."""
        del attempt_id
        return _ASKS

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Ask again, until it was asked often enough."""
        del key
        if reply.kind is ReplyKind.SILENCE:
            self.silent[attempt_id] += 1
        return _ASKS if self.silent[attempt_id] < _QUESTIONS else _ENDS


async def talk(on: Stage, *, calls: int, per_s: float) -> Talked:
    """Place so many calls at this rate; each lasts `LASTS_S`, so that all may be up at once."""
    host = Questions()
    began_s = time.process_time()
    tally = await ours.originate(on, calls=calls, at_once=calls, per_s=per_s, long=True, host=host)
    cpu_s = time.process_time() - began_s
    counts = [
        *(tally.told[call, each] for call in tally.ended for each in _TOLD),
        *(host.opened[call] for call in tally.ended),
    ]
    answers = [host.silent[call] for call in tally.ended]
    missing = calls - len(tally.ended)
    return Talked(
        lost=counts.count(0)
        + sum(max(0, _QUESTIONS - each) for each in answers)
        + missing * (len(_TOLD) + 1 + _QUESTIONS),
        too_many=sum(max(0, each - 1) for each in counts)
        + sum(max(0, each - _QUESTIONS) for each in answers),
        cpu_s=cpu_s,
    )
