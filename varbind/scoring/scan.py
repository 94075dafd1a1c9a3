"""Scores of sequences by a sliding window, as computed by the published DeepBind executable.

Each window is scored alone, padded with N on both sides, and the largest score is taken. Version 0.1 uses windows of
detector_len, and later versions use int(1.5 x detector_len). Both read the second strand as the reverse complement of
the whole sequence, and skip the last window of each strand. In the coordinates of the forward strand, these are the
last window of the forward strand and the first window of the reverse strand.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from varbind.core.deepbind import DeepBindStack, deepbind_stacks
from varbind.core.sequence import Codes, reverse_complement
from varbind.scoring.ensemble import Ensemble, EnsembleMeans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkStack

__all__ = ["ScanEnsemble", "ScanRule"]


class ScanRule(StrEnum):
    """The width of the windows, and whether the last window is scored."""

    V0_1 = "0.1"
    LATER = "later"
    LATER_ALL = "later-all"

    def width(self, detector_len: int) -> int:
        """Window width in bases."""
        return detector_len if self is ScanRule.V0_1 else int(1.5 * detector_len)

    def windows(self, codes: Codes, detector_len: int) -> Codes:
        """The windows of one sequence, (n, width); a sequence no longer than the width is one window."""
        width = self.width(detector_len)
        if len(codes) <= width:
            return codes[None]
        windows = sliding_window_view(codes, width)
        return windows if self is ScanRule.LATER_ALL else windows[:-1]


class ScanEnsemble:
    """Scores sequences by sliding windows with every model of several stacks.

    Args:
        stacks: the networks.
        model_ids: the ids of the models in the order of the columns.
        rule: which windows are scored.
        device: as for `Ensemble`.
    """

    def __init__(
        self,
        stacks: Sequence[NetworkStack[Any]],
        model_ids: Sequence[str],
        *,
        rule: ScanRule,
        device: str = "cpu",
    ) -> None:
        self.model_ids = tuple(model_ids)
        self.rule = rule
        self._parts = []
        networks = deepbind_stacks(stacks, needed_for="the mode scan")
        for key in sorted({_part_of(stack) for stack in networks}):
            chosen = [stack for stack in networks if _part_of(stack) == key]
            columns = [self.model_ids.index(model_id) for stack in chosen for model_id in stack.model_ids]
            ensembles = EnsembleMeans(chosen)
            single = [stack.single_stranded() for stack in ensembles.networks]
            ids = [model_id for stack in single for model_id in stack.model_ids]
            self._parts.append((*key, columns, ensembles, Ensemble(single, ids, device=device)))

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float32]:
        """Scores of B sequences of base codes, float32 (B, M)."""
        scores = np.zeros((len(sequences), len(self.model_ids)), dtype=np.float32)
        for detector_len, double_stranded, columns, ensembles, strand in self._parts:
            best = self._score_strand(strand, sequences, detector_len)
            if double_stranded:
                reverse = [reverse_complement(codes) for codes in sequences]
                best = np.maximum(best, self._score_strand(strand, reverse, detector_len))
            scores[:, columns] = ensembles.means(best.T).T
        return scores

    def _score_strand(self, strand: Ensemble, sequences: Sequence[Codes], detector_len: int) -> NDArray[np.float32]:
        """Largest score over the windows of the forward strand of each sequence, (B, K)."""
        windows = [self.rule.windows(codes, detector_len) for codes in sequences]
        flat = [window for group in windows for window in group]
        values = strand.score(dict.fromkeys(strand.windows, flat))
        if not flat:
            return values
        first = np.cumsum([0, *map(len, windows)])[:-1]
        return np.maximum.reduceat(values, first, axis=0)


def _part_of(stack: DeepBindStack) -> tuple[int, bool]:
    return stack.config.detector_len, stack.config.double_stranded
