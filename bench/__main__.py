"""Run the benchmarks on databases of their own, print the figures, leave nothing behind."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path

from bench import (
    building,
    calls,
    claims,
    forecast,
    importing,
    pacing,
    pacing_day,
    pages,
    replay,
    whatif,
)
from bench.answers import told as answers
from bench.asterisk import load
from bench.asterisk.stage import Stage, stage
from bench.console import bare, floor
from bench.console import load as console
from bench.dialing import TRUNK, only_warnings
from bench.place import database, server
from bench.twilio import load as twilio
from bench.world import Size
from ownerline.database import upgrade


def main() -> int:
    """Run those named, or all; 1 when a target of one does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "benches",
        nargs="*",
        choices=[[], *_BENCHES],
        metavar="BENCH",
        help=f"{', '.join(_BENCHES)}; all without any; pacing and pacing-day --help stand apart",
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: shows that they work, measures nothing"
    )
    parser.add_argument(
        "--only", choices=ASTERISK_PARTS, help="one part of asterisk, alone or beside others"
    )
    if sys.argv[1:2] == ["pacing"]:  # needs no database, and takes words of its own
        return pacing.main(sys.argv[2:])
    if sys.argv[1:2] == ["pacing-day"]:  # words of its own, too
        return pacing_day.main(sys.argv[2:])
    if sys.argv[1:2] == ["forecast"]:  # likewise, and plays demos in homes of their own
        return forecast.main(sys.argv[2:])
    given = parser.parse_args()
    names = given.benches or ([*_BENCHES] if given.only is None else ["asterisk"])
    benches = _BENCHES | {"asterisk": partial(bench_asterisk, only=given.only)}
    with server() as on:
        held = [benches[name](on, quick=given.quick) for name in names]
    return 0 if given.quick or all(held) else 1


def bench_building(on: str, *, quick: bool) -> bool:
    """List building against the bare SQL that writes the same rows."""
    size, rounds = (building.QUICK, 1) if quick else (Size(), 3)
    _head(
        f"building: {size.owners:,} owners, {size.charges:,} charges, "
        f"{size.work_orders:,} work orders"
    )
    with database(on) as url:
        found = asyncio.run(building.measure(url, size, rounds=rounds))
    _line("due calls built", found.due_calls, f"different from the bare SQL's: {found.different}")
    _line("bare set-based SQL, s", found.bare_s, "the same due calls and charges")
    _line("  without the charges, s", found.calls_only_s)
    _line("build_lists, s", found.built_s)
    return all(
        [
            _target("ratio", found.ratio, at_most=building.TARGET_RATIO),
            _target("peak memory, MB", found.peak_mb, at_most=building.TARGET_MB),
            not found.different,
        ]
    )


def bench_claims(on: str, *, quick: bool) -> bool:
    """Whole claims beside bare fetches of the job queue, as the queue grows."""
    lengths = (2_000, 4_000) if quick else (100_000, 1_000_000)
    crews, seconds = ((2,), 0.5) if quick else ((1, 4, 16), 5.0)
    held, rates = [], {}
    for waiting in lengths:
        _head(
            f"claims: {waiting:,} waiting, batches of {claims.BATCH}, "
            f"beside procrastinate's fetch_job"
        )
        with database(on) as url:
            claims.prepare(url, waiting)
            for found in claims.measure(url, waiting=waiting, workers=crews, seconds=seconds):
                rates[waiting, found.workers] = found.claims
                _line(f"{found.workers:>2} workers: fetches a second", found.fetches)
                _line("            claims a second", found.claims)
                held.append(_target("            ratio", found.ratio, at_least=claims.TARGET_RATIO))
    short, long = lengths
    for crew in crews:
        flatness = rates[long, crew] / rates[short, crew]
        held.append(
            _target(
                f"{crew:>2} workers: {long:,} over {short:,}",
                flatness,
                at_least=claims.TARGET_FLATNESS,
            )
        )
    return all(held)


def bench_replay(on: str, *, quick: bool) -> bool:
    """A day decided once more beside a bare reading of its rows."""
    verdicts = 1_000 if quick else 100_000
    _head(f"replay: {verdicts:,} verdicts")
    with database(on) as url:
        claims.prepare(url, verdicts + 1_000)
        found = asyncio.run(replay.measure(url, verdicts=verdicts))
    _line("bare reading, s", found.bare_s, f"{found.verdicts:,} verdicts and their records")
    _line("replay, s", found.replay_s, f"different: {found.different}")
    _line("verdicts a second", found.per_s)
    _line("replay over bare reading", found.ratio)
    _line("memory beyond the start, MB", found.growth_mb)
    return not found.different


