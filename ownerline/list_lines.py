"""Uploaded lists as lines for a person, in the language of the terminal."""

from collections.abc import Iterator, Mapping

from callback.cause_words import CAUSES
from callback.rules import Rule
from callback.uploaded_words import (
    CALL_STATES,
    DECISIONS,
    GUESSED,
    LINES,
    MATCHES,
    REFUSALS,
    STATES,
    TAKEN_FOR,
    VARIABLE,
)
from callback.words import MODES, PURPOSES
from customers.model import Language
from dialer.list_preview import ListPreview
from dialer.lists import ListSummary
from ownerline.uploading import Shown

Words = Mapping[str, Mapping[Language, str]]

_VARIABLE = "variable:"


def line(word: str, language: Language, **facts: object) -> str:
    """Return one sentence about a list."""
    return LINES[word][language].format(
        **{name: f"{fact:,}" if isinstance(fact, int) else fact for name, fact in facts.items()}
    )


def lines_of(shown: Shown, language: Language) -> Iterator[str]:
    """Return a list as it stands, a draft with its preview."""
    summary = shown.summary
    yield line(
        "list",
        language,
        name=summary.name,
        state=STATES[summary.state][language],
        community=summary.community,
        script=summary.script,
        mode=MODES[summary.mode][language],
        purpose=PURPOSES[summary.purpose][language],
    )
    yield line("columns", language)
    for column in summary.columns:
        guessed = GUESSED[language] if column["guessed"] else ""
        yield f"  {column['title']}: {_taken_for(column['meaning'], language)}{guessed}"
    for note in summary.notes:
        yield "  " + line("note", language, note=note)
    refused = sum(summary.refused.values())
    called = sum(summary.matched.values())
    yield line("rows", language, rows=summary.rows, callable=called, refused=refused)
    yield from (f"  {_said(MATCHES, each, language)}: {n:,}" for each, n in summary.matched.items())
    if refused:
        yield line("refused", language)
        for each, n in summary.refused.items():
            yield f"  {_said(REFUSALS, each, language)}: {n:,}"
    if shown.preview is None:
        yield line("calls", language, counts=_counts(summary.calls, CALL_STATES, language))
        if summary.outcomes:
            yield line("outcomes", language, counts=_counts(summary.outcomes, CAUSES, language))
    else:
        yield from _preview_lines(shown.preview, language)
        yield line("start_it", language, name=summary.name)


def lines_of_all(summaries: list[ListSummary], language: Language) -> Iterator[str]:
    """Return one line a list."""
    if not summaries:
        yield line("none", language)
    for each in summaries:
        counts = _counts(each.calls, CALL_STATES, language) or line("no_calls", language)
        state = STATES[each.state][language]
        yield line("one", language, name=each.name, state=state, rows=each.rows, counts=counts)


def _preview_lines(preview: ListPreview, language: Language) -> Iterator[str]:
    for each in preview.refused_rows:
        detail = f" ({each.detail})" if each.detail else ""
        yield f"  #{each.row_number} {_said(REFUSALS, each.reason, language)}{detail}"
    if preview.judged:
        yield line("judged", language, judged=preview.judged)
    for decision, rules in preview.verdicts.items():
        parts = ", ".join(f"{Rule(rule).value} {n:,}" for rule, n in rules.items())
        yield f"  {DECISIONS[decision][language]}: {parts}"
    for sample in preview.samples:
        yield line("sample", language, row=sample.row_number, name=sample.name)
        yield from (f"  {said}" for said in sample.said)


def _taken_for(meaning: str, language: Language) -> str:
    if meaning.startswith(_VARIABLE):
        return VARIABLE[language].format(name=meaning.removeprefix(_VARIABLE))
    return _said(TAKEN_FOR, meaning, language)


def _counts(counts: Mapping[str, int], words: Words, language: Language) -> str:
    between = ",".join if language is Language.MANDARIN else ", ".join
    return between(f"{_said(words, word, language)} {number:,}" for word, number in counts.items())


def _said(words: Words, word: str, language: Language) -> str:
    return words[word][language] if word in words else word
