"""A batch of records in, their annotated lines out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.core.annotation import AlleleAnnotation, info_text
from varbind.core.background import kind_of
from varbind.core.effects import BindingEffect, BindingEffects
from varbind.core.window import cut_windows
from varbind.pipeline.intake import Untouched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from varbind.core.tally import Tally
    from varbind.core.variant import ReferenceSequence
    from varbind.core.window import Window
    from varbind.pipeline.intake import Entry
    from varbind.pipeline.scoring import Scorer
    from varbind.pipeline.tracks import Tracks
    from varbind.pipeline.triage import Allele

__all__ = ["Annotator"]


class Annotator:
    """Windows, scores, effects, column 8.

    Args:
        scorer: of the models in use.
        reference: the genome.
        tracks: conservation.
        prefix: of our keys.
        top: families listed a direction.
    """

    def __init__(self, scorer: Scorer, reference: ReferenceSequence, tracks: Tracks, *, prefix: str, top: int) -> None:
        self._scorer = scorer
        self._effects = BindingEffects(scorer.bank.models, scorer.bank.background)
        self._reference = reference
        self._tracks = tracks
        self._prefix = prefix
        self._top = top

    def windows(self, batch: Sequence[Entry]) -> list[Window]:
        """What is to be scored of a batch, in order."""
        variants = [allele.variant for allele in _alleles(batch) if allele.variant is not None]
        return cut_windows(variants, self._scorer.flank, self._reference)

    def prepare(self, batch: Sequence[Entry]) -> None:
        """Derive what the variants of a batch will be compared with; it may be called while they are scored."""
        self._effects.prepare(kind_of(allele.variant) for allele in _alleles(batch) if allele.variant is not None)

    def score(self, windows: Sequence[Window]) -> NDArray[np.floating] | None:
        """Alternate minus reference, (B, M); None of nothing. It may be called from any one thread."""
        return self._scorer.score(windows).delta if windows else None

    def lines(
        self, batch: Sequence[Entry], windows: Sequence[Window], delta: NDArray[np.floating] | None, tally: Tally
    ) -> Iterator[bytes]:
        """The lines of a batch in order, annotated where there is something to say.

        Args:
            batch: the entries.
            windows: of its variants.
            delta: of these windows.
            tally: counts what is written, and why an allele has no score.
        """
        annotations = iter(self._annotate(list(_alleles(batch)), windows, delta))
        for entry in batch:
            if isinstance(entry, Untouched):
                tally.records_written += entry.records
                yield entry.data
                continue
            record, alleles = entry
            tally.records_written += 1
            own = [next(annotations) for _ in alleles]
            tally.count_alleles(annotation.status for annotation in own)
            tally.padded += sum(annotation.padded for annotation in own)
            yield record.with_info(info_text(own, self._prefix, self._tracks.names))

    def _annotate(
        self, alleles: Sequence[Allele], windows: Sequence[Window], delta: NDArray[np.floating] | None
    ) -> list[AlleleAnnotation]:
        effects: list[BindingEffect] = []
        if delta is not None:
            kinds = [kind_of(allele.variant) for allele in alleles if allele.variant is not None]
            effects = self._effects.describe(delta, kinds, top=self._top)
        scored = iter(zip(windows, effects, strict=True))
        return [
            _annotation(allele, next(scored) if allele.variant else None, means)
            for allele, means in zip(alleles, self._tracks.means(alleles), strict=True)
        ]


def _alleles(batch: Iterable[Entry]) -> Iterator[Allele]:
    for entry in batch:
        if not isinstance(entry, Untouched):
            yield from entry[1]


def _annotation(
    allele: Allele, scored: tuple[Window, BindingEffect] | None, means: tuple[float, ...]
) -> AlleleAnnotation:
    if scored is None:
        return AlleleAnnotation(allele.status, genes=allele.genes, conservation=means)
    window, effect = scored
    return AlleleAnnotation(allele.status, effect=effect, genes=allele.genes, padded=window.padded, conservation=means)
