"""What the doctor says of an account, its numbers and the way back to us; and how numbers are led.

Whatever it looks at, nobody is rung.
"""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPMethod, HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from core.clock import SystemClock
from core.database import session_factory
from core.settings_model import Settings
from dialer.agents.tables import Agent
from dialer.bridges.twilio.checking import check_hooks
from dialer.bridges.twilio.hook import Answer, Hook, Hooks, Visit
from dialer.control import ensure_installation
from ownerline.finding import Finding
from ownerline.twilio_account import connect_numbers
from ownerline.twilio_doctor import examine_twilio
from tests.twilio.kit.account import OurNumber
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import KEY_SID, OUR_NUMBER, Carrier
from tests.twilio.serving import HookServer

_US = UUID(int=7 << 96)
CLOCK = SystemClock()


@dataclass(kw_only=True)
class Rig:
    """An account, an installation, and web processes behind a public address."""

    twilio: Emulator
    web: HookServer
    sessions: async_sessionmaker[AsyncSession]

    def settings(self, public_url: str | None = None, **twilio: Any) -> Settings:
        carrier = self.twilio.carrier
        given = {
            "account_sid": carrier.account_sid,
            "auth_token": carrier.auth_token,
            "from_number": OUR_NUMBER,
            "api_base_url": self.twilio.url,
        }
        return Settings(
            bridge="twilio", public_url=public_url or self.web.url, twilio=given | twilio
        )

    async def said(self, settings: Settings | None = None) -> dict[str, list[Finding]]:
        """Return what the doctor finds, by subject."""
        found = await examine_twilio(settings or self.settings(), self.sessions, CLOCK)
        assert self.twilio.carrier.rings == []
        by_subject: dict[str, list[Finding]] = {}
        for each in found:
            by_subject.setdefault(each.subject, []).append(each)
        return by_subject

    async def one(self, subject: str, settings: Settings | None = None) -> Finding:
        (found,) = (await self.said(settings))[subject]
        return found


@pytest.fixture
async def rig(twilio: Emulator, database: AsyncEngine) -> AsyncIterator[Rig]:
    sessions = session_factory(database)
    async with sessions.begin() as session:
        await ensure_installation(session, _US)
    async with HookServer().listening() as web:
        yield Rig(twilio=twilio, web=web, sessions=sessions)


async def test_an_account_that_is_set_up_is_sound_throughout(rig: Rig) -> None:
    rig.web.serve(check_hooks(_US))
    await connect_numbers(rig.settings(), force=False)
    said = await rig.said()
    assert all(each.sound for found in said.values() for each in found), said
    assert set(said) == {
        "twilio settings",
        "twilio account",
        "twilio balance",
        "twilio spending",
        f"twilio number {OUR_NUMBER}",
        "twilio public URL",
    }
    (way,) = said["twilio public URL"]
    assert "is ours, and knows Twilio's signature" in way.found


async def test_settings_that_cannot_be_are_a_finding(rig: Rig) -> None:
    found = await rig.one("twilio settings", rig.settings(from_number=None))
    assert (found.sound, "from_number is missing" in found.found) == (False, True)


ACCOUNTS: list[tuple[str, Callable[[Carrier], None], str, bool, str]] = [
    (
        "closed",
        lambda carrier: setattr(carrier, "account_status", "suspended"),
        "twilio account",
        False,
        "is suspended: see its console",
    ),
    (
        "trial",
        lambda carrier: setattr(carrier, "account_type", "Trial"),
        "twilio account",
        True,
        "rings verified numbers only",
    ),
    (
        "no money",
        lambda carrier: setattr(carrier.own, "balance", "-0.12"),
        "twilio balance",
        False,
        "-0.12 USD: no call goes out",
    ),
    (
        "little money",
        lambda carrier: setattr(carrier.own, "balance", "4.50"),
        "twilio balance",
        True,
        r"4\.50 USD, less than ceiling_a_day \(5\)",
    ),
    (
        "our own doing",
        lambda carrier: carrier.own.noted.extend([(11200, CLOCK.now())] * 3),
        "twilio complains",
        False,
        "3 times since yesterday error 11200: Twilio could not fetch",
    ),
    (
        "an owner's doing",
        lambda carrier: carrier.own.noted.append((13224, CLOCK.now())),
        "twilio complains",
        True,
        "error 13224: see https",
    ),
]


