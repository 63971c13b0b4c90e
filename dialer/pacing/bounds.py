"""How sure exact counts make us: the odds that chance alone brings as many, or more."""

import math

_NORMAL_FROM = 60.0  # expected; the normal count is as good from there on
_Z_95 = 1.645
_SURELY_NONE = 10.0  # spreads beyond what is expected


def more_than(count: int, *, expected: float) -> float:
    """Return the chance that more than `count` rare things happen where `expected` do on average.

    The upper tail of Poisson's distribution, which for rare things lies above the binomial one; 1
    for a negative count.
    """
    if count < 0:
        return 1.0
    spread = math.sqrt(expected)
    if count > expected + _SURELY_NONE * (spread + 1):
        return 0.0
    if expected > _NORMAL_FROM:
        return 0.5 * math.erfc((count + 0.5 - expected) / (spread * math.sqrt(2)))
    term = total = math.exp(-expected)
    for at in range(1, count + 1):
        term *= expected / at
        total += term
    return max(0.0, 1.0 - total)


def bearable(count: int) -> float:
    """Return how many rare things may be expected so that hardly ever `count` or more happen.

    Hardly ever: 5 in 100. By Wilson and Hilferty's cube root (1931, PNAS 17: 684-688), which is a
    little cautious for the smallest counts.
    """
    if count < 1:
        return 0.0
    return count * (1 - 1 / (9 * count) - _Z_95 / (3 * math.sqrt(count))) ** 3


def surely_above(part: int, whole: int, *, share: float, doubt: float = 0.05) -> bool:
    """Return whether the share behind `part` of `whole` is above this one, but for the doubt.

    That is, whether its lower confidence bound is above it (Clopper and Pearson 1934, Biometrika
    26: 404-413, by rare counts): right for small counts, unlike the rate less its spread.
    """
    return part > share * whole and more_than(part - 1, expected=share * whole) < doubt
