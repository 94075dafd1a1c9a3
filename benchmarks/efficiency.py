"""The kernel compared with the rate at which the machine can load and add, and the parts of the time of a batch."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from machine import LoadAdds
from material import cut_to, draw_windows, with_window
from turns import Way, take_turns, timed

from varbind.core.window import flank_of
from varbind.kernels.cpu import table_stack
from varbind.kernels.cpu.simd import LANES
from varbind.kernels.work_plan import Plan
from varbind.scoring.ensemble import Ensemble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.core.deepbind import DeepBindStack
    from varbind.core.window import Window
    from varbind.kernels.work_plan import Work

__all__ = ["load_adds", "measure_efficiency", "measure_threads"]

ROUNDS_OF_ADDS = 4_000
LONG = 20
"""Factor for the duration of comparisons of threads: a system moves a thread to an idle processor after some time."""


def load_adds(work: Work, detector_len: int) -> dict[str, int]:
    """Loads of a vector added to a sum, of one network, strand and group of detectors: as the kernel walks.

    Each triplet of bases that a walk reads is a row of one vector for every triplet of a detector. Beyond the
    sequence a position looks up one sum. A position of a substitution adds the difference of two weights.
    Filling the table is one sum for every triplet of bases and of the detector, and those of one and two bases.
    """
    count = -(-detector_len // 3)
    reach = 3 * (count - 1)
    rows = sums = 0
    items = zip(work.bounds.tolist(), work.lengths[work.sequences].tolist(), strict=True)
    for (first, *_, last), length in items:
        for position in range(first, min(first + 3, last)):
            start = position + 3 * max(0, (detector_len - 1 - position) // 3)
            whole = len(range(start, max(position + reach, min(detector_len - 1 + length, last + reach)), 3))
            rows += whole
            sums += len(range(start + 3 * whole, last + reach, 3))
    changed = len(work.substitutions) * detector_len
    return {"rows": rows * count, "sums": sums, "substitutions": 2 * changed, "table": (5 + 25 + 125) * count}


def _load_adds_of(stacks: Sequence[DeepBindStack], windows: Mapping[int, Sequence[Window]]) -> dict[str, int]:
    """The work of a batch that is scored by its changed positions."""
    total = dict.fromkeys(("rows", "sums", "substitutions", "table"), 0)
    for stack in stacks:
        shape = stack.config
        plan, _, _ = Plan.of_windows(windows[shape.window], flank_of(shape.window))
        times = len(stack.detectors) * shape.strands * -(-shape.detectors // LANES)
        for name, count in load_adds(plan.work(shape.detector_len), shape.detector_len).items():
            total[name] += times * count
    return total


class Stopwatch:
    """Seconds of this thread in some functions."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def call(*arguments: Any, **options: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.thread_time() - start

        return call

    def method(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same for a function that becomes a method."""
        call = self.timed(name, function)

        def method(owner: Any, *arguments: Any, **options: Any) -> Any:
            return call(owner, *arguments, **options)

        return method


@contextmanager
def _stopwatch() -> Iterator[Stopwatch]:
    """A stopwatch around the two kernels and around planning; one thread only."""
    watch = Stopwatch()

    def kernels(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **options: watch.timed(name, make(*arguments, **options))

    with (
        patch.object(table_stack, "pool_kernel", kernels("pooling", table_stack.pool_kernel)),
        patch.object(table_stack, "output_kernel", kernels("heads", table_stack.output_kernel)),
        patch.object(Plan, "of_windows", watch.timed("planning", Plan.of_windows)),
        patch.object(Plan, "work", watch.method("planning", Plan.work)),
    ):
        yield watch


def measure_efficiency(bank: Bank, window: int | None, *, variants: int, rounds: int) -> dict[str, Any]:
    """Shares of the machine's rate and of time; the machine's rate is measured in every round."""
    stacks = with_window(bank.stacks, window)
    ensemble = Ensemble(stacks, bank.model_ids, threads=1, compiled=True)
    windows = cut_to(draw_windows(variants, max(ensemble.windows)), ensemble.windows)
    counts = _load_adds_of(stacks, windows)
    machine = LoadAdds(ROUNDS_OF_ADDS)
    rates, shares, parts = [], [], []
    for round_number in range(rounds + 1):
        watch = Stopwatch()
        watch.timed("machine", machine)()
        with _stopwatch() as inside:
            watch.timed("scoring", ensemble.score_windows)(windows)
        if round_number:
            rates.append(machine.count / watch.seconds["machine"])
            shares.append(sum(counts.values()) / inside.seconds["pooling"] / rates[-1])
            parts.append({name: seconds / watch.seconds["scoring"] for name, seconds in inside.seconds.items()})
    of_time = {name: statistics.median(part[name] for part in parts) for name in ("pooling", "heads", "planning")}
    return {
        "window": window,
        "variants": variants,
        "lanes": LANES,
        "load_adds": counts,
        "machine_load_adds_per_second": rates,
        "share_of_machine": statistics.median(shares),
        "share_of_machine_by_round": shares,
        "share_of_machine_without_table": statistics.median(shares) * (1 - counts["table"] / sum(counts.values())),
        "share_of_time": {**of_time, "rest": 1 - sum(of_time.values())},
    }


def measure_threads(bank: Bank, window: int | None, *, variants: int, rounds: int) -> dict[str, Any]:
    """The gain of a second thread in wall-clock time, in the round with the largest gain of the machine itself.

    Whether there is a second processor is not for the kernel to say. So the machine's loads and adds, which
    share nothing, run on one thread and on two in the same rounds, and the round in which they gained most
    is the one that others disturbed least.
    """
    stacks = with_window(bank.stacks, window)
    ensembles = {threads: Ensemble(stacks, bank.model_ids, threads=threads, compiled=True) for threads in (1, 2)}
    windows = cut_to(draw_windows(variants, max(ensembles[1].windows)), ensembles[1].windows)
    machine = [LoadAdds(LONG * ROUNDS_OF_ADDS), LoadAdds(LONG * ROUNDS_OF_ADDS)]
    with ThreadPoolExecutor(2) as pool:
        ways = [
            Way("kernel, 1", "", timed(lambda: ensembles[1].score_windows(windows)), variants),
            Way("machine, 1", "", timed(machine[0]), 1),
            Way("machine, 2", "", timed(lambda: list(pool.map(LoadAdds.__call__, machine))), 2),
            Way("kernel, 2", "", timed(lambda: ensembles[2].score_windows(windows)), variants),
        ]
        rates = take_turns(ways, rounds)
    gains = {name: rates.gains(f"{name}, 2", f"{name}, 1") for name in ("kernel", "machine")}
    best = max(range(rounds), key=lambda number: gains["machine"][number])
    return {
        "window": window,
        "kernel_gain": gains["kernel"][best],
        "machine_gain": gains["machine"][best],
        "kernel_gain_by_round": gains["kernel"],
        "machine_gain_by_round": gains["machine"],
        "processor_time_ratio": 1 / rates.ratio("kernel, 2", "kernel, 1"),
    }
