"""The facts a verdict rests on, as plain values: who, which phones, what was done before."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from callback.hours import LocalPeriod, WeekHours
from core.phone import PhoneKind, PhoneNumber
from customers.model import CallMode, Language, Purpose, Reason

_APPOINTMENT = timedelta(hours=1)  # what "at three" still covers when no deadline says more


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonFacts:
    """The person the call is owed to."""

    person_id: int
    deceased: bool = False
    synthetic: bool = False  # of the demo or a test; real bridges refuse such people
    language: Language | None = None
    rest_hours: tuple[LocalPeriod, ...] | None = None  # the owner's own; None: the house's default


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneFacts:
    """One phone of the person."""

    phone: PhoneNumber
    position: int  # the person's own order, lowest first
    region: str | None  # ISO 3166 alpha-2; None when the number belongs to no country
    kind: PhoneKind
    time_zones: tuple[str, ...]  # every IANA zone it may be in; empty when unknown
    dead: bool = False  # invalid or wrong; comes back only by an import or an agent
    on_national_list: bool | None = None  # national do-not-call screening; None: not screened

    @classmethod
    def of(
        cls,
        phone: PhoneNumber,
        position: int,
        *,
        dead: bool = False,
        on_national_list: bool | None = None,
    ) -> "PhoneFacts":
        """Make the facts of a number, taking region, kind and zones from the numbering plan."""
        region, kind, time_zones = _plan(phone)
        return cls(
            phone=phone,
            position=position,
            region=region,
            kind=kind,
            time_zones=time_zones,
            dead=dead,
            on_national_list=on_national_list,
        )


@lru_cache(maxsize=65536)
def _plan(phone: PhoneNumber) -> tuple[str | None, PhoneKind, tuple[str, ...]]:
    return phone.region, phone.kind, phone.time_zones


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """What the person allowed or withdrew, for one number, purpose and mode; the latest counts."""

    phone: PhoneNumber
    purpose: Purpose
    mode: CallMode
    granted: bool
    given_at: datetime
    until: datetime | None = None  # of a grant, exclusive; None: until withdrawn


@dataclass(frozen=True, kw_only=True, slots=True)
class OptOut:
    """A do-not-call wish of this person; narrower by phone, reason or purpose where given."""

    since: datetime
    phone: PhoneNumber | None = None  # None: every phone of the person
    reason: Reason | None = None  # None: every reason
    purpose: Purpose | None = None  # None: every purpose


@dataclass(frozen=True, kw_only=True, slots=True)
class PastAttempt:
    """One earlier attempt to the person, over any phone and campaign; lost ones count too.

    Of calls of theirs to us only the conversations are here: they silence us, and are no try.
    """

    at: datetime
    phone: PhoneNumber
    mode: CallMode
    purpose: Purpose
    answered: bool = False
    conversation: bool = False  # a person was spoken to
    inbound: bool = False  # they rang us
    abandoned: bool = False  # answered and dropped, or taken for a machine by detection
    debt_ids: frozenset[int] = frozenset()  # every charge it was about
    due_call_ids: frozenset[int] = frozenset()  # what it served; empty: counts for every due call
    retry_until: datetime | None = None  # the retry rule's interval for what it served, exclusive
    next_phone: bool = True  # the retry rule moves on to the next phone (no answer), or not (busy)

    def __post_init__(self) -> None:
        # Hours are added to this time, and a sum in a zone of its own is a sum of wall clocks.
        object.__setattr__(self, "at", self.at.astimezone(UTC))

    def served(self, due_call_id: int) -> bool:
        """Say whether it counts for a due call."""
        return not self.due_call_ids or due_call_id in self.due_call_ids


@dataclass(frozen=True, kw_only=True, slots=True)
class DueFacts:
    """The due call in question, as it stands at this instant."""

    due_call_id: int
    reason: Reason
    purpose: Purpose
    mode: CallMode
    due_by: datetime
    not_before: datetime | None = None
    debt_ids: frozenset[int] = frozenset()
    appointment: bool = False  # the owner named this time
    asked_by_owner: bool = False  # the owner asked to be called; the law may exempt it from silence
    asked_at: datetime | None = None  # when; some exemptions end so many days after it
    disputed: bool = False
    extension_until: datetime | None = None  # an approved payment extension, exclusive
    reason_holds: bool = True
    reason_gone: str | None = None  # why not: paid, reopened, closed …, with the facts in words

    def appointment_holds(self, now: datetime) -> bool:
        """Say whether this is the time the owner named: until the deadline, an hour at least."""
        if not self.appointment or self.not_before is None:
            return False
        an_hour_later = self.not_before.astimezone(UTC) + _APPOINTMENT
        return self.not_before <= now < max(self.due_by, an_hour_later)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceFacts:
    """The community the call is about."""

    time_zone: str | None
    region: str
    currency: str
    packs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """The state of the installation and of the campaign."""

    bridge_is_real: bool
    armed: bool = False
    stopped: bool = False
    reconciled: bool = True  # False: restored, and the carrier was not asked since
    test_numbers: tuple[str, ...] = ()  # E.164 with * for any digits
    destinations: tuple[str, ...] = ()  # `+86` or `CN`; empty: the community's own country
    campaign_paused: bool = False
    campaign_hours: WeekHours | None = None
    agent_reserved: bool = False  # an agent waits for this very call


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFacts:
    """Everything one verdict is asked about."""

    person: PersonFacts
    phones: tuple[PhoneFacts, ...]
    due: DueFacts
    place: PlaceFacts
    setting: Setting
    consents: tuple[Consent, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    attempts: tuple[PastAttempt, ...] = ()
