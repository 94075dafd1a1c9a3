"""Attribution: how much each base of a sequence adds to a model's score, by several published methods.

    mutation map (4, L)                      -> mutagenesis, largest loss
    slope of the score (4, L), base by base  -> saliency, gradient x input

Mutagenesis is the reference, because it is made of scores of real sequences. The other methods replace it by the slope
at the sequence. `randomised_correlations` tests whether they depend on what a network has learned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.sequence import BASES, encode, require_nucleotides
from varbind.core.window import central
from varbind.errors import InputError
from varbind.gate import optional_import
from varbind.interpret.mutation_map import mutation_map
from varbind.scoring.scorer import score_sequences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.network_stack import NetworkStack

__all__ = [
    "AttributionCorrelation",
    "AttributionMethod",
    "Attributions",
    "attribute",
    "attribution_correlations",
    "randomised_correlations",
    "rank_correlation",
]

SEQUENCE_MAX = 10_000
"""The longest sequence in bases; the work of mutagenesis grows with the square of the length."""


class AttributionMethod(StrEnum):
    """What the value of a position is.

    D[b] is the change of the score when b takes the place of a base (0 at the base itself), X the one-hot sequence, and
    G = dy/dX the slope of the score, which lies before any sigmoid.

    - `mutagenesis`: minus the mean of D over the bases that differ from the own one, which are all four at an N.
    - `largest-loss`: the larger of 0 and minus the smallest D, the height of a letter in the mutation maps of DeepBind
      (2015), whose main text does not give the formula.
    - `saliency`: the sum of G over the four bases (DeepGMAP 2018, Methods). The paper shows it for scores >= -2.
    - `saliency-code`: the sum of |G| over the four bases, as the authors' code computes it; that code shows it for
      scores >= -4, below which it sets the slope to 0.
    - `gradient-input`: the sum of G times X over the four bases, the slope at the own base.
    """

    MUTAGENESIS = "mutagenesis"
    LARGEST_LOSS = "largest-loss"
    SALIENCY = "saliency"
    SALIENCY_CODE = "saliency-code"
    GRADIENT_INPUT = "gradient-input"


_LEAST_SCORE = {AttributionMethod.SALIENCY: -2.0, AttributionMethod.SALIENCY_CODE: -4.0}
"""The least score of a sequence for which a method is shown, in the units of the model."""

_OF_CHANGES = frozenset({AttributionMethod.MUTAGENESIS, AttributionMethod.LARGEST_LOSS})
"""The methods that change bases; the others need the slope."""


@dataclass(frozen=True, slots=True)
class Attributions:
    """The values of one sequence.

    Attributes:
        score: the score of the sequence, in the units of the model.
        by_method: for each method, a value for each position, float64 (L,), in the units of the model.
    """

    score: float
    by_method: Mapping[AttributionMethod, NDArray[np.float64]]

    def is_shown(self, method: AttributionMethod) -> bool:
        """Whether the source of a method shows it for a sequence with this score."""
        return self.score >= _LEAST_SCORE.get(method, -np.inf)


@dataclass(frozen=True, slots=True)
class AttributionCorrelation:
    """How well two methods agree on the order of the positions.

    Attributes:
        first: one method.
        second: the other method.
        mean: the mean over sequences of the rank correlation over positions, -1 to 1; NaN if there is none.
        sequences: the number of sequences in the mean. A sequence in which a method is constant, or is not shown, has
            no correlation.
    """

    first: AttributionMethod
    second: AttributionMethod
    mean: float
    sequences: int


def attribute(
    sequence: str, bank: Bank, *, model_id: str, methods: Sequence[AttributionMethod] = tuple(AttributionMethod)
) -> Attributions:
    """Compute the value of each position of a sequence by one or more methods; the model reads the whole sequence.

    Networks with an input of fixed length read the central bases, and the other positions have the value 0.

    Args:
        sequence: L letters ACGTUN in any case; the other IUPAC letters count as N.
        bank: the bank that holds the model, which may have any architecture.
        model_id: the id of the model.
        methods: the methods.

    Raises:
        UsageError: the bank has no such model, or torch is needed and missing.
        InputError: the sequence is empty, longer than `SEQUENCE_MAX`, or holds a letter that is not an IUPAC code.
    """
    require_nucleotides(sequence, "the sequence")
    if len(sequence) > SEQUENCE_MAX:
        what = f"a sequence of {len(sequence):,} bases; the most for attribution are {SEQUENCE_MAX:,}"
        raise InputError(what, remedy="give a shorter piece")
    chosen = bank.select([model_id])
    score = float(score_sequences([sequence], chosen)[0, 0])
    values: dict[AttributionMethod, NDArray[np.float64]] = {}
    if _OF_CHANGES.intersection(methods):
        changes = mutation_map(sequence, chosen, model_id=model_id).astype(np.float64)
        values |= _values_of_changes(sequence, changes)
    if not _OF_CHANGES.issuperset(methods):
        (stack,), (model,) = chosen.stacks, chosen.models
        values |= _values_of_slope(*_slope(sequence, stack, model.output))
    return Attributions(score, {method: values[method] for method in methods})


def _values_of_changes(sequence: str, changes: NDArray[np.float64]) -> dict[AttributionMethod, NDArray[np.float64]]:
    """The values from a mutation map (4, L)."""
    codes = encode(sequence)
    others = np.where(codes < len(BASES), len(BASES) - 1, len(BASES))
    return {
        AttributionMethod.MUTAGENESIS: -changes.sum(axis=0) / others,
        AttributionMethod.LARGEST_LOSS: np.maximum(-changes.min(axis=0), 0),
    }


def _values_of_slope(
    slope: NDArray[np.float64], bases: NDArray[np.float64]
) -> dict[AttributionMethod, NDArray[np.float64]]:
    """The values from the slope of the score and the one-hot bases, both (4, L)."""
    return {
        AttributionMethod.SALIENCY: slope.sum(axis=0),
        AttributionMethod.SALIENCY_CODE: np.abs(slope).sum(axis=0),
        AttributionMethod.GRADIENT_INPUT: (slope * bases).sum(axis=0),
    }


def _slope(sequence: str, stack: NetworkStack[Any], output: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The slope of one output of the only model of a stack at a sequence, and the one-hot sequence, each (4, L)."""
    networks = optional_import("varbind.nn.torch_networks", needed_for="an attribution by slopes").SequenceNetworks(
        stack
    )
    codes = encode(sequence)[None]
    read = central(codes, stack.config.input_length) if stack.config.input_length else codes
    bases = networks.one_hot(read).requires_grad_()
    networks.outputs(bases)[0, 0, output].backward()
    slope, one_hot = np.zeros((2, len(BASES), len(sequence)))
    # Base i of the sequence is base i + shift of what the network reads.
    shift = (read.shape[1] - len(sequence)) // 2
    first, end = max(-shift, 0), min(read.shape[1] - shift, len(sequence))
    slope[:, first:end] = bases.grad[0].numpy()[:, first + shift : end + shift]
    one_hot[:, first:end] = bases.detach()[0].numpy()[:, first + shift : end + shift]
    return slope, one_hot


