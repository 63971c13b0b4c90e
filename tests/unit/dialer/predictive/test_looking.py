"""What a pacer is told of calls: everything once, whatever is seen late or seen again."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dialer.pacing.model import Kind
from dialer.predictive.looking import CallWatch

NOW = datetime(2026, 5, 20, 2, tzinfo=UTC)


def _row(**values: object) -> Any:
    """Return a call as the database has it."""
    known: dict[str, object] = {
        "attempt_id": UUID(int=1),
        "state": "ringing",
        "started_at": NOW,
        "answered_at": None,
        "answered_by": None,
        "agent_id": None,
        "met_at": None,
        "ended_at": None,
        "telephony_result": None,
        "told": False,
    }
    return SimpleNamespace(**known | values)


def _at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _watch() -> CallWatch:
    return CallWatch(began_at=NOW, looked_at=NOW)


def test_a_call_is_told_from_its_ring_to_its_end() -> None:
    watch = _watch()
    ringing = watch.look([_row()], now=_at(5))
    assert (ringing.ringing, ringing.waiting, ringing.happened) == ((5.0,), 0, ())

    answered = {"state": "answered", "answered_at": _at(9.5), "answered_by": "unsure"}
    waits = watch.look([_row(**answered)], now=_at(10))
    assert (waits.ringing, waits.waiting) == ((), 1)
    assert [(each.kind, each.seconds) for each in waits.happened] == [(Kind.LIVE, 9.5)]

    met = answered | {"agent_id": 7, "met_at": _at(10.5)}
    talks = watch.look([_row(**met)], now=_at(11))
    assert (talks.ringing, talks.waiting, talks.happened) == ((), 0, ())

    over = met | {"state": "ended", "ended_at": _at(70.5), "telephony_result": "answered"}
    ended = watch.look([_row(**over)], now=_at(71))
    assert [(each.kind, each.seconds) for each in ended.happened] == [(Kind.TALK, 60.0)]
    assert watch.look([_row(**over)], now=_at(72)).happened == ()


def test_an_answer_that_comes_late_is_as_late_as_it_is_seen() -> None:
    """Detection of a machine takes its seconds before anybody needs an agent."""
    watch = _watch()
    watch.look([_row()], now=_at(12))
    late = _row(state="answered", answered_at=_at(9), answered_by="human")
    (live,) = watch.look([late], now=_at(13)).happened
    assert live.seconds == 12.0


def test_who_met_nobody_is_live_and_abandoned_even_if_only_the_end_is_seen() -> None:
    row = _row(
        state="ended",
        answered_at=_at(8),
        answered_by="human",
        ended_at=_at(12),
        telephony_result="abandoned",
        told=True,
    )
    told = _watch().look([row], now=_at(13)).happened
    assert [each.kind for each in told] == [Kind.LIVE, Kind.ABANDONED]


def test_what_another_dialer_has_told_is_not_told_again() -> None:
    watch = CallWatch(began_at=_at(20), looked_at=_at(20))
    row = _row(state="ended", ended_at=_at(12), telephony_result="no_answer")
    assert watch.look([row], now=_at(21)).happened == ()


@given(
    st.lists(st.booleans(), min_size=1, max_size=12),
    st.sampled_from(["answered", "abandoned", "machine", "no_answer", "busy", "lost", "cancelled"]),
)
def test_however_often_and_late_a_call_is_seen_each_thing_is_told_once(
    seen: list[bool], result: str
) -> None:
    """A look may miss a call: its row was not committed yet."""
    person = result in {"answered", "abandoned"}
    by = "human" if person else "machine" if result == "machine" else None
    row = _row(
        state="ended",
        answered_at=None if by is None else _at(5),
        answered_by=by,
        met_at=_at(5) if result == "answered" else None,
        agent_id=1 if result == "answered" else None,
        ended_at=_at(9),
        telephony_result=result,
    )
    watch, told = _watch(), list[Kind]()
    first = seen.index(True) if True in seen else len(seen)
    for nth in range(len(seen)):
        rows = [row] if nth >= first else []
        told += [each.kind for each in watch.look(rows, now=_at(10 + nth)).happened]
    assert len(told) == len(set(told))
    assert len(told) == (0 if True not in seen else 2 if person else 1)
