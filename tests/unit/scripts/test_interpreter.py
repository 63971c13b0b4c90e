"""What the interpreter makes of replies: identity, opt-out, outcomes, refused values, news."""

import itertools

import pytest

from customers.model import Language, WrapUpCode
from scripts.interpreter import TalkEndedError, abandon_message, advance, message, start
from scripts.library import Library
from scripts.variables import VariableError
from scripts.wording import names_a_debt
from tests.unit.scripts.talks import HANG_UP, OWNER, SILENCE, SPEECH, Conversation, call


def test_the_company_is_named_before_anything_is_asked(library: Library) -> None:
    turn = start(library, call(library, "overdue-7"))[1]
    assert "Anju Property" in turn.say[0]
    assert "sorry to interrupt" in turn.say[0]


@pytest.mark.parametrize(
    ("replies", "code", "data"),
    [
        (
            ("1", "1", "0310", "1"),
            "promise_to_pay",
            {"promised_amount_minor": 123405, "promised_on": "2026-03-10"},
        ),
        (
            ("1", "2", "500*5", "0310", "1"),
            "promise_to_pay",
            {"promised_amount_minor": 50050, "promised_on": "2026-03-10"},
        ),
        (("2",), "already_paid", {"reason": "owner_says_paid"}),
        (("3", SPEECH), "dispute", {"reason": "disputed", "recording": "recording-1"}),
        (("3", SILENCE, SILENCE), "dispute", {"reason": "disputed"}),
        (("4", "0401"), "extension_requested", {"extension_until": "2026-04-01"}),
        (("5", "2", "1430"), "callback_requested", {"callback_at": "2026-03-07T14:30"}),
        (("0",), "transferred", {}),
        (("9", SILENCE), "opted_out", {}),
        ((HANG_UP,), "hung_up", {}),
        ((SILENCE, SILENCE, SILENCE), "no_reply", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_answer_to_a_reminder_has_its_outcome(
    library: Library, replies: tuple[str, ...], code: str, data: dict[str, object]
) -> None:
    talk = Conversation.begin(library, call(library, "overdue-30")).hear(*OWNER, *replies)
    assert talk.state.ended
    assert talk.codes == [code]
    assert talk.data == [data]


@pytest.mark.parametrize(
    ("script", "replies", "code", "data"),
    [
        ("repair", ("1", "1"), "satisfied", {"reason": "satisfied"}),
        (
            "repair",
            ("1", "2", SPEECH),
            "satisfied",
            {"reason": "so_so", "recording": "recording-1"},
        ),
        (
            "repair",
            ("1", "3", SPEECH),
            "dissatisfied",
            {"reason": "dissatisfied", "recording": "recording-1"},
        ),
        (
            "repair",
            ("1", "4", "1", "0930"),
            "callback_requested",
            {"callback_at": "2026-03-06T09:30"},
        ),
        ("repair", ("1", "5"), "refused", {}),
        (
            "survey",
            ("1", "1", "5", "4", "3", "4", SPEECH),
            "survey_complete",
            {
                "answers": {
                    "staff": 5,
                    "cleanliness": 4,
                    "repairs": 3,
                    "overall": 4,
                    "remark": "recording-1",
                }
            },
        ),
        ("survey", ("1", "1", "5", HANG_UP), "survey_partial", {"answers": {"staff": 5}}),
        (
            "survey",
            ("1", "1", "5", SILENCE, SILENCE, SILENCE),
            "survey_partial",
            {"answers": {"staff": 5}},
        ),
        ("survey", ("1", "1", HANG_UP), "hung_up", {}),
        ("survey", ("1", "3"), "refused", {}),
        ("survey", ("1", "1", "5", "9", HANG_UP), "opted_out", {"answers": {"staff": 5}}),
    ],
)
def test_repairs_and_surveys_have_their_outcomes(
    library: Library, script: str, replies: tuple[str, ...], code: str, data: dict[str, object]
) -> None:
    talk = Conversation.begin(library, call(library, script, identity=None)).hear(*replies)
    assert talk.codes == [code]
    assert talk.data == [data]


def test_nobody_hears_a_debt_before_giving_the_digits(library: Library) -> None:
    for language in Language:
        plan = call(library, "overdue-90", language=language)
        talk = Conversation.begin(library, plan).hear("1", "0000", "1111", "2222")
        assert talk.codes == [WrapUpCode.NOT_THE_OWNER]
        assert talk.data == [{"reason": "identity_not_proven"}]
        assert not any(names_a_debt(sentence, language) for sentence in talk.said)


@pytest.mark.parametrize(
    ("agents_available", "code"), [(True, "transferred"), (False, "not_the_owner")]
)
def test_without_digits_on_file_a_debt_goes_to_an_agent_unspoken(
    library: Library, agents_available: bool, code: str
) -> None:
    plan = call(library, "overdue-7", identity=None, agents_available=agents_available)
    talk = Conversation.begin(library, plan).hear("1")
    assert talk.codes == [code]
    assert talk.data == [{"reason": "no_identity_on_file"}]
    assert (talk.turn.transfer is not None) is agents_available
    assert not any(names_a_debt(sentence, Language.ENGLISH) for sentence in talk.said)


@pytest.mark.parametrize(("key", "code"), [("2", "not_the_owner"), ("3", "wrong_number")])
def test_the_wrong_person_settles_every_section(library: Library, key: str, code: str) -> None:
    talk = Conversation.begin(library, call(library, "repair", "overdue-7")).hear(key)
    assert talk.codes == [code, code]


def test_one_call_has_one_greeting_one_check_and_an_outcome_a_section(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "repair", "overdue-7"))
    talk.hear(*OWNER, "1", "2")
    assert talk.codes == [WrapUpCode.SATISFIED, WrapUpCode.ALREADY_PAID]
    assert sum("this is Anju Property" in sentence for sentence in talk.said) == 1
    assert sum("To protect your privacy" in sentence for sentence in talk.said) == 1
    assert sum("Goodbye" in sentence for sentence in talk.said) == 1


def test_a_repair_is_spoken_of_though_the_digits_were_wrong(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "repair", "overdue-7"))
    talk.hear("1", "0000", "1111", "2222", "1")
    assert talk.codes == [WrapUpCode.SATISFIED, WrapUpCode.NOT_THE_OWNER]


def test_what_was_settled_stays_when_the_line_goes(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7", "repair"))
    talk.hear(*OWNER, "2", HANG_UP)
    assert talk.codes == [WrapUpCode.ALREADY_PAID, WrapUpCode.HUNG_UP]


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ((HANG_UP,), "no_reply"),
        ((SILENCE, HANG_UP), "no_reply"),
        ((SILENCE, SILENCE, SILENCE), "no_reply"),
        (("1", HANG_UP), "hung_up"),
        (("8", HANG_UP), "hung_up"),
    ],
)
def test_who_never_answered_gave_no_reply_and_who_did_hung_up(
    library: Library, replies: tuple[str, ...], code: str
) -> None:
    talk = Conversation.begin(library, call(library, "repair", "overdue-7")).hear(*replies)
    assert talk.codes == [code, code]


