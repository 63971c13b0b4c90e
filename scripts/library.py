"""The library of call scripts: the shipped ones, the house's own, and those of uploaded lists.

Files are read once. A started list's script never changes, so a process that meets a name it does
not know reads it (`callback.uploaded_book`) and then knows it for good. Of a script there may be
editions (`callback.editions`): a talk goes on with the one it began with.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import OwnerlineError
from scripts.language import Fragment, Script, ScriptError
from scripts.linter import lint
from scripts.variables import VariableType

SHIPPED = Path(__file__).parent / "library"
MAX_BYTES = 256 * 1024
Model = TypeVar("Model", bound=BaseModel)
_MERGED = ("variables", "constants", "sentences", "agent_sentences", "steps")
_ENTRIES = ("opening", "section")


class UnknownScriptError(OwnerlineError):
    """No script of that name is in the library."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """Validated scripts by name; one library a process."""

    scripts: dict[str, Script]
    types: dict[str, Mapping[str, VariableType]]  # of every variable, by script
    editions: dict[tuple[str, int], Script] = field(default_factory=dict)  # by name and version

    def get(self, name: str) -> Script:
        """Return a script.

        Raises:
            UnknownScriptError: none has that name.
        """
        try:
            return self.scripts[name]
        except KeyError:
            message = f"no script {name!r}; there are: {', '.join(sorted(self.scripts))}"
            raise UnknownScriptError(message) from None

    def add(self, script: Script) -> None:
        """Put a script into the library, the one in use of its name from now on."""
        if self.scripts.get(script.name) is script:
            return
        self.types[script.name] = script.types()
        self.scripts[script.name] = script
        self.editions[script.name, script.version] = script

    def with_script(self, script: Script) -> "Library":
        """Return a library of its own that knows a script which may not be started yet."""
        library = self.copied()
        library.add(script)
        return library

    def copied(self) -> "Library":
        """Return a library of its own with the same scripts."""
        return Library(
            scripts=dict(self.scripts), types=dict(self.types), editions=dict(self.editions)
        )

    def at(self, versions: Mapping[str, int]) -> "Library":
        """Return the library as a talk began with it; of an unknown edition, the present one."""
        others = [
            edition
            for name, version in versions.items()
            if (edition := self.editions.get((name, version))) is not None
            and edition is not self.scripts.get(name)
        ]
        if not others:
            return self
        library = self.copied()
        for each in others:
            library.add(each)
        return library

    @classmethod
    def of(cls, scripts: Iterable[Script]) -> "Library":
        """Make a library of scripts already read."""
        by_name = {script.name: script for script in scripts}
        return cls(
            scripts=by_name,
            types={name: script.types() for name, script in by_name.items()},
            editions={(name, script.version): script for name, script in by_name.items()},
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A script as it stands in its file, before its fragments are put in."""

    raw: Mapping[str, Any]
    file: Path


def load_library(extra: Path | None = None) -> Library:
    """Return a new library of the shipped scripts and those of `extra`, which win by their names.

    Raises:
        ScriptError: a file cannot be read, or the linter finds something; says which and what.
    """
    return _read_library(extra).copied()


@lru_cache(maxsize=8)
def _read_library(extra: Path | None) -> Library:
    fragments, sources = read_files(
        [*script_files(SHIPPED), *(script_files(extra) if extra else ())]
    )
    library = Library.of(
        build_script(source.raw, fragments, str(source.file)) for source in sources.values()
    )
    refuse_problems(library.scripts.values())
    return library


def refuse_problems(scripts: Iterable[Script]) -> None:
    """Refuse scripts that may not be spoken.

    Raises:
        ScriptError: the linter finds something; says what and where.
    """
    problems = [str(found) for script in scripts for found in lint(script)]
    if problems:
        message = f"{'; '.join(problems[:5])}; `ownerline scripts check` tells all {len(problems)}"
        raise ScriptError(message)


def whole_script(text: str, origin: str) -> dict[str, Any]:
    """Read a script on its own and return it with the shipped fragments it includes put in.

    What comes back is whole: it holds the same in a later version of the program, whatever becomes
    of the fragments.

    Raises:
        ScriptError: it is no script, or the linter finds something; says what and where.
    """
    fragments, _ = read_files(script_files(SHIPPED))
    script = build_script(parse_yaml(text, origin), fragments, origin)
    refuse_problems([script])
    return script.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"include"})


def script_files(place: Path) -> list[Path]:
    """Return the YAML files of a folder in order, or the file itself."""
    return sorted(place.glob("*.yaml")) if place.is_dir() else [place]


