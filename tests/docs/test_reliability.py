"""docs/reliability.md against the tests that there are: no promise without one, and no test of another name."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text()
ROWS = dict(re.findall(r"^\| (\d+) \|(?:[^|]*\|){3} ([^|]*) \|$", PAGE, re.MULTILINE))
NAMED = re.compile(r"test_rows?_(\d+)(?:_(to|and)_(\d+))?_")


def functions(name):
    """Names of the tests of a module."""
    tree = ast.parse((TESTS / name).read_text())
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def rows_of(function):
    """Rows of the contract that a test is about, by its name."""
    found = NAMED.match(function)
    if not found:
        return set()
    first, last = int(found[1]), int(found[3] or found[1])
    return {first, last} if found[2] == "and" else set(range(first, last + 1))


def test_every_row_is_there():
    assert list(map(int, ROWS)) == list(range(1, 63))


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_tests_in_the_modules_that_it_names(row):
    for module in ROWS[row].split(", "):
        assert any(int(row) in rows_of(name) for name in functions(module)), module


def test_every_module_and_test_that_is_named_exists():
    named = set(re.findall(r"\b(?:[a-z_]+/)+test_\w+\.py", PAGE))
    assert len(named) > 10
    assert [module for module in named if not (TESTS / module).is_file()] == []
    everything = {name for path in TESTS.rglob("test_*.py") for name in functions(path.relative_to(TESTS))}
    assert [name for name in re.findall(r"`(test_\w+)`", PAGE) if name not in everything] == []


def test_nothing_is_left_to_be_filled_in():
    assert re.findall(r"^[A-Z]{4,}$|\bTODO\b", PAGE, re.MULTILINE) == []
