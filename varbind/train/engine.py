"""Where networks are trained: threads that run the CPU kernel, or a torch device that takes all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from varbind.gate import optional_import
from varbind.train.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

__all__ = ["Engine", "KernelThreads", "engine_on"]


class Engine(Protocol):
    """Something that trains networks.

    Attributes:
        device: where networks are scored in between, as `varbind.scoring.ensemble` takes it.
    """

    device: str

    def advance(self, trials: Sequence[Trial], steps: Sequence[int]) -> None:
        """Let every trial take its number of steps."""


class KernelThreads:
    """The CPU kernel, a trial a thread.

    Args:
        threads: where trials take their steps; how many there are does not show.
        finished: called with how many more trials have taken their steps.
    """

    def __init__(self, threads: Executor, finished: Callable[[int], None]) -> None:
        self.device = "cpu"
        self._threads = threads
        self._finished = finished

    def advance(self, trials: Sequence[Trial], steps: Sequence[int]) -> None:
        """Let every trial take its number of steps."""
        for _ in self._threads.map(Trial.advance, trials, steps):
            self._finished(1)


def engine_on(device: str, threads: Executor, finished: Callable[[int], None]) -> Engine:
    """The engine of a device.

    Args:
        device: `cpu`, `cuda` or `cuda:N`; `torch:cpu` serves to test.
        threads: of the CPU; beside a device they draw random numbers.
        finished: called with how many more trials have taken their steps.

    Raises:
        UsageError: torch is not installed.
        ResourceError: there is no such device.
    """
    if device == "cpu":
        return KernelThreads(threads, finished)
    descent = optional_import("varbind.train.gpu_training", needed_for=f"--device {device}")
    engine: Engine = descent.DeviceDescent(device, threads, finished)
    return engine
