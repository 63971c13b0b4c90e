"""What Asterisk 22.10.1 says over FastAGI, and what may be said to it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.asterisk.agi.wire import (
    AgiSpeechError,
    Response,
    Status,
    UnsafeCommandError,
    arguments,
    command,
    read_header,
    read_response,
)

# A session of Asterisk 22.10.1 over PJSIP, its numbers changed.
HEADER = """\
agi_network: yes
agi_network_script: talk
agi_request: agi://127.0.0.1:15173/talk
agi_channel: PJSIP/self-00000004
agi_language: en
agi_type: PJSIP
agi_uniqueid: 01a2023f-6410-776c-9290-4ca0c96ab1ca
agi_version: 22.10.1
agi_callerid: 075512345678
agi_calleridname: unknown
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: unknown
agi_rdnis: unknown
agi_context: ownerline
agi_extension: talk
agi_priority: 5
agi_enhanced: 0.0
agi_accountcode: 
agi_threadid: 140213
agi_arg_1: 01a2023f-6410-776c-9290-4ca0c96ab1ca
agi_arg_2: 1795000000.00ff
agi_arg_3: MACHINE
agi_arg_4: LONGGREETING-1500-1500"""  # noqa: W291 - as it is sent


def test_a_header_is_read_as_asterisk_sends_it() -> None:
    header = read_header(HEADER.split("\n"))
    assert header["uniqueid"] == "01a2023f-6410-776c-9290-4ca0c96ab1ca"
    assert header["accountcode"] == ""
    assert arguments(header)[2:5] == ("MACHINE", "LONGGREETING-1500-1500", "")


def test_a_dialled_number_with_line_breaks_names_no_other_channel() -> None:
    with pytest.raises(AgiSpeechError, match="twice"):
        read_header(["agi_uniqueid: ours", "agi_dnid: 1", "agi_uniqueid: theirs"])


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "agi_uniqueid", "agi_a b: c", "AGI_x: y"])
def test_a_line_that_is_none_of_a_header_is_refused(line: str) -> None:
    with pytest.raises(AgiSpeechError):
        read_header(["agi_network: yes", line])


def _done(result: int, text: str = "", endpos: int = 0) -> Response:
    return Response(status=Status.DONE, result=result, text=text, endpos=endpos)


@pytest.mark.parametrize(
    ("line", "response"),
    [
        ("200 result=0", _done(0)),
        ("200 result=-1 endpos=0", _done(-1)),
        ("200 result=49 endpos=13760", _done(49, endpos=13760)),
        ("200 result=16926 (timeout) endpos=8160", _done(16926, "timeout", 8160)),
        ("200 result=35 (dtmf) endpos=0", _done(35, "dtmf")),
        ("200 result=-1 (hangup) endpos=0", _done(-1, "hangup")),
        ("200 result=-1 (writefile)", _done(-1, "writefile")),
        ('200 result=1 (a b"c\\d)', _done(1, 'a b"c\\d')),
        ("200 result=1 (a) endpos=(b) endpos=7", _done(1, "a) endpos=(b", 7)),
        ("510 Invalid or unknown command", Response(status=Status.UNKNOWN)),
        (
            "511 Command Not Permitted on a dead channel or intercept routine",
            Response(status=Status.DEAD),
        ),
        ("520 End of proper usage.", Response(status=Status.USAGE)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_responses_are_read_as_asterisk_words_them(line: str, response: Response) -> None:
    assert read_response(line) == response


@pytest.mark.parametrize(
    "line", ["", "200", "200 result=", "200 result=1x", "100 Trying", "HTTP/1.1 200 OK", "2000"]
)
def test_what_is_no_response_is_an_error(line: str) -> None:
    with pytest.raises(AgiSpeechError):
        read_response(line)


@given(st.text())
def test_whatever_comes_is_a_response_or_an_error_of_ours(line: str) -> None:
    with contextlib.suppress(AgiSpeechError):
        assert read_response(line).status in set(Status)


def test_a_command_is_one_line_of_quoted_words() -> None:
    assert command("WAIT FOR DIGIT", 500) == b'WAIT FOR DIGIT "500"\n'


@given(st.lists(st.text(max_size=40), max_size=4))
def test_whatever_a_word_holds_asterisk_reads_it_as_that_word(words: list[str]) -> None:
    try:
        sent = command("SET VARIABLE", *words).decode()
    except UnsafeCommandError:
        assert any(_is_no_text(each) for each in "".join(words))
        return
    assert sent.endswith("\n")
    assert sent.count("\n") == 1
    assert _as_asterisk_reads(sent[:-1]) == ["SET", "VARIABLE", *words]


def test_a_command_longer_than_asterisk_reads_is_not_sent() -> None:
    with pytest.raises(UnsafeCommandError):
        command("SET VARIABLE", "x" * 3000)


def _is_no_text(character: str) -> bool:
    code = ord(character)
    return code < 0x20 or code == 0x7F or 0xD800 <= code < 0xE000


def _as_asterisk_reads(line: str) -> list[str]:
    """Split a command as `parse_args` of res_agi.c does."""
    words: list[str] = []
    word, quoted, escaped, begun = "", False, False, False
    for each in line:
        if escaped:
            word, escaped, begun = word + each, False, True
        elif each == "\\":
            escaped = True
        elif each == '"':
            quoted, begun = not quoted, True
        elif each in " \t" and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + each, True
    return [*words, word] if begun else words
