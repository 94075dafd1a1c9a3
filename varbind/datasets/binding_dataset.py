"""Data sets of binding: their descriptions, one by one or in a table, and the data that networks are trained on."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from varbind.bank.model_card import ID_CHARACTERS_MAX, is_model_id
from varbind.datasets.text_input import numbered_lines, read_table
from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from varbind.core.sequence_set import SequenceSet

__all__ = [
    "BindingData",
    "BindingDataset",
    "DataFacts",
    "DataKind",
    "NegativeSource",
    "is_dataset_table",
    "origin_of",
    "read_dataset_table",
    "refuse_equal_ids",
]

NOT_STATED = "not stated"


class DataKind(StrEnum):
    """The kind of data in a file.

    `PEAKS` are intervals on a reference and `BOUND` are bound sequences; the negatives of both are dinucleotide
    shuffles. `LABELS` are sequences with 0 or 1, `VALUES` sequences with a number, and `INTENSITIES` sequences with a
    positive number whose logarithm is used. `MATRIX` is a known motif, which is used without training.
    """

    PEAKS = "peaks"
    BOUND = "bound"
    LABELS = "labels"
    VALUES = "values"
    INTENSITIES = "intensities"
    MATRIX = "matrix"


class NegativeSource(StrEnum):
    """A source of negatives for labelled sequences.

    `FILE` are the unbound sequences of the file, `GC_MATCHED` one of these for each bound sequence with a similar GC
    content, and `SHUFFLES` dinucleotide shuffles of the bound sequences.
    """

    FILE = "file"
    GC_MATCHED = "gc-matched"
    SHUFFLES = "shuffles"


@dataclass(frozen=True, slots=True)
class BindingDataset:
    """The data set of one protein.

    Attributes:
        id: unique id, which is the id of the model.
        protein: name of the protein.
        file: path of the data.
        family: family that is counted as one; empty = the name of the protein.
        kind: kind of the data; None = detected from the content.
        fasta: path of the reference genome of peaks; empty for other data.
        species: species of the protein.
        assay: how binding was measured.
        experiment: cell line, array, or other detail.
        licence: licence of the data.
        default: whether annotation uses the model by default.
        negatives: sources of the negatives; empty = the default for the kind.
        matrix: name of the matrix in the file; empty = the id.
        task: name of the group of data sets that an evaluation averages.
        part: the rows of a table that are used, by their value in its column `set`; empty = all rows.
        unbound: path of sequences with which bound ones are compared, such as the reads of an earlier round of SELEX;
            empty = none.
    """

    id: str
    protein: str
    file: str
    family: str = ""
    kind: DataKind | None = None
    fasta: str = ""
    species: str = NOT_STATED
    assay: str = NOT_STATED
    experiment: str = NOT_STATED
    licence: str = NOT_STATED
    default: bool = True
    negatives: tuple[NegativeSource, ...] = ()
    matrix: str = ""
    task: str = ""
    part: str = ""
    unbound: str = ""

    def seed_from(self, seed: int) -> int:
        """Return the seed of this data set, which does not depend on other data sets."""
        return zlib.crc32(f"{seed}:{self.id}".encode())

    def __post_init__(self) -> None:
        if not is_model_id(self.id):
            what = f"the id {self.id!r} cannot name a model"
            raise InputError(what, remedy=f"use up to {ID_CHARACTERS_MAX} letters without blanks and slashes")
        for name in ("protein", "family", "species", "assay", "experiment", "licence", "matrix", "task", "part"):
            _require_printable(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class BindingData:
    """The training data of one network.

    Attributes:
        sequences: N sequences of any lengths.
        targets: labels (1 bound, 0 unbound) or measured values, (N,).
        groups: number of the group of each sequence, such as its chromosome, (N,); folds never split a group.
        is_classification: whether the targets are labels.
    """

    sequences: SequenceSet
    targets: NDArray[np.float32]
    groups: NDArray[np.int64]
    is_classification: bool


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What the model card states about the data.

    Attributes:
        file: name of the file, without its folder.
        sha256: SHA-256 of the file.
        kind: kind of the data.
        sequences: number of sequences in the training, negatives included.
        length: number of bases of each sequence; if they differ, those of the shortest and of the longest one.
        bound: number of bound sequences; None for measured values.
        negatives: sources of the negatives; None for measured values.
        folds: what is never split between folds.
        unused: number of peaks that were left out, by reason.
        examples_sha256: SHA-256 of all that the network is trained on, in order.
        part: the rows of the file that are used, by their value in its column `set`; empty = all rows.
    """

    file: str
    sha256: str
    kind: DataKind
    sequences: int
    length: int | tuple[int, int]
    bound: int | None
    negatives: str | None
    folds: str
    unused: Mapping[str, int] = field(default_factory=dict)
    examples_sha256: str = ""
    part: str = ""

    @property
    def measure(self) -> str:
        """The metric by which networks are rated."""
        return "minus mean squared error" if self.bound is None else "AUC"

    @property
    def origin(self) -> str:
        """What the data was read from: the SHA-256 of the file, and the part of it that is used, if not all."""
        return origin_of(self.sha256, self.part)

    def as_dict(self) -> dict[str, Any]:
        """Return the entries of the model card, where a missing part is all rows."""
        stated = {**asdict(self), "kind": str(self.kind), "unused": dict(self.unused)}
        if not self.part:
            del stated["part"]
        return stated


