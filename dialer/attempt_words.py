"""An attempt as one sentence, in Mandarin and English."""

from callback.explain import show_cause
from customers.model import Language, WrapUpCode
from dialer.model import TelephonyResult

_RANG = {
    Language.MANDARIN: "已拨打{phone}：{came_to}。",
    Language.ENGLISH: "Rang {phone}: {came_to}.",
}
_WAS_RUNG = {
    Language.MANDARIN: "客户从{phone}来电：{came_to}。",
    Language.ENGLISH: "They rang us from {phone}: {came_to}.",
}
_UP = {Language.MANDARIN: "正在拨打{phone}。", Language.ENGLISH: "A call to {phone} is up."}


def attempt_sentence(
    *,
    phone: str,
    result: TelephonyResult | None,
    code: WrapUpCode | None,
    language: Language,
    inbound: bool = False,
) -> str:
    """Say what number was rung and what it came to; the wrap-up code where people spoke.

    `inbound` says that the number rang us.
    """
    if result is None:
        return _UP[language].format(phone=phone)
    word = result.value if code is None else code.value
    told = _WAS_RUNG if inbound else _RANG
    return told[language].format(phone=phone, came_to=show_cause(word, language))
