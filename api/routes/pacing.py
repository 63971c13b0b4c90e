"""How campaigns' calls are paced ahead of agents: shown, and tightened at once; audited."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.fields import Given, PathWord, Shown, Text, Yes
from api.model import Right, needs
from api.routing import router as router_of
from api.work import Here, Work
from callback.campaign_settings import is_called_ahead
from callback.campaigns import Campaign
from callback.uploaded_book import learn_campaigns
from core.errors import OwnerlineError
from dialer.pacing.budget import Spent
from dialer.pacing.wording import sentence
from dialer.predictive.standing import PacingStanding, pacing_standing
from dialer.predictive.tightening import loosen, tighten

router = router_of("dialling")


class NotPacedError(OwnerlineError):
    """The campaign's calls are not placed ahead of agents."""


class BudgetShown(Shown):
    """Owners who answered, and those of them who met nobody."""

    answered: int
    abandoned: int


class TightenedShown(Shown):
    """What a supervisor has set over the rule packs."""

    target: float | None
    one_line_each: Yes
    set_at: datetime
    set_by: str
    why: str


class DecisionShown(Shown):
    """What the pacer said last, and how many of the calls were placed."""

    at: datetime
    dial: int
    placed: int
    bound: str
    because: str


class PacingShown(Shown):
    """How a campaign stands; rates are shares, the window is in hours."""

    campaign: str
    predictive: Yes  # false: one line an idle agent
    why_progressive: str | None
    today: BudgetShown
    window: BudgetShown
    window_hours: float
    target: float
    ceiling: float | None
    surely_above: Yes
    tightened: TightenedShown | None
    last: DecisionShown | None


class Tightening(Given):
    """A target below the rule packs' ceiling, or one line an idle agent."""

    target: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] | None = None
    one_line_each: Yes = False
    why: Text


@router.get("/campaigns/{name}/pacing", openapi_extra=needs(Right.READ_CAMPAIGNS))
async def show_pacing(work: Here, name: PathWord) -> PacingShown:
    """Return how a campaign is paced: the budget used, the last decision, and why."""
    await _campaign(work, name)
    return await _shown(work, name)


@router.put("/campaigns/{name}/pacing", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def tighten_pacing(work: Here, name: PathWord, given: Tightening) -> PacingShown:
    """Lower the target, or place one line an idle agent; the next decision obeys."""
    await _campaign(work, name)
    await tighten(
        work.session,
        name,
        target=given.target,
        one_line_each=given.one_line_each,
        packs=work.deps.desk.packs,
        by=work.caller.actor,
        why=given.why,
        now=work.now,
    )
    await work.note(
        "pacing_tightened",
        f"campaign:{name}",
        target=given.target,
        one_line_each=given.one_line_each,
        why=given.why,
    )
    return await _shown(work, name)


@router.delete("/campaigns/{name}/pacing", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def loosen_pacing(work: Here, name: PathWord) -> PacingShown:
    """Let the rule packs alone bind again; where nothing was tightened, nothing changes."""
    await _campaign(work, name)
    if await loosen(work.session, name):
        await work.note("pacing_loosened", f"campaign:{name}")
    return await _shown(work, name)


async def _campaign(work: Work, name: str) -> Campaign:
    campaigns = work.deps.desk.campaigns
    await learn_campaigns(work.session, [name], campaigns)
    campaign = campaigns.get(name)
    if not is_called_ahead(campaign):
        message = f"the calls of campaign {name} are not placed ahead of agents; set its pacing"
        raise NotPacedError(message)
    return campaign


async def _shown(work: Work, name: str) -> PacingShown:
    standing = await pacing_standing(
        work.session,
        name,
        packs=work.deps.desk.packs,
        zone=work.deps.defaults.time_zone,
        now=work.now,
    )
    return PacingShown(
        campaign=name,
        predictive=standing.why_progressive is None,
        why_progressive=standing.why_progressive,
        today=_budget(standing.today),
        window=_budget(standing.window),
        window_hours=standing.law.window_s / 3600,
        target=standing.target,
        ceiling=standing.law.ceiling,
        surely_above=standing.is_surely_above,
        tightened=_tightened(standing),
        last=_last(standing),
    )


def _budget(spent: Spent) -> BudgetShown:
    return BudgetShown(answered=spent.live, abandoned=spent.abandoned)


def _tightened(standing: PacingStanding) -> TightenedShown | None:
    found = standing.tightened
    if found is None:
        return None
    return TightenedShown(
        target=found.target,
        one_line_each=found.one_line_each,
        set_at=found.at,
        set_by=found.by,
        why=found.why,
    )


def _last(standing: PacingStanding) -> DecisionShown | None:
    last = standing.last
    if last is None:
        return None
    return DecisionShown(
        at=last.at,
        dial=last.decision.dial,
        placed=last.placed,
        bound=last.decision.bound.value,
        because=sentence(last.decision),
    )
