"""What a bank and its second stage say of famous promoter variants, as a Markdown table. For showing only.

python workflows/train-effect/known_sites.py DATA/known-sites EFFECT [BANK]
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
from pathlib import Path

from varbind import AnnotateSettings, Bank, annotate_vcf, load_bank

Rows = list[dict[str, str]]
KEYS = ("PHRED", "SCORE", "ACTIVITY", "ACTIVITY_SE", "LOSS_PHRED", "GAIN_PHRED", "BIND_LOSS", "BIND_GAIN")


def main() -> None:
    """Annotate them, print the table."""
    folder, effect = Path(sys.argv[1]), sys.argv[2]
    bank = load_bank(*sys.argv[3:4])
    sequences, starts = {}, []
    with gzip.open(folder / "elements.fa.gz", "rt", encoding="ascii") as text:
        for entry in text.read().split(">")[1:]:
            header, *lines = entry.splitlines()
            sequences[header.split()[0]] = "".join(lines)
            starts.append(start_of(header))
    with (folder / "sites.tsv").open(encoding="utf-8") as table:
        sites = list(csv.DictReader(table, delimiter="\t"))
    print("| gene | change | what is known | PHRED | SCORE | ACTIVITY (SE) | LOSS_PHRED | GAIN_PHRED | loss | gain |")
    print("|---|---|---|---:|---:|---:|---:|---:|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for site, values in zip(sites, annotated(Path(name), sequences, starts, sites, effect, bank), strict=True):
            print(row(site, values))


def start_of(header: str) -> str:
    """The start of an element as a line of BED6, from `NAME hg19=CONTIG:FIRST-LAST ...; TSS hg19 POSITION STRAND`."""
    name, place, *_, position, strand = header.split()
    offset = int(position) - int(place.partition(":")[2].partition("-")[0])
    return f"{name}\t{offset}\t{offset + 1}\t{name}\t0\t{strand}\n"


def annotated(folder: Path, sequences: dict[str, str], starts: list[str], sites: Rows, effect: str, bank: Bank) -> Rows:
    """Our keys of each site."""
    fasta, source, result, genes = (folder / name for name in ("ref.fa", "in.vcf", "out.vcf", "genes.bed"))
    genes.write_text("".join(starts))
    fasta.write_text("".join(f">{name}\n{bases}\n" for name, bases in sequences.items()))
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name}>" for name in sequences)]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for site in sites:
        pos = int(site["offset_in_element"]) + 1
        lines.append(f"{site['gene']}\t{pos}\t.\t{site['ref']}\t{site['alt']}\t.\t.\t.")
    source.write_text("\n".join(lines) + "\n")
    annotate_vcf(
        source,
        result,
        reference=fasta,
        genes=genes,
        bank=bank,
        settings=AnnotateSettings(everywhere=True, effect=effect),
    )
    records = [line.split("\t") for line in result.read_text().splitlines() if not line.startswith("#")]
    return [dict(word.partition("=")[::2] for word in record[7].strip().split(";")) for record in records]


def row(site: dict[str, str], values: dict[str, str]) -> str:
    """One line of the table."""
    phred, score, activity, error, loss, gain, lost, gained = (values.get(f"VARBIND_{key}", "") for key in KEYS)
    numbers = [f"{float(phred):.0f}", f"{float(score):.2f}", f"{float(activity):+.2f} ({float(error):.2f})"]
    numbers += [f"{float(loss):.0f}", f"{float(gain):.0f}", families(lost), families(gained)]
    change = f"{site['chrom_hg19']}:{site['pos_hg19']} {site['ref']}>{site['alt']}"
    return f"| {site['gene']} | {change} | {site['what']} | {' | '.join(numbers)} |"


def families(changes: str) -> str:
    """Families of the three strongest."""
    return ", ".join(change.split("|")[0].replace("_", " ") for change in changes.split("&")) if changes else ""


if __name__ == "__main__":
    main()
