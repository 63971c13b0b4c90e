"""Every refusal that a page of the desk may show has words of the house's own in both languages."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

import dialer.agents
from api.console import routes
from api.console import sign_in as door
from api.console.words import load_words
from api.problems import problem_of
from core.errors import OwnerlineError
from tests.integration.console.house import House

# Errors of the room that no page of the desk can meet, and who is told of them instead.
_ELSEWHERE = {
    "AgentNameTakenError": "the settings of agents",
    "MoveChangedError": "the balance of owners",
    "NoPhonesError": "a command that failed, beside its control",
}
_RAISES = re.compile(r"^\s+(\w+Error):", re.MULTILINE)
_KINDS = re.compile(r'ProblemError\((?:[^()]|\([^()]*\))*?kind="([a-z-]+)"')
WORDS = load_words()


def _modules(package: ModuleType, prefix: str = "") -> Iterator[ModuleType]:
    for each in pkgutil.iter_modules(package.__path__):
        if each.name.startswith(prefix):
            yield importlib.import_module(f"{package.__name__}.{each.name}")


def _errors_of(module: ModuleType) -> Iterator[type[OwnerlineError]]:
    for _, each in inspect.getmembers(module, inspect.isclass):
        if issubclass(each, OwnerlineError) and each.__module__ == module.__name__:
            yield each


def _told_by(module: ModuleType) -> Iterator[type[OwnerlineError]]:
    """Yield what the functions a module imports say that they raise."""
    for _, function in inspect.getmembers(module, inspect.isfunction):
        home = inspect.getmodule(function)
        for name in _RAISES.findall(inspect.getdoc(function) or ""):
            error = getattr(home, name, None)
            if inspect.isclass(error) and issubclass(error, OwnerlineError):
                yield error


ROOM = sorted(
    {each for module in _modules(dialer.agents) for each in _errors_of(module)}
    | {each for module in _modules(routes, "desk") for each in _told_by(module)},
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("error", ROOM, ids=[each.__name__ for each in ROOM])
def test_an_error_of_the_room_has_words_by_its_kind(error: type[OwnerlineError]) -> None:
    if error.__name__ in _ELSEWHERE:
        return
    kind = problem_of(error.__new__(error)).kind
    assert f"problem.kind.{kind}" in WORDS, f"{error.__name__}: put {kind} under kind: there"


def test_a_refusal_of_a_desk_route_or_of_the_edge_has_words_by_its_kind() -> None:
    modules = [*_modules(routes, "desk"), importlib.import_module("api.console.edge")]
    kinds = {kind for module in modules for kind in _KINDS.findall(inspect.getsource(module))} | {
        "validation",
        "too-many-requests",
        "database-away",
        "database-busy",
    }
    assert sorted(each for each in kinds if f"problem.kind.{each}" not in WORDS) == []


def test_a_refusal_of_a_desk_route_names_its_kind() -> None:
    bare = re.compile(r"raise ProblemError\([^()]*(?:\([^()]*\)[^()]*)*\)")
    for module in _modules(routes, "desk"):
        for raised in bare.findall(inspect.getsource(module)):
            assert "kind=" in raised, f"{module.__name__}: {raised}"


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN", "秒再试"), ("en", "Too many tries in a short time")]
)
async def test_too_many_tries_at_the_door_are_told_in_the_language_of_the_page(
    house: House, language: str, words: str
) -> None:
    async with house.stranger() as browser:
        house.office.app.state.signing_in = door.MOST_AT_ONCE
        told = await browser.post(
            "/sign-in",
            data={"name": "nobody", "password": "not the one"},
            headers={"Accept-Language": language},
        )
        assert told.status_code == 429
        assert words in told.text
        assert "requests a minute" not in told.text
