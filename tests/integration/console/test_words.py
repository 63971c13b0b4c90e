"""Every text of the console in both languages, none beside them, and no code inside a page."""

import re
import string
import unicodedata

import pytest
from jinja2 import nodes

from api.console.words import load_words
from customers.model import Language
from tests.integration.console.templates import (
    PARSER,
    Html,
    asked_by_code,
    asked_by_template,
    sources,
)

# What stands in a template as it is: names and marks that are the same in every language.
_SAME_EVERYWHERE = frozenset({"Ownerline", "中", "EN", "CSV", "XLSX", "VIP", "v", "PJSIP/199"})
_READ_BY_PEOPLE = frozenset(
    {"alt", "aria-label", "aria-description", "aria-roledescription", "placeholder", "title"}
    | {"data-confirm", "data-label", "data-say", "hx-confirm", "label"}
)
_ATTRIBUTES = re.compile(r"""[\w-]+="[^"]*\"""")  # what a macro puts into a tag
# A half-width sign beside a Chinese one; in a list of hours or codes it stands between digits.
_HALF = re.compile(r"[^\x00-\x7f]\s?[,;!?]|[,;!?]\s?[^\x00-\x7f]")
KEYS = load_words().keys()
_TEMPLATES = pytest.mark.parametrize(("name", "text"), sources(), ids=[n for n, _ in sources()])


@_TEMPLATES
def test_every_text_a_template_asks_for_is_there(name: str, text: str) -> None:
    asked = asked_by_template(text)
    missing = sorted(key for key in asked.keys if key not in KEYS)
    missing += sorted(
        pattern for pattern in asked.patterns if not any(re.fullmatch(pattern, key) for key in KEYS)
    )
    assert not missing, f"{name} asks for texts that api/console/texts has not: {missing}"


def test_every_text_that_code_asks_for_is_there_and_none_is_left_over() -> None:
    subjects = frozenset(key.partition(".")[0] for key in KEYS)
    by_code = asked_by_code(subjects)
    # A subject may have a voice of its own: its `say("agents.note")` is `reports.agents.note`.
    missing = sorted(
        key for key in by_code.keys - KEYS if not any(each.endswith(f".{key}") for each in KEYS)
    )
    missing += sorted(
        each for each in by_code.patterns if not any(re.fullmatch(each, key) for key in KEYS)
    )
    assert not missing, f"Python asks for texts that api/console/texts has not: {missing}"
    asked = [by_code, *(asked_by_template(text) for _, text in sources())]
    unused = sorted(key for key in KEYS if not any(each.covers(key) for each in asked))
    assert not unused, f"nobody asks for these texts: {unused}"


def test_a_text_takes_the_same_facts_in_both_languages() -> None:
    words = load_words()
    for key in sorted(KEYS):
        facts = [
            {name for _, name, _, _ in string.Formatter().parse(words.say(key, each)) if name}
            for each in Language
        ]
        assert facts[0] == facts[1], key


def test_chinese_has_full_width_punctuation() -> None:
    words = load_words()
    for key in sorted(KEYS):
        mandarin = words.say(key, Language.MANDARIN)
        plain = "".join(literal for literal, _, _, _ in string.Formatter().parse(mandarin))
        half = _HALF.search(plain)
        assert half is None, f"{key}: half-width punctuation in {mandarin!r}"


@_TEMPLATES
def test_a_template_says_nothing_of_its_own(name: str, text: str) -> None:
    html = Html(text)
    said = [each for around, each in html.texts if around not in {"kbd", "code"}]
    said += [
        value
        for tag in html.tags
        for attribute, value in tag.attributes
        if attribute in _READ_BY_PEOPLE
    ]
    bare = {
        word
        for each in said
        for word in _ATTRIBUTES.sub("", each).split()
        if any(unicodedata.category(sign).startswith("L") for sign in word)
    }
    bare -= _SAME_EVERYWHERE
    assert not bare, f"{name}: put these into api/console/texts: {bare}"


@_TEMPLATES
def test_a_template_holds_no_code_and_escapes_all_it_fills_in(name: str, text: str) -> None:
    parsed, html = PARSER.parse(text), Html(text)
    filters = {each.name for each in parsed.find_all(nodes.Filter)}
    assert not filters & {"safe", "xmlattr", "forceescape"}, name
    assert not list(parsed.find_all(nodes.EvalContextModifier)), f"{name} turns escaping off"
    for tag in html.tags:
        given = dict(tag.attributes)
        inline = [each for each in given if each.startswith(("on", "hx-on")) or each == "style"]
        assert not inline, f"{name}: {tag.text}"
        assert tag.name != "style", f"{name}: styles lie in static/"
        assert tag.name != "script" or "src" in given, f"{name}: scripts lie in static/"
        assert not tag.has_unquoted_filling, f"{name}: quotes around it: {tag.text}"
        for value in given.values():
            assert not value.strip().lower().startswith(("javascript:", "js:")), f"{name}: {value}"
