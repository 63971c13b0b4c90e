"""What binds a pacing: the strictest pack, never widened by a supervisor."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback.campaign_settings import is_called_ahead
from callback.campaigns import Dialling, shipped_campaigns
from callback.packs import shipped_packs
from customers.model import CallMode
from dialer.predictive.limits import (
    PackLimits,
    Tightened,
    Why,
    day_ends_at,
    limits_of,
    pack_limits,
    why_progressive,
)
from dialer.wall.model import Place

NOW = datetime(2026, 5, 20, 2, tzinfo=UTC)
CN = Place(time_zone="Asia/Shanghai", packs=("CN",), region="CN")
US = Place(time_zone="America/New_York", packs=("US",), region="US")
UNKNOWN = Place(time_zone="Asia/Shanghai", packs=("nobody-knows",), region="CN")
LAW = PackLimits(ceiling=0.03, window_s=86_400.0, agent_within_s=2.0)


def _tightened(target: float | None, *, one_line_each: bool = False) -> Tightened:
    return Tightened(target=target, one_line_each=one_line_each, at=NOW, by="Wu", why="asked")


def test_the_lowest_ceiling_holds_over_the_longest_window() -> None:
    found = pack_limits([CN, US], shipped_packs())
    assert (found.ceiling, found.window_s, found.agent_within_s) == (0.03, 720 * 3600.0, 2.0)


@pytest.mark.parametrize("places", [[], [UNKNOWN], [CN, UNKNOWN]])
def test_where_a_pack_says_nothing_nobody_is_called_ahead(places: list[Place]) -> None:
    law = pack_limits(places, shipped_packs())
    assert law.ceiling is None
    assert why_progressive(law, None) is Why.PACK
    assert not limits_of(law, None, channels=None, calls_per_second=None).predictive


def test_one_line_each_is_the_supervisors() -> None:
    set_over = _tightened(None, one_line_each=True)
    assert why_progressive(LAW, set_over) is Why.SUPERVISOR
    assert not limits_of(LAW, set_over, channels=5, calls_per_second=None).predictive


@given(st.floats(0.0001, 0.9999))
def test_a_supervisor_never_widens_what_the_packs_allow(target: float) -> None:
    limits = limits_of(LAW, _tightened(target), channels=None, calls_per_second=None)
    assert limits.target == min(target, 0.03)


def test_the_day_ends_with_the_last_minutes_in_which_somebody_may_be_rung() -> None:
    repair = shipped_campaigns().repair
    ends = day_ends_at(repair, [CN], shipped_packs(), now=NOW, zone="Asia/Shanghai")
    assert ends is not None
    assert NOW < ends <= NOW.replace(hour=16)  # midnight in Shanghai
    later = ends + timedelta(minutes=10)
    assert day_ends_at(repair, [CN], shipped_packs(), now=later, zone="Asia/Shanghai") is None
    assert day_ends_at(repair, [UNKNOWN], shipped_packs(), now=NOW, zone="Asia/Shanghai") is None


def test_a_campaign_is_called_ahead_where_agents_speak_on_some_of_its_steps() -> None:
    overdue = shipped_campaigns().overdue
    ahead = overdue.model_copy(update={"dialling": Dialling.PREDICTIVE})
    assert not is_called_ahead(ahead)
    first, *rest = overdue.ladder
    of_agents = first.model_copy(update={"mode": CallMode.AGENT})
    assert is_called_ahead(ahead.model_copy(update={"ladder": (of_agents, *rest)}))
    assert is_called_ahead(ahead.model_copy(update={"mode": CallMode.AGENT}))
    assert not is_called_ahead(overdue.model_copy(update={"mode": CallMode.AGENT}))
