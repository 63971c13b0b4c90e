"""Uploaded lists and their rows, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from callback.uploaded_model import ListState
from core.columns import one_of
from core.database import Base
from customers.model import CallMode, Language, Purpose, Reason


class UploadedList(Base):
    """A list of the house's own, with its script and rules; fixed once it is started.

    Its campaign is called `list-` and its id. `script` names one of the library, or, where
    `own_script` holds one, that one, which is called like the campaign. `columns` say what each
    column of the file was taken for. Paused is no state of its own: it is the campaign's switch.
    """

    __tablename__ = "uploaded_list"

    list_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text, unique=True)
    state: Mapped[ListState] = mapped_column(one_of(ListState), server_default="draft")
    reason: Mapped[Reason] = mapped_column(one_of(Reason))
    purpose: Mapped[Purpose] = mapped_column(one_of(Purpose))
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    script: Mapped[str] = mapped_column(sa.String(64))
    own_script: Mapped[dict[str, object] | None] = mapped_column(JSONB(none_as_null=True))
    rules: Mapped[dict[str, object]] = mapped_column(JSONB)
    mode: Mapped[CallMode] = mapped_column(one_of(CallMode))
    file_name: Mapped[str] = mapped_column(sa.Text)
    columns: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    notes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(sa.Text)
    started_at: Mapped[datetime | None]
    started_by: Mapped[str | None] = mapped_column(sa.Text)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(sa.Text)
    __table_args__ = (
        sa.CheckConstraint("name <> ''", name="name_given"),
        sa.CheckConstraint("reason IN ('uploaded', 'prospect')", name="reason_of_a_list"),
        sa.CheckConstraint("state = 'draft' OR started_at IS NOT NULL", name="started_or_draft"),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_has_a_time"),
    )


class UploadedRow(Base):
    """A row of an uploaded list, by its number in the file.

    `phones` are the usable numbers, E.164, in the file's order. `person_id`, `unit_id` and `match`
    say whom the customer file means by it; a row refused says why and is never called.
    """

    __tablename__ = "uploaded_row"

    list_id: Mapped[int] = mapped_column(
        sa.ForeignKey("uploaded_list.list_id", ondelete="CASCADE"), primary_key=True
    )
    row_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(sa.Text)
    honorific: Mapped[str | None] = mapped_column(sa.Text)
    language: Mapped[Language | None] = mapped_column(one_of(Language))
    unit: Mapped[str | None] = mapped_column(sa.Text)
    phones: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    phone_given: Mapped[str | None] = mapped_column(sa.Text)
    variables: Mapped[dict[str, object]] = mapped_column(JSONB)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.person_id"))
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.unit_id"))
    match: Mapped[str | None] = mapped_column(sa.String(16))
    refusal: Mapped[str | None] = mapped_column(sa.String(32))
    refusal_detail: Mapped[str | None] = mapped_column(sa.Text)
    withdrawn_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("match IN ('phone', 'unit', 'new')", name="match_known"),
        sa.Index("ix_uploaded_row_refused", "list_id", "refusal"),
    )
