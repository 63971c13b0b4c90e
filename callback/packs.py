"""The rule packs this installation knows, by name and by country, read from YAML."""

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml
from pydantic import ValidationError

from callback.pack_model import Pack
from core.errors import OwnerlineError


class PackError(OwnerlineError):
    """A rule pack is not as it must be; nothing is dialled under a pack that cannot be read."""


class Packs:
    """Every pack this installation knows, by name and by country."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self._by_name: dict[str, Pack] = {}
        self._by_country: dict[str, Pack] = {}
        for pack in packs:
            if pack.name in self._by_name:
                message = f"two packs are named {pack.name}; rename one"
                raise PackError(message)
            self._by_name[pack.name] = pack
            for country in pack.countries:
                if country in self._by_country:
                    message = f"packs {self._by_country[country].name} and {pack.name} both claim "
                    message += f"{country}; take it out of one"
                    raise PackError(message)
                self._by_country[country] = pack
        self._asked: dict[tuple[tuple[str, ...], str, str | None], tuple[Pack, ...] | None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all packs, sorted."""
        return tuple(sorted(self._by_name))

    @property
    def versions(self) -> dict[str, str]:
        """The version of each pack by its name."""
        return {name: self._by_name[name].version for name in self.names}

    def named(self, name: str) -> Pack:
        """Return a pack by its name.

        Raises:
            PackError: there is none of that name.
        """
        try:
            return self._by_name[name]
        except KeyError:
            message = f"there is no rule pack {name!r}; there are {', '.join(self.names)}"
            raise PackError(message) from None

    def for_country(self, country: str | None) -> Pack | None:
        """Return the pack of numbers of that country, or None."""
        return None if country is None else self._by_country.get(country)

    def check_known(self, names: Iterable[str]) -> None:
        """Refuse names that are no pack's.

        Raises:
            PackError: says which, and which there are.
        """
        if unknown := [name for name in names if name not in self.names]:
            message = f"{unknown[0]!r} is no rule pack; there are {', '.join(sorted(self.names))}"
            raise PackError(message)

    def applying(
        self, names: tuple[str, ...], home: str, country: str | None
    ) -> tuple[Pack, ...] | None:
        """Return the community's packs and that of the phone's country, each once.

        None when one is unknown: rules nobody knows ring nobody. A community whose packs ring only
        test numbers is a rehearsal: the phone's country adds nothing to it.

        Args:
            names: the community's packs.
            home: the community's own country; its packs speak for it even if none claims it.
            country: the phone's country.
        """
        key = (names, home, country)
        if key not in self._asked:
            self._asked[key] = self._find_applying(names, home, country)
        return self._asked[key]

    def _find_applying(
        self, names: tuple[str, ...], home: str, country: str | None
    ) -> tuple[Pack, ...] | None:
        if not names or any(name not in self._by_name for name in names):
            return None
        found = [self._by_name[name] for name in dict.fromkeys(names)]
        if all(pack.only_test_numbers for pack in found):
            return tuple(found)
        own = self.for_country(country)
        if own is None:
            return tuple(found) if country == home else None
        return tuple(found) if own in found else (*found, own)


def read_pack(text: str, origin: str) -> Pack:
    """Read a pack from YAML.

    Raises:
        PackError: the text is no YAML, or no pack; the message says where.
    """
    try:
        # Through JSON, so that strict models take enums and tuples but guess at nothing else.
        return Pack.model_validate_json(json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, TypeError, ValidationError) as err:
        message = f"rule pack {origin} cannot be used: {err}"
        raise PackError(message) from err


def load_packs(folder: Path | None = None) -> Packs:
    """Load the shipped packs and, over them by name, those of a folder of `*.yaml`.

    Raises:
        PackError: one of them cannot be used.
    """
    packs = dict(_read_folder(resources.files("callback") / "packs_data"))
    if folder is not None:
        packs.update(_read_folder(folder))
    return Packs(packs.values())


@cache
def shipped_packs() -> Packs:
    """Return the packs that come with the program."""
    return load_packs()


def _read_folder(folder: Traversable) -> Iterable[tuple[str, Pack]]:
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".yaml"):
            pack = read_pack(file.read_text(encoding="utf-8"), file.name)
            yield pack.name, pack
