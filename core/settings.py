"""Loads the settings: `ownerline.toml`, overruled by the environment, secrets from files."""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import SettingsError

from core.errors import OwnerlineError
from core.settings_model import DEFAULT_HOME, PREFIX, BridgeName, LogFormat, LogLevel, Settings

__all__ = [
    "BridgeName",
    "LogFormat",
    "LogLevel",
    "SettingLine",
    "Settings",
    "describe",
    "load_settings",
]

FILE_NAME = "ownerline.toml"
_HIDDEN = "********"
_M = TypeVar("_M", bound=BaseModel)


class SettingsFileError(OwnerlineError):
    """A settings or secret file cannot be used as it is."""


class SettingError(OwnerlineError):
    """A setting is unknown or has a value that cannot be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingLine:
    """One setting as `ownerline doctor` shows it; a secret's value is hidden."""

    key: str
    value: str
    source: str


def load_settings(home: Path | None = None, *, secrets_may_lack: bool = False) -> Settings:
    """Return the settings in force; `home` overrules OWNERLINE_HOME and its default `var/`.

    Args:
        home: None: that of the environment.
        secrets_may_lack: a secret whose file is not there yet is None: whoever asks makes it.

    Raises:
        SettingsFileError: a file is world-readable, missing or no TOML.
        SettingError: a key is unknown or its value cannot be.
    """
    named = home or Path(os.environ.get(f"{PREFIX}HOME") or DEFAULT_HOME)
    folder = named.expanduser().absolute()
    file = next((f for f in (folder / FILE_NAME, Path.cwd() / FILE_NAME) if f.is_file()), None)
    in_file = _read_toml(file) if file is not None else {}
    if "home" in in_file:
        message = f"{file}: home cannot be set in the file that lies in it; set OWNERLINE_HOME"
        raise SettingError(message)
    try:
        settings = Settings(**in_file)
    except (ValidationError, SettingsError) as err:
        raise SettingError(_explained(err, file)) from None
    given = settings.model_copy(update={"home": folder})
    settings = _with_secrets_read(given, folder, may_lack=secrets_may_lack)
    sources = {key: str(file) for key, _ in _flat(in_file)} | _sources_in_environment(settings)
    settings.note_sources(_sources_of_secrets(given, settings) | sources)
    return settings


def describe(settings: Settings) -> list[SettingLine]:
    """Return every setting with its value and where it comes from, secrets hidden."""
    return [
        SettingLine(key=key, value=_shown(value), source=settings.source_of(key))
        for key, value in _flat(settings.model_dump())
    ]


def unknown_variables() -> list[str]:
    """Return the environment's OWNERLINE_ variables that name no setting."""
    known = tuple(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
    return sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and name.partition("__")[0] not in known
    )


def _read_toml(file: Path) -> dict[str, Any]:
    _refuse_if_public(file)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        message = f"{file} is no TOML: {err}"
        raise SettingsFileError(message) from err


def _refuse_if_public(file: Path) -> None:
    if file.stat().st_mode & stat.S_IROTH:
        message = f"{file} can be read by everybody on this machine; say: chmod o-rwx {file}"
        raise SettingsFileError(message)


def _with_secrets_read(model: _M, folder: Path, *, may_lack: bool) -> _M:
    """Return the model with each secret that was not given read from the file its `_file` names."""
    update: dict[str, Any] = {}
    fields = type(model).model_fields
    for name in fields:
        value = getattr(model, name)
        secret = name.removesuffix("_file")
        if isinstance(value, BaseModel):
            update[name] = _with_secrets_read(value, folder, may_lack=may_lack)
        elif isinstance(value, tuple):
            update[name] = tuple(
                _with_secrets_read(item, folder, may_lack=may_lack)
                if isinstance(item, BaseModel)
                else item
                for item in value
            )
        elif (
            secret != name
            and secret in fields
            and value is not None
            and getattr(model, secret) is None
            and not (may_lack and not (folder / value).exists())
        ):
            update[secret] = _read_secret(folder / value, name)
    return model.model_copy(update=update)


def _read_secret(file: Path, key: str) -> SecretStr:
    try:
        _refuse_if_public(file)
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as err:
        message = f"{key} names {file}, which cannot be read: {err.strerror}"
        raise SettingsFileError(message) from err
    if not secret:
        message = f"{key} names {file}, which is empty; write the secret into it"
        raise SettingsFileError(message)
    return SecretStr(secret)


def _explained(err: ValidationError | SettingsError, file: Path | None) -> str:
    where = f"{file} and the environment" if file is not None else "the environment"
    if isinstance(err, SettingsError):
        return f"a setting in the environment cannot be read: {err}{_variables_of(err)}"
    sentences = [
        f"{_key(problem['loc'])}: "
        + (
            _no_such(problem["loc"])
            if problem["type"] == "extra_forbidden"
            else problem["msg"].removeprefix("Value error, ")
        )
        for problem in err.errors(include_input=False, include_url=False)
    ]
    return f"settings from {where}: {'; '.join(sentences)}"


def _no_such(path: tuple[int | str, ...]) -> str:
    """Return that a key is none, and which one may be meant."""
    *above, name = path
    if above and str(name) in Settings.model_fields:
        return f"no such setting; {name} belongs above the first [table]"
    beside = _fields_below(above)
    meant = difflib.get_close_matches(str(name), beside, n=1)
    return "no such setting" + (f"; {meant[0]} is one" if meant else "")


def _fields_below(path: Sequence[int | str]) -> list[str]:
    """Return the keys of a table; places in a list of tables do not matter."""
    model: type[BaseModel] = Settings
    for part in path:
        field = model.model_fields.get(str(part))
        kinds = () if field is None else (field.annotation, *get_args(field.annotation))
        tables = [each for each in kinds if isinstance(each, type) and issubclass(each, BaseModel)]
        model = tables[0] if tables else model
    return list(model.model_fields)


def _variables_of(err: SettingsError) -> str:
    """Name the variables that may be meant: the error knows the uppermost key alone."""
    key = re.search(r'field "(\w+)"', str(err))
    start = f"{PREFIX}{key.group(1).upper()}" if key else PREFIX
    named = sorted(name for name in os.environ if name.startswith(start))
    return f" ({', '.join(named)}); lists and tables are written as JSON"


def _key(path: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in path)


def _sources_in_environment(settings: Settings) -> dict[str, str]:
    sources = {}
    for key, _ in _flat(settings.model_dump()):
        parts = key.upper().split(".")
        for end in range(1, len(parts) + 1):
            variable = PREFIX + "__".join(parts[:end])
            if os.environ.get(variable):
                sources[key] = f"environment {variable}"
    return sources


def _sources_of_secrets(given: Settings, read: Settings) -> dict[str, str]:
    """Return which secrets a file of their own holds."""
    before = dict(_flat(given.model_dump()))
    return {
        key: f"the file of {key}_file"
        for key, value in _flat(read.model_dump())
        if value is not None and before.get(key) is None and before.get(f"{key}_file") is not None
    }


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{key}.")
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
            for index, item in enumerate(value):
                yield from _flat(item, f"{key}.{index}.")
        else:
            yield key, value


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return _HIDDEN
    return "" if value is None else str(value)
