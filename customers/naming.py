"""How a person is addressed: surname and honorific in Mandarin, title and name in English."""

from customers.model import Language

# Surnames of two characters still in use (《百家姓》, compound part).
_COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "司徒",
        "令狐",
        "宇文",
        "长孙",
        "夏侯",
        "轩辕",
        "端木",
        "独孤",
        "南宫",
        "西门",
    ]
)
_ENGLISH_TITLES = {"先生": "Mr", "女士": "Ms", "小姐": "Ms", "太太": "Mrs"}
_MANDARIN_TITLES = {"mr": "先生", "mrs": "太太", "ms": "女士", "miss": "女士"}


def address(name: str, honorific: str | None) -> dict[str, str]:
    """Return how each language addresses a person: 王先生, Mr Wang; else the whole name."""
    title = (honorific or "").strip()
    if _is_han(name):
        surname = name[:2] if name[:2] in _COMPOUND_SURNAMES else name[:1]
        mandarin_title = _MANDARIN_TITLES.get(title.rstrip(".").lower(), title)
        mandarin = f"{surname}{mandarin_title}" if mandarin_title else name
        english_title = _ENGLISH_TITLES.get(mandarin_title, "")
        english = f"{english_title} {surname}" if english_title else name
        return {Language.MANDARIN: mandarin, Language.ENGLISH: english}
    spoken = f"{_ENGLISH_TITLES.get(title, title)} {name}".strip()
    return {Language.MANDARIN: spoken, Language.ENGLISH: spoken}


def _is_han(name: str) -> bool:
    return bool(name) and all(
        "\u3400" <= character <= "\u9fff" or character == "·" for character in name
    )
