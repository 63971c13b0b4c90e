"""Twilio's own description of its API: every request and every answer is held against it."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

SPEC_VARIABLE = "OWNERLINE_TEST_TWILIO_SPEC"
_BESIDE = Path(__file__).parents[4] / "shared" / "twilio" / "twilio_api_v2010.json"
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_E164 = re.compile(r"\+[1-9]\d{1,14}")
_ENDPOINT = re.compile(r"\+[1-9]\d{1,14}|sips?:\S+@\S+|client:[^\s:]+|[\w.+-]+")
_PLACE = re.compile(r"\{(\w+)\}")
_BOOLEANS = {"true": True, "false": False}


class NoDescriptionError(Exception):
    """Twilio's description is not on this machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request as it came: its path and every value of its query and form."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Operation:
    pattern: re.Pattern[str]
    template: str
    told: Mapping[str, Any]


class Description:
    """What the description says of requests and answers; of a place it does not know, an error."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._components = {"schemas": _plain(spec["components"]["schemas"])}
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        self._operations: dict[str, list[_Operation]] = {}
        for template, methods in spec["paths"].items():
            pattern = re.compile(_PLACE.sub(r"(?P<\1>[^/]+)", template.replace(".", r"\.")))
            for method in ("get", "post", "delete"):
                if method in methods:
                    operation = _Operation(pattern=pattern, template=template, told=methods[method])
                    self._operations.setdefault(method.upper(), []).append(operation)

    def faults_of(self, asked: Asked) -> list[str]:
        """Return what the description has against a request; nothing: it is valid."""
        found = self._find(asked.method, asked.path)
        if found is None:
            return [f"{asked.method} {asked.path}: no such operation"]
        operation, path = found
        faults = []
        known = {(each["in"], each["name"]): each for each in operation.told["parameters"]}
        for name, value in path.items():
            faults += self._value_faults(name, value, known["path", name]["schema"])
        for name, values in asked.query.items():
            if ("query", name) not in known:
                faults.append(f"query {name}: not in the description")
                continue
            schema = known["query", name]["schema"]
            faults += [each for value in values for each in self._value_faults(name, value, schema)]
        faults += self._form_faults(operation, asked.form)
        return [f"{asked.method} {operation.template}: {fault}" for fault in faults]

    def answer_faults(self, *, method: str, path: str, status: int, body: object) -> list[str]:
        """Return what the description has against an answer of ours."""
        found = self._find(method, path)
        if found is None:
            return [f"{method} {path}: no such operation"]
        operation, _ = found
        told = operation.told["responses"].get(str(status))
        if told is None:
            return [f"{method} {operation.template}: {status} is not among its answers"]
        if (content := told.get("content", {}).get(_JSON)) is None:
            return []
        validator = self._validator(_plain(content["schema"]))
        return [
            f"{method} {operation.template}: {error.message}"
            for error in validator.iter_errors(body)
        ]

    def _find(self, method: str, path: str) -> tuple[_Operation, Mapping[str, str]] | None:
        for operation in self._operations.get(method, []):
            if (match := operation.pattern.fullmatch(path)) is not None:
                return operation, match.groupdict()
        return None

    def _form_faults(self, operation: _Operation, form: Mapping[str, Sequence[str]]) -> list[str]:
        body = operation.told.get("requestBody", {"content": {}})["content"].get(_FORM)
        schema = {} if body is None else body["schema"]
        properties = schema.get("properties", {})
        faults = [f"{name} is missing" for name in schema.get("required", []) if name not in form]
        for name, values in form.items():
            if name not in properties:
                faults.append(f"{name}: not in the description")
                continue
            told = properties[name]
            if told.get("type") == "array":
                told = told["items"]
            elif len(values) > 1:
                faults.append(f"{name}: given {len(values)} times")
            faults += [each for value in values for each in self._value_faults(name, value, told)]
        return faults

    def _value_faults(self, name: str, value: str, schema: Mapping[str, Any]) -> list[str]:
        plain = _plain(schema)
        read: object = value
        if plain.get("type") == "integer":
            read = int(value) if re.fullmatch(r"-?\d+", value) else value
        elif plain.get("type") == "boolean":
            read = _BOOLEANS.get(value, value)
        faults = [f"{name}: {error.message}" for error in self._validator(plain).iter_errors(read)]
        if not _has_format(value, schema.get("format")):
            faults.append(f"{name}: {value!r} is no {schema['format']}")
        return faults

    def _validator(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = dict(schema)
            if "$ref" in key:
                whole["components"] = self._components
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self._validators[key]


@cache
def description() -> Description:
    """Return Twilio's description as it lies on this machine.

    Raises:
        NoDescriptionError: it does not.
    """
    named = os.environ.get(SPEC_VARIABLE)
    path = Path(named) if named else _BESIDE
    if not path.is_file():
        message = (
            f"Twilio's OpenAPI description is not at {path}; take twilio_api_v2010.json from "
            f"Twilio's repository twilio-oai and name it in {SPEC_VARIABLE}"
        )
        raise NoDescriptionError(message)
    return Description(json.loads(path.read_text()))


def _plain(schema: Any) -> Any:
    """Return an OpenAPI 3.0 schema in JSON Schema's words: `nullable` becomes a type."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items() if key != "nullable"}
    if schema.get("nullable") is True and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    return plain


def _has_format(value: str, told: str | None) -> bool:
    """Judge the formats that Twilio's description names and JSON Schema does not judge."""
    match told:
        case "uri":
            parts = urlsplit(value)
            return parts.scheme in {"http", "https"} and bool(parts.netloc)
        case "phone-number":
            return _E164.fullmatch(value) is not None
        case "endpoint":
            return _ENDPOINT.fullmatch(value) is not None
        case "date-time" | "date":
            return _is_instant(value)
        case _:
            return True


def _is_instant(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
