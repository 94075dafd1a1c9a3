"""Which networks that were trained on HT-SELEX reads replace the matrices of their proteins.

    python workflows/train-bank/choose_selex.py STATE

Reads the evaluation of both on the test reads and on chromosome 14, and writes STATE/selex-choice.tsv. A network passes
if it is better than the matrix on the half of the test reads that decides, and not worse on chromosome 14 where there
are labels of its protein. The matrix may have been made of the test reads, the network was not.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from regions import TASKS
from tables import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

NETWORK, MATRIX = "selex-shuffles", "matrix"
DECIDING, REPORTED = "deciding half", "reported half"
COLUMNS = (
    "protein",
    "network",
    "matrix",
    "network_reported",
    "matrix_reported",
    "network_chip",
    "matrix_chip",
    "passed",
)


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    state = parser.parse_args().state
    areas: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for row in read_table(state / "selex-results" / "results.tsv"):
        areas[row["protein"]][row["task"], row["method"]] = float(row["auc"])
    lines = ["\t".join(COLUMNS), *(line(protein, areas[protein]) for protein in sorted(areas)), ""]
    (state / "selex-choice.tsv").write_text("\n".join(lines))


def line(protein: str, areas: Mapping[tuple[str, str], float]) -> str:
    """The row of one protein."""
    on_chip = {
        method: [area for (task, own), area in areas.items() if own == method and task.split()[-1] in TASKS]
        for method in (NETWORK, MATRIX)
    }
    chip = {method: fmean(found) if found else None for method, found in on_chip.items()}
    passed = areas[DECIDING, NETWORK] > areas[DECIDING, MATRIX]
    if chip[NETWORK] is not None and chip[MATRIX] is not None:
        passed = passed and chip[NETWORK] >= chip[MATRIX]
    halves = [areas[half, method] for half in (DECIDING, REPORTED) for method in (NETWORK, MATRIX)]
    numbers = ["" if value is None else f"{value:.4f}" for value in [*halves, chip[NETWORK], chip[MATRIX]]]
    return "\t".join([protein, *numbers, "yes" if passed else "no"])


if __name__ == "__main__":
    main()
