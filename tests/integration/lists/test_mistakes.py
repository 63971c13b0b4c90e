"""What is said of a list that cannot be."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import shipped_campaigns
from callback.uploaded import create_draft
from callback.uploaded_model import ListKind
from core.errors import OwnerlineError
from customers.model import Purpose
from customers.tables import Community
from scripts.library import load_library
from tests.integration.dialer.day import TEN
from tests.integration.lists.house import INVITATION

HEADER = "Name,Phone,Event,Event Day,Event Place"
GUEST = "Guest,13800990001,the open day,2026-05-23,the club house"


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        (f"{HEADER}\n", {}, "a header row and nothing under it"),
        ("\n\n", {}, "holds no row of text"),
        ("13800990001,Li Lei\n13800990002,Han\n", {}, "holds a phone number and no titles"),
        ("Who,What\nA,B\n", {}, "no column is known to hold a phone number"),
        (f"{HEADER}\n{GUEST}", {"columns": {"Nope": "name"}}, "there is no column 'Nope'"),
        (f"{HEADER}\n{GUEST}", {"columns": {"Event": "company"}}, "given by the call itself"),
        (f"{HEADER}\n{GUEST}", {"columns": {"Event": "ignore"}}, "speaks of event"),
        (f"{HEADER}\n{GUEST}", {"community": "Nowhere"}, "there is no community 'Nowhere'"),
        (f"{HEADER}\n{GUEST}", {"rules": {"max_tries": 3}}, "at max_tries: there is no such key"),
        (f"{HEADER}\n{GUEST}", {"rules": {"ends_on": "2026-01-01"}}, "has passed"),
        (
            f"{HEADER}\n{GUEST}",
            {"kind": ListKind.PROSPECT, "purpose": Purpose.SERVICE},
            "prospects are rung for marketing",
        ),
    ],
    ids=[
        *("no-rows", "empty", "no-header", "no-phone", "no-such-column", "taken-name", "unfilled"),
        *("community", "rule", "past", "purpose"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_mend(
    session: AsyncSession, tmp_path: Path, text: str, changes: dict[str, Any], said: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(text, encoding="utf-8")
    session.add(
        Community(
            name="Garden", time_zone="Asia/Shanghai", region="CN", currency="CNY", packs=["CN"]
        )
    )
    await session.flush()

    with pytest.raises(OwnerlineError, match=said):
        await create_draft(
            session,
            path=file,
            new=replace(INVITATION, **changes),
            campaigns=shipped_campaigns(),
            library=load_library(),
            by="desk",
            now=TEN,
        )
