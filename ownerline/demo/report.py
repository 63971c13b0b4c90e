"""The report of a rehearsal: one page with charts and one workbook."""

import asyncio
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from ownerline.demo.figures import Figures
from ownerline.demo.page import render_page
from ownerline.demo.workbook import write_workbook

PAGE = "report.html"
WORKBOOK = "report.xlsx"


async def write_report(session: AsyncSession, figures: Figures, folder: Path) -> None:
    """Write the page and the workbook into a folder."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await write_workbook(session, figures, folder / WORKBOOK)
    await asyncio.to_thread(_write_page, figures, folder / PAGE)


def _write_page(figures: Figures, path: Path) -> None:
    path.write_text(render_page(figures, workbook=WORKBOOK), encoding="utf-8")
