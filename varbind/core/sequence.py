"""DNA as base codes: A, C, G, T = 0..3 and N = 4, one uint8 a base.

RNA's U is T. Every other IUPAC letter becomes N, which a network reads as a quarter of each base.
"""

from __future__ import annotations

import numpy as np

__all__ = ["BASES", "N_CODE", "Codes", "decode", "dinucleotide_shuffle", "encode", "reverse_complement"]

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


def decode(codes: Codes) -> str:
    """Base codes, shape (L,), to upper-case letters."""
    return _BYTE_OF_CODE[codes].tobytes().decode("ascii")


def reverse_complement(codes: Codes) -> Codes:
    """The other strand, read 5' to 3'; N stays N."""
    return _COMPLEMENT[codes[..., ::-1]]


def dinucleotide_shuffle(codes: Codes, rng: np.random.Generator) -> Codes:
    """A random sequence with exactly the dinucleotide counts and the two end bases of `codes`.

    Altschul and Erickson (1985), "Significance of nucleotide sequence alignments": an Eulerian path
    through the multigraph of dinucleotides. The last edge out of each base must lead towards the end
    base, so last edges are drawn until they do; all other edges are shuffled freely.

    Args:
        codes: base codes, shape (L,); N counts as a fifth letter.
        rng: the source of randomness.
    """
    if len(codes) < 3:
        return codes.copy()
    end = int(codes[-1])
    successors = [codes[1:][codes[:-1] == base] for base in range(5)]
    last_edge = _draw_last_edges(successors, end, rng)
    for base, edges in enumerate(successors):
        successors[base] = _shuffle_but_last(edges, last_edge.get(base), rng)
    return _walk(successors, int(codes[0]), len(codes))


def _draw_last_edges(successors: list[Codes], end: int, rng: np.random.Generator) -> dict[int, int]:
    """One outgoing edge for every base but `end`, such that all of them lead to `end`."""
    sources = [base for base, edges in enumerate(successors) if len(edges) and base != end]
    while True:
        last_edge = {base: int(rng.choice(successors[base])) for base in sources}
        if all(_reaches(end, base, last_edge) for base in sources):
            return last_edge


def _reaches(end: int, base: int, last_edge: dict[int, int]) -> bool:
    for _ in range(len(last_edge) + 1):
        if base == end:
            return True
        base = last_edge[base]
    return False


def _shuffle_but_last(edges: Codes, last: int | None, rng: np.random.Generator) -> Codes:
    """`edges` in random order with one edge to `last`, if any, kept for the end."""
    if last is None:
        return rng.permutation(edges)
    rest = np.delete(edges, int(np.flatnonzero(edges == last)[0]))
    return np.append(rng.permutation(rest), np.uint8(last))


def _walk(successors: list[Codes], start: int, length: int) -> Codes:
    path = np.empty(length, dtype=np.uint8)
    used = [0] * len(successors)
    base = start
    for position in range(length):
        path[position] = base
        if position + 1 < length:
            used[base] += 1
            base = int(successors[base][used[base] - 1])
    return path