def rank_correlation(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two arrays (L,), ties at their mean rank; NaN if one of them is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    stats = optional_import("scipy.stats", needed_for="rank correlations")
    return float(stats.spearmanr(first, second).statistic)


def attribution_correlations(found: Sequence[Attributions]) -> list[AttributionCorrelation]:
    """The rank correlation of each two methods over the positions of a sequence, in the mean over sequences.

    Args:
        found: the values of one or more sequences by the same methods.
    """
    methods = list(found[0].by_method) if found else []
    return [_correlation(found, first, second) for first, second in combinations(methods, 2)]


def _correlation(
    found: Sequence[Attributions], first: AttributionMethod, second: AttributionMethod
) -> AttributionCorrelation:
    shown = [own for own in found if own.is_shown(first) and own.is_shown(second)]
    all_values = np.array([rank_correlation(own.by_method[first], own.by_method[second]) for own in shown])
    values = all_values[~np.isnan(all_values)]
    mean = float(values.mean()) if len(values) else float("nan")
    return AttributionCorrelation(first, second, mean, len(values))


def randomised_correlations(
    sequence: str, bank: Bank, *, model_id: str, method: AttributionMethod, seed: int = 0
) -> dict[str, float]:
    """Compare an attribution with those of networks whose weights are permuted layer by layer.

    This is the test by cascading randomisation (Adebayo et al. 2018, section 3.1): beginning with the output, the
    weights of one layer after the other are replaced by a random permutation of themselves. A method that shows what a
    network has learned loses its correlation with the values of the trained network.

    Args:
        sequence: the sequence, as in `attribute`.
        bank: the bank that holds the model.
        model_id: the id of the model.
        method: the method, which is compared at all scores, also where it would not be shown.
        seed: the seed of the permutations.

    Returns:
        For each array of parameters, in the order in which they are permuted, the rank correlation over positions once
        this array and all before it are permuted; NaN if the values are constant. An array with a single number is left
        out, because nothing in it can be permuted.

    Raises:
        UsageError: the bank has no such model, or torch is needed and missing.
        InputError: the sequence cannot be scored.
    """
    chosen, rng = bank.select([model_id]), np.random.default_rng(seed)
    real = attribute(sequence, chosen, model_id=model_id, methods=[method]).by_method[method]
    (stack,) = chosen.stacks
    correlations = {}
    for name in reversed(stack.config.array_shapes(1)):
        numbers = stack.arrays[name].reshape(len(stack.arrays[name]), -1)
        if numbers.shape[1] < 2:
            continue
        permuted = rng.permuted(numbers, axis=1).reshape(stack.arrays[name].shape)
        stack = replace(stack, arrays={**stack.arrays, name: permuted})
        changed = attribute(sequence, replace(chosen, stacks=(stack,)), model_id=model_id, methods=[method])
        correlations[name] = rank_correlation(real, changed.by_method[method])
    return correlations
