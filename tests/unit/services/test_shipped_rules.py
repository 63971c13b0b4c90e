"""What this program ships and rests on: the rules of retention, the job queue's schema."""

import hashlib

from procrastinate.schema import SchemaManager

from ownerline.jobs.retention import Kept, shipped_retention

# Of procrastinate 3.10. Another one changes what migration 0007 makes: a new migration brings old
# installations to it, and defer's statement in core/jobs.py is compared with the new tables.
_SCHEMA = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


def test_the_job_queue_has_the_schema_our_migration_knows() -> None:
    assert hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest() == _SCHEMA


def test_every_kind_of_record_has_a_term_and_a_source() -> None:
    rules = shipped_retention()
    assert set(rules.days) == set(Kept)
    assert rules.source
    # What explains an attempt outlives what would make it be redone.
    assert rules.days[Kept.JOBS_FAILED] > rules.days[Kept.JOBS_DONE]
