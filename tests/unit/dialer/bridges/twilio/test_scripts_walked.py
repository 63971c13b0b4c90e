"""Every branch of every shipped script, walked through TwiML as by the interpreter."""

import os
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from customers.model import Language
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.replies import reply_of
from dialer.bridges.twilio.twiml import Renderer
from dialer.bridges.twilio.words import speakable
from scripts.interpreter import advance, start
from scripts.library import Library, load_library
from scripts.model import AskKind, Reply, ReplyKind, Turn
from scripts.walk import HANG_UP, Heard
from tests.asterisk.walking import Talk, covering, every_talk
from tests.unit.dialer.bridges.twilio.phone import Paper, Sent

CALL = UUID(int=7)
ADDRESSES = Addresses(public_url="https://calls.example.com")
# Set: all talks of the walk, some twenty thousand, instead of those that cover every way.
_ALL = "OWNERLINE_TEST_ALL_WALKS"


@pytest.mark.parametrize("language", list(Language))
async def test_every_branch_of_every_script_is_walked_through_twiml_as_by_the_interpreter(
    language: Language,
) -> None:
    library = load_library()
    renderer = Renderer(ADDRESSES)
    for script in library.scripts:
        talks = every_talk(library, script, language)
        for talk in talks if os.environ.get(_ALL) else covering(talks):
            await _walk(library, renderer, talk)


async def _walk(library: Library, renderer: Renderer, talk: Talk) -> None:
    walked = talk.walked
    state, turn = start(library, walked.situation.plan)
    for number, heard in enumerate((*walked.heard, None)):
        assert turn == walked.turns[number], talk
        paper = Paper.of(await renderer.turn(turn, call_id=CALL, turn_no=number))
        assert paper.says == tuple(speakable(each) for each in turn.say), talk
        if heard is None or turn.ask is None:
            assert paper.hangs_up == turn.hang_up, talk
            break
        assert paper.is_interruptible == turn.barge_in, talk
        reply = _reply(paper, turn, heard, turn_no=number)
        gone = [each.due_call_id for each in state.plan.sections] if heard.withdrawn else []
        state, turn = advance(library, state, reply, withdrawn=gone)
    assert state.outcomes == walked.outcomes, talk
    assert state.ended, talk


def _reply(paper: Paper, turn: Turn, heard: Heard, *, turn_no: int) -> Reply:
    """Answer a document as the walk does, by every way there is; all come to the same reply."""
    if heard.reply.kind is ReplyKind.HUNG_UP:
        return HANG_UP  # told by the call's status
    assert turn.ask is not None, "only a question is answered"
    step = ADDRESSES.step(CALL, turn_no).removeprefix(ADDRESSES.public_url)
    for sent in _ways(paper, turn, heard.reply):
        assert sent.path == step
        reply = reply_of(turn.ask, sent.form, turn_no=turn_no)
        assert reply.kind is heard.reply.kind
        assert reply.value == heard.reply.value or reply.kind is ReplyKind.RECORDING
        assert not sent.keys
    return heard.reply


def _ways(paper: Paper, turn: Turn, reply: Reply) -> Iterator[Sent]:
    assert turn.ask is not None, "only a question is answered"
    if reply.kind is ReplyKind.SILENCE:
        yield paper.keep_silent()
    elif reply.kind is ReplyKind.RECORDING:
        yield paper.speak(int(reply.seconds))
        yield paper.speak(int(reply.seconds), end="")
        yield paper.speak(int(reply.seconds), end="hangup")
    elif turn.ask.kind is AskKind.RECORD:
        if turn.barge_in:
            yield paper.press(reply.value)
        yield paper.speak(1, end=reply.value)
    else:
        yield paper.press(reply.value)
        sent = paper.press(f"{reply.value}#")
        yield replace(sent, keys=sent.keys.removeprefix("#"))
