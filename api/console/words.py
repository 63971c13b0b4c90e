"""The console's words in both languages: YAML beside this file, one file a subject.

A key is `file.name` or `file.name.value`; `{fact}` in a text is filled in by its name.
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from core.errors import OwnerlineError
from customers.model import Language

_FOLDER = Path(__file__).parent / "texts"

Texts = Mapping[Language, str]


class MissingWordsError(OwnerlineError):
    """The console has no words for a key, or not in both languages."""


class Words:
    """Every text of the console by its key."""

    def __init__(self, texts: Mapping[str, Texts]) -> None:
        self._texts = dict(texts)

    def say(self, key: str, language: Language, **facts: object) -> str:
        """Return a text with its facts filled in; what is filled in is text, never markup.

        Raises:
            MissingWordsError: there is no such key.
        """
        texts = self._texts.get(key)
        if texts is None:
            message = f"the console has no words for {key!r}; put them in api/console/texts"
            raise MissingWordsError(message)
        text = texts[language]
        return text.format(**facts) if facts else text

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def keys(self) -> frozenset[str]:
        """Return every key there is."""
        return frozenset(self._texts)


@functools.cache
def load_words(folder: Path = _FOLDER) -> Words:
    """Read every text.

    Raises:
        MissingWordsError: a text is not there in both languages.
    """
    return Words(
        {
            key: text
            for file in sorted(folder.glob("*.yaml"))
            for key, text in _leaves(file.stem, yaml.safe_load(file.read_text(encoding="utf-8")))
        }
    )


def _leaves(key: str, raw: Any) -> Iterator[tuple[str, Texts]]:
    if not isinstance(raw, Mapping):
        message = f"{key}: give zh-CN and en, not {raw!r}"
        raise MissingWordsError(message)
    languages = {language.value for language in Language}
    if languages & raw.keys():
        if raw.keys() != languages or not all(isinstance(each, str) for each in raw.values()):
            message = f"{key}: give {' and '.join(sorted(languages))}, each a text; got {list(raw)}"
            raise MissingWordsError(message)
        yield key, {language: raw[language.value] for language in Language}
        return
    for name, each in raw.items():
        yield from _leaves(f"{key}.{name}", each)
