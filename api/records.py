"""Posts that write the customer file by a workbook's rules: one record, or many at once."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Response
from pydantic import Field

from api.fields import Shown
from api.problems import ProblemError
from api.work import Work
from core.live import Topic, tell_all
from customers.headers import SheetKind
from customers.importing.records import RecordResult, RecordState, import_records
from customers.model import Language
from customers.parsing.problems import explain

MOST_RECORDS = 1000


class RecordProblemShown(Shown):
    """What was wrong with a field, and whether the item was rejected for it."""

    field: str
    problem: str
    sentence: str
    rejected: bool


class Imported(Shown):
    """What became of one item; `id` is its person's, charge's or work order's."""

    state: RecordState
    id: int | None
    problems: list[RecordProblemShown]


class RecordsResult(Shown):
    """What became of every item, in the order they were sent."""

    accepted: int
    unchanged: int
    rejected: int
    items: list[Imported] = Field(max_length=MOST_RECORDS)


# Of a post of one record that changed nothing.
UNCHANGED: dict[int | str, dict[str, Any]] = {
    200: {"model": Imported, "description": "All of it was known."}
}


async def import_many(
    work: Work, kind: SheetKind, records: Sequence[Mapping[str, Any]]
) -> RecordsResult:
    """Write the records; those that do not fit are told and the others kept."""
    results = await import_records(
        work.session,
        kind,
        records,
        source=work.caller.actor,
        defaults=work.deps.defaults,
        now=work.now,
    )
    await work.note("records_posted", kind.value, count=len(records))
    if kind is SheetKind.CONTACTS:
        changed = {each.key for each in results if each.state is RecordState.ACCEPTED}
        await tell_all(work.session, Topic.ACCOUNT, sorted(key for key in changed if key))
    counts = {state: sum(each.state is state for each in results) for state in RecordState}
    return RecordsResult(
        accepted=counts[RecordState.ACCEPTED],
        unchanged=counts[RecordState.UNCHANGED],
        rejected=counts[RecordState.REJECTED],
        items=[_shown(each) for each in results],
    )


async def import_one(
    work: Work, kind: SheetKind, record: Mapping[str, Any], response: Response
) -> Imported:
    """Write one record: 201 when it changed the file, 200 when all of it was known.

    Raises:
        ProblemError: it was rejected.
    """
    result = (await import_many(work, kind, [record])).items[0]
    if result.state is RecordState.REJECTED:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "; ".join(f"{each.field}: {each.sentence}" for each in result.problems),
            kind="rejected",
            errors=[
                {"pointer": f"/{each.field}", "in": "body", "detail": each.sentence}
                for each in result.problems
            ],
        )
    if result.state is RecordState.UNCHANGED:
        response.status_code = HTTPStatus.OK
    return result


def ids_of(items: Sequence[Imported]) -> set[int]:
    """Return the ids of those that changed the file."""
    return {each.id for each in items if each.id is not None and each.state is RecordState.ACCEPTED}


def _shown(result: RecordResult) -> Imported:
    return Imported(
        state=result.state,
        id=result.key,
        problems=[
            RecordProblemShown(
                field=each.field,
                problem=each.problem.value,
                sentence=explain(each.problem, Language.ENGLISH),
                rejected=each.rejected,
            )
            for each in result.problems
        ],
    )
