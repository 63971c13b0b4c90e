"""When a due call is tried again, and when it is finished, by what an attempt came to.

Pure: the campaign's retry table comes in, a decision goes out.
"""

from dataclasses import dataclass
from datetime import datetime

from callback.campaigns import Campaign
from callback.model import DueCallState
from customers.model import WrapUpCode
from dialer.model import TelephonyResult

# A talk that settled what the call was for, whatever the owner said.
FINAL_CODES = frozenset(
    {
        WrapUpCode.PROMISE_TO_PAY,
        WrapUpCode.ALREADY_PAID,
        WrapUpCode.DISPUTE,
        WrapUpCode.EXTENSION_REQUESTED,
        WrapUpCode.SATISFIED,
        WrapUpCode.DISSATISFIED,
        WrapUpCode.SURVEY_COMPLETE,
        WrapUpCode.SURVEY_PARTIAL,
        WrapUpCode.CALLBACK_REQUESTED,
        WrapUpCode.INFORMATION_GIVEN,
        WrapUpCode.REFUSED,
        WrapUpCode.OPTED_OUT,
        WrapUpCode.TRANSFERRED,
        WrapUpCode.DECEASED,
    }
)

# Nobody spoke of the matter with the person the call is for.
NO_CONVERSATION_CODES = frozenset(
    {
        WrapUpCode.MESSAGE_LEFT,
        WrapUpCode.WRONG_NUMBER,
        WrapUpCode.NOT_THE_OWNER,
        WrapUpCode.NO_REPLY,
    }
)

# The number is dead: the next phone may be tried without waiting.
DEAD_NUMBER = frozenset({TelephonyResult.INVALID_NUMBER.value, WrapUpCode.WRONG_NUMBER.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """What becomes of a due call after an attempt; `retry_at` holds while it waits."""

    state: DueCallState
    because: str
    retry_at: datetime | None = None
    next_phone: bool = False  # the next try rings the person's next phone


def word_of(result: TelephonyResult, code: WrapUpCode | None) -> str:
    """Return the word a disposition is looked up by: the wrap-up code where people spoke."""
    return code.value if code is not None else result.value


def is_conversation(code: WrapUpCode | None) -> bool:
    """Say whether the matter was spoken of with a person."""
    return code is not None and code not in NO_CONVERSATION_CODES


def after_inbound(code: WrapUpCode | None) -> Next:
    """Decide what follows for one due call where the person had rung us about it.

    What their call did not settle waits as if they had not rung: it was no try of ours, and says
    nothing of the number.
    """
    if code in FINAL_CODES:
        return Next(state=DueCallState.DONE, because=str(code))
    return Next(state=DueCallState.WAITING, because="inbound")


def decide(
    *,
    result: TelephonyResult,
    code: WrapUpCode | None,
    attempts: int,
    same_before: int,
    ended_at: datetime,
    campaign: Campaign,
    placed: bool = True,
) -> Next:
    """Decide what follows an attempt for one due call.

    `attempts` counts those of this due call, this one included; `same_before` its earlier ones
    that came to the same word. What was never `placed` is tried again however often it was
    refused: an outage of the trunk uses up nobody's tries.
    """
    word = word_of(result, code)
    phone_died = word in DEAD_NUMBER
    if code in FINAL_CODES:
        return Next(state=DueCallState.DONE, because=word)
    if not placed:
        after = campaign.retry.get(word, campaign.otherwise).after
        return Next(state=DueCallState.WAITING, because=word, retry_at=ended_at + after)
    if attempts >= campaign.max_attempts:
        return Next(state=DueCallState.EXHAUSTED, because=f"max_attempts:{word}")
    rule = campaign.retry.get(word, campaign.otherwise)
    if not phone_died and same_before >= rule.times:
        return Next(state=DueCallState.EXHAUSTED, because=f"tries:{word}")
    return Next(
        state=DueCallState.WAITING,
        because=word,
        retry_at=ended_at + rule.after,
        next_phone=rule.next_phone or phone_died,
    )
