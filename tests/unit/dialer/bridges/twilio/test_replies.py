"""What comes back from Twilio is a reply as the scripts know it."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.model import Language
from dialer.bridges.entry import Entry
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.replies import (
    ReplyFormError,
    is_late_pound,
    pound_may_come,
    reply_of,
)
from dialer.bridges.twilio.twiml import Renderer
from scripts.model import Ask, Reply, ReplyKind, Turn
from tests.unit.dialer.bridges.twilio.phone import SID, Paper
from tests.unit.dialer.bridges.twilio.test_twiml import ASKS

SILENCE = Reply(kind=ReplyKind.SILENCE)
GONE = Reply(kind=ReplyKind.HUNG_UP)
SAID = {"RecordingSid": SID, "RecordingDuration": "4"}


def _keys(value: str) -> Reply:
    return Reply(kind=ReplyKind.KEYS, value=value)


@pytest.mark.parametrize(
    ("kind", "form", "reply"),
    [
        ("key", {"Digits": "1"}, _keys("1")),
        ("key", {"Digits": "#"}, _keys("#")),
        ("key", {}, SILENCE),
        ("key", {"Digits": ""}, SILENCE),
        ("digits", {"Digits": "4711"}, _keys("4711")),
        ("digits", {"Digits": "47", "FinishedOnKey": "#"}, _keys("47")),
        ("digits", {"Digits": "", "FinishedOnKey": "#"}, _keys("")),
        ("digits", {"Digits": "", "FinishedOnKey": ""}, SILENCE),
        ("digits", {"Digits": "*", "FinishedOnKey": "#"}, _keys("*")),
        ("digits", {"Digits": "*9"}, _keys("*9")),
        ("digits", {"Digits": "*947"}, _keys("*9")),
        ("digit", {"Digits": "*9"}, _keys("*9")),
        ("digit", {"Digits": "47"}, _keys("4")),
        ("amount", {"Digits": "500*5", "FinishedOnKey": "#"}, _keys("500*5")),
        ("digits", {"Digits": "hangup"}, GONE),
        ("record", {}, SILENCE),
        ("record", {"Digits": "9"}, _keys("9")),
        ("record", {"Digits": "5"}, _keys("5")),
        ("record", {"Digits": "#"}, SILENCE),
        ("record", {"Digits": "hangup"}, GONE),
        ("record", SAID, Reply(kind=ReplyKind.RECORDING, value="recording-3", seconds=4.0)),
        (
            "record",
            SAID | {"Digits": "hangup"},
            Reply(kind=ReplyKind.RECORDING, value="recording-3", seconds=4.0),
        ),
        ("record", SAID | {"Digits": "0"}, _keys("0")),
        ("record", SAID | {"RecordingDuration": "0", "Digits": "#"}, SILENCE),
        ("record", SAID | {"RecordingDuration": "0", "Digits": "hangup"}, GONE),
    ],
)
def test_a_form_is_the_reply_it_means(kind: str, form: dict[str, str], reply: Reply) -> None:
    assert reply_of(ASKS[kind], form, turn_no=3) == reply


@pytest.mark.parametrize(
    "form",
    [
        {"Digits": "1; DROP"},
        {"Digits": "１"},
        {"Digits": "1" * 65},
        SAID | {"RecordingDuration": "-1"},
    ],
)
def test_what_no_telephone_sends_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(ReplyFormError):
        reply_of(ASKS["record"], form, turn_no=3)


@given(
    kind=st.sampled_from(["key", "choice", "digits", "digit", "amount"]),
    pressed=st.text("0123456789*#", max_size=14),
)
async def test_keys_mean_on_twilio_what_they_mean_elsewhere(kind: str, pressed: str) -> None:
    ask = ASKS[kind]
    paper = await _paper(ask)
    reply = reply_of(ask, paper.press(pressed).form, turn_no=3)
    entry = Entry(ask=ask)
    for key in pressed:
        entry = entry if entry.done else entry.press(key)
    # A full entry may differ: Twilio counts a star before it as one of its keys.
    assert reply == (_keys(entry.keys) if pressed else SILENCE) or entry.full


@pytest.mark.parametrize(("pressed", "late"), [("4711#", True), ("47#", False), ("4711", False)])
async def test_a_pound_after_a_full_entry_answers_nothing(pressed: str, *, late: bool) -> None:
    asked, next_ = ASKS["digits"], ASKS["key"]
    sent = (await _paper(asked)).press(pressed)
    assert pound_may_come(asked, sent.form) == pressed.startswith("4711")
    paper = await _paper(next_, pound_may_come=pound_may_come(asked, sent.form))
    assert is_late_pound(next_, paper.press(sent.keys).form) == late
    assert reply_of(next_, paper.press("1").form, turn_no=3) == _keys("1")
    assert reply_of(next_, paper.keep_silent().form, turn_no=3) == SILENCE


@pytest.mark.parametrize("kind", ["key", "choice"])
async def test_a_pound_that_is_no_late_one_is_a_key(kind: str) -> None:
    sent = (await _paper(ASKS[kind])).press("#")
    assert not is_late_pound(ASKS[kind], sent.form)
    assert reply_of(ASKS[kind], sent.form, turn_no=3) == _keys("#")


async def _paper(ask: Ask, *, pound_may_come: bool = False) -> Paper:
    turn = Turn(step="survey:question", language=Language.ENGLISH, say=("Well?",), ask=ask)
    renderer = Renderer(Addresses(public_url="https://calls.example.com"))
    return Paper.of(
        await renderer.turn(turn, call_id=UUID(int=7), turn_no=3, pound_may_come=pound_may_come)
    )
