"""The reports of the console: each a finding, its proof, a chart and a table, from room figures."""

from collections.abc import Awaitable, Callable, Mapping

from api.console.reports.agents import agents
from api.console.reports.answers import answers
from api.console.reports.complaints import complaints
from api.console.reports.deadlines import deadlines
from api.console.reports.foretold import foretold
from api.console.reports.model import Asked, Report
from api.console.reports.outcomes import abandonment, outcomes
from api.console.reports.promises import promises
from api.console.reports.surveys import dissatisfied, surveys

Builder = Callable[[Asked], Awaitable[Report]]

# In the order of the page: what is owed first, then who answers, then what was said.
REPORTS: Mapping[str, Builder] = {
    "deadlines": deadlines,
    "complaints": complaints,
    "answers": answers,
    "foretold": foretold,
    "dissatisfied": dissatisfied,
    "promises": promises,
    "surveys": surveys,
    "abandonment": abandonment,
    "outcomes": outcomes,
    "agents": agents,
}

__all__ = ["REPORTS", "Asked", "Builder", "Report"]
