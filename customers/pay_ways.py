"""Ways to pay as data: what an owner names when they promise, and how each language says it."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from customers.model import Language


def pay_way_names(way: str) -> Mapping[Language, str]:
    """Return how each language says a way to pay; of one that is no longer known, its own word."""
    return pay_ways().get(way) or dict.fromkeys(Language, way)


@cache
def pay_ways() -> Mapping[str, Mapping[Language, str]]:
    """Return every way to pay, in the order they are offered."""
    raw: dict[str, dict[str, str]] = yaml.safe_load(
        files("customers").joinpath("pay_ways.yaml").read_text(encoding="utf-8")
    )
    return {
        way: {Language(language): name for language, name in names.items()}
        for way, names in raw.items()
    }
