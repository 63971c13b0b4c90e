"""uploaded lists."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_REASONS = (
    "overdue",
    "repair",
    "survey",
    "promised",
    "uploaded",
    "complaint",
    "enquiry",
    "notice",
    "followup",
    "greeting",
    "prospect",
    "missed_call",
)


def upgrade() -> None:
    """Add uploaded lists and their rows; a prospect holds no unit."""
    op.create_table(
        "uploaded_list",
        sa.Column("list_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "state",
            _words("draft", "started", "ended", name="liststate"),
            server_default="draft",
            nullable=False,
        ),
        sa.Column("reason", _words(*_REASONS, name="reason"), nullable=False),
        sa.Column(
            "purpose",
            _words("debt", "service", "survey", "marketing", name="purpose"),
            nullable=False,
        ),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("script", sa.String(64), nullable=False),
        sa.Column("own_script", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("mode", _words("agent", "automatic", name="callmode"), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("notes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_uploaded_list_name_given")),
        sa.CheckConstraint(
            "reason IN ('uploaded', 'prospect')", name=op.f("ck_uploaded_list_reason_of_a_list")
        ),
        sa.CheckConstraint(
            "state = 'draft' OR started_at IS NOT NULL",
            name=op.f("ck_uploaded_list_started_or_draft"),
        ),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL)",
            name=op.f("ck_uploaded_list_ended_has_a_time"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.community_id"],
            name=op.f("fk_uploaded_list_community_id"),
        ),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_uploaded_list")),
        sa.UniqueConstraint("name", name=op.f("uq_uploaded_list_name")),
    )
    op.create_table(
        "uploaded_row",
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("honorific", sa.Text(), nullable=True),
        sa.Column("language", _words("zh-CN", "en", name="language"), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("phones", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("phone_given", sa.Text(), nullable=True),
        sa.Column("variables", postgresql.JSONB(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("match", sa.String(16), nullable=True),
        sa.Column("refusal", sa.String(32), nullable=True),
        sa.Column("refusal_detail", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "match IN ('phone', 'unit', 'new')", name=op.f("ck_uploaded_row_match_known")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["uploaded_list.list_id"],
            name=op.f("fk_uploaded_row_list_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_uploaded_row_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.unit_id"], name=op.f("fk_uploaded_row_unit_id")
        ),
        sa.PrimaryKeyConstraint("list_id", "row_number", name=op.f("pk_uploaded_row")),
    )
    op.create_index("ix_uploaded_row_refused", "uploaded_row", ["list_id", "refusal"])
    op.add_column(
        "person", sa.Column("source", sa.String(32), server_default="import", nullable=False)
    )
    op.add_column("person", sa.Column("community_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_person_community_id"), "person", "community", ["community_id"], ["community_id"]
    )
    op.alter_column("due_call", "unit_id", nullable=True)


def downgrade() -> None:
    """Drop lists; calls that are about no unit must have gone before."""
    op.alter_column("due_call", "unit_id", nullable=False)
    op.drop_constraint(op.f("fk_person_community_id"), "person", type_="foreignkey")
    op.drop_column("person", "community_id")
    op.drop_column("person", "source")
    op.drop_table("uploaded_row")
    op.drop_table("uploaded_list")


def _words(*words: str, name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
