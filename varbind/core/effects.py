"""From score changes to the strongest loss and gain of binding, one entry a protein family.

A random promoter SNV changes some protein strongly, and the members of a family light up together.
So a family's change is the mean of its members' changes, each in units of that model's standard
deviation; it is compared with the same family's change on the background variants of the same kind;
and the strongest family is compared with the strongest family of every background variant, which
puts the multiple testing over hundreds of proteins inside the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.background import BackgroundTable, UpperTail, VariantKind, phred

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.model_card import ModelCard

__all__ = ["BindingEffect", "BindingEffects", "FamilyChange"]

LOSS, GAIN = -1, 1


@dataclass(frozen=True, slots=True)
class FamilyChange:
    """The change of one family, named by its member that changes most.

    Attributes:
        model: that member.
        delta: its change, alternate minus reference, in units of the model.
        z: the same in standard deviations over background SNVs.
        share: share of background variants of the kind on which the family changes at least as much.
    """

    model: ModelCard
    delta: float
    z: float
    share: float


@dataclass(frozen=True, slots=True)
class BindingEffect:
    """What one variant does to binding.

    Attributes:
        losses: strongest first, one a family.
        gains: strongest first, one a family.
        loss_phred: -10 log10 of the share of background variants of the same kind whose strongest
            loss is at least as large; None where there is no such background.
        gain_phred: the same for gains.
    """

    losses: tuple[FamilyChange, ...]
    gains: tuple[FamilyChange, ...]
    loss_phred: float | None
    gain_phred: float | None


@dataclass(frozen=True, slots=True)
class _KindBackground:
    """Per direction: each family's background, and the background of the strongest family."""

    families: dict[int, list[UpperTail]]
    strongest: dict[int, UpperTail]


class BindingEffects:
    """Turns score changes of a fixed set of models into binding effects.

    Args:
        models: the M models, in the order of the columns.
        table: their score changes on the background variants; None = no PHRED can be given, and
            families are ranked by their mean change.
    """

    def __init__(self, models: Sequence[ModelCard], table: BackgroundTable | None) -> None:
        self.models = tuple(models)
        self._table = table
        self._sd = np.array([m.delta_sd for m in models], dtype=np.float64)
        members: dict[str, list[int]] = {}
        for column, model in enumerate(models):
            members.setdefault(model.family, []).append(column)
        self.families = tuple(members)
        self._members = tuple(members.values())
        self._background = cache(self._background_of)

    def z(self, delta: NDArray[np.floating]) -> NDArray[np.float64]:
        """Changes in standard deviations, (B, M); a model that never changes on the background has 0."""
        z = np.zeros(delta.shape)
        np.divide(delta, self._sd, out=z, where=self._sd > 0)
        return z

    def family_means(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean z of each family, (B, F), summed model by model so that a row never depends on the batch."""
        means = np.zeros((len(z), len(self.families)))
        for family, columns in enumerate(self._members):
            for column in columns:
                means[:, family] += z[:, column]
            means[:, family] /= len(columns)
        return means

    def describe(
        self, delta: NDArray[np.floating], kinds: Sequence[VariantKind | None], *, top: int
    ) -> list[BindingEffect]:
        """The effect of each variant.

        Args:
            delta: alternate minus reference, (B, M).
            kinds: the kind of each variant; None = longer than any background.
            top: families listed a direction.
        """
        z = self.z(delta)
        means = self.family_means(z)
        effects: list[BindingEffect | None] = [None] * len(kinds)
        for kind in dict.fromkeys(kinds):
            rows = [row for row, k in enumerate(kinds) if k == kind]
            for row, effect in zip(
                rows, self._describe_kind(kind, delta[rows], z[rows], means[rows], top), strict=True
            ):
                effects[row] = effect
        return [effect for effect in effects if effect is not None]

    def _describe_kind(
        self,
        kind: VariantKind | None,
        delta: NDArray[np.floating],
        z: NDArray[np.float64],
        means: NDArray[np.float64],
        top: int,
    ) -> list[BindingEffect]:
        shares = {side: self._family_shares(kind, means, side) for side in (LOSS, GAIN)}
        phreds = {side: self._strongest_phred(kind, shares[side], side) for side in (LOSS, GAIN)}
        return [
            BindingEffect(
                losses=self._strongest(delta[row], z[row], means[row], shares[LOSS][row], LOSS, top),
                gains=self._strongest(delta[row], z[row], means[row], shares[GAIN][row], GAIN, top),
                loss_phred=phreds[LOSS][row],
                gain_phred=phreds[GAIN][row],
            )
            for row in range(len(delta))
        ]

    def _family_shares(self, kind: VariantKind | None, means: NDArray[np.float64], side: int) -> NDArray[np.float64]:
        """Background share of each family's change in one direction, (B, F)."""
        if self._table is None:
            return np.exp(-_towards(side, means))
        tails = self._background(kind or VariantKind.SNV).families[side]
        return np.stack([tail.share(_towards(side, means[:, f])) for f, tail in enumerate(tails)], axis=1)

    def _strongest_phred(self, kind: VariantKind | None, shares: NDArray[np.float64], side: int) -> list[float | None]:
        if self._table is None or kind is None:
            return [None] * len(shares)
        strength = -np.log10(shares.min(axis=1))
        return [float(value) for value in phred(self._background(kind).strongest[side].share(strength))]

    def _strongest(
        self,
        delta: NDArray[np.floating],
        z: NDArray[np.float64],
        means: NDArray[np.float64],
        shares: NDArray[np.float64],
        side: int,
        top: int,
    ) -> tuple[FamilyChange, ...]:
        """The `top` families of one variant that change in this direction, rarest change first."""
        order = [f for f in np.argsort(shares, kind="stable") if side * means[f] > 0]
        changes = []
        for family in order[:top]:
            columns = self._members[family]
            column = columns[int(np.argmax(side * z[columns]))]
            changes.append(
                FamilyChange(self.models[column], float(delta[column]), float(z[column]), float(shares[family]))
            )
        return tuple(changes)

    def _background_of(self, kind: VariantKind) -> _KindBackground:
        """Derive the background of this selection of models from the table, once a kind."""
        assert self._table is not None
        means = self.family_means(self.z(self._table.deltas[kind].astype(np.float64)))
        families: dict[int, list[UpperTail]] = {}
        strongest: dict[int, UpperTail] = {}
        for side in (LOSS, GAIN):
            families[side] = [UpperTail(_towards(side, means[:, f])) for f in range(means.shape[1])]
            shares = np.stack([tail.share(_towards(side, means[:, f])) for f, tail in enumerate(families[side])])
            strongest[side] = UpperTail(-np.log10(shares.min(axis=0)))
        return _KindBackground(families, strongest)


def _towards(side: int, means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Size of a loss or gain; 0 where the change goes the other way, so that no change has PHRED 0."""
    return np.maximum(side * means, 0.0)