def bench_calls(on: str, *, quick: bool) -> bool:
    """Simulated calls a second through the engine, and two dialers against one."""
    waiting, minutes, seconds = (300, 1.0, 1.0) if quick else (30_000, 15.0, 15.0)
    _head(f"calls: {waiting:,} waiting, {TRUNK.channels} channels")
    with database(on) as url:
        calls.prepare(url, waiting)
        placed, took_s = asyncio.run(calls.virtual_day(url, minutes=minutes))
    _line("one engine, virtual clock", placed / took_s, f"calls a second ({placed:,} calls)")
    rates = []
    for dialers in () if quick else (1, 2):
        with database(on) as url, tempfile.TemporaryDirectory(prefix="ownerline-bench-") as folder:
            calls.prepare(url, waiting)
            rates.append(calls.fleet_rate(url, Path(folder), dialers=dialers, seconds=seconds))
        _line(f"{dialers} dialers, carrier apart", rates[-1], "calls a second")
    if rates:
        _line("two dialers over one", rates[1] / rates[0], "on as many cores as there are")
    return placed > 0


def bench_import(on: str, *, quick: bool) -> bool:
    """A large workbook's seconds and memory beside a bare pass over the file."""
    rows = 2_000 if quick else 200_000
    _head(f"import: contacts, {rows // 10:,} and {rows:,} rows")
    with (
        database(on) as one,
        database(on) as other,
        tempfile.TemporaryDirectory(prefix="ownerline-bench-") as folder,
    ):
        for url in (one, other):
            upgrade(url)
        found = importing.measure(one, other, Path(folder), rows=rows)
    _line("import, s", found.large.seconds, f"{found.large.rows:,} rows accepted")
    _line("bare openpyxl pass, s", found.bare.seconds, "the same file, read only")
    _line("ratio", found.ratio)
    _line("peak memory, small file, MB", found.small.peak_mb)
    _line("peak memory, large file, MB", found.large.peak_mb, f"bare {found.bare.peak_mb:.0f} MB")
    return _target("growth, MB", found.growth_mb, at_most=importing.TARGET_GROWTH_MB)


ASTERISK_PARTS = ("setup", "words", "whole", "crowd")


def bench_asterisk(on: str, *, quick: bool, only: str | None = None) -> bool:
    """The Asterisk bridge beside a bare script that only originates, on one real Asterisk."""
    only_warnings()
    parts: dict[str, Callable[[Stage], bool]] = {
        "setup": partial(_setup, calls=60 if quick else 1_000),
        "words": partial(_words, up=20 if quick else 200, rounds=1 if quick else 4),
        "whole": partial(_whole, on=on, owners=20 if quick else 600, per_s=5.0 if quick else 12.0),
        "crowd": partial(_crowd, calls=50 if quick else 500),
    }
    with stage() as there:
        held = [parts[name](there) for name in ASTERISK_PARTS if only in {None, name}]
    return all(held)


def _setup(there: Stage, *, calls: int) -> bool:
    _head(f"asterisk: {calls:,} calls set up as fast as Asterisk decides them")
    bare, ours = load.setup(there, calls=calls)
    _line("bare originates a second", bare.per_s)
    _line("over the bridge a second", ours.per_s, "each with a talk over FastAGI")
    return _target("ratio", ours.per_s / bare.per_s, at_least=load.TARGET_SETUP_RATIO)


def _words(there: Stage, *, up: int, rounds: int) -> bool:
    _head(f"asterisk: from the answer to the first sample, ms; {up} calls up")
    bare, ours = load.first_words(there, up=up, rounds=rounds)
    _line("bare dialplan, median", bare.first(0.5) * 1000, f"95 %: {bare.first(0.95) * 1e3:.1f}")
    most = (bare.first(0.5) + load.TARGET_FIRST_MORE_S) * 1000
    held = _target("our talks, median", ours.first(0.5) * 1000, at_most=round(most, 1))
    most = load.TARGET_FIRST_P95_S * 1000
    return _target("our talks, 95 %", ours.first(0.95) * 1000, at_most=most) and held


