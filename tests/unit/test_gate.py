"""The import gate tells a missing package from a broken one of our own."""

import os
import sys

import pytest

from varbind.errors import UsageError
from varbind.gate import NEEDS, forget_unusable_threads, optional_import


def test_what_is_there_is_imported():
    assert optional_import("torch", needed_for="x") is sys.modules["torch"]


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "pybigtools", None)
    with pytest.raises(UsageError, match="pybigtools, which is not installed") as caught:
        optional_import("pybigtools", needed_for="--conservation")
    assert "varbind[conservation]" in str(caught.value)


def test_a_module_of_ours_that_is_broken_is_not_called_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "varbind.kernels.cpu.table_convolution", None)
    monkeypatch.delitem(sys.modules, "varbind.kernels.cpu.table_stack", raising=False)
    with pytest.raises(ImportError, match=r"varbind\.kernels\.cpu\.table_convolution"):
        optional_import("varbind.kernels.cpu.table_stack", needed_for="the CPU kernel")


def test_every_need_names_a_package_and_an_extra():
    assert all(package and target.startswith("varbind") for package, target in NEEDS.values())


@pytest.mark.parametrize("value", ["0", "-1", "junk", "", "1.5", "\u00b2"])
def test_threads_that_numba_cannot_use_are_forgotten(monkeypatch, value):
    monkeypatch.setenv("NUMBA_NUM_THREADS", value)
    forget_unusable_threads()
    assert "NUMBA_NUM_THREADS" not in os.environ
    forget_unusable_threads()


@pytest.mark.parametrize("value", ["1", " 2 ", "64"])
def test_threads_that_numba_can_use_stay(monkeypatch, value):
    monkeypatch.setenv("NUMBA_NUM_THREADS", value)
    forget_unusable_threads()
    assert os.environ["NUMBA_NUM_THREADS"] == value
