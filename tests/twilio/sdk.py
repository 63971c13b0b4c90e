"""Twilio's own SDK, which takes the emulated carrier for Twilio."""

from typing import Any

from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance

from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import KEY_SECRET, KEY_SID, OUR_NUMBER
from tests.twilio.webhooks import Site

PHONE = "+8613800138001"
EVENTS = ["initiated", "ringing", "answered", "completed"]


class Line(Client):
    """The SDK with the emulator's address for Twilio's."""

    def __init__(self, twilio: Emulator) -> None:
        self.at = twilio.url
        super().__init__(  # type: ignore[no-untyped-call]  # the SDK has types, and does not say so
            KEY_SID,
            KEY_SECRET,
            account_sid=twilio.carrier.account_sid,
            http_client=AsyncTwilioHttpClient(timeout=2),
        )

    def get_hostname(self, uri: str) -> str:
        return uri.replace("https://api.twilio.com", self.at)


async def placed(line: Line, hooks: Site, **options: Any) -> CallInstance:
    plain: dict[str, Any] = {
        "to": PHONE,
        "from_": OUR_NUMBER,
        "url": f"{hooks.url}/answer?call=1",
        "status_callback": f"{hooks.url}/status",
        "status_callback_event": EVENTS,
        "timeout": 1,
    }
    return await line.calls.create_async(**plain | options)
