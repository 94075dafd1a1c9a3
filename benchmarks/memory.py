"""Peak memory of `varbind annotate` against the size of its input: many records, many samples, long lines.

python benchmarks/memory.py [-o TABLE.md] [--largest 1.0] [--folder FOLDER]

Each kind of input is made in three sizes, tenfold larger from one to the next, on the embedded example's reference
and genes, and annotated as VCF, BGZF and BCF. Memory that is bounded does not follow the size. `--largest` scales all
sizes; at 1 the largest file has 1.5 GB. What was written is checked by its number of records.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from child import run_child

from varbind.cli.demo import copy_example

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=16000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
INFO = '##INFO=<ID={},Number=1,Type={},Description="made up">\n'
INSIDE, OUTSIDE = range(2_101, 2_901), range(7_301, 7_701)
"""Places of the example in a promoter, and in none."""

FIVE_MEGABYTES = "0123456789" * 500_000
INSIDE_SHARE = 0.03
PACKINGS = ("v", "z1", "b1")


def bases(reference: Path) -> str:
    """The example's first contig."""
    return "".join(reference.read_text().split(">")[1].splitlines()[1:])


def columns(contig: str, number: int) -> str:
    """Seven columns of an SNV; three of a hundred lie in a promoter, in runs as in a genome."""
    places = INSIDE if number % 1_000 < 1_000 * INSIDE_SHARE else OUTSIDE
    pos = places[number % len(places)]
    ref = contig[pos - 1].upper()
    return f"chr1\t{pos}\t.\t{ref}\t{'ACGT'['CGTA'.index(ref)]}\t50\tPASS"


def many_records(contig: str, count: int) -> Iterator[str]:
    """Sites without samples."""
    yield HEADER.replace("#CHROM", INFO.format("DP", "Integer") + "#CHROM") + "\n"
    for number in range(count):
        yield f"{columns(contig, number)}\tDP={number}\n"


def many_samples(contig: str, count: int) -> Iterator[str]:
    """Genotypes and depths of 5,000 samples."""
    declared = INFO.format("GT", "String") + INFO.format("DP", "Integer")
    names = "\t".join(f"S{number}" for number in range(5_000))
    yield HEADER.replace("#CHROM", declared.replace("INFO", "FORMAT") + "#CHROM") + f"\tFORMAT\t{names}\n"
    genotypes = "\t".join(f"{number % 2}/1:{number % 90}" for number in range(5_000))
    for number in range(count):
        yield f"{columns(contig, number)}\t.\tGT:DP\t{genotypes}\n"


def long_lines(contig: str, count: int) -> Iterator[str]:
    """Five megabytes of INFO in each line."""
    yield HEADER.replace("#CHROM", INFO.format("X", "String") + "#CHROM") + "\n"
    for number in range(count):
        yield f"{columns(contig, number)}\tX={FIVE_MEGABYTES}\n"


KINDS: dict[str, tuple[Callable[[str, int], Iterator[str]], int]] = {
    "records": (many_records, 5_000_000),
    "records of 5,000 samples": (many_samples, 20_000),
    "records of 5 MB": (long_lines, 300),
}


def peak_of(source: Path, example: Path, packing: str, count: int) -> float:
    """Peak memory of one run, MiB."""
    out, stats = source.with_name("out"), source.with_name("stats.json")
    words = ["-m", "varbind", "annotate", str(source), "-f", str(example / "reference.fa")]
    words += ["--genes", str(example / "genes.gtf"), "-o", str(out), "-O", packing, "--stats", str(stats), "--quiet"]
    child = run_child(words, environment=dict(os.environ))
    counts = json.loads(stats.read_text())
    if not counts["records_read"] == counts["records_written"] == counts["records_reread"] == count:
        raise RuntimeError(f"{count} records, but {counts}")
    out.unlink()
    return child.peak


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--largest", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="where the files are made; they are removed")
    options = parser.parse_args()
    rows = ["| input | file, MB | VCF, MiB | BGZF, MiB | BCF, MiB |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        example = copy_example(Path(folder, "example"))
        contig = bases(example / "reference.fa")
        source = Path(folder, "in.vcf")
        for name, (lines, largest) in KINDS.items():
            for smaller in (100, 10, 1):
                count = max(int(largest * options.largest / smaller), 1)
                with source.open("w") as stream:
                    stream.writelines(lines(contig, count))
                peaks = [f"{peak_of(source, example, packing, count):.0f}" for packing in PACKINGS]
                size = f"{source.stat().st_size / 1e6:,.1f}"
                rows.append(f"| {count:,} {name} | {size} | {' | '.join(peaks)} |")
                print(rows[-1], flush=True)
    table = "\n".join(rows) + "\n"
    print(table)
    if options.output:
        options.output.write_text(table)


if __name__ == "__main__":
    main()
