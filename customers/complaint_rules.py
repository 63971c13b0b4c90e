"""By when a complaint is answered and, if it is serious, with the manager: data with its source."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from customers.complaint_tables import ComplaintChannel

_SHIPPED = Path(__file__).with_name("complaint_rules.yaml")

Hours = Annotated[int, Field(gt=0, le=24 * 60)]


class ComplaintRules(BaseModel):
    """Hours from when it was taken, or was opened again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    source: str
    reply_hours: Hours
    reply_hours_of: Mapping[ComplaintChannel, Hours]
    manager_hours: Hours

    def hours_for(self, channel: ComplaintChannel) -> int:
        """Return within how many hours a complaint that came in so is answered."""
        return self.reply_hours_of.get(channel, self.reply_hours)

    def reply_by(self, channel: ComplaintChannel, since: datetime) -> datetime:
        """Return by when the owner has an answer."""
        return since + timedelta(hours=self.hours_for(channel))

    def manager_by(self, since: datetime) -> datetime:
        """Return by when the manager knows of a serious one."""
        return since + timedelta(hours=self.manager_hours)


@cache
def shipped_complaint_rules() -> ComplaintRules:
    """Return the rules that come with the program."""
    return ComplaintRules.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))