def read_files(
    files: Iterable[Path],
) -> tuple[dict[str, Mapping[str, Any]], dict[str, Source]]:
    """Read fragments and scripts by name, later files replacing earlier ones.

    Raises:
        ScriptError: a file is no YAML, or a fragment does not hold.
    """
    fragments: dict[str, Mapping[str, Any]] = {}
    sources: dict[str, Source] = {}
    for file in files:
        raw = read_file(file)
        if "fragment" in raw:
            fragments[validated(Fragment, raw, str(file)).fragment] = raw
        else:
            sources[str(raw.get("name"))] = Source(raw=raw, file=file)
    return fragments, sources


def read_file(file: Path) -> dict[str, Any]:
    """Read a script's file as it stands.

    Raises:
        ScriptError: it is missing, too large, or no YAML mapping.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            message = f"{file} is larger than {MAX_BYTES} bytes; a script is a few pages"
            raise ScriptError(message)
        return parse_yaml(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as err:
        message = f"{file} cannot be read as UTF-8 text: {err}"
        raise ScriptError(message) from err


def parse_yaml(text: str, source: str) -> dict[str, Any]:
    """Read one YAML mapping, refusing keys that stand twice.

    Raises:
        ScriptError: it is no YAML, or no mapping.
    """
    try:
        raw = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader of ours
    except (yaml.YAMLError, ValueError, RecursionError) as err:  # a day that is none; too deep
        message = f"{source} is no readable YAML: {err}"
        raise ScriptError(message) from err
    if not isinstance(raw, dict):
        message = f"{source} holds a {type(raw).__name__}; a script is a mapping with a name"
        raise ScriptError(message)
    _check_shape(raw, source)
    return raw


def _check_shape(raw: Mapping[str, Any], source: str) -> None:
    """Refuse what fragments could not be put into; the rest is the model's to judge."""
    for key in _MERGED:
        if not isinstance(raw.get(key) or {}, dict):
            message = f"{source}: {key} is a {type(raw[key]).__name__}; it is a mapping of names"
            raise ScriptError(message)
    names = raw.get("include") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        message = f"{source}: include is a list of fragments' names"
        raise ScriptError(message)


def build_script(
    raw: Mapping[str, Any], fragments: Mapping[str, Mapping[str, Any]], source: str
) -> Script:
    """Resolve the includes of a raw script and validate the whole.

    What the script writes itself wins over its fragments; two fragments may not write the same
    step.

    Raises:
        ScriptError: an include is unknown, or the whole does not hold.
    """
    merged: dict[str, Any] = {key: {} for key in _MERGED}
    for name in _include_order(raw, fragments, source):
        fragment = fragments[name]
        twice = set(merged["steps"]) & set(fragment.get("steps") or {})
        if twice:
            message = f"{source}: fragment {name} writes step {sorted(twice)} once more; rename it"
            raise ScriptError(message)
        _merge(merged, fragment)
    _merge(merged, raw)
    merged |= {key: value for key, value in raw.items() if key not in _MERGED}
    return validated(Script, merged, source)


def _merge(merged: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key in _MERGED:
        merged[key] = {**merged[key], **(part.get(key) or {})}
    merged |= {key: part[key] for key in _ENTRIES if part.get(key)}


def _include_order(
    raw: Mapping[str, Any], fragments: Mapping[str, Mapping[str, Any]], source: str
) -> list[str]:
    order: list[str] = []

    def visit(names: Iterable[Any], trail: tuple[str, ...]) -> None:
        for name in names:
            if name not in fragments:
                message = f"{source} includes {name!r}; there are: {', '.join(sorted(fragments))}"
                raise ScriptError(message)
            if name in trail:
                message = f"{source}: fragment {name} includes itself by {' > '.join(trail)}"
                raise ScriptError(message)
            visit(fragments[name].get("include") or (), (*trail, name))
            if name not in order:
                order.append(name)

    visit(raw.get("include") or (), ())
    return order


def validated(model: type[Model], raw: Mapping[str, Any], source: str) -> Model:
    """Make a model of raw data.

    Raises:
        ScriptError: it does not hold; says where and what is expected.
    """
    try:
        return model.model_validate(raw)
    except (ValidationError, OwnerlineError) as err:
        if isinstance(err, OwnerlineError):
            message = f"{source}: {err}"
        else:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
                for problem in err.errors(include_url=False, include_input=False)[:5]
            )
            message = f"{source}: {problems}"
        raise ScriptError(message) from err


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader that refuses a key written twice (YAML 1.2, section 3.2.1.3).

    Aliases are refused too: a page of them unfolds into more than memory holds.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose the next node, unless it is an alias of another."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias; write it out", mark)
        return super().compose_node(parent, index)


def _mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(
                None, None, "a key is a word", key_node.start_mark
            )
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"{key!r} stands here twice", key_node.start_mark
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
