"""The DeepFind head: small networks over the features of a variant.

They were trained to separate simulated from derived variants (DeepFind, Alipanahi et al. 2015). Networks that read no
conservation track are combined with the conservation head, whose log-odds are added to theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from varbind.core.dense import dense_in_order
from varbind.effect.features import feature_matrix, tracks_of
from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult
from varbind.effect.score import logistic
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from varbind.core.dense import Dense

__all__ = ["DeepFindHead", "deepfind_logits", "standardised"]


@dataclass(frozen=True, slots=True)
class DeepFindHead(Head):
    """N networks with one hidden layer of H units over F features, float32; the output is their mean logit.

    Attributes:
        features: The names of the features, in order.
        center: The mean of each feature in training, which is subtracted, (F,).
        spread: The standard deviation of each feature in training, above 0, by which it is divided, (F,).
        limit: The largest absolute standardised value, above 0; values beyond it are clipped.
        hidden: The weights of the hidden layer, (N, F, H).
        hidden_bias: The biases of the hidden layer, (N, H).
        output: The weights of the output, (N, H).
        output_bias: The biases of the output, (N,).

    Raises:
        ResourceError: The arrays do not fit together, or hold impossible values.
    """

    name: ClassVar[str] = "deepfind"
    label: ClassVar[str] = "DeepFind"
    keys: ClassVar[tuple[HeadKey, ...]] = (
        HeadKey(
            "DEEPFIND",
            "Output, 0 to 1, of the DeepFind network: simulated rather than derived variants; mostly mutational "
            "process, not pathogenicity; the log-odds of conservation tracks are added where they have a value, which "
            "were trained on other data, so that the sum is no measured probability",
        ),
    )

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

    @property
    def needs(self) -> HeadNeeds:
        """Its features."""
        return HeadNeeds(features=self.features)

    def renamed(self, new_names: Mapping[str, str]) -> Self:
        """The same networks where the features of some models have other names."""
        return replace(self, features=tuple(new_names.get(name, name) for name in self.features))

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """DEEPFIND, with the evidence of conservation where that head was asked and the networks read no track."""
        features = feature_matrix(self.features, inputs.model_ids, inputs.ref, inputs.alt, inputs.sites)
        logits = deepfind_logits(self, features, dense=inputs.dense)
        conservation = inputs.results.get("conservation")
        if conservation and not tracks_of(self.features):
            logits += conservation.parts["log_odds"]
        return HeadResult({"DEEPFIND": logistic(logits)})

    @staticmethod
    def expected_shapes(features: int, networks: int, units: int) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays, by name, for these numbers of features, networks and hidden units."""
        return {
            "center": (features,),
            "spread": (features,),
            "hidden": (networks, features, units),
            "hidden_bias": (networks, units),
            "output": (networks, units),
            "output_bias": (networks,),
        }

    def standardise(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """The features as the networks read them.

        Args:
            values: The values of the features, (B, F); NaN = missing, which is read as the mean in training.

        Returns:
            (value - center) / spread, clipped to the limit, float32 (B, F).
        """
        return standardised(values, self.center, self.spread, self.limit)


def standardised(
    values: NDArray[np.floating], center: NDArray[np.float32], spread: NDArray[np.float32], limit: float
) -> NDArray[np.float32]:
    """The rule of `DeepFindHead.standardise`, for trainings, which have no networks yet."""
    # A value beyond single precision is beyond the limit too.
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
    """The mean logit of the networks of a head.

    Args:
        head: The networks.
        values: The values of the features of the head, (B, F); NaN = missing.
        dense: The function for weighted sums of rows; every one gives the bytes of the default.

    Returns:
        The log-odds that a variant is simulated, float64 (B,).
    """
    inputs = head.standardise(values)
    total = np.zeros(len(inputs))
    for hidden, hidden_bias, output, output_bias in zip(
        head.hidden, head.hidden_bias, head.output, head.output_bias, strict=True
    ):
        units = np.maximum(dense(inputs, hidden) + hidden_bias, np.float32(0))  # (B, H)
        products = units.astype(np.float64) * output
        # Running sums are added one by one; `sum` and `@` choose an order that depends on the shape.
        total += np.add.accumulate(products, axis=1)[:, -1] + np.float64(output_bias)
    return total / len(head.hidden)
