"""How far a training is: threads that count the steps of the networks they train."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from varbind.train.calibration import Calibration

__all__ = ["PacedThreads", "task_steps"]


def task_steps(calibration: Calibration) -> list[int]:
    """Steps of each task of a calibration, in their order; the final trainings take as many as the longest."""
    searching = [more for settings, _, more in calibration.rounds() for _ in range(settings * calibration.folds)]
    return searching + [calibration.checkpoints[-1]] * min(calibration.kept, calibration.settings)


class PacedThreads(ThreadPoolExecutor):
    """Threads for several calibrations one after the other.

    Args:
        count: of threads.
        calibration: what each one is.
        proteins: number of calibrations.
        progress: called with (steps done, in all); None = nobody wants to know.
    """

    def __init__(
        self, count: int, calibration: Calibration, proteins: int, progress: Callable[[int, int], None] | None
    ) -> None:
        super().__init__(count)
        self._steps = task_steps(calibration)
        self._total = proteins * sum(self._steps)
        self._progress = progress
        self._lock = threading.Lock()
        self._started = 0
        self._tasks = 0

    def begin(self) -> None:
        """The next calibration begins."""
        with self._lock:
            self._started += 1
            self._tasks = 0

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        """Run a task and count it when it is done."""
        future = super().submit(*arguments, **options)
        future.add_done_callback(self._count)
        return future

    def _count(self, future: Future[Any]) -> None:
        if self._progress is None or future.cancelled():
            return
        with self._lock:
            self._tasks += 1
            done = (self._started - 1) * sum(self._steps) + sum(self._steps[: self._tasks])
            self._progress(done, self._total)
