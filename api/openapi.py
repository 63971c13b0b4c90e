"""Completes the OpenAPI document: problems, the bearer token, idempotency keys, what tags mean."""

from typing import Any

from api.problems import MEDIA_TYPE

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "in", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "examples": [
        {
            "type": "urn:ownerline:problem:unknown-subject",
            "title": "Not Found",
            "status": 404,
            "detail": "the customer file has no person 12",
            "instance": "urn:uuid:019a0000-0000-7000-8000-000000000000",
        }
    ],
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
}
_REFUSALS: dict[str, str] = {
    "400": "The body is no JSON.",
    "401": "No valid token was shown.",
    "403": "The token's role may not do this.",
    "404": "What is named is not on file.",
    "408": "The body did not come in time.",
    "409": "It contradicts what is on file.",
    "413": "The body is too large.",
    "415": "The body is of another type.",
    "422": "What was sent does not fit.",
    "429": "Too many requests within a minute.",
    "500": "A fault of ours; it is on our log.",
    "503": "The database is away or busy.",
}
_OF_A_BODY = frozenset({"400", "408", "413", "415"})
_TAGS = {
    "places": "Communities and their units.",
    "persons": "The customer file: whom we call, how to reach them, what they wish.",
    "accounts": "Charges, payments, promises, disputes, extensions.",
    "repairs": "Work orders; a completed one owes a callback.",
    "calls": "Due calls, attempts, outcomes, verdicts, and why somebody was, or was not, called.",
    "recordings": "What was said on calls: who may hear it, how long it is kept, what never came.",
    "dialling": "Campaigns and the switches of dialling.",
    "lists": "Uploaded lists.",
    "agents": "Agents, their states and their calls.",
    "live": "News as it happens.",
    "webhooks": "Where news is delivered to.",
}
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A post with a key is done once; the same key and body within 24 hours is "
    "answered as the first was.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with what holds for every route written into it."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["responses"] = {f"Problem{status}": _response(status) for status in _REFUSALS}
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "`ownerline user add` makes one.",
        }
    }
    document["security"] = [{"token": []}]
    used = set()
    for operations in document["paths"].values():
        for method, operation in operations.items():
            used.update(operation.get("tags", ()))
            _complete(method, operation)
    document["tags"] = [
        {"name": name, "description": text} for name, text in _TAGS.items() if name in used
    ]
    return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    has_body = "requestBody" in operation
    responses = operation["responses"]
    responses.pop("422", None)
    for status in _REFUSALS:
        if has_body or status not in _OF_A_BODY:
            responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
    if method == "post":
        operation.setdefault("parameters", []).append(_KEY_PARAMETER)


def _response(status: str) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": _REFUSALS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {"429", "503"}:
        response["headers"] = _RETRY_AFTER
    return response
