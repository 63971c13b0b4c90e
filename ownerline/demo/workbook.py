"""The workbook of a rehearsal: the rows behind the figures, one sheet a subject."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from sqlalchemy.ext.asyncio import AsyncSession

from core.money import Money
from ownerline.demo.figures import Figures

_DUE_CALLS = """
    SELECT dc.due_call_id, c.name AS community, u.label AS unit, p.name AS contact, dc.reason,
           dc.subject, dc.not_before, dc.due_by, dc.priority, dc.state, dc.attempts,
           dc.settled_at, dc.settled_because
    FROM due_call dc
    JOIN community c USING (community_id)
    JOIN unit u USING (unit_id)
    JOIN person p USING (person_id)
    WHERE dc.settled_at IS NULL OR dc.settled_at >= :since
    ORDER BY dc.due_call_id
"""
_ATTEMPTS = """
    SELECT a.attempt_id, p.name AS contact, a.e164 AS phone, a.campaign, a.mode, a.started_at,
           a.ringing_at, a.answered_at, a.ended_at, a.answered_by, a.telephony_result
    FROM attempt a
    JOIN person p USING (person_id)
    WHERE a.started_at >= :since
    ORDER BY a.started_at, a.attempt_id
"""
_OUTCOMES = """
    SELECT served.attempt_id, served.due_call_id, dc.reason, p.name AS contact,
           served.telephony_result, served.wrap_up_code, served.settled_at, served.retry_at
    FROM attempt_due_call served
    JOIN attempt a USING (attempt_id)
    JOIN due_call dc USING (due_call_id)
    JOIN person p ON p.person_id = a.person_id
    WHERE a.started_at >= :since
    ORDER BY served.settled_at, served.attempt_id, served.position
"""
_VERDICTS = """
    SELECT v.at, v.due_call_id, p.name AS contact, v.e164 AS phone, v.decision, v.rule, v.layer,
           v.pack, v.pack_version, v.until
    FROM verdict v
    JOIN person p USING (person_id)
    WHERE v.at >= :since
    ORDER BY v.verdict_id
"""
_PROMISES = """
    SELECT pr.made_at, p.name AS contact, pr.amount_minor, pr.currency, pr.promised_on, pr.state,
           pr.settled_at, pr.attempt_id
    FROM promise pr
    JOIN person p USING (person_id)
    WHERE pr.made_at >= :since OR pr.settled_at >= :since
    ORDER BY pr.promise_id
"""
_REWORK_NOTICES = """
    SELECT rn.found_at, rn.issue_by, rn.issued_at, w.reference, c.name AS community,
           u.label AS unit, w.category, w.contractor, rn.cycle, rn.attempt_id
    FROM rework_notice rn
    JOIN work_order w USING (work_order_id)
    JOIN community c USING (community_id)
    JOIN unit u USING (unit_id)
    WHERE rn.issued_at >= :since
    ORDER BY rn.rework_notice_id
"""
_SURVEY_ANSWERS = """
    SELECT answer.answered_at, survey.name AS survey, c.name AS community, p.name AS contact,
           answer.question, answer.score, answer.recording
    FROM survey_answer answer
    JOIN survey_target target USING (survey_target_id)
    JOIN survey USING (survey_id)
    JOIN community c USING (community_id)
    JOIN person p USING (person_id)
    WHERE answer.answered_at >= :since
    ORDER BY answer.answered_at, answer.survey_target_id, answer.question
"""
SHEETS: Mapping[str, str] = {
    "due calls": _DUE_CALLS,
    "attempts": _ATTEMPTS,
    "outcomes": _OUTCOMES,
    "verdicts": _VERDICTS,
    "promises": _PROMISES,
    "rework notices": _REWORK_NOTICES,
    "survey answers": _SURVEY_ANSWERS,
}
_MINOR = "_minor"  # written as a decimal, in the currency beside it
_WIDEST = 40
_WIDTH = {"contact": 18, "phone": 17, "subject": 24, "attempt_id": 38}
_INSTANT_WIDTH = 22


async def write_workbook(session: AsyncSession, figures: Figures, path: Path) -> None:
    """Write one sheet a subject, in a streaming way; its memory does not grow with the rows."""
    book = Workbook(write_only=True)
    zone = ZoneInfo(figures.zone)
    for title, query in SHEETS.items():
        sheet = book.create_sheet(title)
        rows = await session.stream(sa.text(query), {"since": figures.started_at})
        names = list(rows.keys())
        sheet.freeze_panes = "A2"
        for position, name in enumerate(names, start=1):
            letter = get_column_letter(position)
            sheet.column_dimensions[letter].width = _width(name)
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}1"
        sheet.append([_head(sheet, name.removesuffix(_MINOR)) for name in names])
        async for row in rows:
            sheet.append(_cells(names, row, zone))
    book.save(path)


def _cells(names: Sequence[str], row: Sequence[Any], zone: ZoneInfo) -> list[Any]:
    named = dict(zip(names, row, strict=True))
    return [
        Money(amount_minor=value, currency=named["currency"]).to_decimal()
        if name.endswith(_MINOR)
        else _cell(value, zone)
        for name, value in named.items()
    ]


def _cell(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):  # a sheet knows no offset: instants are written as ISO text
        return value.astimezone(zone).isoformat(timespec="seconds")
    return value if isinstance(value, int | float | Decimal | None) else str(value)


def _head(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, value=name)
    cell.font = Font(bold=True)
    return cell


def _width(name: str) -> int:
    instant = name.endswith(("_at", "_by", "_before", "_on")) or name in {"at", "until"}
    return min(_WIDEST, _WIDTH.get(name, _INSTANT_WIDTH if instant else max(12, len(name) + 2)))
