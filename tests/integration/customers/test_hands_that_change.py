"""Any order of files about the same few homes keeps the laws of who holds them."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.customers.workbooks import CHARGES, CONTACTS, Desk, everything, save

NUMBERS = ("13800000001", "13800000002", "13800000003")
ROWS = st.lists(
    st.tuples(
        st.just("云麓"),
        st.sampled_from(["1-1-101", "1-1-102"]),
        st.sampled_from(["王芳", "李雷", "韩梅"]),
        st.lists(st.sampled_from(NUMBERS), max_size=2).map(";".join),
        st.sampled_from([None, "2020-01-01", "2026-11-22", "2026-12-05", "2027-03-01"]),
        st.sampled_from(["业主", "租户", "其他", None]),
        st.none(),
        st.sampled_from([None, "是", "否"]),
        st.none(),
    ),
    min_size=1,
    max_size=5,
)
FILES = st.lists(st.tuples(st.integers(0, 40), ROWS), min_size=1, max_size=5)
_DUE = (date(2019, 5, 1), date(2026, 11, 22), date(2026, 12, 5), date(2027, 6, 1))


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(files=FILES)
async def test_any_order_of_files_keeps_one_owner_a_home_and_repeats_nothing(
    session: AsyncSession, tmp_path: Path, files: list[tuple[int, list[tuple[Any, ...]]]]
) -> None:
    async with session.begin_nested() as example:
        desk = Desk(session=session, folder=tmp_path)
        opted_out: set[int] = set()
        for nth, (days, rows) in enumerate(files):
            desk.now += timedelta(days=days)
            path = save(tmp_path / f"contacts{nth}.xlsx", [CONTACTS, *rows])
            told = await desk.imports_file(path)
            assert told.rows == len(rows) == told.accepted + told.unchanged + told.rejected
            if nth == 0:
                await desk.imports(
                    *(
                        ["云麓", unit, kind, f"{unit}{kind}{due}", 1, None, due.isoformat(), None]
                        for unit in sorted({row[1] for row in rows})
                        for kind in ("水费", "物业费")
                        for due in _DUE
                    ),
                    header=CHARGES,
                )
            before = await everything(session)
            again = await desk.imports_file(path)
            assert (again.accepted, again.rejected) == (0, told.rejected)
            assert await everything(session) == before
            assert await _wrongly_liable(desk) == 0
            now_out = set(await desk.one("SELECT array_agg(person_id) FROM do_not_call") or [])
            assert opted_out <= now_out
            opted_out = now_out
        await example.rollback()


async def _wrongly_liable(desk: Desk) -> Any:
    """Count charges whose liable person did not hold the unit on the due date in either role."""
    return await desk.one("""
        SELECT count(*) FROM charge c WHERE c.liable_person_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM occupancy o
            WHERE o.unit_id = c.unit_id AND o.person_id = c.liable_person_id
              AND o.role = ANY(CASE c.kind WHEN '水费' THEN ARRAY['owner', 'tenant']
                               ELSE ARRAY['owner'] END)
              AND daterange(o.valid_from, o.valid_until) @> c.due_on)
    """)
