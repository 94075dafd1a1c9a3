"""The protocol of a head of the second stage: its INFO keys, what it needs, and how it predicts.

A head is a frozen dataclass of arrays, numbers and tuples of names, which `varbind.io.effects` stores field by field.
A new head is one module in this package and one entry in `varbind.effect.second_stage`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from varbind.bank.background import VariantKind
    from varbind.bank.null_distribution import ShareCurve
    from varbind.core.dense import Dense
    from varbind.core.window import Window
    from varbind.effect.features import VariantSites

__all__ = ["Head", "HeadInputs", "HeadKey", "HeadNeeds", "HeadResult"]


@dataclass(frozen=True, slots=True)
class HeadKey:
    """An INFO key that a head gives, with one value per allele.

    Attributes:
        name: The key without the prefix.
        description: The Description of its header line.
        type: The Type of its header line.
        head: The other head that must be in use for this key; empty if there is none.
        curve: The background curve of the second stage that the key needs; empty if it needs none.
    """

    name: str
    description: str
    type: Literal["Float"] = "Float"
    head: str = ""
    curve: str = ""


@dataclass(frozen=True, slots=True)
class HeadNeeds:
    """What a head reads.

    Attributes:
        heads: The heads whose results it cannot do without.
        models: The number of models whose scores it reads; None if it reads none, or reads them by `features`.
        features: The names of the features that it reads (`varbind.effect.features.feature_matrix`).
        tracks: The conservation tracks that it reads; the head is used if at least one of them is available.
        flank: The number of bases that it reads on each side of a change; 0 if it reads no sequence.
        outputs: The number of outputs of the local head that it weighs; 0 if it weighs none.
    """

    heads: tuple[str, ...] = ()
    models: int | None = None
    features: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    flank: int = 0
    outputs: int = 0


@dataclass(frozen=True, slots=True)
class HeadResult:
    """The results of one head for B variants.

    Attributes:
        values: The values by INFO key without the prefix, float64 (B,); NaN where there is no value.
        parts: The intermediate results by name, which other heads and `SecondStage` read.
    """

    values: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    parts: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeadInputs:
    """The data of B variants that every head may read.

    Attributes:
        model_ids: The M models of the second stage.
        ref: The scores of the reference alleles, (B, M).
        alt: The scores of the alternate alleles, (B, M).
        sites: The positions of the variants relative to genes, and their conservation.
        kinds: The kinds of the variants.
        curves: The background curves of the second stage, by name and by kind.
        results: The results of the heads that were asked before, by name.
        dense: The function for weighted sums of rows; every one gives the same bytes.
        windows: The sequences of both alleles; empty if no head reads them.
        flank: The number of bases of the windows on each side of a change.
    """

    model_ids: Sequence[str]
    ref: NDArray[np.floating]
    alt: NDArray[np.floating]
    sites: VariantSites
    kinds: Sequence[VariantKind]
    curves: Mapping[str, Mapping[VariantKind, ShareCurve]]
    results: Mapping[str, HeadResult]
    dense: Dense
    windows: Sequence[Window] = ()
    flank: int = 0


class Head(Protocol):
    """One head of the second stage.

    Attributes:
        name: The name in `HEADS`, in the card and in the weights file.
        label: The name in messages.
        keys: The INFO keys that it can give, in the order in which they are written.
    """

    __slots__ = ()

    name: ClassVar[str]
    label: ClassVar[str]
    keys: ClassVar[tuple[HeadKey, ...]]

    @property
    def needs(self) -> HeadNeeds:
        """What the head reads; nothing by default."""
        return HeadNeeds()

    def renamed(self, new_names: Mapping[str, str]) -> Self:
        """The same head where features have other names; the head itself if it reads no features by name.

        Args:
            new_names: The new name of each feature of a model, by its old name.
        """
        del new_names
        return self

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """The results for B variants; the result for a variant does not depend on the other variants."""
