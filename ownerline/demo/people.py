"""Invented names and numbers: valid in form, and flagged so that no real bridge rings them."""

from dataclasses import dataclass
from random import Random

from customers.model import Language
from ownerline.demo.places import Place

_WOMEN_SHARE = 0.5
_COMPOUND_SHARE = 0.01
_TWO_GIVEN_SHARE = 0.75
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
    "于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛阎段雷"
    "龙黎史陶贺毛郝顾龚邵万钱严武戴莫孔向汤"
)
_COMPOUND = ("欧阳", "司徒", "上官", "诸葛")
_GIVEN_MEN = "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林阳建文志国嘉俊子轩博"
_GIVEN_WOMEN = "芳娜敏静丽艳娟霞秀燕玲桂英梅兰红云洁颖琳雪慧莹婷倩佳欣怡悦雅诗涵梓萱璐瑶"
_ENGLISH_GIVEN_MEN = ("Daniel", "Oliver", "Marcus", "Samuel", "Henry", "Victor", "Leon", "Hugo")
_ENGLISH_GIVEN_WOMEN = ("Emma", "Clara", "Alice", "Nora", "Helen", "Julia", "Ruth", "Sophie")
_ENGLISH_SURNAMES = (
    *("Taylor", "Morgan", "Bennett", "Harper", "Collins", "Foster", "Hughes", "Keller", "Larsen"),
    *(
        "Mercer",
        "Novak",
        "Palmer",
        "Quinn",
        "Reyes",
        "Sawyer",
        "Tanaka",
        "Walsh",
        "Young",
        "Okafor",
    ),
)
# 555-0100 to 555-0199 are kept for fiction in every area code (NANPA); these lie in Pacific time.
_FICTION_CODES = (
    *("209", "213", "310", "323", "408", "415", "510", "530", "559", "562", "619", "626", "650"),
    *("661", "707", "714", "760", "805", "818", "831", "858", "909", "916", "925", "949", "951"),
)
_FICTION_NUMBERS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """What somebody is called and in which language they are spoken to."""

    text: str
    honorific: str
    language: Language


def draw_name(rng: Random, place: Place) -> Name:
    """Draw a name that fits the place."""
    woman = rng.random() < _WOMEN_SHARE
    if rng.random() < place.english:
        given = rng.choice(_ENGLISH_GIVEN_WOMEN if woman else _ENGLISH_GIVEN_MEN)
        text = f"{given} {rng.choice(_ENGLISH_SURNAMES)}"
        return Name(text=text, honorific="Ms" if woman else "Mr", language=Language.ENGLISH)
    surname = rng.choice(_COMPOUND) if rng.random() < _COMPOUND_SHARE else rng.choice(_SURNAMES)
    given_names = _GIVEN_WOMEN if woman else _GIVEN_MEN
    given = "".join(rng.choices(given_names, k=2 if rng.random() < _TWO_GIVEN_SHARE else 1))
    return Name(
        text=surname + given, honorific="女士" if woman else "先生", language=Language.MANDARIN
    )


class Numbers:
    """Hands out numbers, none of them twice."""

    def __init__(self) -> None:
        self._mobiles = self._landlines = self._hong_kong = self._shared_cost = self._fiction = 0

    def mobile(self, place: Place) -> str:
        """Return the next mobile number of the place's country."""
        if place.is_abroad:
            self._fiction += 1
            code, last = divmod(self._fiction - 1, _FICTION_NUMBERS)
            return f"+1{_FICTION_CODES[code % len(_FICTION_CODES)]}55501{last:02d}"
        self._mobiles += 1
        return f"+86199{self._mobiles:08d}"

    def landline(self, place: Place) -> str:
        """Return the next landline of the place's city."""
        if place.is_abroad:
            return self.mobile(place)
        self._landlines += 1
        return f"+86{place.area_code}{80_000_000 + self._landlines}"

    def hong_kong(self) -> str:
        """Return a mobile number outside the mainland."""
        self._hong_kong += 1
        return f"+8525690{self._hong_kong:04d}"

    def shared_cost(self) -> str:
        """Return a 400 number, as some files wrongly hold one for an owner."""
        self._shared_cost += 1
        return f"+86400820{self._shared_cost:04d}"


def most_abroad() -> int:
    """Return how many numbers of fiction there are."""
    return len(_FICTION_CODES) * _FICTION_NUMBERS
