"""The inputs of `scale.py`: a genome with genes, and SNVs of which a stated share lies in promoters.

The same seed gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pysam
from material import SEED, Files, write_files

from varbind.core.sequence import BASES, decode
from varbind.core.tss import Promoter
from varbind.scoring.background import PromoterSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["CONTIG", "REACH", "Genome", "cohort_lines", "site_lines", "write_bgzf", "write_genome"]

REACH = Promoter()
CONTIG = "chr1"
CARRIERS = 0.001
"""The share of samples with an alternate allele: most sites of a large cohort are rare."""
_CELL = b"0/0:31\t"
_FILLER = 1_000_000
_STRETCH = 2_000
_HEADER = """##fileformat=VCFv4.2
##contig=<ID={contig},length={length}>
##INFO=<ID=AN,Number=1,Type=Integer,Description="Number of alleles">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"""


@dataclass(frozen=True, slots=True)
class Genome:
    """One contig, whose end has genes.

    Attributes:
        files: the paths of the reference and of the genes.
        end: the bases of the part with genes.
        before: the number of bases before that part.
        inside: which bases of the part lie in promoters, bool (N,).
    """

    files: Files
    end: str
    before: int
    inside: NDArray[np.bool_]

    @classmethod
    def made(cls, folder: Path, bases: int, *, length: int = 0) -> Genome:
        """Write the reference and the genes.

        Args:
            folder: the folder of the files.
            bases: the number of bases of the part with genes, about.
            length: the number of bases of the contig, if that is more.
        """
        files = write_files(folder, bases // 100)
        end = "".join(files.fasta.read_text(encoding="ascii").splitlines()[1:])
        before = max(length - len(end), 0)
        inside = np.zeros(len(end), dtype=np.bool_)
        for start in gene_starts(files):
            inside[start - REACH.upstream : start + REACH.downstream + 1] = True
        if before:
            files = _moved(files, end, before)
        return cls(files, end, before, inside)

    @property
    def length(self) -> int:
        """The number of bases of the contig."""
        return self.before + len(self.end)

    def with_genes(self, count: int) -> Files:
        """The files with the first genes only."""
        genes = self.files.genes.with_name(f"genes-{count}.bed")
        lines = self.files.genes.read_text(encoding="ascii").splitlines(keepends=True)
        genes.write_text("".join(lines[:count]), encoding="ascii")
        return replace(self.files, genes=genes)

    def snvs(self, count: int, inside: float) -> Iterator[tuple[int, str, str]]:
        """SNVs in order, none twice: the 1-based position, REF and ALT.

        Args:
            count: their number.
            inside: the share of them that lies in promoters.
        """
        rng = np.random.default_rng(SEED)
        n_inside = round(count * inside)
        parts = [(self.inside, n_inside), (~self.inside, count - n_inside)]
        drawn = np.concatenate([_drawn(np.flatnonzero(mask), number, rng) for mask, number in parts])
        for number in np.sort(drawn).tolist():
            place, step = divmod(number, 3)
            ref = self.end[place]
            yield self.before + place + 1, ref, BASES[(BASES.index(ref) + step + 1) % 4]


def gene_starts(files: Files) -> list[int]:
    """The 0-based transcription starts."""
    return [int(line.split("\t")[1]) for line in files.genes.read_text(encoding="ascii").splitlines()]


def _drawn(places: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Different SNVs of some places, as three times the place plus 0, 1 or 2."""
    numbers = rng.choice(3 * len(places), count, replace=False, shuffle=False)
    return places[numbers // 3] * 3 + numbers % 3


def _moved(files: Files, end: str, before: int) -> Files:
    """The same genes behind so many further bases."""
    write_genome(files.fasta, {CONTIG: before + len(end)})
    with files.fasta.open("r+", encoding="ascii") as out:
        out.seek(len(f">{CONTIG}\n") + before)
        out.write(end)
    rows = [line.split("\t") for line in files.genes.read_text(encoding="ascii").splitlines(keepends=True)]
    moved = ["\t".join([row[0], *(str(before + int(place)) for place in row[1:3]), *row[3:]]) for row in rows]
    files.genes.write_text("".join(moved), encoding="ascii")
    return files


def write_genome(fasta: Path, lengths: Mapping[str, int]) -> None:
    """Write contigs of these lengths, with the same generated promoter sequence again and again, and their index."""
    rng = np.random.default_rng(SEED)
    filler = decode(PromoterSource().draw(_FILLER // _STRETCH, _STRETCH, rng).ravel())
    index, offset = [], 0
    with fasta.open("w", encoding="ascii") as out:
        for name, length in lengths.items():
            offset += out.write(f">{name}\n")
            index.append(f"{name}\t{length}\t{offset}\t{length}\t{length + 1}\n")
            for start in range(0, length, _FILLER):
                offset += out.write(filler[: length - start])
            offset += out.write("\n")
    fasta.with_suffix(".fa.fai").write_text("".join(index), encoding="ascii")


def site_lines(genome: Genome, count: int, inside: float) -> Iterator[bytes]:
    """A VCF without samples."""
    yield _HEADER.format(contig=CONTIG, length=genome.length).encode() + b"\n"
    for pos, ref, alt in genome.snvs(count, inside):
        yield f"{CONTIG}\t{pos}\t.\t{ref}\t{alt}\t50\tPASS\tAN=2\n".encode()


def cohort_lines(genome: Genome, count: int, inside: float, samples: int) -> Iterator[bytes]:
    """A VCF with a genotype and a depth of every sample."""
    names = "\t".join(f"S{number:07}" for number in range(samples))
    yield f"{_HEADER.format(contig=CONTIG, length=genome.length)}\tFORMAT\t{names}\n".encode()
    rng = np.random.default_rng(SEED)
    cells = np.tile(np.frombuffer(_CELL, dtype=np.uint8), (samples, 1))
    cells[-1, -1] = ord("\n")
    for pos, ref, alt in genome.snvs(count, inside):
        cells[:, 2] = ord("0") + (rng.random(samples) < CARRIERS)
        cells[:, 4:6] = ord("1") + rng.integers(0, 9, (samples, 2))
        start = f"{CONTIG}\t{pos}\t.\t{ref}\t{alt}\t50\tPASS\tAN={2 * samples}\tGT:DP\t"
        yield start.encode() + cells.tobytes()


def write_bgzf(path: Path, lines: Iterator[bytes]) -> None:
    """Write lines as BGZF."""
    with pysam.BGZFile(str(path), "wb") as out:
        for line in lines:
            out.write(line)
