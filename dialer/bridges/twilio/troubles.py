"""Why a phone on our side is not in its room, by what Twilio tells of its call."""

from collections.abc import Mapping

from dialer.bridges.causes import RESULT_BY_SIP_CODE
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.twilio.results import CallStatus
from dialer.model import TelephonyResult

_BY_STATUS: Mapping[CallStatus, PhoneTrouble] = {
    CallStatus.BUSY: PhoneTrouble.BUSY,
    CallStatus.FAILED: PhoneTrouble.UNREACHABLE,
    # Picked up by a mailbox, or by somebody who pressed no key.
    CallStatus.COMPLETED: PhoneTrouble.NO_ANSWER,
}
_BY_RESULT: Mapping[TelephonyResult, PhoneTrouble] = {
    TelephonyResult.REJECTED: PhoneTrouble.REJECTED,
    TelephonyResult.INVALID_NUMBER: PhoneTrouble.UNREACHABLE,
}


def trouble_of(status: CallStatus, *, sip_code: int | None = None) -> PhoneTrouble:
    """Return why a phone never came into its room; `status` is that of its end."""
    by_code = RESULT_BY_SIP_CODE.get(sip_code or 0)
    if by_code is not None and by_code in _BY_RESULT and status is not CallStatus.COMPLETED:
        return _BY_RESULT[by_code]
    return _BY_STATUS.get(status, PhoneTrouble.NO_ANSWER)
