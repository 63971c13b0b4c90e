"""The API as strangers meet it: its document holds, and no request gets an answer beside it."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import openapi_document
from api.model import ApiRole
from core.database import create_engine
from tests.integration.api.office import Office

_BASE = "http://ownerline.test"


class Stand:
    """An installation whose every request runs in one loop, so that its connections stay warm."""

    def __init__(self, runner: asyncio.Runner, office: Office) -> None:
        self._runner = runner
        self._client = office.client(ApiRole.ADMIN)

    def send(self, case: Any) -> httpx.Response:
        asked = requests.Request(**case.as_transport_kwargs(base_url=_BASE)).prepare()
        return self._runner.run(
            self._client.request(
                str(asked.method),
                str(asked.url),
                content=cast("bytes | None", asked.body),
                headers=[(name, str(value)) for name, value in asked.headers.items()],
            )
        )


@pytest.fixture(scope="module")
def stand(module_database_url: str) -> Iterator[Stand]:
    with asyncio.Runner() as runner:
        engine = create_engine(module_database_url, name="test")
        yield Stand(runner, runner.run(Office.open(engine)))
        runner.run(engine.dispose())


def _fuzzed() -> dict[str, Any]:
    """Return the document without tokens and idempotency keys, which have tests of their own."""
    document = openapi_document()
    del document["security"]
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["parameters"] = [
                each for each in operation.get("parameters", ()) if each["in"] != "header"
            ]
    return document


# Every border of every value is some four thousand requests: for a search, not for every day.
_SEARCHING = os.environ.get("HYPOTHESIS_PROFILE") == "search"

schema = schemathesis.openapi.from_dict(
    _fuzzed(),
    config=SchemathesisConfig.from_dict({"phases": {"coverage": {"enabled": _SEARCHING}}}),
)


@schema.exclude(path="/api/v1/live").parametrize()
# What the document cannot say, say that a region must exist, is refused too: 422.
@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_the_document_says(case: Any, stand: Stand) -> None:
    case.validate_response(stand.send(case), excluded_checks=[positive_data_acceptance])


def test_the_document_is_openapi() -> None:
    schemathesis.openapi.from_dict(openapi_document()).validate()
