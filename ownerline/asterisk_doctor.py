"""`ownerline doctor` where Asterisk places the calls: every server, and what it and we share.

It rings nobody: what it tries runs over channels inside Asterisk alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from core.clock import Clock
from core.errors import OwnerlineError
from core.settings import Settings
from dialer.bridges.asterisk.ami import Account, Connection, ManagerLoginError
from dialer.bridges.asterisk.audio_places import make_folder
from dialer.bridges.asterisk.lines import ManagerEvent, ManagerGoneError
from dialer.bridges.asterisk.places import Place, places
from ownerline.asterisk_bridge import trunks_of
from ownerline.asterisk_browsers import examine_browsers
from ownerline.asterisk_checks import Checks
from ownerline.asterisk_trials import AgiDoor, SharedFolder, Trials
from ownerline.finding import Finding

log = structlog.get_logger(__name__)

_SHARED = "shared folder"
_WITHIN_S = 90.0  # for one server


async def examine_asterisk(settings: Settings, clock: Clock) -> list[Finding]:
    """Look at every Asterisk of the settings; what fails becomes a finding with its mend."""
    try:
        trunks_of(settings, clock)
    except OwnerlineError as err:
        return [Finding(subject="asterisk settings", found=str(err), sound=False)]
    findings = []
    folder, trouble = await asyncio.to_thread(_our_folder, settings)
    if trouble is not None:
        findings.append(trouble)
    async with AgiDoor.open(settings.asterisk) as door:
        findings += door.findings
        for place in places(settings.asterisk):
            findings += await _examined(place, settings, clock=clock, folder=folder, door=door)
    return findings


def _our_folder(settings: Settings) -> tuple[Path | None, Finding | None]:
    folder = settings.asterisk.shared_folder or settings.home / "asterisk"
    try:
        make_folder(folder)
    except OSError as err:
        found = f"{folder} cannot be written by us: {err.strerror}; give us the right to"
        return None, Finding(subject=_SHARED, found=found, sound=False)
    return folder, None


async def _examined(
    place: Place,
    settings: Settings,
    *,
    clock: Clock,
    folder: Path | None,
    door: AgiDoor,
) -> list[Finding]:
    """Look at one Asterisk; the first failure that ends the look is a finding, too."""
    subject = f"asterisk {place}"
    found: list[Finding] = []
    try:
        async with asyncio.timeout(_WITHIN_S), _connected(place, settings, clock) as checks:
            async for each in checks.all():
                found.append(each)  # noqa: PERF401 - what came before a failure counts
            async for each in examine_browsers(checks):
                found.append(each)  # noqa: PERF401 - as above
            trials = Trials(
                checks=checks,
                shared=SharedFolder(settings=settings, place=place, ours=folder),
                door=door,
            )
            async for each in trials.all():
                found.append(each)  # noqa: PERF401 - as above
    except ManagerLoginError as err:
        found.append(Finding(subject=subject, found=f"{err}; {_secrets_of(place)}", sound=False))
    except ManagerGoneError as err:
        mend = "start it, enable its manager (manager.conf), open the way to its port"
        found.append(Finding(subject=subject, found=f"{err}; {mend}", sound=False))
    except TimeoutError:
        slow = f"looking at it took more than {_WITHIN_S:.0f} s and was given up"
        found.append(Finding(subject=subject, found=slow, sound=False))
    except OwnerlineError as err:
        found.append(Finding(subject=subject, found=str(err), sound=False))
    return found


def _secrets_of(place: Place) -> str:
    files = sorted({str(each.secret_file) for each in place.servers if each.secret_file})
    ours = f"ours is in {', '.join(files)}" if files else "ours is in the settings themselves"
    return (
        f"{ours}, theirs beside manager.conf; `ownerline asterisk config` writes ours for them, "
        "then `manager reload`"
    )


@asynccontextmanager
async def _connected(place: Place, settings: Settings, clock: Clock) -> AsyncIterator[Checks]:
    first = place.servers[0]
    account = Account(
        host=place.host,
        port=place.port,
        username=first.username,
        secret="" if first.secret is None else first.secret.get_secret_value(),
    )
    told: list[ManagerEvent] = []
    came = asyncio.Event()

    def hear(event: ManagerEvent) -> None:
        told.append(event)
        came.set()

    connection = await Connection.open(account, hear=hear, lost=_say_lost)
    try:
        yield Checks(
            place=place,
            settings=settings,
            connection=connection,
            clock=clock,
            told=told,
            came=came,
        )
    finally:
        await connection.close()


def _say_lost(why: str) -> None:
    log.debug("doctor_disconnected", why=why)
