"""A person (or a machine) on the line: hears a turn, decides what to press and when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from customers.model import Language
from dialer.bridges.simulated.draws import weighted
from dialer.bridges.simulated.meanings import sought, weights
from dialer.bridges.simulated.people import Behaviour, Temper
from scripts.model import Ask, AskKind, Reply, ReplyKind, Turn

# Broadcast Mandarin is 240-300 characters a minute, English prompts about 165 words.
_CHARACTERS_PER_S = {Language.MANDARIN: 4.5, Language.ENGLISH: 14.0}
_PAUSE_S = 0.3
_KEY_S = 0.4
_THINKS_S = (0.5, 3.0)
_SPEAKS_S = (3.0, 20.0)
_FREE_AT = ("0930", "1000", "1030", "1400", "1500", "1630", "1800", "1900")
_SLIP_SHARE = 0.08  # presses a value that cannot be right
_WRONG_KEY_SHARE = 0.5  # of a confused person's blunders; the others are silence
_BARGE_IN_SHARE = 0.3
_NOTHING_TO_SAY_SHARE = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What comes back and when: `after_s` counts from the first word of the turn."""

    reply: Reply
    after_s: float


def speech_seconds(turn: Turn) -> float:
    """Return how long the turn takes to speak."""
    rate = _CHARACTERS_PER_S[turn.language]
    return sum(len(sentence) / rate + _PAUSE_S for sentence in turn.say)


class Talker:
    """One party of one call; its draws come from `rng` alone."""

    def __init__(
        self, behaviour: Behaviour, *, temper: Temper, rng: Random, is_machine: bool = False
    ) -> None:
        self._temper = temper
        self._rng = rng
        self._identity = behaviour.identity
        self._amount = behaviour.amount
        self._answers = list(behaviour.answers)
        self._is_machine = is_machine
        impatience = rng.randint(1, 4) if temper is Temper.IMPATIENT else None
        self._turns_left = behaviour.patience_turns or impatience
        self._blunders = rng.randint(1, 2) if temper is Temper.CONFUSED else 0
        self._recordings = 0
        self._done = False  # has said what there was to say: presses nothing more

    def hear(self, turn: Turn, *, now: datetime) -> Response:
        """Return the answer to a turn; `now` is the instant in the person's own zone.

        To a turn that asks nothing the answer is silence when it was heard out, or a hang-up.
        """
        speech_s = speech_seconds(turn)
        if self._loses_patience():
            return _hang_up(speech_s * self._rng.uniform(0.2, 1.0) + _THINKS_S[0])
        if turn.ask is None or self._is_machine:
            return _silence(turn, speech_s)
        return self._answer(turn, turn.ask, now=now)

    def _loses_patience(self) -> bool:
        if self._turns_left is None or self._is_machine:
            return False
        self._turns_left -= 1
        return self._turns_left <= 0

    def _answer(self, turn: Turn, ask: Ask, *, now: datetime) -> Response:
        if self._answers:
            return self._press(turn, ask, self._answers.pop(0))
        if self._done or self._temper is Temper.SILENT:
            return self._press(turn, ask, "")
        if self._blunders:
            self._blunders -= 1
            return self._blunder(turn, ask)
        if ask.kind is AskKind.RECORD:
            return self._speak(turn, ask)
        return self._press(turn, ask, self._keys(ask, now))

    def _keys(self, ask: Ask, now: datetime) -> str:
        way_out = sought(self._temper, ask.keys)
        if way_out is not None:
            self._done = self._temper is Temper.OPTS_OUT
            return way_out
        match ask.kind:
            case AskKind.DIGITS:
                return self._identity_digits()
            case AskKind.AMOUNT:
                return self._amount_keys()
            case AskKind.DATE:
                return self._date_keys(now.date())
            case AskKind.TIME:
                return self._time_keys()
            case _:
                return weighted(self._rng, weights(ask.keys)) if ask.keys else ""

    def _identity_digits(self) -> str:
        if self._temper is Temper.WRONG_PERSON or self._identity is None:
            return ""
        return self._identity[::-1] if self._slips() else self._identity

    def _amount_keys(self) -> str:
        invented = str(self._rng.randrange(100, 3_000, 50))
        return "0" if self._slips() else self._amount or invented

    def _date_keys(self, today: date) -> str:
        when = today + timedelta(days=self._rng.randint(1, 7))
        return "0231" if self._slips() else f"{when:%m%d}"

    def _time_keys(self) -> str:
        keys = self._rng.choice(_FREE_AT)
        return "2575" if self._slips() else keys

    def _slips(self) -> bool:
        return self._rng.random() < _SLIP_SHARE

    def _press(self, turn: Turn, ask: Ask, keys: str) -> Response:
        speech_s = speech_seconds(turn)
        if not keys:
            return _silence(turn, speech_s)
        thinks_s = min(self._rng.uniform(*_THINKS_S), ask.timeout_s)
        interrupts = self._rng.random() < _BARGE_IN_SHARE
        heard_share = self._rng.uniform(0.4, 1.0)
        start_s = speech_s * heard_share if turn.barge_in and interrupts else speech_s + thinks_s
        reply = Reply(kind=ReplyKind.KEYS, value=keys)
        return Response(reply=reply, after_s=start_s + _KEY_S * len(keys))

    def _speak(self, turn: Turn, ask: Ask) -> Response:
        speech_s = speech_seconds(turn)
        seconds = round(min(self._rng.uniform(*_SPEAKS_S), ask.max_seconds), 1)
        if self._rng.random() < _NOTHING_TO_SAY_SHARE:
            return _silence(turn, speech_s)
        self._recordings += 1
        name = f"recording-{self._recordings}"
        reply = Reply(kind=ReplyKind.RECORDING, value=name, seconds=seconds)
        return Response(reply=reply, after_s=speech_s + seconds)

    def _blunder(self, turn: Turn, ask: Ask) -> Response:
        wrong = [key for key in "8765432" if key not in ask.keys]
        presses = self._rng.random() < _WRONG_KEY_SHARE
        fits = presses and wrong and ask.kind is AskKind.KEY
        return self._press(turn, ask, wrong[0] if fits else "")


def _silence(turn: Turn, speech_s: float) -> Response:
    timeout_s = turn.ask.timeout_s if turn.ask is not None else 0.0
    return Response(reply=Reply(kind=ReplyKind.SILENCE), after_s=speech_s + timeout_s)


def _hang_up(after_s: float) -> Response:
    return Response(reply=Reply(kind=ReplyKind.HUNG_UP), after_s=after_s)
