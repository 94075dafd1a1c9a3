"""A bank without motifs: every number of every detector stays, at a random place of its detector.

What scores of such a bank tell is composition and the process that made the variants, not binding. A control that is
trained and judged as the bank itself shows how much of a result the motifs are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.deepbind import deepbind_stacks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.bank.bank import Bank
    from varbind.core.deepbind import DeepBindStack

__all__ = ["scrambled"]


def scrambled(bank: Bank, seed: int | Sequence[int]) -> Bank:
    """The same networks with the numbers of each detector permuted over its positions and bases.

    Positions that count nothing, by which a narrow matrix is filled up, stay as they are: the control is as wide as
    what it controls.

    Args:
        bank: any.
        seed: of the permutations.

    Returns:
        The bank without its background and its second stage, which describe other scores.
    """
    rng = np.random.default_rng(seed)
    networks = deepbind_stacks(bank.stacks, needed_for="the control of permuted detectors")
    stacks = tuple(_permuted(stack, rng) for stack in networks)
    return replace(bank, stacks=stacks, background=None, effect=None)


def _permuted(stack: DeepBindStack, rng: np.random.Generator) -> DeepBindStack:
    detectors = stack.detectors.copy()  # (K, m, 4, D)
    for network in detectors:
        for number in range(network.shape[-1]):
            detector = network[..., number]  # (m, 4)
            counting = detector.any(axis=1)
            own = detector[counting]
            detector[counting] = rng.permutation(own.ravel()).reshape(own.shape)
    return replace(stack, arrays={**stack.arrays, "detectors": detectors})
