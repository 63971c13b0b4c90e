"""What is said first, made while the phone rings: at the answer its first sentence is there."""

import asyncio
from collections import OrderedDict
from uuid import UUID

import structlog

from dialer.bridges.asterisk.agi.talk import Audio, Prepared
from dialer.bridges.asterisk.parts import Board

log = structlog.get_logger(__name__)

_KEPT = 2_000


class Preparing:
    """Keeps the first sentences of calls that ring."""

    def __init__(self, audio: Audio) -> None:
        self._audio = audio
        self._prepared: OrderedDict[UUID, Prepared] = OrderedDict()

    async def prepare(self, board: Board, attempt_id: UUID) -> None:
        """Have the audio of what a person will probably hear first; never raises."""
        call = board.lines.call(attempt_id)
        if call is None or call.room is not None:
            return
        try:
            turn = await board.host.prepare(attempt_id)
            if turn is None or not turn.say:
                return
            shared = board.trunks[call.trunk].shared
            making = [
                asyncio.ensure_future(self._audio.stem(each, turn.language, shared=shared))
                for each in turn.say
            ]
            await making[0]
            if board.lines.call(attempt_id) is not None:
                self._keep(
                    attempt_id,
                    Prepared(sentence=turn.say[0], language=turn.language, barge_in=turn.barge_in),
                )
            await asyncio.gather(*making)
        except Exception:  # a call is answered all the same, only its first word comes later
            log.exception("first_turn_not_prepared", attempt_id=str(attempt_id))

    def take(self, attempt_id: UUID) -> Prepared | None:
        """Return what is said first, once; None: it is not made yet."""
        return self._prepared.pop(attempt_id, None)

    def _keep(self, attempt_id: UUID, prepared: Prepared) -> None:
        self._prepared[attempt_id] = prepared
        while len(self._prepared) > _KEPT:
            self._prepared.popitem(last=False)
