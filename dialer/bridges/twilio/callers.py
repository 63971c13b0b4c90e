"""Who rings, as Twilio writes it: a number that can be rung back, or nobody.

Pure.
"""

from core.phone import PhoneNumber, PhoneNumberError

_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
# A caller who withholds the number comes as one of these words, or as it is spelt on a telephone:
# +266696687 is ANONYMOUS.
# https://help.twilio.com/articles/223179988-Why-am-I-getting-calls-from-these-strange-numbers-
_WORDS = (
    "ANONYMOUS",
    "BLOCKED",
    "NOTAVAILABLE",
    "PRIVATE",
    "RESTRICTED",
    "UNAVAILABLE",
    "UNKNOWN",
)
_WITHHELD = frozenset({*_WORDS, *(word.translate(_KEYPAD) for word in _WORDS)})
_LEAST_DIGITS = 7  # shorter ones are services, which ring nobody


def caller_of(written: str, *, region: str) -> PhoneNumber | None:
    """Return the caller's number; None: withheld, or none that could be rung.

    Args:
        written: `From` of a webhook or of a call: a number, a SIP address, a client's name.
        region: where numbers without country code belong.
    """
    scheme, colon, rest = written.partition(":")
    user = rest.partition("@")[0] if colon else written
    if colon and scheme.lower() not in {"sip", "sips"}:
        return None
    bare = user.removeprefix("+").strip()
    if bare.upper() in _WITHHELD or sum(each.isdecimal() for each in bare) < _LEAST_DIGITS:
        return None
    try:
        return PhoneNumber.parse(user, region)
    except PhoneNumberError:
        return None
