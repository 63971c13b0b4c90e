"""`ownerline twilio`: our numbers led to us, and what a day has cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from core.settings import Settings
from dialer.bridges.twilio.rest import open_rest
from dialer.bridges.twilio.spending import Ceiling, Spent, spent_on
from ownerline.runtime import open_runtime
from ownerline.twilio_numbers import Connected, connect
from ownerline.twilio_settings import ceiling_of, plan_of, tally_of


@dataclass(frozen=True, kw_only=True, slots=True)
class SpentDay:
    """A day's spending, and what might have been spent."""

    day: date
    spent: Spent
    ceiling: Ceiling | None

    def as_json(self) -> dict[str, object]:
        """Return the object that `--json` prints; amounts are decimals in the account's own."""
        return {
            "date": self.day.isoformat(),
            "calls": self.spent.calls,
            "billed": str(self.spent.billed),
            "estimated": str(self.spent.estimated),
            "total": str(self.spent.total),
            "ceiling": None if self.ceiling is None else str(self.ceiling.a_day),
        }

    def line(self) -> str:
        """Return what a person reads."""
        limit = "no ceiling" if self.ceiling is None else f"the ceiling is {self.ceiling.a_day}"
        return (
            f"{self.day}: {self.spent.total:.2f} for {self.spent.calls} calls and phones, "
            f"{self.spent.billed:.2f} of it billed; {limit}"
        )


async def connect_numbers(settings: Settings, *, force: bool) -> Sequence[Connected]:
    """Lead those who ring our numbers to us.

    Raises:
        TwilioSettingsError: the settings do not name an account.
        OwnerlineError: Twilio refuses, or does not answer.
    """
    plan = plan_of(settings)
    async with open_rest(plan.account) as rest:
        return await connect(rest, plan, force=force)


async def spent_of(settings: Settings, day: date | None) -> SpentDay:
    """Return what a day of the installation's time zone has cost; None: today."""
    zone = ZoneInfo(settings.time_zone)
    async with open_runtime(settings) as runtime, runtime.sessions() as session:
        now = runtime.clock.now()
        today = now.astimezone(zone).date()
        asked = day or today
        at = now if asked == today else datetime.combine(asked, time(12), zone)
        spent = await spent_on(session, tally_of(settings), at=at, now=now)
    return SpentDay(day=asked, spent=spent, ceiling=ceiling_of(settings))
