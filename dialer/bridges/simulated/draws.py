"""Random draws that depend on named things only, so that two policies meet the same people."""

import hashlib
import random
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def stable_random(*names: object) -> random.Random:
    """Return a random source seeded by the names alone, equal in every process and run."""
    digest = hashlib.blake2b("\x1f".join(map(str, names)).encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big"))


def weighted(rng: random.Random, weights: Mapping[T, float]) -> T:
    """Return one of the keys, drawn by its weight."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]
