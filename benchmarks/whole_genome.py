"""A VCF like a whole genome's, with its reference and its genes: for the rate of records outside promoters.

python benchmarks/whole_genome.py FOLDER PIECE.fa [PIECE.fa ...] [--records 5000000] [--inside 0.03] [--megabases 250]

The reference is made of stretches of the pieces, in contigs of equal length; genes are spread evenly, so
that the share `--inside` of all records lies within 1000 bases upstream and 500 downstream of a start.
Written are reference.fa, genes.bed, sites.vcf (no sample) and sample.vcf (one sample). The same seed gives
the same bytes.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pysam

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTIGS = 10
PROMOTER = 1501
LINE = 60
STRETCH = 100_000
HEADER = """##fileformat=VCFv4.2
##FILTER=<ID=PASS,Description="All filters passed">
{contigs}##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Number of alleles">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=MQ,Number=1,Type=Float,Description="Mapping quality">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allelic depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"""


def main() -> None:
    """Write the four files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pieces", nargs="+")
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--inside", type=float, default=0.03)
    parser.add_argument("--megabases", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    length = options.megabases * 1_000_000 // CONTIGS
    names = [f"chr{number}" for number in range(1, CONTIGS + 1)]
    known = [run for piece in options.pieces for run in known_runs(piece)]
    options.folder.mkdir(parents=True, exist_ok=True)
    header = HEADER.format(contigs="".join(f"##contig=<ID={name},length={length}>\n" for name in names))
    with (
        (options.folder / "reference.fa").open("w") as fasta,
        (options.folder / "genes.bed").open("w") as genes,
        (options.folder / "sites.vcf").open("w") as sites,
        (options.folder / "sample.vcf").open("w") as sample,
    ):
        sites.write(f"{header}\n")
        sample.write(f"{header}\tFORMAT\tNA1\n")
        for name in names:
            sequence = tiled(known, length, rng)
            write_contig(fasta, name, sequence)
            write_genes(genes, name, length, options.inside, rng)
            for columns, genotype in records(name, sequence, options.records // CONTIGS, rng):
                sites.write(f"{columns}\n")
                sample.write(f"{columns}\t{genotype}\n")


def known_runs(piece: str) -> list[str]:
    """Stretches of definite sequence of a FASTA, the long ones."""
    with pysam.FastaFile(piece) as fasta:
        text = "".join(fasta.fetch(name) for name in fasta.references)
    return [run for run in re.findall(r"[ACGTacgt]+", text) if len(run) >= STRETCH]


def tiled(known: list[str], length: int, rng: np.random.Generator) -> str:
    """A contig of random stretches of known sequence."""
    parts = []
    for _ in range(-(-length // STRETCH)):
        run = known[rng.integers(len(known))]
        start = rng.integers(len(run) - STRETCH + 1)
        parts.append(run[start : start + STRETCH])
    return "".join(parts)[:length]


def write_contig(fasta: TextIO, name: str, sequence: str) -> None:
    """One contig in lines of equal length."""
    lines = "\n".join(sequence[start : start + LINE] for start in range(0, len(sequence), LINE))
    fasta.write(f">{name}\n{lines}\n")


def write_genes(genes: TextIO, name: str, length: int, inside: float, rng: np.random.Generator) -> None:
    """BED lines of genes whose promoters cover the share `inside` of the contig."""
    step = int(PROMOTER / inside)
    for number, start in enumerate(range(step // 2, length - step // 2, step)):
        strand = "+-"[rng.integers(2)]
        genes.write(f"{name}\t{start}\t{start + 5000}\t{name}G{number}\t0\t{strand}\n")


def records(name: str, sequence: str, count: int, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Eight columns, and the two of one sample: 85 % SNVs, 12 % indels, 3 % of two alternates."""
    positions = np.sort(rng.integers(1000, len(sequence) - 1000, count))
    draws = zip(
        positions.tolist(),
        rng.random(count).tolist(),
        rng.integers(0, 1 << 30, (count, 4)).tolist(),
        strict=True,
    )
    for pos, share, (one, two, depth, quality) in draws:
        ref, alts = alleles(sequence, pos, share, one, two)
        info = f"AC={1 + one % 3};AF={two % 1000 / 1000};AN=4;DP={depth % 97};MQ={quality % 6000 / 100}"
        rs = f"rs{one}" if two % 2 else "."
        columns = f"{name}\t{pos}\t{rs}\t{ref}\t{alts}\t{quality % 99_999 / 100}\tPASS\t{info}"
        counts = f"{depth % 53},{depth % 47}"
        likelihoods = f"{quality % 1999},0,{depth % 1777}"
        yield columns, f"GT:AD:DP:GQ:PL\t0/1:{counts}:{depth % 97}:{quality % 100}:{likelihoods}"


def alleles(sequence: str, pos: int, share: float, one: int, two: int) -> tuple[str, str]:
    """REF and ALT at a 1-based position; insertions and deletions are left-aligned, as callers write them."""
    ref = sequence[pos - 1].upper()
    others = "ACGT".replace(ref, "")
    longer = sequence[pos - 1 : pos + 1 + one % 8].upper()
    if 0.85 <= share < 0.91 and longer[-1] != ref:
        return longer, ref
    if 0.91 <= share < 0.97:
        return ref, ref + "".join("ACGT"[two >> 2 * base & 3] for base in range(one % 8)) + others[one % 3]
    if share >= 0.97:
        return ref, f"{others[one % 3]},{others[(one + 1) % 3]}"
    return ref, others[one % 3]


if __name__ == "__main__":
    main()
