"""The rate of the kernel by the number of models, the variants per batch, and the length of the window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from material import cut_to, draw_windows, evenly, with_window
from turns import Way, take_turns, timed

from varbind.scoring.ensemble import Ensemble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.bank.bank import Bank
    from varbind.core.window import Window

__all__ = ["BATCHES", "MODELS", "WINDOWS", "measure_scaling"]

MODELS = (29, 116, 464, 927)
BATCHES = (1, 16, 64, 256, 512)
WINDOWS = (31, 51, 101, 201)
WINDOW = 101
BATCH = 256


class _Batches:
    """Windows scored in batches of one size by one thread."""

    def __init__(self, bank: Bank, window: int, windows: Sequence[Window]) -> None:
        self._ensemble = Ensemble(with_window(bank.stacks, window), bank.model_ids, threads=1, compiled=True)
        self._windows = cut_to(windows, [window])[window]
        self._window = window

    def score(self, size: int) -> None:
        """Score all windows."""
        for at in range(0, len(self._windows), size):
            self._ensemble.score_windows({self._window: self._windows[at : at + size]})


def measure_scaling(bank: Bank, *, variants: int, rounds: int) -> dict[str, Any]:
    """Everything in turns; ratios are to all models, the window of 101 and batches of 256."""
    windows = draw_windows(max(2 * variants, 1), max(WINDOWS))
    counts = sorted({min(count, len(bank.models)) for count in (*MODELS, len(bank.models))})
    full = _Batches(bank, WINDOW, windows)
    ways = [("all", "all models, window 101, batches of 256", full, BATCH)]
    ways += [(f"batch {size}", f"batches of {size}", full, size) for size in BATCHES if size != BATCH]
    ways += [(f"window {w}", f"window {w}", _Batches(bank, w, windows), BATCH) for w in WINDOWS if w != WINDOW]
    ways += [
        (f"models {count}", f"{count} models", _Batches(evenly(bank, count), WINDOW, windows), BATCH)
        for count in counts
        if count < len(bank.models)
    ]
    measured = [Way(name, what, timed(partial(some.score, size)), len(windows)) for name, what, some, size in ways]
    rates = take_turns(measured, rounds)
    return {"variants": len(windows), "models": len(bank.models), "ways": rates.as_json("all")}
