"""Plays the console's rehearsals beside the loop: in a thread, and from there in processes."""

import asyncio
import threading
from time import monotonic
from typing import Any

import structlog

from api.deps import ApiDeps
from core.errors import OwnerlineError
from dialer.scoring import shipped_scoring
from dialer.whatif.answer import Question, answer, frozen_day
from dialer.whatif.freeze import FreezeBasis, Frozen, lines_of
from dialer.whatif.keeping import end_rehearsal, say_how_far
from dialer.whatif.model import WhatIfError
from dialer.whatif.runs import StoppedError
from dialer.whatif.tables import RehearsalState

log = structlog.get_logger(__name__)

MOST_DUE = 20_000
_LONGEST_S = 600.0
_TELL_EVERY_S = 1.0

_running: set[asyncio.Task[None]] = set()  # a loop keeps no task alive by itself


async def start_playing(deps: ApiDeps, question: Question, rehearsal_id: int) -> None:
    """Play a rehearsal that is on file, in a task of its own."""
    task = asyncio.get_running_loop().create_task(_Playing(deps, question, rehearsal_id).run())
    _running.add(task)
    task.add_done_callback(_running.discard)


class _Playing:
    def __init__(self, deps: ApiDeps, question: Question, rehearsal_id: int) -> None:
        self._deps = deps
        self._question = question
        self._id = rehearsal_id
        self._stop = threading.Event()
        self._late = False
        self._played = 0

    async def run(self) -> None:
        ended: dict[str, Any] = {}
        try:
            frozen = await self._frozen()
            ended = {"state": RehearsalState.DONE, "answer": await self._answer(frozen)}
        except StoppedError:
            ended = {"state": RehearsalState.STOPPED}
            if self._late:
                ended = {"state": RehearsalState.FAILED, "trouble": "too_long"}
        except WhatIfError as err:
            ended = {"state": RehearsalState.FAILED, "trouble": err.word}
        except asyncio.CancelledError:
            self._stop.set()
            raise
        except (OwnerlineError, OSError) as err:
            log.warning("rehearsal_failed", rehearsal_id=self._id, error=type(err).__name__)
            ended = {"state": RehearsalState.FAILED, "trouble": "failed"}
        except Exception as err:  # the edge of a job: logged, and shown as failed
            log.exception("rehearsal_failed", rehearsal_id=self._id, error=type(err).__name__)
            ended = {"state": RehearsalState.FAILED, "trouble": "failed"}
        async with self._deps.sessions.begin() as session:
            await end_rehearsal(session, self._id, played=self._played, **ended)

    async def _frozen(self) -> Frozen:
        deps = self._deps
        basis = FreezeBasis(
            campaigns=deps.desk.campaigns,
            packs=deps.desk.packs,
            scoring=shipped_scoring(),
            lines=lines_of(deps.trunks),
            bridge_is_real=deps.desk.bridge_is_real,
            test_numbers=deps.desk.test_numbers,
            destinations=deps.desk.destinations,
            time_zone=deps.defaults.time_zone,
        )
        return await frozen_day(
            deps.sessions, basis, self._question, now=deps.clock.now(), most_due=MOST_DUE
        )

    async def _answer(self, frozen: Frozen) -> dict[str, Any]:
        def told(done: int, _: int) -> None:
            self._played = done

        playing = asyncio.create_task(
            asyncio.to_thread(answer, frozen, self._question, told=told, stopped=self._stop.is_set)
        )
        ends_s = monotonic() + _LONGEST_S
        try:
            while not (await asyncio.wait([playing], timeout=_TELL_EVERY_S))[0]:
                async with self._deps.sessions.begin() as session:
                    goes_on = await say_how_far(session, self._id, played=self._played)
                self._late = monotonic() > ends_s
                if not goes_on or self._late:
                    self._stop.set()
        finally:
            self._stop.set()
        return (await playing).as_json()
