"""Make the tables of transcription starts that are used where no gene file is given.

Joins two public tables of one build. The bounds of genes (ABC-Enhancer-Gene-Prediction; one line a gene, with strand,
accession and biotype) say on which strand a gene is; RefSeq Select (UCSC's ncbiRefSeqSelect; one transcript a gene,
without strand) says where its representative transcript starts. A gene whose symbol is in both, on the same
chromosome, starts where RefSeq Select says; every other gene of the bounds starts at the end of its bounds. Transcripts
that join no gene, and those on patches and alternate contigs, are left out; the header of the table counts them.

    python workflows/gene-starts/make_starts.py GRCh38 \
        --bounds abc.CollapsedGeneBounds.hg38.bed.gz --bounds-source 'ABC-Enhancer-Gene-Prediction, commit 36e212e' \
        --select ncbiRefSeqSelect.hg38.txt.gz --select-source 'UCSC ncbiRefSeqSelect, htsget_app, commit cc383e7' \
        --date 2026-11-01 -o varbind/data/starts.GRCh38.bed.gz
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

COLUMNS = ("#chrom", "start", "end", "name", "score", "strand", "gene_id", "gene_type", "transcript_id", "tag")
CHROMOSOME = re.compile(r"chr([0-9]+|X|Y)")
TAG = "RefSeq_Select"


class Bounds(NamedTuple):
    """Where a gene lies: 0-based half-open."""

    contig: str
    start: int
    end: int
    symbol: str
    strand: str
    gene_id: str
    biotype: str

    @property
    def five_prime(self) -> int:
        """0-based position of the first transcribed base."""
        return self.start if self.strand == "+" else self.end - 1


class Select(NamedTuple):
    """A RefSeq Select transcript: 0-based half-open."""

    transcript_id: str
    contig: str
    start: int
    end: int
    symbol: str

    def overlaps(self, gene: Bounds) -> bool:
        """Whether the transcript and the bounds of a gene share a base."""
        return self.contig == gene.contig and self.start < gene.end and gene.start < self.end


def read_bounds(path: Path) -> list[Bounds]:
    """Genes on whole chromosomes, in the order of the file."""
    with gzip.open(path, "rt") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        genes = [
            Bounds(
                row["#chr"],
                int(row["start"]),
                int(row["end"]),
                row["name"],
                row["strand"],
                row["Ensembl_ID"],
                row["gene_type"],
            )
            for row in rows
        ]
    return [gene for gene in genes if CHROMOSOME.fullmatch(gene.contig)]


def read_select(path: Path) -> list[Select]:
    """All transcripts, in the order of the file."""
    with gzip.open(path, "rt") as lines:
        return [Select(name, contig, int(start), int(end), symbol)
                for name, contig, start, end, symbol in csv.reader(lines, delimiter="\t")]  # fmt: skip


def strand_of(transcript: Select, genes: list[Bounds]) -> str | None:
    """The strand of the genes of a transcript's symbol that it overlaps, if they agree on one."""
    strands = {gene.strand for gene in genes if transcript.overlaps(gene)}
    return strands.pop() if len(strands) == 1 else None


def join(genes: list[Bounds], transcripts: list[Select]) -> tuple[list[tuple[object, ...]], Counter[str]]:
    """The rows of the table, unsorted, and how many there are of each kind."""
    by_symbol = defaultdict(list)
    for gene in genes:
        by_symbol[gene.symbol].append(gene)
    rows: list[tuple[object, ...]] = []
    counts: Counter[str] = Counter()
    joined = set()
    for transcript in transcripts:
        if not CHROMOSOME.fullmatch(transcript.contig):
            counts["transcripts on patches and alternate contigs, left out"] += 1
            continue
        strand = strand_of(transcript, by_symbol[transcript.symbol])
        if strand is None:
            counts["transcripts that join no gene, left out"] += 1
            continue
        gene = next(gene for gene in by_symbol[transcript.symbol] if transcript.overlaps(gene))
        joined.update(gene for gene in by_symbol[transcript.symbol] if transcript.overlaps(gene))
        start = transcript.start if strand == "+" else transcript.end - 1
        rows.append((transcript.contig, start, start + 1, gene.symbol, 0, strand, gene.gene_id, gene.biotype,
                     transcript.transcript_id, TAG))  # fmt: skip
        counts["starts of RefSeq Select"] += 1
    for gene in genes:
        if gene not in joined:
            span = (gene.contig, gene.five_prime, gene.five_prime + 1)
            rows.append((*span, gene.symbol, 0, gene.strand, gene.gene_id, gene.biotype, ".", "."))
            counts["starts of gene bounds"] += 1
    return rows, counts


def in_order(row: tuple[object, ...]) -> tuple[object, ...]:
    """Chromosomes by number, then X and Y; positions; symbols."""
    number = str(row[0]).removeprefix("chr")
    return (int(number) if number.isdigit() else 100 + ord(number), *row[1:])


def main() -> None:
    """Join and write one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", choices=("GRCh37", "GRCh38"))
    for name in ("bounds", "select"):
        parser.add_argument(f"--{name}", required=True, type=Path)
        parser.add_argument(f"--{name}-source", required=True, help="repository and commit, for the header")
    parser.add_argument("--date", required=True, help="when the sources were fetched")
    parser.add_argument("-o", dest="output", required=True, type=Path)
    options = parser.parse_args()
    rows, counts = join(read_bounds(options.bounds), read_select(options.select))
    head = [
        f"## Transcription starts of {options.build}, made by workflows/gene-starts on {options.date}",
        f"## Strand, accession, biotype: {options.bounds.name} ({options.bounds_source})",
        f"## Starts: {options.select.name} ({options.select_source})",
        *(f"## {number} {what}" for what, number in sorted(counts.items())),
        "\t".join(COLUMNS),
    ]
    text = "\n".join([*head, *("\t".join(map(str, row)) for row in sorted(set(rows), key=in_order))]) + "\n"
    with options.output.open("wb") as stream, gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed:
        packed.write(text.encode())
    print("\n".join(head[3:-1]))


if __name__ == "__main__":
    main()
