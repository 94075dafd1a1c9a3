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

from varbind.core.background import GAIN, LOSS, BackgroundTable, SignedTails, UpperTail, VariantKind, phred

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from varbind.core.model_card import ModelCard

__all__ = ["BindingEffect", "BindingEffects", "FamilyChange"]

# Of a background table: what a core's cache holds of them.
ROWS_AT_ONCE = 512


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
    """Each family's background, and per direction that of the strongest family."""

    families: SignedTails
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
        self._members = tuple(np.array(columns) for columns in members.values())
        self._background = cache(self._background_of)

    def z(self, delta: NDArray[np.floating]) -> NDArray[np.float64]:
        """Changes in standard deviations, (B, M); a model that never changes on the background has 0."""
        z = delta / np.where(self._sd > 0, self._sd, 1.0)
        z[:, self._sd <= 0] = 0.0
        return z

    def family_means(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean z of each family, (B, F), summed model by model so that a row never depends on the batch."""
        by_model = np.ascontiguousarray(z.T)
        means = np.zeros((len(self.families), len(z)))
        for family, columns in enumerate(self._members):
            for column in columns.tolist():
                means[family] += by_model[column]
            means[family] /= len(columns)
        return np.ascontiguousarray(means.T)

    def prepare(self, kinds: Iterable[VariantKind | None]) -> None:
        """Derive what variants of these kinds will be compared with, which else the first of them waits for."""
        if self._table is not None:
            for kind in set(kinds):
                self._background(kind or VariantKind.SNV)

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
        shares = self._family_shares(kind, means)
        phreds = {side: self._strongest_phred(kind, shares[side], side) for side in (LOSS, GAIN)}
        changes = {side: self._strongest(delta, z, means, shares[side], side, top) for side in (LOSS, GAIN)}
        return [
            BindingEffect(losses, gains, loss_phred, gain_phred)
            for losses, gains, loss_phred, gain_phred in zip(
                changes[LOSS], changes[GAIN], phreds[LOSS], phreds[GAIN], strict=True
            )
        ]

    def _family_shares(self, kind: VariantKind | None, means: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
        """Background share of each family's change by direction, (B, F) each."""
        if self._table is None:
            return {side: np.exp(-np.maximum(side * means, 0.0)) for side in (LOSS, GAIN)}
        shares = self._background(kind or VariantKind.SNV).families.shares(np.ascontiguousarray(means.T))
        return {side: np.ascontiguousarray(of_side.T) for side, of_side in shares.items()}

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
    ) -> list[tuple[FamilyChange, ...]]:
        """Of each variant the `top` families that change in this direction, rarest change first."""
        changing = side * means > 0
        order = np.argsort(np.where(changing, shares, np.inf), axis=1, kind="stable")[:, :top].tolist()
        counts = np.minimum(changing.sum(axis=1), top).tolist()
        return [
            tuple(
                self._change(delta[row], z[row], float(shares[row, family]), family, side) for family in chosen[:count]
            )
            for row, (chosen, count) in enumerate(zip(order, counts, strict=True))
        ]

    def _change(
        self, delta: NDArray[np.floating], z: NDArray[np.float64], share: float, family: int, side: int
    ) -> FamilyChange:
        """The change of one family of one variant, whose rows of length M are given."""
        columns = self._members[family]
        own = z[columns]
        column = columns[own.argmax() if side == GAIN else own.argmin()]
        return FamilyChange(self.models[column], float(delta[column]), float(z[column]), share)

    def _background_of(self, kind: VariantKind) -> _KindBackground:
        """Derive the background of this selection of models from the table, once a kind."""
        assert self._table is not None
        table = self._table.deltas[kind]
        parts = [table[start : start + ROWS_AT_ONCE] for start in range(0, len(table), ROWS_AT_ONCE)]
        means = np.concatenate([self.family_means(self.z(part.astype(np.float64))) for part in parts])
        changes = np.ascontiguousarray(means.T)
        families = SignedTails(changes)
        shares = families.shares(changes)
        strongest = {side: UpperTail(-np.log10(shares[side].min(axis=0))) for side in (LOSS, GAIN)}
        return _KindBackground(families, strongest)
