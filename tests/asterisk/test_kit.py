"""The kit itself: phones do as they are told, and an Asterisk that is killed comes back."""

import asyncio

import pytest

from tests.asterisk.kit.manager import Manager, Message
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.relay import relay_to
from tests.asterisk.kit.sipp import Exchange
from tests.asterisk.kit.sounds import likeness, read_wav

NUMBER = "8613800138001"


async def _call(
    watcher: Manager, *, app: str, data: str = "", trunk: str = "phones", ring_s: float = 10
) -> list[Message]:
    """Ring a phone from Ownerline's Asterisk by hand, and return what is told until it is over."""
    events: list[Message] = []
    over = asyncio.Event()

    def hear(event: Message) -> None:
        if event.get("Uniqueid") == "by-hand" and event["Event"] != "VarSet":
            events.append(event)
            if event["Event"] == "Hangup":
                over.set()

    watcher.listen(hear)
    await watcher.originate(
        {
            "Channel": f"PJSIP/{NUMBER}@{trunk}",
            "Application": app,
            "Data": data,
            "Timeout": str(round(ring_s * 1000)),
            "ChannelId": "by-hand",
        }
    )
    async with asyncio.timeout(20):
        await over.wait()
    return events


@pytest.mark.parametrize(
    ("does", "cause", "sip_code"),
    [
        (Does.HANGS_UP, "16", ""),
        (Does.BUSY, "17", "486"),
        (Does.REJECTS, "21", "403"),
        (Does.UNKNOWN, "1", "404"),
        (Does.CONGESTED, "34", "503"),
        (Does.UNAVAILABLE, "19", "480"),
        (Does.SWITCHED_OFF, "18", "408"),
        (Does.RINGS, "19", "480"),
    ],
)
async def test_a_phone_does_what_it_is_told(
    phones: Phones, watcher: Manager, does: Does, cause: str, sip_code: str
) -> None:
    await phones.behave(NUMBER, does)
    ring_s = 1 if does is Does.RINGS else 10
    events = await _call(watcher, app="Wait", data="9", ring_s=ring_s)
    (end,) = [event for event in events if event["Event"] == "Hangup"]
    assert (end["Cause"], end.get("TechCause", "")) == (cause, sip_code)
    await phones.until_over(NUMBER)
    assert phones.rings(NUMBER) == 1


@pytest.mark.parametrize(("code", "cause"), [(603, "21"), (480, "19"), (408, "18"), (486, "17")])
async def test_sipp_refuses_as_it_is_told(
    exchange: Exchange, watcher: Manager, code: int, cause: str
) -> None:
    async with exchange.refuses(code):
        events = await _call(watcher, app="Wait", data="9", trunk="sipp")
    (end,) = [event for event in events if event["Event"] == "Hangup"]
    assert (end["Cause"], end["TechCause"]) == (cause, str(code))


@pytest.mark.parametrize("by_info", [False, True], ids=["RFC 4733", "SIP INFO"])
async def test_a_phone_presses_keys(phones: Phones, watcher: Manager, by_info: bool) -> None:
    if by_info:
        await phones.by_info(NUMBER)
    calling = asyncio.create_task(_call(watcher, app="Wait", data="9"))
    await phones.until_up(NUMBER)
    await phones.press(NUMBER, "12#")
    await phones.press(NUMBER, "*")
    await phones.hang_up(NUMBER)
    pressed = [event["Digit"] for event in await calling if event["Event"] == "DTMFEnd"]
    assert pressed == ["1", "2", "#", "*"]


async def test_a_phone_hears_prompts_to_their_end_and_presses_what_comes_next(
    phones: Phones, watcher: Manager, pair: Pair
) -> None:
    await phones.behave(NUMBER, Does.PRESSES, keys="1-23#")
    prompt = pair.shared / "sorry"
    prompts = f"{prompt}&silence/1&{prompt}&silence/2"
    events = await _call(watcher, app="Playback", data=prompts)
    assert [each["Digit"] for each in events if each["Event"] == "DTMFEnd"] == ["1", "2", "3", "#"]


async def test_a_phone_keeps_what_it_hears(phones: Phones, watcher: Manager, pair: Pair) -> None:
    await phones.tape(NUMBER)
    await _call(watcher, app="Playback", data=str(pair.shared / "sorry"))
    said = read_wav(pair.shared / "sorry.wav")
    assert likeness(said, await phones.heard(NUMBER)) > 0.9


async def test_machines_are_told_from_persons_and_silence(phones: Phones, watcher: Manager) -> None:
    for does, status in ((Does.MACHINE, "MACHINE"), (Does.ANSWERS, "HUMAN")):
        await phones.behave(NUMBER, does)
        heard: list[str] = []
        watcher.listen(
            lambda event, heard=heard: (
                heard.append(event["Value"])  # type: ignore[misc]
                if event.get("Variable") == "AMDSTATUS"
                else None
            )
        )
        await _call(watcher, app="AMD")
        assert heard == [status]


async def test_an_owner_rings_and_is_answered_by_the_dialplan(
    phones: Phones, watcher: Manager
) -> None:
    come: list[Message] = []
    watcher.listen(
        lambda event: come.append(event) if event.get("UserEvent") == "OwnerlineInbound" else None
    )
    await phones.ring("075512345678", caller="13800138001", does=Does.HANGS_UP)
    await phones.until_over("13800138001")
    assert [(each["Caller"], each["Dialled"]) for each in come] == [("13800138001", "075512345678")]


async def test_an_asterisk_that_was_killed_comes_back_on_its_ports(pair: Pair) -> None:
    pair.dialer.kill()
    assert not pair.dialer.is_running()
    pair.dialer.restart()
    assert "0 active calls" in pair.dialer.say("core show channels")


async def test_a_frozen_wire_passes_nothing_until_it_is_mended(pair: Pair) -> None:
    async with relay_to(pair.dialer.ports.ami) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        assert (await reader.readline()).startswith(b"Asterisk Call Manager")
        relay.freeze()
        writer.write(b"Action: Login\r\n\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.readline()
        relay.mend()
        assert (await reader.readline()).startswith(b"Response: Error")
        relay.cut()
        assert b"Response" not in await reader.read()
        writer.close()
