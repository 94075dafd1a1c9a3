"""The import gate: the only place where an optional package is imported.

An optional package that is missing gives one line with the command that installs it.
"""

from __future__ import annotations

import importlib
from typing import Any

from varbind.errors import UsageError

__all__ = ["optional_import"]

EXTRA_OF = {
    "varbind.nn.deepbind": "train",
    "torch": "gpu",
    "sklearn": "train",
    "sklearn.metrics": "train",
    "pybigtools": "conservation",
}


def optional_import(module: str, *, needed_for: str) -> Any:
    """Import an optional package, or say how to get it.

    Args:
        module: dotted module name, one of `EXTRA_OF`.
        needed_for: what the user asked for, for the message.

    Raises:
        UsageError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        extra = EXTRA_OF[module]
        raise UsageError(
            f"{needed_for} needs the package {module.partition('.')[0]}, which is not installed",
            remedy=f"pip install 'varbind[{extra}]'",
        ) from error
