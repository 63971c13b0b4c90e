"""`ownerline doctor`: the settings in force, and whether everything stands as it should."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from callback.packs import shipped_packs
from core.clock import SystemClock
from core.database import database_url
from core.errors import OwnerlineError
from core.settings import BridgeName, Settings, describe, unknown_variables
from dialer import control
from ownerline import database
from ownerline.asterisk_doctor import examine_asterisk
from ownerline.backups.leftovers import left_behind
from ownerline.books import campaigns_of
from ownerline.finding import Finding
from ownerline.recorded import store_of
from ownerline.runtime import open_runtime
from ownerline.speech_doctor import examine_speech
from ownerline.twilio_doctor import examine_twilio
from recordings.service import missing_count
from recordings.store import StoreError, StoreUrlError

_MISSING_TOLD_FOR = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """All that `doctor` shows; secrets are hidden."""

    settings: tuple[tuple[str, str, str], ...]  # key, value, source
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.sound for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        """Return the object that `doctor --json` prints."""
        return {
            "sound": self.sound,
            "settings": [
                {"key": key, "value": value, "source": source}
                for key, value, source in self.settings
            ],
            "findings": [
                {"subject": each.subject, "found": each.found, "sound": each.sound}
                for each in self.findings
            ],
        }

    def lines(self) -> Iterator[str]:
        """Return what a person reads."""
        for key, value, source in self.settings:
            yield f"{key} = {value or '(none)'}  [{source}]"
        for finding in self.findings:
            yield f"{'ok   ' if finding.sound else 'WRONG'} {finding.subject}: {finding.found}"


async def examine(settings: Settings) -> Diagnosis:
    """Look at settings, database, switches, rule packs and the carrier; a failure is a finding."""
    findings = [
        Finding(subject="environment", found=f"{name} names no setting", sound=False)
        for name in unknown_variables()
    ]
    packs = shipped_packs()
    findings.append(Finding(subject="rule packs", found=", ".join(packs.names)))
    findings += [
        Finding(subject="rule packs", found=f"{name}, set as a default, is none", sound=False)
        for name in settings.packs
        if name not in packs.names
    ]
    findings.append(_campaigns(settings))
    try:
        findings += await _installation(settings)
    except OwnerlineError as err:
        findings.append(Finding(subject="database", found=str(err), sound=False))
    findings += await examine_speech(settings)
    if settings.bridge is BridgeName.ASTERISK:
        findings += await examine_asterisk(settings, SystemClock())
    if settings.bridge is BridgeName.TWILIO:
        findings += await _twilio(settings)
    return Diagnosis(
        settings=tuple((line.key, line.value, line.source) for line in describe(settings)),
        findings=tuple(findings),
    )


async def _twilio(settings: Settings) -> list[Finding]:
    try:
        async with open_runtime(settings) as runtime:
            return await examine_twilio(settings, runtime.sessions, runtime.clock)
    except OwnerlineError as err:
        return [Finding(subject="twilio", found=str(err), sound=False)]


def _campaigns(settings: Settings) -> Finding:
    try:
        campaigns = campaigns_of(settings)
    except OwnerlineError as err:
        return Finding(subject="campaigns", found=str(err), sound=False)
    origin = settings.campaigns_file or "as shipped"
    return Finding(subject="campaigns", found=f"version {campaigns.version}, {origin}")


async def _installation(settings: Settings) -> list[Finding]:
    async with database_url(settings) as url:
        async with open_runtime(settings) as runtime, runtime.sessions() as session:
            switches = await control.switches(session)
            left = await left_behind(session)
            missing = await missing_count(session, since=runtime.clock.now() - _MISSING_TOLD_FOR)
        checked = database.check(url)
    paused = ", ".join(sorted(switches.paused_campaigns)) or "none"
    return [
        Finding(
            subject="database",
            found=f"migration {checked.current} of {checked.head}, "
            f"{len(checked.differences)} differences",
            sound=checked.is_current,
        ),
        Finding(
            subject="real bridges",
            found="armed" if switches.armed else "not armed: only test numbers ring",
        ),
        Finding(
            subject="dialling",
            found=_dialling(switches),
            sound=switches.reconciled,
        ),
        Finding(subject="paused campaigns", found=paused),
        Finding(subject="restore", found=left or "none was interrupted", sound=left is None),
        await _recordings(settings, missing=missing),
    ]


async def _recordings(settings: Settings, *, missing: int) -> Finding:
    subject = "recordings"
    try:
        await store_of(settings).check()
    except (StoreError, StoreUrlError) as err:
        return Finding(subject=subject, found=str(err), sound=False)
    if missing:
        found = (
            f"{missing} missing since {_MISSING_TOLD_FOR.days} days or less; "
            "GET /api/v1/recordings?state=missing says why"
        )
        return Finding(subject=subject, found=found, sound=False)
    return Finding(subject=subject, found="the store takes files, none is missing")


def _dialling(switches: control.Switches) -> str:
    if not switches.reconciled:
        return "restored from a backup: nothing is dialled until `ownerline reconcile`"
    return "stopped until `ownerline resume`" if switches.stopped else "not stopped"
