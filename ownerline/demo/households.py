"""The invented households: units, who owns and rents them, how they are reached, what they wish."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from customers.model import CallMode, Purpose, Reason, Role
from customers.spelling import vector_of
from customers.tables import (
    AgentTask,
    Community,
    Consent,
    DoNotCall,
    Occupancy,
    Person,
    Phone,
    Unit,
)
from dialer.bridges.simulated.draws import stable_random, weighted
from ownerline.demo.people import Numbers, draw_name
from ownerline.demo.places import PLACES, Place, owners_by_place
from ownerline.demo.rows import Rows

_SECOND_UNIT_SHARE = 0.06  # of owners with a second unit
_LET_SHARE = 0.09
_MOVED_IN_SHARE = 0.86
_MOVES_IN_LATER_SHARE = 0.3  # of those who have not
_VIP_SHARE = 0.03
_DECEASED_SHARE = 0.006
_DOCUMENT_ON_FILE_SHARE = 0.85
_REST_HOURS_SHARE = 0.05
_OPT_OUT_SHARE = 0.02
_NO_SURVEYS_SHARE = 0.015
_NUMBER_OPT_OUT_SHARE = 0.005
_SURVEY_CONSENT_WITHDRAWN_SHARE = 0.01
_CONSENT_ABROAD_SHARE = 0.7
_DEAD_PHONE_SHARE = 0.02

_PHONES = {  # what is on file of a person
    "mobile": 0.68,
    "mobile, mobile": 0.13,
    "landline": 0.05,
    "mobile, landline": 0.07,
    "mobile, mobile, landline": 0.03,
    "none": 0.03,
    "hong kong": 0.007,
    "shared cost": 0.003,
}
_REST_HOURS = (
    ({"from": "12:00", "until": "15:00"}, {"from": "19:00", "until": "00:00"}),
    ({"from": "09:00", "until": "16:00"},),  # works at night
    ({"from": "14:00", "until": "18:00"},),
)
_ROOMS_A_FLOOR = 4
_FLOORS = 18
_ENTRANCES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Household:
    """A unit with who answers for it: the owner, and the tenant where it is let."""

    place: Place
    community_id: int
    unit_id: int
    owner_id: int
    tenant_id: int | None
    moved_in: date | None
    square_meters: int

    @property
    def resident_id(self) -> int:
        """Who lives there."""
        return self.owner_id if self.tenant_id is None else self.tenant_id


class Settlers:
    """Makes the households of one company; every draw comes from its seed."""

    def __init__(self, rows: Rows, *, seed: int, day: date, now: datetime) -> None:
        self._rows = rows
        self._rng = stable_random(seed, "households")
        self._day = day
        self._now = now
        self._numbers = Numbers()
        self._units = 0  # in the present community

    def settle(self, owners: int) -> Sequence[Household]:
        """Return the households of so many owners, community by community."""
        households: list[Household] = []
        for place, count in zip(PLACES, owners_by_place(owners), strict=True):
            community_id = self._rows.add(
                Community,
                name=place.name,
                time_zone=place.time_zone,
                region=place.region,
                currency=place.currency,
                packs=list(place.packs),
            )
            self._units = 0
            for _ in range(count):
                households += self._of_one_owner(place, community_id)
        return households

    def _of_one_owner(self, place: Place, community_id: int) -> list[Household]:
        owner_id = self._person(place)
        home = self._household(place, community_id, owner_id)
        if self._rng.random() >= _SECOND_UNIT_SHARE:
            return [home]
        return [home, self._household(place, community_id, owner_id)]

    def _household(self, place: Place, community_id: int, owner_id: int) -> Household:
        rng = self._rng
        unit_id = self._rows.add(Unit, community_id=community_id, label=self._next_label())
        since = self._day - timedelta(days=rng.randint(40, 3500))
        moved_in: date | None = since + timedelta(days=rng.randint(0, 35))
        if rng.random() >= _MOVED_IN_SHARE:
            later = self._day + timedelta(days=rng.randint(2, 60))
            moved_in = later if rng.random() < _MOVES_IN_LATER_SHARE else None
        self._occupy(unit_id, owner_id, Role.OWNER, since=since, moved_in=moved_in)
        tenant_id = None
        if rng.random() < _LET_SHARE:
            tenant_id = self._person(place)
            let_on = max(since, self._day - timedelta(days=rng.randint(30, 900)))
            self._occupy(unit_id, tenant_id, Role.TENANT, since=let_on, moved_in=let_on)
        return Household(
            place=place,
            community_id=community_id,
            unit_id=unit_id,
            owner_id=owner_id,
            tenant_id=tenant_id,
            moved_in=moved_in,
            square_meters=rng.randint(48, 180),
        )

    def _next_label(self) -> str:
        """Return the next room: floor by floor, entrance by entrance, building by building."""
        nth, self._units = self._units, self._units + 1
        rest, room = divmod(nth, _ROOMS_A_FLOOR)
        rest, floor = divmod(rest, _FLOORS)
        building, entrance = divmod(rest, _ENTRANCES)
        return f"{building + 1}-{entrance + 1}-{floor + 1}{room + 1:02d}"

    def _occupy(
        self, unit_id: int, person_id: int, role: Role, *, since: date, moved_in: date | None
    ) -> None:
        self._rows.add(
            Occupancy,
            unit_id=unit_id,
            person_id=person_id,
            role=role,
            valid_from=since,
            valid_until=None,
            moved_in=moved_in,
        )

    def _person(self, place: Place) -> int:
        rng = self._rng
        name = draw_name(rng, place)
        deceased = rng.random() < _DECEASED_SHARE
        on_file = rng.random() < _DOCUMENT_ON_FILE_SHARE
        person_id = self._rows.add(
            Person,
            name=name.text,
            honorific=name.honorific,
            language=name.language,
            vip=rng.random() < _VIP_SHARE,
            synthetic=True,
            deceased_at=self._ago(rng.randint(5, 200)) if deceased else None,
            rest_hours=_rest_hours(rng),
            identity_digits=f"{rng.randrange(10_000):04d}" if on_file else None,
            note=None,
            name_keys=vector_of(name.text),
        )
        if deceased:
            self._rows.add(
                AgentTask,
                person_id=person_id,
                kind="deceased",
                subject=f"person:{person_id}",
                created_at=self._ago(4),
                done_at=None,
                detail={},
            )
        numbers = self._phones(person_id, place)
        self._wishes(person_id, numbers, place)
        return person_id

    def _phones(self, person_id: int, place: Place) -> list[str]:
        kinds = weighted(self._rng, _PHONES)
        numbers = [self._number(kind, place) for kind in kinds.split(", ") if kind != "none"]
        for position, e164 in enumerate(numbers, start=1):
            # Only a person with another number has one that is known to be dead.
            dead = position < len(numbers) and self._rng.random() < _DEAD_PHONE_SHARE
            self._rows.add(
                Phone,
                person_id=person_id,
                e164=e164,
                position=position,
                source="demo",
                dead_at=self._ago(30) if dead else None,
                dead_because="wrong_number" if dead else None,
            )
        return numbers

    def _number(self, kind: str, place: Place) -> str:
        match kind:
            case "landline":
                return self._numbers.landline(place)
            case "hong kong" if not place.is_abroad:
                return self._numbers.hong_kong()
            case "shared cost" if not place.is_abroad:
                return self._numbers.shared_cost()
            case _:
                return self._numbers.mobile(place)

    def _wishes(self, person_id: int, numbers: Sequence[str], place: Place) -> None:
        rng = self._rng
        if place.is_abroad and rng.random() < _CONSENT_ABROAD_SHARE:
            for e164 in numbers:
                for purpose in (Purpose.DEBT, Purpose.SERVICE, Purpose.SURVEY):
                    self._consent(e164, purpose, granted=True, how="signed with the contract")
        draw = rng.random()
        if draw < _OPT_OUT_SHARE:
            self._do_not_call(person_id, None, None)
        elif draw < _OPT_OUT_SHARE + _NO_SURVEYS_SHARE:
            self._do_not_call(person_id, None, Reason.SURVEY)
        elif numbers and draw < _OPT_OUT_SHARE + _NO_SURVEYS_SHARE + _NUMBER_OPT_OUT_SHARE:
            self._do_not_call(None, numbers[0], None)
        elif numbers and draw > 1 - _SURVEY_CONSENT_WITHDRAWN_SHARE:
            for e164 in numbers:
                self._consent(e164, Purpose.SURVEY, granted=False, how="withdrawn at the desk")

    def _consent(self, e164: str, purpose: Purpose, *, granted: bool, how: str) -> None:
        self._rows.add(
            Consent,
            e164=e164,
            purpose=purpose,
            mode=CallMode.AUTOMATIC,
            granted=granted,
            given_at=self._ago(120),
            valid_until=None,
            given_by="owner",
            how=how,
        )

    def _do_not_call(self, person_id: int | None, e164: str | None, reason: Reason | None) -> None:
        self._rows.add(
            DoNotCall,
            person_id=person_id,
            e164=e164,
            reason=reason,
            since=self._ago(self._rng.randint(10, 400)),
            lifted_at=None,
            said_by="owner",
            how="at the desk",
        )

    def _ago(self, days: int) -> datetime:
        return self._now - timedelta(days=days)


def _rest_hours(rng: Random) -> list[dict[str, str]] | None:
    return list(rng.choice(_REST_HOURS)) if rng.random() < _REST_HOURS_SHARE else None
