"""What the emulated carrier makes of documents and keys, and of requests that none describes."""

import pytest

from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import OUR_NUMBER
from tests.twilio.kit.description import Asked, description
from tests.twilio.kit.owners import HANGS_UP, Presses, answers_with
from tests.twilio.sdk import PHONE, Line, placed
from tests.twilio.webhooks import Site


async def test_who_hangs_up_is_asked_nothing_more(
    twilio: Emulator, line: Line, hooks: Site
) -> None:
    hooks.documents["/answer"] = "<Gather action='/step'><Say>?</Say></Gather>"
    twilio.carrier.owners[PHONE] = answers_with(HANGS_UP)
    await placed(line, hooks)
    await twilio.carrier.until_idle()
    assert hooks.at("/step") == []
    assert hooks.at("/status")[-1]["CallStatus"] == "completed"


@pytest.mark.parametrize(
    ("gather", "keys"),
    [
        ("numDigits='1'", ("12", "1")),
        ("finishOnKey='#'", ("12#", "12")),
        ("finishOnKey=''  numDigits='2'", ("1#", "1#")),
        ("actionOnEmptyResult='true'", ("", "")),
        ("actionOnEmptyResult='true'", ("#", "")),
        ("", ("", None)),
        ("timeout='1'", ("42", "42")),
    ],
)
async def test_keys_are_gathered_until_there_are_enough_or_one_ends_them_or_time_is_up(
    twilio: Emulator, line: Line, hooks: Site, gather: str, keys: tuple[str, str | None]
) -> None:
    pressed, digits = keys
    hooks.documents["/answer"] = f"<Gather action='/step' {gather}><Say>?</Say></Gather>"
    twilio.carrier.owners[PHONE] = answers_with(Presses(keys=pressed))
    await placed(line, hooks)
    await twilio.carrier.until_idle()
    said = [each["Digits"] for each in hooks.at("/step")]
    assert said == ([] if digits is None else [digits])


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("<Gather numDigits='none'/>", 12200),
        ("<Shout>Hello</Shout>", 12200),
        ("<Say></Say>", 13520),
        ("<Say>&unknown;</Say>", 12100),
    ],
)
async def test_a_document_that_twilio_would_refuse_is_complained_of(
    twilio: Emulator, line: Line, hooks: Site, document: str, code: int
) -> None:
    hooks.documents["/answer"] = document
    await placed(line, hooks)
    await twilio.carrier.until_idle()
    assert [each.code for each in twilio.carrier.complaints] == [code]


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"To": ["+86138"], "From": [OUR_NUMBER], "Timeout": ["1.5"]}, "Timeout"),
        ({"To": ["+86138"]}, "From is missing"),
        ({"To": ["+86138"], "From": [OUR_NUMBER], "Urll": ["http://a/b"]}, "Urll"),
        ({"To": ["+86138"], "From": [OUR_NUMBER], "Url": ["/b"]}, "uri"),
        ({"To": ["+86138"], "From": [OUR_NUMBER], "Record": ["yes"]}, "Record"),
        ({"To": ["+86138"], "From": [OUR_NUMBER], "Method": ["PUT"]}, "Method"),
        ({"To": ["+86138", "+86139"], "From": [OUR_NUMBER]}, "2 times"),
    ],
)
def test_a_request_that_twilio_does_not_describe_is_found_out(
    described: None, form: dict[str, list[str]], fault: str
) -> None:
    path = f"/2010-04-01/Accounts/AC{'0' * 32}/Calls.json"
    faults = description().faults_of(Asked(method="POST", path=path, form=form))
    assert len(faults) == 1
    assert fault in faults[0]
