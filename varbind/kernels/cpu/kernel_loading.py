"""Whether compiled kernels can be used here, and how they are loaded.

They give the same bytes as numpy, so a run goes on where a kernel cannot be loaded.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from varbind.errors import UsageError
from varbind.gate import has_working_folder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["has_compiled_kernel", "load_kernel"]

logger = logging.getLogger(__name__)

Kernel = TypeVar("Kernel")

KERNEL_ADDRESS_SPACE = 1 << 29
"""Bytes of address space that numba and LLVM may need. With less, they abort the process or make it hang."""


def has_compiled_kernel() -> bool:
    """Whether compiled kernels can be used: numba is installed, can compile here, and is not switched off."""
    switched_off = os.environ.get("VARBIND_NO_NUMBA") or os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}
    return not switched_off and has_working_folder() and importlib.util.find_spec("numba") is not None


def load_kernel(load: Callable[[], Kernel], *, work: str) -> Kernel | None:
    """Load a compiled kernel; None where that fails, and then a warning says why.

    Args:
        load: imports numba, which takes a third of a second, and makes the kernel.
        work: what is slower without the kernel, for the warning.
    """
    try:
        _require_room()
        return load()
    except (UsageError, ImportError, OSError, MemoryError) as error:
        logger.warning("%s without the compiled kernel, a few times slower: %s", work, error)
        return None


def _require_room() -> None:
    """Check that the limit on address space, as set by `ulimit -v` or by a batch system, leaves room for the kernel.

    Raises:
        MemoryError: it does not.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return
    used = 0
    with suppress(OSError):  # this file exists on Linux only
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    if limit - used < KERNEL_ADDRESS_SPACE:
        raise MemoryError("the limit on memory is too low")
