"""Use cases on the customer file: each locks the rows it changes, none commits.

Whoever is about to ring a person holds the rows the call rests on `FOR SHARE`; the locks taken
here are their counterpart, so a payment or an opt-out comes wholly before a ring or wholly after.
"""

from customers.accounts import (
    ImpossiblePromiseError,
    dispute_charges,
    record_payment,
    record_promise,
    request_extension,
)
from customers.desk import UnknownSubjectError, add_note, audit, has_note, open_agent_task
from customers.people import (
    add_phone,
    kill_phone,
    mark_deceased,
    opt_out,
    record_consent,
    request_callback,
)
from customers.repairs import NotCompletedError, record_survey_answers, reopen_work_order

__all__ = [
    "ImpossiblePromiseError",
    "NotCompletedError",
    "UnknownSubjectError",
    "add_note",
    "add_phone",
    "audit",
    "dispute_charges",
    "has_note",
    "kill_phone",
    "mark_deceased",
    "open_agent_task",
    "opt_out",
    "record_consent",
    "record_payment",
    "record_promise",
    "record_survey_answers",
    "reopen_work_order",
    "request_callback",
    "request_extension",
]
