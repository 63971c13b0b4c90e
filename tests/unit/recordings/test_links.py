"""Links to take a recording away."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from recordings.links import (
    LASTS,
    LinkExpiredError,
    LinkForgedError,
    check_link,
    make_link,
)

NOW = datetime(2026, 5, 20, 2, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def test_a_link_is_good_for_its_minutes() -> None:
    link = make_link("mine", ONE, now=NOW)
    check_link("mine", ONE, link, now=NOW)
    check_link("mine", ONE, link, now=NOW + LASTS - timedelta(seconds=1))
    with pytest.raises(LinkExpiredError):
        check_link("mine", ONE, link, now=NOW + LASTS)


def test_a_link_is_of_one_browser_one_recording_and_one_time() -> None:
    link = make_link("mine", ONE, now=NOW)
    for secret, recording_id, shown in (
        ("another's", ONE, link),
        ("mine", OTHER, link),
        ("mine", ONE, replace(link, until=link.until + 60)),
        ("mine", ONE, replace(link, mark="")),
        ("mine", ONE, replace(link, mark="é" * 500)),
    ):
        with pytest.raises(LinkForgedError):
            check_link(secret, recording_id, shown, now=NOW)


def test_a_link_made_for_longer_than_links_last_is_none() -> None:
    late = make_link("mine", ONE, now=NOW + timedelta(days=1))
    with pytest.raises(LinkExpiredError):
        check_link("mine", ONE, late, now=NOW)
