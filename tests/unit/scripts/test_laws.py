"""Laws of every talk, whatever the owner does."""

import json

from hypothesis import given
from hypothesis import strategies as st

from customers.model import Language
from scripts.interpreter import advance, start
from scripts.library import load_library
from scripts.model import CallPlan, Reply, ReplyKind
from scripts.samples import SAMPLE_IDENTITY
from scripts.state import dump_state, load_state
from scripts.talk import MAX_TURNS
from scripts.wording import names_a_debt
from tests.unit.scripts.talks import HANG_UP, SILENCE, SPEECH, call

LIBRARY = load_library()
_keys = st.one_of(
    st.sampled_from(["1", "2", "3", "4", "5", "0", "9", "*", "*9", "*0", "#", "", SAMPLE_IDENTITY]),
    st.sampled_from(["0310", "1430", "500", "500*5", "20260310"]),
    st.text(alphabet="0123456789*#", max_size=12),
)
replies = st.one_of(
    _keys.map(lambda keys: Reply(kind=ReplyKind.KEYS, value=keys)),
    st.sampled_from([SILENCE, SPEECH, HANG_UP]),
)
mostly_right = st.one_of(
    st.sampled_from(["1", "1", "2", "3", "4", "5", SAMPLE_IDENTITY, "0310", "1430"]).map(
        lambda keys: Reply(kind=ReplyKind.KEYS, value=keys)
    ),
    replies,
)
calls = st.builds(
    lambda names, language, identity, agents, about: call(
        LIBRARY,
        *names,
        language=language,
        identity=identity,
        agents_available=agents,
        about=about,
    ),
    st.lists(st.sampled_from(sorted(LIBRARY.scripts)), min_size=1, max_size=3),
    st.sampled_from(list(Language)),
    st.sampled_from([SAMPLE_IDENTITY, None]),
    st.booleans(),
    st.sampled_from(["overdue", "repair", "survey", "complaint", "greeting"]),
)
news: st.SearchStrategy[tuple[tuple[int, ...], dict[int, dict[str, object]]]] = st.one_of(
    st.just(((), {})),
    st.tuples(st.just((1,)), st.just({})),
    st.tuples(st.just(()), st.just({1: {"total": {"amount_minor": 777, "currency": "CNY"}}})),
)


@given(plan=calls, data=st.data())
def test_every_talk_ends_in_time_with_one_outcome_a_section(
    plan: CallPlan, data: st.DataObject
) -> None:
    state, turn = start(LIBRARY, plan)
    turns, proven = 0, False
    while not state.ended:
        assert turn.ask is not None
        assert turns <= MAX_TURNS + 1
        assert proven or not any(names_a_debt(s, plan.language) for s in turn.say)
        saved = json.loads(json.dumps(dump_state(state)))
        assert load_state(saved) == state
        withdrawn, facts = data.draw(news)
        reply = data.draw(mostly_right)
        before = dump_state(state)
        next_state, next_turn = advance(LIBRARY, state, reply, facts=facts, withdrawn=withdrawn)
        assert dump_state(state) == before
        again = advance(LIBRARY, load_state(saved), reply, facts=facts, withdrawn=withdrawn)
        assert again == (next_state, next_turn)
        state, turn, turns = next_state, next_turn, turns + 1
        proven = state.position["identified"] == "strong"
    assert turn.ask is None
    ids = [outcome.due_call_id for outcome in state.outcomes]
    assert ids == [section.due_call_id for section in plan.sections]
    assert load_state(json.loads(json.dumps(dump_state(state)))) == state
