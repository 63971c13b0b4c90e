"""What is shown while a demo day runs: a live board in a terminal, a few lines elsewhere."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dialer.bridges.port import CallAnswered, CallEnded, CallEvent, CallRinging, CallSubmitted
from ownerline.demo.rehearsal import ZONE, Stage
from ownerline.demo.watching import Observer
from ownerline.demo.wording import counted

FRAMES_A_SECOND = 8
_LOOKS_AGAIN_AFTER_S = 0.4
_LINE_EVERY = timedelta(hours=2)
_LONGEST_LIST = 9
_BAR_WIDTH = 48

_QUEUE = sa.text("""
    SELECT reason, count(*) FILTER (WHERE settled_at IS NULL) AS waiting,
           count(*) FILTER (WHERE settled_at >= :since) AS settled
    FROM due_call
    WHERE (settled_at IS NULL OR settled_at >= :since) AND not_before < :until
    GROUP BY reason
    ORDER BY reason
""")
_CODES = sa.text("""
    SELECT wrap_up_code, count(*)
    FROM attempt_due_call
    WHERE wrap_up_code IS NOT NULL AND settled_at >= :since
    GROUP BY wrap_up_code
    ORDER BY count(*) DESC, wrap_up_code
""")
_FILE = sa.text("""
    SELECT (SELECT count(*) FROM promise WHERE made_at >= :since) AS promises,
           (SELECT count(*) FROM payment WHERE received_at >= :since) AS payments,
           (SELECT count(*) FROM rework_notice WHERE issued_at >= :since) AS rework_notices,
           (SELECT count(*) FROM do_not_call WHERE since >= :since) AS opt_outs
""")


class Tally:
    """Counts the calls by what the bridge reports."""

    def __init__(self) -> None:
        self.attempts = 0
        self.ringing: set[UUID] = set()
        self.talking: set[UUID] = set()
        self.results: Counter[str] = Counter()

    def count(self, event: CallEvent) -> None:
        """Take an event."""
        match event:
            case CallSubmitted():
                self.attempts += 1
            case CallRinging():
                self.ringing.add(event.attempt_id)
            case CallAnswered():
                self.ringing.discard(event.attempt_id)
                self.talking.add(event.attempt_id)
            case CallEnded():
                self.ringing.discard(event.attempt_id)
                self.talking.discard(event.attempt_id)
                self.results[event.result.value] += 1


class Lines:
    """Says a line every two hours of the virtual day."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._tally = Tally()

    def watch(self, stage: Stage) -> Observer:
        """Return what hears the calls of a stage."""
        zone = ZoneInfo(ZONE)
        self._say(
            f"{counted(stage.owners, 'owner')} from seed {stage.seed}, "
            f"{stage.days[0]} from 06:00 on a virtual clock; nobody is really rung"
        )
        next_at = stage.started_at + _LINE_EVERY

        async def heard(event: CallEvent) -> None:
            nonlocal next_at
            self._tally.count(event)
            if event.at >= next_at:
                next_at += _LINE_EVERY * ((event.at - next_at) // _LINE_EVERY + 1)
                self._say(f"{event.at.astimezone(zone):%a %H:%M}  {self._counts()}")

        return heard

    def _counts(self) -> str:
        tally = self._tally
        answered = tally.results["answered"]
        return f"{counted(tally.attempts, 'attempt')}, {answered:,} answered"


class Board:
    """A board that rich draws anew at every frame."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._tally = Tally()
        self._looked_s = 0.0
        self._queue: list[tuple[str, int, int]] = []
        self._codes: list[tuple[str, int]] = []
        self._file: dict[str, int] = {}

    def watch(self, stage: Stage) -> Observer:
        """Return what hears the calls of a stage."""
        self._stage = stage
        return self._heard

    async def _heard(self, event: CallEvent) -> None:
        self._tally.count(event)
        if time.perf_counter() - self._looked_s >= _LOOKS_AGAIN_AFTER_S and self._stage is not None:
            await self._look(self._stage)
            self._looked_s = time.perf_counter()

    async def _look(self, stage: Stage) -> None:
        since = {"since": stage.started_at}
        async with stage.runtime.sessions.begin() as session:
            queue = await session.execute(_QUEUE, {**since, "until": stage.ends_at})
            self._queue = [(row.reason, row.waiting, row.settled) for row in queue]
            codes = await session.execute(_CODES, since)
            self._codes = [(row[0], row[1]) for row in codes]
            self._file = dict((await session.execute(_FILE, since)).one()._asdict())

    def __rich__(self) -> RenderableType:
        """Draw the present state."""
        stage = self._stage
        if stage is None:
            return Text("The demo's own PostgreSQL starts and the owners move in …")
        return Group(
            self._clock(stage),
            Columns(
                [
                    self._due(),
                    _listed("now", self._now()),
                    _listed("results", self._tally.results.most_common()),
                    _listed("said", self._codes),
                    _listed("in the file", list(self._file.items())),
                ],
                padding=(1, 3),
            ),
        )

    def _clock(self, stage: Stage) -> RenderableType:
        now = stage.clock.now()
        length = (stage.ends_at - stage.started_at).total_seconds()
        gone = (now - stage.started_at).total_seconds()
        line = Table.grid(padding=(0, 2))
        line.add_row(
            Text(f"{now.astimezone(ZoneInfo(ZONE)):%a %d %b %Y  %H:%M:%S}", style="bold"),
            ProgressBar(total=length, completed=min(length, gone), width=_BAR_WIDTH),
            f"{counted(stage.owners, 'owner')}, virtual clock, nobody is really rung",
        )
        return line

    def _due(self) -> Table:
        table = Table("due", box=None)
        table.add_column("waiting", justify="right")
        table.add_column("settled", justify="right")
        table.add_column("")
        for reason, waiting, settled in self._queue:
            bar = ProgressBar(total=max(1, waiting + settled), completed=settled, width=12)
            table.add_row(reason, f"{waiting:,}", f"{settled:,}", bar)
        return table

    def _now(self) -> list[tuple[str, int]]:
        tally = self._tally
        return [
            ("attempts", tally.attempts),
            ("ringing", len(tally.ringing)),
            ("talking", len(tally.talking)),
        ]


def _listed(title: str, counts: list[tuple[str, int]]) -> Table:
    table = Table(title, box=None)
    table.add_column("", justify="right")
    for word, count in counts[:_LONGEST_LIST]:
        table.add_row(word.replace("_", " "), f"{count:,}")
    return table
