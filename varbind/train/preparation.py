"""From a training set to what a network learns from: files enter, `BindingData` and its description leave."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.errors import InputError, UsageError
from varbind.io.bank import sha256_of
from varbind.train.calibration import BindingData
from varbind.train.datasets import HEADER
from varbind.train.lines import numbered_lines
from varbind.train.peaks import peak_regions, read_peaks, strongest
from varbind.train.sets import Kind
from varbind.train.shuffle import dinucleotide_shuffles
from varbind.train.tables import SequenceTable, names_a_sequence, read_bound_sequences, read_sequence_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes
    from varbind.io.fasta import Reference
    from varbind.train.sets import TrainingSet

__all__ = ["DataFacts", "prepare"]

LEAST_A_FOLD = 10
"""Sequences of each class, on average; fewer rate nothing."""

BLOCKS_A_FOLD = 10
"""Neighbours in a file stay in one fold, and a file in some order still fills every fold evenly."""


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What the card says of the data.

    Attributes:
        file: its name, without the folder.
        sha256: of the file.
        kind: of the data.
        sequences: in training, negatives included.
        length: bases of each.
        bound: sequences that are bound; None for measured values.
        negatives: where the others come from; None for measured values.
        folds: what is kept in one fold.
        unused: peaks left out, by reason.
        examples_sha256: of everything the network learns from, in order.
    """

    file: str
    sha256: str
    kind: Kind
    sequences: int
    length: int
    bound: int | None
    negatives: str | None
    folds: str
    unused: Mapping[str, int] = field(default_factory=dict)
    examples_sha256: str = ""

    @property
    def measure(self) -> str:
        """What rates a network."""
        return "minus mean squared error" if self.bound is None else "AUC"

    def as_dict(self) -> dict[str, Any]:
        """For a card."""
        return {**asdict(self), "kind": str(self.kind), "unused": dict(self.unused)}


@dataclass(frozen=True, slots=True)
class _Examples:
    """Sequences, targets and what must not be split between folds."""

    codes: Codes
    targets: NDArray[np.float32]
    groups: NDArray[np.int64]
    folds: str
    unused: Mapping[str, int]


def prepare(
    own: TrainingSet, references: Callable[[str], Reference], *, folds: int, top: int | None, seed: int
) -> tuple[BindingData, DataFacts]:
    """Read the file of a set, make its negatives and its groups.

    Args:
        own: the set.
        references: opens the reference of peaks.
        folds: of the cross-validation.
        top: only so many of the strongest peaks; None = all.
        seed: of the shuffles.

    Raises:
        InputError: the data is malformed, or there is too little to learn from.
        ResourceError: the reference of peaks cannot be read.
        UsageError: peaks have no reference, or something else than peaks is to be thinned.
    """
    kind = own.kind or _told_kind(own.file)
    if top is not None and kind is not Kind.PEAKS:
        raise UsageError(f"--top takes the strongest peaks; these are {kind}", path=own.file, remedy="leave it out")
    if kind is Kind.PEAKS:
        examples = _peaks(own, references, folds, top, np.random.default_rng([seed, 3]))
    elif kind is Kind.BOUND:
        examples = _bound(own.file, folds, np.random.default_rng([seed, 3]))
    else:
        table = read_sequence_table(own.file)
        if own.kind is None and table.is_labelled:
            kind = Kind.LABELS
        examples = _labelled(table, own.file, folds) if kind is Kind.LABELS else _measured(table, own.file, kind, folds)
    is_classification = kind not in {Kind.VALUES, Kind.INTENSITIES}
    data = BindingData(examples.codes, examples.targets, examples.groups, is_classification)
    return data, _facts(own, kind, data, examples)


def _told_kind(path: str) -> Kind:
    """Peaks, bound sequences, or a table: by the first line."""
    number, first = next(((n, text) for n, text in numbered_lines(path) if not _is_track(text)), (1, ""))
    columns = [column.strip() for column in first.split("\t" if "\t" in first else None)]
    if first.startswith(">") or tuple(columns) == HEADER:
        return Kind.BOUND
    if names_a_sequence(first):
        return Kind.VALUES
    if columns and set(columns[0].upper()) <= set("ACGTUN"):
        return Kind.BOUND if len(columns) == 1 else Kind.VALUES
    if len(columns) > 2 and columns[1].isdecimal() and columns[2].isdecimal():
        return Kind.PEAKS
    what = f"found {' '.join(columns[:3])[:60]!r}, expected peaks, sequences, or a table of sequence and label or value"
    raise InputError(what, path=path, line=number, remedy="give BED, narrowPeak, FASTA or a table, or state --kind")


def _is_track(line: str) -> bool:
    return line.split(maxsplit=1)[0] in {"track", "browser"}


