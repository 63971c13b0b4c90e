"""Campaigns and the switches of dialling: shown, paused, stopped, armed; each turn is audited."""

from typing import Any
from uuid import UUID

from api.fields import PathWord, Shown, Yes
from api.model import Right, needs
from api.routing import router as router_of
from api.work import Here, Work
from callback.campaign_changes import follow_changes
from callback.campaigns import Campaign
from callback.uploaded_book import learn_campaigns
from customers.model import CallMode, Purpose, Reason
from dialer import control

router = router_of("dialling")


class CampaignShown(Shown):
    """One rule for who is due a call, and whether it is paused."""

    name: str
    reason: Reason
    purpose: Purpose
    mode: CallMode
    max_attempts: int
    paused: bool


class CampaignWithRules(CampaignShown):
    """A campaign with all its rules as data."""

    rules: dict[str, Any]


class SwitchesShown(Shown):
    """Whether this installation may ring owners, and whether all dialling is stopped."""

    installation_id: UUID
    armed: Yes
    stopped: Yes
    reconciled: Yes  # false after a restore, until the carrier was asked: nothing is dialled
    paused_campaigns: list[str]


class Turned(Shown):
    """Whether the switch was turned now; false where it stood so already."""

    changed: bool
    switches: SwitchesShown


@router.get("/campaigns", openapi_extra=needs(Right.READ_CAMPAIGNS))
async def list_campaigns(work: Here) -> list[CampaignShown]:
    """Return the house's campaigns."""
    await follow_changes(work.session, work.deps.desk.campaigns)
    paused = (await control.switches(work.session)).paused_campaigns
    return [
        CampaignShown(
            name=each.name,
            reason=each.reason,
            purpose=each.purpose,
            mode=each.mode,
            max_attempts=each.max_attempts,
            paused=each.name in paused,
        )
        for each in work.deps.desk.campaigns.all
    ]


@router.get("/campaigns/{name}", openapi_extra=needs(Right.READ_CAMPAIGNS))
async def show_campaign(work: Here, name: PathWord) -> CampaignWithRules:
    """Return a campaign with its rules."""
    campaign = await _campaign(work, name)
    paused = (await control.switches(work.session)).paused_campaigns
    return CampaignWithRules(
        name=campaign.name,
        reason=campaign.reason,
        purpose=campaign.purpose,
        mode=campaign.mode,
        max_attempts=campaign.max_attempts,
        paused=campaign.name in paused,
        rules=campaign.model_dump(mode="json"),
    )


@router.post("/campaigns/{name}/pause", openapi_extra=needs(Right.TURN_CAMPAIGNS))
async def pause_campaign(work: Here, name: PathWord) -> Turned:
    """Place no more calls of a campaign."""
    await _campaign(work, name)
    changed = await control.pause_campaign(
        work.session, campaign=name, by=work.caller.actor, now=work.now
    )
    return await _turned(work, "campaign_paused", f"campaign:{name}", changed=changed)


@router.post("/campaigns/{name}/resume", openapi_extra=needs(Right.TURN_CAMPAIGNS))
async def resume_campaign(work: Here, name: PathWord) -> Turned:
    """Let a paused campaign go on."""
    await _campaign(work, name)
    changed = await control.resume_campaign(work.session, campaign=name)
    return await _turned(work, "campaign_resumed", f"campaign:{name}", changed=changed)


@router.get("/switches", openapi_extra=needs(Right.READ_SWITCHES))
async def show_switches(work: Here) -> SwitchesShown:
    """Return how the installation stands."""
    return await _switches(work)


@router.post("/switches/stop", openapi_extra=needs(Right.STOP_DIALLING))
async def stop(work: Here) -> Turned:
    """Stop all dialling on all machines within a second."""
    changed = await control.stop(work.session, by=work.caller.actor, now=work.now)
    return await _turned(work, "stop", "installation", changed=changed)


@router.post("/switches/resume", openapi_extra=needs(Right.STOP_DIALLING))
async def resume(work: Here) -> Turned:
    """Let dialling go on after a stop."""
    changed = await control.resume(work.session)
    return await _turned(work, "resume", "installation", changed=changed)


@router.post("/switches/arm", openapi_extra=needs(Right.ARM))
async def arm(work: Here) -> Turned:
    """Let this very installation ring owners on a real bridge."""
    changed = await control.arm(work.session, by=work.caller.actor, now=work.now)
    return await _turned(work, "arm", "installation", changed=changed)


@router.post("/switches/disarm", openapi_extra=needs(Right.ARM))
async def disarm(work: Here) -> Turned:
    """Let only the test numbers ring on a real bridge."""
    changed = await control.disarm(work.session)
    return await _turned(work, "disarm", "installation", changed=changed)


async def _turned(work: Work, action: str, subject: str, *, changed: bool) -> Turned:
    await work.note(action, subject)
    return Turned(changed=changed, switches=await _switches(work))


async def _switches(work: Work) -> SwitchesShown:
    now = await control.switches(work.session)
    return SwitchesShown(
        installation_id=now.installation_id,
        armed=now.armed,
        stopped=now.stopped,
        reconciled=now.reconciled,
        paused_campaigns=sorted(now.paused_campaigns),
    )


async def _campaign(work: Here, name: str) -> Campaign:
    """Return a campaign of the house's, or of a started list."""
    campaigns = work.deps.desk.campaigns
    await learn_campaigns(work.session, [name], campaigns)
    return campaigns.get(name)
