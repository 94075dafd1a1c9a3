"""Make the embedded example: a tiny reference, its genes, and variants that break and make binding sites.

    python workflows/example/make_example.py [FOLDER] [--seed 1]

Nothing in it is real. Two contigs come from order-1 Markov chains, one for promoters (GC-rich, CpG kept)
and one for the rest; consensus binding sites are planted at fixed distances from the starts of six genes;
the variants change them. The ID of a variant says what it does. Equal seeds give equal bytes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from plan import (
    CHANGES,
    CONTIGS,
    CORES,
    GENES,
    NEUTRAL,
    SECOND_TRANSCRIPT,
    SITES,
    Change,
    Gene,
    Site,
    reverse_complement,
)

EXAMPLE = Path(__file__).resolve().parents[2] / "varbind" / "data" / "example"
PROMOTER = (1_000, 500)
LINE_WIDTH = 60
SAMPLES = ("SAMPLE1", "SAMPLE2")

# Next base given the base before, rows and columns A C G T.
GENOME_CHAIN = [[33, 17, 24, 26], [35, 25, 4, 36], [29, 21, 25, 25], [22, 20, 25, 33]]
PROMOTER_CHAIN = [[19, 27, 37, 17], [17, 33, 29, 21], [18, 32, 33, 17], [11, 31, 36, 22]]


@dataclass(frozen=True, slots=True)
class Line:
    """A record before its genotypes; `pos` is 1-based."""

    contig: str
    pos: int
    name: str
    ref: str
    alts: tuple[str, ...]
    info: str = ""
    calls: tuple[str, str] | None = None


HEADER = """\
##fileformat=VCFv4.2
##source=make_example.py
##reference=reference.fa
{contigs}
##ALT=<ID=DEL,Description="Deletion">
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=LowQual,Description="QUAL below 30">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count in the samples">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Number of called alleles in the samples">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth over all samples">
##INFO=<ID=END,Number=1,Type=Integer,Description="Last base of the variant">
##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="Length of ALT minus length of REF">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of the structural variant">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth of the sample">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{samples}
"""


def main() -> None:
    """Write the four files."""
    parser = argparse.ArgumentParser(description="Make the embedded example.")
    parser.add_argument("folder", type=Path, nargs="?", default=EXAMPLE)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    contigs = {name: planted(name, random_contig(name, rng)) for name in CONTIGS}
    lines = [site_line(change, contigs) for change in CHANGES]
    lines += [neutral_line(name, contig, near, contigs, rng) for name, contig, near in NEUTRAL]
    lines.append(large_deletion(contigs))
    lines.sort(key=lambda line: (line.contig, line.pos))
    options.folder.mkdir(parents=True, exist_ok=True)
    fasta, index = fasta_and_index(contigs)
    contents = {
        "reference.fa": fasta,
        "reference.fa.fai": index,
        "genes.gtf": "".join(map(gene_lines, GENES)),
        "variants.vcf": vcf_header() + "".join(vcf_line(line, rng) for line in lines),
    }
    for name, text in contents.items():
        (options.folder / name).write_bytes(text.encode("ascii"))


def random_contig(contig: str, rng: np.random.Generator) -> str:
    """A contig from the two chains, promoters from the GC-rich one."""
    in_promoter = np.zeros(CONTIGS[contig], dtype=np.intp)
    for gene in GENES:
        if gene.contig == contig:
            start, end = gene.span(-PROMOTER[0], sum(PROMOTER))
            in_promoter[start:end] = 1
    cumulative = np.cumsum([GENOME_CHAIN, PROMOTER_CHAIN], axis=2)  # (chain, base before, base)
    draws = rng.integers(0, 100, CONTIGS[contig])
    codes = [0]
    for chain, draw in zip(in_promoter[1:], draws[1:], strict=True):
        codes.append(int(np.searchsorted(cumulative[chain, codes[-1]], draw, side="right")))
    return "".join("ACGT"[code] for code in codes)


def placed(site: Site) -> tuple[Gene, int, int]:
    """The gene of a site and its 0-based half-open span."""
    gene = next(gene for gene in GENES if gene.name == site.gene)
    return gene, *gene.span(site.offset, len(site.sequence))


def planted(contig: str, sequence: str) -> str:
    """The contig with its sites in place."""
    for site in SITES:
        gene, start, end = placed(site)
        if gene.contig == contig:
            sequence = sequence[:start] + gene.along(site.sequence) + sequence[end:]
    return sequence


def site_line(change: Change, contigs: dict[str, str]) -> Line:
    """The record of a change; alleles that would be empty take the base before."""
    site = next(site for site in SITES if site.name == change.site)
    gene, _, _ = placed(site)
    start, end = gene.span(site.offset + change.start, change.end - change.start)
    alts = tuple(gene.along(alt) for alt in change.alts)
    anchor = "" if start < end and all(alts) else contigs[gene.contig][start - 1]
    return Line(
        contig=gene.contig,
        pos=start + 1 - len(anchor),
        name=change.name,
        ref=anchor + contigs[gene.contig][start:end],
        alts=tuple(anchor + alt for alt in alts),
        calls=change.calls,
    )


def neutral_line(name: str, contig: str, near: int, contigs: dict[str, str], rng: np.random.Generator) -> Line:
    """An SNV from `near` on whose surroundings hold no planted core, with either allele."""
    sequence = contigs[contig]
    for position in range(near, near + PROMOTER[1]):
        ref = sequence[position]
        alt = str(rng.choice([base for base in "ACGT" if base != ref]))
        left, right = sequence[position - 12 : position], sequence[position + 1 : position + 13]
        strands = [left + ref + right, left + alt + right]
        strands += [reverse_complement(strand) for strand in strands]
        if not any(core in strand for core in CORES for strand in strands):
            return Line(contig, position + 1, name, ref, (alt,))
    raise AssertionError(f"no neutral position near {contig}:{near}")


def large_deletion(contigs: dict[str, str]) -> Line:
    """A symbolic deletion of the spacer."""
    site = next(site for site in SITES if site.name == "spacer")
    gene, start, end = placed(site)
    info = f";SVTYPE=DEL;END={end};SVLEN={start - end}"
    return Line(gene.contig, start, "deletes_spacer", contigs[gene.contig][start - 1], ("<DEL>",), info)


def vcf_header() -> str:
    """Everything up to the column names."""
    contigs = "\n".join(f"##contig=<ID={name},length={length}>" for name, length in CONTIGS.items())
    return HEADER.format(contigs=contigs, samples="\t".join(SAMPLES))


def vcf_line(line: Line, rng: np.random.Generator) -> str:
    """The record with drawn quality, depths and, unless given, genotypes."""
    last = len(line.alts)
    drawn = f"{rng.integers(0, last + 1)}/{last}", f"0/{1 if last > 1 else rng.integers(0, 2)}"
    calls = line.calls or drawn
    alleles = [allele for call in calls for allele in call.split("/")]
    counts = ",".join(str(alleles.count(str(number))) for number in range(1, last + 1))
    depths, qualities = rng.integers(18, 45, 2), rng.integers(40, 99, 2)
    quality = int(rng.integers(20, 400))
    columns = [line.contig, str(line.pos), line.name, line.ref, ",".join(line.alts), str(quality)]
    columns.append("PASS" if quality >= 30 else "LowQual")
    columns.append(f"AC={counts};AN={len(alleles)};DP={depths.sum()}{line.info}")
    columns.append("GT:DP:GQ")
    columns += [":".join(map(str, sample)) for sample in zip(calls, depths, qualities, strict=True)]
    return "\t".join(columns) + "\n"


def gene_lines(gene: Gene) -> str:
    """Gene, transcripts and exons in GTF, MANE_Select on the first transcript."""
    number = gene.name.removeprefix("EXAMPLE")
    common = f'gene_id "EXG{number}"; gene_name "{gene.name}"; gene_type "protein_coding";'
    text = gtf_line(gene, "gene", common)
    transcripts = [(gene, ' tag "basic"; tag "MANE_Select";')]
    if gene.name == SECOND_TRANSCRIPT.name:
        transcripts.append((SECOND_TRANSCRIPT, ' tag "basic";'))
    for order, (transcript, tags) in enumerate(transcripts, start=1):
        attributes = f'{common} transcript_id "EXT{number}.{order}"; transcript_type "protein_coding";{tags}'
        text += gtf_line(transcript, "transcript", attributes) + gtf_line(transcript, "exon", attributes)
    return text


def gtf_line(gene: Gene, feature: str, attributes: str) -> str:
    """One line; GTF counts from 1 and includes the end."""
    columns = [gene.contig, "example", feature, str(gene.start + 1), str(gene.end), ".", gene.strand, "."]
    return "\t".join([*columns, attributes]) + "\n"


def fasta_and_index(contigs: dict[str, str]) -> tuple[str, str]:
    """The reference and its faidx index."""
    fasta, index = "", ""
    for name, sequence in contigs.items():
        fasta += f">{name}\n"
        index += f"{name}\t{len(sequence)}\t{len(fasta)}\t{LINE_WIDTH}\t{LINE_WIDTH + 1}\n"
        for start in range(0, len(sequence), LINE_WIDTH):
            fasta += sequence[start : start + LINE_WIDTH] + "\n"
    return fasta, index


if __name__ == "__main__":
    main()
