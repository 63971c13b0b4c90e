"""A turn's document: what it says, what it waits for, and what Twilio takes."""

from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.model import Language
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.parts import NoSuchPartError, part_of
from dialer.bridges.twilio.twiml import Renderer
from dialer.bridges.twilio.words import LONGEST_SAY, pieces, speakable
from scripts.model import Ask, AskKind, Transfer, Turn
from tests.twilio.kit.verbs import MAX_BYTES
from tests.unit.dialer.bridges.twilio.phone import Paper

CALL = UUID(int=7)
ADDRESSES = Addresses(public_url="https://calls.example.com")
STEP = f"/webhooks/twilio/calls/{CALL}/steps/3"
KEYS = {"1": "", "9": "", "0": "", "*": ""}
STAR_KEYS = {"*9": "", "*0": "", "*": ""}
ASKS = {
    "key": Ask(kind=AskKind.KEY, keys=KEYS),
    "choice": Ask(kind=AskKind.CHOICE, keys=KEYS, timeout_s=0.4),
    "digits": Ask(kind=AskKind.DIGITS, keys=STAR_KEYS, max_digits=4, timeout_s=5.5),
    "digit": Ask(kind=AskKind.DIGITS, keys=STAR_KEYS, max_digits=1),
    "amount": Ask(kind=AskKind.AMOUNT, keys=STAR_KEYS, max_digits=12),
    "record": Ask(kind=AskKind.RECORD, keys={"9": "", "0": "", "*": ""}),
}
# Whatever may stand in a customer file: control characters and halves of characters as well.
TEXTS = st.text(st.characters(codec=None, categories=None), max_size=60) | st.sampled_from(
    ["</Say><Hangup/>", "]]>", "<!--", "&amp;", "&#0;", "a\r\nb", "\x00\x0b\ufffe\ud800", "\"'"]
)
TURNS = st.builds(
    lambda say, ask, end, barge_in, language: Turn(
        step="survey:question",
        language=language,
        say=tuple(say),
        ask=ask,
        transfer=Transfer(queue="debt") if ask is None and end else None,
        hang_up=ask is None and not end,
        barge_in=barge_in and ask is not None,
    ),
    st.lists(TEXTS, max_size=4),
    st.sampled_from([None, *ASKS.values()]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(list(Language)),
)
LONG = st.text("很abc，。.! 12", max_size=40).map(lambda text: text * 60)


def _said(say: list[str] | tuple[str, ...]) -> str:
    """Return what is said, without the spaces at which a sentence may be parted."""
    return "".join(speakable(each) for each in say).replace(" ", "")


@given(turn=TURNS)
async def test_whatever_a_sentence_holds_the_document_is_whole_and_says_it(turn: Turn) -> None:
    paper = Paper.of(await Renderer(ADDRESSES).turn(turn, call_id=CALL, turn_no=3))
    assert paper.says == tuple(words for each in turn.say if (words := speakable(each)))


@given(text=TEXTS)
def test_only_what_xml_cannot_hold_is_left_out_of_a_text(text: str) -> None:
    kept = [
        each
        for each in text
        if (each >= " " or each in "\t\r\n")
        and not "\ud800" <= each <= "\udfff"
        and each not in "\ufffe\uffff"
        and not each.isspace()
    ]
    assert speakable(text).replace(" ", "") == "".join(kept)


@given(text=LONG, longest=st.integers(min_value=9, max_value=900))
def test_a_long_text_is_parted_and_nothing_of_it_is_lost(text: str, longest: int) -> None:
    parted = pieces(speakable(text), longest=longest)
    assert all(0 < len(quote(each, safe="")) <= longest for each in parted)
    assert _said(parted) == _said([text])


def test_a_long_text_is_parted_between_its_sentences_and_no_amount_is() -> None:
    text = "You owe 1,234.50 yuan. Please pay it by May 3. Thank you."
    assert pieces(text, longest=70) == (
        "You owe 1,234.50 yuan. Please pay it by May 3.",
        "Thank you.",
    )
    assert pieces("一二三四五六。七八九十。", longest=80) == ("一二三四五六。", "七八九十。")


@given(turn=TURNS)
async def test_a_document_leads_to_its_own_step_alone(turn: Turn) -> None:
    paper = Paper.of(await Renderer(ADDRESSES).turn(turn, call_id=CALL, turn_no=3))
    assert paper.hangs_up == turn.hang_up
    if not turn.hang_up:
        assert {sent.path for sent in (paper.keep_silent(), paper.press("1"))} == {STEP}


@given(
    sentences=st.lists(st.text("<&很a. ", min_size=400, max_size=2 * LONGEST_SAY), max_size=30),
    ask=st.sampled_from([None, *ASKS.values()]),
    barge_in=st.booleans(),
)
async def test_however_long_a_turn_is_twilio_takes_its_parts_and_they_say_it_all(
    sentences: list[str], ask: Ask | None, barge_in: bool
) -> None:
    turn = Turn(
        step="survey:question",
        language=Language.MANDARIN,
        say=tuple(sentences),
        ask=ask,
        hang_up=ask is None,
        barge_in=barge_in and ask is not None,
    )
    document = await Renderer(ADDRESSES).turn(turn, call_id=CALL, turn_no=3)
    parts = _parts(document)
    papers = [Paper.of(part) for part in parts]
    assert all(len(part.encode()) < MAX_BYTES for part in parts)
    assert all(len(quote(words, safe="")) <= LONGEST_SAY for each in papers for words in each.says)
    assert all(paper.is_interruptible or not turn.barge_in for paper in papers)
    assert _said([words for paper in papers for words in paper.says]) == _said(sentences)
    assert parts == [document] or len(parts) > 1
    with pytest.raises(NoSuchPartError):
        part_of(document, len(parts) + 1, address=_part_address)


@pytest.mark.parametrize("kind", ["key", "choice"])
async def test_where_one_key_is_awaited_the_first_is_the_answer(kind: str) -> None:
    [gather, onward] = (await _paper(ASKS[kind])).verbs
    assert (gather.get("numDigits"), gather.get("finishOnKey", "?")) == ("1", "")
    assert gather.get("actionOnEmptyResult") == "true"
    assert (onward.name, onward.get("method")) == ("Redirect", "POST")


@pytest.mark.parametrize(
    ("kind", "most", "wait"),
    [("digits", "4", "6"), ("digit", "2", "5"), ("amount", "12", "5")],
)
async def test_digits_end_with_pound_or_when_they_are_all_there(
    kind: str, most: str, wait: str
) -> None:
    [gather, _] = (await _paper(ASKS[kind])).verbs
    assert (gather.get("numDigits"), gather.get("finishOnKey")) == (most, "#")
    assert gather.get("timeout") == wait  # whole seconds are all that Twilio knows


async def test_a_free_answer_is_recorded_after_the_question_and_told_by_its_name() -> None:
    asked, record, _ = (await _paper(ASKS["record"])).verbs
    assert asked.get("actionOnEmptyResult") == "false"
    assert set(record.get("finishOnKey")) == set("#9*0")
    assert record.get("maxLength") == "60"
    assert record.get("recordingStatusCallback") == ADDRESSES.recording(CALL, "recording-3")


async def test_voices_are_those_of_the_settings_and_old_ones_are_told_the_language() -> None:
    turn = Turn(step="a:b", language=Language.MANDARIN, say=("你好",), hang_up=True)
    said = []
    for voices in ({}, {"zh-CN": "Google.cmn-CN-Wavenet-A"}, {"zh-CN": "alice"}):
        renderer = Renderer(ADDRESSES, voices=voices)
        [say, _] = Paper.of(await renderer.turn(turn, call_id=CALL, turn_no=3)).verbs
        said.append(dict(say.attributes))
    assert said == [
        {"voice": "Polly.Zhiyu", "language": "cmn-CN"},
        {"voice": "Google.cmn-CN-Wavenet-A"},
        {"voice": "alice", "language": "zh-CN"},
    ]


@pytest.mark.parametrize("language", list(Language))
def test_the_apology_hangs_up(language: Language) -> None:
    paper = Paper.of(Renderer(ADDRESSES).sorry(language))
    assert paper.hangs_up
    assert len(paper.says) == 1


def _part_address(part: int) -> str:
    return ADDRESSES.part(CALL, 3, part)


def _parts(document: str) -> list[str]:
    """Follow a document from its first part to its last."""
    parts = [part_of(document, 1, address=_part_address)]
    while Paper.of(parts[-1]).verbs[-1].text == _part_address(len(parts) + 1):
        parts.append(part_of(document, len(parts) + 1, address=_part_address))
    return parts


async def _paper(ask: Ask) -> Paper:
    turn = Turn(step="survey:question", language=Language.ENGLISH, say=("Well?",), ask=ask)
    return Paper.of(await Renderer(ADDRESSES).turn(turn, call_id=CALL, turn_no=3))
