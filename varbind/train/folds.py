"""Folds of whole groups of sequences, such as chromosomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["folds_of"]


def folds_of(groups: NDArray[np.int64], count: int) -> list[NDArray[np.bool_]]:
    """The rows that each fold holds out: whole groups, of which the largest is added to the smallest fold in turn.

    Args:
        groups: the number of the group of each of N sequences, (N,).
        count: the number of folds.

    Returns:
        For each fold, whether it holds out each sequence, bool (N,).

    Raises:
        InputError: there are fewer groups than folds, or than two.
    """
    numbers, sizes = np.unique(groups, return_counts=True)
    if len(numbers) < max(count, 2):
        what = f"found {len(numbers)} groups of sequences, expected at least {max(count, 2)} for the folds"
        raise InputError(what, remedy="give more sequences")
    held_out: list[list[int]] = [[] for _ in range(count)]
    filled = np.zeros(count)
    for index in np.argsort(-sizes, kind="stable"):
        smallest = int(np.argmin(filled))
        held_out[smallest].append(int(numbers[index]))
        filled[smallest] += sizes[index]
    return [np.isin(groups, chosen) for chosen in held_out]
