"""What comes back from a turn of TwiML: keys, silence or a free answer, as on every bridge."""

import re
from collections.abc import Mapping

from core.errors import OwnerlineError
from dialer.bridges.entry import END, ONE_KEY, Entry, record_keys
from scripts.model import Ask, AskKind, Reply, ReplyKind

# What Record gives for a key when the caller hung up into the recording.
# https://www.twilio.com/docs/voice/twiml/record#action
HANGUP = "hangup"
_SILENCE = Reply(kind=ReplyKind.SILENCE)
_GONE = Reply(kind=ReplyKind.HUNG_UP)
_KEYS = re.compile(r"[0-9*#A-D]{0,64}", re.ASCII)  # a telephone of the trade has A to D as well
_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", re.ASCII)


class ReplyFormError(OwnerlineError):
    """A webhook's keys or seconds are none; Twilio does not send such."""


def answer_name(turn_no: int) -> str:
    """Return what the free answer to a turn is called, in the talk and in the book."""
    return f"recording-{turn_no}"


def reply_of(ask: Ask, form: Mapping[str, str], *, turn_no: int) -> Reply:
    """Read the form that came to a turn's address.

    Keys are taken one by one, as if they were pressed now: a star code ends an entry though Twilio
    waits for more. Without any key it is silence, unless the ending # came alone.

    Raises:
        ReplyFormError: the form has keys or seconds that are none.
    """
    pressed = form.get("Digits", "")
    if pressed != HANGUP and _KEYS.fullmatch(pressed) is None:
        message = f"Digits is {pressed[:32]!r}, which no telephone can press"
        raise ReplyFormError(message)
    if ask.kind is AskKind.RECORD:
        return _free_answer(ask, form, pressed=pressed, turn_no=turn_no)
    if pressed == HANGUP:
        return _GONE
    if not pressed and form.get("FinishedOnKey", "") != END:
        return _SILENCE
    entry = Entry(ask=ask)
    for key in pressed:
        if not entry.done:
            entry = entry.press(key)
    return Reply(kind=ReplyKind.KEYS, value=entry.keys)


def pound_may_come(ask: Ask, form: Mapping[str, str]) -> bool:
    """Say whether an ending # may still come after this reply: its entry was full before it.

    Who ends every entry with # presses it into the turn that follows, where it means nothing.
    """
    if ask.kind in ONE_KEY or ask.kind is AskKind.RECORD or form.get("FinishedOnKey", "") == END:
        return False
    return len(form.get("Digits", "")) >= longest_entry(ask)


def takes_late_pound(ask: Ask) -> bool:
    """Say whether a turn can tell the # of the entry before it from an answer of its own."""
    return ask.kind in ONE_KEY and END not in ask.keys


def is_late_pound(ask: Ask, form: Mapping[str, str]) -> bool:
    """Say whether it was only the # of the entry before: the turn is to be said again.

    Documents have # end an entry of one key only where it may come late (`Renderer.turn`), so
    that the same turn said again hears a second # as the wrong key it is.
    """
    is_alone = form.get("Digits", "") == "" and form.get("FinishedOnKey", "") == END
    return is_alone and takes_late_pound(ask)


def longest_entry(ask: Ask) -> int:
    """Return how many keys an entry has at most: what is asked for, or a star code."""
    return max(ask.max_digits, *(len(key) for key in ask.keys), 1)


def _free_answer(ask: Ask, form: Mapping[str, str], *, pressed: str, turn_no: int) -> Reply:
    ends_otherwise = pressed not in {"", END, HANGUP}
    if "RecordingSid" not in form:  # pressed while the question was asked, or nothing was said
        if pressed == HANGUP:
            return _GONE
        return Reply(kind=ReplyKind.KEYS, value=pressed) if ends_otherwise else _SILENCE
    if ends_otherwise and pressed in record_keys(ask):
        return Reply(kind=ReplyKind.KEYS, value=pressed)
    said = form.get("RecordingDuration", "0")
    if _SECONDS.fullmatch(said) is None:
        message = f"RecordingDuration is {said[:32]!r}, which is no number of seconds"
        raise ReplyFormError(message)
    if float(said) <= 0:
        return _GONE if pressed == HANGUP else _SILENCE
    return Reply(kind=ReplyKind.RECORDING, value=answer_name(turn_no), seconds=float(said))
