"""Networks from either source of labels and from both, to be compared on chromosome 14, which trains none of them.

    python workflows/train-bank/candidates.py DATA STATE

STATE receives the files of the sets, `candidates-SOURCE.tsv` for training (remap, encode, both), and
`candidate-tests.tsv`, in which the labels of either source test all three. Candidates are trained for the proteins of
the ENCODE labels, as many as there are sources with enough bound regions; the others have no choice.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from regions import CHOICE, ENCODE, HELD_OUT, REMAP, SOURCES, Regions
from sets import LEAST, LEAST_HELD_OUT
from tables import write_table

if TYPE_CHECKING:
    from tables import Row

NOT_TRAINED = (*HELD_OUT, *CHOICE)


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    options = parser.parse_args()
    regions = Regions.read(options.data / "chipseq-hg38", options.data / "chipseq-encode2")
    folder = options.state / "candidates"
    folder.mkdir(parents=True, exist_ok=True)
    tests: list[Row] = []
    for source in (REMAP, ENCODE):
        for protein in regions.labels[source]:
            if regions.count(source, protein, CHOICE) >= LEAST_HELD_OUT:
                tests += _tests(regions, folder, source, protein)
    for source in SOURCES:
        rows = []
        for protein in regions.labels[source]:
            count = regions.count(source, protein, NOT_TRAINED, outside=True)
            if protein in regions.labels[ENCODE] and count >= LEAST:
                path = folder / f"{protein}.{source}.tsv.gz"
                regions.write(path, source, protein, regions.training(source, protein, NOT_TRAINED))
                rows.append(_row(protein, path, negatives="file,shuffles"))
        write_table(options.state / f"candidates-{source}.tsv", rows)
    write_table(options.state / "candidate-tests.tsv", tests)


def _tests(regions: Regions, folder: Path, source: str, protein: str) -> list[Row]:
    rows = []
    for task, chosen in regions.tests(source, protein, CHOICE).items():
        path = folder / f"{protein}.{source}.{task}.tsv.gz"
        regions.write(path, source, protein, chosen)
        own = _row(protein, path, negatives="shuffles" if task == "shuffled" else "file")
        rows.append({**own, "id": f"{protein}:{source}:{task}", "task": f"{source} {task}"})
    return rows


def _row(protein: str, path: Path, *, negatives: str) -> Row:
    return {"id": protein, "protein": protein, "file": str(path.resolve()), "kind": "labels", "negatives": negatives}


if __name__ == "__main__":
    main()
