"""How calls, causes and people are called on the pages of files and recordings."""

from collections.abc import Callable, Iterable
from typing import Any

from api.console.page import Page
from callback.explain import show_cause
from callback.words import AND, REASONS
from customers.charge_kinds import kind_names
from customers.model import Language, Reason
from dialer.inbound.model import InboundResult
from dialer.inbound.telling import inbound_sentence

_COLON = {Language.MANDARIN: "：", Language.ENGLISH: ": "}
_OURS = ("console:", "api:", "agent:")


def caller_words(page: Page) -> Callable[[Any], str]:
    """Return what says a call in a few words: what it was for, and what it came to."""

    def called(row: Any) -> str:
        language = page.language
        about = AND[language].join(reason_word(page, each) for each in row.reasons or ())
        came_to = AND[language].join(outcome_words(page, row))
        if not about or not came_to:
            return about or came_to or campaign_word(page, row.campaign or "")
        return f"{about}{_COLON[language]}{came_to}"

    return called


def outcome_words(page: Page, row: Any) -> Iterable[str]:
    """Return how a call ended: its wrap-up codes, else what the line says."""
    if row.codes:
        return [show_cause(code, page.language) for code in row.codes]
    inbound = getattr(row, "inbound_result", None)
    if row.telephony_result:
        return [show_cause(row.telephony_result, page.language)]
    if inbound is not None:
        sentence = inbound_sentence(InboundResult(inbound), page.language)
        return [sentence.rstrip("。.")]
    return []


def reason_word(page: Page, reason: str) -> str:
    """Return what a reason is called, as a heading says it."""
    word = REASONS[Reason(reason)][page.language]
    return word[:1].upper() + word[1:]


def campaign_word(page: Page, name: str) -> str:
    """Return what a campaign is called: its reason, or as its list is."""
    return reason_word(page, name) if name in set(Reason) else name


def kind_word(page: Page, kind: str) -> str:
    """Return what a kind of charge is called."""
    return kind_names(kind)[page.language]


def who(actor: str) -> str:
    """Return a name on the audit as people know it."""
    for prefix in _OURS:
        if actor.startswith(prefix):
            return actor.removeprefix(prefix)
    return actor
