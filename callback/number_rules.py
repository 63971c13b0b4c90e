"""Rules that refuse one number: its kind, arming, the packs' reach, lists and consent."""

from datetime import datetime

from callback.call_facts import CallFacts, PhoneFacts
from callback.never_rung import is_test_number, never_rung, within_destinations
from callback.pack_model import Default, Pack
from callback.packs import Packs
from callback.rules import Layer, Rule, Verdict, deny


def refused_by_number(facts: CallFacts, phone: PhoneFacts, packs: Packs) -> Verdict | None:
    """Numbers never rung, numbers off the destination list, and an installation not armed."""
    rule = never_rung(phone.phone)
    if rule is not None:
        return deny(rule, Layer.SYSTEM)
    setting, home = facts.setting, facts.place.region
    own = packs.for_country(home)
    destinations = setting.destinations or (own.countries if own else (home,))
    if not within_destinations(phone.phone, phone.region, destinations):
        return deny(Rule.OUTSIDE_DESTINATIONS, Layer.SYSTEM, destinations=list(destinations))
    if (
        setting.bridge_is_real
        and not setting.armed
        and not is_test_number(phone.phone, setting.test_numbers)
    ):
        return deny(Rule.NOT_ARMED, Layer.SYSTEM)
    return None


def refused_by_rehearsal(
    facts: CallFacts, phone: PhoneFacts, packs: tuple[Pack, ...]
) -> Verdict | None:
    """A pack that is always open rings nobody but the installation's own test numbers."""
    if any(pack.only_test_numbers for pack in packs) and not is_test_number(
        phone.phone, facts.setting.test_numbers
    ):
        return deny(Rule.REHEARSAL_ONLY_TEST_NUMBERS, Layer.SYSTEM)
    return None


def refused_by_national_list(facts: CallFacts, phone: PhoneFacts, pack: Pack) -> Verdict | None:
    """A number on a national do-not-call list, or one that nobody screened."""
    screening = pack.law.screening
    if screening is None or facts.due.purpose not in screening.purposes:
        return None
    if phone.on_national_list is None:
        return deny(Rule.NOT_SCREENED, Layer.LAW, source=screening.source)
    if phone.on_national_list:
        return deny(Rule.NATIONAL_LIST, Layer.LAW, source=screening.source)
    return None


def refused_by_consent(
    now: datetime, facts: CallFacts, phone: PhoneFacts, pack: Pack
) -> Verdict | None:
    """A consent withdrawn, or missing where the pack does not presume it.

    The latest word counts. A withdrawal counts for every number of the person, whichever it was
    said on; a grant only for its own.
    """
    due = facts.due
    words = [
        word
        for word in facts.consents
        if word.purpose is due.purpose
        and word.mode is due.mode
        and word.given_at <= now
        and (word.phone == phone.phone or not word.granted)
    ]
    # Of a yes and a no at the same instant the no is the last word.
    latest = max(words, key=lambda word: (word.given_at, not word.granted), default=None)
    rule = pack.consent_defaults[due.purpose]
    said = {"purpose": due.purpose, "mode": due.mode, "source": rule.source}
    if latest is not None and not latest.granted:
        return deny(Rule.CONSENT_WITHDRAWN, Layer.LAW, given_at=latest.given_at.isoformat(), **said)
    if latest is not None and (latest.until is None or now < latest.until):
        return None
    if rule.of(due.mode) is Default.ALLOW:
        return None
    if latest is not None and latest.until is not None:
        return deny(Rule.CONSENT_EXPIRED, Layer.LAW, ended_at=latest.until.isoformat(), **said)
    return deny(Rule.CONSENT_UNKNOWN, Layer.LAW, **said)
