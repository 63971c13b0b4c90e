"""files."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from customers.spelling import vector_of

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_BATCH = 5000
_HEADS = {"ix_unit_label": ("unit", "label"), "ix_phone_head": ("phone", "e164")}
_BY_EXPRESSION = {
    "ix_unit_label_tail": ("unit", "reverse(label) text_pattern_ops"),
    "ix_phone_tail": ("phone", "reverse(e164) text_pattern_ops"),
    "ix_charge_reference_head": ("charge", "upper(reference) text_pattern_ops"),
    "ix_work_order_reference_head": ("work_order", "upper(reference) text_pattern_ops"),
}
_NAMES = sa.text("""
    SELECT person_id, name FROM person WHERE person_id > :after ORDER BY person_id LIMIT :batch
""")
_SPELL = sa.text("""
    UPDATE person p SET name_keys = CAST(given.keys AS tsvector)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:keys AS text[])) AS given (person_id, keys)
    WHERE p.person_id = given.person_id
""")


def upgrade() -> None:
    """Let people be found as they are typed; keep what a recording looks like."""
    op.add_column("person", sa.Column("name_keys", postgresql.TSVECTOR(), nullable=True))
    _spell_everybody()
    op.create_index("ix_person_name_keys", "person", ["name_keys"], postgresql_using="gin")
    for name, (table, column) in _HEADS.items():
        op.create_index(name, table, [column], postgresql_ops={column: "text_pattern_ops"})
    for name, (table, expression) in _BY_EXPRESSION.items():
        op.create_index(name, table, [sa.text(expression)])
    op.create_index("ix_charge_liable", "charge", ["liable_person_id", "due_on"])
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject", "audit_entry_id"])
    op.create_table(
        "recording_wave",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("bars", sa.Integer(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "bars > 0 AND octet_length(peaks) % bars = 0", name=op.f("ck_recording_wave_whole_bars")
        ),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.recording_id"],
            name=op.f("fk_recording_wave_recording_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recording_wave")),
    )


def _spell_everybody() -> None:
    connection = op.get_bind()
    after = 0
    while rows := connection.execute(_NAMES, {"after": after, "batch": _BATCH}).all():
        after = rows[-1].person_id
        connection.execute(
            _SPELL,
            {
                "ids": [row.person_id for row in rows],
                "keys": [vector_of(row.name) for row in rows],
            },
        )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("recording_wave")
    op.drop_index("ix_audit_entry_subject", table_name="audit_entry")
    op.drop_index("ix_charge_liable", table_name="charge")
    for name, (table, _) in (_BY_EXPRESSION | _HEADS).items():
        op.drop_index(name, table_name=table)
    op.drop_index("ix_person_name_keys", table_name="person")
    op.drop_column("person", "name_keys")
