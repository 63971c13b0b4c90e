"""What a script says: every sentence of its sample talks, and which of them never vary."""

from core.errors import OwnerlineError
from customers.model import Language
from scripts.library import Library
from scripts.speech.studio import normalised
from scripts.template import placeholders
from scripts.walk import walk


class NothingSaidError(OwnerlineError):
    """A script's talks have no sentence in a language."""


def sentences_said(library: Library, name: str, language: Language) -> tuple[str, ...]:
    """Return the sentences of a script's sample talks, in the order they come first, each once.

    Raises:
        UnknownScriptError: there is no such script.
        NothingSaidError: its talks are silent.
    """
    talks = walk(library, name, language)
    said = dict.fromkeys(
        normalised(sentence) for talk in talks for turn in talk.turns for sentence in turn.say
    )
    said.pop("", None)
    if not said:
        message = f"the talks of script {name!r} say nothing in {language.value}"
        raise NothingSaidError(message)
    return tuple(said)


def fixed_sentences(library: Library, name: str, language: Language) -> tuple[str, ...]:
    """Return those of a script's sentences that are the same in every call; order as said."""
    templates = (text[language] for _, text in library.get(name).texts() if language in text)
    fixed = {normalised(template) for template in templates if not placeholders(template)}
    return tuple(each for each in sentences_said(library, name, language) if each in fixed)
