"""Processor time of `varbind annotate` on sorted SNVs, without and with a table of `varbind precompute`.

python benchmarks/cache.py FOLDER [--records 2000] [--bank default] [--rounds 3]

The SNVs lie in generated promoter sequence, every one of them in a promoter. The runs take turns; the results of both
are compared byte by byte.
"""

from __future__ import annotations

import argparse
import os
import statistics
from pathlib import Path

from child import run_child
from material import GENE_STEP, write_files

REACH = 500
"""Bases of a promoter on each side of a start."""


def main() -> None:
    """Make the table, and print the processor seconds of both ways and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--bank", default="default")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    files = write_files(options.folder, options.records * GENE_STEP // (2 * REACH + 1) + 100)
    _keep_inside(files.vcf, options.records)
    common = ["-f", str(files.fasta), "--genes", str(files.genes), "--promoter", f"{REACH},{REACH}"]
    common += ["--bank", options.bank, "--threads", "1", "--device", "cpu", "--quiet"]
    table = str(options.folder / "table.vcf.gz")
    made = run_child(["-m", "varbind", "precompute", "-o", table, *common], environment=dict(os.environ))
    print(f"table: {made.cpu:.1f} s of processor time")
    ratios = []
    for _ in range(options.rounds):
        seconds, results = [], []
        for extra in ([], ["--cache", table]):
            out = options.folder / f"out-{len(results)}.vcf"
            words = ["-m", "varbind", "annotate", str(files.vcf), "-o", str(out), *common, *extra]
            seconds.append(run_child(words, environment=dict(os.environ)).cpu)
            results.append(out.read_bytes())
        assert results[0] == results[1], "the bytes differ"
        ratios.append(seconds[0] / seconds[1])
        print(f"without {seconds[0]:.2f} s, with {seconds[1]:.2f} s of processor time")
    print(f"{options.records:,} SNVs: {statistics.median(ratios):.1f} times less, the same bytes")


def _keep_inside(vcf: Path, records: int) -> None:
    """Keep the header and the first SNVs that lie in a promoter."""
    header, inside = [], []
    for line in vcf.read_text(encoding="ascii").splitlines(keepends=True):
        if line.startswith("#"):
            header.append(line)
        elif abs((int(line.split("\t")[1]) - 1) % GENE_STEP - GENE_STEP // 2) < REACH:
            inside.append(line)
    vcf.write_text("".join([*header, *inside[:records]]), encoding="ascii")


if __name__ == "__main__":
    main()
