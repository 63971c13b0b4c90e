"""What the invented households owe: charges at every step, payments, promises, past reminders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from callback.campaigns import LadderStep, OverdueCampaign
from callback.deadlines import day_start, reached_step
from callback.model import DueCallState
from callback.tables import DueCall, DueCallCharge, LadderProgress
from customers.account_tables import Charge, Extension, Payment, Promise, PromiseCharge
from customers.charge_kinds import owed_by
from customers.model import ExtensionState, PromiseState, Reason, Role
from dialer.bridges.simulated.draws import stable_random, weighted
from ownerline.demo.households import Household
from ownerline.demo.rows import Rows

_DEBTOR_SHARE = 0.2
_SECOND_DEBT_SHARE = 0.3
_COURTESY_SHARE = 0.03
_PAID_BEFORE_SHARE = 0.8
_PART_PAID_SHARE = 0.12
_REMINDED_SHARE = 0.62  # of debts: the step they have reached was done before the demo begins
_DISPUTED_SHARE = 0.03
_EXTENSION_SHARE = 0.02
_PROMISE_SHARE = 0.16
_PROMISED_IN_FULL_SHARE = 0.8
_KEPT_SHARE = 0.2
_LATE_FEE_A_DAY = 0.0005

_KINDS = {  # and how often each is owed
    "物业费": 0.62,
    "车位费": 0.16,
    "水费": 0.08,
    "电费": 0.06,
    "取暖费": 0.04,
    "购房分期款": 0.02,
    "契税": 0.02,
}
_DAYS_PAST_DUE = {  # first and last day of a stretch, and how many debts lie in it
    (1, 6): 0.2,
    (7, 14): 0.2,
    (15, 29): 0.2,
    (30, 59): 0.19,
    (60, 89): 0.11,
    (90, 160): 0.1,
}
# Days from today to the day a promise is for; one of yesterday is broken this morning.
_PROMISED_IN = {-1: 0.4, 0: 0.2, 1: 0.15, 2: 0.1, 4: 0.15}
_MONTHS_BILLED = 3
_LARGE_MINOR = (1_200_000, 9_000_000)
_SMALL_MINOR = (8_000, 60_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Debt:
    """An open charge while it is being made."""

    charge_id: int
    open_minor: int
    step: int | None  # of the ladder, reached today
    due_on: date


class Ledgers:
    """Makes the charges of one company; every draw comes from its seed."""

    def __init__(
        self, rows: Rows, campaign: OverdueCampaign, *, seed: int, day: date, now: datetime
    ) -> None:
        self._rows = rows
        self._rng = stable_random(seed, "accounts")
        self._day = day
        self._now = now
        self._campaign = campaign
        self._steps = [each.step for each in campaign.ladder]
        self._ladder = {each.step: each for each in campaign.ladder}

    def bill(self, households: Sequence[Household]) -> None:
        """Give every household its charges."""
        for home in households:
            if self._rng.random() < _PAID_BEFORE_SHARE:
                self._paid_charge(home)
            draw = self._rng.random()
            if draw < _DEBTOR_SHARE:
                self._debts(home)
            elif draw < _DEBTOR_SHARE + _COURTESY_SHARE:
                self._charge(home, "物业费", days=-self._rng.randint(1, 3))

    def _paid_charge(self, home: Household) -> None:
        due_on = self._day - timedelta(days=self._rng.randint(95, 180))
        amount = self._amount(home, "物业费")
        charge_id = self._add_charge(home, "物业费", amount=amount, paid=amount, due_on=due_on)
        self._add_payment(charge_id, amount, days_ago=self._rng.randint(96, 190))

    def _debts(self, home: Household) -> None:
        debts = [self._debt(home)]
        if self._rng.random() < _SECOND_DEBT_SHARE:
            debts.append(self._debt(home))
        first = debts[0]
        draw = self._rng.random()
        person_id = self._liable(home, self._rows.of(Charge)[first.charge_id - 1]["kind"])
        if draw < _PROMISE_SHARE:
            self._promise(home, first, person_id)
        elif draw < _PROMISE_SHARE + _EXTENSION_SHARE:
            self._extension(first, person_id)
        for debt in debts:
            if debt.step is not None and self._rng.random() < _REMINDED_SHARE:
                self._reminded(home, debt, debt.step)

    def _debt(self, home: Household) -> _Debt:
        kind = weighted(self._rng, _KINDS)
        first, last = weighted(self._rng, _DAYS_PAST_DUE)
        return self._charge(home, kind, days=self._rng.randint(first, last))

    def _charge(self, home: Household, kind: str, *, days: int) -> _Debt:
        """Bill something due so many days ago; a part may be paid and it may be disputed."""
        due_on = self._day - timedelta(days=days)
        amount = self._amount(home, kind)
        paid = amount * 2 // 5 if self._rng.random() < _PART_PAID_SHARE else 0
        disputed = days > 0 and self._rng.random() < _DISPUTED_SHARE
        charge_id = self._add_charge(
            home,
            kind,
            amount=amount,
            paid=paid,
            due_on=due_on,
            late_fee=int(amount * _LATE_FEE_A_DAY * max(0, days)),
            disputed_at=self._now - timedelta(days=1) if disputed else None,
        )
        if paid:
            self._add_payment(charge_id, paid, days_ago=self._rng.randint(1, 20))
        return _Debt(
            charge_id=charge_id,
            open_minor=amount - paid,
            step=reached_step(self._steps, days),
            due_on=due_on,
        )

    def _add_charge(
        self,
        home: Household,
        kind: str,
        *,
        amount: int,
        paid: int,
        due_on: date,
        late_fee: int = 0,
        disputed_at: datetime | None = None,
    ) -> int:
        return self._rows.add(
            Charge,
            community_id=home.community_id,
            unit_id=home.unit_id,
            liable_person_id=self._liable(home, kind),
            reference=f"F{due_on:%y%m}-{len(self._rows.of(Charge)) + 1:06d}",
            kind=kind,
            amount_minor=amount,
            paid_minor=paid,
            late_fee_minor=late_fee,
            currency=home.place.currency,
            due_on=due_on,
            disputed_at=disputed_at,
            note=None,
        )

    def _add_payment(self, charge_id: int, amount: int, *, days_ago: int) -> None:
        self._rows.add(
            Payment,
            charge_id=charge_id,
            amount_minor=amount,
            received_at=self._now - timedelta(days=days_ago),
            source="finance",
            reference=f"P-{len(self._rows.of(Payment)) + 1:06d}",
        )

    def _promise(self, home: Household, debt: _Debt, person_id: int) -> None:
        """Promise at the desk to pay; it is open until the lists are built."""
        promised_on = self._day + timedelta(days=weighted(self._rng, _PROMISED_IN))
        amount = (
            debt.open_minor
            if self._rng.random() < _PROMISED_IN_FULL_SHARE
            else max(1, debt.open_minor // 2)
        )
        charge = self._rows.of(Charge)[debt.charge_id - 1]
        promise_id = self._rows.add(
            Promise,
            person_id=person_id,
            attempt_id=None,
            amount_minor=amount,
            currency=home.place.currency,
            promised_on=promised_on,
            made_at=self._now - timedelta(days=self._rng.randint(2, 6)),
            state=PromiseState.OPEN,
            settled_at=None,
        )
        self._rows.add(
            PromiseCharge,
            promise_id=promise_id,
            charge_id=debt.charge_id,
            paid_minor_before=charge["paid_minor"],
        )
        if self._rng.random() < _KEPT_SHARE:  # kept already: the money came yesterday
            charge["paid_minor"] += amount
            self._add_payment(debt.charge_id, amount, days_ago=1)

    def _extension(self, debt: _Debt, person_id: int) -> None:
        self._rows.add(
            Extension,
            person_id=person_id,
            charge_id=debt.charge_id,
            attempt_id=None,
            asked_at=self._now - timedelta(days=3),
            until=self._day + timedelta(days=self._rng.randint(5, 25)),
            state=ExtensionState.APPROVED,
            decided_at=self._now - timedelta(days=2),
            decided_by="chief of finance",
        )

    def _reminded(self, home: Household, debt: _Debt, step: int) -> None:
        """Take over a reminder that was done, by letter, before the company called this way."""
        rung: LadderStep = self._ladder[step]
        person_id = self._rows.of(Charge)[debt.charge_id - 1]["liable_person_id"]
        reached_on = debt.due_on + timedelta(days=step)
        start = day_start(reached_on, home.place.time_zone)
        done_at = min(start + timedelta(hours=10), self._now)
        due_call_id = self._rows.add(
            DueCall,
            person_id=person_id,
            community_id=home.community_id,
            unit_id=home.unit_id,
            reason=Reason.OVERDUE,
            purpose=self._campaign.purpose,
            mode=rung.mode or self._campaign.mode,
            campaign=self._campaign.name,
            script=rung.script,
            subject=f"person:{person_id}",
            cycle=f"{debt.charge_id}:{step}",
            facts={
                "step": step,
                "leading_charge_id": debt.charge_id,
                "days_past_due": step,
                "total_minor": debt.open_minor,
                "currency": home.place.currency,
                "charge_count": 1,
            },
            not_before=start,
            due_by=start + timedelta(days=rung.deadline_days + 1),
            next_at=start,
            priority=rung.priority,
            state=DueCallState.DONE,
            created_at=start,
            settled_at=done_at,
            settled_because="reminded_by_letter",
        )
        self._rows.add(DueCallCharge, due_call_id=due_call_id, charge_id=debt.charge_id, step=step)
        self._rows.add(
            LadderProgress,
            charge_id=debt.charge_id,
            step=step,
            due_call_id=due_call_id,
            done_at=done_at,
        )

    def _amount(self, home: Household, kind: str) -> int:
        return _amount(self._rng, home, kind)

    def _liable(self, home: Household, kind: str) -> int:
        return home.resident_id if owed_by(kind) is Role.TENANT else home.owner_id


def _amount(rng: Random, home: Household, kind: str) -> int:
    """Return what is billed, in minor units: by area, by the metre, or a large sum."""
    if kind == "物业费":
        return home.square_meters * home.place.fee_minor * _MONTHS_BILLED
    first, last = _LARGE_MINOR if kind in {"购房分期款", "契税"} else _SMALL_MINOR
    return rng.randrange(first, last, 50)
