"""From a training set to what a network learns from: files enter, `BindingData` and its description leave."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.datasets.binding_data import BindingData
from varbind.datasets.datasets import Kind, Negatives
from varbind.datasets.gc_matching import gc_matched, one_a_negative
from varbind.datasets.kinds import told_kind
from varbind.datasets.peaks import peak_regions, read_peaks, strongest
from varbind.datasets.sequence_table import (
    SequenceTable,
    checked_labels,
    lists_bound_ones,
    read_bound_sequences,
    read_sequence_table,
    refuse_unknown_labels,
)
from varbind.datasets.shuffle import dinucleotide_shuffles
from varbind.datasets.text_input import numbered_lines
from varbind.errors import InputError, UsageError
from varbind.io.banks import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes
    from varbind.datasets.datasets import TrainingSet
    from varbind.io.reference import Reference

__all__ = ["MIN_NEGATIVES", "DataFacts", "prepare", "tell_unused"]

logger = logging.getLogger(__name__)

MIN_NEGATIVES = 2_000
"""That a network is trained on, of each kind that is made or chosen: few of them are learnt by heart."""

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
    own: TrainingSet,
    references: Callable[[str], Reference],
    *,
    folds: int,
    top: int | None,
    seed: int,
    min_negatives: int = 0,
    renamed: Mapping[str, str] | None = None,
) -> tuple[BindingData, DataFacts]:
    """Read the file of a set, make its negatives and its groups.

    Args:
        own: the set.
        references: opens the reference of peaks.
        folds: of the cross-validation.
        top: only so many of the strongest peaks; None = all.
        seed: of the shuffles.
        min_negatives: negatives that are made of a kind, or chosen: where fewer are bound, several for each of them.
        renamed: the reference's name of a contig by the peaks' name, where these differ.

    Raises:
        InputError: the data is malformed, or there is too little to learn from.
        ResourceError: the reference of peaks cannot be read.
        UsageError: peaks have no reference, or something else than peaks is to be thinned.
    """
    kind = own.kind or told_kind(own.file)
    rng = np.random.default_rng([seed, 3])
    if kind is Kind.PEAKS:
        examples = _peaks(own, references, folds, top, _Negatives(rng, min_negatives), renamed)
    elif kind is Kind.BOUND:
        examples = _bound(own, folds, top, _Negatives(rng, min_negatives))
    else:
        table = read_sequence_table(own.file)
        if own.kind is None and table.is_labelled:
            kind = Kind.LABELS
        elif own.kind is None:
            refuse_unknown_labels(table, own.file)
        _refuse_thinning(own, kind, top)
        if kind is Kind.LABELS:
            examples = _labelled(table, own, folds, _Negatives(rng, min_negatives))
        else:
            examples = _measured(table, own, kind, folds)
    is_classification = kind not in {Kind.VALUES, Kind.INTENSITIES}
    data = BindingData(examples.codes, examples.targets, examples.groups, is_classification)
    return data, _facts(own, kind, data, examples)


def tell_unused(own: TrainingSet, facts: DataFacts) -> None:
    """Warn of peaks that were left out, with their number by reason."""
    if facts.unused:
        told = ", ".join(f"{count:,} {reason}" for reason, count in facts.unused.items())
        logger.warning("%s: %s peaks are not used: %s", own.file, f"{sum(facts.unused.values()):,}", told)


def _peaks(
    own: TrainingSet,
    references: Callable[[str], Reference],
    folds: int,
    top: int | None,
    negatives: _Negatives,
    renamed: Mapping[str, str] | None,
) -> _Examples:
    if not own.fasta:
        raise UsageError("peaks need the reference they were called on", path=own.file, remedy="give it with --fasta")
    _refuse_unbound(own, Kind.PEAKS)
    peaks = read_peaks(own.file)
    if top is not None:
        peaks = strongest(peaks, top, own.file)
    regions = peak_regions(peaks, references(own.fasta), own.file, renamed=renamed)
    unused = {str(reason): count for reason, count in sorted(regions.unused.items())}
    _refuse_few(len(regions.codes), folds, "peaks", own.file)
    counts = np.sort(np.unique(regions.contigs, return_counts=True)[1])[::-1]
    whole = len(counts) >= max(folds, 3) and counts[folds - 1] >= LEAST_A_FOLD
    groups = regions.contigs if whole else _blocks(len(regions.codes), folds)
    kept = "chromosomes" if whole else "neighbours on the genome"
    return _against_shuffles(regions.codes, groups, kept, negatives, unused)


def _bound(own: TrainingSet, folds: int, top: int | None, negatives: _Negatives) -> _Examples:
    _refuse_unbound(own, Kind.BOUND)
    _, first = next(numbered_lines(own.file), (0, ""))
    if not lists_bound_ones(first):
        _refuse_thinning(own, Kind.BOUND, top)
    codes = read_bound_sequences(own.file)[:top]
    _refuse_few(len(codes), folds, "bound sequences", own.file)
    groups = _with_equals(codes, _blocks(len(codes), folds))
    return _against_shuffles(codes, groups, "neighbours in the file", negatives, {})


def _refuse_thinning(own: TrainingSet, kind: Kind, top: int | None) -> None:
    if top is not None:
        what = f"--top takes the strongest peaks; these are {kind} in no stated order"
        raise UsageError(what, path=own.file, remedy="leave it out")


def _refuse_unbound(own: TrainingSet, kind: Kind) -> None:
    """What only bound ones are told of has no other negatives than shuffles."""
    foreign = [str(negatives) for negatives in own.negatives if negatives is not Negatives.SHUFFLES]
    if foreign:
        what = f"negatives {foreign[0]!r} need sequences that are not bound; this is a file of {kind}"
        raise UsageError(what, path=own.file, remedy="give a table of sequences with labels")


@dataclass(frozen=True, slots=True)
class _Negatives:
    """How negatives are made: by which random numbers, and at least how many of a kind."""

    rng: np.random.Generator
    min_count: int


def _against_shuffles(
    codes: Codes, groups: NDArray[np.int64], folds: str, negatives: _Negatives, unused: Mapping[str, int]
) -> _Examples:
    """Each sequence with its shuffles, all in one group."""
    rows = one_a_negative(np.arange(len(codes)), negatives.min_count)
    both = np.concatenate([codes, dinucleotide_shuffles(codes[rows], negatives.rng)])
    targets = np.arange(len(both)) < len(codes)
    return _Examples(both, targets.astype(np.float32), np.concatenate([groups, groups[rows]]), folds, unused)


def _labelled(table: SequenceTable, own: TrainingSet, folds: int, negatives: _Negatives) -> _Examples:
    """Bound sequences, and the negatives that are asked for."""
    path, labels = own.file, checked_labels(table, own.file)
    wanted = own.negatives or (Negatives.FILE,)
    classes = bound, unbound = [np.flatnonzero(labels == label) for label in (1, 0)]
    _refuse_few(len(bound), folds, "bound sequences (label 1)", path)
    if set(wanted) != {Negatives.SHUFFLES}:
        _refuse_few(len(unbound), folds, "sequences that are not bound (label 0)", path)
    if Negatives.GC_MATCHED in wanted:
        alike = table.codes[one_a_negative(bound, negatives.min_count)]
        unbound = unbound[gc_matched(alike, table.codes[unbound], negatives.rng)]
    elif Negatives.FILE not in wanted:
        unbound = unbound[:0]
    shuffled = one_a_negative(bound, negatives.min_count) if Negatives.SHUFFLES in wanted else bound[:0]
    kept, groups = _groups(table, folds, *classes)
    rows = np.concatenate([bound, unbound, shuffled])
    codes = table.codes[rows]
    codes[len(rows) - len(shuffled) :] = dinucleotide_shuffles(table.codes[shuffled], negatives.rng)
    targets = np.arange(len(rows)) < len(bound)
    return _Examples(codes, targets.astype(np.float32), groups[rows], kept, {})


def _groups(table: SequenceTable, folds: int, *classes: NDArray[np.intp]) -> tuple[str, NDArray[np.int64]]:
    """What is kept in one fold, in words, and for every row; each class fills the folds evenly."""
    if table.groups is not None:
        return "groups of the file", table.groups
    groups = np.empty(len(table.codes), dtype=np.int64)
    for rows in classes:
        groups[rows] = _blocks(len(rows), folds)
    return "neighbours in the file", _with_equals(table.codes, groups)


def _measured(table: SequenceTable, own: TrainingSet, kind: Kind, folds: int) -> _Examples:
    """Values of mean 0 and standard deviation 1."""
    path, values = own.file, table.targets
    if own.negatives:
        raise UsageError("measured values have no negatives", path=path, remedy="leave them out")
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
    with np.errstate(over="ignore"):
        spread = values.std()
    if not np.isfinite(spread):
        what = f"the values reach {np.abs(values).max():.3g}, whose squares no number holds"
        raise InputError(what, path=path, remedy="give them in another unit")
    targets = ((values - values.mean()) / spread).astype(np.float32)
    kept, groups = _groups(table, folds, np.arange(len(values)))
    return _Examples(table.codes, targets, groups, kept, {})


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
    usual = Negatives.FILE if kind is Kind.LABELS else Negatives.SHUFFLES
    return DataFacts(
        file=Path(own.file).name,
        sha256=sha256_of(Path(own.file)),
        kind=kind,
        sequences=len(data.codes),
        length=data.codes.shape[1],
        bound=int(data.targets.sum()) if data.is_classification else None,
        negatives=", ".join(own.negatives or [usual]) if data.is_classification else None,
        folds=examples.folds,
        unused=examples.unused,
        examples_sha256=digest.hexdigest(),
    )
