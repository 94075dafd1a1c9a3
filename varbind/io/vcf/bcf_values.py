"""Whether a record as htslib holds it still says what its line says.

htslib turns some values into others without a word: an integer beyond 32 bits, or a word where the header declares a
number, becomes missing, and a QUAL that is no number becomes 0. A BCF made of that would have lost them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest
from math import isclose, isnan

__all__ = ["lost_value"]

_QUAL, _FILTER, _INFO, _FIRST_SAMPLE = 5, 6, 7, 9
_PARTS = re.compile(rb"([;=,:|/])")
_PADDING = re.compile(rb"(?::[.,]*)+$")
_NOTHING = re.compile(rb"=(?=;|$)|;+(?=;|$)|^;+")
_LEADING_PHASE = re.compile(rb"([|/])([^:]*)")
_SINGLE_PRECISION = 1e-5  # what six digits keep, as htslib prints a number


def lost_value(line: bytes, held: bytes) -> tuple[str, str] | None:
    """The first value that htslib holds as another one.

    A number written another way is the same to single precision. So are an empty value and a missing one, missing
    values left out at the end of a sample, and a leading phase that the genotype implies (VCF 4.4, section 1.6.2)
    or that stands before a lone missing allele.

    Args:
        line: of the VCF, without its line end.
        held: what htslib prints of it, without its line end.

    Returns:
        The value as written and as held; None where all are the same.
    """
    if line == held:
        return None
    for place, (written, kept) in enumerate(zip_longest(line.split(b"\t"), held.split(b"\t"), fillvalue=b"")):
        if written != kept and (pair := _first_difference(_plain(written, place), _plain(kept, place), place)):
            return pair[0].decode("latin-1"), pair[1].decode("latin-1")
    return None


def _plain(column: bytes, place: int) -> bytes:
    """A column without what says nothing."""
    if place in {_FILTER, _INFO}:
        return _NOTHING.sub(b"", column)
    if place < _FIRST_SAMPLE:
        return column
    column = _PADDING.sub(b"", column)
    if (match := _LEADING_PHASE.match(column)) and (
        match[2] == b"." or match[1] == (b"/" if b"/" in match[2] else b"|")
    ):
        column = column[1:]
    return column


def _first_difference(written: bytes, held: bytes, place: int) -> tuple[bytes, bytes] | None:
    """The first value of a column that differs, with the key of INFO before it."""
    if place < _QUAL:
        return None if (written or b".") == (held or b".").replace(b",.,", b",,") else (written, held)
    separator = b";" if place == _INFO else b":"
    for one, other in zip_longest(written.split(separator), held.split(separator), fillvalue=b""):
        if one != other and not _same_value(one, other):
            return one, other
    return None


@lru_cache(maxsize=1 << 14)
def _same_value(written: bytes, held: bytes) -> bool:
    """Whether two lists of words are the same; the same few, such as `AF=0.500` and `AF=0.5`, come often."""
    words = zip_longest(_PARTS.split(written), _PARTS.split(held), fillvalue=b"")
    return all(_same_word(one, other) for one, other in words)


def _same_word(written: bytes, held: bytes) -> bool:
    if written == held or {written, held} <= {b"", b"."}:
        return True
    if written.isdigit() and held.isdigit():
        return int(written) == int(held)
    try:
        one, other = float(written), float(held)
    except ValueError:
        return False
    return isclose(one, other, rel_tol=_SINGLE_PRECISION) or (isnan(one) and isnan(other))