@pytest.mark.parametrize(
    ("before", "key"),
    [
        ((), "9"),
        (("1",), "*9"),
        ((*OWNER,), "9"),
        ((*OWNER, "1", "2"), "*9"),
        ((*OWNER, "1", "1"), "*9"),
        ((*OWNER, "3"), "9"),
        ((*OWNER, "5"), "9"),
        ((*OWNER, "5", "1"), "*9"),
    ],
    ids=["who", "identity", "menu", "amount", "date", "recording", "choice", "time"],
)
def test_opting_out_works_at_any_prompt(
    library: Library, before: tuple[str, ...], key: str
) -> None:
    for last in (HANG_UP, SILENCE, "9", "5"):
        talk = Conversation.begin(library, call(library, "overdue-7", "repair")).hear(*before)
        assert key in (talk.turn.ask.keys if talk.turn.ask else {})
        assert talk.hear(key).step == "opt_out"
        assert talk.hear(last).codes == [WrapUpCode.OPTED_OUT, WrapUpCode.OPTED_OUT]


def test_a_slip_on_the_opt_out_key_is_taken_back_by_1(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7")).hear(*OWNER, "9", "1")
    assert talk.step == "debt_menu"
    assert talk.turn.say[0] == "Very well, let us go on."
    assert talk.hear("2").codes == [WrapUpCode.ALREADY_PAID]


def test_a_nine_in_an_amount_is_an_amount(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7"))
    talk.hear(*OWNER, "1", "2", "999")
    assert talk.step == "pay_date"


def test_a_star_repeats_what_was_said_without_counting_as_a_miss(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7")).hear(*OWNER)
    first = talk.turn.say
    for _ in range(3):
        assert talk.hear("*").turn.say == first
    assert talk.hear("*").turn.say != first
    assert talk.hear("8", SILENCE).codes == [WrapUpCode.NO_REPLY]


@pytest.mark.parametrize(
    ("before", "keys", "why"),
    [
        (("1", "1"), "0304", "that day has already passed"),
        (("1", "1"), "0320", "the last day I can note is the nineteenth of March"),
        (("1", "1"), "0231", "there is no such day"),
        (("1", "1"), "20261301", "there is no such day"),
        (("1", "2"), "100", "at least 246 yuan and 81 cents"),
        (("1", "2"), "1234*06", "more than the 1,234 yuan and 5 cents"),
        (("1", "2"), "0", "at least 246 yuan"),
        (("1", "2"), "1*2*3", "that is not an amount"),
        (("4",), "0305", "from tomorrow on"),
        (("5", "1"), "0859", "between nine in the morning and eight in the evening"),
        (("5", "1"), "2001", "between nine in the morning and eight in the evening"),
        (("5", "1"), "1260", "that is not a time of day"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_the_reason(
    library: Library, before: tuple[str, ...], keys: str, why: str
) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7")).hear(*OWNER, *before)
    asked = talk.step
    talk.hear(keys)
    assert talk.step == asked
    assert why in talk.turn.say[0]


@pytest.mark.parametrize("keys", ["0305", "0319", "20260319"])
def test_a_promise_may_be_for_today_and_for_the_last_day(library: Library, keys: str) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7"))
    assert talk.hear(*OWNER, "1", "1", keys).step == "pay_confirm"


def test_a_payment_during_the_call_is_thanked_for(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7", "repair")).hear(*OWNER)
    talk.hear("1", withdrawn=[1])
    assert "Your payment has just arrived" in talk.turn.say[0]
    assert talk.step == "repair_rating"
    assert talk.hear("1").codes == [WrapUpCode.ALREADY_PAID, WrapUpCode.SATISFIED]


def test_a_debt_that_went_without_money_is_not_thanked_for(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7")).hear(*OWNER)
    talk.hear("1", withdrawn={1: "not_liable"})
    assert talk.turn.say[0] == "There is nothing else we need from you today."
    assert talk.codes == [WrapUpCode.INFORMATION_GIVEN]
    assert talk.data == [{"reason": "not_liable"}]


@pytest.mark.parametrize(
    ("about", "code"), [("overdue", "already_paid"), ("repair", "information_given")]
)
def test_a_promised_call_whose_matter_is_settled_ends_by_what_it_was_about(
    library: Library, about: str, code: str
) -> None:
    talk = Conversation.begin(library, call(library, "promised", about=about))
    before = OWNER if about == "overdue" else ("1",)
    assert talk.hear(*before).hear("1", withdrawn=[1]).codes == [code]


def test_a_payment_before_the_check_is_not_spoken_of(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7"))
    talk.hear("1", withdrawn=[1])
    assert talk.state.ended
    assert talk.codes == [WrapUpCode.ALREADY_PAID]
    assert not any(names_a_debt(sentence, Language.ENGLISH) for sentence in talk.said)


def test_when_only_the_repair_is_left_no_digits_are_asked(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7", "repair"))
    assert talk.hear("1", withdrawn=[1]).step == "repair_rating"
    assert talk.hear("1").codes == [WrapUpCode.ALREADY_PAID, WrapUpCode.SATISFIED]


def test_opting_out_goes_before_a_payment(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7")).hear(*OWNER)
    talk.hear("9", withdrawn=[1]).hear(HANG_UP)
    assert talk.codes == [WrapUpCode.OPTED_OUT]


def test_a_partial_payment_during_the_call_is_heard_at_once(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7")).hear(*OWNER)
    news = {1: {"total": {"amount_minor": 20_000, "currency": "CNY"}, "charge_count": 1}}
    talk.hear("1", facts=news)
    assert "has just been updated" in talk.turn.say[0]
    assert "200 yuan" in talk.turn.say[1]
    talk.hear("1", "1", "0310", "1")
    assert talk.data == [{"promised_amount_minor": 20_000, "promised_on": "2026-03-10"}]


def test_facts_that_say_nothing_new_change_nothing(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7")).hear(*OWNER)
    talk.hear("1", facts={1: {"charge_count": 2}, 99: {"charge_count": 5}})
    assert talk.step == "pay_how_much"


@pytest.mark.parametrize(
    ("about", "replies", "step"),
    [
        ("overdue", OWNER, "debt_menu"),
        ("repair", ("1",), "repair_rating"),
        ("survey", ("1",), "survey_willing"),
        ("complaint", ("1",), "complaint_choice"),
        ("greeting", ("1",), "transfer"),
    ],
)
def test_a_promised_call_goes_on_with_what_it_is_about(
    library: Library, about: str, replies: tuple[str, ...], step: str
) -> None:
    talk = Conversation.begin(library, call(library, "promised", about=about)).hear(*replies)
    assert "You asked us to ring you" in talk.turn.say[0]
    assert talk.step == step


def test_going_round_for_ever_ends_at_an_agent(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "overdue-7")).hear(*OWNER)
    round_and_round = itertools.cycle(["1", "1", "0310", "2"])
    while not talk.state.ended:
        talk.hear(next(round_and_round))
    assert talk.codes == [WrapUpCode.TRANSFERRED]


def test_a_machine_hears_who_rang_and_no_debt(library: Library) -> None:
    for language in Language:
        for name in library.scripts:
            turn = message(library, call(library, name, language=language, about="overdue"))
            assert turn.hang_up
            assert bool(turn.say) is (name not in {"survey", "invitation", "inbound"})
            assert not any(names_a_debt(sentence, language) for sentence in turn.say)
    both = message(library, call(library, "repair", "survey"))
    assert not both.say


def test_who_cannot_be_helped_hears_the_company_and_its_number(library: Library) -> None:
    turn = abandon_message(library, call(library, "overdue-7"))
    assert turn.hang_up
    assert "Anju Property" in turn.say[0]
    assert "8 6 0 1" in turn.say[0]


def test_a_missing_variable_is_refused_before_a_word_is_spoken(library: Library) -> None:
    plan = call(library, "overdue-7")
    del plan.sections[0].variables["total"]  # type: ignore[attr-defined]
    with pytest.raises(VariableError, match="speaks of total"):
        start(library, plan)


def test_a_variable_of_the_wrong_type_is_refused(library: Library) -> None:
    with pytest.raises(VariableError, match=r"overdue-7\.total should be money"):
        start(library, call(library, "overdue-7", total="1234.05"))


@pytest.mark.parametrize("identity", ["", "123", "12a4"])
def test_digits_that_prove_little_are_refused(library: Library, identity: str) -> None:
    with pytest.raises(VariableError, match="identity needs 4 digits"):
        start(library, call(library, "overdue-7", identity=identity))


def test_an_ended_talk_hears_nothing_more(library: Library) -> None:
    talk = Conversation.begin(library, call(library, "repair")).hear(HANG_UP)
    with pytest.raises(TalkEndedError):
        advance(library, talk.state, SILENCE)
