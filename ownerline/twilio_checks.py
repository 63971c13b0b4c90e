"""What `ownerline doctor` asks of Twilio: the account, its money, our numbers, its complaints.

Nobody is rung, and nothing is changed.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from twilio.rest.api.v2010.account.notification import NotificationInstance

from core.clock import Clock
from core.settings import Settings
from dialer.bridges.twilio.rest import Rest, RestRefusedError
from dialer.bridges.twilio.spending import Spent, is_reached
from ownerline.finding import Finding
from ownerline.twilio_numbers import OurNumber, numbers_of
from ownerline.twilio_settings import TwilioPlan

_COMPLAINTS_READ = 200
_COMPLAINTS_OF = timedelta(days=1)
_ACTIVE, _TRIAL = "active", "Trial"
# https://www.twilio.com/docs/api/errors, those whose cause lies with whoever sets this up.
_MENDS = {
    11200: "Twilio could not fetch a document from us: look at the proxy's log and at ours",
    11205: "Twilio could not connect to our public URL: firewall, DNS, or nobody listens",
    11210: "Twilio cannot find our host's name: look at its DNS",
    11220: "Twilio does not get on with our certificate: take one of a public authority",
    11235: "our certificate is of another name than public_url",
    11236: "our certificate has run out",
    11237: "our certificate's chain is not whole: let the proxy send the intermediates, too",
    12100: "a document of ours could not be read: does a proxy change what we answer?",
    12300: "something before us answered with another content type than XML",
    13227: "calls to that country are not allowed: Voice, Settings, Geo permissions",
    21215: "calls to that country are not allowed: Voice, Settings, Geo permissions",
    32205: "calls to that country are not allowed: Voice, Settings, Geo permissions",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TwilioChecks:
    """One account that is asked about itself."""

    rest: Rest
    plan: TwilioPlan
    settings: Settings
    clock: Clock

    async def all(self, spent: Spent) -> AsyncIterator[Finding]:
        """Look at everything; `spent` is what our own book says of today.

        Raises:
            OwnerlineError: Twilio does not answer, or refuses our credentials.
        """
        yield await self._account()
        balance = await self._balance()
        if balance is not None:
            yield balance
        yield self._spent(spent)
        for number in await numbers_of(self.rest, self.plan):
            yield self._number(number)
        async for complaint in self._complaints():
            yield complaint

    async def _account(self) -> Finding:
        sid = self.rest.account_sid
        account = await self.rest.ask(
            lambda: self.rest.client.api.accounts(sid).fetch_async(), what="read the account"
        )
        subject, status, kind = "twilio account", str(account.status), str(account.type)
        if status != _ACTIVE:
            found = f"{sid} is {status}: see its console, often it is the bill"
            return Finding(subject=subject, found=found, sound=False)
        if kind == _TRIAL:
            found = (
                f"{sid} is on trial: it rings verified numbers only, after words of Twilio's own; "
                "upgrade it before `ownerline arm`"
            )
            return Finding(subject=subject, found=found)
        return Finding(subject=subject, found=f"{sid} is active and knows our credentials")

    async def _balance(self) -> Finding | None:
        """Return what is left of the account's money; None where it may not be asked."""
        try:
            balance = await self.rest.ask(
                self.rest.client.api.account.balance.fetch_async, what="read the balance"
            )
            left = Decimal(balance.balance or "")
        except (RestRefusedError, InvalidOperation):  # of sub-accounts, restricted keys, others
            return None
        subject, shown = "twilio balance", f"{left:.2f} {balance.currency}"
        ceiling = self.plan.ceiling
        if left <= 0:
            found = f"{shown}: no call goes out; top it up, or let it be topped up by itself"
            return Finding(subject=subject, found=found, sound=False)
        if ceiling is not None and left < ceiling.a_day:
            shown += f", less than ceiling_a_day ({ceiling.a_day}): it may not last the day"
        return Finding(subject=subject, found=shown)

    def _spent(self, spent: Spent) -> Finding:
        subject, ceiling = "twilio spending", self.plan.ceiling
        shown = (
            f"{spent.total:.2f} today for {spent.calls} calls and phones, {spent.billed:.2f} of it "
            "billed"
        )
        if ceiling is None:
            return Finding(subject=subject, found=f"{shown}; no ceiling_a_day is set")
        if is_reached(spent, ceiling):
            found = (
                f"{shown}: the ceiling of {ceiling.a_day:.2f} is reached, nothing is rung until "
                f"{spent.until.astimezone(ceiling.tally.zone):%Y-%m-%d %H:%M}"
            )
            return Finding(subject=subject, found=found, sound=False)
        return Finding(subject=subject, found=f"{shown}; the ceiling is {ceiling.a_day:.2f}")

    def _number(self, number: OurNumber) -> Finding:
        trouble = number.trouble(self.plan)
        return Finding(
            subject=f"twilio number {number.e164}",
            found=trouble or number.told(self.plan),
            sound=trouble is None,
        )

    async def _complaints(self) -> AsyncIterator[Finding]:
        """Tell what Twilio noted as errors since yesterday, by kind."""
        since = self.clock.now() - _COMPLAINTS_OF
        try:
            noted = await self.rest.ask(
                lambda: self.rest.client.api.account.notifications.list_async(
                    log=0, message_date_after=since.date(), limit=_COMPLAINTS_READ
                ),
                what="read what Twilio complains of",
            )
        except RestRefusedError:  # others that speak the API may not have it
            return
        counted = Counter(_code(each.error_code) for each in noted if _is_since(each, since))
        for code, times in counted.most_common():
            mend = _MENDS.get(code, f"see https://www.twilio.com/docs/api/errors/{code}")
            found = f"{times} times since yesterday error {code}: {mend}"
            yield Finding(subject="twilio complains", found=found, sound=code not in _MENDS)


def _code(told: str | None) -> int:
    return int(told) if told is not None and told.isdigit() else 0


def _is_since(noted: NotificationInstance, since: datetime) -> bool:
    """Say whether it was noted since then: the API asks for whole days."""
    return noted.message_date is None or noted.message_date >= since
