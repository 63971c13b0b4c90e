"""A queue of any length: one waiting due call an owner, half of them overdue and half repairs.

One owner in five was called before, three weeks ago.
"""

from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg

from bench.world import TODAY, bare_tables

NOW = datetime(2026, 5, 20, 2, tzinfo=UTC)  # ten in the morning in Shanghai
LAST = timedelta(days=20)  # since one owner in five was called last
_TABLES = (
    "community",
    "unit",
    "person",
    "phone",
    "occupancy",
    "charge",
    "work_order",
    "due_call",
    "due_call_charge",
    "attempt",
    "attempt_due_call",
    "verdict",
)

# Owner n lives in unit n and has phone n and a waiting due call; deadlines lie within nine days.
_FILL: tuple[LiteralString, ...] = (
    """INSERT INTO community (name, time_zone, region, currency, packs)
       SELECT 'community ' || n, 'Asia/Shanghai', 'CN', 'CNY', '{CN}'
       FROM generate_series(1, 1 + %(calls)s / 5000) AS n""",
    """INSERT INTO unit (community_id, label)
       SELECT 1 + n / 5000, n / 1000 || '-1-' || n %% 1000
       FROM generate_series(0, %(calls)s - 1) AS n""",
    """INSERT INTO person (name, language, identity_digits, synthetic)
       SELECT 'owner ' || n, 'zh-CN', '2468', true FROM generate_series(1, %(calls)s) AS n""",
    """INSERT INTO phone (person_id, e164, position)
       SELECT n, '+86' || 13800000000 + n, 1 FROM generate_series(1, %(calls)s) AS n""",
    """INSERT INTO occupancy (unit_id, person_id, role, moved_in)
       SELECT n, n, 'owner', DATE '2020-01-01' FROM generate_series(1, %(calls)s) AS n""",
    """INSERT INTO charge (community_id, unit_id, liable_person_id, reference, kind,
                           amount_minor, currency, due_on)
       SELECT community_id, unit_id, unit_id, 'C-' || unit_id, 'property fee', 120000, 'CNY',
              %(today)s::date - 10
       FROM unit WHERE unit_id %% 2 = 1 ORDER BY unit_id""",
    """INSERT INTO work_order (community_id, unit_id, reference, category, category_as_given,
                               reported_on, completed_on)
       SELECT community_id, unit_id, 'W-' || unit_id, 'other', 'other', %(today)s::date - 5,
              %(today)s::date - 1
       FROM unit WHERE unit_id %% 2 = 0 ORDER BY unit_id""",
    """INSERT INTO due_call (person_id, community_id, unit_id, reason, purpose, mode, campaign,
                             script, subject, cycle, facts, not_before, due_by, next_at, priority,
                             created_at)
       SELECT unit_id, community_id, unit_id, 'overdue', 'debt', 'automatic', 'overdue',
              'overdue-7', 'person:' || unit_id, charge_id || ':7',
              '{"step": 7, "total_minor": 120000, "charge_count": 1}',
              %(now)s - interval '10 hours', %(now)s + (1 + unit_id %% 8) * interval '1 day',
              %(now)s - interval '10 hours', 50, %(now)s
       FROM charge ORDER BY unit_id""",
    """INSERT INTO due_call (person_id, community_id, unit_id, reason, purpose, mode, campaign,
                             script, subject, cycle, facts, not_before, due_by, next_at, priority,
                             created_at)
       SELECT unit_id, community_id, unit_id, 'repair', 'service', 'automatic', 'repair',
              'repair', 'work_order:' || work_order_id, '1', '{"category": "other"}',
              %(now)s - interval '10 hours', %(now)s + (1 + unit_id %% 8) * interval '1 day',
              %(now)s - interval '10 hours', 70, %(now)s
       FROM work_order ORDER BY unit_id""",
    """INSERT INTO due_call_charge (due_call_id, charge_id, step)
       SELECT due_call_id, charge_id, 7
       FROM due_call JOIN charge ON liable_person_id = person_id WHERE reason = 'overdue'""",
    """INSERT INTO due_call (person_id, community_id, unit_id, reason, purpose, mode, campaign,
                             script, subject, cycle, facts, not_before, due_by, next_at, priority,
                             created_at, attempts, state, settled_at, settled_because)
       SELECT person_id, community_id, unit_id, 'survey', 'survey', 'automatic', 'survey',
              'survey', 'survey_target:' || person_id, '1', '{}', %(last)s, %(last)s, %(last)s,
              40, %(last)s, 1, 'done', %(last)s, 'survey_complete'
       FROM due_call WHERE person_id %% 5 = 0 ORDER BY person_id""",
    """INSERT INTO attempt (attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign,
                            state, started_at, submitted_at, answered_at, ended_at, answered_by,
                            telephony_result)
       SELECT gen_random_uuid(), person_id, phone_id, e164, 'simulated', 'a', 'automatic',
              'survey', 'ended', %(last)s, %(last)s, %(last)s, %(last)s, 'human', 'answered'
       FROM due_call JOIN phone USING (person_id) WHERE reason = 'survey' ORDER BY person_id""",
    """INSERT INTO attempt_due_call (attempt_id, due_call_id, position, settled_at,
                                     telephony_result, wrap_up_code, outcome)
       SELECT attempt_id, due_call_id, 0, %(last)s, 'answered', 'survey_complete', '{}'
       FROM attempt JOIN due_call USING (person_id) WHERE reason = 'survey'""",
    """INSERT INTO verdict (at, due_call_id, person_id, decision, rule, layer, facts)
       SELECT %(last)s, due_call_id, person_id, 'allow', 'allowed', 'house', '{}'
       FROM due_call WHERE reason = 'survey' ORDER BY due_call_id""",
)


def fill_queue(connection: psycopg.Connection[object], calls: int) -> None:
    """Let so many due calls wait in an empty database, each lawful at `NOW`."""
    parameters = {"calls": calls, "today": TODAY, "now": NOW, "last": NOW - LAST}
    with bare_tables(connection, _TABLES):
        for statement in _FILL:
            connection.execute(statement, parameters if "%(" in statement else None)
    connection.execute("VACUUM ANALYZE")
