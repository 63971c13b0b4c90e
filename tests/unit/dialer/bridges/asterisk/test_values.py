"""What may be written into an action, and what could say more than it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.asterisk.values import Kind, UnsafeValueError, safe

pytestmark = pytest.mark.unit

_ENDS_A_HEADER = "\r\n\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_SPLITS_OR_EXPANDS = ",|${}\\\"';&`"
_OURS = [kind for kind in Kind if kind is not Kind.PASSWORD]


@given(
    kind=st.sampled_from(_OURS),
    before=st.text(max_size=20),
    bad=st.sampled_from(_ENDS_A_HEADER + _SPLITS_OR_EXPANDS),
    after=st.text(max_size=20),
)
def test_no_value_ends_its_header_or_means_anything_to_the_dialplan(
    kind: Kind, before: str, bad: str, after: str
) -> None:
    with pytest.raises(UnsafeValueError):
        safe(kind, before + bad + after)


@given(kind=st.sampled_from(list(Kind)), value=st.text(max_size=60))
def test_what_passes_passes_as_it_is_and_is_one_line(kind: Kind, value: str) -> None:
    try:
        passed = safe(kind, value)
    except UnsafeValueError:
        return
    assert passed == value
    assert len(value.splitlines()) <= 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.NUMBER, "+8613800138000"),
        (Kind.NUMBER, "013800138000"),
        (Kind.CALLER_ID, "075512345678"),
        (Kind.CALLER_ID, ""),
        (Kind.UUID, "01a20237-ea33-7678-9c91-6e3140007557"),
        (Kind.ROOM, "agent-7"),
        (Kind.PATH, "/var/lib/ownerline/asterisk/sorry"),
        (Kind.PATH, "/家/语音/抱歉"),
        (Kind.ADDRESS, "127.0.0.1:4573"),
        (Kind.ADDRESS, "[::1]:4573"),
        (Kind.ADDRESS, "dialer-1.example.com:4573"),
        (Kind.ENDPOINT, "PJSIP/013800138000@trunk"),
        (Kind.ENDPOINT, "PJSIP/trunk/sip:1001@10.0.0.1:5060"),
        (Kind.VALUE, "r(/tmp/a.wav)t(/tmp/b.wav)"),
        (Kind.PASSWORD, "s3cr,et;$"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_plain_values_pass(kind: Kind, value: str) -> None:
    assert safe(kind, value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.NUMBER, "110@evil"),
        (Kind.NUMBER, ""),
        (Kind.NUMBER, "١٢٣"),
        (Kind.CALLER_ID, "张三 <110>"),
        (Kind.UUID, "01A20237-EA33-7678-9C91-6E3140007557"),
        (Kind.ROOM, "a room"),
        (Kind.ADDRESS, "127.0.0.1"),
        (Kind.ENDPOINT, "PJSIP/1&PJSIP/2"),
        (Kind.ENDPOINT, "1001"),
        (Kind.PATH, "/a b"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_value_that_is_none_of_its_kind_is_refused(kind: Kind, value: str) -> None:
    with pytest.raises(UnsafeValueError):
        safe(kind, value)


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(UnsafeValueError) as refused:
        safe(Kind.PASSWORD, "hush\n")
    assert "hush" not in str(refused.value)
