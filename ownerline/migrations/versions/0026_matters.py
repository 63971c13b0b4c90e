"""matters."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# A day that was counted is counted anew when a call of it changes. Calls of the last hours, which
# are in no counted day, pass by without a function.
_UNCOUNT = """
    CREATE FUNCTION uncount_days() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        of_id uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.attempt_id ELSE NEW.attempt_id END;
        began date;
    BEGIN
        IF TG_TABLE_NAME = 'attempt' THEN
            began := CAST((CASE TG_OP WHEN 'DELETE' THEN OLD.started_at ELSE NEW.started_at END)
                          AT TIME ZONE 'UTC' AS date);
        ELSE
            SELECT CAST(started_at AT TIME ZONE 'UTC' AS date) INTO began
            FROM attempt WHERE attempt_id = of_id;
        END IF;
        PERFORM pg_advisory_xact_lock_shared(hashtext('ownerline counted days'));
        DELETE FROM counted_day WHERE day BETWEEN began - 1 AND began + 1;
        RETURN NULL;
    END $$
"""
_UNCOUNT_ALL = """
    CREATE FUNCTION uncount_all_days() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(hashtext('ownerline counted days'));
        DELETE FROM counted_day;
        DELETE FROM call_figure;
        RETURN NULL;
    END $$
"""
_OLD = "< now() - interval '6 hours'"
_ID_THEN = (  # attempts' ids are made of their time (RFC 9562, section 5.7)
    "CAST(lpad(to_hex(CAST(floor(extract(epoch FROM now() - interval '6 hours') * 1000) AS bigint)),"
    " 12, '0') || repeat('0', 20) AS uuid)"
)
_TRIGGERS = {
    "uncount_attempt_made": f"AFTER INSERT ON attempt FOR EACH ROW WHEN (NEW.started_at {_OLD})"
    " EXECUTE FUNCTION uncount_days()",
    "uncount_attempt": "AFTER UPDATE OF attempt_id, campaign, state, started_at, ended_at,"
    " telephony_result, agent_id, met_at, direction ON attempt FOR EACH ROW"
    f" WHEN (OLD.started_at {_OLD}) EXECUTE FUNCTION uncount_days()",
    "uncount_attempt_gone": "AFTER DELETE ON attempt FOR EACH ROW"
    f" WHEN (OLD.started_at {_OLD}) EXECUTE FUNCTION uncount_days()",
    "uncount_served_made": "AFTER INSERT ON attempt_due_call FOR EACH ROW"
    f" WHEN (NEW.settled_at {_OLD}) EXECUTE FUNCTION uncount_days()",
    "uncount_served": "AFTER UPDATE OF attempt_id, due_call_id, position, settled_at,"
    " wrap_up_code, wrapped_up_at ON attempt_due_call FOR EACH ROW"
    f" WHEN (OLD.settled_at IS NOT NULL OR NEW.settled_at {_OLD} OR NEW.attempt_id < {_ID_THEN})"
    " EXECUTE FUNCTION uncount_days()",
    "uncount_served_gone": "AFTER DELETE ON attempt_due_call FOR EACH ROW"
    f" WHEN (OLD.settled_at {_OLD}) EXECUTE FUNCTION uncount_days()",
    "uncount_zone": "AFTER UPDATE OF time_zone ON community FOR EACH ROW"
    " WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION uncount_all_days()",
}


def upgrade() -> None:
    """Find the complaint a promised call answers; note what finance booked; keep days' figures."""
    _keep_days()
    op.add_column("waiver", sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_waiver_booked_when_approved"),
        "waiver",
        "booked_at IS NULL OR state = 'approved'",
    )
    op.create_index("ix_complaint_callback_request_id", "complaint", ["callback_request_id"])


def _keep_days() -> None:
    op.create_table(
        "counted_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_counted_day")),
    )
    op.create_table(
        "call_figure",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("figure", sa.String(length=16), nullable=False),
        sa.Column("of", sa.String(length=64), nullable=False),
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in ("connected", "answered", "talk_s", "wrap_up_s")
        ),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.community_id"],
            name=op.f("fk_call_figure_community_id"),
        ),
        sa.PrimaryKeyConstraint(
            "day", "community_id", "figure", "of", "word", name=op.f("pk_call_figure")
        ),
    )
    op.create_index(
        "ix_attempt_due_call_dissatisfied",
        "attempt_due_call",
        ["settled_at"],
        postgresql_where="wrap_up_code = 'dissatisfied'",
    )
    op.execute(_UNCOUNT)
    op.execute(_UNCOUNT_ALL)
    for name, what in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {what}")


def downgrade() -> None:
    """Take it back."""
    for name, what in _TRIGGERS.items():
        table = what.partition(" ON ")[2].split(" ", 1)[0]
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION uncount_days()")
    op.execute("DROP FUNCTION uncount_all_days()")
    op.drop_index("ix_attempt_due_call_dissatisfied", table_name="attempt_due_call")
    op.drop_table("call_figure")
    op.drop_table("counted_day")
    op.drop_index("ix_complaint_callback_request_id", table_name="complaint")
    op.drop_column("waiver", "booked_at")
