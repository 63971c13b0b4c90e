"""Each behaviour of a phone gives one telephony result and outcome, and the customer file agrees.

A whole installation rings all of them in one run, as `ownerline dialer --drain` does.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from callback.model import DueCallState
from callback.tables import DueCall
from core.phone import PhoneNumber
from core.settings_model import Settings
from customers.account_tables import WorkOrder
from customers.model import Language, WrapUpCode
from customers.tables import Phone
from dialer.model import TelephonyResult
from dialer.tables import Attempt, AttemptDueCall
from ownerline.drain import drain
from ownerline.explaining import explain
from ownerline.runtime import open_runtime
from tests.asterisk.home import Home
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sipp import Exchange
from tests.asterisk.kit.sounds import speech, write_wav

pytestmark = [pytest.mark.asterisk, pytest.mark.integration]

_CAMPAIGNS = Path(__file__).parents[2] / "callback/campaigns.yaml"
_RINGS_S = 15  # the shortest a campaign may
_WORD_S = 0.3  # how long our voice takes for any sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a phone does."""

    does: Does
    keys: str = ""
    by_info: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What is on file after a call."""

    result: TelephonyResult
    wrap_up: WrapUpCode | None = None
    due_call: DueCallState = DueCallState.WAITING
    phone_is_dead: bool = False
    reopened: bool = False  # the work order
    sip_code: int | None = None


_ANSWERED, _NO_ANSWER = TelephonyResult.ANSWERED, TelephonyResult.NO_ANSWER
_DONE = DueCallState.DONE
_SATISFIED = Found(result=_ANSWERED, wrap_up=WrapUpCode.SATISFIED, due_call=_DONE)
_NO_REPLY = Found(result=_ANSWERED, wrap_up=WrapUpCode.NO_REPLY)
_OWNERS: dict[str, tuple[Told, Found]] = {
    "satisfied": (Told(does=Does.PRESSES, keys="1-1"), _SATISFIED),
    "satisfied, by SIP INFO": (Told(does=Does.PRESSES, keys="1-1", by_info=True), _SATISFIED),
    "dissatisfied": (
        Told(does=Does.PRESSES, keys="1-3-#-#"),
        Found(result=_ANSWERED, wrap_up=WrapUpCode.DISSATISFIED, due_call=_DONE, reopened=True),
    ),
    "wants no calls": (
        Told(does=Does.PRESSES, keys="9-8"),
        Found(result=_ANSWERED, wrap_up=WrapUpCode.OPTED_OUT, due_call=_DONE),
    ),
    "somebody else": (
        Told(does=Does.PRESSES, keys="3"),
        Found(result=_ANSWERED, wrap_up=WrapUpCode.WRONG_NUMBER, phone_is_dead=True),
    ),
    "presses wrong keys": (Told(does=Does.PRESSES, keys="8-8-8-8"), _NO_REPLY),
    "never speaks": (Told(does=Does.SILENT), _NO_REPLY),
    "answers and hangs up": (Told(does=Does.HANGS_UP), _NO_REPLY),
    "a machine": (
        Told(does=Does.MACHINE),
        Found(result=TelephonyResult.MACHINE, wrap_up=WrapUpCode.MESSAGE_LEFT),
    ),
    "busy": (Told(does=Does.BUSY), Found(result=TelephonyResult.BUSY, sip_code=486)),
    "rejects": (Told(does=Does.REJECTS), Found(result=TelephonyResult.REJECTED, sip_code=403)),
    "unknown": (
        Told(does=Does.UNKNOWN),
        Found(result=TelephonyResult.INVALID_NUMBER, phone_is_dead=True, sip_code=404),
    ),
    "congested": (
        Told(does=Does.CONGESTED),
        Found(result=TelephonyResult.CONGESTION, sip_code=503),
    ),
    "away": (Told(does=Does.UNAVAILABLE), Found(result=_NO_ANSWER, sip_code=480)),
    "switched off": (Told(does=Does.SWITCHED_OFF), Found(result=_NO_ANSWER, sip_code=408)),
    "rings out": (Told(does=Does.RINGS), Found(result=_NO_ANSWER, sip_code=480)),
}


def _number(n: int) -> PhoneNumber:
    return PhoneNumber(f"+86138001381{n:02d}")


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> dict[str, Any]:
    """Settings of a house that rings not long and speaks short."""
    campaigns = yaml.safe_load(_CAMPAIGNS.read_text())
    campaigns["repair"]["ring_timeout_s"] = _RINGS_S
    (tmp_path / "campaigns.yaml").write_text(yaml.safe_dump(campaigns))
    for rate in (8000, 16000):
        write_wav(tmp_path / f"word-{rate}.wav", speech(_WORD_S), rate=rate)
    command = ("/bin/cp", str(tmp_path / "word-{rate}.wav"), "{output}")
    return {
        "home": tmp_path,
        "database_url": database_url,
        "campaigns_file": tmp_path / "campaigns.yaml",
        "test_numbers": ("+8613800138*",),
        "packs": ("rehearsal",),
        "speech": {"engine": "command", "command": command},
    }


@contextlib.asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Home]:
    async with open_runtime(settings) as runtime:
        home = Home(settings=settings, runtime=runtime)
        await home.open()
        yield home


@pytest.mark.crowded
async def test_every_phone_gives_its_one_result_and_the_customer_file_agrees(
    pair: Pair, phones: Phones, installation: dict[str, Any]
) -> None:
    numbers = {name: _number(n) for n, name in enumerate(_OWNERS)}
    for name, (told, _) in _OWNERS.items():
        await phones.behave(numbers[name], told.does, keys=told.keys)
        if told.by_info:
            await phones.by_info(numbers[name])
    async with _open(pair.settings(**installation)) as home:
        await _ring(home, *numbers.values())
        found = {name: await _on_file(home, number) for name, number in numbers.items()}
    assert found == {name: expected for name, (_, expected) in _OWNERS.items()}
    assert phones.rung() == {number.digits: 1 for number in numbers.values()}


@pytest.mark.parametrize(
    ("code", "result"), [(603, TelephonyResult.REJECTED), (480, TelephonyResult.NO_ANSWER)]
)
async def test_another_exchanges_refusals_come_to_the_file_as_well(
    pair: Pair,
    exchange: Exchange,
    installation: dict[str, Any],
    *,
    code: int,
    result: TelephonyResult,
) -> None:
    settings = pair.settings(pair.server(dial="PJSIP/{digits}@sipp"), **installation)
    async with _open(settings) as home, exchange.refuses(code):
        await _ring(home, _number(1))
        assert await _on_file(home, _number(1)) == Found(result=result, sip_code=code)


async def test_where_nobody_listens_the_line_is_at_fault_and_not_the_owner(
    pair: Pair, installation: dict[str, Any]
) -> None:
    settings = pair.settings(pair.server(dial="PJSIP/{digits}@unavailable"), **installation)
    async with _open(settings) as home:
        await _ring(home, _number(1))
        found = await _on_file(home, _number(1))
    assert found == Found(result=TelephonyResult.CONGESTION)


async def _ring(home: Home, *numbers: PhoneNumber) -> None:
    """Let the owners of these phones be due a call after a repair, and place what is due."""
    for number in numbers:
        await home.repaired_for(number.e164)
    await home.build()
    await drain(home.settings, at=None, seed=1)


_FILE = (
    sa.select(
        Attempt.telephony_result,
        Attempt.sip_code,
        AttemptDueCall.wrap_up_code,
        DueCall.state,
        Phone.dead_at,
        WorkOrder.reopened_at,
    )
    .join(AttemptDueCall, AttemptDueCall.attempt_id == Attempt.attempt_id)
    .join(DueCall, DueCall.due_call_id == AttemptDueCall.due_call_id)
    .join(Phone, Phone.phone_id == Attempt.phone_id)
    .join(WorkOrder, WorkOrder.reference == sa.func.concat("W-", Attempt.e164))
    .where(Attempt.e164 == sa.bindparam("e164"))
)


async def _on_file(home: Home, number: PhoneNumber) -> Found:
    """Return what the customer file has of an owner's one call; `explain` says the same."""
    async with home.runtime.sessions() as session:
        row = (await session.execute(_FILE, {"e164": number.e164})).one()
    story = await explain(
        home.runtime,
        query=number.e164,
        community=None,
        day=None,
        language=Language.ENGLISH,
        actor="test",
    )
    (told,) = story["persons"][0]["due_calls"]
    (attempt,) = [event for event in told["events"] if event["kind"] == "attempt"]
    assert told["state"] == row.state
    assert (attempt["telephony_result"], attempt["wrap_up_code"]) == (
        row.telephony_result,
        row.wrap_up_code,
    )
    return Found(
        result=row.telephony_result,
        wrap_up=row.wrap_up_code,
        due_call=row.state,
        phone_is_dead=row.dead_at is not None,
        reopened=row.reopened_at is not None,
        sip_code=row.sip_code,
    )
