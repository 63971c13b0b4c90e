"""How a name may be typed."""

import pytest

from customers.spelling import as_vector, keys_of, plain


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("陈静", "chenjing cj 陈静 静 jing"),
        ("单雄信", "shanxiongxin sxx danxiongxin"),
        ("曾国", "zengguo zg cengguo"),
        ("仇英", "qiuying qy chouying"),
        ("解缙", "xiejin xj jiejin"),
        ("查良镛", "zhaliangyong zly chaliangyong"),
        ("朴志", "piaozhi pz puzhi"),
        ("乐嘉", "yuejia yj lejia"),
        ("吕布", "lvbu lubu lb"),
        ("尉迟恭", "yuchigong ycg"),
        ("欧阳锋", "ouyangfeng oyf yangfeng"),
        ("张晟", "zhangsheng zhangcheng zs zc"),
        ("Anna Smith", "annasmith smith as"),
        ("Zoë O'Brien", "zoeobrien brien"),
        ("Li 静", "lijing lj 静"),
        ("ＡＢ公司", "abgongsi gs 公司"),
    ],
)
def test_a_name_is_known_by_all_it_may_be_typed_as(name: str, typed: str) -> None:
    assert set(typed.split()) <= set(keys_of(name))


@pytest.mark.parametrize("name", ["", " ", "·", "'", "—", "\\", "<>"])
def test_a_name_without_letters_has_no_keys(name: str) -> None:
    assert keys_of(name) == ()


def test_a_name_of_many_readings_has_few_spellings_and_a_long_one_short_keys() -> None:
    assert len(keys_of("乐" * 24)) < 400
    assert max(map(len, keys_of("王" + "长" * 500))) <= 64


def test_a_key_is_one_lexeme_whatever_it_holds() -> None:
    assert as_vector(["a'b\\c", "d e"]) == "'a''b\\\\c' 'd e'"


def test_width_case_and_accents_do_not_count() -> None:
    assert plain("ＣＨÉN-Jing") == "chenjing"
