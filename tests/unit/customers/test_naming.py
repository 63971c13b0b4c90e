"""How a person is addressed, in Mandarin and in English."""

import pytest

from customers.model import Language
from customers.naming import address


@pytest.mark.parametrize(
    ("name", "honorific", "mandarin", "english"),
    [
        ("王小明", "先生", "王先生", "Mr 王"),
        ("王小明", "女士", "王女士", "Ms 王"),
        ("欧阳明", "女士", "欧阳女士", "Ms 欧阳"),
        ("王小明", "Mr.", "王先生", "Mr 王"),
        ("王小明", "mrs", "王太太", "Mrs 王"),
        ("王小明", "教授", "王教授", "王小明"),
        ("王小明", None, "王小明", "王小明"),
        ("王小明", "  ", "王小明", "王小明"),
        ("阿依古丽·买买提", None, "阿依古丽·买买提", "阿依古丽·买买提"),
        ("John Smith", "Mr", "Mr John Smith", "Mr John Smith"),
        ("John Smith", "先生", "Mr John Smith", "Mr John Smith"),
        ("John Smith", None, "John Smith", "John Smith"),
    ],
)
def test_a_person_is_addressed_as_the_language_does(
    name: str, honorific: str | None, mandarin: str, english: str
) -> None:
    assert address(name, honorific) == {Language.MANDARIN: mandarin, Language.ENGLISH: english}
