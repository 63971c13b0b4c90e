"""How a name may be typed: whole or from any of its characters on, in pinyin and by initials.

`陈静` is found by 陈静, 静, chenjing, jing and cj; `Anna Smith` by annasmith, smith and as.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import islice, product

_LONGEST_KEY = 64
_MOST_SPELLINGS = 6  # of one name: several of its characters may be read in several ways
_MOST_CHARACTERS = 24  # of a name are spelled
_HAN = re.compile("[㐀-䶿一-鿿\U00020000-\U0003134f]")
_WORD = re.compile(r"[^\W_]+")

# Characters read otherwise in a surname (《现代汉语词典》, entries marked 姓), the surname's
# reading first; those who do not know it type the common one, which follows.
_SURNAMES = {
    "单": ("shan", "dan"),
    "曾": ("zeng", "ceng"),
    "仇": ("qiu", "chou"),
    "解": ("xie", "jie"),
    "查": ("zha", "cha"),
    "区": ("ou", "qu"),
    "朴": ("piao", "pu"),
    "盖": ("ge", "gai"),
    "覃": ("qin", "tan"),
    "翟": ("zhai", "di"),
    "缪": ("miao", "mou"),
    "乐": ("yue", "le"),
    "员": ("yun", "yuan"),
    "秘": ("bi", "mi"),
    "种": ("chong", "zhong"),
    "召": ("shao", "zhao"),
    "折": ("she", "zhe"),
    "洗": ("xian", "xi"),
    "繁": ("po", "fan"),
    "么": ("yao", "me"),
    "黑": ("he", "hei"),
    "佴": ("nai", "er"),
    "宓": ("mi", "fu"),
    "隗": ("wei", "kui"),
    "郇": ("xun", "huan"),
    "郗": ("xi", "chi"),
    "长": ("zhang", "chang"),
    "柏": ("bai", "bo"),
    "祭": ("zhai", "ji"),
}
_COMPOUND_SURNAMES = {
    "尉迟": ("yu", "chi"),
    "万俟": ("mo", "qi"),
    "长孙": ("zhang", "sun"),
    "令狐": ("ling", "hu"),
    "澹台": ("tan", "tai"),
    "单于": ("chan", "yu"),
}
# Characters of given names that have two readings in use.
_GIVEN = {
    "乐": ("le", "yue"),
    "重": ("chong", "zhong"),
    "长": ("chang", "zhang"),
    "行": ("xing", "hang"),
    "朝": ("chao", "zhao"),
    "茜": ("qian", "xi"),
    "晟": ("sheng", "cheng"),
    "朴": ("pu", "piao"),
    "柏": ("bai", "bo"),
    "调": ("tiao", "diao"),
    "藏": ("cang", "zang"),
    "曾": ("zeng", "ceng"),
    "单": ("dan", "shan"),
    "盛": ("sheng", "cheng"),
    "娜": ("na", "nuo"),
    "莎": ("sha", "suo"),
}


def keys_of(name: str) -> tuple[str, ...]:
    """Return everything by whose beginning the name may be found, each once, sorted.

    One letter of the Latin alphabet is no key of its own: longer ones begin with it.
    """
    units = _units(name)
    keys = {plain(name)}
    for at in range(len(units)):
        tail = units[at:]
        keys.add("".join(text for text, _ in tail))
        for spelled in islice(product(*(readings for _, readings in tail)), _MOST_SPELLINGS):
            keys.add("".join(spelled))
            keys.add("".join(each[0] for each in spelled))
    return tuple(sorted(key[:_LONGEST_KEY] for key in keys if len(key) > 1 or not key.isascii()))


def as_vector(keys: Iterable[str]) -> str:
    """Return the keys as the database reads a `tsvector`."""
    return " ".join(quoted(key) for key in keys)


def quoted(key: str) -> str:
    """Return a key as one lexeme, whatever it holds."""
    escaped = key.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def vector_of(name: str) -> str:
    """Return what the database keeps of a name's spellings."""
    return as_vector(keys_of(name))


def plain(text: str) -> str:
    """Return letters and digits alone, of one width and case, without accents on Latin letters."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in parted if not unicodedata.combining(each))
    return "".join(_WORD.findall(unicodedata.normalize("NFC", bare)))


def _units(name: str) -> Sequence[tuple[str, tuple[str, ...]]]:
    """Return a name's parts, each as written and as read: a Han character, or a word of letters."""
    found: list[tuple[str, tuple[str, ...]]] = []
    compound = _COMPOUND_SURNAMES.get(name[:2], ())
    for word in _WORD.findall(unicodedata.normalize("NFKC", name)):
        letters = ""
        for character in word:
            if _HAN.match(character):
                if letters:
                    found.append((plain(letters), (plain(letters),)))
                    letters = ""
                at = len(found)
                readings = (compound[at],) if at < len(compound) else _read(character, first=not at)
                found.append((character, readings))
            else:
                letters += character
        if plain(letters):
            found.append((plain(letters), (plain(letters),)))
    return [unit for unit in found if unit[0]][:_MOST_CHARACTERS]


def _read(character: str, *, first: bool) -> tuple[str, ...]:
    known = _SURNAMES.get(character) if first else _GIVEN.get(character)
    return known or _dictionary_reading(character)


@lru_cache(maxsize=20_000)
def _dictionary_reading(character: str) -> tuple[str, ...]:
    """Return a character's usual reading; ü is typed v, u or yu."""
    read: str = _pinyin()(character)[0]
    if not read.isascii() or not read.isalpha():
        return (character,)
    return (read, read.replace("v", "u")) if "v" in read else (read,)


@cache
def _pinyin():  # type: ignore[no-untyped-def]  # noqa: ANN202 - a function of an untyped package
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - its dictionary is read when first needed

    return lazy_pinyin
