"""The input files and the settings of the training of a second stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from varbind.train.deepfind import DeepFindSetting
from varbind.train.effect_curves import EFFECT_BACKGROUND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.scoring.background import BackgroundRecipe

__all__ = ["EffectInputs", "EffectPlan"]


@dataclass(frozen=True, slots=True)
class EffectInputs:
    """The input files of a training.

    Attributes:
        activity: Variants of loci with `effect` (log2), `se` and `locus`, and optionally `tss_distance` and `kind`; the
            variants of kind `promoter` calibrate SCORE.
        pairs: Tables of pairs of alleles with `effect` (log2), `se`, and optionally `source` and `weight` (that of the
            source, where a locus has 1), which train the activity head with the loci.
        local: The folder of a second stage whose local network is used; None = that of the bank, `none` = there is no
            local network.
        classes: Variants with `label`: 1 simulated, 0 derived.
        pathogenic: Variants with `label` (1 pathogenic, 0 common) and one column per track; variants of one `gene` are
            in one fold.
        fasta: The genome, for tables without flanks.
        genes: A gene file, as for `varbind annotate`.
        conservation: The bigWig files by track name.
    """

    activity: str | None = None
    pairs: Sequence[str] = ()
    local: str | None = None
    classes: str | None = None
    pathogenic: str | None = None
    fasta: str | None = None
    genes: str | None = None
    conservation: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectPlan:
    """The settings of a training.

    Attributes:
        deepfind: The hyper-parameters of the DeepFind networks.
        background: The recipe of the background variants of the curves.
        seed: The seed of all random numbers.
        device: `cpu`, `cuda` or `cuda:N`.
        threads: The number of CPU threads that score; None = all.
        licence: The licence of the data, for the card.
    """

    deepfind: DeepFindSetting = field(default_factory=DeepFindSetting)
    background: BackgroundRecipe = EFFECT_BACKGROUND
    seed: int = 1
    device: str = "cpu"
    threads: int | None = None
    licence: str = "not stated"
