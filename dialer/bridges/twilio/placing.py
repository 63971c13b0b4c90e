"""Placing one call: what is refused before anything is asked, and what Twilio answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.settings_model import MachineDetection
from dialer.bridges.causes import HangupCause
from dialer.bridges.port import (
    BridgeError,
    CallSubmitted,
    OutboundCall,
    SubmissionUnknownError,
    TrunkLimits,
)
from dialer.bridges.twilio.book import Book, End, Told
from dialer.bridges.twilio.destinations import check_destination
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.rest import RestBusyError, RestLostError, RestRefusedError
from dialer.bridges.twilio.results import INVALID_NUMBERS
from dialer.bridges.twilio.spending import Spending
from dialer.bridges.twilio.teller import Teller
from dialer.model import TelephonyResult

# Queueing, detection and the way of a callback are no part of a call's longest duration.
MARGIN = timedelta(seconds=120)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Refusals that are ours to mend, or that pass: whoever else is due would be refused as well.
# https://www.twilio.com/docs/api/errors
_OF_US = frozenset(
    {
        10001,  # the account is not active
        10004,  # it has as many calls at once as it may
        10005,  # it may not call at all
        20003,  # credentials
        21205,  # our address is none
        21210,  # our number is not verified
        21212,  # our number is none
    }
)
_OF_US_STATUSES = frozenset({401, 403, 404})
_OF_THE_CALL = range(21000, 22000)  # error codes: whatever the status is
# Who wrote a call down and slept since must not create it: it may have been given up by now.
STARTS_WITHIN = timedelta(seconds=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The numbers owners see."""

    usual: str
    by_community: Mapping[str, str]

    def of(self, community: str) -> str:
        """Return what owners of a community see."""
        return self.by_community.get(community, self.usual)


class Placing:
    """Creates calls; each is in the book before, and is created at most once."""

    def __init__(
        self,
        trunk: TrunkLimits,
        *,
        book: Book,
        lines: Lines,
        teller: Teller,
        clock: Clock,
        shown: Shown,
        detects: MachineDetection,
        destinations: Sequence[str] = (),
        spending: Spending | None = None,
    ) -> None:
        self._trunk = trunk
        self._book = book
        self._lines = lines
        self._teller = teller
        self._clock = clock
        self._shown = shown
        self._detects = detects
        self._destinations = destinations
        self._spending = spending

    async def place(self, order: OutboundCall, *, max_seconds: float) -> None:
        """Place a call; see `Bridge.originate`."""
        self._admit(order)
        order = replace(
            order,
            max_seconds=max_seconds,
            detect_machine=order.detect_machine and self._detects is not MachineDetection.OFF,
        )
        now = self._clock.now()
        longest = timedelta(seconds=order.ring_timeout_s + max_seconds)
        shown = self._shown.of(order.community)
        is_new = await self._book.write_ahead(
            order, shown=shown, placed_at=now, ends_by=now + longest + MARGIN, check=self._check
        )
        if not is_new:
            message = f"call {order.attempt_id} was placed before; ask for its fate instead"
            raise BridgeError(message, retryable=False)
        if self._clock.now() - now > STARTS_WITHIN:
            await self._book.strike(order.attempt_id)
            message = f"call {order.attempt_id} was not created: it took too long to write it down"
            raise BridgeError(message, retryable=True)
        sid = await self._create(order, shown=shown)
        if sid is None:
            return
        try:
            await self._keep(order, sid)
        except Exception as err:
            # Whatever ails the book: a call has been created, and must be looked for.
            message = f"call {order.attempt_id} was created, and its name not kept; ask its fate"
            raise SubmissionUnknownError(message) from err

    async def _keep(self, order: OutboundCall, sid: str) -> None:
        """Carry a call that was created; hang it up if that was asked for meanwhile."""
        call_id = order.attempt_id
        await self._book.told(call_id, Told(sid=sid))
        await self._tell(call_id)
        call = await self._book.call(call_id)
        if call is not None and call.is_cut:  # or given up, while its answer was waited for
            await self._lines.end(sid)

    async def _create(self, order: OutboundCall, *, shown: str) -> str | None:
        """Return the name of a call; None: it has ended already, and that is told."""
        call_id = order.attempt_id
        try:
            return await self._lines.create(order, shown=shown)
        except RestBusyError as err:
            await self._book.strike(call_id)
            message = f"call {call_id} was not created: {err}"
            raise BridgeError(message, retryable=True) from err
        except RestRefusedError as err:
            if err.code in INVALID_NUMBERS:
                await self._no_such_number(order, err.code)
                return None
            await self._book.strike(call_id)
            message = f"call {call_id} was not created: {err}"
            raise BridgeError(message, retryable=is_of_us(err)) from err
        except RestLostError as err:
            # A webhook of the call may have been here before the answer was given up.
            call = await self._book.call(call_id)
            if call is None or call.sid is None:
                message = f"Twilio's answer to call {call_id} was lost; ask for its fate"
                raise SubmissionUnknownError(message) from err
            return call.sid

    async def _no_such_number(self, order: OutboundCall, code: int | None) -> None:
        """Let a call end whose number is none to Twilio: an outcome, which no other try mends."""
        now = self._clock.now()
        end = End(
            at=now,
            result=TelephonyResult.INVALID_NUMBER,
            hangup_cause=HangupCause.INVALID_FORMAT.value,
            error_code=code,
        )
        await self._book.told(order.attempt_id, Told(ended=end))
        await self._tell(order.attempt_id)

    async def _tell(self, call_id: UUID) -> None:
        """Carry a call, and have the engine hear that it was taken."""
        self._teller.carry(call_id, CallSubmitted(attempt_id=call_id, at=self._clock.now()))
        await self._teller.bring_up(call_id)

    async def _check(self, session: AsyncSession) -> None:
        if self._spending is not None:
            await self._spending.check(session)
        up = await self._book.up_on(session, self._trunk.name)
        if up >= self._trunk.channels:
            message = f"all {self._trunk.channels} channels of trunk {self._trunk.name} are up"
            raise BridgeError(message, retryable=True)

    def _admit(self, order: OutboundCall) -> None:
        """Refuse a call that may not be placed, or not over this bridge.

        Raises:
            BridgeError: says why.
        """
        if order.synthetic:
            message = f"call {order.attempt_id} is to an invented person: nobody is rung for it"
            raise BridgeError(message, retryable=False)
        if order.trunk != self._trunk.name:
            message = f"there is no trunk {order.trunk!r}; known: {self._trunk.name}"
            raise BridgeError(message, retryable=False)
        if _E164.fullmatch(order.to.e164) is None:
            message = f"call {order.attempt_id} is to no number with + and country code"
            raise BridgeError(message, retryable=False)
        check_destination(order.to, self._destinations)


def is_of_us(err: RestRefusedError) -> bool:
    """Say whether a refusal is of our account, and not of the call that was to be created."""
    if err.code in _OF_US:
        return True
    return err.status in _OF_US_STATUSES and err.code not in _OF_THE_CALL
