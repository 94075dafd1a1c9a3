"""Motifs of the detectors of a convolutional layer, by three published rules.

`koo` and `koo-code` are the rule of Koo and Eddy (2019) as their paper states it and as their code computes it. Both
align the windows of sequences that activate a detector. `softmax` (DeepGMAP, Onimaru et al. 2020) needs no sequences.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from varbind.core.deepbind import DeepBindStack
from varbind.core.sequence import one_hot_rows, reverse_complement
from varbind.errors import UsageError
from varbind.nn.architecture import ARCHITECTURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkStack
    from varbind.core.sequence import Codes

__all__ = ["DetectorMotif", "Detectors", "Layer", "MotifRule", "detector_motifs", "information"]

KEPT_OF_POSSIBLE = 0.7
"""Koo and Eddy (2019), Methods: the least activation of an aligned window, as a share of the largest possible one."""

KEPT_OF_OBSERVED = 0.5
"""The same in the code of the authors, as a share of the largest observed one."""

LEAST_INFORMATION = 0.5
"""In bits; the code of the authors clips a motif to the positions with more."""

MARGIN = 3
"""Number of positions on both sides of the clipped motif that the code of the authors keeps."""

SEQUENCES_A_BATCH = 256


class Layer(Protocol):
    """A layer of a network whose detectors read one stretch of bases each, because nothing is pooled before it."""

    @property
    def width(self) -> int:
        """The number of bases that a detector reads."""

    @property
    def double_stranded(self) -> bool:
        """Whether the network also scores the opposite strand."""

    @property
    def largest_possible(self) -> NDArray[np.float32] | None:
        """The largest activation that a sequence can have, (D,); None where it is not known."""

    def activations(self, codes: Codes) -> NDArray[np.float32]:
        """The activations after the rectifier, (N, L - width + 1, D), of base codes (N, L) that hold no padding."""


class MotifRule(StrEnum):
    """A rule that makes a motif of a detector."""

    KOO = "koo"
    KOO_CODE = "koo-code"
    SOFTMAX = "softmax"


@dataclass(frozen=True, slots=True)
class Detectors:
    """The first layer of a network: detectors, a threshold for each, and a rectifier.

    Attributes:
        weights: float32 (D, width, 4), with the bases in the order A C G T.
        biases: what is added before the rectifier, float32 (D,).
        double_stranded: whether the network also scores the opposite strand.
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    double_stranded: bool

    @classmethod
    def of_deepbind(cls, stack: DeepBindStack, model: int) -> Self:
        """The detectors of all networks of one model of a stack."""
        rows = slice(model * stack.config.members, (model + 1) * stack.config.members)
        weights = stack.detectors[rows].transpose(0, 3, 1, 2).reshape(-1, stack.config.detector_len, 4)
        return cls(weights, stack.thresholds[rows].ravel(), stack.config.double_stranded)

    @classmethod
    def of_network(cls, stack: NetworkStack[Any], model: int) -> Self:
        """The detectors of all networks of one model of a stack, of any architecture.

        Raises:
            UsageError: torch is not installed.
        """
        if isinstance(stack, DeepBindStack):
            return cls.of_deepbind(stack, model)
        architecture, members = ARCHITECTURES[stack.config.architecture], stack.config.members
        rows = range(model * members, (model + 1) * members)
        networks: list[Any] = [architecture.build(stack, row) for row in rows]
        kernels, biases = zip(*(network.first_kernels() for network in networks), strict=True)
        weights = np.concatenate([one.detach().numpy() for one in kernels]).transpose(0, 2, 1)
        added = np.concatenate([one.detach().numpy() for one in biases])
        return cls(weights.astype(np.float32), added.astype(np.float32), stack.config.double_stranded)

    @property
    def width(self) -> int:
        """The number of bases that a detector reads."""
        return int(self.weights.shape[1])

    @property
    def largest_possible(self) -> NDArray[np.float32]:
        """The largest activation that a sequence can have, (D,): the sum of positive column maxima, and the bias."""
        largest: NDArray[np.float32] = np.maximum(self.weights.max(axis=2), 0).sum(axis=1) + self.biases
        return np.maximum(largest, 0)

    def activations(self, codes: Codes) -> NDArray[np.float32]:
        """The activations after the rectifier, (N, L - width + 1, D), of base codes (N, L) that hold no padding."""
        one_hot = one_hot_rows(0.25).astype(np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(codes, self.width, axis=1)
        flat = one_hot[windows].reshape(*windows.shape[:2], 4 * self.width)
        sums: NDArray[np.float32] = flat @ self.weights.reshape(len(self.weights), -1).T + self.biases
        return np.maximum(sums, 0)


@dataclass(frozen=True, slots=True)
class DetectorMotif:
    """The motif of one detector.

    Attributes:
        detector: the index of the detector.
        shares: the share of each base at each position, float64 (width, 4).
        windows: the number of aligned windows; 0 where the rule needs no sequences.
    """

    detector: int
    shares: NDArray[np.float64]
    windows: int


def information(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The information of each position in bits, 2 + sum p log2 p, float64 (width,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(shares > 0, shares * np.log2(shares), 0.0)
    bits: NDArray[np.float64] = 2 + terms.sum(axis=1)
    return bits


def detector_motifs(
    detectors: Layer, codes: Codes, rule: MotifRule = MotifRule.KOO, *, min_windows: int = 10
) -> list[DetectorMotif]:
    """Make a motif of every detector that has one.

    Where the largest possible activation of a detector is not known, which is so beyond the first layer, `koo` takes
    the largest observed one instead. This is our choice, as the paper does not define it there.

    Args:
        detectors: a layer of a network; for `softmax` the first one, of `Detectors`.
        codes: base codes of the sequences that are searched, (N, L); `softmax` does not read them.
        rule: how a motif is made.
        min_windows: the least number of aligned windows; a detector with fewer has no motif.

    Raises:
        UsageError: the sequences are shorter than the detectors.
    """
    if rule is MotifRule.SOFTMAX:
        assert isinstance(detectors, Detectors), "weights of bases exist in the first layer only"
        return [DetectorMotif(index, _softmax(weights), 0) for index, weights in enumerate(detectors.weights)]
    if codes.shape[1] < detectors.width:
        what = f"the sequences have {codes.shape[1]} bases, fewer than the {detectors.width} of a detector"
        raise UsageError(what, remedy="give longer sequences")
    windows, activations = _best_windows(detectors, codes)
    if rule is MotifRule.KOO:
        possible = detectors.largest_possible
        largest = activations.max(axis=0, initial=0) if possible is None else possible
        least = np.maximum(KEPT_OF_POSSIBLE * largest, np.finfo(np.float32).tiny)
        weights = (activations >= least).astype(np.float64)
    else:
        weights = np.where(activations > KEPT_OF_OBSERVED * activations.max(axis=0, initial=0), activations, 0.0)
    return list(_aligned(windows, weights, rule, min_windows))


def _softmax(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """The softmax of the weights of each position, (width, 4)."""
    raised = np.exp(weights.astype(np.float64) - weights.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _best_windows(detectors: Layer, codes: Codes) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The window of each sequence that activates a detector most, on either strand if the network reads both.

    Windows are within the sequences, so that none is cut by an end.

    Returns:
        Base codes of the windows, uint8 (N, D, width), and their activations, float32 (N, D).
    """
    offsets = np.arange(detectors.width)
    found, largest = [], []
    for start in range(0, len(codes), SEQUENCES_A_BATCH):
        batch = codes[start : start + SEQUENCES_A_BATCH]
        strands = np.stack([batch, reverse_complement(batch)] if detectors.double_stranded else [batch])
        # (S, B, positions, D): one window for each sequence and detector, from the better strand.
        activations = np.stack([detectors.activations(strand) for strand in strands])
        better = activations.max(axis=2).argmax(axis=0)
        rows, columns = np.indices(better.shape)
        places = activations.argmax(axis=2)[better, rows, columns]
        found.append(strands[better[..., None], rows[..., None], places[..., None] + offsets])
        largest.append(activations.max(axis=(0, 2)))
    return np.concatenate(found), np.concatenate(largest)


def _aligned(
    windows: NDArray[np.uint8], weights: NDArray[np.float64], rule: MotifRule, min_windows: int
) -> Iterator[DetectorMotif]:
    """The motif of each detector from its windows (N, D, width) and their weights (N, D)."""
    for detector in range(windows.shape[1]):
        kept = np.flatnonzero(weights[:, detector])
        if len(kept) < min_windows:
            continue
        own, weight = windows[kept, detector], weights[kept, detector, None]
        counts = np.stack([((own == base) * weight).sum(axis=0) for base in range(4)], axis=1)
        shares = (counts + 1e-9) / (counts + 1e-9).sum(axis=1, keepdims=True)
        if rule is MotifRule.KOO_CODE:
            shares = _clipped(shares)
        if len(shares):
            yield DetectorMotif(detector, shares, len(kept))


def _clipped(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The positions from the first to the last with enough information, and a margin; none where there are none."""
    informative = np.flatnonzero(information(shares) > LEAST_INFORMATION)
    if not len(informative):
        return shares[:0]
    return shares[max(informative[0] - MARGIN, 0) : informative[-1] + MARGIN + 1]
