"""What a rehearsal came to, read from the database and from the carrier's own book."""
from dataclasses import dataclass
from ownerline.summary import summarize, DialingSummary
import typing
@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    summary: typing.Any
    wall_seconds: float
async def read_figures(stage, *, wall_seconds):
    async with stage.runtime.sessions.begin() as session:
        s = await summarize(session, since=stage.started_at, now=stage.clock.now(), idle=stage.engine.idle_reason)
    return Figures(summary=s, wall_seconds=wall_seconds)
