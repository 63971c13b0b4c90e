"""What supervisors set over a campaign's own figures, version by version, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class CampaignChange(Base):
    """One change of a campaign; the latest version holds, `settings` are all that it sets.

    Rows are added, never changed: their number says whether a book is up to date.
    """

    __tablename__ = "campaign_change"

    campaign: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    settings: Mapped[dict[str, object]] = mapped_column(JSONB)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(sa.Text)
    why: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = (sa.CheckConstraint("version >= 1", name="version_from_one"),)
