"""Rules asked before any phone: the installation, the person's file, the due call itself."""

from datetime import datetime

from callback.call_facts import CallFacts, OptOut
from callback.rules import Layer, Rule, Verdict, defer, deny
from core.phone import PhoneNumber
from customers.model import CallMode


def refused_by_installation(facts: CallFacts) -> Verdict | None:
    """A restore not reconciled, stop, a paused campaign, people of a demo on a real bridge."""
    setting = facts.setting
    if not setting.reconciled:
        return deny(Rule.NOT_RECONCILED, Layer.SYSTEM)
    if setting.stopped:
        return deny(Rule.STOPPED, Layer.SYSTEM)
    if setting.campaign_paused:
        return deny(Rule.CAMPAIGN_PAUSED, Layer.SYSTEM)
    if setting.bridge_is_real and facts.person.synthetic:
        return deny(Rule.SYNTHETIC_ON_REAL_BRIDGE, Layer.SYSTEM)
    return None


def refused_by_file(facts: CallFacts) -> Verdict | None:
    """What ends the call for good: its reason gone, a death, a dispute, a do-not-call wish."""
    due = facts.due
    if not due.reason_holds:
        return deny(Rule.REASON_GONE, Layer.SYSTEM, reason_gone=due.reason_gone)
    if facts.person.deceased:
        return deny(Rule.DECEASED, Layer.SYSTEM)
    if due.disputed and due.mode is CallMode.AUTOMATIC:
        return deny(Rule.DISPUTED, Layer.SYSTEM)
    return refused_by_opt_out(facts, None) or _without_a_phone(facts)


def refused_by_opt_out(facts: CallFacts, phone: PhoneNumber | None) -> Verdict | None:
    """Find the widest do-not-call wish for the phone; with None, for the person as a whole."""
    due = facts.due
    binding = [
        wish
        for wish in facts.opt_outs
        if wish.phone == phone
        and wish.reason in (None, due.reason)
        and wish.purpose in (None, due.purpose)
    ]
    if not binding:
        return None
    widest = min(binding, key=lambda wish: (_breadth(wish), wish.since))
    return deny(
        (Rule.OPTED_OUT, Rule.OPTED_OUT_OF_PURPOSE, Rule.OPTED_OUT_OF_REASON)[_breadth(widest)],
        Layer.OWNER,
        since=widest.since.isoformat(),
        reason=widest.reason,
        purpose=widest.purpose,
    )


def deferred_by_file(now: datetime, facts: CallFacts) -> Verdict | None:
    """What the due call itself waits for: its time, and the interval after its last attempt."""
    due = facts.due
    if due.not_before is not None and now < due.not_before:
        return defer(Rule.NOT_BEFORE, Layer.SYSTEM, due.not_before, appointment=due.appointment)
    retry_until = max(
        (
            attempt.retry_until
            for attempt in facts.attempts
            if attempt.retry_until is not None and attempt.served(due.due_call_id)
        ),
        default=now,
    )
    if now < retry_until:
        return defer(Rule.RETRY_INTERVAL, Layer.SYSTEM, retry_until)
    return None


def deferred_by_extension(now: datetime, facts: CallFacts) -> Verdict | None:
    """No reminder while an approved payment extension runs, unless the owner named this time."""
    until = facts.due.extension_until
    if until is None or now >= until:
        return None
    return defer(Rule.EXTENSION_RUNNING, Layer.HOUSE, until)


def _breadth(wish: OptOut) -> int:
    if wish.reason is not None:
        return 2
    return 0 if wish.purpose is None else 1


def _without_a_phone(facts: CallFacts) -> Verdict | None:
    if all(phone.dead for phone in facts.phones):
        return deny(Rule.NO_USABLE_PHONE, Layer.SYSTEM, phones=len(facts.phones))
    return None