def _whole(there: Stage, *, on: str, owners: int, per_s: float) -> bool:
    _head(f"asterisk: a whole dialer, {owners} owners who listen and press nothing")
    with database(on) as url:
        found = load.whole(there, url, calls=owners, per_s=per_s)
    _line("most calls up at once", found.seen.most_up)
    _line("first sample, median, ms", found.seen.first(0.5) * 1000)
    _line("first sample, 95 %, ms", found.seen.first(0.95) * 1000)
    _line(
        "of one core, a call up, %", found.cpu_share * 100, "the dialer's process, database apart"
    )
    _line("memory, a call up, MB", found.memory_bytes / 1e6)
    lost = found.seen.answered - min(found.answered_on_file, found.outcomes_on_file)
    return _target("answers not on file", lost, at_most=0)


def _crowd(there: Stage, *, calls: int) -> bool:
    _head(f"asterisk: {calls} calls in talks of five questions at once")
    found = load.crowd(there, calls=calls, per_s=calls / 20)
    _line("of one core, a call up, %", found.cpu_share * 100, "the bridge, script and file apart")
    return all(
        [
            _target("calls up at once", found.seen.most_up, at_least=calls),
            _target("events and answers lost", found.lost, at_most=0),
            _target("told twice", found.too_many, at_most=0),
        ]
    )


def bench_twilio(on: str, *, quick: bool) -> bool:
    """Webhooks of Twilio beside a bare route, at the same rate in as many processes."""
    calls = 100 if quick else 1_000
    _head(
        f"twilio: {twilio.RATE:g} webhooks a second on {twilio.PROCESSES} web processes, "
        f"{calls:,} calls"
    )
    with database(on) as url:
        made = twilio.prepare(url, calls)
        bare = twilio.measure(None, [twilio.bare_requests(each) for each in made])
        ours = twilio.measure(url, [twilio.requests_of(each) for each in made])
    _line("bare route, median, ms", bare.share(0.5), f"99 %: {bare.share(0.99):.1f}")
    _line("webhooks, median, ms", ours.share(0.5), "documents, replies and progress")
    _line("webhooks over bare, median", ours.share(0.5) / bare.share(0.5))
    _line("webhooks over bare, 99 %", ours.share(0.99) / bare.share(0.99))
    _line("bare route, of a core, ms", bare.cpu_s * 1000, "a request, the database apart")
    _line("webhooks, of a core, ms", ours.cpu_s * 1000)
    held = _target("webhooks, 99 %, ms", ours.share(0.99), at_most=twilio.TARGET_P99_MS)
    return _target("refused", ours.refused + bare.refused, at_most=0) and held


def bench_console(on: str, *, quick: bool) -> bool:
    """Agents at their desks and supervisors before the wall, beside static answers as large."""
    agents, supervisors, waiting = (8, 2, 300) if quick else (200, 20, 40_000)
    rates = [(8.0, 16)] if quick else list(console.RATES)
    _head(
        f"console: {agents} agents and {supervisors} wallboards connected, {waiting:,} waiting; "
        "ms from an event's commit to the screen"
    )
    people = {"waiting": waiting, "agents": agents, "supervisors": supervisors}
    with (
        database(on) as url,
        tempfile.TemporaryDirectory(prefix="ownerline-bench-") as home,
    ):
        ours = console.measure(url, floor.prepare(url, **people), home=Path(home), rates=rates)
    with database(on) as url:
        sizes = bare.Sizes(parts=ours.noted.mean_parts, wall=ours.noted.mean_wall)
        static = console.measure_bare(url, floor.prepare(url, **people), sizes=sizes, rates=rates)
    held = True
    for here, there in zip(ours.rounds, static.rounds, strict=True):
        goal = here.rate <= console.TARGET_RATE
        _line(f"{here.rate:g} events a second", here.requests_per_s, "requests a second")
        _line("  server, of a core", here.cpu_share, f"bare {there.cpu_share:.2f}")
        for what, mine, its, most in (
            ("desk", here.desks, there.desks, console.TARGET_P95_MS),
            ("answered call pops", here.pops, there.pops, console.TARGET_POP_MS),
            ("desk with all it loads", here.whole, there.whole, None),
            ("wall", here.walls, there.walls, console.TARGET_P95_MS),
        ):
            spread = f"99 %: {mine.share(0.99):,.0f}; bare {its.share(0.5):,.0f}, "
            _line(f"  {what}, median", mine.share(0.5), f"{spread}95 %: {its.share(0.95):,.0f}")
            if most is None or not goal:
                _line(f"  {what}, 95 %", mine.share(0.95))
            else:
                held = _target(f"  {what}, 95 %", mine.share(0.95), at_most=most) and held
        missed = here.desks.missed + here.walls.missed
        held = _target("  events no screen showed", missed, at_most=0) and held
    _line("server memory, alone, MB", ours.alone_mb, f"bare {static.alone_mb:.0f}")
    _line("  all connected, MB", ours.connected_mb, f"bare {static.connected_mb:.0f}")
    _line("  at the end, MB", ours.end_mb, f"bare {static.end_mb:.0f}")
    _line("requests", ours.noted.requests, ", ".join(sorted(ours.noted.why_failed)[:3]))
    return _target("refused or failed", ours.noted.failed, at_most=0) and held


