"""recordings."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def _one_of(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "recording",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("inbound_call_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", _one_of("recordingkind", "call", "answer"), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=False),
        sa.Column(
            "consent",
            _one_of("recordingconsent", "one_party", "announce", "ask", "never"),
            nullable=True,
        ),
        sa.Column(
            "state",
            _one_of("recordingstate", "owed", "stored", "missing", "deleted"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("rate", sa.Integer(), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing_why", sa.Text(), nullable=True),
        sa.Column("held_by", sa.Text(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(attempt_id, inbound_call_id) = 1", name=op.f("ck_recording_of_one_call")
        ),
        sa.CheckConstraint(
            "(state IN ('stored', 'deleted')) = (stored_at IS NOT NULL)"
            " AND num_nonnulls(file, sha256, size_bytes, seconds, channels, rate, keep_until)"
            " = CASE WHEN stored_at IS NULL THEN 0 ELSE 7 END",
            name=op.f("ck_recording_stored_is_measured"),
        ),
        sa.CheckConstraint(
            "(state = 'missing') = (missing_since IS NOT NULL)"
            " AND (missing_since IS NULL) = (missing_why IS NULL)",
            name=op.f("ck_recording_missing_says_why"),
        ),
        sa.CheckConstraint(
            "(state = 'deleted') = (deleted_at IS NOT NULL)",
            name=op.f("ck_recording_deleted_says_when"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(held_by, held_at, held_why) IN (0, 3)"
            " AND (state <> 'deleted' OR held_at IS NULL)",
            name=op.f("ck_recording_held_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_recording_person_id")
        ),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recording")),
        sa.UniqueConstraint("location", name=op.f("uq_recording_location")),
    )
    op.create_index("ix_recording_attempt", "recording", ["attempt_id"])
    op.create_index("ix_recording_inbound_call", "recording", ["inbound_call_id"])
    op.create_index("ix_recording_person", "recording", ["person_id", "recording_id"])
    op.create_index("ix_recording_started", "recording", ["started_at"])
    op.create_index(
        "ix_recording_open",
        "recording",
        ["state"],
        postgresql_where=sa.text("state IN ('owed', 'missing')"),
    )
    op.create_index(
        "ix_recording_keep_until",
        "recording",
        ["keep_until"],
        postgresql_where=sa.text("state = 'stored' AND held_at IS NULL"),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("recording")
