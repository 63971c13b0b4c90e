"""Where an agent stands: every step in every state; and no path on which anybody gets stuck."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.agents.model import AgentState, AgentStateError, BreakReason
from dialer.agents.states import (
    WORD,
    Break,
    Dialling,
    Offered,
    Offline,
    OnCall,
    Ready,
    Standing,
    WrapUp,
    attempt_of,
)
from dialer.agents.steps import (
    Asked,
    AskToDial,
    BecomeReady,
    CallHandedOver,
    CallMet,
    CallOver,
    CallPlaced,
    GiveWrapUp,
    HangUp,
    Offer,
    PassCall,
    PhoneMissing,
    Release,
    ScreenLost,
    SignIn,
    SignOut,
    Step,
    TakeBreak,
    TimePassed,
    after,
)

CALL, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)
SOON = NOON + timedelta(minutes=1)
LATE = NOON + timedelta(minutes=2)

STATES: dict[str, Standing] = {
    "offline": Offline(),
    "ready": Ready(),
    "offered": Offered(due_call_id=7, until=SOON),
    "asked": Offered(due_call_id=7, until=SOON, dial=True),
    "dialling": Dialling(attempt_id=CALL),
    "on_call": OnCall(attempt_id=CALL),
    "wrap_up": WrapUp(attempt_id=CALL, until=SOON),
    "break": Break(reason=BreakReason.LUNCH),
}
STEPS: dict[str, Step] = {
    "sign_in": SignIn(),
    "sign_out": SignOut(),
    "become_ready": BecomeReady(),
    "take_break": TakeBreak(reason=BreakReason.REST),
    "offer": Offer(due_call_id=8, until=LATE),
    "ask_to_dial": AskToDial(until=LATE),
    "release": Release(),
    "placed": CallPlaced(attempt_id=CALL),
    "handed_over": CallHandedOver(attempt_id=CALL),
    "pass": PassCall(attempt_id=CALL),
    "pass_another": PassCall(attempt_id=OTHER),
    "phone_missing": PhoneMissing(attempt_id=CALL),
    "phone_missing_for_another": PhoneMissing(attempt_id=OTHER),
    "hang_up": HangUp(),
    "wrap_up": GiveWrapUp(attempt_id=CALL),
    "wrap_up_and_break": GiveWrapUp(attempt_id=CALL, then=BreakReason.REST),
    "wrap_up_of_another": GiveWrapUp(attempt_id=OTHER),
    "met": CallMet(attempt_id=CALL),
    "met_of_another": CallMet(attempt_id=OTHER),
    "over_spoke": CallOver(attempt_id=CALL, spoke=True, wrap_up_until=LATE),
    "over_unmet": CallOver(attempt_id=CALL, spoke=False, wrap_up_until=LATE),
    "over_of_another": CallOver(attempt_id=OTHER, spoke=True, wrap_up_until=LATE),
    "too_early": TimePassed(now=NOON),
    "time": TimePassed(now=SOON),
    "lost": ScreenLost(),
}
_NO_PHONE = Break(reason=BreakReason.PHONE)
_REST = Break(reason=BreakReason.REST)
_OWES = WrapUp(attempt_id=CALL, until=LATE)
_CALL = Dialling(attempt_id=CALL)
TABLE: dict[str, dict[str, Standing]] = {
    "offline": {"sign_in": Ready(), "sign_out": Offline()},
    "ready": {
        "sign_out": Offline(),
        "become_ready": Ready(),
        "take_break": _REST,
        "offer": Offered(due_call_id=8, until=LATE),
        "placed": _CALL,
        "handed_over": OnCall(attempt_id=CALL),
        "lost": Offline(),
    },
    "offered": {
        "sign_out": Offline(),
        "take_break": _REST,
        "ask_to_dial": Offered(due_call_id=7, until=LATE, dial=True),
        "release": Ready(),
        "placed": _CALL,
        "handed_over": OnCall(attempt_id=CALL),
        "time": Ready(),
        "lost": Offline(),
    },
    "asked": {
        "sign_out": Offline(),
        "take_break": _REST,
        "ask_to_dial": STATES["asked"],
        "release": Ready(),
        "placed": _CALL,
        "time": Ready(),
        "lost": Offline(),
    },
    "dialling": {
        "hang_up": Dialling(attempt_id=CALL, hang_up=True),
        "met": OnCall(attempt_id=CALL),
        "phone_missing": _NO_PHONE,
        "over_spoke": _OWES,
        "over_unmet": Ready(),
        "lost": Offline(),
    },
    "on_call": {
        "pass": Ready(),
        "phone_missing": _NO_PHONE,
        "hang_up": OnCall(attempt_id=CALL, hang_up=True),
        "over_spoke": _OWES,
        "over_unmet": _OWES,
        "lost": Offline(),
    },
    "wrap_up": {
        "wrap_up": Ready(),
        "wrap_up_and_break": _REST,
        "time": Ready(),
        "lost": Offline(),
    },
    "break": {
        "sign_out": Offline(),
        "become_ready": Ready(),
        "take_break": _REST,
        "lost": Offline(),
    },
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_leads_on_is_refused_or_changes_nothing(state: str, step: str) -> None:
    expected = TABLE[state].get(step)
    if expected is not None:
        assert after(STATES[state], STEPS[step]) == expected
    elif isinstance(STEPS[step], Asked):
        with pytest.raises(AgentStateError, match=WORD[type(STATES[state])].value):
            after(STATES[state], STEPS[step])
    else:
        assert after(STATES[state], STEPS[step]) is STATES[state]


def _reached(steps: list[Step]) -> Standing:
    standing: Standing = Offline()
    for step in steps:
        try:
            standing = after(standing, step)
        except AgentStateError:
            continue
    return standing


def _swept(standing: Standing, *, screen: bool) -> Standing:
    """Sweep once, long after: what runs out has run out, what was up has ended."""
    if not screen:
        standing = after(standing, ScreenLost())
    standing = after(standing, TimePassed(now=LATE + timedelta(days=1)))
    attempt_id = attempt_of(standing)
    if attempt_id is not None:
        over = CallOver(attempt_id=attempt_id, spoke=True, wrap_up_until=LATE)
        standing = after(standing, over)
    return standing


@given(st.lists(st.sampled_from(list(STEPS.values())), max_size=12), st.booleans())
def test_from_every_state_two_sweeps_lead_to_the_desk_or_away_from_it(
    steps: list[Step], screen: bool
) -> None:
    standing = _reached(steps)
    for _ in range(2):
        standing = _swept(standing, screen=screen)
    free = {AgentState.READY, AgentState.OFFLINE, AgentState.BREAK}
    assert WORD[type(standing)] in (free if screen else {AgentState.OFFLINE})


@given(st.lists(st.sampled_from(list(STEPS.values())), max_size=12))
def test_whatever_happens_an_agent_has_one_call_at_most(steps: list[Step]) -> None:
    standing: Standing = Offline()
    for step in steps:
        before = attempt_of(standing)
        try:
            standing = after(standing, step)
        except AgentStateError:
            continue
        now = attempt_of(standing)
        assert before is None or now is None or before == now
