"""Logs are lines of JSON on stderr when no person watches; stdout stays free."""

import json

import pytest
import structlog

from core.log import configure_logging
from core.settings import LogLevel


def test_an_event_is_one_line_of_json_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.INFO)
    structlog.get_logger().info("attempt_ended", attempt_id="a1", talk_s=12)
    structlog.get_logger().debug("not_told")
    structlog.reset_defaults()
    said = capsys.readouterr()
    assert said.out == ""
    event = json.loads(said.err)
    assert (event["event"], event["level"], event["talk_s"]) == ("attempt_ended", "info", 12)
    assert event["timestamp"].endswith("Z")
