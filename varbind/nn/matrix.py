"""The ensemble as matrix products of whole numbers in double precision: the fallback, and the path to a GPU.

Every partial sum is a whole number (or a quarter, for N) below 2^53, so it is exact and the order of summation
cannot matter; the small networks behind the pooled values are summed element by element in the same order as in
`varbind.nn.lookup`. The same lines run on numpy and torch through the array API standard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from array_api_compat import array_namespace
from numpy.lib.stride_tricks import sliding_window_view

from varbind.core.sequence import N_CODE, Codes
from varbind.errors import ResourceError
from varbind.gate import optional_import
from varbind.nn.fixed_point import fixed_point

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from varbind.core.network import DeepBindStack, NetworkShape
    from varbind.nn.plan import Plan

__all__ = ["Arrays", "MatrixStacks"]

# Rows of a matrix product on a CPU: the products of one chunk stay in the second-level cache.
CPU_ROWS = 1_792
CPU_MODELS = 8
GPU_ROWS = 262_144
GPU_MODELS = 64


class MatrixStacks:
    """Networks of one window length.

    Args:
        stacks: the networks.
        arrays: where they are computed.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], arrays: Arrays) -> None:
        self._stacks = [_MatrixStack(stack, arrays) for stack in stacks]
        self._arrays = arrays

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack."""
        sequences = plan.allele_codes()
        columns = np.cumsum([0, *(len(stack.model_ids) for stack in self._stacks)])
        scores = np.empty((len(sequences), columns[-1]), dtype=np.float32)
        for rows, codes in _equal_lengths(sequences):
            for detector_len in sorted({stack.shape.detector_len for stack in self._stacks}):
                step = max(1, self._arrays.rows // (codes.shape[1] + detector_len - 1))
                for first in range(0, len(codes), step):
                    unfolded = self._arrays.unfold(codes[first : first + step], detector_len)
                    for stack, column in zip(self._stacks, columns, strict=False):
                        if stack.shape.detector_len == detector_len:
                            values = stack.score(unfolded)
                            scores[rows[first : first + step], column : column + values.shape[1]] = values
        return scores


def _equal_lengths(sequences: Sequence[Codes]) -> Iterator[tuple[NDArray[np.int64], Codes]]:
    """Rows of one length and their base codes (b, L)."""
    lengths = np.array([len(codes) for codes in sequences])
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        yield rows, np.stack([sequences[int(row)] for row in rows])


class Arrays:
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


class _MatrixStack:
    """One stack, laid out for the matrix product in pieces of a few models."""

    def __init__(self, stack: DeepBindStack, arrays: Arrays) -> None:
        self.shape = stack.shape
        self.model_ids = stack.model_ids
        step = arrays.models
        self._pieces = [
            _Piece(stack.take(range(first, min(first + step, len(stack.model_ids)))), arrays)
            for first in range(0, len(stack.model_ids), step)
        ]

    def score(self, unfolded: Any) -> NDArray[np.float32]:
        """Scores (b, K) of unfolded sequences (b, p, 4m)."""
        return np.concatenate([piece.score(unfolded) for piece in self._pieces], axis=1)


class _Piece:
    """A few models of one stack on the device.

    S strands: the reverse strand is read by detectors turned to their reverse complement, which pools
    to the same values as turning the sequence.
    """

    def __init__(self, stack: DeepBindStack, arrays: Arrays) -> None:
        shape = stack.shape
        self.shape: NetworkShape = shape
        count, strands = len(stack.model_ids), 2 if shape.double_stranded else 1
        fixed = fixed_point(stack)
        integers, thresholds, scale = fixed.detectors, fixed.thresholds, fixed.scale
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
