"""The wrap-up form by code: what an agent must and may write down, checked before it is believed.

What comes out is the same data a script's branch sets, so that one set of effects serves both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callback.uploaded_model import CAMPAIGN_PREFIX
from core.errors import OwnerlineError
from customers.model import Purpose, Reason, WrapUpCode
from customers.pay_ways import pay_ways
from dialer.agents.rules import AgentRules

PAY_BY = "pay_by"  # of a promise, in its form, its outcome and beside its steps
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Score = Annotated[int, Field(ge=1, le=5)]
_MOST_ANSWERS = 50


class WrapUpFormError(OwnerlineError):
    """A wrap-up form says too little, or what cannot be; the text names the field and the mend."""

    due_call_id: int | None = None  # whose form it is, where one of several was refused


@dataclass(frozen=True, kw_only=True, slots=True)
class FormBasis:
    """What a form is checked against: the due call it is for, and the local day."""

    due_call_id: int
    reason: Reason  # of the matter; of a promised call, of what it goes on with
    purpose: Purpose
    campaign: str
    open_minor: int | None  # what is owed by now of the debts it speaks of; None: no debt
    now: datetime
    time_zone: str
    rules: AgentRules

    @property
    def today(self) -> date:
        """The day in the community's own zone."""
        return self.now.astimezone(ZoneInfo(self.time_zone)).date()


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Text | None = None

    def data(self, basis: FormBasis) -> dict[str, Any]:
        """Return what the effects go by.

        Raises:
            WrapUpFormError: a value is out of its limits.
        """
        del basis
        return {} if self.reason is None else {"reason": self.reason}


class _OfDebt(_Form):
    waive_late_fee: bool = False  # within the agent's limit at once, else asked of a superior
    waive_because: Text | None = None

    def data(self, basis: FormBasis) -> dict[str, Any]:
        """Return also the wish for a waiver, with the limit of whoever asks."""
        if not self.waive_late_fee:
            return _Form.data(self, basis)
        if self.waive_because is None:
            message = "waive_because: a waiver needs its reason in a few words"
            raise WrapUpFormError(message)
        waiver = {"because": self.waive_because, "limit_minor": basis.rules.waives_minor}
        return {**_Form.data(self, basis), "waiver": waiver}


class _Promise(_OfDebt):
    amount_minor: Annotated[int, Field(gt=0)]
    promised_on: date
    pay_by: str | None = None  # of customers/pay_ways.yaml; None: they did not say

    def data(self, basis: FormBasis) -> dict[str, Any]:
        """Return the promise; of no more than is owed, for a day within the agent's limit."""
        if basis.open_minor is not None and self.amount_minor > basis.open_minor > 0:
            message = (
                f"amount_minor: {self.amount_minor} is more than the {basis.open_minor} that is "
                "open; promise no more than is owed"
            )
            raise WrapUpFormError(message)
        _within("promised_on", self.promised_on, basis, days=basis.rules.max_promise_days)
        if self.pay_by is not None and self.pay_by not in pay_ways():
            message = f"pay_by: {self.pay_by!r} is none of {', '.join(pay_ways())}"
            raise WrapUpFormError(message)
        way = {} if self.pay_by is None else {PAY_BY: self.pay_by}
        return {
            **_OfDebt.data(self, basis),
            **way,
            "promised_amount_minor": self.amount_minor,
            "promised_on": self.promised_on.isoformat(),
        }


class _Extension(_OfDebt):
    until: date

    def data(self, basis: FormBasis) -> dict[str, Any]:
        """Return the day asked for, within the limit of what may be asked."""
        _within("until", self.until, basis, days=basis.rules.max_extension_days)
        return {**_OfDebt.data(self, basis), "extension_until": self.until.isoformat()}


