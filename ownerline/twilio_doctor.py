"""`ownerline doctor` where Twilio places the calls: settings, account, numbers, the way back to us.

It rings nobody and changes nothing there.
"""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock
from core.errors import OwnerlineError
from core.settings import Settings
from customers.tables import Community
from dialer.agents.tables import Agent
from dialer.bridges.twilio.rest import open_rest
from dialer.bridges.twilio.spending import Spent, spent_on
from dialer.control import switches
from ownerline.finding import Finding
from ownerline.twilio_checks import TwilioChecks
from ownerline.twilio_reach import examine_reach
from ownerline.twilio_settings import TwilioPlan, TwilioSettingsError, plan_of, tally_of

_WITHIN_S = 90.0
_BROWSERS = (
    sa.select(sa.func.count())
    .select_from(Agent)
    .where(Agent.active, Agent.endpoint.startswith("client:"))
)
_MAINLAND, _MAINLAND_CODE = "CN", "+86"


async def examine_twilio(
    settings: Settings, sessions: async_sessionmaker[AsyncSession], clock: Clock
) -> list[Finding]:
    """Look at the account of the settings; what fails becomes a finding with its mend."""
    try:
        plan = plan_of(settings)
    except TwilioSettingsError as err:
        return [Finding(subject="twilio settings", found=str(err), sound=False)]
    async with sessions() as session:
        installation_id = (await switches(session)).installation_id
        spent = await spent_on(session, tally_of(settings), at=clock.now())
        regions = set(await session.scalars(sa.select(Community.region).distinct()))
        names = set(await session.scalars(sa.select(Community.name)))
        browsers = await session.scalar(_BROWSERS) or 0
    found = [
        Finding(
            subject="twilio settings",
            found=f"{plan.account.base_url} is asked, and asks us at {plan.addresses.public_url}",
        )
    ]
    if (mainland := unreached_mainland(plan, regions)) is not None:
        found.append(mainland)
    if strange := sorted(plan.caller_ids.keys() - names):
        found.append(
            Finding(
                subject="twilio caller_ids",
                found=f"{', '.join(strange)}: no community of that name is on file, so nobody sees "
                "that number; write names as `ownerline community` has them",
                sound=False,
            )
        )
    if browsers and settings.twilio.api_key_sid is None:
        found.append(
            Finding(
                subject="twilio browsers",
                found=f"{browsers} agents talk in the browser, which gets no access token: make an "
                "API key in the console and set api_key_sid and api_key_secret_file",
                sound=False,
            )
        )
    found += await _account(plan, settings, clock, spent)
    found += await _reach(plan, installation_id)
    return found


async def _account(
    plan: TwilioPlan, settings: Settings, clock: Clock, spent: Spent
) -> list[Finding]:
    async with open_rest(plan.account) as rest:
        checks = TwilioChecks(rest=rest, plan=plan, settings=settings, clock=clock)
        return await _gathered("twilio account", checks.all(spent))


async def _reach(plan: TwilioPlan, installation_id: UUID) -> list[Finding]:
    return await _gathered("twilio public URL", examine_reach(plan, installation_id))


async def _gathered(subject: str, findings: AsyncIterator[Finding]) -> list[Finding]:
    """Return what is found until the end, or until a failure, which is a finding, too."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(_WITHIN_S):
            async for each in findings:
                found.append(each)  # noqa: PERF401 - what came before a failure counts
    except TimeoutError:
        slow = f"looking at it took more than {_WITHIN_S:.0f} s and was given up"
        found.append(Finding(subject=subject, found=slow, sound=False))
    except OwnerlineError as err:
        found.append(Finding(subject=subject, found=str(err), sound=False))
    return found


def unreached_mainland(plan: TwilioPlan, regions: set[str]) -> Finding | None:
    """Say that Twilio itself reaches nobody in mainland China, where somebody is to be reached.

    Source: Twilio, "Calling Limitations to China", notice of September 2023.
    """
    host = urlsplit(plan.account.base_url).hostname or ""
    reached = plan.destinations or tuple(regions)
    if not host.endswith(".twilio.com") or not any(
        each == _MAINLAND or each.startswith(_MAINLAND_CODE) for each in reached
    ):
        return None
    found = (
        "Twilio has carried no calls to mainland China since 30 November 2023: numbers of +86 are "
        'rung by bridge = "asterisk" over a trunk there, or by another carrier that speaks the '
        "API (api_base_url)"
    )
    return Finding(subject="twilio destinations", found=found)
