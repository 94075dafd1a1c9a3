"""All networks of a bank at once, with the same bytes for any batch size, thread count and way of computing.

Whole-number detectors (`varbind.nn.fixed_point`) make every sum exact. On a CPU a lookup kernel
(`varbind.nn.lookup`) computes them, and of an alternate allele only the positions that see the change; without
numba, and on a GPU, matrix products do (`varbind.nn.matrix`).
"""

from __future__ import annotations

import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.window import flank_of
from varbind.nn.matrix import Arrays, MatrixStack, score_sequences
from varbind.nn.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.network import DeepBindStack
    from varbind.core.sequence import Codes
    from varbind.core.window import Window
    from varbind.nn.lookup_stack import LookupStack

__all__ = ["Ensemble", "has_lookup_kernel"]


def has_lookup_kernel() -> bool:
    """Whether the CPU kernel is used: numba is there and VARBIND_NO_NUMBA is not set."""
    return not os.environ.get("VARBIND_NO_NUMBA") and importlib.util.find_spec("numba") is not None


class Ensemble:
    """Scores with every network of several stacks.

    Args:
        stacks: the networks.
        model_ids: the order of the columns; every id is in exactly one stack.
        device: `cpu`, or a torch device such as `cuda:0`.
        threads: CPU threads of the lookup kernel; None = one for each processor this process may use.
    """

    def __init__(
        self,
        stacks: Sequence[DeepBindStack],
        model_ids: Sequence[str],
        *,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        self.model_ids = tuple(model_ids)
        column_of = {model_id: column for column, model_id in enumerate(model_ids)}
        lookup = device == "cpu" and has_lookup_kernel()
        engine = _LookupEngine(threads) if lookup else _MatrixEngine(device)
        self._parts = []
        for window in sorted({stack.shape.window for stack in stacks}):
            chosen = [stack for stack in stacks if stack.shape.window == window]
            columns = [column_of[model_id] for stack in chosen for model_id in stack.model_ids]
            self._parts.append((window, columns, engine.prepare(chosen)))
        self._engine: _LookupEngine | _MatrixEngine = engine

    @property
    def windows(self) -> tuple[int, ...]:
        """The window lengths of the models, ascending."""
        return tuple(window for window, _, _ in self._parts)

    def score(self, sequences: Mapping[int, Sequence[Codes]]) -> NDArray[np.float32]:
        """Score B whole sequences; each model reads the sequence cut for its own window length.

        Args:
            sequences: per window length of `windows`, B sequences of base codes of any length.

        Returns:
            Scores, float32 (B, M), in the units of each model.
        """
        scores = np.empty((len(next(iter(sequences.values()), ())), len(self.model_ids)), dtype=np.float32)
        if len(scores):
            for window, columns, stacks in self._parts:
                plan, rows = Plan.of_sequences(sequences[window])
                scores[:, columns] = self._engine.score(stacks, plan)[rows]
        return scores

    def score_windows(self, windows: Mapping[int, Sequence[Window]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score both alleles of B windows; each model reads the window cut for its own length.

        Args:
            windows: per window length of `windows`, B windows with that length's flank.

        Returns:
            Scores of the reference and of the alternate allele, each float32 (B, M).
        """
        count = len(next(iter(windows.values()), ()))
        ref = np.empty((count, len(self.model_ids)), dtype=np.float32)
        alt = np.empty_like(ref)
        if count:
            for window, columns, stacks in self._parts:
                plan, ref_rows, alt_rows = Plan.of_windows(windows[window], flank_of(window))
                scores = self._engine.score(stacks, plan)
                ref[:, columns], alt[:, columns] = scores[ref_rows], scores[alt_rows]
        return ref, alt


class _LookupEngine:
    """Table lookups on CPU threads."""

    def __init__(self, threads: int | None) -> None:
        count = threads or len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(count) if count > 1 else None

    def prepare(self, stacks: Sequence[DeepBindStack]) -> list[LookupStack]:
        # numba takes a third of a second to import, which --device cuda need not pay.
        module = importlib.import_module("varbind.nn.lookup_stack")
        return [module.LookupStack(stack) for stack in stacks]

    def score(self, stacks: Sequence[LookupStack], plan: Plan) -> NDArray[np.float32]:
        lengths = {stack.shape.detector_len for stack in stacks}
        works = {length: plan.work(length) for length in lengths}
        return np.concatenate([s.score(works[s.shape.detector_len], self._threads) for s in stacks], axis=1)


class _MatrixEngine:
    """Matrix products on numpy or torch."""

    def __init__(self, device: str) -> None:
        self._arrays = Arrays(device)

    def prepare(self, stacks: Sequence[DeepBindStack]) -> list[MatrixStack]:
        return [MatrixStack(stack, self._arrays) for stack in stacks]

    def score(self, stacks: Sequence[MatrixStack], plan: Plan) -> NDArray[np.float32]:
        return score_sequences(stacks, plan.allele_codes(), self._arrays)
