"""Answering machine detection: measured settings for each language, and what its words mean."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import OwnerlineError
from customers.model import Language
from dialer.model import AnsweredBy

_FILE = "amd.yaml"
Milliseconds = Annotated[int, Field(ge=20, le=10_000)]


class DetectionSettingsError(OwnerlineError):
    """The settings of machine detection cannot be read."""


class Settings(BaseModel):
    """One language's arguments of AMD(), in milliseconds; see its documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    initial_silence: Milliseconds  # nobody says a word for so long
    greeting: Milliseconds  # longer than a person's hello
    after_greeting_silence: Milliseconds  # the pause of somebody who waits for an answer
    total_analysis_time: Milliseconds
    minimum_word_length: Milliseconds
    between_words_silence: Milliseconds
    maximum_number_of_words: Annotated[int, Field(ge=1, le=20)]
    silence_threshold: Annotated[int, Field(ge=0, le=32767)]
    maximum_word_length: Milliseconds


class _Book(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1)]
    source: str
    languages: dict[Language, Settings]


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """How machines are told from persons in one language."""

    language: str
    arguments: str  # of the dialplan's AMD()


_STATUS = {"HUMAN": AnsweredBy.HUMAN, "MACHINE": AnsweredBy.MACHINE}
_NOT_A_WORD = "INITIALSILENCE"


def answered_by_of(status: str, cause: str = "") -> AnsweredBy:
    """Return what AMDSTATUS and AMDCAUSE say; NOTSURE, and no detection at all, is unsure.

    So is silence, which Asterisk calls a machine: many pick up and wait for the caller to speak.
    """
    if cause.startswith(_NOT_A_WORD):
        return AnsweredBy.UNSURE
    return _STATUS.get(status, AnsweredBy.UNSURE)


@cache
def load_detections() -> tuple[Detection, ...]:
    """Return the settings of every language; reads a file of the package once.

    Raises:
        DetectionSettingsError: the file cannot be read.
    """
    text = files("dialer.bridges.asterisk").joinpath(_FILE).read_text(encoding="utf-8")
    try:
        book = _Book.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as err:
        message = f"{_FILE} cannot be read: {err}"
        raise DetectionSettingsError(message) from err
    missing = [language.value for language in Language if language not in book.languages]
    if missing:
        message = f"{_FILE} has no settings for {', '.join(missing)}"
        raise DetectionSettingsError(message)
    return tuple(
        Detection(language=language.value, arguments=_arguments(settings))
        for language, settings in book.languages.items()
    )


def _arguments(settings: Settings) -> str:
    """Return the arguments in the order of AMD()."""
    return ",".join(str(value) for value in settings.model_dump().values())
