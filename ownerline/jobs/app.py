"""Every job by name, and the application whose workers do them."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from procrastinate import App, PsycopgConnector

from callback.rebuild import BUILD_LISTS
from core import metrics
from core.announcements import SEND_DELIVERY
from core.database import libpq_url
from ownerline.jobs import deliveries, figures, learning, lists, quality, recordings, retention
from ownerline.jobs.patience import Patience
from ownerline.runtime import Runtime
from recordings.service import COLLECT

# Connections of a worker process beside its sessions: fetching, finishing, listening.
_CONNECTIONS = 4
_CONNECTION_TIMEOUT_S = 10.0

Work = Callable[..., Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Work under a name; it takes the runtime and the job's arguments."""

    work: Work
    tries: int = 5


TASKS: Mapping[str, Task] = {
    BUILD_LISTS: Task(work=lists.build_community, tries=0),  # defers itself anew
    SEND_DELIVERY: Task(work=deliveries.send_delivery, tries=24),  # beside its own, about a day
    retention.RETENTION: Task(work=retention.sweep),
    COLLECT: Task(work=recordings.collect_recording),  # defers itself anew
    recordings.TEND_RECORDINGS: Task(work=recordings.tend),
    learning.LEARN_ANSWER_CHANCES: Task(work=learning.learn),
    quality.DRAW_QUALITY: Task(work=quality.draw_month),
    figures.KEEP_FIGURES: Task(work=figures.keep),
}


def make_job_app(runtime: Runtime, *, name: str = "ownerline worker") -> App:
    """Return the application of the jobs, not open yet; `name` is shown in pg_stat_activity."""
    app = App(
        connector=PsycopgConnector(
            conninfo=libpq_url(runtime.database_url),
            kwargs={"application_name": name, "connect_timeout": int(_CONNECTION_TIMEOUT_S)},
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_CONNECTION_TIMEOUT_S,
        )
    )
    for task_name, task in TASKS.items():
        work = _bound(task_name, task.work, runtime)
        app.task(name=task_name, retry=Patience(tries=task.tries))(work)
    return app


def _bound(name: str, work: Work, runtime: Runtime) -> Work:
    @functools.wraps(work)
    async def bound(**arguments: Any) -> None:
        started_s = monotonic()
        outcome = "failed"
        try:
            await work(runtime, **arguments)
            outcome = "done"
        finally:
            metrics.JOB_S.labels(name, outcome).observe(monotonic() - started_s)

    return bound
