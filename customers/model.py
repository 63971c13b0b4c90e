"""The customer file's own words: why we call, for what purpose, who is who, how a talk ended."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a person is due a call."""

    OVERDUE = "overdue"
    REPAIR = "repair"
    SURVEY = "survey"
    PROMISED = "promised"
    UPLOADED = "uploaded"
    COMPLAINT = "complaint"
    ENQUIRY = "enquiry"
    NOTICE = "notice"
    FOLLOWUP = "followup"
    GREETING = "greeting"
    PROSPECT = "prospect"
    MISSED_CALL = "missed_call"


class Purpose(StrEnum):
    """What consent and rules are asked by."""

    DEBT = "debt"
    SERVICE = "service"
    SURVEY = "survey"
    MARKETING = "marketing"


class CallMode(StrEnum):
    """Who speaks: a person of ours, or the script alone."""

    AGENT = "agent"
    AUTOMATIC = "automatic"


class Role(StrEnum):
    """A person's tie to a unit (业主, 租户, 其他)."""

    OWNER = "owner"
    TENANT = "tenant"
    OTHER = "other"


class WorkOrderCategory(StrEnum):
    """What decides how soon a finished repair is called back."""

    SAFETY = "safety"
    LEAK = "leak"
    OTHER = "other"


class WrapUpCode(StrEnum):
    """How a talk ended, for one due call."""

    PROMISE_TO_PAY = "promise_to_pay"
    ALREADY_PAID = "already_paid"
    DISPUTE = "dispute"
    EXTENSION_REQUESTED = "extension_requested"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    SURVEY_COMPLETE = "survey_complete"
    SURVEY_PARTIAL = "survey_partial"
    CALLBACK_REQUESTED = "callback_requested"
    MESSAGE_LEFT = "message_left"
    INFORMATION_GIVEN = "information_given"
    WRONG_NUMBER = "wrong_number"
    NOT_THE_OWNER = "not_the_owner"
    REFUSED = "refused"
    OPTED_OUT = "opted_out"
    HUNG_UP = "hung_up"
    NO_REPLY = "no_reply"
    TRANSFERRED = "transferred"
    DECEASED = "deceased"


class Language(StrEnum):
    """A language calls are spoken in (BCP 47)."""

    MANDARIN = "zh-CN"
    ENGLISH = "en"


class RecordingConsent(StrEnum):
    """What recording a call needs, from the mildest to the strictest."""

    ONE_PARTY = "one_party"
    ANNOUNCE = "announce"  # the owner is told before it begins
    ASK = "ask"  # only after a yes
    NEVER = "never"


class PromiseState(StrEnum):
    """What became of a promise to pay."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"


class ExtensionState(StrEnum):
    """What became of an extension that was asked for."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
