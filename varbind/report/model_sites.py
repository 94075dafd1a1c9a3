"""What the model of the strongest change reads: its site in both alleles, and the effect of every substitution there.

The network of a model is given the window that annotation scores, with each base replaced by each other one. The
differences of the score, in units in which binding begins (see `varbind.bank.binding_scale`), are taken as log-odds:
the share of a base at a position is their softmax, and the information of the position is 2 + sum p log2 p, in bits
(Schneider and Stephens 1990). A base of a sequence logo is p times as high.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.headline import strongest_change
from varbind.bank.background import kind_of
from varbind.bank.binding_scale import BindingScale
from varbind.core.sequence import N_CODE, decode
from varbind.interpret.detector_motifs import information
from varbind.interpret.mutation_map import maps_of_sequence
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.annotate.annotated_variants import AnnotatedVariant
    from varbind.annotate.info_reader import ProteinChange
    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.core.variant import ReferenceSequence, Variant

__all__ = ["ModelSite", "model_sites"]


@dataclass(frozen=True, slots=True)
class ModelSite:
    """The strongest change of an allele, as its model reads both sequences.

    L is the number of columns of the alignment, and R that of reference bases among them.

    Attributes:
        kind: `loss` or `gain`.
        change: the family and its protein.
        reference: the reference sequence, L letters; - where only the alternate one has a base.
        alternate: the alternate sequence, L letters; - where only the reference has a base.
        first: the position of the first reference base.
        changed: the first and the last column that differ, as a half-open span; for all kinds of variants not empty.
        heights: the height of each base in the sequence that is bound, in bits, float64 (L, 4).
        changes: the change of the score for each substitution in the reference, float32 (4, R).
        delta: the alternate minus the reference score.
        bound_change: the same for what is bound, see `varbind.bank.binding_scale`.
        background: the bound changes of the model on background variants of the same kind; empty where unknown.
    """

    kind: str
    change: ProteinChange
    reference: str
    alternate: str
    first: int
    changed: tuple[int, int]
    heights: NDArray[np.float64]
    changes: NDArray[np.float32]
    delta: float
    bound_change: float
    background: NDArray[np.floating]


def model_sites(
    alleles: Sequence[tuple[AnnotatedVariant, Variant]], genome: ReferenceSequence, bank: Bank
) -> list[ModelSite | None]:
    """The site of each allele; None where no change is listed, or the bank does not have its model.

    Args:
        alleles: annotated alleles with their normalised variants on the genome.
        genome: the reference genome.
        bank: the bank that annotated them.
    """
    known = {model.model_id: column for column, model in enumerate(bank.models)}
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (annotated, _) in enumerate(alleles):
        found = strongest_change(annotated)
        if found and found[1].model_id in known:
            rows[found[1].model_id].append(row)
    sites: list[ModelSite | None] = [None] * len(alleles)
    for model_id, own in rows.items():
        model = bank.models[known[model_id]]
        with Scorer(bank.select([model_id])) as scorer:
            reader = _ModelReader(model, scorer, _scale_of(model, bank), _background(bank, known[model_id]))
            for row in own:
                sites[row] = reader.site(*alleles[row], genome)
    return sites


def _scale_of(model: ModelCard, bank: Bank) -> BindingScale:
    levels = next(
        (card.quantile_levels for card in bank.cards if model.model_id in {own.model_id for own in card.models}), []
    )
    return BindingScale.of_known([model], levels)


def _background(bank: Bank, column: int) -> Mapping[str, NDArray[np.floating]]:
    """The bound changes of a model on the background variants, by kind."""
    if bank.background is None:
        return {}
    return {kind: changes.of_model(column) for kind, changes in bank.background.changes.items()}


@dataclass(frozen=True, slots=True)
class _ModelReader:
    """A model that reads the alleles whose strongest change is its own."""

    model: ModelCard
    scorer: Scorer
    scale: BindingScale
    background: Mapping[str, NDArray[np.floating]]

    def site(self, annotated: AnnotatedVariant, variant: Variant, genome: ReferenceSequence) -> ModelSite:
        kind, change = _change_of(annotated)
        left, window = self.scorer.flank, self.scorer.cut(variant, genome)
        scores = self.scorer.score([window])
        (in_reference,) = maps_of_sequence(window.ref, self.scorer)
        codes, own = (window.ref, variant.ref) if kind == "loss" else (window.alt, variant.alt)
        (in_bound,) = [in_reference] if kind == "loss" else maps_of_sequence(window.alt, self.scorer)
        longest = max(len(variant.ref), len(variant.alt))
        heights = information_heights(in_bound.delta, float(self.scale.softness[0]))
        # Bases that the network reads as a quarter of each have no letter.
        heights[codes == N_CODE] = 0
        heights = np.insert(heights, [left + len(own)] * (longest - len(own)), 0.0, axis=0)
        reference, alternate = (
            _padded(decode(letters), left + len(allele), longest - len(allele))
            for letters, allele in ((window.ref, variant.ref), (window.alt, variant.alt))
        )
        return ModelSite(
            kind,
            change,
            reference,
            alternate,
            variant.start - left + 1,
            (left, left + longest),
            heights,
            in_reference.delta,
            scores.alt.item() - scores.ref.item(),
            self.scale.bound_change(scores.ref, scores.alt).item(),
            self.background.get(kind_of(variant), np.zeros(0)),
        )


def _change_of(annotated: AnnotatedVariant) -> tuple[str, ProteinChange]:
    """The strongest change of an allele that lists one."""
    found = strongest_change(annotated)
    assert found is not None
    return found


def information_heights(changes: NDArray[np.floating], softness: float) -> NDArray[np.float64]:
    """The height of each base in bits, float64 (L, 4), from the changes of the score by substitution (4, L).

    Args:
        changes: the score with the base minus the score of the sequence.
        softness: the change that counts as one unit of log-odds, above 0.
    """
    log_odds = changes.T.astype(np.float64) / softness
    raised = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    shares = raised / raised.sum(axis=1, keepdims=True)
    heights: NDArray[np.float64] = shares * information(shares)[:, None]
    return heights


def _padded(letters: str, place: int, missing: int) -> str:
    """A sequence with gaps before a place, so that both alleles have the same columns."""
    return letters[:place] + "-" * missing + letters[place:]
