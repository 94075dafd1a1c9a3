"""What to train on: one file of one protein, or a table that names many."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from varbind.bank.model_card import ID_CHARACTERS_MAX, is_model_id
from varbind.datasets.text_input import numbered_lines
from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Kind", "Negatives", "TrainingSet", "is_set_table", "read_set_table", "refuse_equal_ids"]

NOT_STATED = "not stated"


class Kind(StrEnum):
    """How a file tells what is bound.

    `PEAKS` are places on a reference; `BOUND` are sequences; both get dinucleotide shuffles against them. `LABELS`
    are sequences with 0 or 1, `VALUES` with a number, `INTENSITIES` with a positive number whose logarithm counts.
    `MATRIX` is a known motif, which is not trained but read.
    """

    PEAKS = "peaks"
    BOUND = "bound"
    LABELS = "labels"
    VALUES = "values"
    INTENSITIES = "intensities"
    MATRIX = "matrix"


class Negatives(StrEnum):
    """What a network learns to tell bound sequences from, where they have labels.

    `FILE` are the others of the file, `GC_MATCHED` one of them for each bound sequence with about its share of G and
    C, `SHUFFLES` dinucleotide shuffles of the bound ones.
    """

    FILE = "file"
    GC_MATCHED = "gc-matched"
    SHUFFLES = "shuffles"


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """One protein and its data.

    Attributes:
        id: unique; the model's id.
        protein: its name.
        file: path of the data.
        family: of its DNA-binding domain; empty = the protein's own name.
        kind: of the data; None = told by the content.
        fasta: reference of peaks; empty where there are none.
        species: of the protein.
        assay: how binding was measured.
        experiment: cell line, array, or other detail.
        licence: of the data.
        default: whether annotation uses the model unless told otherwise.
        negatives: what bound sequences are told from; none = what is usual for the kind.
        matrix: name of the matrix in the file; empty = the id.
        task: what an evaluation sums this set up with.
    """

    id: str
    protein: str
    file: str
    family: str = ""
    kind: Kind | None = None
    fasta: str = ""
    species: str = NOT_STATED
    assay: str = NOT_STATED
    experiment: str = NOT_STATED
    licence: str = NOT_STATED
    default: bool = True
    negatives: tuple[Negatives, ...] = ()
    matrix: str = ""
    task: str = ""

    def seed_from(self, seed: int) -> int:
        """The set's own seed: what other sets there are does not show."""
        return zlib.crc32(f"{seed}:{self.id}".encode())

    def __post_init__(self) -> None:
        if not is_model_id(self.id):
            what = f"the id {self.id!r} cannot name a model"
            raise InputError(what, remedy=f"use up to {ID_CHARACTERS_MAX} letters without blanks and slashes")
        for name in ("protein", "family", "species", "assay", "experiment", "licence", "matrix", "task"):
            _require_printable(name, getattr(self, name))


def _require_printable(name: str, text: str) -> None:
    if not text.isprintable():
        what = f"the {name} is {text!r}, which holds a letter that cannot be printed"
        raise InputError(what, remedy="correct it")


def is_set_table(path: str) -> bool:
    """Whether the first line of a file names the columns `protein` and `file`."""
    _, first = next(numbered_lines(path), (0, ""))
    return {"protein", "file"} <= set(first.split("\t"))


def refuse_equal_ids(sets: Sequence[TrainingSet]) -> None:
    """Sets go by their ids.

    Raises:
        UsageError: two have the same one.
    """
    if len({own.id for own in sets}) < len(sets):
        raise UsageError("two sets have the same id", remedy="name each set once")


def read_set_table(path: str, *, fasta: str = "") -> list[TrainingSet]:
    """Read a table of training sets, tab-separated with a header.

    The columns are the fields of `TrainingSet`; `protein` and `file` are needed, `id` is the protein without one, and
    an empty cell or `.` is a field that is not stated. Files stand beside the table unless their paths say otherwise.

    Args:
        path: of the table.
        fasta: reference of peaks in rows that name none.

    Raises:
        InputError: a column is unknown, or a row is malformed or repeats an id.
    """
    lines = numbered_lines(path)
    number, header = next(lines)
    columns = header.split("\t")
    known = [field.name for field in fields(TrainingSet)]
    unknown = [name for name in columns if name not in known or columns.count(name) > 1]
    if unknown:
        what = f"the column {unknown[0]!r} is unknown or there twice, expected some of {', '.join(known)}"
        raise InputError(what, path=path, line=number, remedy="correct the header")
    sets: dict[str, TrainingSet] = {}
    for number, text in lines:
        cells = text.split("\t")
        if len(cells) != len(columns):
            what = f"found {len(cells)} columns, expected {len(columns)} as in the header"
            raise InputError(what, path=path, line=number, remedy="correct the row")
        stated = {name: cell for name, cell in zip(columns, cells, strict=True) if cell.strip() not in {"", "."}}
        own = _set(stated, path, number, fasta)
        if own.id in sets:
            raise InputError(f"the id {own.id} is there twice", path=path, line=number, remedy="name each set once")
        sets[own.id] = own
    if not sets:
        raise InputError("names no set", path=path, remedy="give a row for each protein")
    return list(sets.values())


def _set(stated: Mapping[str, str], path: str, line: int, fasta: str) -> TrainingSet:
    """One row."""
    for name in ("protein", "file"):
        if name not in stated:
            raise InputError(f"no {name} is stated", path=path, line=line, remedy="fill the cell")
    texts = dict(stated)
    kind = _one_of("kind", texts.pop("kind", None), Kind, path, line)
    default = texts.pop("default", "yes")
    if default not in {"yes", "no"}:
        raise InputError(f"the default is {default!r}, expected yes or no", path=path, line=line)
    words = [word.strip() for word in texts.pop("negatives", "").split(",") if word.strip()]
    negatives = tuple(_one_of("negatives", word, Negatives, path, line) for word in words)
    folder = Path(path).parent
    try:
        for name in [name for name in ("file", "fasta") if name in texts]:
            _require_printable(name, texts[name])
            texts[name] = str(folder / texts[name])
        texts = {"id": texts["protein"], "fasta": fasta, **texts}
        return TrainingSet(**texts, kind=kind, default=default == "yes", negatives=negatives)
    except InputError as error:
        raise InputError(error.what, path=path, line=line, remedy=error.remedy) from error


def _one_of(name: str, word: str | None, choices: Iterable[Any], path: str, line: int) -> Any:
    """The choice that the word names; None of nothing."""
    known = {str(choice): choice for choice in choices}
    if word is not None and word not in known:
        raise InputError(f"the {name} is {word!r}, expected one of {', '.join(known)}", path=path, line=line)
    return None if word is None else known[word]
