"""Words of fixed meaning: yes and no, roles, categories, languages, forms of address."""

from customers.model import Language, Role, WorkOrderCategory
from customers.parsing.problems import CellError, Problem

_YES = frozenset(
    {"是", "有", "对", "√", "✓", "✔", "y", "yes", "true", "t", "1", "x", "真"}
    | {"在保", "保内", "vip", "免打扰", "勿扰", "拒接", "贵宾", "重点"}
)
_NO = frozenset(
    {"否", "无", "不", "没有", "×", "✗", "n", "no", "false", "f", "0", "假", "-"}
    | {"过保", "保外", "普通", "一般", "非vip"}
)
_OWNER = frozenset({"业主", "产权人", "房主", "户主", "owner", "homeowner", "landlord"})
_TENANT = frozenset({"租户", "租客", "承租人", "租赁户", "tenant", "renter", "lessee"})
_SAFETY = ("安全", "消防", "电梯", "safety", "fire", "elevator", "lift")
_LEAK = ("渗", "漏水", "防水", "leak", "seepage", "waterproof")
_LANGUAGES = {
    Language.MANDARIN: frozenset(
        {"zh-cn", "zh", "zh_cn", "zh-hans", "cn", "中文", "汉语", "普通话", "国语", "mandarin"}
        | {"chinese"}
    ),
    Language.ENGLISH: frozenset({"en", "en-us", "en-gb", "en_us", "英文", "英语", "english"}),
}
_HONORIFICS = {
    "先生": frozenset({"先生", "男", "男士", "mr", "mr.", "m", "male", "sir"}),
    "女士": frozenset(
        {"女士", "女", "小姐", "太太", "夫人", "ms", "ms.", "mrs", "mrs.", "miss", "f", "female"}
    ),
}


def read_yes(text: str) -> bool | None:
    """Read 是/否, Y/N, true/false, 1/0; None for a blank.

    Raises:
        CellError: the word is neither a yes nor a no.
    """
    word = text.casefold()
    if word == "":
        return None
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError(Problem.NO_YES_OR_NO, text)


def read_role(text: str) -> Role | None:
    """Read a person's tie to a unit; None for a blank, other for any word not known."""
    word = text.casefold()
    if word == "":
        return None
    if word in _OWNER:
        return Role.OWNER
    return Role.TENANT if word in _TENANT else Role.OTHER


def read_category(text: str) -> WorkOrderCategory:
    """Sort a repair by what decides its callback; what is neither safety nor a leak is other."""
    word = text.casefold()
    if any(sign in word for sign in _SAFETY):
        return WorkOrderCategory.SAFETY
    return WorkOrderCategory.LEAK if any(s in word for s in _LEAK) else WorkOrderCategory.OTHER


def read_language(text: str) -> Language | None:
    """Read the language a person is spoken to in; None for a blank.

    Raises:
        CellError: we speak no such language.
    """
    word = text.casefold()
    if word == "":
        return None
    for language, names in _LANGUAGES.items():
        if word in names:
            return language
    raise CellError(Problem.NO_LANGUAGE, text)


def default_language(region: str) -> Language:
    """Return the language people of a region are spoken to in when nobody said another."""
    return Language.MANDARIN if region == "CN" else Language.ENGLISH


def read_honorific(text: str) -> str | None:
    """Return 先生 or 女士 for any way to write them, another title as given, None for a blank."""
    word = text.casefold()
    for honorific, names in _HONORIFICS.items():
        if word in names:
            return honorific
    return text or None
