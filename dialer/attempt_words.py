"""An attempt as one sentence, in Mandarin and English."""

from callback.explain import show_cause
from customers.model import Language, WrapUpCode
from dialer.model import TelephonyResult

_RANG = {
    Language.MANDARIN: "已拨打{phone}:{came_to}。",
    Language.ENGLISH: "Rang {phone}: {came_to}.",
}
_UP = {Language.MANDARIN: "正在拨打{phone}。", Language.ENGLISH: "A call to {phone} is up."}


def attempt_sentence(
    *,
    phone: str,
    result: TelephonyResult | None,
    code: WrapUpCode | None,
    language: Language,
) -> str:
    """Say what number was rung and what it came to; the wrap-up code where people spoke."""
    if result is None:
        return _UP[language].format(phone=phone)
    word = result.value if code is None else code.value
    return _RANG[language].format(phone=phone, came_to=show_cause(word, language))
