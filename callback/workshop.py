"""The script workshop: drafts of the shipped scripts, checked, published, and taken back.

A draft is the script's own YAML; fragments are put in when it is published. Use cases that never
commit.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import yaml
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from callback.editions import edition_of
from callback.script_tables import ScriptDraft, ScriptEdition
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from customers.model import Language
from customers.service import audit
from scripts.findings import Finding, Rule, finding
from scripts.language import Script, ScriptError
from scripts.library import (
    MAX_BYTES,
    SHIPPED,
    build_script,
    load_library,
    parse_yaml,
    read_files,
    script_files,
)
from scripts.linter import lint

_DRAFT, _EDITION = table_of(ScriptDraft), table_of(ScriptEdition)
_SHOWN = 50  # editions of one script
LAST_SHIPPED = 100  # the house's own editions count on from here, shipped ones stay below

_LATEST = sa.select(sa.func.max(_EDITION.c.version)).where(_EDITION.c.name == sa.bindparam("name"))
# Publishing and taking back go one after the other.
_ALONE = sa.text("SELECT pg_advisory_xact_lock(hashtext('ownerline script ' || :name))")


class DraftGoneError(OwnerlineError):
    """There is no draft of this script any more: it was published or thrown away."""


class DraftChangedError(OwnerlineError):
    """Somebody else has saved the draft meanwhile; load it, and put your change in again."""


class NotPublishableError(OwnerlineError):
    """The draft has findings; mend them first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A script's text as the workshop sees it; `script` is None where it cannot be read."""

    script: Script | None
    findings: tuple[Finding, ...]


def shipped_text(name: str) -> str:
    """Return the text of a shipped script, as it lies in its file."""
    _, sources = read_files(script_files(SHIPPED))
    return sources[name].file.read_text(encoding="utf-8")


def check_text(name: str, text: str) -> Checked:
    """Read and lint a draft of a shipped script.

    It may use what the shipped one is given: its callers fill in no other variables.
    """
    if len(text.encode()) > MAX_BYTES:
        large = f"it is larger than {MAX_BYTES} bytes"
        return Checked(script=None, findings=(finding(name, "", Rule.UNREADABLE, what=large),))
    try:
        fragments, _ = read_files(script_files(SHIPPED))
        script = build_script(parse_yaml(text, name), fragments, name)
    except ScriptError as err:
        return Checked(script=None, findings=(finding(name, "", Rule.UNREADABLE, what=str(err)),))
    return Checked(script=script, findings=(*_unlike_shipped(name, script), *lint(script)))


def _unlike_shipped(name: str, script: Script) -> Sequence[Finding]:
    shipped = load_library().get(name)
    found = []
    for field in ("name", "purpose", "identity", "strong_if"):
        wanted = getattr(shipped, field)
        if getattr(script, field) != wanted:
            found.append(
                finding(name, "", Rule.UNREADABLE, what=f"{field} stays {wanted}: rules rest on it")
            )
    for variable, declared in script.variables.items():
        known = shipped.variables.get(variable)
        same = known is not None and known.type is declared.type
        if not same and declared.default is None:
            found.append(finding(name, "", Rule.UNKNOWN_VARIABLE, what=variable))
    return found


async def begin_draft(session: AsyncSession, name: str, *, by: str, now: datetime) -> None:
    """Begin a draft from what is in use; one that is there stays."""
    in_use = await edition_in_use(session, name)
    text = shipped_text(name) if in_use is None else in_use.text
    version = load_library().get(name).version if in_use is None else in_use.version
    await session.execute(
        insert(_DRAFT)
        .values(name=name, text=text, based_on=version, saved_at=now, saved_by=by)
        .on_conflict_do_nothing()
    )


async def draft_of(session: AsyncSession, name: str) -> AnyRow | None:
    """Return the draft of a script."""
    row: AnyRow | None = (
        await session.execute(sa.select(_DRAFT).where(_DRAFT.c.name == name))
    ).one_or_none()
    return row


async def save_draft(
    session: AsyncSession, name: str, text: str, *, saves: int, by: str, now: datetime
) -> None:
    """Keep a draft's text; `saves` is the count its author saw.

    Raises:
        DraftChangedError: somebody else saved it meanwhile.
        DraftGoneError: there is none any more.
    """
    written = await session.execute(
        sa.update(_DRAFT)
        .where(_DRAFT.c.name == name, _DRAFT.c.saves == saves)
        .values(text=text, saves=saves + 1, saved_at=now, saved_by=by)
        .returning(_DRAFT.c.name)
    )
    if written.first() is None:
        raise await _missed(session, name)


async def _missed(session: AsyncSession, name: str) -> OwnerlineError:
    draft = await draft_of(session, name)
    if draft is None:
        message = f"there is no draft of {name} any more: it was published or thrown away"
        return DraftGoneError(message)
    message = f"{draft.saved_by} has saved the draft of {name} meanwhile; load it again"
    return DraftChangedError(message)


async def drop_draft(session: AsyncSession, name: str, *, by: str, now: datetime) -> None:
    """Throw a draft away."""
    await session.execute(sa.delete(_DRAFT).where(_DRAFT.c.name == name))
    await audit(session, now=now, actor=by, action="script_draft_dropped", subject=f"script:{name}")


