"""One position matrix of a file: its names, and the share of each base at each position."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["FORMATS", "PositionMatrix", "Row", "numbers_of", "shares_of"]

FORMATS = "give MEME, JASPAR, TRANSFAC or HOMER, or names (>) over rows of four numbers"
"""What to do about a file of another format."""


@dataclass(frozen=True, slots=True)
class PositionMatrix:
    """A matrix.

    Attributes:
        names: the name that it goes by, then others that its file gives it; none where the file gives none.
        line: where it starts in the file.
        shares: of A, C, G and T (or U) at each position, float64 (width, 4); each row sums to 1.
        is_nameless: whether the name is the file's.
    """

    names: tuple[str, ...]
    line: int
    shares: NDArray[np.float64]
    is_nameless: bool = False


class Row(NamedTuple):
    """A line of numbers.

    Attributes:
        line: its number in the file.
        letter: the base of which it holds the counts, in upper case; empty where it names none.
        numbers: counts or shares.
    """

    line: int
    letter: str
    numbers: tuple[float, ...]


def numbers_of(words: Iterable[str], path: str, line: int) -> tuple[float, ...]:
    """The numbers that the words of a line are.

    Raises:
        InputError: one of them is no finite number.
    """
    return tuple(_number(word, path, line) for word in words)


def _number(word: str, path: str, line: int) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        what = f"the matrices cannot be read: found {word[:40]!r}, expected a number"
        raise InputError(what, path=path, line=line, remedy=f"correct it, or {FORMATS}")
    return number


def shares_of(counts: NDArray[np.float64], lines: Sequence[int], name: str, path: str) -> NDArray[np.float64]:
    """Shares from counts or shares; each position is brought to a sum of 1, for counts may differ between positions.

    Args:
        counts: (width, 4).
        lines: of the file, one a position, for messages.
        name: of the matrix, for messages.
        path: of the file, for messages.

    Raises:
        InputError: a position has a negative number, or no count at all.
    """
    totals = counts.sum(axis=1, keepdims=True)
    flawed = np.flatnonzero((counts < 0).any(axis=1) | (totals[:, 0] <= 0) | ~np.isfinite(totals[:, 0]))
    if len(flawed):
        position = int(flawed[0])
        found = ", ".join(f"{number:g}" for number in counts[position])
        what = f"the matrix {name} holds a column without counts or shares: position {position + 1} has {found}"
        remedy = "give counts or shares of A, C, G and T, not log-odds" if counts.min() < 0 else "correct or remove it"
        raise InputError(what, path=path, line=lines[position], remedy=remedy)
    shares: NDArray[np.float64] = counts / totals
    return shares
