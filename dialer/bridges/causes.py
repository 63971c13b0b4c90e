"""What the network's own words of an end mean to us, on any carrier: SIP codes and Q.850 causes."""

from collections.abc import Mapping
from enum import IntEnum

from dialer.model import TelephonyResult


class HangupCause(IntEnum):
    """Causes of ITU-T Q.850 (05/2018), table 1, that carriers use of telephone calls."""

    NONE = 0  # Asterisk: nobody gave one
    UNALLOCATED = 1
    NO_ROUTE_TO_NETWORK = 2
    NO_ROUTE = 3
    NORMAL_CLEARING = 16
    USER_BUSY = 17
    NO_USER_RESPONDING = 18
    NO_ANSWER = 19
    SUBSCRIBER_ABSENT = 20
    REJECTED = 21
    NUMBER_CHANGED = 22
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_FORMAT = 28
    FACILITY_REJECTED = 29
    NORMAL_UNSPECIFIED = 31
    NO_CIRCUIT = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41
    SWITCH_CONGESTION = 42
    CIRCUIT_UNAVAILABLE = 44
    RESOURCE_UNAVAILABLE = 47
    RECOVERY_ON_TIMER = 102
    INTERWORKING = 127


RESULT_BY_SIP_CODE: Mapping[int, TelephonyResult] = {
    401: TelephonyResult.CARRIER_ERROR,  # our credentials, not the owner
    402: TelephonyResult.CARRIER_ERROR,
    403: TelephonyResult.REJECTED,
    404: TelephonyResult.INVALID_NUMBER,
    407: TelephonyResult.CARRIER_ERROR,
    408: TelephonyResult.NO_ANSWER,
    410: TelephonyResult.INVALID_NUMBER,
    480: TelephonyResult.NO_ANSWER,
    484: TelephonyResult.INVALID_NUMBER,
    486: TelephonyResult.BUSY,
    487: TelephonyResult.NO_ANSWER,
    500: TelephonyResult.CARRIER_ERROR,
    503: TelephonyResult.CONGESTION,
    600: TelephonyResult.BUSY,
    603: TelephonyResult.REJECTED,
    604: TelephonyResult.INVALID_NUMBER,
    607: TelephonyResult.REJECTED,
    608: TelephonyResult.REJECTED,
}
