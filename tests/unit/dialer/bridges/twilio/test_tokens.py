"""Tokens for agents' browsers, read as Twilio reads them."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from pydantic import SecretStr

from core.settings_model import TwilioSettings
from dialer.bridges.twilio.tokens import tokens_of

ACCOUNT, KEY, SECRET = "AC" + "0" * 32, "SK" + "1" * 32, "s" * 32
TEN = datetime(2026, 5, 20, 2, tzinfo=UTC)


def test_a_browser_may_be_rung_for_an_hour_and_ring_nobody() -> None:
    tokens = tokens_of(
        TwilioSettings(account_sid=ACCOUNT, api_key_sid=KEY, api_key_secret=SecretStr(SECRET))
    )
    assert tokens is not None
    issued = tokens.issue("li_na", now=TEN)
    said = jwt.decode(issued.token, SECRET, algorithms=["HS256"], options={"verify_exp": False})
    assert (said["sub"], said["iss"]) == (ACCOUNT, KEY)
    assert said["grants"] == {"identity": "li_na", "voice": {"incoming": {"allow": True}}}
    assert (said["nbf"], said["exp"]) == (
        int(TEN.timestamp()),
        int((TEN + timedelta(hours=1)).timestamp()),
    )
    assert jwt.get_unverified_header(issued.token)["cty"] == "twilio-fpa;v=1"
    assert issued.token not in repr(issued)


@pytest.mark.parametrize("missing", ["account_sid", "api_key_sid", "api_key_secret"])
def test_without_a_key_of_the_account_nobody_issues_any(missing: str) -> None:
    whole = TwilioSettings(account_sid=ACCOUNT, api_key_sid=KEY, api_key_secret=SecretStr(SECRET))
    assert tokens_of(whole.model_copy(update={missing: None})) is None
