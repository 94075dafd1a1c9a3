"""DNA as base codes: A, C, G, T = 0..3 and N = 4, one uint8 a base.

RNA's U is T. Every other IUPAC letter becomes N, which a network reads as a quarter of each base.
"""

from __future__ import annotations

import re

import numpy as np

from varbind.errors import InputError, UsageError

__all__ = ["BASES", "N_CODE", "Codes", "decode", "encode", "require_nucleotides", "reverse_complement"]

BASES = "ACGT"
N_CODE = 4

Codes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
"""uint8 base codes, any number of axes; the last one is the position."""

_CODE_OF_BYTE = np.full(256, N_CODE, dtype=np.uint8)
for _code, _letters in enumerate((b"Aa", b"Cc", b"Gg", b"TtUu")):
    _CODE_OF_BYTE[list(_letters)] = _code
_BYTE_OF_CODE = np.frombuffer(b"ACGTN", dtype=np.uint8)
_COMPLEMENT = np.array([3, 2, 1, 0, N_CODE], dtype=np.uint8)


def encode(sequence: str | bytes) -> Codes:
    """Letters to base codes, shape (L,), in any case; what is not A, C, G, T or U becomes N."""
    data = sequence.encode("latin-1", "replace") if isinstance(sequence, str) else sequence
    return _CODE_OF_BYTE[np.frombuffer(data, dtype=np.uint8)]


_IUPAC = re.compile(r"[ACGTUNRYSWKMBDHVacgtunryswkmbdhv]*")


def require_nucleotides(sequence: str, name: str) -> None:
    """Look at a sequence of somebody else, before it is encoded.

    Args:
        sequence: letters of IUPAC codes, in any case.
        name: of the sequence, for the message.

    Raises:
        UsageError: it is no string.
        InputError: it is empty, or holds a letter that is no nucleotide code.
    """
    if not isinstance(sequence, str):
        raise UsageError(f"{name} is a {type(sequence).__name__}, expected a str", remedy="give the bases as text")
    if not sequence:
        raise InputError(f"{name} is empty", remedy="leave it out")
    if not _IUPAC.fullmatch(sequence):
        letter = _IUPAC.sub("", sequence)[:1]
        raise InputError(f"{name} holds {letter!r}, which is no nucleotide letter", remedy="use ACGTUN")


def decode(codes: Codes) -> str:
    """Base codes, shape (L,), to upper-case letters."""
    return _BYTE_OF_CODE[codes].tobytes().decode("ascii")


def reverse_complement(codes: Codes) -> Codes:
    """The other strand, read 5' to 3'; N stays N."""
    return _COMPLEMENT[codes[..., ::-1]]