def _peaks(
    own: TrainingSet,
    references: Callable[[str], Reference],
    folds: int,
    top: int | None,
    rng: np.random.Generator,
) -> _Examples:
    if not own.fasta:
        raise UsageError("peaks need the reference they were called on", path=own.file, remedy="give it with --fasta")
    peaks = read_peaks(own.file)
    if top is not None:
        peaks = strongest(peaks, top, own.file)
    regions = peak_regions(peaks, references(own.fasta), own.file)
    unused = {str(reason): count for reason, count in sorted(regions.unused.items())}
    _refuse_few(len(regions.codes), folds, "peaks", own.file)
    counts = np.sort(np.unique(regions.contigs, return_counts=True)[1])[::-1]
    whole = len(counts) >= max(folds, 3) and counts[folds - 1] >= LEAST_A_FOLD
    groups = regions.contigs if whole else _blocks(len(regions.codes), folds)
    kept = "chromosomes" if whole else "neighbours on the genome"
    return _against_shuffles(regions.codes, groups, kept, rng, unused)


def _bound(path: str, folds: int, rng: np.random.Generator) -> _Examples:
    codes = read_bound_sequences(path)
    _refuse_few(len(codes), folds, "bound sequences", path)
    groups = _with_equals(codes, _blocks(len(codes), folds))
    return _against_shuffles(codes, groups, "neighbours in the file", rng, {})


def _against_shuffles(
    codes: Codes, groups: NDArray[np.int64], folds: str, rng: np.random.Generator, unused: Mapping[str, int]
) -> _Examples:
    """Each sequence with its shuffle, both in one group."""
    both = np.concatenate([codes, dinucleotide_shuffles(codes, rng)])
    targets = np.arange(len(both)) < len(codes)
    return _Examples(both, targets.astype(np.float32), np.concatenate([groups, groups]), folds, unused)


def _labelled(table: SequenceTable, path: str, folds: int) -> _Examples:
    foreign = np.flatnonzero(~np.isin(table.targets, (0, 1)))
    if len(foreign):
        what = f"the label is {table.targets[foreign[0]]:g}, expected 0 or 1"
        raise InputError(what, path=path, line=table.lines[foreign[0]], remedy="give --kind values for measured values")
    groups = np.empty(len(table.codes), dtype=np.int64)
    for label, name in ((1, "bound sequences (label 1)"), (0, "sequences that are not bound (label 0)")):
        rows = np.flatnonzero(table.targets == label)
        _refuse_few(len(rows), folds, name, path)
        groups[rows] = _blocks(len(rows), folds)
    targets = table.targets.astype(np.float32)
    return _Examples(table.codes, targets, _with_equals(table.codes, groups), "neighbours in the file", {})


def _measured(table: SequenceTable, path: str, kind: Kind, folds: int) -> _Examples:
    """Values of mean 0 and standard deviation 1."""
    values = table.targets
    if kind is Kind.INTENSITIES:
        lowest = int(np.argmin(values))
        if values[lowest] <= 0:
            what = f"the intensity is {values[lowest]:g}, expected a positive number"
            raise InputError(what, path=path, line=table.lines[lowest], remedy="give --kind values, or remove the row")
        values = np.log(values)
    if np.ptp(values) == 0:
        what = f"all {len(values):,} values are {table.targets[0]:g}, expected different ones"
        raise InputError(what, path=path, remedy="give measured values")
    _refuse_few(len(values), folds, "sequences with values", path)
    targets = ((values - values.mean()) / values.std()).astype(np.float32)
    groups = _with_equals(table.codes, _blocks(len(values), folds))
    return _Examples(table.codes, targets, groups, "neighbours in the file", {})


def _refuse_few(count: int, folds: int, name: str, path: str) -> None:
    least = LEAST_A_FOLD * folds
    if count < least:
        what = f"found {count or 'no'} {name}, expected at least {least} for {folds} folds"
        raise InputError(what, path=path, remedy="give more")


def _blocks(count: int, folds: int) -> NDArray[np.int64]:
    """Successive rows in blocks of equal size."""
    return np.arange(count, dtype=np.int64) * (BLOCKS_A_FOLD * folds) // count


def _with_equals(codes: Codes, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Groups in which equal sequences stand together, where the first of them does."""
    _, first, same = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    return groups[first[same.ravel()]]


def _facts(own: TrainingSet, kind: Kind, data: BindingData, examples: _Examples) -> DataFacts:
    digest = hashlib.sha256(repr((data.codes.shape, data.is_classification)).encode())
    for array in (data.codes, data.targets, data.groups):
        digest.update(np.ascontiguousarray(array).tobytes())
    sources = {Kind.PEAKS: "dinucleotide shuffles", Kind.BOUND: "dinucleotide shuffles", Kind.LABELS: "the file"}
    return DataFacts(
        file=Path(own.file).name,
        sha256=sha256_of(Path(own.file)),
        kind=kind,
        sequences=len(data.codes),
        length=data.codes.shape[1],
        bound=int(data.targets.sum()) if data.is_classification else None,
        negatives=sources.get(kind),
        folds=examples.folds,
        unused=examples.unused,
        examples_sha256=digest.hexdigest(),
    )
