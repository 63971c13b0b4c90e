"""Rule packs: what law and house say about calling in a country, as data with sources."""


class Packs:
    """Every pack this installation knows."""
