"""The import gate: the only place where an optional package is imported.

An optional package that is missing gives one line with the command that installs it.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from varbind.errors import UsageError

__all__ = ["forget_unusable_threads", "has_working_folder", "optional_import"]

# What a module needs that may be absent, and what to install for it.
NEEDS = {
    "matplotlib.figure": ("matplotlib", "varbind[plots]"),
    "matplotlib.style": ("matplotlib", "varbind[plots]"),
    "pybigtools": ("pybigtools", "varbind[conservation]"),
    "pyarrow": ("pyarrow", "varbind[tables]"),
    "pyarrow.parquet": ("pyarrow", "varbind[tables]"),
    "scipy.linalg": ("scipy", "varbind[train]"),
    "scipy.stats": ("scipy", "varbind[train]"),
    "sklearn": ("scikit-learn", "varbind[train]"),
    "sklearn.ensemble": ("scikit-learn", "varbind[train]"),
    "sklearn.linear_model": ("scikit-learn", "varbind[train]"),
    "sklearn.metrics": ("scikit-learn", "varbind[train]"),
    "sklearn.svm": ("scikit-learn", "varbind[train]"),
    "torch": ("torch", "varbind[gpu]"),
    "triton": ("triton", "varbind[gpu]"),
    "triton.language": ("triton", "varbind[gpu]"),
    "varbind.kernels.cpu.numba_cache": ("numba", "varbind"),
    "varbind.nn.deepbind": ("torch", "varbind[train]"),
    "varbind.nn.torch_networks": ("torch", "varbind[train]"),
    "varbind.kernels.gpu.device": ("torch", "varbind[gpu]"),
    "varbind.kernels.gpu.fused": ("triton", "varbind[gpu]"),
    "varbind.kernels.cpu.table_stack": ("numba", "varbind"),
    "varbind.train.gpu_training": ("torch", "varbind[gpu]"),
}


def forget_unusable_threads() -> None:
    """Take NUMBA_NUM_THREADS out of the environment where it is no number of threads.

    numba refuses to compile with such a value. Here it counts for nothing: our kernels run in threads of our own.
    """
    value = os.environ.get("NUMBA_NUM_THREADS", "1")
    if not value.strip().isdecimal() or int(value) < 1:
        del os.environ["NUMBA_NUM_THREADS"]


def optional_import(module: str, *, needed_for: str) -> Any:
    """Import an optional package, or say how to get it.

    Args:
        module: dotted module name, one of `NEEDS`.
        needed_for: what the user asked for, for the message.

    Raises:
        UsageError: the package is not installed, or does not fit what else is.
        ImportError: varbind itself is broken.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "varbind":
            raise
        package, target = NEEDS[module]
        missing = isinstance(error, ModuleNotFoundError)
        why = "is not installed" if missing else f"cannot be loaded ({error})"
        what = f"{needed_for} needs the package {package}, which {why}"
        raise UsageError(what, remedy=f"pip install '{target}'") from error


def has_working_folder() -> bool:
    """Whether the working folder still exists: without it relative paths lead nowhere, and numba cannot compile."""
    try:
        os.getcwd()  # noqa: PTH109 (what every other way of asking comes down to)
    except OSError:
        return False
    return True
