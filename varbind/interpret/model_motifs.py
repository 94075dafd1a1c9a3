"""The motifs of the detectors of models, those that add most to the score first; as logos, MEME, JASPAR or rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.deepbind import DeepBindStack
from varbind.draw.logo import sequence_logo
from varbind.interpret.detector_motifs import Detectors, MotifRule, detector_motifs, information
from varbind.scoring.background import PromoterSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.core.network_stack import NetworkStack
    from varbind.core.sequence import Codes
    from varbind.draw.svg import Drawing

__all__ = [
    "MOTIF_COLUMNS",
    "ModelMotif",
    "generated_promoters",
    "jaspar_text",
    "logo_of",
    "meme_text",
    "motif_rows",
    "motifs_of_model",
]

PROMOTERS, PROMOTER_LEN, PROMOTER_SEED = 2_000, 200, 2015
"""The promoter-like sequences that are searched where no others are given: their number, length and seed."""

WINDOWS_OF_SHARES = 1_000
"""The number of windows that a count matrix states where a rule counts none."""

MOTIF_COLUMNS = (
    ("model_id", str),
    ("protein", str),
    ("detector", int),
    ("rule", str),
    ("windows", int),
    ("largest_addition", float),
    ("position", int),
    ("A", float),
    ("C", float),
    ("G", float),
    ("T", float),
    ("information", float),
)
"""The columns of a table of motifs: a row is a position of a motif."""


@dataclass(frozen=True, slots=True)
class ModelMotif:
    """The motif of a detector of a model.

    Attributes:
        model: the card of the model.
        detector: the number of the detector, from 1, over all networks of the model.
        rule: the rule that made the motif.
        shares: the share of each base at each position, float64 (width, 4).
        windows: the number of aligned windows; 0 where the rule needs no sequences.
        largest_addition: the most that the detector can add to the score of one network, its output weight times its
            largest possible activation; negative = it lowers the score. NaN for a network with hidden units.
    """

    model: ModelCard
    detector: int
    rule: MotifRule
    shares: NDArray[np.float64]
    windows: int
    largest_addition: float

    @property
    def name(self) -> str:
        """The id of the model and the number of the detector."""
        return f"{self.model.model_id}.{self.detector}"


def generated_promoters() -> Codes:
    """Promoter-like sequences from the Markov chain of the background, always the same, uint8 (N, L)."""
    return PromoterSource().draw(PROMOTERS, PROMOTER_LEN, np.random.default_rng(PROMOTER_SEED))


def motifs_of_model(
    bank: Bank, model_id: str, codes: Codes, rule: MotifRule = MotifRule.KOO_CODE, *, min_windows: int = 10
) -> list[ModelMotif]:
    """The motifs of the detectors of one model, those that can add most to the score first.

    Args:
        bank: the bank that holds the model.
        model_id: the id of the model.
        codes: base codes of the sequences that are searched, (N, L); `softmax` does not read them.
        rule: how motifs are made.
        min_windows: the least number of aligned windows; a detector with fewer has no motif.

    Raises:
        UsageError: the bank has no such model, the sequences are too short, or torch, by which networks other than
            those of DeepBind are read, is not installed.
    """
    chosen = bank.select([model_id])
    (stack,) = chosen.stacks
    detectors = Detectors.of_network(stack, 0)
    additions = _largest_additions(stack, detectors)
    motifs = [
        ModelMotif(chosen.models[0], own.detector + 1, rule, own.shares, own.windows, float(additions[own.detector]))
        for own in detector_motifs(detectors, codes, rule, min_windows=min_windows)
    ]
    return motifs if np.isnan(additions).any() else sorted(motifs, key=lambda motif: -motif.largest_addition)


def _largest_additions(stack: NetworkStack[Any], detectors: Detectors) -> NDArray[np.float32]:
    """The most that each detector of the first model can add to the score, (D,); NaN with hidden units."""
    if not isinstance(stack, DeepBindStack) or stack.config.hidden:
        return np.full(len(detectors.weights), np.nan, dtype=np.float32)
    step = 2 if stack.config.mean_pooling else 1
    weights = stack.weights1[: stack.config.members, ::step, 0]
    return weights.ravel() * detectors.largest_possible


def logo_of(motif: ModelMotif) -> Drawing:
    """The logo of a motif; letters are as high as their share of the information of their position in bits."""
    parts = [f"{motif.model.protein}, detector {motif.detector} of {motif.model.model_id}"]
    if not np.isnan(motif.largest_addition):
        parts.append(f"adds up to {motif.largest_addition:.2g}")
    if motif.windows:
        parts.append(f"{motif.windows} windows")
    heights = motif.shares * information(motif.shares)[:, None]
    return sequence_logo(np.maximum(heights, 0), title=", ".join(parts))


def meme_text(motifs: Iterable[ModelMotif]) -> Iterator[str]:
    """Motifs in the minimal format of MEME, piece by piece."""
    yield "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n"
    yield "Background letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n\n"
    for motif in motifs:
        sites = motif.windows or WINDOWS_OF_SHARES
        yield f"MOTIF {motif.name} {_word(motif.model.protein)}\n"
        yield f"letter-probability matrix: alength= 4 w= {len(motif.shares)} nsites= {sites} E= 0\n"
        yield from (" ".join(f"{share:.6f}" for share in row) + "\n" for row in motif.shares.tolist())
        yield "\n"


def jaspar_text(motifs: Iterable[ModelMotif]) -> Iterator[str]:
    """Motifs as count matrices of JASPAR, piece by piece; the counts are the shares times the number of windows."""
    for motif in motifs:
        counts = motif.shares * (motif.windows or WINDOWS_OF_SHARES)
        yield f">{motif.name}\t{_word(motif.model.protein)}\n"
        for base, row in zip("ACGT", counts.T.tolist(), strict=True):
            yield f"{base}  [ {' '.join(f'{count:.2f}' for count in row)} ]\n"


def motif_rows(motif: ModelMotif) -> list[tuple[object, ...]]:
    """The cells of the positions of a motif for `MOTIF_COLUMNS`."""
    addition = None if np.isnan(motif.largest_addition) else motif.largest_addition
    start = (motif.model.model_id, motif.model.protein, str(motif.detector), motif.rule.value)
    rows = zip(motif.shares.tolist(), information(motif.shares).tolist(), strict=True)
    return [
        (*start, str(motif.windows), addition, str(place), *shares, bits)
        for place, (shares, bits) in enumerate(rows, 1)
    ]


def _word(text: str) -> str:
    """A text without blanks, which separate words in these formats."""
    return "%20".join(text.replace("%", "%25").split())
