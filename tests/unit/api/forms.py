"""Forms as a browser reads them from a page, and what it would send."""

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """A form's fields with their values, and the choices its buttons send."""

    fields: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)  # what a key presses

    def press(self, choice: str, *, value: str = "") -> dict[str, str]:
        """Return what is sent when a button is pressed; it is there, and so is a field typed in."""
        assert choice in self.choices, (choice, self.choices)
        assert not value or "value" in self.fields, self.fields
        sent = {**self.fields, "choice": choice}
        return {**sent, "value": value or sent.get("value", "")}


class _Reader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form = Form()
        self._id = form_id
        self._inside = False
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "option" and self._select is not None and "selected" in given:
            self.form.fields[self._select] = given.get("value") or ""
        if tag == "form":
            self._inside = given.get("id") == self._id
        mine = given.get("form") == self._id or (self._inside and "form" not in given)
        name = given.get("name")
        if not mine or name is None:
            return
        value = given.get("value") or ""
        if tag == "button":
            self.form.choices.append(value)
            if given.get("data-key"):
                self.form.keys[str(given["data-key"])] = value
        elif tag == "select":
            self._select, self.form.fields[name] = name, ""
        elif tag in {"input", "textarea"} and (
            given.get("type") != "checkbox" or "checked" in given
        ):
            self.form.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None


def form_of(page: str, form_id: str) -> Form:
    """Return a form of a page, with the buttons that belong to it from elsewhere."""
    reader = _Reader(form_id)
    reader.feed(page)
    return reader.form


def text_of(page: str) -> str:
    """Return what a page says, without its markup."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page)))
