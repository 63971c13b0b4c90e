"""floor."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "campaign_change",
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_campaign_change_version_from_one")),
        sa.PrimaryKeyConstraint("campaign", "version", name=op.f("pk_campaign_change")),
    )
    op.create_table(
        "waiver",
        sa.Column("waiver_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("charge_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("kind", _words("late_fee", "rounding", name="waiverkind"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column(
            "state", _words("requested", "approved", "refused", name="waiverstate"), nullable=False
        ),
        sa.Column("forgiven_minor", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_because", sa.Text(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_waiver_of_something")),
        sa.CheckConstraint("limit_minor >= 0", name=op.f("ck_waiver_limit_not_negative")),
        sa.CheckConstraint(
            "(state = 'requested') = (decided_at IS NULL)"
            " AND (decided_at IS NULL) = (decided_by IS NULL)",
            name=op.f("ck_waiver_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "(state = 'approved') = (forgiven_minor IS NOT NULL)",
            name=op.f("ck_waiver_approved_forgives"),
        ),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["charge.charge_id"], name=op.f("fk_waiver_charge_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_waiver_person_id")
        ),
        sa.PrimaryKeyConstraint("waiver_id", name=op.f("pk_waiver")),
    )
    op.create_index(op.f("ix_waiver_person_id"), "waiver", ["person_id"], unique=False)
    op.create_index(op.f("ix_waiver_charge_id"), "waiver", ["charge_id"], unique=False)
    op.create_index(
        "uq_waiver_asked",
        "waiver",
        ["charge_id", "kind"],
        unique=True,
        postgresql_where="state = 'requested'",
    )
    op.add_column("extension", sa.Column("decided_because", sa.Text(), nullable=True))
    op.add_column("do_not_call", sa.Column("lifted_by", sa.Text(), nullable=True))
    op.add_column("do_not_call", sa.Column("lifted_how", sa.Text(), nullable=True))


def downgrade() -> None:
    """Go one step back."""
    op.drop_column("do_not_call", "lifted_how")
    op.drop_column("do_not_call", "lifted_by")
    op.drop_column("extension", "decided_because")
    op.drop_table("waiver")
    op.drop_table("campaign_change")


def _words(*words: str, name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