def bench_pages(on: str, *, quick: bool) -> bool:
    """Pages of the console with many calls on file, beside the bare SQL they rest on."""
    attempts, waiting, rounds = (2_000, 400, 2) if quick else (200_000, 40_000, 15)
    _head(f"pages: {attempts:,} attempts of {pages.DAYS} days, {waiting:,} calls waiting; ms")
    held = True
    with (
        database(on) as url,
        tempfile.TemporaryDirectory(prefix="ownerline-bench-") as home,
    ):
        found = pages.measure(
            url, attempts=attempts, waiting=waiting, rounds=rounds, home=Path(home)
        )
    for each in found:
        bare_ms = "" if each.bare_p50 is None else f"bare {each.bare_p50:.0f}"
        ratio = "" if each.ratio is None else f", ratio {each.ratio:.2f}"
        _line(f"{each.page}, median", each.p50, f"{bare_ms}{ratio}")
        if each.page in pages.TARGETS_MS:
            most = pages.TARGETS_MS[each.page]
            held = _target(f"{each.page}, 95 %", each.p95, at_most=most) and held
        else:
            _line(f"{each.page}, 95 %", each.p95)
        held = each.status == HTTPStatus.OK and held
    return held


def bench_whatif(on: str, *, quick: bool) -> bool:
    """A day of 100 agents rehearsed 100 times on two cores."""
    del on  # it needs no database
    replications, agents, due = (4, 10, 2_000) if quick else (whatif.REPLICATIONS, 100, whatif.DUE)
    _head(f"what if: a day of {agents} agents played {replications} times in 2 processes")
    found = whatif.measure(replications=replications, agents=agents, due=due)
    _line("calls of a day", found.attempts, f"{100 * found.utilisation:.1f} % of agents' time busy")
    _line("events in all", found.events)
    _line("a bare loop of them, s", found.bare_s, "heap alone, half of them: one of two processes")
    _line("over the bare loop", found.seconds / found.bare_s)
    return _target("seconds", found.seconds, at_most=whatif.TARGET_S)


_BENCHES: dict[str, Callable[..., bool]] = {
    "building": bench_building,
    "claims": bench_claims,
    "replay": bench_replay,
    "calls": bench_calls,
    "answers": answers.bench,
    "import": bench_import,
    "asterisk": bench_asterisk,
    "twilio": bench_twilio,
    "console": bench_console,
    "whatif": bench_whatif,
    "pages": bench_pages,
}


def _head(text: str) -> None:
    print(f"\n{text}", flush=True)


def _line(what: str, figure: float, remark: str = "") -> None:
    shown = f"{figure:,}" if isinstance(figure, int) else f"{figure:,.2f}"
    print(f"  {what:<34}{shown:>12}   {remark}".rstrip(), flush=True)


def _target(
    what: str, figure: float, *, at_least: float | None = None, at_most: float | None = None
) -> bool:
    """Print a figure that has a target; return whether it holds."""
    held = (at_least is None or figure >= at_least) and (at_most is None or figure <= at_most)
    bound = f"at least {at_least:g}" if at_least is not None else f"at most {at_most:g}"
    _line(what, figure, f"target: {bound}{'' if held else ', MISSED'}")
    return held


if __name__ == "__main__":
    sys.exit(main())
