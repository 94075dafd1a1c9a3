"""From scores of both alleles to the strongest losses and gains of binding, one entry per protein family.

A random promoter SNV changes the score of some protein strongly, but mostly a low score, where nothing is bound. The
changes that count are therefore bound changes (see `varbind.bank.binding_scale`). The members of a family change
together, and the change of a family is the mean of their bound changes. It is compared with the changes of the same
family on the background variants of the same kind. The strongest family is compared with the strongest family of every
background variant, which accounts for testing hundreds of proteins at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.bank.background import as_level
from varbind.bank.binding_scale import BindingScale
from varbind.bank.null_distribution import GAIN, LOSS, ShareCurve, SignedTails, UpperTail, phred

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.background import BackgroundTable, CodedChanges, VariantKind
    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.core.scores import BindingScores

__all__ = ["BindingEffect", "BindingEffects", "FamilyChange"]


@dataclass(frozen=True, slots=True)
class FamilyChange:
    """The change of one family, with the member that changes most.

    Attributes:
        model: the member whose bound change is largest.
        delta: its change, alternate minus reference score, in units of the model.
        z: the same change in standard deviations over background SNVs.
        share: the share of background variants of the same kind on which the family changes at least as much.
    """

    model: ModelCard
    delta: float
    z: float
    share: float


@dataclass(frozen=True, slots=True)
class BindingEffect:
    """The effect of one variant on binding.

    Attributes:
        losses: the losses, one per family, rarest first.
        gains: the gains, one per family, rarest first.
        loss_phred: -10 log10 of the share of background variants of the same kind whose strongest loss is at least as
            large; None if there is no background.
        gain_phred: the same for gains.
    """

    losses: tuple[FamilyChange, ...]
    gains: tuple[FamilyChange, ...]
    loss_phred: float | None
    gain_phred: float | None


@dataclass(frozen=True, slots=True)
class _KindBackground:
    """The background of each family and, by direction, of the strongest family."""

    families: SignedTails
    strongest: dict[int, UpperTail | ShareCurve]


class BindingEffects:
    """Computes binding effects from the scores of a fixed set of models.

    Args:
        models: the M models, in the order of the columns.
        scale: the scale of their changes.
        table: their bound changes on the background variants; without it there is no PHRED, and families are ranked by
            their mean change.
        strongest: the distributions of the strength of the strongest change, by direction and kind, over more
            background variants than the table has; None = the distributions follow from the table.
    """

    def __init__(
        self,
        models: Sequence[ModelCard],
        scale: BindingScale,
        table: BackgroundTable | None,
        strongest: Mapping[int, Mapping[VariantKind, ShareCurve]] | None = None,
    ) -> None:
        self.models = tuple(models)
        self._scale = scale
        self._table = table
        self._strongest = strongest or {}
        # Nothing tells how rare a change is in a model that never changes on the background.
        self._still = np.array([model.delta_sd <= 0 for model in models], dtype=bool)
        members: dict[str, list[int]] = {}
        for column, model in enumerate(models):
            members.setdefault(model.family, []).append(column)
        self.families = tuple(members)
        self._members = _Members(list(members.values()))
        self._background = cache(self._background_of)

    @classmethod
    def of_bank(cls, bank: Bank, strongest: Mapping[int, Mapping[VariantKind, ShareCurve]] | None = None) -> Self:
        """The effects of all models of a bank, against its background if it has one."""
        levels = next((card.quantile_levels for card in bank.cards if card.quantile_levels), [])
        return cls(bank.models, BindingScale.of_known(bank.models, levels), bank.background, strongest)

    def family_means(self, changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean bound change of each family, (F, B), from those of the models (B, M).

        The result for a variant does not depend on the others.
        """
        return self._members.means(changes)

    def _bound_changes(self, scores: BindingScores) -> NDArray[np.float64]:
        """The bound changes of the models, (B, M); 0 for a model that never changes on the background.

        If there is a background, they are rounded to float16, as its levels are, so that a change that equals a level
        also compares as equal to it.
        """
        changes = self._scale.bound_change(scores.ref, scores.alt)
        changes[:, self._still] = 0.0
        return changes if self._table is None else as_level(changes).astype(np.float64)

    def background_changes(self, kind: VariantKind) -> NDArray[np.float64]:
        """The mean bound change of each family on the V background variants of a kind, (F, V).

        A background is required.
        """
        assert self._table is not None
        return self._members.means_of_coded(self._table.changes[kind])

    def prepare(self, kinds: Iterable[VariantKind]) -> None:
        """Compute the backgrounds of these kinds in advance; otherwise each is computed at its first use."""
        if self._table is not None:
            for kind in set(kinds):
                self._background(kind)

    def describe(self, scores: BindingScores, kinds: Sequence[VariantKind], *, top: int) -> list[BindingEffect]:
        """The effect of each variant.

        Args:
            scores: the scores of B variants by the models.
            kinds: the kind of each variant.
            top: the number of families listed for each direction.
        """
        changes = self._bound_changes(scores)
        means = self.family_means(changes)
        rows_by_kind: dict[VariantKind, list[int]] = {}
        for row, kind in enumerate(kinds):
            rows_by_kind.setdefault(kind, []).append(row)
        if not rows_by_kind:
            return []
        found = {side: self._rarest(side, means, rows_by_kind, max(top, 1)) for side in (LOSS, GAIN)}
        listed = {side: self._listed(side, scores, changes, found[side], top) for side in (LOSS, GAIN)}
        phreds = {side: self._phreds(side, found[side], rows_by_kind, len(kinds)) for side in (LOSS, GAIN)}
        return list(map(BindingEffect, listed[LOSS], listed[GAIN], phreds[LOSS], phreds[GAIN]))

    def _rarest(
        self, side: int, means: NDArray[np.float64], rows_by_kind: Mapping[VariantKind, list[int]], count: int
    ) -> _Rarest:
        """The `count` families of each variant whose change in this direction is rarest; there may be more."""
        parts = []
        for kind, rows in rows_by_kind.items():
            if self._table is None:
                families, places = np.nonzero(side * means[:, rows] > 0)
                shares = np.exp(-np.abs(means[:, rows][families, places]))
            else:
                families, places, shares = self._background(kind).families.rarest(side, means[:, rows], count)
            parts.append((np.array(rows)[places], families, shares))
        return _Rarest.ordered(*map(np.concatenate, zip(*parts, strict=True)))

    def strengths(self, scores: BindingScores, kind: VariantKind) -> dict[int, NDArray[np.float32]]:
        """The strength of the strongest loss and gain of each of B variants of a kind: -log10 of its share."""
        count = len(scores.ref)
        rows = {kind: list(range(count))}
        means = self.family_means(self._bound_changes(scores))
        found = {side: self._rarest(side, means, rows, 1) for side in (LOSS, GAIN)}
        return {side: _strength(own.strongest(count)) for side, own in found.items()}

    def _phreds(
        self, side: int, found: _Rarest, rows_by_kind: Mapping[VariantKind, list[int]], count: int
    ) -> list[float | None]:
        """The PHRED of the strongest family of each variant."""
        strongest = found.strongest(count)
        phreds: list[float | None] = [None] * count
        for kind, rows in rows_by_kind.items():
            if self._table is not None:
                shares = self._background(kind).strongest[side].share(_strength(strongest[rows]))
                for row, value in zip(rows, phred(shares).tolist(), strict=True):
                    phreds[row] = value
        return phreds

    def _listed(
        self, side: int, scores: BindingScores, changes: NDArray[np.float64], found: _Rarest, top: int
    ) -> list[tuple[FamilyChange, ...]]:
        """The `top` families of each variant that change in this direction, rarest change first."""
        listed = found.first(top)
        columns = self._members.leading(side, changes, listed.rows, listed.families)
        delta = scores.alt[listed.rows, columns] - scores.ref[listed.rows, columns]
        own = list(
            map(
                FamilyChange,
                [self.models[column] for column in columns.tolist()],
                delta.tolist(),
                (delta / self._scale.spread[columns]).tolist(),
                listed.shares.tolist(),
            )
        )
        bounds = np.searchsorted(listed.rows, np.arange(len(changes) + 1)).tolist()
        return [tuple(own[first:last]) for first, last in pairwise(bounds)]

    def _background_of(self, kind: VariantKind) -> _KindBackground:
        """The background of this selection of models for a kind, from the table."""
        changes = self.background_changes(kind)
        families = SignedTails(changes)
        strongest: dict[int, UpperTail | ShareCurve] = {}
        for side in (LOSS, GAIN):
            if kind in self._strongest.get(side, {}):
                strongest[side] = self._strongest[side][kind]
                continue
            strongest[side] = UpperTail(
                _strength(families.rarest_of_background(side, changes, site=kind.alleles_per_site))
            )
        return _KindBackground(families, strongest)


