"""Chinese sentences that code puts together have full-width punctuation."""

import re
from collections.abc import Iterator, Mapping
from types import ModuleType

import pytest

from callback import cause_words, explain, uploaded_words, words
from customers.model import Language
from dialer import attempt_words
from dialer.inbound import telling
from dialer.pacing import wording as pacing_wording
from dialer.replay import instant_wording
from dialer.replay import wording as replay_wording
from ownerline import whatif_lines

# Beside a Chinese character, or beside what is filled in between some.
_HALF = re.compile(r"[\u4e00-\u9fff}][,:;()!?]|[,:;()!?][\u4e00-\u9fff{]")
_MODULES = (
    *(attempt_words, cause_words, explain, instant_wording, pacing_wording),
    *(replay_wording, telling, uploaded_words, whatif_lines, words),
)


def _chinese(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return
    said = value.get(Language.MANDARIN)
    if isinstance(said, str):
        yield said
    for each in value.values():
        yield from _chinese(each)


@pytest.mark.parametrize("module", _MODULES, ids=lambda module: module.__name__)
def test_chinese_has_full_width_punctuation(module: ModuleType) -> None:
    said = [text for value in vars(module).values() for text in _chinese(value)]
    assert said
    half = [
        text
        for text in said
        if re.search(r"[\u4e00-\u9fff]", text) and _HALF.search(re.sub(r"\{[^{}]*\}", "{}", text))
    ]
    assert half == []