@pytest.mark.parametrize(
    ("happens", "subject", "sound", "words"),
    [each[1:] for each in ACCOUNTS],
    ids=[each[0] for each in ACCOUNTS],
)
async def test_what_is_wrong_with_the_account_is_said(
    rig: Rig, happens: Callable[[Carrier], None], subject: str, sound: bool, words: str
) -> None:
    happens(rig.twilio.carrier)
    found = await rig.one(subject, rig.settings(ceiling_a_day="5"))
    assert found.sound is sound
    assert re.search(words, found.found), found.found


async def test_old_complaints_and_a_balance_nobody_may_see_are_passed_over(rig: Rig) -> None:
    rig.twilio.carrier.own.balance = None
    rig.twilio.carrier.own.noted.append((11200, CLOCK.now() - timedelta(hours=25)))
    assert not {"twilio balance", "twilio complains"} & set(await rig.said())


async def test_credentials_that_are_refused_end_the_look_at_the_account(rig: Rig) -> None:
    rig.web.serve(check_hooks(_US))
    said = await rig.said(rig.settings(api_key_sid=KEY_SID, api_key_secret="another"))
    (account,) = said["twilio account"]
    assert not account.sound
    assert "refuses" in account.found
    assert said["twilio public URL"][0].sound  # the token that signs is another matter


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"e164": "+12025550177"}, "none of the account's numbers, nor verified"),
        ({"has_voice": False}, "has no voice"),
        ({"voice_url": ""}, "comes to nobody; say `ownerline twilio connect`"),
        ({"voice_url": "https://demo.twilio.com/welcome/voice/"}, "comes to nobody"),
        ({"voice_url": "https://x.example.com/a?key=1"}, r"comes to https://x.example.com/a;"),
        ({"trunk_sid": "TK" + "0a" * 16}, "comes to the SIP trunk TK0a"),
    ],
    ids=["another's", "for messages", "nowhere", "just bought", "elsewhere", "on a trunk"],
)
async def test_a_number_that_does_not_lead_to_us_is_found(
    rig: Rig, changes: dict[str, Any], words: str
) -> None:
    rig.twilio.carrier.numbers = [OurNumber(**{"e164": OUR_NUMBER} | changes)]
    found = await rig.one(f"twilio number {OUR_NUMBER}")
    assert not found.sound
    assert words in found.found


async def test_a_verified_number_may_be_shown(rig: Rig) -> None:
    rig.twilio.carrier.numbers, rig.twilio.carrier.verified = [], [OUR_NUMBER]
    found = await rig.one(f"twilio number {OUR_NUMBER}")
    assert found.sound
    assert "who rings back rings your other carrier" in found.found


async def test_a_number_for_a_community_that_nobody_knows_is_found(rig: Rig) -> None:
    settings = rig.settings(caller_ids={"Riversde": OUR_NUMBER})
    (found,) = (await rig.said(settings))["twilio caller_ids"]
    assert not found.sound
    assert "Riversde: no community of that name" in found.found


async def test_where_a_number_leads_is_said_with_its_port_and_without_a_password(rig: Rig) -> None:
    number = rig.twilio.carrier.numbers[0]
    number.voice_url = "http://user:secret@calls.example:8081/x?token=secret"
    (found,) = (await rig.said())[f"twilio number {OUR_NUMBER}"]
    assert "http://calls.example:8081/x;" in found.found


