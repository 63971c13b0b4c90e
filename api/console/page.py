"""A page being made: who looks, in which language, with which words, and how it is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from babel import negotiate_locale
from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from api.console import formats
from api.console.doors import DOORS, Door
from api.console.sessions import Visit
from api.console.statics import address_of
from api.console.words import load_words
from api.deps import ApiDeps
from api.model import Right
from api.users import Caller
from api.work import Work
from callback.explain import show_cause
from customers.model import Language
from customers.pay_ways import pay_way_names, pay_ways
from dialer.control import Switches

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_COOKIE = "ownerline_language"  # of those who have not signed in
_HTML_LANG = {Language.MANDARIN: "zh-Hans", Language.ENGLISH: "en"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What a route of the console works with; `work` is as a route of the API has it."""

    request: Request
    deps: ApiDeps
    language: Language
    now: datetime
    visit: Visit | None = None
    session_work: Work | None = None
    switches: Switches | None = None

    @property
    def work(self) -> Work:
        """The request's transaction and who asks; only pages for those who signed in have it."""
        if self.session_work is None:
            message = f"{self.request.url.path} works for nobody"
            raise TypeError(message)
        return self.session_work

    @property
    def caller(self) -> Caller:
        """Who looks."""
        return self.work.caller

    @property
    def zone(self) -> str:
        """The time zone of what has no place of its own."""
        return self.deps.defaults.time_zone

    @property
    def is_fragment(self) -> bool:
        """Whether a part of a page that is shown already asks, not a browser's address bar."""
        return "hx-request" in self.request.headers

    def may(self, right: Right) -> bool:
        """Say whether who looks has a right."""
        return self.visit is not None and self.visit.caller.may(right)

    @property
    def address(self) -> str:
        """Where this page is, for a form that leads back."""
        url = self.request.url
        return url.path + (f"?{url.query}" if url.query else "")

    def doors(self) -> Sequence[Door]:
        """Return the pages of the bar that who looks may open."""
        return [each for each in DOORS if self.may(each.right)]

    def knows(self, key: str) -> bool:
        """Say whether there are words of a key."""
        return key in load_words()

    def say(self, key: str, **facts: object) -> str:
        """Return words in the language of the page."""
        return load_words().say(key, self.language, **facts)

    def show(
        self,
        template: str,
        *,
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> Response:
        """Return a page, or a part of one, made of a template."""
        return HTMLResponse(
            self.text_of(template, **facts), status_code=status, headers=dict(headers or {})
        )

    def text_of(self, template: str, **facts: Any) -> Markup:
        """Return what a template makes: markup, for another template to take in as it is."""
        made = _templates().get_template(template).render(page=self, **facts)
        return Markup(made)  # noqa: S704 - every template escapes what it fills in

    def go(self, path: str) -> Response:
        """Return the way to another page of ours, for a form or for a part of a page."""
        if self.is_fragment:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)


def language_of(request: Request, visit: Visit | None) -> Language:
    """Return the language of a page: the user's, else the one chosen here, else the browser's."""
    if visit is not None and visit.language is not None:
        return visit.language
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in set(Language):
        return Language(chosen)
    asked = [
        part.partition(";")[0].strip().replace("-", "_")
        for part in request.headers.get("Accept-Language", "")[:200].split(",")
    ]
    found = negotiate_locale(asked, ["zh", "zh_CN", "zh_Hans", "en"])
    return Language.ENGLISH if found == "en" else Language.MANDARIN


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # of every template, whatever it is called
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {
        "t": _t,
        "static": address_of,
        "Right": Right,
        "Language": Language,
        "html_lang": _HTML_LANG,
        "icon": _icon,
        "pay_ways": pay_ways,
    }
    made.filters |= {
        "amount": formats.amount,
        "timer": formats.timer,
        "masked": formats.masked,
        "day": _local(formats.day),
        "whole_day": _local(formats.whole_day),
        "instant": _local(formats.instant),
        "clock": _clock,
        "left": _left,
        "cause": _cause,
        "pay_way": _pay_way,
    }
    return made


@pass_context
def _t(context: Context, key: str, **facts: object) -> str:
    page: Page = context["page"]
    return page.say(key, **facts)


def _local(form: Any) -> Any:
    @pass_context
    def shown(context: Context, when: Any, zone: str | None = None) -> str:
        page: Page = context["page"]
        text: str = form(when, page.language, zone or page.zone)
        return text

    return shown


@pass_context
def _clock(context: Context, when: datetime | None, zone: str | None = None) -> str:
    page: Page = context["page"]
    return formats.clock(when, zone or page.zone)


@pass_context
def _left(context: Context, span: Any) -> str:
    page: Page = context["page"]
    return formats.left(span, page.language)


@pass_context
def _pay_way(context: Context, way: str) -> str:
    """Return what a way to pay is called."""
    page: Page = context["page"]
    return pay_way_names(way)[page.language]


@pass_context
def _cause(context: Context, word: str) -> str:
    """Return what a result, wrap-up code, rule or other cause is called."""
    page: Page = context["page"]
    return show_cause(word, page.language)


def _icon(name: str, label: str | None = None) -> Markup:
    """Return an icon of `icons.svg`; without a label it says nothing to those who do not see."""
    if label is None:
        return Markup('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>').format(name)
    return Markup('<svg class="icon" role="img" aria-label="{}"><use href="#i-{}"/></svg>').format(
        label, name
    )


def _page_of(request: Request) -> Page:
    page: Page = request.state.page
    return page


Here = Annotated[Page, Depends(_page_of)]
