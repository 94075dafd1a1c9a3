"""DNA as base codes: A, C, G, T = 0..3 and N = 4, one uint8 per base.

The U of RNA is T. All other IUPAC letters become N, which a network reads as a quarter of each base.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BASES", "N_CODE", "Codes", "decode", "encode", "one_hot_rows", "require_nucleotides", "reverse_complement"]

BASES = "ACGT"
N_CODE = 4

Codes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
"""Base codes, uint8, with any number of axes; the last one is the position."""

_CODE_OF_BYTE = np.full(256, N_CODE, dtype=np.uint8)
for _code, _letters in enumerate((b"Aa", b"Cc", b"Gg", b"TtUu")):
    _CODE_OF_BYTE[list(_letters)] = _code
_BYTE_OF_CODE = np.frombuffer(b"ACGTN", dtype=np.uint8)
_COMPLEMENT = np.array([3, 2, 1, 0, N_CODE], dtype=np.uint8)


def encode(sequence: str | bytes) -> Codes:
    """Convert letters in any case to base codes (L,); letters other than A, C, G, T and U become N."""
    data = sequence.encode("latin-1", "replace") if isinstance(sequence, str) else sequence
    return _CODE_OF_BYTE[np.frombuffer(data, dtype=np.uint8)]


_IUPAC = re.compile(r"[ACGTUNRYSWKMBDHVacgtunryswkmbdhv]*")


def require_nucleotides(sequence: str, name: str) -> None:
    """Check a sequence given by the user before it is encoded.

    Args:
        sequence: IUPAC letters in any case.
        name: the name of the sequence, for the message.

    Raises:
        UsageError: the sequence is not a string.
        InputError: the sequence is empty, or contains a letter that is not an IUPAC code.
    """
    if not isinstance(sequence, str):
        raise UsageError(f"{name} is a {type(sequence).__name__}, expected a str", remedy="give the bases as text")
    if not sequence:
        raise InputError(f"{name} is empty", remedy="leave it out")
    if not _IUPAC.fullmatch(sequence):
        letter = _IUPAC.sub("", sequence)[:1]
        raise InputError(f"{name} holds {letter!r}, which is not a nucleotide letter", remedy="use ACGTUN")


def decode(codes: Codes) -> str:
    """Convert base codes (L,) to upper-case letters."""
    return _BYTE_OF_CODE[codes].tobytes().decode("ascii")


def one_hot_rows(unknown_base: float) -> NDArray[np.float64]:
    """What a network reads for each base code: one row of four numbers a code, (5, 4).

    Args:
        unknown_base: the number for each of the four bases where the base is N.
    """
    return np.vstack([np.eye(4), np.full((1, 4), unknown_base)])


def reverse_complement(codes: Codes) -> Codes:
    """The codes of the opposite strand from 5' to 3'; N stays N."""
    return _COMPLEMENT[codes[..., ::-1]]
