"""What is measured of this process, for Prometheus; labels come from fixed sets, never from people.

One registry a process, as its client library means it: a number is counted where it comes up.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

__all__ = ["CONTENT_TYPE", "REGISTRY", "exposition"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
REGISTRY = CollectorRegistry()

ATTEMPTS = Counter(
    "ownerline_attempts_total",
    "Attempts this process saw end.",
    ["result"],
    registry=REGISTRY,
)
CLAIMS = Counter("ownerline_claims_total", "Calls this process claimed.", registry=REGISTRY)
DUE_TO_CLAIM_S = Histogram(
    "ownerline_due_to_claim_seconds",
    "From the instant a due call might have been rung to its claim.",
    buckets=(1, 5, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600),
    registry=REGISTRY,
)
VERDICTS = Counter(
    "ownerline_verdicts_total",
    "What the rules said when this process was about to ring.",
    ["decision", "rule"],
    registry=REGISTRY,
)
LIVE_CALLS = Gauge("ownerline_live_calls", "Calls this process carries.", registry=REGISTRY)
AGI_REFUSED = Counter(
    "ownerline_agi_refused_total",
    "FastAGI sessions that were not let in.",
    ["why"],
    registry=REGISTRY,
)
IDLE = Gauge(
    "ownerline_idle_due_calls",
    "Due calls that wait for the reason that keeps this process from dialling.",
    ["reason"],
    registry=REGISTRY,
)
JOB_S = Histogram(
    "ownerline_job_seconds",
    "How long jobs took in this process.",
    ["task", "outcome"],
    buckets=(0.01, 0.05, 0.25, 1, 5, 30, 120, 600, 1800),
    registry=REGISTRY,
)
RECORDINGS_MISSED = Counter(
    "ownerline_recordings_missed_total",
    "Recordings whose file this process gave up.",
    registry=REGISTRY,
)
POOL = Gauge(
    "ownerline_database_connections",
    "Connections of this process's pool.",
    ["state"],
    registry=REGISTRY,
)

# Of the whole installation; every process that is asked says the same.
DUE_WAITING = Gauge(
    "ownerline_due_calls_waiting",
    "Due calls whose time has come and that wait to be rung.",
    ["campaign"],
    registry=REGISTRY,
)
DUE_LATE = Gauge(
    "ownerline_due_calls_late",
    "Of the waiting ones, those past their deadline.",
    ["campaign"],
    registry=REGISTRY,
)
LIVE_ATTEMPTS = Gauge(
    "ownerline_live_attempts", "Attempts on file that have not ended.", ["state"], registry=REGISTRY
)
JOBS = Gauge("ownerline_jobs", "Jobs on file.", ["task", "state"], registry=REGISTRY)
DELIVERIES = Gauge(
    "ownerline_deliveries", "Deliveries that are open or failed.", ["state"], registry=REGISTRY
)
RECORDINGS = Gauge(
    "ownerline_recordings", "Recordings that are owed or missing.", ["state"], registry=REGISTRY
)
AGENTS = Gauge("ownerline_agents", "Agents.", ["state"], registry=REGISTRY)


def exposition() -> bytes:
    """Return all that was measured, in Prometheus's text format."""
    return generate_latest(REGISTRY)
