"""What can be announced to other systems."""

from enum import StrEnum


class Kind(StrEnum):
    """What can be announced."""

    ATTEMPT_ENDED = "attempt_ended"  # with the outcome of each due call it served
    PROMISE_MADE = "promise_made"
    DISPUTE_RAISED = "dispute_raised"
    EXTENSION_REQUESTED = "extension_requested"
    OPTED_OUT = "opted_out"
    PERSON_DECEASED = "person_deceased"
    CALLBACK_PROMISED = "callback_promised"
    WORK_ORDER_REOPENED = "work_order_reopened"  # a rework notice
    LIST_ENDED = "list_ended"  # an uploaded one, for good
