"""Raw binding scores of every allele of a VCF, as a table.

    record -> alleles -> windows -> binding scores -> rows

A row is an allele, or in the long table an allele and a model. Records are read and scored in order, one batch at a
time, and rows are written in groups, so that memory does not grow with the number of records.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from varbind.annotate.counts import AnnotationCounts, report_unscored
from varbind.annotate.genome_build import reference_path
from varbind.annotate.info_fields import ENCODED_CONTROLS
from varbind.annotate.inputs import open_inputs
from varbind.annotate.record_stream import batches_of
from varbind.annotate.settings import AnnotateSettings
from varbind.core.progress import estimated_total
from varbind.core.variant import Status
from varbind.core.window import cut_windows
from varbind.io.output.typed_table import TypedTable, frame_of
from varbind.io.vcf.input_stream import Source
from varbind.scoring.devices import checked_device
from varbind.scoring.scorer import Scorer
from varbind.scoring.threaded_scoring import batches_ahead, overlapped

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from varbind.annotate.genome_build import ReferenceLike
    from varbind.annotate.inputs import Inputs
    from varbind.annotate.record_stream import RecordBatch
    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.scores import BindingScores
    from varbind.core.window import Window
    from varbind.io.vcf.records import VcfRecord

__all__ = ["score_vcf"]

# Changes in a group of rows. Large groups compress better, and the footer of Parquet lists every group.
GROUP_VALUES = 1 << 22
_PLACE_COLUMNS = (("CHROM", str), ("POS", int), ("ID", str), ("REF", str), ("ALT", str), ("status", str))


def score_vcf(
    source: str | os.PathLike[str] | Source,
    destination: str | os.PathLike[str] = "-",
    *,
    reference: ReferenceLike | None = None,
    bank: Bank,
    long: bool = False,
    settings: AnnotateSettings | None = None,
    progress: Progress | None = None,
) -> AnnotationCounts:
    r"""Write the reference score, the alternate score and the change of every model for every allele of a VCF or BCF.

    An allele that cannot be scored keeps its row, with the reason as its status and empty scores. A record without an
    alternate allele has no row. A byte that is not UTF-8 becomes `\xNN`.

    Args:
        source: the variants; `-` is standard input.
        destination: the path of a `.tsv`, `.tsv.gz`, `.csv`, `.csv.gz` or `.parquet` file, which appears complete or
            not at all; `-` is standard output.
        reference: the FASTA of the build of the variants, as for `annotate_vcf`.
        bank: the models, all of which are scored; see `Bank.select_proteins`.
        long: whether there is one row for each allele and model, instead of three columns for each model.
        settings: the settings of reading and scoring; None = the defaults. Every allele is scored, in promoters or
            not, and the settings of genes, tracks, the second stage and the annotated file are not used.
        progress: called with the number of records read, and with their number in the whole file, which is estimated
            from the share of the bytes that has been read.

    Returns:
        The counts of the records read, and of the alleles scored and not scored.

    Raises:
        VarbindError: the reason, with the exit code of the command line.
    """
    settings = replace(settings or AnnotateSettings(), everywhere=True, overwrite=True)
    path = source.path if isinstance(source, Source) else os.fspath(source)
    destination = os.fspath(destination)
    settings.check_outputs(destination, None, inputs=filter(None, [path, reference_path(reference)]))
    counts, layout = AnnotationCounts(), (_LongTable if long else _WideTable)(bank)
    with TypedTable(destination) as out, ExitStack() as stack:
        opened = source if isinstance(source, Source) else path
        inputs = open_inputs(stack, opened, reference=reference, genes=None, settings=settings, counts=counts)
        if reference is None:  # its path is known only now
            settings.check_outputs(destination, None, inputs=[inputs.genome.path])
        device = checked_device(settings.device, bank)
        scorer = stack.enter_context(Scorer(bank, device=device, threads=settings.threads))
        scored = stack.enter_context(closing(_scored_rows(inputs, scorer, settings, counts, progress)))
        out.write(layout.columns, map(layout.frame, _groups(scored)))
        unscored = inputs.why_nothing_was_scored(counts, selected=settings.selects_records)
    report_unscored(counts, unscored, check_ref=settings.check_ref)
    return counts


@dataclass(frozen=True, slots=True)
class _ScoredRows:
    """N alleles with their scores.

    Attributes:
        cells: the cells of `_PLACE_COLUMNS` for each allele; None where missing.
        ref: the scores of the reference alleles, float32 (N, M); NaN for an allele without a score.
        alt: the scores of the alternate alleles, float32 (N, M).
    """

    cells: list[tuple[str | None, ...]]
    ref: NDArray[np.float32]
    alt: NDArray[np.float32]

    @property
    def delta(self) -> NDArray[np.float32]:
        """Alternate minus reference, float32 (N, M)."""
        return self.alt - self.ref

    @classmethod
    def of(cls, cells: list[tuple[str | None, ...]], scores: BindingScores | None, models: int) -> _ScoredRows:
        """The rows of a batch.

        Args:
            cells: the cells of `_PLACE_COLUMNS` for each allele.
            scores: the scores of the alleles with the status `ok`; None where there is no such allele.
            models: the number of models.
        """
        ref = np.full((len(cells), models), np.nan, dtype=np.float32)
        alt = ref.copy()
        if scores is not None:
            scored = [row for row, (*_, status) in enumerate(cells) if status == Status.OK]
            ref[scored], alt[scored] = scores.ref, scores.alt
        return cls(cells, ref, alt)

    @classmethod
    def joined(cls, parts: Sequence[_ScoredRows]) -> _ScoredRows:
        """All rows of several parts, in order."""
        cells = [cells for part in parts for cells in part.cells]
        return cls(cells, np.concatenate([part.ref for part in parts]), np.concatenate([part.alt for part in parts]))


def _scored_rows(
    inputs: Inputs,
    scorer: Scorer,
    settings: AnnotateSettings,
    counts: AnnotationCounts,
    progress: Progress | None,
) -> Generator[_ScoredRows, None, None]:
    """The alleles of a file in order, one batch at a time."""
    pieces = inputs.checked_pieces(counts, allow_ref_mismatch=settings.allow_ref_mismatch)
    found = (_cells_and_windows(batch, inputs, scorer, counts) for batch in batches_of(pieces, settings.batch_size))
    ahead = batches_ahead(settings.threads)
    with closing(overlapped(found, lambda batch: scorer.score(batch[1]) if batch[1] else None, ahead=ahead)) as scored:
        for (cells, _), scores in scored:
            if cells:
                yield _ScoredRows.of(cells, scores, len(scorer.bank.models))
            if progress:
                total = estimated_total(counts.records_read, inputs.variants.fraction_read())
                progress(counts.records_read, total, "records")


def _cells_and_windows(
    batch: RecordBatch, inputs: Inputs, scorer: Scorer, counts: AnnotationCounts
) -> tuple[list[tuple[str | None, ...]], list[Window]]:
    """The cells of `_PLACE_COLUMNS` for the alleles of a batch, and the windows of those that can be scored."""
    alleles = batch.all_alleles()
    counts.count_alleles(allele.status for allele in alleles)
    places = [_place(record, alt) for record in batch.records for alt in record.alts]
    cells = [(*place, allele.status.value) for place, allele in zip(places, alleles, strict=True)]
    variants = [allele.variant for allele in alleles if allele.variant is not None]
    windows = cut_windows(variants, scorer.flank, inputs.genome)
    counts.padded += sum(window.padded for window in windows)
    return cells, windows


def _place(record: VcfRecord, alt: str) -> tuple[str | None, ...]:
    """CHROM, POS, ID, REF and one ALT as they are written; None where missing."""
    fields = record.line.split(b"\t", 4)[:4]
    texts = [field.decode("utf-8", "backslashreplace") for field in (*fields, alt.encode("latin-1"))]
    return tuple(None if text == "." else text.translate(ENCODED_CONTROLS) for text in texts)


def _groups(scored: Iterable[_ScoredRows]) -> Iterator[_ScoredRows]:
    """The rows in groups of about the same size."""
    held: list[_ScoredRows] = []
    for rows in scored:
        held.append(rows)
        if sum(part.ref.size for part in held) >= GROUP_VALUES:
            yield _ScoredRows.joined(held)
            held.clear()
    if held:
        yield _ScoredRows.joined(held)


class _WideTable:
    """One row for each allele, with three columns for each model."""

    def __init__(self, bank: Bank) -> None:
        names = [f"{model_id}_{what}" for model_id in bank.model_ids for what in ("ref", "alt", "delta")]
        self._scores = [(name, float) for name in names]
        self.columns: list[tuple[str, type]] = [*_PLACE_COLUMNS, *self._scores]

    def frame(self, rows: _ScoredRows) -> pd.DataFrame:
        """The rows of some alleles."""
        scores = np.stack([rows.ref, rows.alt, rows.delta], axis=2).reshape(len(rows.cells), -1)
        places = frame_of(_PLACE_COLUMNS, rows.cells)
        return pd.concat([places, pd.DataFrame(scores, columns=[name for name, _ in self._scores])], axis=1)


class _LongTable:
    """One row for each allele and model."""

    def __init__(self, bank: Bank) -> None:
        # The names differ from REF and ALT in more than their case, because some readers of tables ignore it.
        models = (("model_id", str), ("protein", str))
        scores = (("ref_score", float), ("alt_score", float), ("delta", float))
        self.columns: list[tuple[str, type]] = [*_PLACE_COLUMNS, *models, *scores]
        self._models = frame_of(models, [(model.model_id, model.protein) for model in bank.models])

    def frame(self, rows: _ScoredRows) -> pd.DataFrame:
        """The rows of some alleles."""
        alleles, models = rows.ref.shape
        places = frame_of(_PLACE_COLUMNS, rows.cells)
        parts = [
            places.iloc[np.repeat(np.arange(alleles), models)],
            self._models.iloc[np.tile(np.arange(models), alleles)],
        ]
        found = pd.concat([part.reset_index(drop=True) for part in parts], axis=1)
        return found.assign(ref_score=rows.ref.ravel(), alt_score=rows.alt.ravel(), delta=rows.delta.ravel())
