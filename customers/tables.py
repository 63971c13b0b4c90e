"""The customer file at rest: places, people, how to reach them and what they allow."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR, ExcludeConstraint
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from core.phone import PhoneKind
from customers.model import CallMode, Language, Purpose, Reason, Role
from customers.spelling import vector_of


class Community(Base):
    """A development; its zone, region, currency and rule packs hold for all its units."""

    __tablename__ = "community"

    community_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text, unique=True)
    time_zone: Mapped[str] = mapped_column(sa.Text)
    region: Mapped[str] = mapped_column(sa.String(2))
    currency: Mapped[str] = mapped_column(sa.String(3))
    packs: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    __table_args__ = (
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("cardinality(packs) > 0", name="has_a_pack"),
    )


class Unit(Base):
    """One home, shop or parking space; label is building-entrance-room where it has that shape."""

    __tablename__ = "unit"

    unit_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    label: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = (
        sa.UniqueConstraint("community_id", "label"),
        sa.CheckConstraint("label <> ''", name="label_given"),
        sa.Index("ix_unit_label", "label", postgresql_ops={"label": "text_pattern_ops"}),
        sa.Index(
            "ix_unit_label_tail",
            sa.func.reverse(sa.text("label")).label("key"),
            postgresql_ops={"key": "text_pattern_ops"},
        ),
    )


def _name_keys(context: DefaultExecutionContext) -> str | None:
    name = context.get_current_parameters().get("name")  # type: ignore[no-untyped-call]
    return vector_of(name) if isinstance(name, str) else None


class Person(Base):
    """Somebody we may call; synthetic people are refused by real bridges.

    `community_id` counts somebody who holds no unit (a prospect) to a community; None where units
    say it. `name_keys` are what the name may be typed as (`customers.spelling`).
    """

    __tablename__ = "person"

    person_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)
    honorific: Mapped[str | None] = mapped_column(sa.Text)
    language: Mapped[Language] = mapped_column(one_of(Language))
    vip: Mapped[bool] = mapped_column(server_default=sa.false())
    synthetic: Mapped[bool] = mapped_column(server_default=sa.false())
    deceased_at: Mapped[datetime | None]
    rest_hours: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB)
    identity_digits: Mapped[str | None] = mapped_column(sa.String(8))
    note: Mapped[str | None] = mapped_column(sa.Text)
    source: Mapped[str] = mapped_column(sa.String(32), server_default="import")
    community_id: Mapped[int | None] = mapped_column(sa.ForeignKey("community.community_id"))
    name_keys: Mapped[str | None] = mapped_column(TSVECTOR, default=_name_keys, deferred=True)
    __table_args__ = (
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("identity_digits ~ '^[0-9]{4,8}$'", name="identity_is_digits"),
        sa.Index("ix_person_name", "name"),
        sa.Index("ix_person_name_keys", "name_keys", postgresql_using="gin"),
        sa.Index("ix_person_deceased", "person_id", postgresql_where="deceased_at IS NOT NULL"),
    )


class Occupancy(Base):
    """A person's tie to a unit over a half-open period; None means since or until ever."""

    __tablename__ = "occupancy"

    occupancy_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("unit.unit_id"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    role: Mapped[Role] = mapped_column(one_of(Role))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    moved_in: Mapped[date | None]
    __table_args__ = (
        sa.CheckConstraint("valid_from < valid_until", name="period_not_empty"),
        ExcludeConstraint(
            ("unit_id", "="),
            (sa.text("daterange(valid_from, valid_until)"), "&&"),
            where=sa.text("role = 'owner'"),
            name="ex_occupancy_one_owner_at_a_time",
        ),
        ExcludeConstraint(
            ("unit_id", "="),
            ("person_id", "="),
            ("role", "="),
            (sa.text("daterange(valid_from, valid_until)"), "&&"),
            where=sa.text("role <> 'owner'"),
            name="ex_occupancy_once_per_person",
        ),
    )


class Phone(Base):
    """A person's number; dead numbers stay on file and come back by import or by an agent only.

    `kind` is what the number's plan says (`customers.phone_kinds`); None: not read yet.
    """

    __tablename__ = "phone"

    phone_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"))
    e164: Mapped[str] = mapped_column(sa.String(17), index=True)
    kind: Mapped[PhoneKind | None] = mapped_column(one_of(PhoneKind))
    position: Mapped[int]
    source: Mapped[str] = mapped_column(sa.String(32), server_default="import")
    dead_at: Mapped[datetime | None]
    dead_because: Mapped[str | None] = mapped_column(sa.Text)
    __table_args__ = (
        sa.UniqueConstraint("person_id", "e164"),
        sa.CheckConstraint("e164 ~ '^\\+[1-9][0-9]{5,14}$'", name="is_e164"),
        sa.CheckConstraint("(dead_at IS NULL) = (dead_because IS NULL)", name="death_has_a_cause"),
        sa.Index("ix_phone_head", "e164", postgresql_ops={"e164": "text_pattern_ops"}),
        sa.Index(
            "ix_phone_tail",
            sa.func.reverse(sa.text("e164")).label("key"),
            postgresql_ops={"key": "text_pattern_ops"},
        ),
    )


class Consent(Base):
    """A yes or no for a number, purpose and mode; the newest counts, withdrawn is granted false."""

    __tablename__ = "consent"

    consent_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    e164: Mapped[str] = mapped_column(sa.String(17), index=True)
    purpose: Mapped[Purpose] = mapped_column(one_of(Purpose))
    mode: Mapped[CallMode] = mapped_column(one_of(CallMode))
    granted: Mapped[bool]
    given_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    given_by: Mapped[str] = mapped_column(sa.Text)
    how: Mapped[str] = mapped_column(sa.Text)


class DoNotCall(Base):
    """An opt-out of a person or a number, from one reason or from all; lifted, never deleted."""

    __tablename__ = "do_not_call"

    do_not_call_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.person_id"))
    e164: Mapped[str | None] = mapped_column(sa.String(17))
    reason: Mapped[Reason | None] = mapped_column(one_of(Reason))
    since: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    said_by: Mapped[str] = mapped_column(sa.Text)
    how: Mapped[str] = mapped_column(sa.Text)
    lifted_by: Mapped[str | None] = mapped_column(sa.Text)  # whose word ended it,
    lifted_how: Mapped[str | None] = mapped_column(sa.Text)  # and how they gave it
    __table_args__ = (
        sa.CheckConstraint("person_id IS NOT NULL OR e164 IS NOT NULL", name="of_somebody"),
        sa.Index("ix_do_not_call_person", "person_id", postgresql_where="lifted_at IS NULL"),
        sa.Index("ix_do_not_call_e164", "e164", postgresql_where="lifted_at IS NULL"),
    )


class CallbackRequest(Base):
    """A call an owner asked for at a time of their own; `about` is the due call it goes on with."""

    __tablename__ = "callback_request"

    callback_request_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.unit_id"))
    asked_at: Mapped[datetime]
    call_at: Mapped[datetime] = mapped_column(index=True)
    about: Mapped[Reason] = mapped_column(one_of(Reason))
    about_due_call_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    mode: Mapped[CallMode | None] = mapped_column(one_of(CallMode))  # None: as the house does it
    agent_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # who promised it; None: the team
    cancelled_at: Mapped[datetime | None]


class AgentTask(Base):
    """Something only a person can do: a better number, a disputed file, a death in the house."""

    __tablename__ = "agent_task"

    agent_task_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    subject: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    detail: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=sa.text("'{}'"))
    __table_args__ = (
        sa.CheckConstraint(
            "kind IN ('better_number', 'dispute', 'deceased', 'extension', 'talk', 'identity',"
            " 'wrap_up')",
            name="kind_known",
        ),
        sa.Index(
            "uq_agent_task_open",
            "person_id",
            "kind",
            "subject",
            unique=True,
            postgresql_where="done_at IS NULL",
        ),
    )


