"""The console's templates as texts: what they say, what they ask of the words, what they hold."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

from api.console.page import TEMPLATES

CONSOLE = TEMPLATES.parent
_FILLED = "\x00"  # where a template fills something in
# Blocks that `base.html` has inside a tag: what stands in them is an attribute.
_IN_A_TAG = re.compile(r"\{% block (kind|root|body_attributes) %\}.*?\{% endblock %\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_FILLING = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')
_LIKE_A_KEY = re.compile(r"[a-z_]+\.[\w.-]*")
_ANYTHING = r"[\w.-]+"

PARSER = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)


def sources() -> list[tuple[str, str]]:
    """Return every template's name and text."""
    return [
        (file.relative_to(TEMPLATES).as_posix(), file.read_text(encoding="utf-8"))
        for file in sorted(TEMPLATES.rglob("*"))
        if file.is_file()
    ]


@dataclass
class Asked:
    """Which words are asked for: by key, or by the pattern of a key that is put together."""

    keys: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    perhaps: set[str] = field(default_factory=set)  # what reads like a key, or the start of some

    def add(self, pattern: str, *, whole: bool) -> None:
        """Note a key, or a pattern of keys."""
        (self.keys if whole else self.patterns).add(pattern)

    def covers(self, key: str) -> bool:
        """Say whether a key is asked for."""
        return key in self.keys or any(
            re.fullmatch(each, key) for each in self.patterns | self.perhaps
        )


def asked_by_template(text: str) -> Asked:
    """Return the words a template asks for by `t(…)`."""
    asked = Asked()
    parsed = PARSER.parse(text)
    for const in parsed.find_all(nodes.Const):
        if isinstance(const.value, str) and _LIKE_A_KEY.fullmatch(const.value):
            asked.perhaps.add(re.escape(const.value) + _ANYTHING * const.value.endswith("."))
    for call in parsed.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t" and call.args:
            for pattern, whole in _keys_of(call.args[0]):
                asked.add(pattern, whole=whole)
    return asked


def _keys_of(node: nodes.Expr) -> Iterator[tuple[str, bool]]:
    """Yield the keys an expression may be; each with whether it is one as it stands."""
    match node:
        case nodes.Const():
            yield str(node.value), True
        case nodes.CondExpr():
            yield from _keys_of(node.expr1)
            if node.expr2 is not None:
                yield from _keys_of(node.expr2)
        case nodes.Concat() if isinstance(node.nodes[0], nodes.Const):
            yield "".join(_part(each) for each in node.nodes), False
        case nodes.Add() if isinstance(node.left, nodes.Const):
            yield _part(node.left) + _part(node.right), False


def _part(node: nodes.Expr) -> str:
    return re.escape(str(node.value)) if isinstance(node, nodes.Const) else _ANYTHING


def asked_by_code(subjects: frozenset[str]) -> Asked:
    """Return the words that Python asks for: every literal that reads like a key of a subject."""
    asked = Asked()
    begins = re.compile(rf"({'|'.join(sorted(subjects))})\.[\w.-]*")
    for file in sorted(CONSOLE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                if begins.match(_literal(node.values[0])):
                    asked.add("".join(_piece(each) for each in node.values), whole=False)
            elif not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            elif begins.fullmatch(node.value) and node.value.endswith("."):
                asked.add(re.escape(node.value) + _ANYTHING, whole=False)
            elif begins.fullmatch(node.value) and Path(node.value).suffix not in _FILES:
                asked.add(node.value, whole=True)
    return asked


_FILES = frozenset({".css", ".js", ".html", ".svg", ".yaml"})


def _literal(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _piece(node: ast.expr) -> str:
    return re.escape(str(node.value)) if isinstance(node, ast.Constant) else _ANYTHING


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a template, with what it says as it stands in the file."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    text: str

    @property
    def has_unquoted_filling(self) -> bool:
        """Whether something is filled in as an attribute's value without quotes around it."""
        return "=" + _FILLED in re.sub(r"\s*=\s*", "=", _QUOTED.sub('""', self.text))


class Html(HTMLParser):
    """The tags of a template, and its texts with the tag around each."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[Tag] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(_FILLING.sub(_FILLED, _STATEMENT.sub("", _IN_A_TAG.sub("", text))))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self._keep(tag, attrs)
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag that closes itself."""
        self._keep(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag."""
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append((self._open[-1] if self._open else "", data.replace(_FILLED, "")))

    def _keep(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = tuple((name, (value or "").replace(_FILLED, "")) for name, value in attrs)
        self.tags.append(Tag(tag, given, self.get_starttag_text() or ""))
