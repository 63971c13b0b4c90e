"""A desk for tests: files are written, uploaded, previewed and started on a dialer's day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import sqlalchemy as sa

from callback import uploaded
from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from callback.tables import DueCall
from callback.uploaded import NewList
from callback.uploaded_tables import UploadedRow
from dialer import lists
from dialer.call_facts import SettingBasis
from dialer.list_preview import ListPreview, PreviewBasis, preview_list
from scripts.library import load_library
from tests.integration.dialer.day import Day
from tests.integration.dialer.green_homes import GREEN_HOMES

BY = "desk"
INVITATION = NewList(name="open-day", community="Garden", script="invitation")
BASIS = PreviewBasis(
    campaigns=shipped_campaigns(),
    library=load_library(),
    packs=shipped_packs(),
    house=GREEN_HOMES,
    setting=SettingBasis(
        bridge_is_real=False,
        armed=False,
        stopped=False,
        paused_campaigns=frozenset(),
        test_numbers=(),
        destinations=(),
    ),
)


class Lists:
    """Uploads to the day's community and says what became of it."""

    def __init__(self, day: Day, folder: Path) -> None:
        self.day = day
        self._folder = folder

    def csv(self, text: str, *, name: str = "list.csv", encoding: str = "utf-8") -> Path:
        """Write a text file."""
        file = self._folder / name
        file.write_bytes(text.encode(encoding))
        return file

    def xlsx(self, rows: Sequence[Sequence[Any]], *, name: str = "list.xlsx") -> Path:
        """Write a workbook of one sheet."""
        workbook = openpyxl.Workbook()
        sheet = workbook.active
        assert sheet is not None
        for row in rows:
            sheet.append(list(row))
        workbook.save(self._folder / name)
        return self._folder / name

    async def upload(self, file: Path, new: NewList = INVITATION, **changes: Any) -> int:
        """Make a draft."""
        async with self.day.sessions.begin() as session:
            return await uploaded.create_draft(
                session,
                path=file,
                new=replace(new, **changes),
                campaigns=shipped_campaigns(),
                library=load_library(),
                by=BY,
                now=self.day.clock.now(),
            )

    async def preview(self, list_id: int, **changes: Any) -> ListPreview:
        """Preview a draft at this instant."""
        async with self.day.sessions.begin() as session:
            return await preview_list(
                session, list_id=list_id, basis=BASIS, now=self.day.clock.now(), **changes
            )

    async def start(self, list_id: int) -> int:
        """Start a draft."""
        async with self.day.sessions.begin() as session:
            return await uploaded.start(
                session,
                list_id=list_id,
                library=load_library(),
                by=BY,
                now=self.day.clock.now(),
            )

    async def end(self, list_id: int) -> int:
        """End a list."""
        async with self.day.sessions.begin() as session:
            return await uploaded.end(session, list_id=list_id, by=BY, now=self.day.clock.now())

    async def pause(self, list_id: int) -> bool:
        """Pause a list."""
        async with self.day.sessions.begin() as session:
            return await lists.pause_list(session, list_id=list_id, by=BY, now=self.day.clock.now())

    async def resume(self, list_id: int) -> bool:
        """Let a list go on."""
        async with self.day.sessions.begin() as session:
            return await lists.resume_list(
                session, list_id=list_id, by=BY, now=self.day.clock.now()
            )

    async def show(self, list_id: int) -> lists.ListSummary:
        """Return the list as it stands."""
        async with self.day.sessions() as session:
            return await lists.list_summary(session, list_id=list_id)

    async def refusals(self, list_id: int) -> Mapping[int, str]:
        """Return the refused rows and why."""
        rows = await self.day.rows(
            sa.select(UploadedRow.row_number, UploadedRow.refusal)
            .where(UploadedRow.list_id == list_id, UploadedRow.refusal.is_not(None))
            .order_by(UploadedRow.row_number)
        )
        return {row.row_number: row.refusal for row in rows}

    async def due(self) -> Mapping[str, tuple[str, str | None]]:
        """Return state and why settled of every due call of a list, by subject."""
        rows = await self.day.rows(
            sa.select(DueCall.subject, DueCall.state, DueCall.settled_because)
            .where(DueCall.campaign.startswith("list-"))
            .order_by(DueCall.due_call_id)
        )
        return {row.subject: (row.state.value, row.settled_because) for row in rows}
