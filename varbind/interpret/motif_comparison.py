"""Comparison of motifs with a collection of known ones by Tomtom (Gupta et al. 2007)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["MotifMatch", "match_motifs"]

E_VALUE_MAX = 0.1
"""The largest E-value of a match (Koo and Eddy 2019)."""


@dataclass(frozen=True, slots=True)
class MotifMatch:
    """A motif of a collection that resembles a query.

    Attributes:
        query: the index of the query.
        name: the name of the motif in the collection.
        e_value: the p-value of Tomtom times the number of motifs in the collection.
    """

    query: int
    name: str
    e_value: float


def match_motifs(
    queries: Sequence[NDArray[np.float64]],
    collection: Mapping[str, NDArray[np.float64]],
    *,
    e_value_max: float = E_VALUE_MAX,
    threads: int = 1,
) -> list[MotifMatch]:
    """Find the motifs of a collection that resemble queries, in either orientation.

    Args:
        queries: the shares of the bases, each float64 (width, 4) with its own width.
        collection: the shares of the bases by name; the p-values depend on the whole collection.
        e_value_max: the largest E-value of a match.
        threads: the number of threads.

    Returns:
        The matches of the first query, best first, then those of the second, and so on.

    Raises:
        UsageError: the package memelite is not installed.
    """
    if not queries:
        return []
    tomtom = optional_import("memelite", needed_for="the comparison of motifs").tomtom
    targets = [np.ascontiguousarray(shares.T) for shares in collection.values()]
    p_values, *_ = tomtom(
        [np.ascontiguousarray(shares.T) for shares in queries], targets, n_target_bins=None, n_jobs=threads
    )
    names = list(collection)
    found = []
    for query, row in enumerate(p_values * len(collection)):
        for target in np.argsort(row, kind="stable").tolist():
            if row[target] > e_value_max:
                break
            found.append(MotifMatch(query, names[target], float(row[target])))
    return found
