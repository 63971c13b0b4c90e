"""What the bridge of the settings may spend in a day, for whoever asks why nobody is rung."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from callback.rules import Layer, Rule, Verdict, defer
from core.settings import BridgeName, Settings
from dialer.bridges.twilio.spending import Ceiling, is_reached, spent_on
from dialer.explaining import HeldBack
from ownerline.twilio_settings import ceiling_of


def held_back_by(settings: Settings) -> HeldBack | None:
    """Return what says whether the day's ceiling holds everybody back; None: there is none."""
    ceiling = ceiling_of(settings) if settings.bridge is BridgeName.TWILIO else None
    if ceiling is None:
        return None

    async def held_back(session: AsyncSession, now: datetime) -> Verdict | None:
        return await _by(ceiling, session, now)

    return held_back


async def _by(ceiling: Ceiling, session: AsyncSession, now: datetime) -> Verdict | None:
    spent = await spent_on(session, ceiling.tally, at=now)
    if not is_reached(spent, ceiling):
        return None
    return defer(
        Rule.CEILING_REACHED,
        Layer.SYSTEM,
        spent.until,
        spent=f"{spent.total:.2f}",
        ceiling=f"{ceiling.a_day:.2f}",
    )
