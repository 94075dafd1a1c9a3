"""Sets from HT-SELEX reads (Yin et al. 2017), of which only the support vectors of published machines are at hand.

    python workflows/train-bank/selex.py DATA STATE [--machine]

The reads are not a sample: clear ones are absent, and the larger the weight of a read, the more doubtful it is. There
are three recipes, each with a file for every protein and a table of sets:

    selex-reads.tsv     selected reads with a weight below 1, against background reads of other proteins
    selex-shuffles.tsv  the same, and dinucleotide shuffles of the selected reads
    selex-machine.tsv   with --machine, both kinds of reads with the score of the published machine as a measured value

A fifth of the selected reads with a weight below 1 test, in two halves: the first decides, the second is reported.
Equal reads are on one side. The background of the tests comes from proteins that give no background to the training,
and no background read of the training is in it. The machine is evaluated without the support vectors that test.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from gkm_svm import GkmSvm
from sets import matrix_sets
from tables import read_table, write_table

from varbind.core.sequence import Codes, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray
    from tables import Row

MACHINE = "machine"
RECIPES = {"reads": ("labels", "file"), "shuffles": ("labels", "file,shuffles"), MACHINE: ("values", "")}
"""Kind of the data and negatives, by recipe."""

TESTED_OF_FIVE = 1
LEAST_BACKGROUND = 2_000
MOST_TESTED = 2_000


@dataclass(frozen=True, slots=True)
class Reads:
    """The reads of one protein.

    Attributes:
        sequences: 40 letters ACGT each; a read with N is not there.
        selected: whether each was selected or is background.
        weights: the weight of each as a support vector, signed.
    """

    sequences: NDArray[np.str_]
    selected: NDArray[np.bool_]
    weights: NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> Reads:
        """Read a file of a sequence, a label and a weight a line."""
        with gzip.open(path, "rt", encoding="ascii") as text:
            rows = [row for row in csv.reader(text, delimiter="\t") if "N" not in row[0]]
        sequences, labels, weights = map(np.array, zip(*rows, strict=True))
        return cls(sequences, labels == "1", weights.astype(np.float64))

    @property
    def clear(self) -> NDArray[np.str_]:
        """Selected reads that the machine does not misclassify, each once."""
        return np.unique(self.sequences[self.selected & (self.weights < 1)])

    @property
    def background(self) -> NDArray[np.str_]:
        """Background reads, each once."""
        return np.unique(self.sequences[~self.selected])

    def machine(self, row: Mapping[str, str], without: Iterable[str]) -> GkmSvm:
        """The published machine, without some of its support vectors."""
        kept = ~np.isin(self.sequences, list(without))
        return GkmSvm(
            codes_of(self.sequences[kept]),
            self.weights[kept],
            float(row["rho"]),
            word=int(row["L"]),
            letters=int(row["k"]),
            mismatches=int(row["d"]),
        )


def main() -> None:
    """Write the files and tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--machine", action="store_true")
    options = parser.parse_args()
    recipes = {name: recipe for name, recipe in RECIPES.items() if name != MACHINE or options.machine}
    folder, state = options.data / "selex-yin2017", options.state / "selex"
    state.mkdir(parents=True, exist_ok=True)
    rows = {row["tf"]: row for row in read_table(folder / "datasets.tsv")}
    reads = {tf: Reads.read(folder / row["model"].replace(".model.txt", ".sv.tsv.gz")) for tf, row in rows.items()}
    trained, tested = (backgrounds(reads, tests=tests) for tests in (False, True))
    sets: dict[str, list[Row]] = {recipe: [] for recipe in recipes}
    test_sets: list[Row] = []
    for protein, own in reads.items():
        training, testing = split(own.clear)
        rng = np.random.default_rng([zlib.crc32(protein.encode()), 5])
        unbound = drawn(trained, protein, max(len(training), LEAST_BACKGROUND), rng)
        labelled = np.concatenate([training, unbound])
        for recipe, (kind, negatives) in recipes.items():
            path = state / f"{protein}.{'machine' if kind == 'values' else 'reads'}.tsv.gz"
            if kind == "values":
                write(path, "value", labelled, own.machine(rows[protein], testing).scores(codes_of(labelled)))
            else:
                write(path, "label", labelled, np.arange(len(labelled)) < len(training))
            sets[recipe].append(_row(protein, path, kind, negatives))
        other = drawn(tested, protein, 2 * MOST_TESTED, rng)
        for half, positives in enumerate(halves(testing)):
            mixed = np.concatenate([positives, other[half * MOST_TESTED : (half + 1) * MOST_TESTED]])
            path = state / f"{protein}.test-{half + 1}.tsv.gz"
            write(path, "label", mixed, np.arange(len(mixed)) < len(positives))
            row = _row(protein, path, "labels", "file")
            test_sets.append({**row, "id": f"{protein}:{half + 1}", "task": ("deciding half", "reported half")[half]})
    for recipe, found in sets.items():
        write_table(options.state / f"selex-{recipe}.tsv", found)
    on_regions = [row for row in read_table(options.state / "candidate-tests.tsv") if row["protein"] in reads]
    write_table(options.state / "selex-tests.tsv", [*test_sets, *on_regions])
    matrices = [row for row in matrix_sets(options.data / "pwm", {}) if row["protein"] in reads]
    write_table(options.state / "selex-matrices.tsv", matrices)


