"""The share of deadlines the house wants met, as data with its source."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

_SHIPPED = Path(__file__).with_name("targets.yaml")

Share = Annotated[float, Field(gt=0, le=1)]


class Targets(BaseModel):
    """A share by the deadline's word; what is not named has the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    source: str
    default: Share
    of: Mapping[str, Share]

    def target(self, deadline: str) -> float:
        """Return the share of a deadline that is to be met."""
        return self.of.get(deadline, self.default)


@cache
def shipped_targets() -> Targets:
    """Return the targets that come with the program."""
    return Targets.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))
