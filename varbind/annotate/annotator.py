"""Annotates batches of records: windows, binding scores, changes, effects, and the lines with their INFO keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import numpy as np

from varbind.annotate.info_fields import AlleleAnnotation, info_text
from varbind.bank.background import LARGEST_SIZE, kind_of
from varbind.bank.binding_changes import BindingEffect, BindingEffects
from varbind.bank.null_distribution import GAIN, LOSS
from varbind.core.variant import Status
from varbind.core.window import cut_window, cut_windows
from varbind.effect.effect_model import KEY_FLANK
from varbind.effect.features import AROUND_BASES, VariantSites, transversion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from varbind.annotate.allele_status import Allele
    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.record_stream import RecordBatch
    from varbind.annotate.tracks import Tracks
    from varbind.bank.background import VariantKind
    from varbind.bank.bank import Bank
    from varbind.bank.null_distribution import ShareCurve
    from varbind.core.scores import BindingScores
    from varbind.core.variant import ReferenceSequence, Variant
    from varbind.core.window import Window
    from varbind.effect.second_stage import SecondStage

__all__ = ["Annotator", "KnownValues", "VariantScorer"]


class VariantScorer(Protocol):
    """Scores both alleles of variants."""

    @property
    def bank(self) -> Bank:
        """The M models, in the order of the score columns."""

    @property
    def flank(self) -> int:
        """The number of bases that a window needs on each side of a change."""

    def score(self, windows: Sequence[Window]) -> BindingScores:
        """Score both alleles of B windows with these flanks, (B, M)."""


class KnownValues(Protocol):
    """The values of alleles that were scored before."""

    def find(self, variants: Sequence[Variant]) -> list[Mapping[str, str] | None]:
        """The texts of each of B variants by INFO key without the prefix; None where the variant has to be scored."""


class Annotator:
    """Annotates batches of records, in four steps: windows, scores, effects, and the lines with their INFO keys.

    Args:
        scorer: scores the models in use.
        listed: the models of the scorer whose losses and gains are listed.
        reference: the genome.
        tracks: the conservation tracks.
        second: the second stage; None = there is none.
        prefix: the prefix of every INFO key.
        top: the number of families listed for losses and for gains.
        known: the values of alleles that were scored before with the same models and settings; None = there are none.
    """

    def __init__(
        self,
        scorer: VariantScorer,
        listed: Bank,
        reference: ReferenceSequence,
        tracks: Tracks,
        *,
        second: SecondStage | None = None,
        prefix: str,
        top: int,
        known: KnownValues | None = None,
    ) -> None:
        self._scorer = scorer
        self._known = known
        column_of = {model_id: column for column, model_id in enumerate(scorer.bank.model_ids)}
        self._listed = [column_of[model_id] for model_id in listed.model_ids]
        self._effects = BindingEffects.of_bank(listed, _strongest(listed, second))
        self._second = second
        self._reference = reference
        self._tracks = tracks
        self._prefix = prefix
        self._top = top

    def look_up(self, batch: RecordBatch) -> None:
        """Give the alleles of a batch the values that are known already; only the others are scored."""
        if self._known is None:
            return
        ok = [allele.variant for allele in batch.all_alleles() if allele.variant is not None]
        found = iter(self._known.find(ok) if ok else ())
        batch.alleles = [
            [allele if allele.variant is None else replace(allele, known=next(found)) for allele in alleles]
            for alleles in batch.alleles
        ]

    def windows(self, batch: RecordBatch) -> list[Window]:
        """The windows of the variants to score of a batch, in order."""
        return cut_windows(_variants(batch), self._scorer.flank, self._reference)

    def prepare(self, batch: RecordBatch) -> None:
        """Derive the background distributions that the variants of a batch need.

        It may be called while the batch is scored in another thread.
        """
        self._effects.prepare(map(kind_of, _variants(batch)))

    def score(self, windows: Sequence[Window]) -> BindingScores | None:
        """Scores of both alleles; None without windows. It may be called from any one thread."""
        return self._scorer.score(windows) if windows else None

    def lines(
        self, batch: RecordBatch, windows: Sequence[Window], scores: BindingScores | None, counts: AnnotationCounts
    ) -> bytes:
        """The lines of a batch in order, with the INFO keys of every record to annotate.

        Args:
            batch: the records.
            windows: the windows of the variants of the batch.
            scores: the scores of these windows.
            counts: counts the records written, and the alleles by status and by PHRED.
        """
        alleles = batch.all_alleles()
        self._tracks.count(Counter(allele.contig for allele in alleles if allele.contig is not None))
        annotations = self._annotate(alleles, windows, scores)
        counts.records_written += batch.n_records
        counts.count_alleles(annotation.status for annotation in annotations)
        counts.padded += sum(annotation.padded for annotation in annotations)
        if "PHRED" in self._effect_names:
            column = self._effect_names.index("PHRED")
            counts.count_phreds(annotation.predicted[column] for annotation in annotations if annotation.predicted)
            known = [annotation.known.get("PHRED") for annotation in annotations if annotation.known is not None]
            counts.count_phreds(float(phred) for phred in known if phred is not None)
        remaining = iter(annotations)
        return batch.with_info(
            info_text(list(islice(remaining, len(alleles))), self._prefix, self._tracks.names, self._effect_names)
            for alleles in batch.alleles
        )

    @property
    def _effect_names(self) -> tuple[str, ...]:
        return self._second.keys.names if self._second else ()

    def _annotate(
        self, alleles: Sequence[Allele], windows: Sequence[Window], scores: BindingScores | None
    ) -> list[AlleleAnnotation]:
        computed = iter(self._computed([allele for allele in alleles if allele.known is None], windows, scores))
        return [next(computed) if allele.known is None else _known_annotation(allele.known) for allele in alleles]

    def _computed(
        self, alleles: Sequence[Allele], windows: Sequence[Window], scores: BindingScores | None
    ) -> list[AlleleAnnotation]:
        """The annotations of alleles whose values are not known yet."""
        means = self._tracks.means(alleles)
        scored: Iterator[_Scored] = iter(())
        if scores is not None:
            ok = [row for row, allele in enumerate(alleles) if allele.variant is not None]
            scored = iter(self._scored([alleles[row] for row in ok], windows, scores, [means[row] for row in ok]))
        return [
            _annotation(allele, next(scored) if allele.variant else None, conservation)
            for allele, conservation in zip(alleles, means, strict=True)
        ]

    def _scored(
        self,
        alleles: Sequence[Allele],
        windows: Sequence[Window],
        scores: BindingScores,
        means: Sequence[tuple[float, ...]],
    ) -> list[_Scored]:
        """Everything that follows from the scores of B alleles, each of which has a variant."""
        kinds = [kind_of(allele.variant) for allele in alleles if allele.variant is not None]
        effects = self._effects.describe(scores.take(self._listed), kinds, top=self._top)
        if self._second is None:
            return [_Scored(window, effect) for window, effect in zip(windows, effects, strict=True)]
        sites = self._sites(alleles, means)
        predicted = self._second.predict(scores, sites, kinds, windows, self._scorer.flank)
        columns = [predicted.values[name].tolist() for name in self._effect_names]
        # A second stage without its tracks may give no value at all; there is one row per allele even then.
        rows = list(zip(*columns, strict=True)) if columns else [()] * len(alleles)
        # The score head compares alleles by the same condition.
        without_tss = np.isnan(sites.tss_distance) & ("PHRED" in self._effect_names)
        return [
            _Scored(
                windows[row],
                effects[row],
                values,
                self._second.explained(predicted.contributions[row])
                if self._second.keys.explain and predicted.contributions is not None
                else (),
                in_training=self._seen(alleles[row], windows[row]),
                no_tss=bool(without_tss[row]),
            )
            for row, values in enumerate(rows)
        ]

    def _seen(self, allele: Allele, window: Window) -> bool:
        assert self._second is not None
        variant, flank = allele.variant, self._scorer.flank
        if variant is None:
            return False
        if flank < KEY_FLANK:
            window, flank = cut_window(variant, KEY_FLANK, self._reference), KEY_FLANK
        return self._second.has_seen(variant, window, flank)

    def _sites(self, alleles: Sequence[Allele], means: Sequence[tuple[float, ...]]) -> VariantSites:
        """The distance to the transcription start, the kind of change and the conservation of each allele."""
        assert self._second is not None
        around = self._tracks.means(alleles, around=AROUND_BASES) if self._second.reads_around else means
        exact, wide = (np.array(values, dtype=np.float64).reshape(len(alleles), -1) for values in (means, around))
        return VariantSites(
            np.array([allele.genes[0].distance if allele.genes else np.nan for allele in alleles], dtype=np.float64),
            np.array([transversion(allele.variant) for allele in alleles if allele.variant is not None]),
            {name: np.stack([exact[:, i], wide[:, i]], axis=1) for i, name in enumerate(self._tracks.names)},
        )


@dataclass(frozen=True, slots=True)
class _Scored:
    """The results of one allele that has scores."""

    window: Window
    effect: BindingEffect
    predicted: tuple[float, ...] = ()
    explained: tuple[tuple[str, float], ...] = ()
    in_training: bool = False
    no_tss: bool = False


def _strongest(listed: Bank, second: SecondStage | None) -> dict[int, Mapping[VariantKind, ShareCurve]] | None:
    """The distributions of the strongest loss and gain; None unless they are known for exactly these models."""
    if second is None or list(listed.model_ids) != second.effect.card.default_ids:
        return None
    # The distributions hold only for the background on which they were fitted.
    if listed.cards[0].background.get("sha256") != second.effect.card.bank.get("background"):
        return None
    curves = second.effect.curves
    return {LOSS: curves.get("loss", {}), GAIN: curves.get("gain", {})}


def _variants(batch: RecordBatch) -> list[Variant]:
    """The variants to score of a batch, in order."""
    return [allele.variant for allele in batch.all_alleles() if allele.variant is not None and allele.known is None]


def _known_annotation(known: Mapping[str, str]) -> AlleleAnnotation:
    """The annotation of an allele that was scored before."""
    return AlleleAnnotation(Status.OK, padded="padded" in known.get("FLAG", "").split("&"), known=known)


def _annotation(allele: Allele, scored: _Scored | None, means: tuple[float, ...]) -> AlleleAnnotation:
    if scored is None:
        return AlleleAnnotation(allele.status, genes=allele.genes, conservation=means)
    return AlleleAnnotation(
        allele.status,
        effect=scored.effect,
        genes=allele.genes,
        padded=scored.window.padded,
        in_training=scored.in_training,
        size_extrapolated=allele.variant is not None and allele.variant.size > LARGEST_SIZE,
        no_tss=scored.no_tss,
        predicted=scored.predicted,
        explained=scored.explained,
        conservation=means,
    )
