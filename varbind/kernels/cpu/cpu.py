"""Networks on a CPU: the compiled kernel where it is available and worth loading, else numpy alone.

Both give the same bytes, so the choice only affects the run time, and a run goes on if the kernel cannot be loaded.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from varbind.gate import optional_import
from varbind.kernels.cpu.kernel_loading import has_compiled_kernel, load_kernel
from varbind.kernels.cpu.numpy_backend import NumpyStacks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    import numpy as np
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.cpu.table_stack import TableStacks
    from varbind.kernels.work_plan import Plan

__all__ = ["CpuStacks", "thread_count"]

KERNEL_WORTH = 200_000
"""Alleles times networks that numpy scores in the time that it takes to load numba and the kernel."""

USUAL_LENGTH = 128
"""The length of a sequence up to which an allele counts once, in bases; the alleles of longer ones count more often."""

LONGEST = 30_000
"""Largest sequence length for which the sums of the kernel are exact; longer sequences are scored with numpy."""


def thread_count(threads: int | None) -> int:
    """The number of threads; None = one for each processor that this process may use."""
    return threads or len(os.sched_getaffinity(0))


class CpuStacks:
    """Networks of one window length.

    Args:
        stacks: the networks.
        threads: the threads that score them; None = the caller's thread does.
        compiled: whether the compiled kernel is used; None = it is used where it is available, as soon as there is
            enough to score.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], threads: Executor | None, *, compiled: bool | None) -> None:
        self._stacks = stacks
        self._threads = threads
        self._count = sum(len(stack.model_ids) for stack in stacks)
        self._required = compiled is True
        self._compiled = has_compiled_kernel() if compiled is None else compiled
        self._left_to_numpy = KERNEL_WORTH if compiled is None else 0

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack.

        Raises:
            UsageError: the compiled kernel is required and cannot be loaded.
        """
        longest = max(map(len, plan.sequences), default=0)
        if not self._compiled or longest > LONGEST:
            return self._numpy.score(plan)
        self._left_to_numpy -= len(plan) * self._count * (1 + longest // USUAL_LENGTH)
        if self._left_to_numpy > 0 or self._kernel is None:
            return self._numpy.score(plan)
        return self._kernel.score(plan)

    @cached_property
    def _numpy(self) -> NumpyStacks:
        return NumpyStacks(self._stacks, self._threads)

    @cached_property
    def _kernel(self) -> TableStacks | None:
        """The compiled kernel; None where it cannot be loaded and is not required."""
        return self._load() if self._required else load_kernel(self._load, work="scoring")

    def _load(self) -> TableStacks:
        table_stack = optional_import("varbind.kernels.cpu.table_stack", needed_for="the CPU kernel")
        kernel: TableStacks = table_stack.TableStacks(self._stacks, self._threads)
        return kernel
