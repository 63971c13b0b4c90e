"""Requests that fail, told in our words: of lists the SDK tells otherwise than of single things."""

import pytest

from dialer.bridges.port import Closed
from dialer.bridges.twilio.rest import (
    Account,
    Rest,
    RestBusyError,
    RestLostError,
    RestRefusedError,
    open_rest,
)
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import ACCOUNT_SID, AUTH_TOKEN
from tests.twilio.kit.faults import Fault


def account(twilio: Emulator, *, password: str = AUTH_TOKEN) -> Account:
    return Account(
        account_sid=ACCOUNT_SID,
        username=ACCOUNT_SID,
        password=password,
        base_url=twilio.url,
        timeout_s=1.0,
    )


async def listed(rest: Rest) -> object:
    return await rest.once(lambda: rest.client.calls.list_async(limit=1), what="listing calls")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault.TOO_MANY, RestBusyError),
        (Fault.BROKEN, RestLostError),
        (Fault.LATE, RestLostError),
    ],
)
async def test_a_list_fails_as_anything_else_does(
    twilio: Emulator, fault: Fault, told: type[Exception]
) -> None:
    twilio.carrier.faults.late_s = 2.0
    twilio.carrier.faults.next_asking.append(fault)
    async with open_rest(account(twilio)) as rest:
        with pytest.raises(told):
            await listed(rest)
        assert await listed(rest) == []


async def test_what_is_only_asked_is_asked_again_where_the_connection_breaks(
    twilio: Emulator,
) -> None:
    twilio.carrier.faults.next_asking += [None, Fault.LOST]
    async with open_rest(account(twilio)) as rest:
        assert await listed(rest) == []
        assert await listed(rest) == []


async def test_a_list_that_is_refused_for_who_asks_closes_the_trunk(twilio: Emulator) -> None:
    async with open_rest(account(twilio, password="of-another")) as rest:
        with pytest.raises(RestRefusedError) as refused:
            await listed(rest)
        assert (refused.value.status, refused.value.code) == (401, 20003)
        assert rest.closed is Closed.NOT_LET_IN
