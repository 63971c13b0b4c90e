"""Campaigns: start, pause, hours, pacing, retries, priority."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Form, Path, Request, Response

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes.campaigns_form import (
    DAYS,
    LONGEST_WHY,
    RETRY_WORDS,
    Filled,
    Reader,
    priorities_of,
    trouble_of,
    values_of,
)
from api.console.routes.campaigns_pacing import LONGEST_TARGET, asked_target, pacing_shown
from api.console.routes.campaigns_words import (
    Why,
    figure_name,
    figure_text,
    name_of,
    number_of,
    rule_words,
    why_of,
)
from api.listening import follow
from api.model import Right, needs
from callback.campaign_bounds import Bounds, CampaignBoundError
from callback.campaign_changes import (
    ChangedMeanwhileError,
    NothingChangedError,
    Version,
    history_of,
    latest_version,
)
from callback.campaign_settings import Pacing, pacing_of
from callback.campaigns import Campaign
from callback.uploaded_book import learn_campaigns
from callback.uploaded_model import ListState, campaign_name, list_of_campaign
from callback.uploaded_tables import UploadedList
from core.columns import table_of
from core.live import News, Topic
from dialer import control
from dialer.campaign_standing import CampaignStanding, campaign_standings
from dialer.lists import pause_list, resume_list
from dialer.predictive.tightening import TighteningError, loosen, tighten
from dialer.steering import bounds_of, steer_campaign

router = pages()

Name = Annotated[str, Path(max_length=64, pattern=r"^[a-z][a-z0-9_-]*$")]
_MOST_LISTS = 200
_SETTLE_S = 2.0
_HEARD = frozenset({Topic.SWITCHES, Topic.ATTEMPT, Topic.DUE_CALL, Topic.MISSED})
_LIST = table_of(UploadedList)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A campaign as the list of them shows it."""

    campaign: Campaign
    words: str
    pacing: Pacing
    standing: CampaignStanding
    paused: control.Paused | None
    why: Why
    is_set: bool  # something of it was changed here


