"""What detection says, and with which settings it listens."""

import pytest

from customers.model import Language
from dialer.bridges.asterisk.amd import answered_by_of, load_detections
from dialer.model import AnsweredBy


@pytest.mark.parametrize(
    ("status", "cause", "answered_by"),
    [
        ("HUMAN", "HUMAN-800-800", AnsweredBy.HUMAN),
        ("MACHINE", "LONGGREETING-2000-2000", AnsweredBy.MACHINE),
        ("MACHINE", "MAXWORDS-3-2", AnsweredBy.MACHINE),
        ("MACHINE", "INITIALSILENCE-2500-2500", AnsweredBy.UNSURE),
        ("NOTSURE", "TOOLONG-5000", AnsweredBy.UNSURE),
        ("HANGUP", "", AnsweredBy.UNSURE),
        ("", "", AnsweredBy.UNSURE),
        ("machine", "", AnsweredBy.UNSURE),
    ],
)
def test_a_result_of_detection_is_read(status: str, cause: str, answered_by: AnsweredBy) -> None:
    assert answered_by_of(status, cause) is answered_by


def test_every_language_has_its_settings() -> None:
    found = {each.language: each.arguments for each in load_detections()}
    assert found == {
        Language.MANDARIN: "2500,2000,800,5000,100,180,3,256,5000",
        Language.ENGLISH: "2500,1800,800,5000,100,180,2,256,5000",
    }
