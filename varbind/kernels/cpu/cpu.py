"""Networks on a CPU: by the compiled kernel where there is one and it is worth its loading, else by gathered tables.

Both give the same bytes, so the choice is one of time alone, and a kernel that cannot be loaded is no reason to stop.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import resource
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.errors import UsageError
from varbind.gate import has_working_folder, optional_import
from varbind.kernels.cpu.numpy_backend import NumpyStacks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    import numpy as np
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.cpu.table_stack import LookupStacks
    from varbind.kernels.work_plan import Plan

__all__ = ["CpuStacks", "has_lookup_kernel", "thread_count"]

logger = logging.getLogger(__name__)

KERNEL_WORTH = 50_000
"""Alleles times networks that are scored by gathered tables in the time it takes to load numba and the kernel."""

KERNEL_ADDRESS_SPACE = 1 << 29
"""Bytes of address space that numba and LLVM may take; where they get less, they abort the process, or hang in it."""

LONGEST = 30_000
"""Bases up to which the kernel's sums over positions are exact; longer sequences go by gathered tables."""


def has_lookup_kernel() -> bool:
    """Whether there may be a compiled kernel: numba is there and can compile, and no switch turns it off."""
    switched_off = os.environ.get("VARBIND_NO_NUMBA") or os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}
    return not switched_off and has_working_folder() and importlib.util.find_spec("numba") is not None


def thread_count(asked: int | None) -> int:
    """As many threads as asked; None = one for each processor this process may use."""
    return asked or len(os.sched_getaffinity(0))


def has_room_for_kernel() -> bool:
    """Whether a limit on address space, as of `ulimit -v` or of a cluster's queue, leaves room for the kernel."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return True
    used = 0
    with suppress(OSError):  # only Linux tells
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    return limit - used >= KERNEL_ADDRESS_SPACE


class CpuStacks:
    """Networks of one window length.

    Args:
        stacks: the networks.
        threads: where they are scored; None = here.
        compiled: whether the kernel is used; None = if there is one, as soon as there is enough to score.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], threads: Executor | None, *, compiled: bool | None) -> None:
        self._stacks = stacks
        self._threads = threads
        self._count = sum(len(stack.model_ids) for stack in stacks)
        self._must = compiled is True
        self._compiled = has_lookup_kernel() if compiled is None else compiled
        self._left_to_gather = KERNEL_WORTH if compiled is None else 0

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack.

        Raises:
            UsageError: the kernel was asked for and cannot be loaded.
        """
        if not self._compiled or max(map(len, plan.sequences), default=0) > LONGEST:
            return self._gather.score(plan)
        self._left_to_gather -= len(plan) * self._count
        if self._left_to_gather > 0 or self._kernel is None:
            return self._gather.score(plan)
        return self._kernel.score(plan)

    @cached_property
    def _gather(self) -> NumpyStacks:
        return NumpyStacks(self._stacks, self._threads)

    @cached_property
    def _kernel(self) -> LookupStacks | None:
        """The kernel; None where it cannot be loaded and need not."""
        if not self._must and not has_room_for_kernel():
            logger.warning("scoring without the compiled kernel, a few times slower: the limit on memory is too low")
            return None
        try:
            # numba takes a third of a second to import, which other ways need not pay.
            lookup = optional_import("varbind.kernels.cpu.table_stack", needed_for="the CPU kernel")
            kernel: LookupStacks = lookup.LookupStacks(self._stacks, self._threads)
        except (UsageError, ImportError, OSError, MemoryError) as error:
            if self._must:
                raise
            logger.warning("scoring without the compiled kernel, a few times slower: %s", error)
            return None
        return kernel
