"""Position matrices, and their reading from MEME files.

A file may be a motif file of any version or the text output of the MEME programs. Only letter-probability matrices are
read; the log-odds in the text output are not frequencies. `nsites` and the background do not affect frequencies, so
both may be missing. Matrices of other formats are read by `varbind.datasets.count_matrices`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Lines = Sequence[tuple[int, str]]

__all__ = ["FORMATS", "PositionMatrix", "frequencies_of", "is_meme", "meme_matrices", "parse_numbers"]

FORMATS = "give MEME, JASPAR, TRANSFAC or HOMER, or names (>) over rows of four numbers"
"""The remedy for a file of another format."""

_MATRIX = "letter-probability matrix"
_ALPHABETS = ("ACGT", "ACGU")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SIZE = re.compile(r"\b(alength|w)\s*=\s*(\S+)")


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


class _Motif(NamedTuple):
    """The line that starts a motif."""

    line: int
    names: tuple[str, ...]


def is_meme(lines: Lines) -> bool:
    """Return whether a file is in MEME format: it says so, or has a letter-probability matrix."""
    return any(text.lstrip().startswith(("MEME version", "MEME - ", _MATRIX)) for _, text in lines)


def meme_matrices(lines: Lines, path: str) -> Iterator[PositionMatrix]:
    """Read the letter-probability matrices of a file.

    Args:
        lines: lines of the file with their numbers, without blank lines.
        path: path of the file, for messages.

    Raises:
        InputError: the alphabet is neither DNA nor RNA, a motif has no letter-probability matrix, or a matrix has
            another number of rows than it states.
    """
    lines = [(line, text.lstrip()) for line, text in lines]
    motif, place = None, 0
    while place < len(lines):
        line, text = lines[place]
        place += 1
        if text.startswith("ALPHABET"):
            place = _after_alphabet(lines, place - 1, path)
        elif text.startswith("MOTIF"):
            _refuse_empty(motif, path)
            motif = _Motif(line, _names(text, path, line))
        elif text.startswith(_MATRIX):
            if motif is None:
                what = "no MOTIF line stands before the letter-probability matrix"
                raise InputError(what, path=path, line=line, remedy="write MOTIF and a name above it")
            matrix, place = _meme_matrix(lines, place - 1, motif, path)
            yield matrix
            motif = None
    _refuse_empty(motif, path)


def _refuse_empty(motif: _Motif | None, path: str) -> None:
    if motif is not None:
        what = f"the motif {motif.names[0]} has no letter-probability matrix"
        remedy = "give one, or remove the motif; log-odds are not read"
        raise InputError(what, path=path, line=motif.line, remedy=remedy)


def _names(text: str, path: str, line: int) -> tuple[str, ...]:
    """Identifier and alternate name; in the text output, the width and more follow."""
    words = re.split(r"\bwidth\s*=", text)[0].split()[1:3]
    if not words:
        raise InputError("a motif without a name", path=path, line=line, remedy="name it after MOTIF")
    return tuple(words)


def _after_alphabet(lines: Lines, place: int, path: str) -> int:
    """The place of the first line after the alphabet, which must be that of DNA or RNA."""
    line, text = lines[place]
    if text.replace(" ", "").startswith("ALPHABET="):
        letters = "".join(text.partition("=")[2].split()).upper()
        after = place + 1
    else:
        ends = (other for other in range(place, len(lines)) if lines[other][1].startswith("END ALPHABET"))
        end = next(ends, None)
        if end is None:
            raise InputError("the ALPHABET has no end", path=path, line=line, remedy="write END ALPHABET below it")
        letters = "".join(sorted(_core_letters(text for _, text in lines[place + 1 : end])))
        after = end + 1
    if letters not in _ALPHABETS:
        what = f"the alphabet is {letters[:40] or 'empty'}, expected {' or '.join(_ALPHABETS)}"
        raise InputError(what, path=path, line=line, remedy="give motifs of DNA or RNA")
    return after


def _core_letters(definitions: Iterator[str]) -> Iterator[str]:
    """Letters with a column in a matrix: all except ambiguity codes and aliases, such as N = ACGT or U = T."""
    for text in definitions:
        words = _QUOTED.sub("", text).split()
        if "=" not in words:
            yield words[0].upper()
            if "~" in words[:-1]:
                yield words[words.index("~") + 1].upper()


def _meme_matrix(lines: Lines, place: int, motif: _Motif, path: str) -> tuple[PositionMatrix, int]:
    """The matrix that starts at a place, and the place after it."""
    line, text = lines[place]
    sizes = {name: _size(name, word, path, line) for name, word in _SIZE.findall(text)}
    if sizes.get("alength", 4) != 4:
        what = f"the matrix has {sizes['alength']} letters (alength), expected 4"
        raise InputError(what, path=path, line=line, remedy="give motifs of DNA or RNA")
    start = place + 1
    end = next((other for other in range(start, len(lines)) if not _is_row(lines[other][1])), len(lines))
    if start == end or end - start != sizes.get("w", end - start):
        expected = f"{sizes['w']} (w=)" if "w" in sizes else "one per position"
        what = f"the matrix of {motif.names[0]} has {end - start} rows, expected {expected}; is the file cut off?"
        raise InputError(what, path=path, line=line, remedy="fetch the file again, or correct the matrix")
    for number, row in lines[start:end]:
        if len(row.split()) != 4:
            what = f"the row has {len(row.split())} numbers, expected 4"
            raise InputError(what, path=path, line=number, remedy="correct the matrix of " + motif.names[0])
    numbers = np.array([parse_numbers(row.split(), path, number) for number, row in lines[start:end]])
    shares = frequencies_of(numbers, [number for number, _ in lines[start:end]], motif.names[0], path)
    return PositionMatrix(motif.names, motif.line, shares), end


def _is_row(text: str) -> bool:
    """Whether a line is a row of a matrix, that is, starts like a number; errors in it are reported later."""
    return bool(re.match(r"\s*[-+.]?(?:\d|nan\b|inf\b)", text, re.IGNORECASE))


def _size(name: str, word: str, path: str, line: int) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 10):
        what = f"{name}= is {word[:40]!r}, expected a whole number"
        raise InputError(what, path=path, line=line, remedy="correct it, or leave it out")
    return int(word)
