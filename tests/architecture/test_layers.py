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
# Package -> the packages that it may import, besides itself and the ground floor.
BELOW = {
    **{name: set() for name in GROUND},
    "core": set(),
    "bank": {"core"},
    "effect": {"core", "bank"},
    "io": {"core", "bank", "effect"},
    "draw": {"core"},
    "nn": {"core", "bank"},
    "kernels": {"core"},
    "scoring": {"core", "bank", "nn", "kernels"},
    "annotate": {"core", "bank", "effect", "io"},
    "cache": {"core", "bank", "effect", "io", "annotate"},
    # The shuffles of negatives are compiled.
    "datasets": {"core", "bank", "io", "kernels"},
    # A second stage learns from sites as they are annotated.
    "train": {"core", "bank", "effect", "io", "nn", "kernels", "scoring", "annotate", "datasets"},
    "evaluate": {"core", "bank", "effect", "io", "nn", "kernels", "scoring", "annotate", "datasets", "train"},
    "api": {"core", "bank", "effect", "io", "nn", "kernels", "scoring", "annotate", "cache", "datasets", "train"},
    # A report asks the second stage again for what each protein adds.
    "report": {"core", "bank", "effect", "io", "draw", "scoring", "annotate", "interpret", "api"},
    "interpret": {"core", "bank", "io", "draw", "nn", "kernels", "scoring", "annotate"},
}
# These may import every room.
ROOF = {"cli", "__init__", "__main__"}
# These import nothing but numpy from outside the standard library.
NUMPY_ALONE = {"core", "bank", "effect", "draw"}
LAZY_ROOMS = {"cli", "gate", "__init__"}


def room(module):
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def dotted(module):
    return ".".join((PACKAGE.name, *module.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


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


def imported_modules(module, names):
    """Our modules that a module imports, for type checking too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from {f"{node.module}.{alias.name}" for alias in node.names} & names
            yield from {node.module} & names


def test_no_module_imports_itself_through_others():
    """No circle, inside a package either: a module that needs another's types stands above it."""
    names = {dotted(module): module for module in MODULES}
    left = {name: set(imported_modules(module, names.keys())) - {name} for name, module in names.items()}
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    assert not left


def test_every_room_has_a_floor():
    assert {room(module) for module in MODULES} <= BELOW.keys() | ROOF


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_imports_flow_down(module):
    own = room(module)
    names = set(imported_names(ast.parse(module.read_text(encoding="utf-8"))))
    rooms = {name.split(".")[1] for name in names if name.startswith("varbind.")}
    assert own in ROOF or rooms <= BELOW[own] | GROUND | {own}
    foreign = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"varbind"}
    assert own not in NUMPY_ALONE or foreign <= {"numpy"}


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
