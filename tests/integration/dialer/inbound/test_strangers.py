"""Callers nobody knows, and callers of whom we want nothing: no personal word, and a way back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from callback.tables import DueCall
from customers.model import Reason
from customers.tables import DoNotCall, Person, Phone
from dialer.inbound.model import InboundResult
from recordings.tables import Recording
from tests.integration.dialer.day import TEN, Day, answers
from tests.integration.dialer.inbound.front import Front

STRANGER = "+8613955550001"


async def test_a_stranger_hears_who_we_are_and_no_name(day: Day) -> None:
    await day.owner(answers())

    call = await Front(day).rings(STRANGER)

    assert "Green Homes" in call.said
    assert "王" not in call.said


async def test_a_call_is_taken_once_however_many_dialers_hear_of_it(day: Day) -> None:
    front = Front(day)
    call = front.call(STRANGER)
    again = replace(front.call(STRANGER), channel=call.channel)

    assert await front.desk.take(call)
    assert await front.desk.take(call), "the answer to a commit may be lost"
    assert not await front.another_desk().take(again)


async def test_who_hangs_up_unserved_and_is_not_known_is_on_file_and_owed_nothing(day: Day) -> None:
    front = Front(day)

    row = await (await front.rings(STRANGER)).hang_up()

    assert (row.result, row.seconds, row.person_id) == (InboundResult.MISSED, 30.0, None)
    assert row.community_id is not None  # of the number they rang
    assert await day.due(Reason.MISSED_CALL) == []


async def test_a_strangers_wish_is_rung_back_at_their_number_within_a_day(day: Day) -> None:
    front = Front(day)

    row = await (await (await front.rings(STRANGER)).press("2", "1", "1")).hang_up()

    assert row.result is InboundResult.WISH
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]
    (due,) = await day.rows(sa.select(DueCall.due_by, DueCall.person_id, DueCall.appointment))
    assert (due.due_by, due.appointment) == (TEN + timedelta(hours=24), False)
    (person,) = await day.rows(
        sa.select(Person.source, Phone.e164).join(Phone, Phone.person_id == Person.person_id)
    )
    assert tuple(person) == ("inbound", STRANGER)
    day.phones[STRANGER] = answers("1", "3")
    await day.dial()
    assert day.rung == [STRANGER]
    assert await day.due(Reason.MISSED_CALL) == [("done", "information_given")]


async def test_a_withheld_number_keys_in_another_and_a_time(day: Day) -> None:
    front = Front(day)
    call = await front.rings(None)

    await call.press("2", "2", "1", "1530", "013955550001", "1")
    row = await call.hang_up()

    assert (row.e164, row.wish_e164) == (None, STRANGER)
    assert row.wish_at == datetime(2026, 5, 21, 7, 30, tzinfo=UTC)
    (due,) = await day.rows(
        sa.select(DueCall.not_before, DueCall.due_by, DueCall.appointment, DueCall.next_at)
    )
    assert due.not_before == due.next_at == row.wish_at
    assert (due.due_by - due.not_before, due.appointment) == (timedelta(hours=1), True)


async def test_a_withheld_number_that_leaves_none_is_on_file_and_owed_nothing(day: Day) -> None:
    call = await Front(day).rings(None)

    row = await (await call.press("2", "1", "", "", "")).hang_up()

    assert row.result is InboundResult.MISSED
    assert await day.due(Reason.MISSED_CALL) == []


async def test_a_number_keyed_in_goes_on_nobodys_file_but_its_own(day: Day) -> None:
    owner = await day.owner(answers())
    call = await Front(day).rings(owner.phones[0])

    row = await (await call.press("2", "1", "2", "13955550001", "1")).hang_up()

    assert row.person_id == owner.person_id
    assert row.callback_person_id != owner.person_id
    numbers = await day.rows(sa.select(Phone.e164).where(Phone.person_id == owner.person_id))
    assert [each.e164 for each in numbers] == list(owner.phones)


async def test_a_word_left_is_kept_and_answered(day: Day) -> None:
    call = await Front(day).rings(STRANGER)

    row = await (await (await call.press("3")).speak()).hang_up()

    (kept,) = await day.rows(sa.select(Recording.recording_id, Recording.inbound_call_id))
    assert kept.inbound_call_id == row.call_id
    assert (row.result, row.message, row.message_s) == (
        InboundResult.WORD,
        str(kept.recording_id),
        4.5,
    )
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]


async def test_who_wants_no_calls_gets_none(day: Day) -> None:
    call = await Front(day).rings(STRANGER)

    row = await (await call.press("9", "")).hang_up()

    assert row.result is InboundResult.OPTED_OUT
    (wish,) = await day.rows(sa.select(DoNotCall.e164, DoNotCall.how))
    assert tuple(wish) == (STRANGER, f"inbound:{row.call_id}")


async def test_any_process_goes_on_with_a_call(day: Day) -> None:
    front = Front(day)
    call = await front.rings(STRANGER)

    call.desk = front.another_desk()
    await call.press("2", "1", "1")

    assert (await call.hang_up()).result is InboundResult.WISH


@pytest.mark.parametrize("keys", [(), ("2",), ("2", "2", "1")])
async def test_a_call_whose_end_nobody_told_ends_at_the_next_look(
    day: Day, keys: tuple[str, ...]
) -> None:
    front = Front(day)
    call = await (await front.rings(STRANGER)).press(*keys)
    later = TEN + timedelta(minutes=5)

    await front.desk.compare("a", {call.call.channel}, later)
    assert (await call.row()).ended_at is None
    await front.desk.compare("a", set(), later)

    row = await call.row()
    assert (row.ended_at, row.result) == (later, InboundResult.MISSED)
