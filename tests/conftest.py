"""What all tests share: the data beside the repository, programs, and two small real banks.

Every fixture that needs something from outside skips with the reason where it is absent.
"""

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest

import varbind
from varbind.io.banks import write_bank
from varbind.scoring.background import BackgroundRecipe, add_background
from varbind.scoring.selftest import add_golden_scores

ROOT = Path(__file__).parents[1]

# Torch is the slow oracle of small networks: its threads would wait for one another, most of all beside other work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The user's own reference is not that of the tests.
os.environ.pop("VARBIND_FASTA", None)

# A first example may read a bank or import torch, so time says nothing about a property. To shrink a failure takes
# hundreds of runs: `--hypothesis-profile shrink` does it on request.
hypothesis.settings.register_profile(
    "quick",
    deadline=None,
    max_examples=8,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
)
hypothesis.settings.register_profile(
    "full",
    parent=hypothesis.settings.get_profile("quick"),
    max_examples=int(os.environ.get("VARBIND_EXAMPLES", "50")),
)
hypothesis.settings.register_profile(
    "shrink", parent=hypothesis.settings.get_profile("full"), phases=tuple(hypothesis.Phase)
)


def runs_slow_tests(config):
    """Whether the slow tests are chosen."""
    return config.option.markexpr == "slow"


def pytest_configure(config):
    """Modules read the number of examples when they are imported, so it is chosen before."""
    if not config.getoption("--hypothesis-profile"):
        hypothesis.settings.load_profile("full" if runs_slow_tests(config) else "quick")
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        # Hundreds of programs would each compile varbind again: their byte code lies in a folder of this run instead.
        folder = tempfile.TemporaryDirectory(prefix="varbind-byte-code-")
        os.environ["PYTHONPYCACHEPREFIX"] = folder.name
        config.add_cleanup(folder.cleanup)


QUICK_CASES = 4
"""Of a test with more cases, the quick tests run so many, evenly spaced, and the slow ones the others."""

EVERY_CASE = ("architecture", "security")
"""The folders of tests whose cases are files or rules, of which each counts and takes milliseconds."""


def mark_further_cases(items):
    """Mark as slow all cases of a test but `QUICK_CASES` of them."""
    cases = {}
    for item in items:
        if item.path.parent.name not in EVERY_CASE and not item.get_closest_marker("slow"):
            cases.setdefault((item.path, item.nodeid.partition("[")[0]), []).append(item)
    for of_test in cases.values():
        last = len(of_test) - 1
        quick = {round(number * last / (QUICK_CASES - 1)) for number in range(QUICK_CASES)}
        for number, item in enumerate(of_test):
            if last >= QUICK_CASES and number not in quick:
                item.add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """With the slow tests every property runs again, with all its examples."""
    mark_further_cases(items)
    if runs_slow_tests(config):
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker(pytest.mark.slow)


# Each trained model is the mean of three networks, the matrix one network of one detector.
TINY_MATRIX = "KLF5.matrix"
TINY_MODELS = ("ELK1", "GABPA", "KLF4", TINY_MATRIX, "USF1", "USF2", "TBP")
TINY_RECIPE = BackgroundRecipe(snvs=3_000, others=150, seed=5)


@pytest.fixture(scope="session")
def shared_data():
    """The folder of public data beside the repository; never part of it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder}")
    return folder


@pytest.fixture(scope="session")
def bcftools():
    """Path of the program, the oracle for VCF."""
    program = shutil.which("bcftools")
    if program is None:
        pytest.skip("needs bcftools on the PATH")
    return program


@pytest.fixture(scope="session")
def shipped_bank():
    """The bank that travels with the package: means of three networks, and matrices."""
    return varbind.load_bank()


@pytest.fixture(scope="session")
def tiny_bank_path(shipped_bank, tmp_path_factory):
    """Folder of `tiny_bank`, for `--bank`; never write into it."""
    chosen = shipped_bank.select(TINY_MODELS)
    # The matrix speaks by default here, so that whatever annotates mixes both shapes within a family.
    models = tuple(replace(model, default=model.default or model.model_id == TINY_MATRIX) for model in chosen.models)
    card = replace(chosen.cards[0], name="tiny", models=models, golden=None)
    bank = add_golden_scores(replace(chosen, cards=(card,), models=models, background=None))
    folder = tmp_path_factory.mktemp("banks") / "tiny"
    write_bank(folder, add_background(bank, recipe=TINY_RECIPE))
    return folder


@pytest.fixture(scope="session")
def tiny_bank(tiny_bank_path):
    """Seven shipped models (six by default, three families of two) with 3,000 SNVs and 150 of each other kind."""
    return varbind.load_bank(tiny_bank_path)
