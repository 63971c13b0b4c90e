"""Communities: made with defaults, shown, and set within what exists in the world."""

from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import available_timezones

import phonenumbers
import sqlalchemy as sa
from babel.numbers import list_currencies
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from customers.account_tables import Charge
from customers.importing.model import Defaults
from customers.parsing.text import as_text
from customers.tables import Community, Unit


class CommunitySettingError(OwnerlineError):
    """A community cannot be set to that."""


class UnknownCommunityError(OwnerlineError):
    """No community has that name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommunityChange:
    """What to set; None leaves as it is."""

    time_zone: str | None = None
    region: str | None = None
    currency: str | None = None
    packs: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CommunityShown:
    """A community as people see it."""

    name: str
    time_zone: str
    region: str
    currency: str
    packs: tuple[str, ...]
    units: int

    def as_json(self) -> dict[str, object]:
        """Return it as the object that `community --json` prints."""
        return {
            "name": self.name,
            "time_zone": self.time_zone,
            "region": self.region,
            "currency": self.currency,
            "packs": list(self.packs),
            "units": self.units,
        }


async def set_community(
    session: AsyncSession,
    *,
    name: str,
    change: CommunityChange,
    defaults: Defaults,
    known_packs: Collection[str],
) -> bool:
    """Make the community with the defaults where there is none, then set what the change names.

    Returns whether it was made now.

    Raises:
        CommunitySettingError: no such zone, region, currency or pack; no name; or another
            currency while charges are in the old one.
    """
    called = as_text(name)
    _check(called, change, known_packs)
    made = await session.scalar(
        insert(Community)
        .values(
            name=called,
            time_zone=change.time_zone or defaults.time_zone,
            region=_upper(change.region) or defaults.region,
            currency=_upper(change.currency) or defaults.currency,
            packs=list(change.packs or defaults.packs),
        )
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Community.community_id)
    )
    community = await session.scalar(
        sa.select(Community).where(Community.name == called).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if community is None:
        raise _unknown(called)
    await _check_currency(session, community, _upper(change.currency))
    community.time_zone = change.time_zone or community.time_zone
    community.region = _upper(change.region) or community.region
    community.currency = _upper(change.currency) or community.currency
    community.packs = list(change.packs or community.packs)
    await session.flush()
    return made is not None


async def show_community(session: AsyncSession, *, name: str) -> CommunityShown:
    """Return the community of that name.

    Raises:
        UnknownCommunityError: there is none.
    """
    called = as_text(name)
    community = await session.scalar(sa.select(Community).where(Community.name == called))
    if community is None:
        raise _unknown(called)
    units = await session.scalar(
        sa.select(sa.func.count()).where(Unit.community_id == community.community_id)
    )
    return CommunityShown(
        name=community.name,
        time_zone=community.time_zone,
        region=community.region,
        currency=community.currency,
        packs=tuple(community.packs),
        units=units or 0,
    )


def _check(name: str, change: CommunityChange, known_packs: Collection[str]) -> None:
    if not name:
        message = "a community needs a name"
        raise CommunitySettingError(message)
    if change.time_zone is not None and change.time_zone not in available_timezones():
        message = f"{change.time_zone!r} is no time zone; write one like Asia/Shanghai"
        raise CommunitySettingError(message)
    region = _upper(change.region)
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        message = f"{change.region!r} is no region of ISO 3166; write CN, or GB (not UK)"
        raise CommunitySettingError(message)
    currency = _upper(change.currency)
    if currency is not None and currency not in list_currencies():
        message = f"{change.currency!r} is no currency; write three letters like CNY"
        raise CommunitySettingError(message)
    for pack in change.packs or ():
        if pack not in known_packs:
            message = f"{pack!r} is no rule pack; there are {', '.join(sorted(known_packs))}"
            raise CommunitySettingError(message)


async def _check_currency(
    session: AsyncSession, community: Community, currency: str | None
) -> None:
    if currency is None or currency == community.currency:
        return
    billed = await session.scalar(
        sa.select(sa.exists().where(Charge.community_id == community.community_id))
    )
    if billed:
        message = (
            f"{community.name} has charges in {community.currency};"
            f" its currency cannot become {currency}"
        )
        raise CommunitySettingError(message)


def _upper(code: str | None) -> str | None:
    return None if code is None else code.upper()


def _unknown(name: str) -> UnknownCommunityError:
    return UnknownCommunityError(
        f"there is no community {name!r}; import its contacts or make it with `ownerline community`"
    )
