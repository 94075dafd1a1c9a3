"""Methods that score both alleles of SNVs with all models of a bank, and whether their scores agree."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from formulations import BigConvolution, Loop, TableBags
from material import both_alleles, cut_to, digest, draw_windows, with_window
from narrow import narrow_process
from threadpoolctl import threadpool_limits
from turns import Way, take_turns, timed

from varbind.scoring.ensemble import Ensemble

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from narrow import NarrowProcess
    from numpy.typing import NDArray

    from varbind.bank.bank import Bank

__all__ = ["BASELINE", "Scorers", "measure_ways"]

BASELINE = "loop-256"


class Scorers:
    """All methods, prepared once.

    Args:
        bank: the models.
        window: one window length for all models; None = their own.
        variants: number of SNVs.
        slow: number of SNVs for the slow methods.
    """

    def __init__(self, bank: Bank, window: int | None, *, variants: int, slow: int) -> None:
        stacks = with_window(bank.stacks, window)
        self.kernel = {threads: Ensemble(stacks, bank.model_ids, threads=threads, compiled=True) for threads in (1, 2)}
        self.numpy = Ensemble(stacks, bank.model_ids, threads=1, compiled=False)
        self.windows = cut_to(draw_windows(variants, max(self.numpy.windows)), self.numpy.windows)
        self.few = {length: group[:slow] for length, group in self.windows.items()}
        self.loop, self.exact = Loop(stacks), Loop(stacks, double=True)
        self.convolution, self.bags = BigConvolution(stacks), TableBags(stacks)
        self.whole, self.few_whole = both_alleles(self.windows), both_alleles(self.few)
        self.variants, self.slow = variants, slow
        ids = [model_id for stack in stacks for model_id in stack.model_ids]
        self._columns = [ids.index(model_id) for model_id in bank.model_ids]

    def ways(self, narrow: NarrowProcess | None) -> list[Way]:
        """All methods; the slow ones score fewer variants."""
        whole, windows, few, n, slow = self.whole, self.windows, self.few_whole, self.variants, self.slow
        table = [
            ("loop-1", "loop over torch modules, one sequence at a time", lambda: self.loop.score(few, 1), slow),
            (BASELINE, "loop over torch modules, 256 sequences at a time", lambda: self.loop.score(whole, 256), n),
            ("conv1d", "one big conv1d for all detectors of a length", lambda: self.convolution.score(few), slow),
            ("embedding-bag", "embedding_bag over 3-mer tables", lambda: self.bags.score(whole), n),
            ("numpy", "numpy alone, without numba", lambda: self.numpy.score_windows(windows), n),
            ("kernel-whole", "kernel, both alleles whole", lambda: self.kernel[1].score(whole), n),
            ("kernel", "kernel, changed positions only", lambda: self.kernel[1].score_windows(windows), n),
            ("kernel-2", "the same on two threads", lambda: self.kernel[2].score_windows(windows), n),
        ]
        ways = [Way(name, what, timed(call), variants) for name, what, call, variants in table]
        if narrow:
            ways.append(narrow.way("kernel-avx2", "kernel, AVX2 emulated", n))
            ways.append(narrow.way("loop-avx2", "loop of 256, AVX2 emulated", n // 4))
        return ways

    def agreement(self, narrow: NarrowProcess | None) -> dict[str, Any]:
        """The difference of each method from double precision, and which methods give the same bytes as the kernel."""
        exact = self.exact.score(self.few_whole, 256)[:, self._columns]
        torch_ways = {
            "loop-1": self.loop.score(self.few_whole, 1),
            BASELINE: self.loop.score(self.few_whole, 256),
            "conv1d": self.convolution.score(self.few_whole),
            "embedding-bag": self.bags.score(self.few_whole),
        }
        scores = {name: found[:, self._columns] for name, found in torch_ways.items()}
        scores |= {
            "numpy": self.numpy.score(self.few_whole),
            "kernel-whole": self.kernel[1].score(self.few_whole),
            "kernel": _interleaved(self.kernel[1].score_windows(self.few)),
        }
        changed = self.kernel[1].score_windows(self.windows)
        whole = self.kernel[1].score(self.whole)
        digests = {
            "kernel": digest(changed),
            "kernel-whole": digest((whole[::2], whole[1::2])),
            "kernel-2": digest(self.kernel[2].score_windows(self.windows)),
            "kernel, batches of 64": digest(self._in_batches(64)),
            "numpy": digest(self.numpy.score_windows(self.windows)),
        }
        lanes = None
        if narrow:
            answer = narrow.answer()
            digests["kernel-avx2"], lanes = str(answer["digest"]), answer["lanes"]
        return {
            "sequences": len(exact),
            "largest_score": float(np.abs(exact).max()),
            "largest_difference": {name: float(np.abs(found - exact).max()) for name, found in scores.items()},
            "same_bytes": {name: found == digests["kernel"] for name, found in digests.items()},
            "narrow_lanes": lanes,
        }

    def _in_batches(self, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        parts = [
            self.kernel[1].score_windows({w: group[at : at + size] for w, group in self.windows.items()})
            for at in range(0, self.variants, size)
        ]
        ref, alt = zip(*parts, strict=True)
        return np.concatenate(ref), np.concatenate(alt)


def _interleaved(alleles: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Reference and alternate scores, each (B, M), one after the other as the sequences are."""
    return np.stack(alleles, axis=1).reshape(-1, alleles[0].shape[1])


def measure_ways(
    name: str, bank: Bank, window: int | None, *, variants: int, rounds: int, cache: Path
) -> dict[str, Any]:
    """The table of ways for one window.

    Args:
        name: of the bank, to be found again by another process.
        bank: its models.
        window: one window for all models; None = their own.
        variants: how many SNVs a round.
        rounds: after the one that warms up.
        cache: folder for kernels compiled for narrow registers.
    """
    torch.set_num_threads(1)
    with threadpool_limits(1), narrow_process(name, window, variants, cache) as narrow:
        scorers = Scorers(bank, window, variants=variants, slow=max(variants // 16, 1))
        agreement = scorers.agreement(narrow)
        rates = take_turns(scorers.ways(narrow), rounds)
    gains = {
        "two_threads_to_loop": statistics.median(rates.gains("kernel-2", BASELINE)),
        "kernel_to_loop_1": rates.ratio("kernel", "loop-1"),
        "kernel_to_whole": rates.ratio("kernel", "kernel-whole"),
    }
    if "kernel-avx2" in rates.ways:
        gains["avx2_to_avx2_loop"] = rates.ratio("kernel-avx2", "loop-avx2")
    return {"window": window, "ways": rates.as_json(BASELINE), "gains": gains, "agreement": agreement}
