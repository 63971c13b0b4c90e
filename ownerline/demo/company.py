"""The invented property company as a whole, on the eve of the day, all from one seed."""

from collections.abc import Sequence
from datetime import date, datetime

from callback.campaigns import Campaigns
from ownerline.demo.accounts import Ledgers
from ownerline.demo.households import Household, Settlers
from ownerline.demo.rows import Rows
from ownerline.demo.services import Records


def invent_company(
    owners: int, *, seed: int, day: date, now: datetime, campaigns: Campaigns
) -> Rows:
    """Return every row of a company with so many owners, as it stands on a morning.

    Args:
        owners: persons who own a unit; tenants come on top.
        seed: equal seeds give equal companies.
        day: the local day of the company's seat.
        now: the instant of that morning, aware.
        campaigns: whose ladder and terms the past follows.
    """
    rows = Rows()
    households: Sequence[Household] = Settlers(rows, seed=seed, day=day, now=now).settle(owners)
    Ledgers(rows, campaigns.overdue, seed=seed, day=day, now=now).bill(households)
    records = Records(rows, campaigns, seed=seed, day=day, now=now)
    records.repair(households)
    records.request_calls(households)
    records.survey_before(households)
    return rows
