"""A list's own rules over the house's: read, checked, and what the list may be rung for."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml
from pydantic import ValidationError

from callback.campaigns import ListRules, problem_of
from callback.uploaded_model import ListKind, UploadedListError
from customers.model import CallMode, Purpose
from scripts.language import Script

MAX_BYTES = 64 * 1024


def read_rules(text: str, origin: str) -> dict[str, Any]:
    """Read a list's rules from YAML; what they leave out is the house's.

    Raises:
        UploadedListError: it is no YAML mapping.
    """
    try:
        raw = yaml.safe_load(text) if len(text) <= MAX_BYTES else None
    except yaml.YAMLError as err:
        message = f"{origin} is no readable YAML: {err}"
        raise UploadedListError(message) from err
    if not isinstance(raw, dict):
        message = f"{origin} holds no rules; write keys like `max_attempts: 3`"
        raise UploadedListError(message)
    return raw


def rules_of(
    house: ListRules, own: Mapping[str, Any], *, mode: CallMode | None, today: date
) -> ListRules:
    """Lay a list's own rules over the house's; of `retry` only the results it names change.

    Raises:
        UploadedListError: a rule is unknown or out of range; says which and the mend.
    """
    base = house.model_dump(mode="json")
    merged = {**base, **own}
    if isinstance(own.get("retry"), Mapping):
        merged["retry"] = {**base["retry"], **own["retry"]}
    if mode is not None:
        merged["mode"] = mode.value
    try:
        # Through JSON: pydantic's strict mode takes words for enums there, and only there.
        rules = ListRules.model_validate_json(json.dumps(merged, default=str))
    except (ValidationError, TypeError) as err:
        problem = problem_of(err) if isinstance(err, ValidationError) else str(err)
        message = f"the list's rules, {problem}; the rules are {', '.join(ListRules.model_fields)}"
        raise UploadedListError(message) from err
    if rules.ends_on is not None and rules.ends_on < today:
        message = f"the list's rules, at ends_on: {rules.ends_on} has passed; give a day to come"
        raise UploadedListError(message)
    return rules


def purpose_of(kind: ListKind, script: Script, said: Purpose | None) -> Purpose:
    """Return what consent is asked by: as said, else marketing for prospects, else the script's.

    Raises:
        UploadedListError: prospects would be rung for something else, or a debt under another name.
    """
    if kind is ListKind.PROSPECT:
        if said not in {None, Purpose.MARKETING}:
            message = f"prospects are rung for marketing; leave --purpose {said} out"
            raise UploadedListError(message)
        purpose = Purpose.MARKETING
    else:
        purpose = said or script.purpose
    if script.purpose is Purpose.DEBT and purpose is not Purpose.DEBT:
        message = f"script {script.name} speaks of a debt, and a call for {purpose} must not"
        raise UploadedListError(message)
    return purpose