async def publish(session: AsyncSession, name: str, *, saves: int, by: str, now: datetime) -> int:
    """Put a draft into use, from the next talk on; returns its version.

    Raises:
        DraftGoneError, DraftChangedError: it is not the draft its author saw.
        NotPublishableError: it has findings.
    """
    await session.execute(_ALONE, {"name": name})
    draft = await draft_of(session, name)
    if draft is None or draft.saves != saves:
        raise await _missed(session, name)
    checked = await asyncio.to_thread(check_text, name, draft.text)  # a large one takes seconds
    if checked.script is None or checked.findings:
        message = f"the draft of {name} has {len(checked.findings)} findings; mend them first"
        raise NotPublishableError(message)
    latest = await session.scalar(_LATEST, {"name": name})
    version = max(latest or 0, LAST_SHIPPED) + 1
    whole = checked.script.model_dump(
        mode="json", by_alias=True, exclude_unset=True, exclude={"include"}
    )
    await _out_of_use(session, name)
    await session.execute(
        sa.insert(_EDITION).values(
            name=name,
            version=version,
            text=draft.text,
            whole={**whole, "version": version},
            published_at=now,
            published_by=by,
        )
    )
    await session.execute(sa.delete(_DRAFT).where(_DRAFT.c.name == name))
    await _note(session, "script_published", name, version, by=by, now=now)
    return version


async def use_edition(
    session: AsyncSession, name: str, version: int, *, by: str, now: datetime
) -> None:
    """Put an earlier edition, or the shipped script, into use again.

    Raises:
        DraftGoneError: there is no such edition.
    """
    await session.execute(_ALONE, {"name": name})
    await _out_of_use(session, name)
    if version != load_library().get(name).version:
        found = await session.execute(
            sa.update(_EDITION)
            .where(_EDITION.c.name == name, _EDITION.c.version == version)
            .values(in_use=True)
            .returning(_EDITION.c.name)
        )
        if found.first() is None:
            message = f"there is no edition {version} of {name}"
            raise DraftGoneError(message)
    await _note(session, "script_taken_back", name, version, by=by, now=now)


async def _out_of_use(session: AsyncSession, name: str) -> None:
    await session.execute(
        sa.update(_EDITION).where(_EDITION.c.name == name, _EDITION.c.in_use).values(in_use=False)
    )


async def _note(
    session: AsyncSession, action: str, name: str, version: int, *, by: str, now: datetime
) -> None:
    await audit(
        session,
        now=now,
        actor=by,
        action=action,
        subject=f"script:{name}",
        detail={"version": version},
    )


async def edition_in_use(session: AsyncSession, name: str) -> AnyRow | None:
    """Return the published edition in use; None: the shipped script is."""
    row: AnyRow | None = (
        await session.execute(sa.select(_EDITION).where(_EDITION.c.name == name, _EDITION.c.in_use))
    ).one_or_none()
    return row


async def edition_text(session: AsyncSession, name: str, version: int) -> str | None:
    """Return an edition's text, the shipped one's for its version; None: there is none."""
    if version == load_library().get(name).version:
        return shipped_text(name)
    return await session.scalar(
        sa.select(_EDITION.c.text).where(_EDITION.c.name == name, _EDITION.c.version == version)
    )


async def editions_of(session: AsyncSession, name: str) -> Sequence[AnyRow]:
    """Return the published editions of a script, the latest first."""
    return (
        await session.execute(
            sa.select(
                _EDITION.c.version,
                _EDITION.c.published_at,
                _EDITION.c.published_by,
                _EDITION.c.in_use,
            )
            .where(_EDITION.c.name == name)
            .order_by(_EDITION.c.version.desc())
            .limit(_SHOWN)
        )
    ).all()


async def draft_names(session: AsyncSession) -> frozenset[str]:
    """Return which scripts have a draft."""
    return frozenset((await session.scalars(sa.select(_DRAFT.c.name))).all())


async def versions_in_use(session: AsyncSession) -> Mapping[str, int]:
    """Return the editions in use by their scripts' names; the others are shipped."""
    rows = await session.execute(
        sa.select(_EDITION.c.name, _EDITION.c.version).where(_EDITION.c.in_use)
    )
    return {row.name: row.version for row in rows}


async def script_in_use(session: AsyncSession, name: str) -> Script:
    """Return the script as the next talk speaks it."""
    row = await edition_in_use(session, name)
    return load_library().get(name) if row is None else edition_of(name, row.version, row.whole)


def with_words(name: str, text: str, step: str, words: Mapping[Language, str]) -> str:
    """Return a draft's text with what one step says written anew.

    What stands in a fragment is written out in the script, which wins over it; comments are lost.

    Raises:
        ScriptError: the draft cannot be read, or has no such step that speaks.
    """
    raw = parse_yaml(text, name)
    script = check_text(name, text).script
    known = None if script is None else script.steps.get(step)
    if known is None or getattr(known, "say", None) is None:
        message = f"{name} has no step {step!r} that speaks"
        raise ScriptError(message)
    whole: dict[str, Any] = known.model_dump(mode="json", by_alias=True, exclude_unset=True)
    whole["say"] = {language.value: words[language] for language in Language}
    raw["steps"] = {**(raw.get("steps") or {}), step: whole}
    return yaml.safe_dump(raw, allow_unicode=True, sort_keys=False, width=120)
