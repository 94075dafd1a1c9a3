"""All networks of a bank at once, stack by stack, with the same bytes for any batch size or thread count.

Detectors are rounded to integers with one power of two a detector, and the convolution is a matrix
product of these integers in double precision. Every partial sum stays below 2^53, so it is exact and
the order of summation cannot matter; pooled maxima are exact, and the small networks behind them are
summed element by element in one fixed order. The rounding moves a detector's output by at most
detector_len x 2^-28 of its range, far below single precision's own error.

The same lines run on numpy (CPU) and torch (GPU) through the array API standard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from array_api_compat import array_namespace
from numpy.lib.stride_tricks import sliding_window_view

from varbind.core.sequence import N_CODE, Codes
from varbind.errors import ResourceError
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.network import DeepBindStack, NetworkShape

__all__ = ["DETECTOR_BITS", "Ensemble", "fixed_point"]

DETECTOR_BITS = 28
"""A detector's largest possible output is scaled to just below 2^28."""

# Rows of a matrix product on a CPU: the products of one chunk stay in the second-level cache.
CPU_ROWS = 1_792
CPU_MODELS = 8
GPU_ROWS = 262_144
GPU_MODELS = 64


class Ensemble:
    """Scores sequences with every network of several stacks.

    Args:
        stacks: the networks.
        model_ids: the order of the columns; every id is in exactly one stack.
        device: `cpu` (numpy), or a torch device such as `cuda:0`.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], model_ids: Sequence[str], *, device: str = "cpu") -> None:
        self.model_ids = tuple(model_ids)
        self._arrays = _Arrays(device)
        column_of = {model_id: column for column, model_id in enumerate(model_ids)}
        self._scorers = [
            _StackScorer(stack, [column_of[model_id] for model_id in stack.model_ids], self._arrays) for stack in stacks
        ]

    @property
    def windows(self) -> tuple[int, ...]:
        """The window lengths of the models, ascending."""
        return tuple(sorted({scorer.shape.window for scorer in self._scorers}))

    def score(self, sequences: Mapping[int, Sequence[Codes]]) -> NDArray[np.float32]:
        """Score B whole sequences; each model reads the sequence cut for its own window length.

        Args:
            sequences: per window length of `windows`, B sequences of base codes of any length.

        Returns:
            Scores, float32 (B, M), in the units of each model.
        """
        count = len(next(iter(sequences.values()), ()))
        scores = np.zeros((count, len(self.model_ids)), dtype=np.float32)
        for window in self.windows:
            scorers = [scorer for scorer in self._scorers if scorer.shape.window == window]
            for rows, codes in _equal_lengths(sequences[window]):
                self._score_equal(scorers, rows, codes, scores)
        return scores

    def _score_equal(
        self, scorers: list[_StackScorer], rows: list[list[int]], codes: Codes, scores: NDArray[np.float32]
    ) -> None:
        """Score distinct sequences of one length, and write each score to all its rows."""
        for detector_len in sorted({scorer.shape.detector_len for scorer in scorers}):
            positions = codes.shape[1] + detector_len - 1
            step = max(1, self._arrays.rows // positions)
            for first in range(0, len(codes), step):
                unfolded = self._arrays.unfold(codes[first : first + step], detector_len)
                for scorer in scorers:
                    if scorer.shape.detector_len == detector_len:
                        values = scorer.score(unfolded)
                        for row, targets in zip(values, rows[first : first + step], strict=True):
                            scores[np.ix_(targets, scorer.columns)] = row


def _equal_lengths(sequences: Sequence[Codes]) -> Iterator[tuple[list[list[int]], Codes]]:
    """Distinct sequences grouped by length: (the rows of each, its base codes (b, L))."""
    rows_of: dict[bytes, list[int]] = {}
    for row, codes in enumerate(sequences):
        rows_of.setdefault(codes.tobytes(), []).append(row)
    by_length: dict[int, list[bytes]] = {}
    for data in rows_of:
        by_length.setdefault(len(data), []).append(data)
    for length, group in by_length.items():
        if length == 0:
            raise ValueError("an empty sequence cannot be scored")
        codes = np.frombuffer(b"".join(group), dtype=np.uint8).reshape(len(group), length)
        if codes.max() > N_CODE:
            raise ValueError("base codes run from 0 to 4")
        yield [rows_of[data] for data in group], codes


class _Arrays:
    """Where arrays live, and how large a piece of work may be there."""

    def __init__(self, device: str) -> None:
        self.device = device
        if device == "cpu":
            self._namespace: Any = array_namespace(np.zeros(1))
            self.rows, self.models = CPU_ROWS, CPU_MODELS
        else:
            torch = optional_import("torch", needed_for=f"--device {device}")
            if device.startswith("cuda") and not torch.cuda.is_available():
                raise ResourceError(f"device {device} is not available", remedy="use --device cpu or auto")
            self._namespace = array_namespace(torch.zeros(1))
            self.rows, self.models = GPU_ROWS, GPU_MODELS
        self._one_hot = self.place(np.vstack([np.eye(4), np.full((1, 4), 0.25)]))

    def place(self, values: NDArray[Any]) -> Any:
        """An array on the device."""
        device = None if self.device == "cpu" else self.device.removeprefix("torch:")
        return self._namespace.asarray(np.require(values, requirements=["C", "W"]), device=device)

    def unfold(self, codes: Codes, detector_len: int) -> Any:
        """Every stretch of detector_len bases of the N-padded sequences, one-hot, float64 (b, p, 4m)."""
        margin = ((0, 0), (detector_len - 1, detector_len - 1))
        padded = np.pad(codes, margin, constant_values=N_CODE)
        stretches = self.place(sliding_window_view(padded, detector_len, axis=1).astype(np.int64))
        one_hot = self._namespace.take(self._one_hot, self._namespace.reshape(stretches, (-1,)), axis=0)
        return self._namespace.reshape(one_hot, (*stretches.shape[:2], 4 * detector_len))


class _StackScorer:
    """One stack, laid out for the matrix product in pieces of a few models."""

    def __init__(self, stack: DeepBindStack, columns: list[int], arrays: _Arrays) -> None:
        self.shape = stack.shape
        self.columns = columns
        step = arrays.models
        self._pieces = [
            _Piece(stack.take(range(first, min(first + step, len(columns)))), arrays)
            for first in range(0, len(columns), step)
        ]

    def score(self, unfolded: Any) -> NDArray[np.float32]:
        """Scores (b, K) of unfolded sequences (b, p, 4m)."""
        return np.concatenate([piece.score(unfolded) for piece in self._pieces], axis=1)


class _Piece:
    """A few models of one stack on the device.

    S strands: the reverse strand is read by detectors turned to their reverse complement, which pools
    to the same values as turning the sequence.
    """

    def __init__(self, stack: DeepBindStack, arrays: _Arrays) -> None:
        shape = stack.shape
        self.shape: NetworkShape = shape
        count, strands = len(stack.model_ids), 2 if shape.double_stranded else 1
        integers, thresholds, scale = fixed_point(stack)
        both = np.stack([integers, integers[:, ::-1, ::-1]][:strands], axis=1)  # (k, S, m, 4, D)
        weights = both.transpose(2, 3, 0, 1, 4).reshape(shape.detector_len * 4, -1)
        per_strand = (count, strands, shape.detectors)
        place = arrays.place
        self._axes = per_strand
        self._weights = place(weights)  # (4m, k S D)
        self._thresholds = place(np.broadcast_to(thresholds[:, None], per_strand).reshape(-1))
        self._scale = place(np.broadcast_to(scale[:, None], per_strand))
        self._weights1 = place(stack.weights1.astype(np.float64)[:, None])  # (k, 1, P, H')
        self._biases1 = place(stack.biases1.astype(np.float64)[:, None])
        self._weights2 = place(stack.weights2.astype(np.float64)[:, None])
        self._biases2 = place(stack.biases2.astype(np.float64)[:, None])

    def score(self, unfolded: Any) -> NDArray[np.float32]:
        """Scores (b, k) of unfolded sequences (b, p, 4m)."""
        xp = array_namespace(unfolded)
        products = xp.reshape(
            xp.reshape(unfolded, (-1, unfolded.shape[2])) @ self._weights,
            (*unfolded.shape[:2], self._weights.shape[1]),
        )  # (b, p, k S D)
        pooled = self._pool(xp, products)
        output = self._head(xp, pooled)  # (b, k, S)
        best = xp.max(output, axis=2)
        return np.asarray(best.cpu() if hasattr(best, "cpu") else best).astype(np.float32)

    def _pool(self, xp: Any, products: Any) -> list[Any]:
        """The pooled values in the order of the weights, each (b, k, S), in the units of the detectors."""
        axes = (products.shape[0], *self._axes)
        # The rectifier and the threshold are monotone: they may follow the maximum.
        maxima = xp.max(products, axis=1) + self._thresholds
        maxima = xp.reshape(xp.clip(maxima, min=0.0), axes) * self._scale
        if not self.shape.mean_pooling:
            return [maxima[..., d] for d in range(self.shape.detectors)]
        products += self._thresholds
        total = xp.sum(xp.clip(products, min=0.0), axis=1)
        means = xp.reshape(total, axes) * self._scale / products.shape[1]
        return [pool[..., d] for d in range(self.shape.detectors) for pool in (maxima, means)]

    def _head(self, xp: Any, pooled: list[Any]) -> Any:
        """Weighted sums in a fixed order, so that no library may regroup them."""
        hidden = self._biases1  # (k, 1, H')
        for feature, values in enumerate(pooled):
            hidden = hidden + values[..., None] * self._weights1[:, :, feature]
        if self.shape.hidden == 0:
            return hidden[..., 0]
        hidden = xp.clip(hidden, min=0.0)
        output = self._biases2
        for unit in range(self.shape.hidden):
            output = output + hidden[..., unit] * self._weights2[..., unit]
        return output


def fixed_point(
    stack: DeepBindStack,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Detectors and thresholds as whole numbers, with one power of two a detector.

    Returns:
        Whole numbers in float64: detectors (K, m, 4, D) and thresholds (K, D); and the scale (K, D) that
        turns their sums back into the detector's units.
    """
    detectors = stack.detectors.astype(np.float64)
    thresholds = stack.thresholds.astype(np.float64)
    reach = np.abs(detectors).max(axis=2).sum(axis=1) + np.abs(thresholds)  # (K, D)
    _, exponent = np.frexp(reach)
    scale = np.ldexp(1.0, exponent - DETECTOR_BITS)
    scale[reach == 0] = 1.0
    return np.rint(detectors / scale[:, None, None]), np.rint(thresholds / scale), scale
