"""A batch of records in, their annotated lines out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.core.annotation import AlleleAnnotation, info_text
from varbind.core.background import kind_of
from varbind.core.effects import BindingEffect, BindingEffects

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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

    def lines(self, batch: Sequence[Entry], tally: Tally) -> Iterator[bytes]:
        """The lines of a batch in order, annotated where there is something to say."""
        alleles = [allele for _, alleles in batch for allele in alleles or ()]
        annotations = iter(self._annotate(alleles))
        for item, own_alleles in batch:
            if isinstance(item, bytes):
                yield item
                continue
            tally.records_written += 1
            if own_alleles is None:
                yield item.line
                continue
            own = [next(annotations) for _ in own_alleles]
            tally.count_alleles(annotation.status for annotation in own)
            tally.padded += sum(annotation.padded for annotation in own)
            yield item.with_info(info_text(own, self._prefix, self._tracks.names))

    def _annotate(self, alleles: Sequence[Allele]) -> list[AlleleAnnotation]:
        variants = [allele.variant for allele in alleles if allele.variant is not None]
        windows = [self._scorer.cut(variant, self._reference) for variant in variants]
        effects: list[BindingEffect] = []
        if windows:
            delta = self._scorer.score(windows).delta
            effects = self._effects.describe(delta, [kind_of(v) for v in variants], top=self._top)
        scored = iter(zip(windows, effects, strict=True))
        return [
            _annotation(allele, next(scored) if allele.variant else None, means)
            for allele, means in zip(alleles, self._tracks.means(alleles), strict=True)
        ]


def _annotation(
    allele: Allele, scored: tuple[Window, BindingEffect] | None, means: tuple[float, ...]
) -> AlleleAnnotation:
    if scored is None:
        return AlleleAnnotation(allele.status, genes=allele.genes, conservation=means)
    window, effect = scored
    return AlleleAnnotation(allele.status, effect=effect, genes=allele.genes, padded=window.padded, conservation=means)
