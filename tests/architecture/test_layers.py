"""The floors of the house: imports flow down, and a module stays short (docs: the plan of the house)."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import varbind

PACKAGE = Path(varbind.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 330
GROUND = {"errors", "gate", "signals", "_version"}
# Room -> the rooms that it may import, besides itself and the ground floor.
BELOW = {
    **{name: set() for name in GROUND},
    "core": set(),
    "io": {"core"},
    "nn": {"core"},
    "pipeline": {"core", "io", "nn"},
    "train": {"core", "io", "nn", "pipeline"},
    "evaluation": {"core", "io", "nn", "pipeline", "train"},
    "interpret": {"core", "io", "nn", "pipeline"},
}
# These may import every room.
ROOF = {"cli", "__init__", "__main__"}
# What core may import from outside the standard library.
CORE_PACKAGES = {"numpy"}
LAZY_ROOMS = {"cli", "gate", "__init__"}


def room(module):
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_names(tree):
    """Every dotted name that a tree imports, the import gate's included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from submodules if node.module == "varbind" else [node.module]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "optional_import":
            yield ast.literal_eval(node.args[0])


def test_every_room_has_a_floor():
    assert {room(module) for module in MODULES} <= BELOW.keys() | ROOF


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_imports_flow_down(module):
    own = room(module)
    names = set(imported_names(ast.parse(module.read_text(encoding="utf-8"))))
    rooms = {name.split(".")[1] for name in names if name.startswith("varbind.")}
    assert own in ROOF or rooms <= BELOW[own] | GROUND | {own}
    foreign = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"varbind"}
    assert own != "core" or foreign <= CORE_PACKAGES


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_imports_stand_at_the_top(module):
    functions = [
        node
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    inner = [node.lineno for function in functions for node in ast.walk(function) if is_import(node)]
    assert not inner or room(module) in LAZY_ROOMS


def is_import(node):
    dynamic = isinstance(node, ast.Call) and ast.unparse(node.func) in {"importlib.import_module", "__import__"}
    return dynamic or isinstance(node, ast.Import | ast.ImportFrom)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_no_module_is_long(module):
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize(
    "action",
    ["pass", "varbind.cli.main.main(['--help'], standalone_mode=False)"],
    ids=["import varbind", "varbind --help"],
)
def test_starting_imports_nothing_heavy(action):
    program = (
        "import json, sys, varbind\n"
        f"if {action!r} != 'pass': import varbind.cli.main; {action}\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(result.stdout.splitlines()[-1])}
    assert "varbind" in loaded
    assert not loaded & {"torch", "numpy", "pysam", "sklearn", "pybigtools"}