@router.get("/campaigns", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def show_campaigns(page: Here) -> Response:
    """Show every campaign with what it does now."""
    return page.show("campaigns/index.html", rows=await _rows(page), turned=await _turned(page))


@router.get("/campaigns/part", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def show_part(page: Here) -> Response:
    """Show the list of campaigns alone, as it stands now."""
    return page.show("campaigns/part.html", rows=await _rows(page), turned=await _turned(page))


@router.get("/campaigns/live", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def hear(page: Here, request: Request) -> Response:
    """Tell a page when to look again."""
    return follow(page.work, request, _wanted, settle_s=_SETTLE_S)


@router.get("/campaigns/{name}", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def show_campaign(page: Here, name: Name) -> Response:
    """Show a campaign's settings, their bounds and their history."""
    campaign = await _campaign(page, name)
    return await _show(page, campaign, values_of(campaign))


@router.post("/campaigns/{name}", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def change(page: Here, name: Name, request: Request) -> Response:
    """Change a campaign's settings; the next claim of every dialer goes by them."""
    campaign = await _campaign(page, name)
    filled = Reader(page, await request.form(), campaign).read()
    if filled.troubles:
        return await _again(page, campaign, filled)
    return await _set(page, campaign, filled)


@router.post("/campaigns/{name}/default", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def put_back(
    page: Here,
    name: Name,
    why: Annotated[str, Form(max_length=LONGEST_WHY)] = "",
    of_version: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Give a campaign its own figures back in one step."""
    campaign = await _campaign(page, name)
    own = page.deps.desk.campaigns.unset(name)
    filled = Filled(
        values=values_of(campaign) | {"why": why},
        wanted=own,
        why=why.strip() or page.say("campaigns.put_back_why"),
        of_version=of_version,
    )
    return await _set(page, campaign, filled)


@router.post("/campaigns/{name}/pause", openapi_extra=needs(Right.TURN_CAMPAIGNS))
async def pause(page: Here, name: Name, back: Annotated[str, Form(max_length=8)] = "") -> Response:
    """Place no more calls of a campaign."""
    return await _turn(page, name, pause=True, back=back)


@router.post("/campaigns/{name}/resume", openapi_extra=needs(Right.TURN_CAMPAIGNS))
async def resume(page: Here, name: Name, back: Annotated[str, Form(max_length=8)] = "") -> Response:
    """Let a paused campaign go on."""
    return await _turn(page, name, pause=False, back=back)


@router.post("/campaigns/{name}/tighten", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def tighten_pacing(
    page: Here,
    name: Name,
    target: Annotated[str, Form(max_length=LONGEST_TARGET)] = "",
    one_line: Annotated[str, Form(max_length=8)] = "",
    why: Annotated[str, Form(max_length=LONGEST_WHY)] = "",
) -> Response:
    """Lower a campaign's target, or place one line an agent; the next decision obeys."""
    campaign = await _campaign(page, name)
    typed = {"target": target, "one_line": one_line, "why": why}
    try:
        share = asked_target(target)
        await tighten(
            page.work.session,
            name,
            target=share,
            one_line_each=bool(one_line),
            packs=page.deps.desk.packs,
            by=page.caller.actor,
            why=why.strip(),
            now=page.now,
        )
    except (ValueError, TighteningError) as err:
        word = err.refusal.value if isinstance(err, TighteningError) else "no_share"
        return await _show(
            page,
            campaign,
            values_of(campaign),
            tighten_as=typed | {"trouble": page.say(f"pacing.trouble.{word}")},
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    await page.work.note(
        "pacing_tightened",
        f"campaign:{name}",
        target=share,
        one_line_each=bool(one_line),
        why=why.strip(),
    )
    return page.go(f"/campaigns/{name}#pacing")


@router.post("/campaigns/{name}/loosen", openapi_extra=needs(Right.STEER_CAMPAIGNS))
async def loosen_pacing(page: Here, name: Name) -> Response:
    """Let the rule packs alone bind a campaign's pacing again."""
    await _campaign(page, name)
    if await loosen(page.work.session, name):
        await page.work.note("pacing_loosened", f"campaign:{name}")
    return page.go(f"/campaigns/{name}#pacing")


async def _turn(page: Page, name: str, *, pause: bool, back: str) -> Response:
    await _campaign(page, name)
    work, by = page.work, page.caller.actor
    list_id = list_of_campaign(name)
    if list_id is not None:  # it writes the audit itself
        turn = pause_list if pause else resume_list
        await turn(work.session, list_id=list_id, by=by, now=page.now)
    elif pause:
        await control.pause_campaign(work.session, campaign=name, by=by, now=page.now)
        await work.note("campaign_paused", f"campaign:{name}")
    else:
        await control.resume_campaign(work.session, campaign=name)
        await work.note("campaign_resumed", f"campaign:{name}")
    return page.go(f"/campaigns/{name}" if back == "one" else "/campaigns")


async def _set(page: Page, campaign: Campaign, filled: Filled) -> Response:
    try:
        version = await steer_campaign(
            page.work.session,
            page.deps.desk.campaigns,
            filled.wanted,
            packs=page.deps.desk.packs,
            of_version=filled.of_version,
            by=page.caller.actor,
            why=filled.why,
            now=page.now,
        )
    except CampaignBoundError as err:
        filled.troubles |= trouble_of(page, err)
    except NothingChangedError:
        filled.troubles["form"] = page.say("campaigns.trouble.nothing")
    except ChangedMeanwhileError:
        filled.troubles["form"] = page.say("campaigns.trouble.meanwhile")
        return await _again(page, campaign, filled, status=HTTPStatus.CONFLICT)
    else:
        await page.work.note(
            "campaign_changed",
            f"campaign:{campaign.name}",
            version=version.version,
            why=version.why,
            changes={
                figure: {"before": before, "after": after}
                for figure, (before, after) in version.changes.items()
            },
        )
        return page.go(f"/campaigns/{campaign.name}")
    return await _again(page, campaign, filled)


async def _again(
    page: Page,
    campaign: Campaign,
    filled: Filled,
    *,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    """Show the form with what was typed and what must be mended."""
    return await _show(page, campaign, filled.values, troubles=filled.troubles, status=status)


async def _show(
    page: Page,
    campaign: Campaign,
    values: Mapping[str, str],
    *,
    troubles: Mapping[str, str] | None = None,
    tighten_as: Mapping[str, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    session, book, name = page.work.session, page.deps.desk.campaigns, campaign.name
    bounds = await bounds_of(session, page.deps.desk.packs, campaign.purpose)
    (row,) = await _rows(page, [campaign])
    return page.show(
        "campaigns/one.html",
        status=status,
        row=row,
        own=book.unset(name),
        values={"why": "", **values},
        troubles=dict(troubles or {}),
        bounds=bounds,
        bound_week=[", ".join(str(each) for each in bounds.week[day]) for day in DAYS],
        caps=_caps(page, bounds),
        pacings=tuple(Pacing),
        pacing=await pacing_shown(page, campaign),
        tighten_as=dict(tighten_as or {}),
        priorities=priorities_of(campaign),
        retry_words=[*dict.fromkeys([*campaign.retry, *RETRY_WORDS])],
        version=await latest_version(session, name),
        history=[_told(page, each) for each in await history_of(session, book, name)],
        held=[
            {
                "words": rule_words(page, each.rule),
                "due": number_of(each, row.standing),
                "until": each.until,
            }
            for each in row.standing.held
        ],
    )


def _caps(page: Page, bounds: Bounds) -> str:
    return "; ".join(
        page.say("campaigns.cap", attempts=attempts, hours=hours) for attempts, hours in bounds.caps
    )


def _told(page: Page, version: Version) -> dict[str, Any]:
    return {
        "version": version,
        "changes": [
            {
                "name": figure_name(page, name),
                "before": figure_text(page, name, before),
                "after": figure_text(page, name, after),
            }
            for name, (before, after) in version.changes.items()
        ],
    }


async def _rows(page: Page, only: list[Campaign] | None = None) -> list[Row]:
    session, book = page.work.session, page.deps.desk.campaigns
    lists = await _lists(page)
    if only is None:
        await learn_campaigns(session, lists, book)
    shown = only or [*book.all, *(book.get(name) for name in lists if book.knows(name))]
    turned, paused = await _turned(page), await control.paused_campaigns(session)
    since = datetime.combine(
        page.now.astimezone(ZoneInfo(page.zone)).date(), time(), ZoneInfo(page.zone)
    )
    standings = await campaign_standings(session, now=page.now, since=since)
    rows = []
    for campaign in shown:
        standing = standings.get(campaign.name, CampaignStanding())
        rows.append(
            Row(
                campaign=campaign,
                words=name_of(page, campaign.name, lists),
                pacing=pacing_of(campaign),
                standing=standing,
                paused=paused.get(campaign.name),
                why=why_of(page, standing, turned, paused.get(campaign.name)),
                is_set=campaign != book.unset(campaign.name),
            )
        )
    return rows


async def _lists(page: Page) -> dict[str, str]:
    """Return the names of the started lists by their campaigns, the newest first."""
    found = await page.work.session.execute(
        sa.select(_LIST.c.list_id, _LIST.c.name)
        .where(_LIST.c.state == ListState.STARTED)
        .order_by(_LIST.c.list_id.desc())
        .limit(_MOST_LISTS)
    )
    return {campaign_name(row.list_id): row.name for row in found}


async def _campaign(page: Page, name: str) -> Campaign:
    """Return a campaign of the house's, or of a started list, as it is set now."""
    book = page.deps.desk.campaigns
    await learn_campaigns(page.work.session, [name], book)
    return book.get(name)


async def _turned(page: Page) -> control.Switches:
    return page.switches or await control.switches(page.work.session)


def _wanted(news: News) -> str | None:
    return "campaigns" if news.topic in _HEARD else None