class _Callback(_Form):
    callback_at: datetime
    personal: bool = False  # the agent calls back in person; else the team does

    def data(self, basis: FormBasis) -> dict[str, Any]:
        """Return the instant, in the community's zone where the form names none."""
        zone = ZoneInfo(basis.time_zone)
        at = self.callback_at if self.callback_at.tzinfo else self.callback_at.replace(tzinfo=zone)
        latest = basis.now + timedelta(days=basis.rules.max_callback_days)
        if not basis.now < at <= latest:
            message = f"callback_at: {at.isoformat()} is past, or after {latest.isoformat()}"
            raise WrapUpFormError(message)
        return {
            **_Form.data(self, basis),
            "callback_at": at.isoformat(),
            "callback_to": "agent" if self.personal else "team",
        }


class _Because(_Form):
    reason: Text


class _Dispute(_OfDebt):
    reason: Text


class _Survey(_Form):
    answers: Annotated[Mapping[str, Score | Text], Field(min_length=1, max_length=_MOST_ANSWERS)]

    def data(self, basis: FormBasis) -> dict[str, Any]:
        """Return the answers; what was said in words is kept in the note of the file."""
        scores = {name: each for name, each in self.answers.items() if isinstance(each, int)}
        words = {name: each for name, each in self.answers.items() if isinstance(each, str)}
        said = {"said": words} if words else {}
        return {**_Form.data(self, basis), "answers": scores, **said}


_FORMS: Mapping[WrapUpCode, type[_Form]] = {
    WrapUpCode.PROMISE_TO_PAY: _Promise,
    WrapUpCode.EXTENSION_REQUESTED: _Extension,
    WrapUpCode.CALLBACK_REQUESTED: _Callback,
    WrapUpCode.ALREADY_PAID: _OfDebt,
    WrapUpCode.DISPUTE: _Dispute,
    WrapUpCode.DISSATISFIED: _Because,
    WrapUpCode.TRANSFERRED: _Because,
    WrapUpCode.SURVEY_COMPLETE: _Survey,
    WrapUpCode.SURVEY_PARTIAL: _Survey,
}
_DEBT_CODES = frozenset(
    {
        WrapUpCode.PROMISE_TO_PAY,
        WrapUpCode.ALREADY_PAID,
        WrapUpCode.DISPUTE,
        WrapUpCode.EXTENSION_REQUESTED,
    }
)
_SURVEY_CODES = frozenset({WrapUpCode.SURVEY_COMPLETE, WrapUpCode.SURVEY_PARTIAL})


def form_schema(code: WrapUpCode) -> dict[str, Any]:
    """Return the JSON schema of a code's form, for screens and other systems."""
    return _FORMS.get(code, _Form).model_json_schema()


def codes_for(reason: Reason, purpose: Purpose, campaign: str) -> list[WrapUpCode]:
    """Return the codes that a call about a matter may end with; an uploaded list's may be any."""
    return [code for code in WrapUpCode if _fits(code, reason, purpose, campaign)]


def _fits(code: WrapUpCode, reason: Reason, purpose: Purpose, campaign: str) -> bool:
    if campaign.startswith(CAMPAIGN_PREFIX):
        return True
    if code in _DEBT_CODES:
        return purpose is Purpose.DEBT
    return code not in _SURVEY_CODES or reason is Reason.SURVEY


def read_form(code: WrapUpCode, values: Mapping[str, Any], basis: FormBasis) -> dict[str, Any]:
    """Check a form and return the data of its outcome.

    Raises:
        WrapUpFormError: the code does not fit the matter, a field is missing or unknown, or a
            value is out of its limits.
    """
    if not _fits(code, basis.reason, basis.purpose, basis.campaign):
        fitting = ", ".join(codes_for(basis.reason, basis.purpose, basis.campaign))
        message = (
            f"due call {basis.due_call_id} is about {basis.reason} and cannot end as {code}; "
            f"choose one of {fitting}"
        )
        raise WrapUpFormError(message)
    try:
        form = _FORMS.get(code, _Form).model_validate(dict(values))
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the form"
        message = f"due call {basis.due_call_id}, {code}: {field}: {first['msg']}"
        raise WrapUpFormError(message) from err
    return form.data(basis)


def _within(field: str, day: date, basis: FormBasis, *, days: int) -> None:
    latest = basis.today + timedelta(days=days)
    if not basis.today <= day <= latest:
        message = f"{field}: {day} is not within {basis.today} and {latest}"
        raise WrapUpFormError(message)