class Note(Base):
    """A line somebody, or an import, put on a person's or a unit's file."""

    __tablename__ = "note"

    note_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.unit_id"), index=True)
    at: Mapped[datetime]
    written_by: Mapped[str] = mapped_column(sa.Text)
    text: Mapped[str] = mapped_column(sa.Text)


class AuditEntry(Base):
    """Who looked at, took away or changed what; append-only."""

    __tablename__ = "audit_entry"

    audit_entry_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(sa.Text)
    action: Mapped[str] = mapped_column(sa.String(32))
    subject: Mapped[str] = mapped_column(sa.Text)
    detail: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=sa.text("'{}'"))
    __table_args__ = (
        sa.Index("ix_audit_entry_subject", "subject", "audit_entry_id"),
        sa.Index("ix_audit_entry_actor", "actor", "audit_entry_id"),
        sa.Index("ix_audit_entry_action", "action", "audit_entry_id"),
        sa.Index("ix_audit_entry_at", "at", postgresql_using="brin"),
    )


class ImportedFile(Base):
    """One import of one file, as a whole: what it held and what became of its rows."""

    __tablename__ = "imported_file"

    imported_file_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    file_name: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(32))
    imported_at: Mapped[datetime]
    row_count: Mapped[int]
    accepted: Mapped[int]
    unchanged: Mapped[int]
    rejected: Mapped[int]
