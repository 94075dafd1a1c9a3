"""The SNVs to score, in generated promoter sequence, in memory and as files. The same seed gives the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES, decode
from varbind.core.window import Window, flank_of
from varbind.scoring.background import PromoterSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.deepbind import DeepBindStack
    from varbind.core.sequence import Codes

__all__ = ["SEED", "Files", "both_alleles", "cut_to", "digest", "draw_windows", "evenly", "with_window", "write_files"]

SEED = 2015
LINE = 60
STRETCH = 2_000
GENE_STEP = 3_002
"""Bases from one gene to the next: with promoters of 1,501 bases, half of the variants lie in one."""


def with_window(stacks: Sequence[DeepBindStack], window: int | None) -> list[DeepBindStack]:
    """The same networks annotated on another window; None = their own."""
    if window is None:
        return list(stacks)
    return [replace(stack, config=replace(stack.config, window=window)) for stack in stacks]


def evenly(bank: Bank, count: int) -> Bank:
    """A number of models spread evenly over a bank, so that the mixture of shapes stays about the same."""
    columns = np.linspace(0, len(bank.models) - 1, count).round().astype(int)
    return bank.select([bank.model_ids[column] for column in columns])


def draw_windows(variants: int, widest: int) -> list[Window]:
    """SNVs, each in the middle of a window of its own."""
    flank = flank_of(widest)
    ref = PromoterSource().draw(variants, 2 * flank + 1, np.random.default_rng(SEED))
    alt = ref.copy()
    alt[:, flank] = (alt[:, flank] + 1) % 4
    return [Window(*alleles, padded=False) for alleles in zip(ref, alt, strict=True)]


def cut_to(windows: Sequence[Window], lengths: Sequence[int]) -> dict[int, list[Window]]:
    """The same changes in each window length of some models."""
    flank = (len(windows[0].ref) - 1) // 2
    return {length: [window.inner(flank - flank_of(length)) for window in windows] for length in lengths}


def digest(scores: tuple[NDArray[np.float32], NDArray[np.float32]]) -> str:
    """A digest of the scores of both alleles, to compare them bit by bit."""
    return hashlib.sha256(b"".join(part.tobytes() for part in scores)).hexdigest()


def both_alleles(by_length: Mapping[int, Sequence[Window]]) -> dict[int, list[Codes]]:
    """Reference and alternate of every window, one after the other."""
    return {length: [codes for x in group for codes in (x.ref, x.alt)] for length, group in by_length.items()}


@dataclass(frozen=True, slots=True)
class Files:
    """Inputs of `varbind annotate`: a reference, genes, and SNVs in order of position."""

    fasta: Path
    genes: Path
    vcf: Path


def write_files(folder: Path, records: int) -> Files:
    """One contig with an SNV every hundred bases or so."""
    rng = np.random.default_rng(SEED)
    stretches = -(-max(100 * records, 4 * GENE_STEP) // STRETCH)
    sequence = decode(PromoterSource().draw(stretches, STRETCH, rng).ravel())
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder / "reference.fa", folder / "genes.bed", folder / "variants.vcf")
    lines = "\n".join(sequence[start : start + LINE] for start in range(0, len(sequence), LINE))
    files.fasta.write_text(f">chr1\n{lines}\n", encoding="ascii")
    files.fasta.with_suffix(".fa.fai").write_text(f"chr1\t{len(sequence)}\t6\t{LINE}\t{LINE + 1}\n", encoding="ascii")
    files.vcf.write_text(_vcf(sequence, records, rng), encoding="ascii")
    starts = range(GENE_STEP // 2, len(sequence) - GENE_STEP // 2, GENE_STEP)
    genes = "".join(f"chr1\t{start}\t{start + 1000}\tG{start}\t0\t+\n" for start in starts)
    files.genes.write_text(genes, encoding="ascii")
    return files


def _vcf(sequence: str, records: int, rng: np.random.Generator) -> str:
    header = f"##fileformat=VCFv4.2\n##contig=<ID=chr1,length={len(sequence)}>\n"
    places = np.sort(rng.choice(len(sequence), records, replace=False)).tolist()
    lines = []
    for place, step in zip(places, rng.integers(1, 4, records).tolist(), strict=True):
        ref = sequence[place]
        alt = BASES[(BASES.index(ref) + step) % 4]
        lines.append(f"chr1\t{place + 1}\t.\t{ref}\t{alt}\t.\tPASS\tDP=9\n")
    return f"{header}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{''.join(lines)}"
