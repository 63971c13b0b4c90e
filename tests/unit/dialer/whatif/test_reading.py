"""What is typed as settings and targets, how agents' days are read, and what follows a word."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callback.campaigns import Campaign, shipped_campaigns
from callback.model import DueCallState
from customers.model import WrapUpCode
from dialer.model import TelephonyResult
from dialer.retry import decide
from dialer.whatif.freeze import follow_of
from dialer.whatif.measuring import days_at_work
from dialer.whatif.model import Manner, WhatIfError
from dialer.whatif.pilot import Team, pilot, with_pacer, with_policy
from dialer.whatif.result import read_target
from dialer.whatif.setting import read_change

NOON = datetime(2026, 12, 16, 4, tzinfo=UTC)
WORDS = [
    *((result, None) for result in TelephonyResult),
    *((TelephonyResult.ANSWERED, code) for code in WrapUpCode),
]


@settings(max_examples=80, deadline=None)
@given(
    word=st.sampled_from(WORDS),
    campaign=st.sampled_from(shipped_campaigns().all),
    attempts=st.integers(1, 8),
    same=st.integers(0, 10),
)
def test_a_word_is_followed_as_the_retry_rules_decide(
    word: tuple[TelephonyResult, WrapUpCode | None], campaign: Campaign, attempts: int, same: int
) -> None:
    result, code = word
    decided = decide(
        result=result,
        code=code,
        attempts=attempts,
        same_before=same,
        ended_at=NOON,
        campaign=campaign,
    )
    follow = follow_of(campaign, code.value if code else result.value)
    assert follow.final == (decided.state is DueCallState.DONE)
    if decided.state is DueCallState.WAITING:
        assert decided.retry_at == NOON + timedelta(seconds=follow.after_s)
    exhausted = attempts >= campaign.max_attempts or (
        same >= follow.times and not follow.phone_dies
    )
    assert (decided.state is DueCallState.EXHAUSTED) == (exhausted and not follow.final)


def test_settings_are_read_from_words() -> None:
    change = read_change(["agents=12", "hours=overdue:14:00-18:00,09:00-12:00", "target=0.02"])
    assert (change.agents, change.target) == (12, 0.02)
    assert change.hours is not None
    assert [str(each) for each in change.hours.hours[0]] == ["09:00-12:00", "14:00-18:00"]
    assert read_change(["dialling=overdue:predictive"]).dialling == ("overdue", Manner.PREDICTIVE)


@pytest.mark.parametrize(
    "word",
    [
        "agents=0",
        "agents=-3",
        "agents=twelve",
        "agents",
        "channels=",
        "calls_per_second=nan",
        "target=2",
        "hours=overdue:9-12",
        "hours=overdue:09:00-12:00,11:00-13:00",
        "dialling=overdue:shouting",
        "坐席=3",
        "",
    ],
)
def test_a_setting_that_means_nothing_is_refused_with_those_there_are(word: str) -> None:
    with pytest.raises(WhatIfError, match="write one of agents, channels"):
        read_change([word])


@pytest.mark.parametrize("text", ["contacts", "contacts=0", "contacts=nan", "deadlines=2", "x=1"])
def test_a_target_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(WhatIfError, match="write contacts=300"):
        read_target(text)


def test_days_at_work_are_the_latest_of_that_kind_of_day() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    monday = datetime(2026, 12, 14, 9, tzinfo=zone)
    steps = []
    for nth in range(6):  # Monday to Saturday
        at = monday + timedelta(days=nth)
        steps += [(at, True), (at + timedelta(hours=3), False)]
        steps += [(at + timedelta(hours=5), True), (at + timedelta(hours=9), False)]
    weekdays = days_at_work(steps, zone=zone, weekend=False)
    assert weekdays == (((9 * 3600.0, 12 * 3600.0), (14 * 3600.0, 18 * 3600.0)),) * 5
    assert len(days_at_work(steps, zone=zone, weekend=True)) == 1


def test_what_stands_for_the_pacer_keeps_agents_as_busy_as_the_pacer_does() -> None:
    times = {
        "live": (6.0, 9.0, 12.0, 15.0, 18.0, 22.0),
        "other": (5.0, 12.0, 20.0, 30.0, 30.0),
        "talk": (30.0, 60.0, 90.0, 120.0, 160.0, 260.0),
        "wrap": (12.0, 20.0, 28.0, 36.0, 54.0),
    }
    team = Team(agents=20, chance=0.4, times=times, target=0.03)
    short = with_policy(team, pilot(team, seed=1), seed=1)
    real = with_pacer(team, seed=1)
    assert abs(short.utilisation - real.utilisation) < 0.01
    assert abs(short.abandoned - real.abandoned) < 0.02
