"""The DeepFind head: networks over a variant's features, as plain arrays, and the scale its features are read on.

The arithmetic of the networks lives in `varbind.effect.deepfind`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.dense import dense_in_order
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.dense import Dense

__all__ = ["DeepFindHead", "deepfind_logits", "standardised"]


@dataclass(frozen=True, slots=True)
class DeepFindHead:
    """N networks of one hidden layer (DeepFind, Alipanahi et al. 2015), float32; their mean logit is the output.

    Attributes:
        features: names of the F features, in their order.
        center: what is taken from each, its mean in training, (F,).
        spread: what it is divided by then, its standard deviation in training, above 0, (F,).
        limit: standardised values are clipped to this on both sides, above 0.
        hidden: weights of the H hidden units, (N, F, H).
        hidden_bias: (N, H).
        output: weights of the output, (N, H).
        output_bias: (N,).

    Raises:
        ResourceError: the arrays do not fit together, or hold what cannot be.
    """

    features: tuple[str, ...]
    center: NDArray[np.float32]
    spread: NDArray[np.float32]
    limit: float
    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    output: NDArray[np.float32]
    output_bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        networks, units = self.hidden_bias.shape if self.hidden_bias.ndim == 2 else (0, 0)
        if not networks or not units or not self.features:
            raise ResourceError(
                f"the DeepFind head has {len(self.features)} features and hidden_bias {self.hidden_bias.shape}, "
                "expected one network, hidden unit and feature at least"
            )
        for name, expected in self.expected_shapes(len(self.features), networks, units).items():
            array = getattr(self, name)
            if array.shape != expected or array.dtype != np.float32:
                raise ResourceError(
                    f"{name} of the DeepFind head is {array.dtype} {array.shape}, expected float32 {expected}"
                )
            if not np.isfinite(array).all():
                raise ResourceError(f"{name} of the DeepFind head holds a value that is not a finite number")
        if not (self.spread > 0).all():
            raise ResourceError("a spread of the DeepFind head is not above 0")
        if not 0 < self.limit < np.inf:
            raise ResourceError(f"the limit of the DeepFind head is {self.limit}, expected a finite number above 0")

    @staticmethod
    def expected_shapes(features: int, networks: int, units: int) -> dict[str, tuple[int, ...]]:
        """The array shapes that so many networks of so many features and hidden units must have."""
        return {
            "center": (features,),
            "spread": (features,),
            "hidden": (networks, features, units),
            "hidden_bias": (networks, units),
            "output": (networks, units),
            "output_bias": (networks,),
        }

    def standardise(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Features as the networks read them.

        Args:
            values: of the features, (B, F); NaN = missing, which is read as the mean in training.

        Returns:
            (value - center) / spread, clipped to the limit, float32 (B, F).
        """
        return standardised(values, self.center, self.spread, self.limit)


def standardised(
    values: NDArray[np.floating], center: NDArray[np.float32], spread: NDArray[np.float32], limit: float
) -> NDArray[np.float32]:
    """The rule of `DeepFindHead.standardise`, for a training, which has no networks yet."""
    # What is beyond single precision is beyond the limit too.
    with np.errstate(over="ignore"):
        result = np.array(values, dtype=np.float32, order="C")
        result -= center
        result /= spread
    np.clip(result, -limit, limit, out=result)
    result[np.isnan(result)] = 0
    return result


def deepfind_logits(
    head: DeepFindHead, values: NDArray[np.floating], *, dense: Dense = dense_in_order
) -> NDArray[np.float64]:
    """Mean logit of a head's networks.

    Args:
        head: the networks.
        values: of the head's features, (B, F); NaN = missing.
        dense: weighted sums of rows; it gives the bytes of the default, and may be quicker.

    Returns:
        Log-odds of being simulated, float64 (B,).
    """
    inputs = head.standardise(values)
    total = np.zeros(len(inputs))
    for hidden, hidden_bias, output, output_bias in zip(
        head.hidden, head.hidden_bias, head.output, head.output_bias, strict=True
    ):
        units = np.maximum(dense(inputs, hidden) + hidden_bias, np.float32(0))  # (B, H)
        products = units.astype(np.float64) * output
        # Running sums are taken one by one; `sum` and `@` choose an order by the shape.
        total += np.add.accumulate(products, axis=1)[:, -1] + np.float64(output_bias)
    return total / len(head.hidden)
