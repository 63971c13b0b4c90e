"""The worker: does the jobs that wait in the database, and takes up what a killed one left."""

import asyncio
from collections.abc import Sequence

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from callback.rebuild import LISTS_QUEUE
from core.announcements import DELIVERIES_QUEUE
from core.jobs import DEFAULT_QUEUE
from ownerline.jobs.app import make_job_app
from ownerline.services.process import Process, until_told

log = structlog.get_logger(__name__)

# Lists are built one after the other anyhow; deliveries must not wait behind them.
_LANES: Sequence[tuple[Sequence[str], bool]] = (
    ((LISTS_QUEUE,), True),
    ((DEFAULT_QUEUE, DELIVERIES_QUEUE), False),
)
_GRACE_S = 5.0  # then a job that still runs goes back to the others
_HEARTBEAT_S = 5.0
_STALLED_AFTER_S = 20.0
_POLL_S = 5.0  # notifications wake it at once; this finds what was deferred to a later time
_MOST_TRIES = 10


class WorkerPart:
    """Does jobs, some side by side."""

    name = "worker"

    async def run(self, process: Process) -> None:
        """Work until the process ends; what still runs then gets some seconds."""
        at_once = process.runtime.settings.jobs_at_once
        name = f"ownerline {process.name} jobs"
        async with make_job_app(process.runtime, name=name).open_async() as app:
            process.is_up(self.name)
            lanes = [
                _work(app, queues, at_once=1 if alone else at_once) for queues, alone in _LANES
            ]
            await until_told(process, *lanes, _take_up_the_stalled(app))
        if not process.ending.told:
            message = "the job queue's worker ended by itself"
            raise ConnectorException(message)


async def _work(app: App, queues: Sequence[str], *, at_once: int) -> None:
    await app.run_worker_async(
        queues=list(queues),
        name=f"ownerline {queues[0]}",
        concurrency=at_once,
        install_signal_handlers=False,
        shutdown_graceful_timeout=_GRACE_S,
        fetch_job_polling_interval=_POLL_S,
        update_heartbeat_interval=_HEARTBEAT_S,
        stalled_worker_timeout=_STALLED_AFTER_S,
    )


async def _take_up_the_stalled(app: App) -> None:
    while True:
        await take_up_stalled(app, after_s=_STALLED_AFTER_S)
        await asyncio.sleep(_STALLED_AFTER_S / 2)


async def take_up_stalled(app: App, *, after_s: float) -> None:
    """Give jobs whose worker shows no sign of life to the others; one that kills each is failed."""
    jobs = app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=after_s):
        log.warning("job_stalled", job_id=job.id, task=job.task_name, tries=job.attempts)
        try:
            if job.attempts >= _MOST_TRIES:
                await jobs.finish_job(job, status=Status.FAILED, delete_job=False)
            else:
                await jobs.retry_job(job)
        except UniqueViolation:  # another one of its queueing lock waits, and will do for it
            await jobs.finish_job(job, status=Status.ABORTED, delete_job=False)
        except ConnectorException as err:  # another worker was quicker, or the database is away
            log.warning("job_not_taken_up", job_id=job.id, error=str(err.__cause__ or err))
