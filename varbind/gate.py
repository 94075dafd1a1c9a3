"""The import gate: the only module that imports optional packages, and pandas where it is seldom needed.

If a package is missing, the error is one line with the command that installs it.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from varbind.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandas import DataFrame as DataFrame  # noqa: PLC0414 (others import the type from here)

__all__ = ["data_frame", "forget_unusable_threads", "has_working_folder", "optional_import"]

# The package that each module needs, and what to install to get it.
NEEDS = {
    "jinja2": ("jinja2", "varbind[report]"),
    "markupsafe": ("markupsafe", "varbind[report]"),
    "matplotlib": ("matplotlib", "varbind[plots]"),
    "matplotlib.figure": ("matplotlib", "varbind[plots]"),
    "matplotlib.style": ("matplotlib", "varbind[plots]"),
    "memelite": ("memelite", "varbind[motifs]"),
    "pybigtools": ("pybigtools", "varbind[conservation]"),
    "pyarrow": ("pyarrow", "varbind[tables]"),
    "pyarrow.parquet": ("pyarrow", "varbind[tables]"),
    "resvg_py": ("resvg-py", "varbind[plots]"),
    "scipy.linalg": ("scipy", "varbind[train]"),
    "scipy.optimize": ("scipy", "varbind[train]"),
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
    """Remove NUMBA_NUM_THREADS from the environment if it is not a valid number of threads.

    numba refuses to compile with such a value. varbind does not use the variable, because it starts the threads itself.
    """
    value = os.environ.get("NUMBA_NUM_THREADS", "1")
    if not value.strip().isdecimal() or int(value) < 1:
        del os.environ["NUMBA_NUM_THREADS"]


def optional_import(module: str, *, needed_for: str) -> Any:
    """Import an optional package.

    Args:
        module: the dotted name of a module, one of `NEEDS`.
        needed_for: what the user requested, for the message.

    Raises:
        UsageError: the package is not installed, or cannot be loaded.
        ImportError: a module of varbind cannot be imported.
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


def data_frame(columns: Mapping[str, Any]) -> DataFrame:
    """A pandas DataFrame of columns by name; pandas is imported now, because most programs never need it here."""
    frame: DataFrame = importlib.import_module("pandas").DataFrame(columns)
    return frame


def has_working_folder() -> bool:
    """Whether the working folder exists; without it, relative paths are invalid and numba cannot compile."""
    try:
        os.getcwd()  # noqa: PTH109 (the call that all alternatives make)
    except OSError:
        return False
    return True
