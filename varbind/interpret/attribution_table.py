"""Attributions of the sequences of a file as a table with a row for each position."""

from __future__ import annotations

import logging
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import decode, encode
from varbind.errors import InputError
from varbind.interpret.attribution import attribute, attribution_correlations
from varbind.io.output.typed_table import TypedTable, frame_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.interpret.attribution import AttributionMethod, Attributions

__all__ = ["write_attributions"]

logger = logging.getLogger(__name__)


def write_attributions(
    sequences: Iterable[tuple[str, str]],
    path: str,
    bank: Bank,
    *,
    model_id: str,
    methods: Sequence[AttributionMethod],
    progress: Progress | None = None,
) -> None:
    """Write the values of every position of every sequence, and log how well the methods agree.

    The columns are the id of the sequence, the position from 1, the base, and a column for each method. Where a method
    is not shown, because the score is too low, the cell is empty, and the log has the number of such sequences.

    Args:
        sequences: ids and letters.
        path: the table, as `TypedTable` writes it.
        bank: the bank that holds the model.
        model_id: the id of the model.
        methods: the methods in the order of their columns, each once.
        progress: called after each sequence with the number of sequences so far.

    Raises:
        UsageError: the bank has no such model, torch or another package is missing, or the suffix is unknown.
        InputError: a sequence cannot be scored, or is too long.
        OutputError: the table cannot be written.
    """
    columns = [("id", str), ("position", int), ("base", str)]
    columns += [(method.replace("-", "_"), float) for method in methods]
    chosen = bank.select([model_id])
    stream = iter(sequences)
    # A file that cannot be read is reported before the header of the table is written.
    first = list(islice(stream, 1))
    found: list[Attributions] = []

    def frames() -> Iterator[pd.DataFrame]:
        for name, sequence in chain(first, stream):
            try:
                found.append(attribute(sequence, chosen, model_id=model_id, methods=methods))
            except InputError as error:
                raise InputError(f"sequence {name}: {error.what}", remedy=error.remedy) from error
            yield frame_of(columns, _rows(name, sequence, found[-1]))
            if progress:
                progress(len(found), None, "sequences")

    with TypedTable(path) as table:
        table.write(columns, frames())
    _log_agreement(found, methods)


def _rows(name: str, sequence: str, found: Attributions) -> list[tuple[object, ...]]:
    """The rows of one sequence."""
    hidden = np.full(len(sequence), np.nan)
    values = [found.by_method[method] if found.is_shown(method) else hidden for method in found.by_method]
    numbers = (column.tolist() for column in values)
    positions = map(str, range(1, len(sequence) + 1))
    return list(zip([name] * len(sequence), positions, decode(encode(sequence)), *numbers, strict=True))


def _log_agreement(found: Sequence[Attributions], methods: Sequence[AttributionMethod]) -> None:
    for method in methods:
        hidden = sum(not own.is_shown(method) for own in found)
        if hidden:
            logger.warning("%s is not shown for %d of %d sequences, whose score is too low", method, hidden, len(found))
    for pair in attribution_correlations(found):
        text = f"{pair.mean:.3f} (mean of {pair.sequences} of {len(found)} sequences)" if pair.sequences else "none"
        logger.info("rank correlation of %s and %s: %s", pair.first, pair.second, text)
