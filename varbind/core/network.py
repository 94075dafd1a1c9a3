"""Networks as plain arrays: the parameters of DeepBind models, stacked where their shapes are equal.

Equal-shape stacks are what is stored in a bank and what the ensemble scores in one go. The arithmetic
lives in `varbind.nn`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["DeepBindStack", "NetworkShape"]


@dataclass(frozen=True, slots=True, order=True)
class NetworkShape:
    """What decides whether two DeepBind networks can be stacked.

    Attributes:
        window: bases around an SNV that the model is annotated on.
        detector_len: m, positions of a detector.
        detectors: D, number of detectors.
        mean_pooling: whether the mean over positions is pooled beside the maximum.
        hidden: H, hidden units; 0 = the score is linear in the pooled values.
        double_stranded: whether both strands are scored and the larger score taken.
    """

    window: int
    detector_len: int
    detectors: int
    mean_pooling: bool
    hidden: int
    double_stranded: bool

    @property
    def strands(self) -> int:
        """S, strands that are scored."""
        return 2 if self.double_stranded else 1

    @property
    def pooled(self) -> int:
        """P, pooled values a sequence."""
        return self.detectors * (2 if self.mean_pooling else 1)

    @property
    def name(self) -> str:
        """A name for files, unique to the shape."""
        pool = "maxmean" if self.mean_pooling else "max"
        strands = "ds" if self.double_stranded else "ss"
        return f"w{self.window}-m{self.detector_len}-d{self.detectors}-{pool}-h{self.hidden}-{strands}"


@dataclass(frozen=True, slots=True)
class DeepBindStack:
    """K networks of one shape (DeepBind 2015, supplementary section 1.1), float32.

    Attributes:
        shape: the shape they share.
        model_ids: their K ids.
        detectors: (K, m, 4, D), bases in the order A C G T.
        thresholds: (K, D), added before the rectifier.
        weights1: (K, P, max(H, 1)); pooled values stand as max0, mean0, max1, ... with mean pooling.
        biases1: (K, max(H, 1)).
        weights2: (K, H); empty when H = 0.
        biases2: (K,); zero when H = 0.
    """

    shape: NetworkShape
    model_ids: tuple[str, ...]
    detectors: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    weights1: NDArray[np.float32]
    biases1: NDArray[np.float32]
    weights2: NDArray[np.float32]
    biases2: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name, expected in self.expected_shapes(self.shape, len(self.model_ids)).items():
            array = getattr(self, name)
            if array.shape != expected or array.dtype != np.float32:
                raise ResourceError(
                    f"{name} of {self.shape.name} is {array.dtype} {array.shape}, expected float32 {expected}"
                )
            if not np.isfinite(array).all():
                raise ResourceError(f"{name} of {self.shape.name} holds a value that is not a finite number")

    @staticmethod
    def expected_shapes(shape: NetworkShape, count: int) -> dict[str, tuple[int, ...]]:
        """The array shapes that `count` networks of one shape must have."""
        outputs = max(shape.hidden, 1)
        return {
            "detectors": (count, shape.detector_len, 4, shape.detectors),
            "thresholds": (count, shape.detectors),
            "weights1": (count, shape.pooled, outputs),
            "biases1": (count, outputs),
            "weights2": (count, shape.hidden),
            "biases2": (count,),
        }

    @classmethod
    def array_names(cls) -> tuple[str, ...]:
        """Names of the array fields."""
        return tuple(f.name for f in fields(cls) if f.name not in {"shape", "model_ids"})

    def take(self, rows: Sequence[int]) -> DeepBindStack:
        """Some of the networks, in the order asked for."""
        arrays = {name: getattr(self, name)[list(rows)] for name in self.array_names()}
        return DeepBindStack(self.shape, tuple(self.model_ids[row] for row in rows), **arrays)

    def single_stranded(self) -> DeepBindStack:
        """The same networks reading one strand only."""
        return replace(self, shape=replace(self.shape, double_stranded=False))

    @classmethod
    def mean_of(cls, stacks: Sequence[DeepBindStack]) -> DeepBindStack:
        """Networks with the detectors of several, whose score on each strand is the mean of theirs.

        Of both strands the larger mean counts. That is the mean of the larger scores where all agree on a strand, and
        less where they do not.

        Args:
            stacks: of equally many networks, which have no hidden layer and one shape but for mean pooling. The first
                ones give their ids. The mean of one is itself, of any shape.

        Raises:
            ResourceError: there is a hidden layer, or another shape.
        """
        if len(stacks) == 1:
            return stacks[0]
        mean_pooling = any(stack.shape.mean_pooling for stack in stacks)
        members = [stack.with_mean_pooling() if mean_pooling else stack for stack in stacks]
        (shape, *others) = {stack.shape for stack in members}
        if shape.hidden or others:
            raise ResourceError(f"no mean of {', '.join(sorted(stack.shape.name for stack in stacks))}")
        return cls(
            replace(shape, detectors=len(stacks) * shape.detectors),
            stacks[0].model_ids,
            detectors=np.concatenate([stack.detectors for stack in members], axis=3),
            thresholds=np.concatenate([stack.thresholds for stack in members], axis=1),
            weights1=np.concatenate([stack.weights1 / np.float32(len(stacks)) for stack in members], axis=1),
            biases1=np.mean([stack.biases1 for stack in members], axis=0),
            weights2=members[0].weights2,
            biases2=members[0].biases2,
        )

    def with_mean_pooling(self) -> DeepBindStack:
        """The same networks with mean pooling, where need be with weights 0 for the means."""
        if self.shape.mean_pooling:
            return self
        weights1 = np.stack([self.weights1, np.zeros_like(self.weights1)], axis=2)  # (K, D, 2, max(H, 1))
        interleaved = weights1.reshape(len(self.model_ids), -1, weights1.shape[-1])
        return replace(self, shape=replace(self.shape, mean_pooling=True), weights1=interleaved)

    @classmethod
    def concatenate(cls, stacks: Sequence[DeepBindStack]) -> DeepBindStack:
        """One stack of all networks of several stacks of one shape."""
        arrays = {n: np.concatenate([getattr(stack, n) for stack in stacks]) for n in cls.array_names()}
        ids = tuple(model_id for stack in stacks for model_id in stack.model_ids)
        return cls(stacks[0].shape, ids, **arrays)

    @classmethod
    def by_shape(cls, stacks: Sequence[DeepBindStack]) -> list[DeepBindStack]:
        """One stack a shape of all networks of several stacks, in the order in which shapes first stand there."""
        shapes = dict.fromkeys(stack.shape for stack in stacks)
        return [cls.concatenate([stack for stack in stacks if stack.shape == shape]) for shape in shapes]
