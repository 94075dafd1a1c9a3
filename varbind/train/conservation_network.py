"""The training of the network of the conservation head: one network that serves every subset of the tracks.

Each variant is seen several times, with all of its tracks and with random subsets of them, as in dropout of inputs
(Srivastava et al. 2014). The subsets are drawn once, so that the loss is a fixed function, which L-BFGS-B minimises
with non-negative weights (Byrd, Lu, Nocedal & Zhu 1995). Equal inputs and seeds give equal bytes on one kind of CPU.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from threadpoolctl import threadpool_limits

from varbind.gate import optional_import

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NetworkArrays", "fit_network"]

UNITS = 16
"""The number of hidden units."""

SUBSETS = 6
"""The number of random subsets of the tracks with which a variant is seen."""

WHOLE = 0.5
"""The share of the weight of a variant that it has with all of its tracks; the random subsets have the rest."""

PENALTY = 3e-3
"""The weight of half the sum of the squared weights beside the mean loss of a variant."""

ITERATIONS = 80
"""The largest number of iterations; with 150, the held-out AUC is the same within 0.001."""


@dataclass(frozen=True, slots=True)
class NetworkArrays:
    """The parameters of a network over C tracks with U hidden units, as in `ConservationHead`.

    Attributes:
        value_weights: From the values of the tracks to the hidden units, none negative, float64 (C, U).
        mask_weights: From the bits of the known tracks to the hidden units, float64 (C, U).
        biases: Of the hidden units, float64 (U,).
        output: From the hidden units to the output, none negative, float64 (U,).
        constant: The bias of the output.
    """

    value_weights: NDArray[np.float64]
    mask_weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    output: NDArray[np.float64]
    constant: float

    @classmethod
    def of(cls, parameters: NDArray[np.float64], tracks: int) -> Self:
        """The arrays of a vector of parameters, which are views."""
        weights = parameters[:-1].reshape(2 * tracks + 2, UNITS)
        return cls(
            weights[:tracks], weights[tracks : 2 * tracks], weights[-2], weights[-1], constant=float(parameters[-1])
        )

    @classmethod
    def random(cls, tracks: int, rng: np.random.Generator) -> Self:
        """A start whose hidden units bend at different places."""
        return cls(
            np.abs(rng.normal(scale=0.7 / np.sqrt(tracks), size=(tracks, UNITS))),
            rng.normal(scale=0.3, size=(tracks, UNITS)),
            rng.normal(scale=0.7, size=UNITS),
            np.abs(rng.normal(scale=0.1, size=UNITS)),
            constant=0.0,
        )

    def vector(self) -> NDArray[np.float64]:
        """The parameters in one vector."""
        parts = (self.value_weights, self.mask_weights, self.biases, self.output)
        return np.append(np.concatenate([part.ravel() for part in parts]), self.constant)

    def without_biases(self) -> Self:
        """The weights alone, which are penalised."""
        return type(self)(self.value_weights, self.mask_weights, np.zeros(UNITS), self.output, constant=0.0)


def fit_network(scores: NDArray[np.float64], labels: NDArray[np.bool_], *, rng: np.random.Generator) -> NetworkArrays:
    """Fit a network to variants of two classes, which have equal total weights.

    The scores are standardised during the fit; the result reads them as they are.

    Args:
        scores: The scores of the tracks (`track_scores`), none constant, (N, C).
        labels: Whether each variant is pathogenic, bool (N,); both classes are present.
        rng: The generator of the subsets and of the start.
    """
    tracks = scores.shape[1]
    center, spread = scores.mean(axis=0), scores.std(axis=0)
    loss = _Loss((scores - center) / spread, labels, rng)
    start = NetworkArrays.random(tracks, rng)
    free, positive = (None, None), (0, None)
    bounds = [positive] * (tracks * UNITS) + [free] * ((tracks + 1) * UNITS) + [positive] * UNITS + [free]
    minimize = optional_import("scipy.optimize", needed_for="training").minimize
    options = {"maxiter": ITERATIONS, "maxcor": 20}
    # The order of sums in a product of matrices depends on the number of threads.
    with threadpool_limits(limits=1):
        found = minimize(loss, start.vector(), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    network = NetworkArrays.of(found.x, tracks)
    weights = network.value_weights / spread[:, None]
    masks = network.mask_weights - center[:, None] * weights
    return replace(network, value_weights=weights, mask_weights=masks)


class _Loss:
    """The mean logistic loss with its gradient, as a function of the vector of parameters.

    Each variant is seen with all tracks, and with random numbers of random tracks.
    """

    def __init__(self, values: NDArray[np.float64], labels: NDArray[np.bool_], rng: np.random.Generator) -> None:
        variants, tracks = values.shape
        places = rng.permuted(np.tile(np.arange(tracks), (SUBSETS * variants, 1)), axis=1)
        drawn = places < rng.integers(1, tracks + 1, (len(places), 1))
        self._masks = np.concatenate([np.ones_like(values), drawn])
        self._values = np.tile(values, (1 + SUBSETS, 1)) * self._masks
        self._signs = np.tile(np.where(labels, 1.0, -1.0), 1 + SUBSETS)
        equal_classes = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())
        self._weights = np.outer([WHOLE, *[(1 - WHOLE) / SUBSETS] * SUBSETS], equal_classes).ravel()

    def __call__(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        network = NetworkArrays.of(parameters, self._values.shape[1])
        inner = self._values @ network.value_weights + self._masks @ network.mask_weights + network.biases
        units = np.maximum(inner, 0.0)
        margins = self._signs * (units @ network.output + network.constant)
        to_output = -self._weights * self._signs / (1 + np.exp(np.clip(margins, -500.0, 500.0)))
        to_units = to_output[:, None] * network.output * (inner > 0)
        gradient = NetworkArrays(
            self._values.T @ to_units,
            self._masks.T @ to_units,
            to_units.sum(axis=0),
            units.T @ to_output,
            constant=float(to_output.sum()),
        )
        penalised = network.without_biases().vector()
        loss = float(self._weights @ np.logaddexp(0.0, -margins)) + PENALTY / 2 * float(penalised @ penalised)
        return loss, gradient.vector() + PENALTY * penalised
