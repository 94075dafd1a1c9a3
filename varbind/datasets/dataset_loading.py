"""Loading of data sets: files are read, and negatives and folds are made, for training and evaluation."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence_set import SequenceSet
from varbind.datasets.binding_dataset import BindingData, DataFacts, DataKind, NegativeSource
from varbind.datasets.kind_detection import detect_kind
from varbind.datasets.negatives import dinucleotide_shuffles, match_gc, repeat_for_negatives
from varbind.datasets.peaks import peak_regions, read_peaks, strongest_peaks
from varbind.datasets.sequence_table import (
    SequenceTable,
    checked_labels,
    is_deepbind_table,
    read_bound_sequences,
    read_sequence_table,
    refuse_unknown_labels,
)
from varbind.datasets.text_input import numbered_lines
from varbind.errors import InputError, UsageError
from varbind.io.banks import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from varbind.datasets.binding_dataset import BindingDataset
    from varbind.io.reference import Reference

__all__ = ["MIN_NEGATIVES", "load_dataset", "warn_of_unused_peaks"]

logger = logging.getLogger(__name__)

MIN_NEGATIVES = 2_000
"""Least number of negatives of each source on which networks are trained; fewer would be memorised."""

MIN_PER_FOLD = 10
"""Least number of sequences of each class in a fold, on average; with fewer, ratings would be too uncertain."""

BLOCKS_PER_FOLD = 10
"""Number of blocks of neighbouring rows in a fold, so that a file in any order still fills every fold evenly."""


@dataclass(frozen=True, slots=True)
class _Examples:
    """Sequences with their targets and groups.

    Attributes:
        sequences: N sequences of any lengths.
        targets: labels, 1 bound and 0 unbound, or measured values scaled to mean 0 and standard deviation 1
            (intensities after taking the logarithm), float32 (N,).
        groups: group of each sequence; folds never split a group, int64 (N,).
        folds: what a group consists of, in words, such as `chromosomes`.
        unused: number of peaks that were left out, by reason.
    """

    sequences: SequenceSet
    targets: NDArray[np.float32]
    groups: NDArray[np.int64]
    folds: str
    unused: Mapping[str, int]


def load_dataset(
    dataset: BindingDataset,
    references: Callable[[str], Reference],
    *,
    folds: int,
    top: int | None,
    seed: int,
    min_negatives: int = 0,
    renamed: Mapping[str, str] | None = None,
) -> tuple[BindingData, DataFacts]:
    """Read the file of a data set, and make its negatives and groups.

    Args:
        dataset: the data set.
        references: opens the reference genome of peaks.
        folds: number of folds of the cross-validation.
        top: number of strongest peaks to use; None = all peaks.
        seed: seed of the negatives.
        min_negatives: least number of negatives of each source; with fewer bound sequences, each has several.
        renamed: the name of a contig in the reference by its name in the peaks, if these differ.

    Raises:
        InputError: the data is malformed, or there is too little of it.
        ResourceError: the reference of peaks cannot be read.
        UsageError: peaks have no reference, `top` is given for data without a known order, a part is given for data
            that is no table, or unbound sequences for data that states what is not bound.
    """
    kind = dataset.kind or detect_kind(dataset.file)
    _refuse_foreign_columns(dataset, kind)
    rng = np.random.default_rng([seed, 3])
    if kind is DataKind.PEAKS:
        examples = _peaks(dataset, references, folds, top, _NegativeRecipe(rng, min_negatives), renamed)
    elif kind is DataKind.BOUND:
        examples = _bound(dataset, folds, top, _NegativeRecipe(rng, min_negatives))
    else:
        table = read_sequence_table(dataset.file, dataset.part)
        if dataset.kind is None and table.is_labelled:
            kind = DataKind.LABELS
        elif dataset.kind is None:
            refuse_unknown_labels(table, dataset.file)
        _refuse_top(dataset, kind, top)
        if kind is DataKind.LABELS:
            examples = _labelled(table, dataset, folds, _NegativeRecipe(rng, min_negatives))
        else:
            examples = _measured(table, dataset, kind, folds)
    is_classification = kind not in {DataKind.VALUES, DataKind.INTENSITIES}
    data = BindingData(examples.sequences, examples.targets, examples.groups, is_classification)
    return data, _facts(dataset, kind, data, examples)


def warn_of_unused_peaks(dataset: BindingDataset, facts: DataFacts) -> None:
    """Warn of peaks that are not used, with their number by reason."""
    if facts.unused:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in facts.unused.items())
        logger.warning("%s: %s peaks are not used: %s", dataset.file, f"{sum(facts.unused.values()):,}", reasons)


def _peaks(
    dataset: BindingDataset,
    references: Callable[[str], Reference],
    folds: int,
    top: int | None,
    negatives: _NegativeRecipe,
    renamed: Mapping[str, str] | None,
) -> _Examples:
    if not dataset.fasta:
        raise UsageError(
            "peaks need the reference they were called on", path=dataset.file, remedy="give it with --fasta"
        )
    _refuse_foreign_negatives(dataset, DataKind.PEAKS)
    peaks = read_peaks(dataset.file)
    if top is not None:
        peaks = strongest_peaks(peaks, top, dataset.file)
    regions = peak_regions(peaks, references(dataset.fasta), dataset.file, renamed=renamed)
    unused = {str(reason): count for reason, count in sorted(regions.unused.items())}
    _refuse_few(len(regions.codes), folds, "peaks", dataset.file)
    counts = np.sort(np.unique(regions.contigs, return_counts=True)[1])[::-1]
    by_chromosome = len(counts) >= max(folds, 3) and counts[folds - 1] >= MIN_PER_FOLD
    groups = regions.contigs if by_chromosome else _blocks(len(regions.codes), folds)
    unit = "chromosomes" if by_chromosome else "neighbours on the genome"
    return _with_shuffles(SequenceSet.of_one_length(regions.codes), groups, unit, negatives, unused)


def _bound(dataset: BindingDataset, folds: int, top: int | None, negatives: _NegativeRecipe) -> _Examples:
    if not dataset.unbound:
        _refuse_foreign_negatives(dataset, DataKind.BOUND)
    _, first = next(numbered_lines(dataset.file), (0, ""))
    if not is_deepbind_table(first):
        _refuse_top(dataset, DataKind.BOUND, top)
    sequences = read_bound_sequences(dataset.file)[:top]
    if dataset.unbound:
        return _labelled(_with_unbound(sequences, dataset.unbound), dataset, folds, negatives)
    _refuse_few(len(sequences), folds, "bound sequences", dataset.file)
    groups = _with_equal_sequences(sequences, _blocks(len(sequences), folds))
    return _with_shuffles(sequences, groups, "neighbours in the file", negatives, {})


def _with_unbound(bound: SequenceSet, path: str) -> SequenceTable:
    """Bound sequences and those of another file, as a table with labels."""
    unbound = read_bound_sequences(path)
    labels = np.repeat([1.0, 0.0], [len(bound), len(unbound)])
    return SequenceTable(SequenceSet.concatenated([bound, unbound]), labels, range(1, len(labels) + 1))


def _refuse_foreign_columns(dataset: BindingDataset, kind: DataKind) -> None:
    """Only a table has parts, and only bound sequences need a file of others."""
    if dataset.part and kind in {DataKind.PEAKS, DataKind.BOUND}:
        what = f"the part {dataset.part!r} needs a table with a column set, but this is a file of {kind}"
        raise UsageError(what, path=dataset.file, remedy="leave it out")
    if dataset.unbound and kind is not DataKind.BOUND:
        what = f"unbound sequences are compared with bound ones, but this is a file of {kind}"
        raise UsageError(what, path=dataset.file, remedy="leave the column unbound empty")


def _refuse_top(dataset: BindingDataset, kind: DataKind, top: int | None) -> None:
    if top is not None:
        what = f"--top needs data with strengths, such as peaks, but this is a file of {kind}"
        raise UsageError(what, path=dataset.file, remedy="leave it out")


def _refuse_foreign_negatives(dataset: BindingDataset, kind: DataKind) -> None:
    """Data with positives only can use only shuffles as negatives."""
    foreign = [str(negatives) for negatives in dataset.negatives if negatives is not NegativeSource.SHUFFLES]
    if foreign:
        what = f"negatives {foreign[0]!r} need unbound sequences, but this is a file of {kind}"
        raise UsageError(what, path=dataset.file, remedy="give a table of sequences with labels")


@dataclass(frozen=True, slots=True)
class _NegativeRecipe:
    """How negatives are made: the random numbers, and the least number of each source."""

    rng: np.random.Generator
    min_count: int


def _with_shuffles(
    bound: SequenceSet, groups: NDArray[np.int64], folds: str, negatives: _NegativeRecipe, unused: Mapping[str, int]
) -> _Examples:
    """Bound sequences and their shuffles, which stay in the group of their sequence."""
    rows = repeat_for_negatives(np.arange(len(bound)), negatives.min_count)
    both = SequenceSet.concatenated([bound, dinucleotide_shuffles(bound[rows], negatives.rng)])
    targets = np.arange(len(both)) < len(bound)
    return _Examples(both, targets.astype(np.float32), np.concatenate([groups, groups[rows]]), folds, unused)


def _labelled(table: SequenceTable, dataset: BindingDataset, folds: int, negatives: _NegativeRecipe) -> _Examples:
    """Bound sequences and their negatives from the stated sources."""
    path, labels = dataset.file, checked_labels(table, dataset.file)
    wanted = dataset.negatives or (NegativeSource.FILE,)
    classes = bound, unbound = [np.flatnonzero(labels == label) for label in (1, 0)]
    _refuse_few(len(bound), folds, "bound sequences (label 1)", path)
    if set(wanted) != {NegativeSource.SHUFFLES}:
        _refuse_few(len(unbound), folds, "sequences that are not bound (label 0)", path)
    if NegativeSource.GC_MATCHED in wanted:
        alike = table.sequences[repeat_for_negatives(bound, negatives.min_count)]
        unbound = unbound[match_gc(alike, table.sequences[unbound], negatives.rng)]
    elif NegativeSource.FILE not in wanted:
        unbound = unbound[:0]
    shuffled = repeat_for_negatives(bound, negatives.min_count) if NegativeSource.SHUFFLES in wanted else bound[:0]
    unit, groups = _groups(table, folds, *classes)
    rows = np.concatenate([bound, unbound, shuffled])
    shuffles = dinucleotide_shuffles(table.sequences[shuffled], negatives.rng)
    sequences = SequenceSet.concatenated([table.sequences[np.concatenate([bound, unbound])], shuffles])
    targets = np.arange(len(rows)) < len(bound)
    return _Examples(sequences, targets.astype(np.float32), groups[rows], unit, {})


def _groups(table: SequenceTable, folds: int, *classes: NDArray[np.intp]) -> tuple[str, NDArray[np.int64]]:
    """What the groups are, in words, and the group of every row; each class fills the folds evenly."""
    if table.groups is not None:
        return "groups of the file", table.groups
    groups = np.empty(len(table.sequences), dtype=np.int64)
    for rows in classes:
        groups[rows] = _blocks(len(rows), folds)
    return "neighbours in the file", _with_equal_sequences(table.sequences, groups)


def _measured(table: SequenceTable, dataset: BindingDataset, kind: DataKind, folds: int) -> _Examples:
    """Measured values, scaled to mean 0 and standard deviation 1."""
    path, values = dataset.file, table.targets
    if dataset.negatives:
        raise UsageError("measured values have no negatives", path=path, remedy="leave them out")
    if kind is DataKind.INTENSITIES:
        lowest = int(np.argmin(values))
        if values[lowest] <= 0:
            what = f"the intensity is {values[lowest]:g}, expected a positive number"
            raise InputError(what, path=path, line=table.lines[lowest], remedy="give --kind values, or remove the row")
        values = np.log(values)
    if np.ptp(values) == 0:
        what = f"all {len(values):,} values are {table.targets[0]:g}, expected different ones"
        raise InputError(what, path=path, remedy="give measured values")
    _refuse_few(len(values), folds, "sequences with values", path)
    with np.errstate(over="ignore"):
        spread = values.std()
    if not np.isfinite(spread):
        what = f"the values reach {np.abs(values).max():.3g}, whose squares overflow"
        raise InputError(what, path=path, remedy="give smaller values, in another unit")
    targets = ((values - values.mean()) / spread).astype(np.float32)
    unit, groups = _groups(table, folds, np.arange(len(values)))
    return _Examples(table.sequences, targets, groups, unit, {})


def _refuse_few(count: int, folds: int, name: str, path: str) -> None:
    least = MIN_PER_FOLD * folds
    if count < least:
        what = f"found {count or 'no'} {name}, expected at least {least} for {folds} folds"
        raise InputError(what, path=path, remedy="give more data")


def _blocks(count: int, folds: int) -> NDArray[np.int64]:
    """Assign successive rows to blocks of equal size."""
    return np.arange(count, dtype=np.int64) * (BLOCKS_PER_FOLD * folds) // count


def _with_equal_sequences(sequences: SequenceSet, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move equal sequences to the group of the first of them."""
    first: dict[bytes, int] = {}
    return groups[[first.setdefault(codes.tobytes(), row) for row, codes in enumerate(sequences)]]


def _facts(dataset: BindingDataset, kind: DataKind, data: BindingData, examples: _Examples) -> DataFacts:
    shortest, longest = data.sequences.bounds
    digest = hashlib.sha256(repr((data.sequences.codes.shape, data.is_classification)).encode())
    of_lengths = [data.sequences.lengths] if shortest < longest else []
    for array in (data.sequences.codes, data.targets, data.groups, *of_lengths):
        digest.update(np.ascontiguousarray(array).tobytes())
    has_unbound = kind is DataKind.LABELS or dataset.unbound
    default = NegativeSource.FILE if has_unbound else NegativeSource.SHUFFLES
    return DataFacts(
        file=Path(dataset.file).name,
        sha256=sha256_of(Path(dataset.file)),
        kind=kind,
        sequences=len(data.sequences),
        length=longest if shortest == longest else (shortest, longest),
        bound=int(data.targets.sum()) if data.is_classification else None,
        negatives=", ".join(dataset.negatives or [default]) if data.is_classification else None,
        folds=examples.folds,
        unused=examples.unused,
        examples_sha256=digest.hexdigest(),
        part=dataset.part,
    )
