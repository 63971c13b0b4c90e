"""The processes as an operator meets them: they say what they are, answer probes, end cleanly."""

import asyncio
import contextlib
import signal
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.integration.cli.command import Installation
from tests.integration.services.running import Running, running, until

_ALL = {
    "serve": ("serve", "--port", "0"),
    "api": ("api", "--port", "0"),
    "dialer": ("dialer", "--metrics-port", "0"),
    "scheduler": ("scheduler", "--metrics-port", "0"),
    "worker": ("worker", "--metrics-port", "0"),
}


async def _is_ready(each: Running) -> bool:
    return (await each.ask("/ready")).status_code == 200


async def test_every_process_says_what_it_is_answers_probes_and_ends_with_0(
    database_url: str, tmp_path: Path
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        homes = {name: tmp_path / name for name in _ALL}
        for home in homes.values():
            home.mkdir()
        started = await asyncio.gather(
            *(
                stack.enter_async_context(running(homes[name], database_url, *words))
                for name, words in _ALL.items()
            )
        )
        for name, each in zip(_ALL, started, strict=True):
            assert each.line.startswith(f"ownerline {name}; ")
            assert (await each.ask("/health")).json() == {"status": "alive", "process": name}
            await until(partial(_is_ready, each))
            metrics = await each.ask("/metrics")
            assert "ownerline_due_calls_waiting" in metrics.text
            assert metrics.headers["content-type"].startswith("text/plain")
        assert "not dialling: no community yet" in started[0].line
        for nth, each in enumerate(started):
            how = signal.SIGINT if nth % 2 else signal.SIGTERM
            assert await each.end(how) == 0, each.events
            assert each.said("process_ended")
        assert all(event["process"] in _ALL for each in started for event in each.events)


async def test_a_scheduler_that_is_killed_is_followed_by_another(
    database_url: str, tmp_path: Path
) -> None:
    words = ("scheduler", "--metrics-port", "0")
    async with running(tmp_path, database_url, *words) as first:

        async def first_fires() -> bool:
            return first.said("scheduler_took_over")

        await until(first_fires)
        async with running(tmp_path, database_url, *words) as second:
            await until(lambda: _is_ready(second))
            assert not second.said("scheduler_took_over")
            assert await first.end(signal.SIGKILL) == -signal.SIGKILL

            async def second_fires() -> bool:
                return second.said("scheduler_took_over")

            await until(second_fires)
            assert await second.end() == 0


async def test_a_process_outlives_the_loss_of_all_its_connections(
    database_url: str, tmp_path: Path
) -> None:
    async with running(tmp_path, database_url, "serve", "--port", "0") as serve:
        await until(lambda: _is_ready(serve))
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )

        async def is_back() -> bool:
            return serve.said("live_feed_back") and await _is_ready(serve)

        await until(is_back)
        assert (await serve.ask("/health")).status_code == 200
        assert await serve.end() == 0


async def test_an_address_that_is_taken_is_told_in_a_sentence(
    database_url: str, tmp_path: Path
) -> None:
    async with running(tmp_path, database_url, "api", "--port", "0") as api:
        port = api.urls[0].rpartition(":")[2]
        ours = Installation(home=tmp_path, database_url=database_url)
        done = await asyncio.to_thread(ours.run, "api", "--port", port)
        assert done.code == 1
        assert f"port {port} cannot be listened on" in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize("word", ["serve", "api"])
def test_a_port_that_is_none_is_wrong_usage(word: str, tmp_path: Path) -> None:
    done = Installation(home=tmp_path).run(word, "--port", "70000")
    assert done.code == 2