def _strength(shares: NDArray[np.float64]) -> NDArray[np.float32]:
    """-log10 of shares in the single precision of stored curves, so that equal shares compare as equal."""
    return (-np.log10(shares)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Rarest:
    """N changes of families in one direction, ordered by variant, the rarest change of each variant first.

    Attributes:
        rows: the variant of each change, int64 (N,).
        families: the family of each change, int64 (N,).
        shares: the share of the background that changes at least as much, float64 (N,).
    """

    rows: NDArray[np.int64]
    families: NDArray[np.int64]
    shares: NDArray[np.float64]

    @classmethod
    def ordered(cls, rows: NDArray[np.int64], families: NDArray[np.int64], shares: NDArray[np.float64]) -> Self:
        """Unordered changes in order; equally rare changes are ordered by family."""
        order = np.lexsort((families, shares, rows))
        return cls(rows[order], families[order], shares[order])

    def strongest(self, variants: int) -> NDArray[np.float64]:
        """The smallest share of each of B variants, 1 where nothing changes, (B,)."""
        shares = np.ones(variants)
        rows, first = np.unique(self.rows, return_index=True)
        shares[rows] = self.shares[first]
        return shares

    def first(self, count: int) -> _Rarest:
        """The first `count` changes of each variant."""
        rank = np.arange(len(self.rows)) - np.searchsorted(self.rows, self.rows)
        kept = rank < count
        return _Rarest(self.rows[kept], self.families[kept], self.shares[kept])


class _Members:
    """The columns of the members of F families, arranged so that numpy handles all families at once.

    Args:
        columns: the columns of each family, at least one.
    """

    def __init__(self, columns: Sequence[Sequence[int]]) -> None:
        self._sizes = np.array([len(own) for own in columns])
        self._columns = np.concatenate(columns)
        self._starts = np.cumsum(self._sizes) - self._sizes
        largest_first = np.argsort(-self._sizes, kind="stable")
        self._places = np.argsort(largest_first)
        # The first members of all families, then the second members of the families that have one, and so on.
        self._layers = [
            self._columns[self._starts[largest_first[: np.count_nonzero(self._sizes > member)]] + member]
            for member in range(self._sizes.max())
        ]

    def means(self, changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean change of each family, (F, B), from changes (B, M); summed model by model in any batch."""
        by_model = np.ascontiguousarray(changes.T)
        sums = np.zeros((len(self._sizes), len(changes)))
        for layer in self._layers:
            sums[: len(layer)] += by_model[layer]
        means: NDArray[np.float64] = sums[self._places] / self._sizes[:, None]
        return means

    def means_of_coded(self, coded: CodedChanges) -> NDArray[np.float64]:
        """The same as `means` for V variants with coded changes, (F, V), with the same order of summation."""
        means = np.zeros((len(self._sizes), coded.variants))
        for family, columns in enumerate(np.split(self._columns, self._starts[1:])):
            for column in columns:
                means[family] += coded.of_model(column)
        means /= self._sizes[:, None]
        return means

    def leading(
        self, side: int, changes: NDArray[np.float64], rows: NDArray[np.int64], families: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The column that changes most in this direction, int64 (N,), for N rows of changes (B, M) and families."""
        if not len(rows):
            return np.zeros(0, dtype=np.int64)
        sizes = self._sizes[families]
        starts = np.cumsum(sizes) - sizes
        columns = self._columns[np.arange(sizes.sum()) + np.repeat(self._starts[families] - starts, sizes)]
        strengths = side * changes[np.repeat(rows, sizes), columns]
        largest = np.flatnonzero(strengths == np.repeat(np.maximum.reduceat(strengths, starts), sizes))
        # The first of equal changes, in the order of the bank.
        leading: NDArray[np.int64] = columns[largest[np.searchsorted(largest, starts)]]
        return leading
