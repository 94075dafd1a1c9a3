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
from varbind.core.sequence import BASES, N_CODE, decode
from varbind.core.window import cut_window, flank_of
from varbind.interpret.detector_motifs import information
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.annotate.annotated_variants import AnnotatedVariant
    from varbind.annotate.info_reader import ProteinChange
    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.core.sequence import Codes
    from varbind.core.variant import ReferenceSequence, Variant

__all__ = ["ModelSite", "model_sites", "substitutions"]

SEQUENCES_A_BATCH = 4096


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
            for row, site in zip(own, reader.sites([alleles[row] for row in own], genome), strict=True):
                sites[row] = site
    return sites


def substitutions(codes: Codes) -> Codes:
    """All sequences with one base replaced, (4 L, L): A, C, G and T at each position, base after base."""
    length = len(codes)
    mutants = np.repeat(codes[None], len(BASES) * length, axis=0).reshape(len(BASES), length, length)
    for base in range(len(BASES)):
        np.fill_diagonal(mutants[base], base)
    return mutants.reshape(-1, length)


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

    def sites(
        self, alleles: Sequence[tuple[AnnotatedVariant, Variant]], genome: ReferenceSequence
    ) -> Iterable[ModelSite]:
        flank = flank_of(self.model.config.window)
        windows = [cut_window(variant, flank, genome) for _, variant in alleles]
        sequences = [codes for window in windows for allele in (window.ref, window.alt)
                     for codes in (allele[None], substitutions(allele))]  # fmt: skip
        flat = [row for block in sequences for row in block]
        scores = self.scorer.score_codes(flat, batch_size=SEQUENCES_A_BATCH)[:, 0]
        parts = iter(np.split(scores, np.cumsum([len(block) for block in sequences])[:-1]))
        for (annotated, variant), window in zip(alleles, windows, strict=True):
            of_ref, ref_mutants, of_alt, alt_mutants = (next(parts) for _ in range(4))
            maps = tuple(
                (mutants - own).reshape(len(BASES), -1)
                for own, mutants in ((of_ref, ref_mutants), (of_alt, alt_mutants))
            )
            yield self._site(annotated, variant, (window.ref, window.alt), (of_ref, of_alt), (maps[0], maps[1]))

    def _site(
        self,
        annotated: AnnotatedVariant,
        variant: Variant,
        codes: tuple[Codes, Codes],
        scores: tuple[NDArray[np.float32], NDArray[np.float32]],
        maps: tuple[NDArray[np.float32], NDArray[np.float32]],
    ) -> ModelSite:
        found = strongest_change(annotated)
        assert found is not None
        kind, change = found
        left = flank_of(self.model.config.window)
        longest = max(len(variant.ref), len(variant.alt))
        bound = 0 if kind == "loss" else 1
        heights = information_heights(maps[bound], float(self.scale.softness[0]))
        # Bases that the network reads as a quarter of each have no letter.
        heights[codes[bound] == N_CODE] = 0
        shorter = len((variant.ref, variant.alt)[bound])
        heights = np.insert(heights, [left + shorter] * (longest - shorter), 0.0, axis=0)
        aligned = [_padded(decode(own), left + len(allele), longest - len(allele))
                   for own, allele in zip(codes, (variant.ref, variant.alt), strict=True)]  # fmt: skip
        ref, alt = (own.reshape(1, 1).astype(np.float64) for own in scores)
        return ModelSite(
            kind,
            change,
            *aligned,
            variant.start - left + 1,
            (left, left + longest),
            heights,
            maps[0],
            float((alt - ref).item()),
            float(self.scale.bound_change(ref, alt).item()),
            self.background.get(kind_of(variant), np.zeros(0)),
        )


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
