"""Random sequence from a Markov chain whose probabilities were counted in human promoters."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = ["MarkovChain"]

WARM_UP = 20
"""Bases that are drawn in front of a sequence and dropped, so that the chain forgets where it started."""


@dataclass(frozen=True, slots=True)
class MarkovChain:
    """A Markov chain over bases.

    Attributes:
        cumulative: cumulative probabilities of A, C, G and T after each context of bases, float64 (4^order, 4).
        order: number of bases of a context.
    """

    cumulative: NDArray[np.float64]
    order: int

    @classmethod
    def of_promoters(cls) -> Self:
        """Read the chain of human promoters that the package contains (`varbind/data/promoter_markov.tsv`)."""
        text = files("varbind").joinpath("data/promoter_markov.tsv").read_text(encoding="ascii")
        rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")][1:]
        return cls(np.cumsum([[float(word) for word in row[1:]] for row in rows], axis=1), len(rows[0][0]))

    def draw(self, count: int, length: int, rng: np.random.Generator) -> Codes:
        """Draw `count` independent sequences of `length` bases, (count, length)."""
        codes = np.zeros((count, WARM_UP + length), dtype=np.uint8)
        state = rng.integers(0, 4**self.order, count)
        bounds = np.ascontiguousarray(self.cumulative[:, :3].T)
        for position in range(WARM_UP + length):
            first, second, third = rng.random(count) >= bounds.take(state, axis=1)
            base = first.astype(np.int64) + second + third
            codes[:, position] = base
            state = (state * 4 + base) % 4**self.order
        return codes[:, WARM_UP:]
