"""How far a training is: the steps of the networks that are trained, or one kind of work after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from varbind.train.hyperparameters import Calibration

__all__ = ["Pace", "pace_of", "task_steps"]


def pace_of(progress: Callable[[str, int, int], None] | None, what: str) -> Callable[[int, int], None] | None:
    """What tells how far one kind of work is, called with (done, in all), from what tells it of all kinds."""
    return None if progress is None else lambda done, total: progress(what, done, total)


def task_steps(calibration: Calibration) -> list[int]:
    """Steps of each task of a calibration, in their order; the final trainings take as many as the longest."""
    searching = [more for settings, _, more in calibration.rounds() for _ in range(settings * calibration.folds)]
    return searching + [calibration.checkpoints[-1]] * min(calibration.ensemble_size, calibration.trials)


class Pace:
    """Counts steps over several calibrations one after the other.

    Args:
        calibration: what each one is.
        proteins: number of calibrations.
        progress: called with (steps done, in all); None = nobody wants to know.
    """

    def __init__(self, calibration: Calibration, proteins: int, progress: Callable[[int, int], None] | None) -> None:
        self._steps = task_steps(calibration)
        self._total = proteins * sum(self._steps)
        self._progress = progress
        self._started = 0
        self._tasks = 0

    def begin(self) -> None:
        """The next calibration begins."""
        self._started += 1
        self._tasks = 0

    def finish(self, tasks: int) -> None:
        """So many more tasks are done."""
        self._tasks += tasks
        if self._progress is not None:
            done = (self._started - 1) * sum(self._steps) + sum(self._steps[: self._tasks])
            self._progress(done, self._total)
