"""Networks from either source of labels and from both, to be compared on chromosome 14, which trains none of them.

    python workflows/train-bank/candidates.py DATA STATE

STATE receives the files of the sets, and these tables for each SOURCE of labels (remap, encode, both):

    candidates-SOURCE.tsv         bound regions against unbound ones of the same GC content, and against shuffles
    candidates-SOURCE-site.tsv    the same bound regions against unbound ones with the same sites of partners
    candidate-tests.tsv           regions of chromosome 14 with the labels of either source

Regions decide how well a network tells bound from unbound regions, in which partners help, and sites how well it reads
the protein's own site. The second kind is trained only for proteins that bind sequence specifically.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from regions import CHOICE, ENCODE, HELD_OUT, REMAP, SOURCES, Regions
from sets import LEAST, LEAST_HELD_OUT
from tables import write_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tables import Row

NOT_TRAINED = (*HELD_OUT, *CHOICE)


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    options = parser.parse_args()
    regions = Regions.read(options.data)
    folder = options.state / "candidates"
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        for partners, name in ((False, source), (True, f"{source}-site")):
            rows = training_sets(regions, folder, source, partners=partners, without=NOT_TRAINED)
            write_table(options.state / f"candidates-{name}.tsv", rows)
    write_table(options.state / "candidate-tests.tsv", test_sets(regions, folder))


def training_sets(
    regions: Regions, folder: Path, source: str, *, partners: bool, without: Sequence[str]
) -> Iterator[Row]:
    """Write the sets of one source, one at a time."""
    for protein in regions.labels[source]:
        wanted = regions.is_specific(protein) or not partners
        if wanted and regions.count(source, protein, without, outside=True) >= LEAST:
            path = folder / f"{protein}.{source}{'.site' if partners else ''}.tsv.gz"
            regions.write(path, source, protein, regions.training(source, protein, partners=partners, without=without))
            yield _row(protein, path, negatives="file" if partners else "file,shuffles")


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
