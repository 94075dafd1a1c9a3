"""A position matrix: its names, and the frequency of each base at each position."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["FORMATS", "PositionMatrix", "Row", "frequencies_of", "parse_numbers"]

FORMATS = "give MEME, JASPAR, TRANSFAC or HOMER, or names (>) over rows of four numbers"
"""The remedy for a file of another format."""


@dataclass(frozen=True, slots=True)
class PositionMatrix:
    """A position matrix.

    Attributes:
        names: its name, then other names in the file; empty if the file gives none.
        line: line of the file where it starts.
        shares: frequencies of A, C, G and T (or U) at each position, float64 (width, 4); each row sums to 1.
        is_nameless: whether it is named after the file.
    """

    names: tuple[str, ...]
    line: int
    shares: NDArray[np.float64]
    is_nameless: bool = False


class Row(NamedTuple):
    """A line of numbers.

    Attributes:
        line: number of the line in the file.
        letter: the base whose counts it holds, in upper case; empty if it names none.
        numbers: counts or frequencies.
    """

    line: int
    letter: str
    numbers: tuple[float, ...]


def parse_numbers(words: Iterable[str], path: str, line: int) -> tuple[float, ...]:
    """Return the words of a line as numbers.

    Raises:
        InputError: a word is not a finite number.
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


def frequencies_of(counts: NDArray[np.float64], lines: Sequence[int], name: str, path: str) -> NDArray[np.float64]:
    """Scale the counts or frequencies of each position to a sum of 1.

    Args:
        counts: counts or frequencies, (width, 4).
        lines: line of each position in the file, for messages.
        name: name of the matrix, for messages.
        path: path of the file, for messages.

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
