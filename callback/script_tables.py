"""Scripts as the workshop keeps them: drafts, and editions that are or were in use."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class ScriptDraft(Base):
    """A script being changed, one a name; `saves` counts up, so that nobody is overwritten."""

    __tablename__ = "script_draft"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    text: Mapped[str] = mapped_column(sa.Text)  # YAML, as written
    based_on: Mapped[int]  # the version it was begun from
    saves: Mapped[int] = mapped_column(server_default="1")
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(sa.Text)


class ScriptEdition(Base):
    """A script as it was published; never changed, so that what was said can be told for good.

    `whole` has its fragments put in: it holds the same whatever becomes of them. At most one
    edition of a name is in use; without one the shipped script is.
    """

    __tablename__ = "script_edition"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(sa.Text)  # YAML, as written
    whole: Mapped[dict[str, object]] = mapped_column(JSONB)
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(sa.Text)
    in_use: Mapped[bool] = mapped_column(server_default=sa.true())
    __table_args__ = (
        sa.CheckConstraint("version > 0", name="version_counts_up"),
        sa.Index(
            "uq_script_edition_in_use", "name", unique=True, postgresql_where=sa.text("in_use")
        ),
    )
