"""How due calls name their subjects, and how a script names them to an owner."""

import re

from core.errors import OwnerlineError
from customers.complaint_tables import ComplaintCategory
from customers.model import Language, WorkOrderCategory

_REPAIRS = {
    WorkOrderCategory.SAFETY: ("安全设施维修", "the safety repair"),
    WorkOrderCategory.LEAK: ("漏水维修", "the leak repair"),
    WorkOrderCategory.OTHER: ("报修", "the repair"),
}
_COMPLAINTS = {
    ComplaintCategory.ATTITUDE: ("服务态度", "how our staff behaved"),
    ComplaintCategory.QUALITY: ("工程质量", "the quality of the building work"),
    ComplaintCategory.LATE_HANDOVER: ("逾期交房", "a late handover"),
    ComplaintCategory.SERVICE: ("物业服务", "our service"),
    ComplaintCategory.FEES: ("收费", "fees"),
    ComplaintCategory.OTHER: ("您反映的问题", "the matter you raised"),
}
_QUARTERS = {
    "1": ("第一季度", "first"),
    "2": ("第二季度", "second"),
    "3": ("第三季度", "third"),
    "4": ("第四季度", "fourth"),
}


class SubjectError(OwnerlineError):
    """A due call's subject is not written as kind:number."""


def work_order(work_order_id: int) -> str:
    """Return the subject of a callback after a repair."""
    return f"work_order:{work_order_id}"


def survey_target(survey_target_id: int) -> str:
    """Return the subject of a survey call."""
    return f"survey_target:{survey_target_id}"


def complaint(complaint_id: int) -> str:
    """Return the subject of a call that answers a complaint."""
    return f"complaint:{complaint_id}"


def callback_request(callback_request_id: int) -> str:
    """Return the subject of a promised call."""
    return f"callback_request:{callback_request_id}"


def number_in(subject: str) -> int:
    """Return the id a subject names.

    Raises:
        SubjectError: it names none.
    """
    shape = re.fullmatch(r"[a-z_]+:([0-9]+)", subject)
    if shape is None:
        message = f"the subject {subject!r} names no row; it should read like work_order:12"
        raise SubjectError(message)
    return int(shape[1])


def repair(category: WorkOrderCategory) -> dict[str, str]:
    """Say what sort of repair it was."""
    return _in_languages(*_REPAIRS[category])


def complaint_about(category: ComplaintCategory) -> dict[str, str]:
    """Say what a complaint is about; its own words are for the agent's eyes."""
    return _in_languages(*_COMPLAINTS[category])


def survey(name: str) -> dict[str, str]:
    """Say which survey it is: 2026-Q2 → 2026年第二季度业主满意度调查."""
    year, _, quarter = name.partition("-Q")
    if quarter not in _QUARTERS:
        return _in_languages("业主满意度调查", "our owner survey")
    mandarin, english = _QUARTERS[quarter]
    return _in_languages(
        f"{year}年{mandarin}业主满意度调查", f"our owner survey of the {english} quarter of {year}"
    )


def _in_languages(mandarin: str, english: str) -> dict[str, str]:
    return {Language.MANDARIN.value: mandarin, Language.ENGLISH.value: english}
