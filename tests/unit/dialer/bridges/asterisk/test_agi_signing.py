"""Who is let in: one call, once, for a while."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.clock import VirtualClock
from dialer.bridges.asterisk.agi.signing import Signer

CALL = UUID("01a2023f-6410-776c-9290-4ca0c96ab1ca")
OTHER = UUID("01a2023f-6410-776c-9290-4ca0c96ab1cb")
START = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


def test_a_token_lets_its_call_in_once() -> None:
    signer = Signer(VirtualClock(START))
    token = signer.token(CALL, lives_s=60)
    assert signer.take(str(CALL), token) == CALL
    assert signer.take(str(CALL), token) is None
    assert signer.take(str(CALL), signer.token(CALL, lives_s=90)) is None


@pytest.mark.parametrize(
    "forged",
    [
        ("", ""),
        (str(CALL), ""),
        (str(CALL), "1772935200"),
        (str(CALL), "99999999999." + "0" * 64),
        ("not a call", "99999999999." + "0" * 64),
        (str(CALL), "٣." + "0" * 64),
    ],
)
def test_whoever_has_no_token_is_not_let_in(forged: tuple[str, str]) -> None:
    assert Signer(VirtualClock(START)).take(*forged) is None


def test_a_token_is_good_for_its_own_call_process_and_time() -> None:
    signer = Signer(VirtualClock(START))
    token = signer.token(CALL, lives_s=60)
    until, mac = token.split(".")
    assert signer.take(str(OTHER), token) is None
    assert signer.take(str(CALL), f"{int(until) + 600}.{mac}") is None
    assert Signer(VirtualClock(START)).take(str(CALL), token) is None
    later = VirtualClock(START + timedelta(seconds=62))
    assert Signer(later, key=b"k").take(str(CALL), _signed(b"k", lives_s=60)) is None
    assert Signer(later, key=b"k").take(str(CALL), _signed(b"k", lives_s=65)) == CALL


def _signed(key: bytes, *, lives_s: float) -> str:
    return Signer(VirtualClock(START), key=key).token(CALL, lives_s=lives_s)
