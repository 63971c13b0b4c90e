"""first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go one step forward."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "audit_entry",
        sa.Column("audit_entry_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("audit_entry_id", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "campaign_switch",
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", name=op.f("pk_campaign_switch")),
    )
    op.create_table(
        "community",
        sa.Column("community_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("packs", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_community_name_given")),
        sa.CheckConstraint("cardinality(packs) > 0", name=op.f("ck_community_has_a_pack")),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_community")),
        sa.UniqueConstraint("name", name=op.f("uq_community_name")),
    )
    op.create_table(
        "consent",
        sa.Column("consent_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("e164", sa.String(length=17), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "debt",
                "service",
                "survey",
                "marketing",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "agent",
                "automatic",
                name="callmode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_e164"), "consent", ["e164"], unique=False)
    op.create_table(
        "imported_file",
        sa.Column("imported_file_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("imported_file_id", name=op.f("pk_imported_file")),
    )
    op.create_table(
        "installation",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("armed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("armed_by", sa.Text(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.CheckConstraint("singleton", name=op.f("ck_installation_one_row")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_installation")),
    )
    op.create_table(
        "person",
        sa.Column("person_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("honorific", sa.Text(), nullable=True),
        sa.Column(
            "language",
            sa.Enum(
                "zh-CN", "en", name="language", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("vip", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deceased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rest_hours", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("identity_digits", sa.String(length=8), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "identity_digits ~ '^[0-9]{4,8}$'", name=op.f("ck_person_identity_is_digits")
        ),
        sa.CheckConstraint("name <> ''", name=op.f("ck_person_name_given")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
    )
    op.create_index("ix_person_name", "person", ["name"], unique=False)
    op.create_index(
        "ix_person_deceased",
        "person",
        ["person_id"],
        unique=False,
        postgresql_where="deceased_at IS NOT NULL",
    )
    op.create_table(
        "survey",
        sa.Column("survey_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("opens_on < closes_on", name=op.f("ck_survey_opens_before_it_closes")),
        sa.PrimaryKeyConstraint("survey_id", name=op.f("pk_survey")),
        sa.UniqueConstraint("name", name=op.f("uq_survey_name")),
    )
    op.create_table(
        "agent_task",
        sa.Column("agent_task_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('better_number', 'dispute', 'deceased', 'extension', 'talk', 'identity')",
            name=op.f("ck_agent_task_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_agent_task_person_id")
        ),
        sa.PrimaryKeyConstraint("agent_task_id", name=op.f("pk_agent_task")),
    )
    op.create_index(op.f("ix_agent_task_person_id"), "agent_task", ["person_id"], unique=False)
    op.create_index(
        "uq_agent_task_open",
        "agent_task",
        ["person_id", "kind", "subject"],
        unique=True,
        postgresql_where="done_at IS NULL",
    )
    op.create_table(
        "do_not_call",
        sa.Column("do_not_call_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("e164", sa.String(length=17), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
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
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "person_id IS NOT NULL OR e164 IS NOT NULL", name=op.f("ck_do_not_call_of_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_do_not_call_person_id")
        ),
        sa.PrimaryKeyConstraint("do_not_call_id", name=op.f("pk_do_not_call")),
    )
    op.create_index(
        "ix_do_not_call_e164",
        "do_not_call",
        ["e164"],
        unique=False,
        postgresql_where="lifted_at IS NULL",
    )
    op.create_index(
        "ix_do_not_call_person",
        "do_not_call",
        ["person_id"],
        unique=False,
        postgresql_where="lifted_at IS NULL",
    )
    op.create_table(
        "phone",
        sa.Column("phone_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("e164", sa.String(length=17), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), server_default="import", nullable=False),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_because", sa.Text(), nullable=True),
        sa.CheckConstraint("e164 ~ '^\\+[1-9][0-9]{5,14}$'", name=op.f("ck_phone_is_e164")),
        sa.CheckConstraint(
            "(dead_at IS NULL) = (dead_because IS NULL)", name=op.f("ck_phone_death_has_a_cause")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_phone_person_id")
        ),
        sa.PrimaryKeyConstraint("phone_id", name=op.f("pk_phone")),
        sa.UniqueConstraint("person_id", "e164", name=op.f("uq_phone_person_id_e164")),
    )
    op.create_index(op.f("ix_phone_e164"), "phone", ["e164"], unique=False)
    op.create_table(
        "promise",
        sa.Column("promise_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "kept",
                "broken",
                name="promisestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (settled_at IS NULL)", name=op.f("ck_promise_settled_or_open")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_promise_of_something")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_promise_person_id")
        ),
        sa.PrimaryKeyConstraint("promise_id", name=op.f("pk_promise")),
    )
    op.create_index(
        "ix_promise_open",
        "promise",
        ["promised_on"],
        unique=False,
        postgresql_where="state = 'open'",
    )
    op.create_index(op.f("ix_promise_person_id"), "promise", ["person_id"], unique=False)
    op.create_table(
        "unit",
        sa.Column("unit_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.CheckConstraint("label <> ''", name=op.f("ck_unit_label_given")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.community_id"], name=op.f("fk_unit_community_id")
        ),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_unit")),
        sa.UniqueConstraint("community_id", "label", name=op.f("uq_unit_community_id_label")),
    )
    op.create_table(
        "attempt",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=False),
        sa.Column("e164", sa.String(length=17), nullable=False),
        sa.Column("bridge", sa.String(length=32), nullable=False),
        sa.Column("trunk", sa.String(length=64), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "agent",
                "automatic",
                name="callmode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "claimed",
                "submitted",
                "ringing",
                "answered",
                "ended",
                name="attemptstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "answered_by",
            sa.Enum(
                "human",
                "machine",
                "unsure",
                name="answeredby",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "telephony_result",
            sa.Enum(
                "answered",
                "machine",
                "busy",
                "no_answer",
                "rejected",
                "invalid_number",
                "congestion",
                "carrier_error",
                "abandoned",
                "cancelled",
                "lost",
                name="telephonyresult",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("hangup_cause", sa.Integer(), nullable=True),
        sa.Column("sip_code", sa.Integer(), nullable=True),
        sa.Column("fate_asks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("talk", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("recording", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (telephony_result IS NULL)",
            name=op.f("ck_attempt_ended_with_a_result"),
        ),
        sa.CheckConstraint(
            "started_at <= submitted_at AND started_at <= answered_at AND started_at <= ended_at",
            name=op.f("ck_attempt_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_attempt_person_id")
        ),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.phone_id"], name=op.f("fk_attempt_phone_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_person", "attempt", ["person_id", "started_at"], unique=False)
    op.create_index("ix_attempt_phone", "attempt", ["e164", "started_at"], unique=False)
    op.create_index(
        "uq_attempt_live_person",
        "attempt",
        ["person_id"],
        unique=True,
        postgresql_where="state <> 'ended'",
    )
    op.create_index(
        "uq_attempt_live_phone",
        "attempt",
        ["e164"],
        unique=True,
        postgresql_where="state <> 'ended'",
    )
    op.create_table(
        "callback_request",
        sa.Column(
            "callback_request_id", sa.BigInteger(), sa.Identity(always=False), nullable=False
        ),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "about",
            sa.Enum(
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
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("about_due_call_id", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.community_id"],
            name=op.f("fk_callback_request_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_callback_request_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.unit_id"], name=op.f("fk_callback_request_unit_id")
        ),
        sa.PrimaryKeyConstraint("callback_request_id", name=op.f("pk_callback_request")),
    )
    op.create_index(
        op.f("ix_callback_request_call_at"), "callback_request", ["call_at"], unique=False
    )
    op.create_index(
        op.f("ix_callback_request_person_id"), "callback_request", ["person_id"], unique=False
    )
    op.create_table(
        "charge",
        sa.Column("charge_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("liable_person_id", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("late_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("disputed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "amount_minor >= 0 AND paid_minor >= 0", name=op.f("ck_charge_not_negative")
        ),
        sa.CheckConstraint("late_fee_minor >= 0", name=op.f("ck_charge_late_fee_not_negative")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.community_id"], name=op.f("fk_charge_community_id")
        ),
        sa.ForeignKeyConstraint(
            ["liable_person_id"], ["person.person_id"], name=op.f("fk_charge_liable_person_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.unit_id"], name=op.f("fk_charge_unit_id")),
        sa.PrimaryKeyConstraint("charge_id", name=op.f("pk_charge")),
        sa.UniqueConstraint(
            "community_id", "reference", name=op.f("uq_charge_community_id_reference")
        ),
    )
    op.create_index(
        "ix_charge_open_by_person",
        "charge",
        ["liable_person_id", "due_on"],
        unique=False,
        postgresql_where="amount_minor > paid_minor",
    )
    op.create_index(op.f("ix_charge_reference"), "charge", ["reference"], unique=False)
    op.create_index(op.f("ix_charge_unit_id"), "charge", ["unit_id"], unique=False)
    op.create_table(
        "due_call",
        sa.Column("due_call_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
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
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "purpose",
            sa.Enum(
                "debt",
                "service",
                "survey",
                "marketing",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "agent",
                "automatic",
                name="callmode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("script", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("appointment", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "claimed",
                "done",
                "exhausted",
                "withdrawn",
                "expired",
                name="duecallstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('waiting', 'claimed')) = (settled_at IS NULL) AND (settled_at IS NULL) = (settled_because IS NULL)",
            name=op.f("ck_due_call_settled_with_a_reason"),
        ),
        sa.CheckConstraint("not_before <= due_by", name=op.f("ck_due_call_window_not_empty")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.community_id"], name=op.f("fk_due_call_community_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_due_call_person_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.unit_id"], name=op.f("fk_due_call_unit_id")),
        sa.PrimaryKeyConstraint("due_call_id", name=op.f("pk_due_call")),
        sa.UniqueConstraint(
            "reason", "subject", "cycle", name=op.f("uq_due_call_reason_subject_cycle")
        ),
    )
    op.create_index(
        "ix_due_call_live_reason",
        "due_call",
        ["reason"],
        unique=False,
        postgresql_where="settled_at IS NULL",
    )
    op.create_index(
        "ix_due_call_lane",
        "due_call",
        ["campaign", "priority", "due_by", "due_call_id"],
        unique=False,
        postgresql_where="state = 'waiting'",
    )
    op.create_index("ix_due_call_person", "due_call", ["person_id"], unique=False)
    op.create_index(
        "ix_due_call_waiting",
        "due_call",
        ["next_at", "due_by"],
        unique=False,
        postgresql_where="state = 'waiting'",
    )
    op.create_index(
        "uq_due_call_one_overdue_a_person",
        "due_call",
        ["person_id"],
        unique=True,
        postgresql_where="reason = 'overdue' AND settled_at IS NULL",
    )
    op.create_table(
        "note",
        sa.Column("note_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_note_person_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.unit_id"], name=op.f("fk_note_unit_id")),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_person_id"), "note", ["person_id"], unique=False)
    op.create_index(op.f("ix_note_unit_id"), "note", ["unit_id"], unique=False)
    op.create_table(
        "occupancy",
        sa.Column("occupancy_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "owner",
                "tenant",
                "other",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("moved_in", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("unit_id"), "="),
            (sa.column("person_id"), "="),
            (sa.column("role"), "="),
            (sa.text("daterange(valid_from, valid_until)"), "&&"),
            where=sa.text("role <> 'owner'"),
            using="gist",
            name="ex_occupancy_once_per_person",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("unit_id"), "="),
            (sa.text("daterange(valid_from, valid_until)"), "&&"),
            where=sa.text("role = 'owner'"),
            using="gist",
            name="ex_occupancy_one_owner_at_a_time",
        ),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_occupancy_period_not_empty")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_occupancy_person_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.unit_id"], name=op.f("fk_occupancy_unit_id")),
        sa.PrimaryKeyConstraint("occupancy_id", name=op.f("pk_occupancy")),
    )
    op.create_index(op.f("ix_occupancy_person_id"), "occupancy", ["person_id"], unique=False)
    op.create_index(op.f("ix_occupancy_unit_id"), "occupancy", ["unit_id"], unique=False)
    op.create_table(
        "survey_target",
        sa.Column("survey_target_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("survey_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("drawn_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.community_id"], name=op.f("fk_survey_target_community_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_survey_target_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.survey_id"], name=op.f("fk_survey_target_survey_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.unit_id"], name=op.f("fk_survey_target_unit_id")
        ),
        sa.PrimaryKeyConstraint("survey_target_id", name=op.f("pk_survey_target")),
        sa.UniqueConstraint(
            "survey_id", "person_id", name=op.f("uq_survey_target_survey_id_person_id")
        ),
    )
    op.create_index(
        op.f("ix_survey_target_person_id"), "survey_target", ["person_id"], unique=False
    )
    op.create_table(
        "work_order",
        sa.Column("work_order_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "safety",
                "leak",
                "other",
                name="workordercategory",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("category_as_given", sa.Text(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("previous_completed_on", sa.Date(), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cycle", sa.Integer(), server_default="1", nullable=False),
        sa.Column("contractor", sa.Text(), nullable=True),
        sa.Column("in_warranty", sa.Boolean(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "completed_on >= reported_on", name=op.f("ck_work_order_completed_after_reported")
        ),
        sa.CheckConstraint("cycle >= 1", name=op.f("ck_work_order_cycle_from_one")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.community_id"], name=op.f("fk_work_order_community_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.unit_id"], name=op.f("fk_work_order_unit_id")),
        sa.PrimaryKeyConstraint("work_order_id", name=op.f("pk_work_order")),
        sa.UniqueConstraint(
            "community_id", "reference", name=op.f("uq_work_order_community_id_reference")
        ),
    )
    op.create_index(op.f("ix_work_order_reference"), "work_order", ["reference"], unique=False)
    op.create_index(op.f("ix_work_order_unit_id"), "work_order", ["unit_id"], unique=False)
    op.create_table(
        "attempt_due_call",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("due_call_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "telephony_result",
            sa.Enum(
                "answered",
                "machine",
                "busy",
                "no_answer",
                "rejected",
                "invalid_number",
                "congestion",
                "carrier_error",
                "abandoned",
                "cancelled",
                "lost",
                name="telephonyresult",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "wrap_up_code",
            sa.Enum(
                "promise_to_pay",
                "already_paid",
                "dispute",
                "extension_requested",
                "satisfied",
                "dissatisfied",
                "survey_complete",
                "survey_partial",
                "callback_requested",
                "message_left",
                "information_given",
                "wrong_number",
                "not_the_owner",
                "refused",
                "opted_out",
                "hung_up",
                "no_reply",
                "transferred",
                "deceased",
                name="wrapupcode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_phone", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (telephony_result IS NULL) AND (settled_at IS NULL) = (outcome IS NULL)",
            name=op.f("ck_attempt_due_call_settled_with_an_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.attempt_id"], name=op.f("fk_attempt_due_call_attempt_id")
        ),
        sa.ForeignKeyConstraint(
            ["due_call_id"], ["due_call.due_call_id"], name=op.f("fk_attempt_due_call_due_call_id")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "due_call_id", name=op.f("pk_attempt_due_call")),
    )
    op.create_index(
        op.f("ix_attempt_due_call_due_call_id"), "attempt_due_call", ["due_call_id"], unique=False
    )
    op.create_table(
        "due_call_charge",
        sa.Column("due_call_id", sa.BigInteger(), nullable=False),
        sa.Column("charge_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["charge.charge_id"], name=op.f("fk_due_call_charge_charge_id")
        ),
        sa.ForeignKeyConstraint(
            ["due_call_id"], ["due_call.due_call_id"], name=op.f("fk_due_call_charge_due_call_id")
        ),
        sa.PrimaryKeyConstraint("due_call_id", "charge_id", name=op.f("pk_due_call_charge")),
    )
    op.create_index(
        op.f("ix_due_call_charge_charge_id"), "due_call_charge", ["charge_id"], unique=False
    )
    op.create_table(
        "extension",
        sa.Column("extension_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("charge_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "approved",
                "refused",
                name="extensionstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["charge.charge_id"], name=op.f("fk_extension_charge_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_extension_person_id")
        ),
        sa.PrimaryKeyConstraint("extension_id", name=op.f("pk_extension")),
    )
    op.create_index(op.f("ix_extension_charge_id"), "extension", ["charge_id"], unique=False)
    op.create_index(op.f("ix_extension_person_id"), "extension", ["person_id"], unique=False)
    op.create_table(
        "ladder_progress",
        sa.Column("charge_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_call_id", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["charge.charge_id"], name=op.f("fk_ladder_progress_charge_id")
        ),
        sa.ForeignKeyConstraint(
            ["due_call_id"], ["due_call.due_call_id"], name=op.f("fk_ladder_progress_due_call_id")
        ),
        sa.PrimaryKeyConstraint("charge_id", name=op.f("pk_ladder_progress")),
    )
    op.create_table(
        "payment",
        sa.Column("payment_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("charge_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_payment_of_something")),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["charge.charge_id"], name=op.f("fk_payment_charge_id")
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payment")),
        sa.UniqueConstraint("source", "reference", name=op.f("uq_payment_source_reference")),
    )
    op.create_index(op.f("ix_payment_charge_id"), "payment", ["charge_id"], unique=False)
    op.create_table(
        "promise_charge",
        sa.Column("promise_id", sa.BigInteger(), nullable=False),
        sa.Column("charge_id", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor_before", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["charge.charge_id"], name=op.f("fk_promise_charge_charge_id")
        ),
        sa.ForeignKeyConstraint(
            ["promise_id"], ["promise.promise_id"], name=op.f("fk_promise_charge_promise_id")
        ),
        sa.PrimaryKeyConstraint("promise_id", "charge_id", name=op.f("pk_promise_charge")),
    )
    op.create_index(
        op.f("ix_promise_charge_charge_id"), "promise_charge", ["charge_id"], unique=False
    )
    op.create_table(
        "ready_call",
        sa.Column("due_call_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["due_call_id"], ["due_call.due_call_id"], name=op.f("fk_ready_call_due_call_id")
        ),
        sa.PrimaryKeyConstraint("due_call_id", name=op.f("pk_ready_call")),
    )
    op.create_index(
        "ix_ready_call_order",
        "ready_call",
        [sa.literal_column("score DESC"), "due_call_id"],
        unique=False,
    )
    op.create_table(
        "rework_notice",
        sa.Column("rework_notice_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("work_order_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issue_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["work_order_id"],
            ["work_order.work_order_id"],
            name=op.f("fk_rework_notice_work_order_id"),
        ),
        sa.PrimaryKeyConstraint("rework_notice_id", name=op.f("pk_rework_notice")),
        sa.UniqueConstraint(
            "work_order_id", "cycle", name=op.f("uq_rework_notice_work_order_id_cycle")
        ),
    )
    op.create_table(
        "survey_answer",
        sa.Column("survey_target_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("recording", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "num_nonnulls(score, recording) = 1", name=op.f("ck_survey_answer_one_answer")
        ),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_survey_answer_score_1_to_5")),
        sa.ForeignKeyConstraint(
            ["survey_target_id"],
            ["survey_target.survey_target_id"],
            name=op.f("fk_survey_answer_survey_target_id"),
        ),
        sa.PrimaryKeyConstraint("survey_target_id", "question", name=op.f("pk_survey_answer")),
    )
    op.create_table(
        "verdict",
        sa.Column("verdict_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_call_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("e164", sa.String(length=17), nullable=True),
        sa.Column(
            "decision",
            sa.Enum(
                "allow",
                "deny",
                "defer",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("layer", sa.String(length=16), nullable=False),
        sa.Column("pack", sa.String(length=64), nullable=True),
        sa.Column("pack_version", sa.String(length=64), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "(decision = 'defer') = (until IS NOT NULL)", name=op.f("ck_verdict_defer_says_until")
        ),
        sa.ForeignKeyConstraint(
            ["due_call_id"], ["due_call.due_call_id"], name=op.f("fk_verdict_due_call_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_verdict_person_id")
        ),
        sa.PrimaryKeyConstraint("verdict_id", name=op.f("pk_verdict")),
    )
    op.create_index("ix_verdict_due_call", "verdict", ["due_call_id", "verdict_id"], unique=False)
    op.create_index("ix_verdict_person", "verdict", ["person_id"], unique=False)


def downgrade() -> None:
    """Go one step back."""
    op.drop_index("ix_verdict_person", table_name="verdict")
    op.drop_index("ix_verdict_due_call", table_name="verdict")
    op.drop_table("verdict")
    op.drop_table("survey_answer")
    op.drop_table("rework_notice")
    op.drop_index("ix_ready_call_order", table_name="ready_call")
    op.drop_table("ready_call")
    op.drop_index(op.f("ix_promise_charge_charge_id"), table_name="promise_charge")
    op.drop_table("promise_charge")
    op.drop_index(op.f("ix_payment_charge_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_table("ladder_progress")
    op.drop_index(op.f("ix_extension_person_id"), table_name="extension")
    op.drop_index(op.f("ix_extension_charge_id"), table_name="extension")
    op.drop_table("extension")
    op.drop_index(op.f("ix_due_call_charge_charge_id"), table_name="due_call_charge")
    op.drop_table("due_call_charge")
    op.drop_index(op.f("ix_attempt_due_call_due_call_id"), table_name="attempt_due_call")
    op.drop_table("attempt_due_call")
    op.drop_index(op.f("ix_work_order_unit_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_reference"), table_name="work_order")
    op.drop_table("work_order")
    op.drop_index(op.f("ix_survey_target_person_id"), table_name="survey_target")
    op.drop_table("survey_target")
    op.drop_index(op.f("ix_occupancy_unit_id"), table_name="occupancy")
    op.drop_index(op.f("ix_occupancy_person_id"), table_name="occupancy")
    op.drop_table("occupancy")
    op.drop_index(op.f("ix_note_unit_id"), table_name="note")
    op.drop_index(op.f("ix_note_person_id"), table_name="note")
    op.drop_table("note")
    op.drop_index(
        "uq_due_call_one_overdue_a_person",
        table_name="due_call",
        postgresql_where="reason = 'overdue' AND settled_at IS NULL",
    )
    op.drop_index(
        "ix_due_call_waiting", table_name="due_call", postgresql_where="state = 'waiting'"
    )
    op.drop_index("ix_due_call_person", table_name="due_call")
    op.drop_index("ix_due_call_lane", table_name="due_call", postgresql_where="state = 'waiting'")
    op.drop_index(
        "ix_due_call_live_reason", table_name="due_call", postgresql_where="settled_at IS NULL"
    )
    op.drop_table("due_call")
    op.drop_index(op.f("ix_charge_unit_id"), table_name="charge")
    op.drop_index(op.f("ix_charge_reference"), table_name="charge")
    op.drop_index(
        "ix_charge_open_by_person",
        table_name="charge",
        postgresql_where="amount_minor > paid_minor",
    )
    op.drop_table("charge")
    op.drop_index(op.f("ix_callback_request_person_id"), table_name="callback_request")
    op.drop_index(op.f("ix_callback_request_call_at"), table_name="callback_request")
    op.drop_table("callback_request")
    op.drop_index(
        "uq_attempt_live_phone", table_name="attempt", postgresql_where="state <> 'ended'"
    )
    op.drop_index(
        "uq_attempt_live_person", table_name="attempt", postgresql_where="state <> 'ended'"
    )
    op.drop_index("ix_attempt_phone", table_name="attempt")
    op.drop_index("ix_attempt_person", table_name="attempt")
    op.drop_table("attempt")
    op.drop_table("unit")
    op.drop_index(op.f("ix_promise_person_id"), table_name="promise")
    op.drop_index("ix_promise_open", table_name="promise", postgresql_where="state = 'open'")
    op.drop_table("promise")
    op.drop_index(op.f("ix_phone_e164"), table_name="phone")
    op.drop_table("phone")
    op.drop_index(
        "ix_do_not_call_person", table_name="do_not_call", postgresql_where="lifted_at IS NULL"
    )
    op.drop_index(
        "ix_do_not_call_e164", table_name="do_not_call", postgresql_where="lifted_at IS NULL"
    )
    op.drop_table("do_not_call")
    op.drop_index("uq_agent_task_open", table_name="agent_task", postgresql_where="done_at IS NULL")
    op.drop_index(op.f("ix_agent_task_person_id"), table_name="agent_task")
    op.drop_table("agent_task")
    op.drop_table("survey")
    op.drop_index("ix_person_name", table_name="person")
    op.drop_index(
        "ix_person_deceased", table_name="person", postgresql_where="deceased_at IS NOT NULL"
    )
    op.drop_table("person")
    op.drop_table("installation")
    op.drop_table("imported_file")
    op.drop_index(op.f("ix_consent_e164"), table_name="consent")
    op.drop_table("consent")
    op.drop_table("community")
    op.drop_table("campaign_switch")
    op.drop_table("audit_entry")
