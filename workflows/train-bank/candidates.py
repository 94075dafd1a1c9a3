"""Networks from either source of labels and from both, to be compared on chromosome 14, which trains none of them.

    python workflows/train-bank/candidates.py DATA STATE
    python workflows/train-bank/candidates.py DATA STATE --second

STATE receives the files of the sets, and these tables for each SOURCE of labels (remap, encode, both):

    candidates-SOURCE.tsv         bound regions against unbound ones of the same GC content, and against shuffles
    candidates-SOURCE-site.tsv    with --second: against unbound ones with the same sites of partners
    candidate-tests.tsv           regions of chromosome 14 with the labels of either source

The first kind of network tells best bound from unbound regions, in which partners help, and the second reads the
protein's own site. The second kind is trained for the proteins of `choice-regions.tsv` whose network does not.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from regions import CHOICE, ENCODE, HELD_OUT, REMAP, SOURCES, Regions
from sets import LEAST, LEAST_HELD_OUT
from tables import read_table, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tables import Row

NOT_TRAINED = (*HELD_OUT, *CHOICE)


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--second", action="store_true")
    options = parser.parse_args()
    state, regions = options.state, Regions.read(options.data)
    folder = state / "candidates"
    folder.mkdir(parents=True, exist_ok=True)
    if options.second:
        choice = read_table(state / "choice-regions.tsv")
        proteins = {row["protein"] for row in choice if row["reads"] == "no" and regions.is_specific(row["protein"])}
        for source in SOURCES:
            rows = training_sets(regions, folder, source, partners=True, proteins=proteins)
            write_table(state / f"candidates-{source}-site.tsv", rows)
        return
    for source in SOURCES:
        rows = training_sets(regions, folder, source, partners=False, proteins=set(regions.labels[source]))
        write_table(state / f"candidates-{source}.tsv", rows)
    write_table(state / "candidate-tests.tsv", test_sets(regions, folder))


def training_sets(regions: Regions, folder: Path, source: str, *, partners: bool, proteins: set[str]) -> Iterator[Row]:
    """Write the sets of some proteins from one source, one at a time."""
    for protein in regions.labels[source]:
        if protein in proteins and regions.count(source, protein, NOT_TRAINED, outside=True) >= LEAST:
            path = folder / f"{protein}.{source}{'.site' if partners else ''}.tsv.gz"
            rows = regions.training(source, protein, partners=partners, without=NOT_TRAINED)
            regions.write(path, source, protein, rows)
            row = _row(protein, path, negatives="file" if partners else "file,shuffles")
            yield {**row, "default": "yes" if regions.is_specific(protein) else "no"}


def test_sets(regions: Regions, folder: Path) -> Iterator[Row]:
    """Write the sets of chromosome 14, one at a time."""
    for source in (REMAP, ENCODE):
        for protein in regions.labels[source]:
            if regions.count(source, protein, CHOICE) < LEAST_HELD_OUT:
                continue
            for task, chosen in regions.tests(source, protein, CHOICE).items():
                path = folder / f"{protein}.{source}.{task}.tsv.gz"
                regions.write(path, source, protein, chosen)
                row = _row(protein, path, negatives="shuffles" if task == "shuffled" else "file")
                yield {**row, "id": f"{protein}:{source}:{task}", "task": f"{source} {task}"}


def _row(protein: str, path: Path, *, negatives: str) -> Row:
    return {"id": protein, "protein": protein, "file": str(path.resolve()), "kind": "labels", "negatives": negatives}


if __name__ == "__main__":
    main()
