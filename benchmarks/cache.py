"""Processor time of `varbind annotate` on sorted SNVs, without and with a table of `varbind precompute`.

python benchmarks/cache.py FOLDER [--promoters 34] [--bank default] [--rounds 3]

The promoters of 1,001 bases are generated sequence. They are annotated with every SNV, as a large cohort has them, with
one SNV at every base, and with one in 5 and in 50 bases. The runs take turns; the results of both are compared byte by
byte.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from child import run_child
from material import GENE_STEP, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

REACH = 500
"""Bases of a promoter on each side of a start."""

KINDS = {"every SNV": (1, 3), "an SNV at every base": (1, 1), "one in 5 bases": (5, 1), "one in 50 bases": (50, 1)}
"""By the kind of variants: the bases from a variant to the next, and the number of SNVs at a base."""


def main() -> None:
    """Make the table, and print the processor seconds of both ways and their ratio for every kind of variants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--promoters", type=int, default=34)
    parser.add_argument("--bank", default="default")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    files = write_files(options.folder, (options.promoters + 1) * GENE_STEP // 100)
    common = ["-f", str(files.fasta), "--genes", str(files.genes), "--promoter", f"{REACH},{REACH}"]
    common += ["--bank", options.bank, "--threads", "1", "--device", "cpu", "--quiet"]
    table = options.folder / "table.vcf.gz"
    made = run_child(["-m", "varbind", "precompute", "-o", str(table), *common], environment=dict(os.environ))
    print(f"table: {made.cpu:.1f} s of processor time, {table.stat().st_size:,} bytes")
    for kind, (step, most) in KINDS.items():
        lines = list(_some_of(table, step, most))
        files.vcf.write_text("".join(lines), encoding="ascii")
        ratios = [_ratio(files.vcf, table, common, options.folder) for _ in range(options.rounds)]
        snvs = sum(not line.startswith("#") for line in lines)
        print(f"{kind}: {snvs:,} SNVs, {statistics.median(ratios):.1f} times less, the same bytes", flush=True)


def _some_of(table: Path, step: int, most: int) -> Iterator[str]:
    """The header and some SNVs of a table, without their values: at most so many at each of the bases so far apart."""
    last, count = 0, 0
    with gzip.open(table, "rt", encoding="ascii") as stream:
        for line in stream:
            if line.startswith("#"):
                if line.startswith(("##fileformat", "##contig", "#CHROM")):
                    yield line
                continue
            *columns, _ = line.split("\t")
            pos = int(columns[1])
            count = count + 1 if pos == last else 0
            if pos % step == 0 and count < most:
                yield "\t".join([*columns, ".\n"])
            last = pos


def _ratio(vcf: Path, table: Path, common: list[str], folder: Path) -> float:
    """The processor time without the table relative to that with it."""
    seconds, results = [], []
    for extra in ([], ["--cache", str(table)]):
        out = folder / f"out-{len(results)}.vcf"
        words = ["-m", "varbind", "annotate", str(vcf), "-o", str(out), *common, *extra]
        seconds.append(run_child(words, environment=dict(os.environ)).cpu)
        results.append(out.read_bytes())
    assert results[0] == results[1], "the bytes differ"
    print(f"without {seconds[0]:.2f} s, with {seconds[1]:.2f} s of processor time")
    return seconds[0] / seconds[1]


if __name__ == "__main__":
    main()
