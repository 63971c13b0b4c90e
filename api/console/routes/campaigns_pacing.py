"""How a campaign's calls are paced ahead of agents, as its page and the wall show it."""

import re
from dataclasses import dataclass

from api.console import formats
from api.console.page import Page
from callback.campaign_settings import is_called_ahead
from callback.campaigns import Campaign
from dialer.pacing.model import Bound
from dialer.pacing.wording import sentence
from dialer.predictive.standing import PacingStanding, pacing_standing

LONGEST_TARGET = 8

_ONE_LINE = frozenset({Bound.PROGRESSIVE, Bound.SMALL_TEAM, Bound.SPENT})
_PER_CENT = 100
_PLAIN = re.compile(r"[0-9]{1,2}(\.[0-9]{1,4})?")
_WIDE = str.maketrans("０１２３４５６７８９．％", "0123456789.%")


@dataclass(frozen=True, kw_only=True, slots=True)
class PacingShown:
    """A campaign's pacing as its page shows it."""

    standing: PacingStanding
    today: str
    window: str
    hours: int
    target: str
    ceiling: str | None
    state: str  # within, above, surely_above
    mode: str  # predictive, or why one line an agent
    sentence: str | None
    is_of_now: bool


async def pacing_shown(page: Page, campaign: Campaign) -> PacingShown | None:
    """Return how a campaign is paced; None: its calls are not placed ahead of agents."""
    if not is_called_ahead(campaign):
        return None
    standing = await pacing_standing(
        page.work.session,
        campaign.name,
        packs=page.deps.desk.packs,
        zone=page.zone,
        now=page.now,
    )
    return shown_of(page, standing)


def shown_of(page: Page, standing: PacingStanding) -> PacingShown:
    """Return a standing in the words of a page."""
    last, ceiling = standing.last, standing.law.ceiling
    return PacingShown(
        standing=standing,
        today=formats.share(standing.today.abandoned, standing.today.live, 1),
        window=formats.share(standing.window.abandoned, standing.window.live, 1),
        hours=int(standing.law.window_s // 3600),
        target=f"{_PER_CENT * standing.target:g}%",
        ceiling=None if ceiling is None else f"{_PER_CENT * ceiling:g}%",
        state=state_of(standing),
        mode=mode_of(standing),
        sentence=None if last is None else sentence(last.decision, page.language),
        is_of_now=last is not None and last.is_of_now(page.now),
    )


def state_of(standing: PacingStanding) -> str:
    """Return how the rates stand against the target, in a word."""
    if standing.is_surely_above:
        return "surely_above"
    return "above" if standing.is_above else "within"


def mode_of(standing: PacingStanding) -> str:
    """Return whether calls go ahead of agents at this moment, else why they do not, in a word."""
    if standing.why_progressive is not None:
        return standing.why_progressive.value
    bound = standing.bound
    return bound.value if bound in _ONE_LINE else "predictive"


def asked_target(typed: str) -> float | None:
    """Return the share that was typed in per cent; None: nothing was.

    Raises:
        ValueError: it is no share.
    """
    text = typed.strip().translate(_WIDE).rstrip("%").strip()
    if not text:
        return None
    if not _PLAIN.fullmatch(text):
        raise ValueError(text)
    return round(float(text) / _PER_CENT, 6)
