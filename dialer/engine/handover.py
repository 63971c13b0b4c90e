"""Handing calls over to the bridge: once each, and none that has lost its reason on the way."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from dialer.bridges.port import BridgeError, OutboundCall, SubmissionUnknownError
from dialer.claim import Claimed
from dialer.engine.hearing import Hearing
from dialer.engine.means import Means
from dialer.model import TelephonyResult

log = structlog.get_logger(__name__)


class HandOver:
    """Rings what was claimed; a call that cannot be rung is settled at once."""

    def __init__(self, means: Means, hearing: Hearing, *, unknown: Callable[[UUID], None]) -> None:
        self._means = means
        self._hearing = hearing
        self._unknown = unknown  # called where the carrier's answer was lost

    async def ring(self, calls: Sequence[Claimed]) -> None:
        """Hand the calls over in their order; a real carrier is asked for all of them at once."""
        try:
            if self._means.bridge.is_real:
                done = await asyncio.gather(*map(self._ring, calls), return_exceptions=True)
                for failure in done:
                    if failure is not None:
                        raise failure
            else:
                for call in calls:
                    await self._ring(call)
        finally:
            self._means.calls.abandon(calls)

    async def _ring(self, call: Claimed) -> None:
        if self._may_ring(call):
            await self._hand_over(call)
        else:
            await self._hearing.never_rang(call.attempt_id, TelephonyResult.CANCELLED)
        self._means.calls.arrived(call.attempt_id)

    def _may_ring(self, call: Claimed) -> bool:
        means = self._means
        if means.calls.is_unwanted(call.attempt_id):
            return False
        if means.fleet is not None and not means.fleet.may_ring:
            log.warning("lease_too_short_to_ring", attempt_id=str(call.attempt_id))
            return False
        return True

    async def _hand_over(self, call: Claimed) -> None:
        means = self._means
        campaign = means.rules.campaigns.get(call.campaign)
        means.calls.place(
            call,
            now=means.clock.now(),
            longest=timedelta(seconds=campaign.ring_timeout_s + campaign.max_seconds),
        )
        try:
            await means.bridge.originate(
                OutboundCall(
                    attempt_id=call.attempt_id,
                    to=call.to,
                    caller_id=call.trunk.caller_id or means.rules.caller_id,
                    trunk=call.trunk.name,
                    ring_timeout_s=max(campaign.ring_timeout_s, call.ring_at_least_s),
                    max_seconds=min(campaign.max_seconds, means.bridge.max_seconds),
                    detect_machine=call.detect_machine,
                    synthetic=call.synthetic,
                    room=call.room,
                    room_within_s=call.room_within_s,
                    language=call.language,
                    community=call.community,
                    recording=call.recording,
                )
            )
        except SubmissionUnknownError:
            log.warning("submission_unknown", attempt_id=str(call.attempt_id))
            self._unknown(call.attempt_id)
        except BridgeError as err:
            await self._refused(call, err)
        else:
            means.calls.gate.accepted(call.trunk)
        if means.calls.is_unwanted(call.attempt_id):
            try:
                await means.bridge.hang_up(call.attempt_id)
            except BridgeError as err:  # the watch tries again
                log.warning("hang_up_refused", attempt_id=str(call.attempt_id), error=str(err))

    async def _refused(self, call: Claimed, err: BridgeError) -> None:
        gate, now = self._means.calls.gate, self._means.clock.now()
        rest = gate.refused(call.trunk, now) if err.retryable else None
        log.warning(
            "submission_refused",
            trunk_rests_s=None if rest is None else rest.total_seconds(),
            attempt_id=str(call.attempt_id),
            trunk=call.trunk.name,
            retryable=err.retryable,
            error=str(err),
        )
        result = TelephonyResult.CONGESTION if err.retryable else TelephonyResult.CARRIER_ERROR
        await self._hearing.never_rang(call.attempt_id, result)