def origin_of(sha256: str, part: str) -> str:
    """Name the rows of a file by its SHA-256 and their part, if it is not all of them."""
    return f"{sha256}:{part}" if part else sha256


def _require_printable(name: str, text: str) -> None:
    if not text.isprintable():
        what = f"the {name} is {text!r}, which has a character that cannot be printed"
        raise InputError(what, remedy="correct it")


def is_dataset_table(path: str) -> bool:
    """Return whether the first line of a file names the columns `protein` and `file`."""
    _, first = next(numbered_lines(path), (0, ""))
    return {"protein", "file"} <= set(first.split("\t"))


def refuse_equal_ids(sets: Sequence[BindingDataset]) -> None:
    """Refuse data sets with the same id.

    Raises:
        UsageError: two data sets have the same id.
    """
    if len({dataset.id for dataset in sets}) < len(sets):
        raise UsageError("two data sets have the same id", remedy="give each another id")


def read_dataset_table(path: str, *, fasta: str = "") -> list[BindingDataset]:
    """Read a table of data sets, tab-separated with a header.

    The columns are the fields of `BindingDataset`; `protein` and `file` are required, `id` defaults to the protein, and
    an empty cell or `.` is a field that is not stated. Relative paths are relative to the folder of the table.

    Args:
        path: path of the table.
        fasta: reference genome of peaks in rows that name none.

    Raises:
        InputError: a column is unknown, or a row is malformed or repeats an id.
    """
    table = read_table(path, partial(_check_columns, path))
    sets: dict[str, BindingDataset] = {}
    for line, cells in zip(table.index.tolist(), table.to_dict("records"), strict=True):
        stated = {str(name): cell for name, cell in cells.items() if cell.strip() not in {"", "."}}
        dataset = _set(stated, path, line, fasta)
        if dataset.id in sets:
            what = f"the id {dataset.id} is given twice"
            raise InputError(what, path=path, line=line, remedy="give each data set another id")
        sets[dataset.id] = dataset
    if not sets:
        raise InputError("has no data sets", path=path, remedy="give a row for each protein")
    return list(sets.values())


def _check_columns(path: str, columns: Sequence[str], line: int) -> None:
    known = [field.name for field in fields(BindingDataset)]
    for name in columns:
        if name not in known:
            what = f"the column {name!r} is unknown, expected any of {', '.join(known)}"
            raise InputError(what, path=path, line=line, remedy="rename or remove it")
        if columns.count(name) > 1:
            raise InputError(f"the column {name!r} is given twice", path=path, line=line, remedy="remove one of them")


def _set(stated: Mapping[str, str], path: str, line: int, fasta: str) -> BindingDataset:
    """The data set of one row."""
    for name in ("protein", "file"):
        if name not in stated:
            raise InputError(f"no {name} is stated", path=path, line=line, remedy="fill the cell")
    texts = dict(stated)
    kind = _one_of("kind", texts.pop("kind", None), DataKind, path, line)
    default = texts.pop("default", "yes")
    if default not in {"yes", "no"}:
        raise InputError(f"the default is {default!r}, expected yes or no", path=path, line=line)
    words = [word.strip() for word in texts.pop("negatives", "").split(",") if word.strip()]
    negatives = tuple(_one_of("negatives", word, NegativeSource, path, line) for word in words)
    folder = Path(path).parent
    try:
        for name in [name for name in ("file", "fasta", "unbound") if name in texts]:
            _require_printable(name, texts[name])
            texts[name] = str(folder / texts[name])
        texts = {"id": texts["protein"], "fasta": fasta, **texts}
        return BindingDataset(**texts, kind=kind, default=default == "yes", negatives=negatives)
    except InputError as error:
        raise InputError(error.what, path=path, line=line, remedy=error.remedy) from error


def _one_of(name: str, word: str | None, choices: Iterable[Any], path: str, line: int) -> Any:
    """Return the choice that a word names; None for None."""
    known = {str(choice): choice for choice in choices}
    if word is not None and word not in known:
        raise InputError(f"the {name} is {word!r}, expected one of {', '.join(known)}", path=path, line=line)
    return None if word is None else known[word]
