"""Settings of [twilio] become one plan, or are refused with the mend, and tell no secret."""

from decimal import Decimal
from typing import Any

import pytest

from core.settings_model import Settings
from ownerline.spending import held_back_by
from ownerline.twilio_doctor import unreached_mainland
from ownerline.twilio_settings import TwilioSettingsError, plan_of

pytestmark = pytest.mark.unit

SID = "AC" + "0a" * 16
KEY = "SK" + "0a" * 16
TOKEN = "hush-hush-hush"
EMULATOR = "http://127.0.0.1:4010"


def settings(public_url: str | None = "https://calls.example.com", **twilio: Any) -> Settings:
    given = {"account_sid": SID, "auth_token": TOKEN, "from_number": "+12025550123"}
    return Settings(
        bridge="twilio",
        public_url=public_url,
        destinations=("CN",),
        time_zone="Asia/Shanghai",
        twilio=given | twilio,
    )


def test_the_plan_has_what_the_settings_say() -> None:
    plan = plan_of(settings(caller_ids={"Riverside": "+12025550124"}))
    assert (plan.account.account_sid, plan.account.username) == (SID, SID)
    assert plan.account.password == plan.token == TOKEN
    assert plan.numbers == ("+12025550123", "+12025550124")
    assert (plan.destinations, plan.ceiling) == (("CN",), None)


def test_a_key_asks_the_api_and_the_token_still_signs() -> None:
    plan = plan_of(settings(api_key_sid=KEY, api_key_secret="of-the-key"))
    assert (plan.account.username, plan.account.password) == (KEY, "of-the-key")
    assert plan.token == TOKEN


def test_a_path_below_the_public_url_is_kept_and_its_slash_is_not_doubled() -> None:
    plan = plan_of(settings("https://example.com/calls/"))
    assert plan.addresses.at("/x") == "https://example.com/calls/webhooks/twilio/x"


def test_an_emulator_is_reached_and_reaches_us_in_the_clear() -> None:
    plan = plan_of(settings("http://127.0.0.1:8000", api_base_url=EMULATOR))
    assert plan.account.base_url == EMULATOR


def test_other_carriers_name_accounts_as_they_like() -> None:
    other = "https://example.signalwire.com/api/laml"
    sid = "b6f0c4c2-2d1a-4c39-9d0d-1f0c3a5e7b11"
    assert plan_of(settings(api_base_url=other, account_sid=sid)).account.account_sid == sid


def test_destinations_of_the_bridge_stand_in_place_of_the_installations() -> None:
    own = settings(destinations=("+861",))
    assert plan_of(own).destinations == own.reach == ("+861",)
    assert own.model_copy(update={"bridge": "asterisk"}).reach == ("CN",)


def test_the_ceiling_is_of_the_installations_own_day() -> None:
    ceiling = plan_of(settings(ceiling_a_day="20", price_a_minute="0.2")).ceiling
    assert ceiling is not None
    assert (ceiling.a_day, ceiling.tally.price_a_minute) == (Decimal(20), Decimal("0.2"))
    assert ceiling.tally.zone.key == "Asia/Shanghai"


def test_where_no_ceiling_is_set_nothing_is_asked_of_the_book() -> None:
    assert held_back_by(settings()) is None
    asterisk = settings(ceiling_a_day="20").model_copy(update={"bridge": "asterisk"})
    assert held_back_by(asterisk) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"account_sid": None}, "account_sid is missing.*AC"),
        ({"account_sid": "AC12"}, "account_sid is AC12… with 4 signs"),
        ({"account_sid": KEY}, "account_sid is SK0a.*has AC and 32"),
        ({"auth_token": None}, "auth_token is missing.*auth_token_file"),
        ({"auth_token": "two words"}, "auth_token has blanks or line breaks"),
        ({"api_key_sid": KEY}, "its secret is not.*api_key_secret_file"),
        ({"api_key_secret": "x"}, "api_key_sid is not"),
        ({"api_key_sid": SID, "api_key_secret": "x"}, "api_key_sid is AC0a.*has SK"),
        ({"from_number": None}, "from_number is missing"),
        ({"from_number": "075512345678"}, "from_number is '075512345678'.*country code"),
        ({"caller_ids": {"Riverside": "0755"}}, "caller_ids: that of Riverside is '0755'"),
        ({"api_base_url": "api.twilio.com"}, "api_base_url is 'api.twilio.com'.*write https://"),
        ({"api_base_url": "https://x:port"}, "api_base_url is 'https://x:port'"),
        ({"api_base_url": "https://u@x.com"}, "api_base_url must end with its path"),
        ({"public_url": None}, "public_url is missing.*beside"),
        ({"public_url": "http://calls.example.com"}, "in the clear.*certificate"),
        ({"public_url": "https://calls.example.com/?a=1"}, "public_url must end with its path"),
        ({"voices": {"de": "Polly.Vicki"}}, "voices names 'de'.*zh-CN or en"),
        ({"ceiling_a_day": "0.05"}, r"ceiling_a_day is 0\.05, below price_a_minute"),
    ],
    ids=lambda arg: arg if isinstance(arg, str) else ",".join(arg),
)
def test_settings_that_cannot_be_are_refused_with_the_mend(
    given: dict[str, Any], words: str
) -> None:
    with pytest.raises(TwilioSettingsError, match=words) as refused:
        plan_of(settings(**given))
    assert "hush" not in str(refused.value)
    assert "docs/twilio.md" in str(refused.value)


def test_a_plan_shows_no_secret() -> None:
    assert "hush" not in repr(plan_of(settings()))


@pytest.mark.parametrize(
    ("base_url", "destinations", "regions", "is_told"),
    [
        ("https://api.twilio.com", ("CN",), {"GB"}, True),
        ("https://api.dublin.ie1.twilio.com", ("+86755",), set(), True),
        ("https://api.twilio.com", (), {"CN", "GB"}, True),
        ("https://api.twilio.com", ("GB",), {"CN"}, False),
        ("https://example.signalwire.com/api/laml", ("CN",), {"CN"}, False),
    ],
    ids=["country", "prefix", "a community there", "others only", "another carrier"],
)
def test_that_twilio_reaches_nobody_in_mainland_china_is_told(
    base_url: str, destinations: tuple[str, ...], regions: set[str], is_told: bool
) -> None:
    given = settings(api_base_url=base_url, destinations=destinations)
    if not destinations:
        given = given.model_copy(update={"destinations": ()})
    assert (unreached_mainland(plan_of(given), regions) is not None) is is_told
