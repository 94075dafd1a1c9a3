"""What all tests share: the data beside the repository, programs, and two small real banks.

Every fixture that needs something from outside skips with the reason where it is absent.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest

import varbind
from varbind.io.bank import write_bank
from varbind.pipeline.background import BackgroundRecipe, add_background
from varbind.pipeline.selftest import add_golden_scores

ROOT = Path(__file__).parents[1]

# A first example may read a bank or import torch: time says nothing about a property.
hypothesis.settings.register_profile(
    "varbind",
    deadline=None,
    max_examples=int(os.environ.get("VARBIND_EXAMPLES", "50")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
)
hypothesis.settings.load_profile("varbind")

TINY_MODELS = (
    "ELK1.GM12878.1",
    "GABPA.GM12878.1",
    "SP1.GM12878.1",
    "CTCFL.K562.1",
    "USF1.H1-hESC.1",
    "USF2.H1-hESC.1",
    "SUZ12.H1-hESC.1",
)
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
def starter_bank():
    """The bank that travels with the package: 26 models of one shape."""
    return varbind.load_bank()


@pytest.fixture(scope="session")
def tiny_bank_path(starter_bank, tmp_path_factory):
    """Folder of `tiny_bank`, for `--bank`; never write into it."""
    chosen = starter_bank.select(TINY_MODELS)
    card = replace(chosen.cards[0], name="tiny", models=chosen.models, golden=None)
    bank = add_golden_scores(replace(chosen, cards=(card,), background=None))
    folder = tmp_path_factory.mktemp("banks") / "tiny"
    write_bank(folder, add_background(bank, recipe=TINY_RECIPE))
    return folder


@pytest.fixture(scope="session")
def tiny_bank(tiny_bank_path):
    """Seven starter models (six by default, three families of two) with 3,000 SNVs and 150 of each other kind."""
    return varbind.load_bank(tiny_bank_path)
