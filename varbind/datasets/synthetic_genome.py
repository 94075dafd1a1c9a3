"""A synthetic genome whose peaks are known: random promoter-like sequence with planted sites of a few classes.

It stands in for a real genome with ChIP-seq peaks (such as that of DeepGMAP, Onimaru et al. 2018) in experiments and
tests. The sites of a class are made by a grammar, pairs of motifs with a gap of limited size between them. The same
motifs stand alone elsewhere, without a peak, so that a network has to learn the pair. All of it is a choice of varbind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from varbind.core.markov_chain import MarkovChain
from varbind.core.sequence import Codes, decode, encode, reverse_complement
from varbind.errors import UsageError, output_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["GRAMMARS", "MotifGrammar", "SyntheticGenome", "synthetic_genome", "write_synthetic_genome"]

SLOT = 1_000
"""Number of bases of the part of a contig in which one site lies."""
MARGIN = 300
"""Least number of bases between a site and the ends of its slot."""
PEAK_HALF_WIDTHS = (100, 300)
"""Smallest and largest distance between a summit and each end of its peak."""
SUMMIT_ERROR = 20
"""Largest distance between a summit and the middle of its site, in bases."""

_LINE = 60


@dataclass(frozen=True, slots=True)
class MotifGrammar:
    """How the sites of a class are made: two motifs in this order on either strand, with a gap between them.

    Attributes:
        name: name of the class.
        words: the most frequent word of each of the two motifs.
        gaps: smallest and largest number of bases between them.
        conserved: probability that a base of a site is that of the word; the other three bases share the rest.
    """

    name: str
    words: tuple[str, str]
    gaps: tuple[int, int]
    conserved: float = 0.9

    def __post_init__(self) -> None:
        longest = sum(map(len, self.words)) + self.gaps[1]
        if not 0 <= self.gaps[0] <= self.gaps[1] or longest > SLOT - 2 * MARGIN:
            what = f"the sites of {self.name} have up to {longest} bases"
            raise UsageError(what, remedy=f"give words and rising gaps of up to {SLOT - 2 * MARGIN} bases together")


GRAMMARS = (
    MotifGrammar("A", ("TGACTCAGC", "AACCGGAAG"), (5, 15)),
    MotifGrammar("B", ("GGACTTTCC", "CAGATAAGG"), (20, 30)),
    MotifGrammar("C", ("TTGCGCAAC", "ACAAAGGCC"), (0, 50)),
)
"""Three made-up grammars."""


@dataclass(frozen=True, slots=True)
class SyntheticGenome:
    """A genome with the peaks of some classes.

    Attributes:
        contigs: base codes of each contig by name, each (L,).
        peaks: the peaks of each class by name, in the order of the genome, with the columns of `read_peaks`. The
            strength is the number of bases of the site that agree with the words.
        decoys: places of single motifs without a peak by class: `contig` and `centre`.
    """

    contigs: Mapping[str, Codes]
    peaks: Mapping[str, pd.DataFrame]
    decoys: Mapping[str, pd.DataFrame]


def synthetic_genome(
    rng: np.random.Generator,
    *,
    contigs: int = 3,
    length: int = 4_000_000,
    peaks: int = 800,
    decoys: int = 400,
    grammars: Sequence[MotifGrammar] = GRAMMARS,
) -> SyntheticGenome:
    """Draw a genome from the Markov chain of promoters, and plant sites and decoys of each class.

    Args:
        rng: random numbers.
        contigs: number of contigs, which are called chr1, chr2 ...
        length: number of bases of each contig, a multiple of `SLOT`.
        peaks: number of peaks of each class.
        decoys: number of single motifs of each class, of one and the other motif in turn.
        grammars: the classes.

    Raises:
        UsageError: the sites do not fit into the genome.
    """
    slots, needed = contigs * (length // SLOT), len(grammars) * (peaks + decoys)
    if length % SLOT or not 0 < needed <= slots:
        what = f"{needed:,} sites on {contigs} contigs of {length:,} bases"
        raise UsageError(
            what, remedy=f"give lengths that are multiples of {SLOT:,} and at most one site for each of them"
        )
    codes = MarkovChain.of_promoters().draw(slots, SLOT, rng)  # a slot does not depend on its neighbours
    free = iter(rng.permutation(slots).tolist())
    found: dict[str, pd.DataFrame] = {}
    alone: dict[str, pd.DataFrame] = {}
    for grammar in grammars:
        sites = [_plant(codes, next(free), _pair(grammar, rng), rng) for _ in range(peaks)]
        found[grammar.name] = _peaks(sites, length, rng)
        motifs = [_motif(grammar.words[number % 2], grammar.conserved, rng) for number in range(decoys)]
        alone[grammar.name] = _table([_plant(codes, next(free), motif, rng) for motif in motifs], length)
    rows = codes.reshape(contigs, length)
    return SyntheticGenome({f"chr{number}": row for number, row in enumerate(rows, 1)}, found, alone)


def _motif(word: str, conserved: float, rng: np.random.Generator) -> tuple[Codes, int]:
    """An instance of a motif, and the number of its bases that agree with the word."""
    best = encode(word)
    changed = rng.random(len(best)) >= conserved
    steps = np.where(changed, rng.integers(1, 4, len(best)), 0)
    drawn: Codes = ((best + steps) % 4).astype(np.uint8)
    return drawn, int(np.count_nonzero(~changed))


def _pair(grammar: MotifGrammar, rng: np.random.Generator) -> tuple[Codes, int]:
    """A site of two motifs, whose gap is filled with N, and the number of bases that agree with the words."""
    (first, one), (second, other) = (_motif(word, grammar.conserved, rng) for word in grammar.words)
    gap = np.full(int(rng.integers(*grammar.gaps, endpoint=True)), 4, dtype=np.uint8)
    return np.concatenate([first, gap, second]), one + other


def _plant(slots: Codes, slot: int, site: tuple[Codes, int], rng: np.random.Generator) -> tuple[int, int]:
    """Write a site into a slot on either strand, but not its N; return its middle in the genome, and its strength."""
    bases, strength = site
    own = reverse_complement(bases) if rng.random() < 0.5 else bases
    start = int(rng.integers(MARGIN, SLOT - MARGIN - len(own), endpoint=True))
    place = slots[slot, start : start + len(own)]
    place[own < 4] = own[own < 4]
    return slot * SLOT + start + len(own) // 2, strength


def _table(sites: Sequence[tuple[int, int]], length: int) -> pd.DataFrame:
    """The contigs and places of sites in the order of the genome, with their strengths."""
    places, strengths = np.array(sites, dtype=np.int64).reshape(-1, 2).T
    order = np.argsort(places)
    contig = [f"chr{number}" for number in (places[order] // length + 1).tolist()]
    return pd.DataFrame(
        {"contig": contig, "centre": places[order] % length, "strength": strengths[order].astype(float)}
    )


def _peaks(sites: Sequence[tuple[int, int]], length: int, rng: np.random.Generator) -> pd.DataFrame:
    """Peaks around sites; slots are wide enough for every peak to lie on its contig."""
    table = _table(sites, length)
    low, high = PEAK_HALF_WIDTHS
    centre = table["centre"].to_numpy() + rng.integers(-SUMMIT_ERROR, SUMMIT_ERROR, len(table), endpoint=True)
    before, after = rng.integers(low, high, (2, len(table)), endpoint=True)
    start, end = np.maximum(centre - before, 0), np.minimum(centre + after, length)
    return table.assign(start=start, end=end, centre=centre)[["contig", "start", "end", "centre", "strength"]]


def write_synthetic_genome(genome: SyntheticGenome, folder: Path) -> None:
    """Write `genome.fa` and the narrowPeak file of each class into an existing folder.

    Raises:
        OutputError: a file cannot be written.
    """
    with output_errors(folder):
        with (folder / "genome.fa").open("w", encoding="ascii") as fasta:
            for name, codes in genome.contigs.items():
                bases = decode(codes)
                lines = [bases[start : start + _LINE] for start in range(0, len(bases), _LINE)]
                fasta.write("\n".join([f">{name}", *lines, ""]))
        for name, peaks in genome.peaks.items():
            columns = peaks.assign(
                name=".", score=0, strand=".", p_value=-1, q_value=-1, summit=peaks["centre"] - peaks["start"]
            )
            order = ["contig", "start", "end", "name", "score", "strand", "strength", "p_value", "q_value", "summit"]
            columns[order].to_csv(folder / f"{name}.narrowPeak", sep="\t", header=False, index=False)