async def test_browsers_without_a_key_are_found(rig: Rig) -> None:
    async with rig.sessions.begin() as session:
        session.add(
            Agent(name="Li", room="r1", endpoint="client:li", state_since=CLOCK.now(), active=True)
        )
    found = await rig.one("twilio browsers")
    assert (found.sound, "1 agents talk in the browser" in found.found) == (False, True)
    keys = {"api_key_sid": KEY_SID, "api_key_secret": rig.twilio.carrier.keys[KEY_SID]}
    assert "twilio browsers" not in await rig.said(rig.settings(**keys))


async def _open(_: Visit) -> Answer:
    return Answer(body=b"ownerline 07000000", media_type="text/plain")


async def _elsewhere(_: Visit) -> Answer:
    there = {"Location": "https://www.example.com/check?x=1"}
    return Answer(status=HTTPStatus.MOVED_PERMANENTLY, headers=there)


def _hook(answer: Any, *, is_signed: bool = True) -> Hooks:
    return (Hook(path="/check", answer=answer, method=HTTPMethod.POST, is_signed=is_signed),)


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        ((), "nothing is known there (404)"),
        (check_hooks(UUID(int=9 << 96)), "leads to ownerline 00000009, and we are ownerline"),
        (_hook(_elsewhere), "redirects to https://www.example.com/check: what Twilio signed"),
    ],
    ids=["another program", "another installation", "a redirect"],
)
async def test_a_way_that_does_not_lead_to_us_is_found(rig: Rig, hooks: Hooks, words: str) -> None:
    rig.web.serve(hooks)
    found = await rig.one("twilio public URL")
    assert not found.sound
    assert words in found.found


async def test_web_processes_with_another_token_are_found(rig: Rig) -> None:
    rig.web.serve(check_hooks(_US))
    found = await rig.one("twilio public URL", rig.settings(auth_token="another"))
    assert not found.sound
    assert "our own signature is refused (403)" in found.found


async def test_something_that_answers_for_us_is_found(rig: Rig) -> None:
    rig.web.serve(_hook(_open, is_signed=False))
    found = (await rig.said())["twilio public URL"][-1]
    assert not found.sound
    assert "a forged signature is answered with 200" in found.found


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "cannot be reached (ConnectError)"),
        ("http://no-such-host.invalid", "is no name that can be found"),
    ],
    ids=["nobody listens", "no name"],
)
async def test_a_public_url_that_leads_nowhere_is_found(rig: Rig, url: str, words: str) -> None:
    found = await rig.one("twilio public URL", rig.settings(url))
    assert not found.sound
    assert words in found.found


async def test_numbers_are_led_to_us_once(rig: Rig) -> None:
    settings = rig.settings()
    (first,) = await connect_numbers(settings, force=False)
    (again,) = await connect_numbers(settings, force=False)
    (number,) = rig.twilio.carrier.numbers
    assert (first.is_changed, again.is_changed, first.why_not) == (True, False, "")
    assert number.voice_url == number.voice_fallback_url == f"{rig.web.url}/webhooks/twilio/inbound"
    assert number.status_callback == f"{rig.web.url}/webhooks/twilio/inbound/status"


async def test_a_number_in_use_elsewhere_is_taken_over_by_force_alone(rig: Rig) -> None:
    (number,) = rig.twilio.carrier.numbers
    number.voice_url, number.trunk_sid = "https://x.example.com/a", ""
    (left,) = await connect_numbers(rig.settings(), force=False)
    assert (left.is_changed, number.voice_url) == (False, "https://x.example.com/a")
    assert "say --force" in left.why_not
    (taken,) = await connect_numbers(rig.settings(), force=True)
    assert (taken.is_changed, taken.why_not) == (True, "")


async def test_a_number_on_a_trunk_is_left_there(rig: Rig) -> None:
    (number,) = rig.twilio.carrier.numbers
    number.trunk_sid = "TK" + "0a" * 16
    (left,) = await connect_numbers(rig.settings(), force=True)
    assert not left.is_changed
    assert "take it off there, in the console" in left.why_not