def split(sequences: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Reads for training and for testing."""
    tested = np.array([zlib.crc32(read.encode()) % 5 < TESTED_OF_FIVE for read in sequences.tolist()], dtype=bool)
    return sequences[~tested], sequences[tested]


def halves(sequences: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """The half that decides and the half that is reported, each of `MOST_TESTED` at most."""
    first = np.array([zlib.crc32(read.encode()) // 5 % 2 == 0 for read in sequences.tolist()], dtype=bool)
    return sequences[first][:MOST_TESTED], sequences[~first][:MOST_TESTED]


def backgrounds(reads: Mapping[str, Reads], *, tests: bool) -> dict[str, NDArray[np.str_]]:
    """The background reads of the proteins that give background to tests, or of those that give it to training."""
    names = [name for name in reads if (zlib.crc32(name.encode()) % 2 == 1) == tests]
    found = {name: reads[name].background for name in names}
    if tests:
        trained = np.unique(np.concatenate(list(backgrounds(reads, tests=False).values())))
        found = {name: np.setdiff1d(own, trained, assume_unique=True) for name, own in found.items()}
    return found


def drawn(pool: Mapping[str, NDArray[np.str_]], protein: str, count: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """Draw different background reads, `count` of them, from all proteins but one."""
    others = np.concatenate([own for name, own in pool.items() if name != protein])
    rows = rng.permutation(len(others))[: 2 * count]
    return np.array(list(dict.fromkeys(others[rows].tolist()))[:count])


def codes_of(sequences: NDArray[np.str_]) -> Codes:
    """Base codes of reads of one length, (N, length)."""
    return encode("".join(sequences.tolist())).reshape(len(sequences), -1)


def write(path: Path, column: str, sequences: NDArray[np.str_], values: NDArray[np.generic]) -> None:
    """Write a table of sequences with labels or values."""
    cells = [f"{value:d}" if column == "label" else f"{value:.4f}" for value in values.tolist()]
    lines = [f"sequence\t{column}", *map("\t".join, zip(sequences.tolist(), cells, strict=True)), ""]
    path.write_bytes(gzip.compress("\n".join(lines).encode(), compresslevel=1, mtime=0))


def _row(protein: str, path: Path, kind: str, negatives: str) -> Row:
    return {"id": protein, "protein": protein, "file": str(path.resolve()), "kind": kind, "negatives": negatives}


if __name__ == "__main__":
    main()
