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
from sets import LEAST, region_tests, silent
from tables import write_table

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
        proteins = set(filter(regions.is_specific, silent(state)))
        for source in SOURCES:
            rows = training_sets(regions, folder, source, partners=True, proteins=proteins)
            write_table(state / f"candidates-{source}-site.tsv", rows)
        return
    for source in SOURCES:
        rows = training_sets(regions, folder, source, partners=False, proteins=set(regions.labels[source]))
        write_table(state / f"candidates-{source}.tsv", rows)
    tests = region_tests(regions, folder, CHOICE, {REMAP: "remap ", ENCODE: "encode "}, partners=True)
    write_table(state / "candidate-tests.tsv", tests)


def training_sets(regions: Regions, folder: Path, source: str, *, partners: bool, proteins: set[str]) -> Iterator[Row]:
    """Write the sets of some proteins from one source, one at a time."""
    for protein in regions.labels[source]:
        if protein in proteins and regions.count(source, protein, NOT_TRAINED, outside=True) >= LEAST:
            path = folder / f"{protein}.{source}{'.site' if partners else ''}.tsv.gz"
            rows = regions.training(source, protein, partners=partners, without=NOT_TRAINED)
            regions.write(path, source, protein, rows)
            yield {
                "id": protein,
                "protein": protein,
                "file": str(path.resolve()),
                "kind": "labels",
                "negatives": "file" if partners else "file,shuffles",
                "default": "yes" if regions.is_specific(protein) else "no",
            }


if __name__ == "__main__":
    main()
