"""The networks of Zeng et al. (2016, section 3.4) on fewer and fewer peaks.

    python workflows/experiments/zeng/size.py DATA STATE [--sizes NUMBERS] [--networks NAMES] [--batches N]

DATA is the folder with the training peaks (`*_AC.seq.gz`). Sets with as many peaks as the largest size are split as if
they had each of the sizes, but keep all test sequences. The settings of the networks are those that `discovery.py
settings` chose in the same STATE, and the sets on which they were chosen are left out. What is finished is kept in
STATE, one file for each set and size, and is not computed again.

The paper has 112 sets of 40,000, 10,000 and 2,500 peaks. What was run here, and which claims failed, is in
workflows/README.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import torch
from network_areas import area_of, best_settings, methods_named
from peak_sets import CHOOSING, read_set, set_files

SIZES = (10_000, 2_500, 625)


def main() -> None:
    """Train the networks on each set and size that is not finished."""
    options = parse_options()
    torch.set_num_threads(1)
    options.state.mkdir(parents=True, exist_ok=True)
    settings = best_settings(options.state, methods_named(options.networks))
    for name, path in set_files(options.data).items():
        if name in CHOOSING or (options.only and name not in options.only.split(",")):
            continue
        whole = read_set(name, path)
        if whole.peaks < max(options.sizes):
            continue
        for size in options.sizes:
            destination = options.state / f"size.{name}.{size}.tsv"
            if destination.exists():
                continue
            fewer = whole.down_sampled(size)
            rows = [{"size": size} | area_of(*pair, fewer, options.batches) for pair in settings.items()]
            pd.DataFrame(rows).to_csv(destination, sep="\t", index=False, float_format="%.6g")
            print(name, size, {row["network"]: round(row["auc"], 3) for row in rows}, flush=True)


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--sizes", type=sizes_of, default=SIZES, help="numbers of peaks, separated by commas")
    parser.add_argument("--networks", help="names of networks, separated by commas; all if absent")
    parser.add_argument("--batches", type=int, default=5_000, help="number of mini-batches")
    parser.add_argument("--only", help="names of sets, separated by commas")
    return parser.parse_args()


def sizes_of(words: str) -> tuple[int, ...]:
    """The numbers of the option."""
    return tuple(int(word) for word in words.split(","))


if __name__ == "__main__":
    main()
