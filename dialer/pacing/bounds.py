"""How sure a count makes us: bounds for a share, and for what is still to come."""

import math

Z_95 = 1.6449  # one-sided 95 %


def share_between(part: int, whole: int, *, z: float = Z_95) -> tuple[float, float]:
    """Return the bounds of the share behind `part` of `whole`; 0 and 1 where nothing was counted.

    Wilson's score interval (Wilson 1927, JASA 22: 209-212): right for small counts, unlike the
    rate plus and minus its spread.
    """
    if whole == 0:
        return 0.0, 1.0
    rate, z2 = part / whole, z * z
    middle = (rate + z2 / (2 * whole)) / (1 + z2 / whole)
    half = z * math.sqrt(rate * (1 - rate) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return max(0.0, middle - half), min(1.0, middle + half)


def more_than(count: int, *, expected: float) -> float:
    """Return the chance that more than `count` rare things happen where `expected` do on average.

    The upper tail of Poisson's distribution; 1 for a negative count.
    """
    if count < 0:
        return 1.0
    term = total = math.exp(-expected)
    for at in range(1, count + 1):
        term *= expected / at
        total += term
    return max(0.0, 1.0 - total)
