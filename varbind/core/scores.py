"""The binding scores of both alleles of variants with their difference, and the predicted effects of variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.errors import UsageError
from varbind.gate import data_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.variant import Variant
    from varbind.gate import DataFrame

__all__ = ["BindingScores", "VariantEffects"]


@dataclass(frozen=True, slots=True, repr=False)
class BindingScores:
    """The scores of B variants by M models.

    Attributes:
        model_ids: the M models, in bank order.
        ref: the score of the reference allele in its window, float32 (B, M), in the units of the model.
        alt: the score of the alternate allele, float32 (B, M).
    """

    model_ids: tuple[str, ...]
    ref: NDArray[np.float32]
    alt: NDArray[np.float32]

    def __repr__(self) -> str:
        variants, models = self.ref.shape
        return f"<BindingScores: {variants:,} variants, {models:,} models>"

    @property
    def delta(self) -> NDArray[np.float32]:
        """Alternate minus reference score, float32 (B, M); negative = loss of binding."""
        return self.alt - self.ref

    def take(self, columns: Sequence[int]) -> BindingScores:
        """The scores of some models, in the given order."""
        ids = tuple(self.model_ids[column] for column in columns)
        return BindingScores(ids, self.ref[:, columns], self.alt[:, columns])

    def to_frame(self, variants: Sequence[Variant] | None = None) -> DataFrame:
        """The scores as a pandas DataFrame with a row for each variant and model.

        Args:
            variants: the B variants; None = they are numbered from 0.

        Returns:
            The columns `chrom`, `pos`, `ref` and `alt` of the variants, or `variant`, their number; then `model_id`,
            `ref_score`, `alt_score` and `delta`. Rows are in the order of the variants, and for each variant in bank
            order.
        """
        count, models = self.ref.shape
        places = _place_columns(variants, count)
        scores = {"ref_score": self.ref, "alt_score": self.alt, "delta": self.delta}
        return data_frame(
            {
                **{name: np.repeat(values, models) for name, values in places.items()},
                "model_id": np.tile(np.array(self.model_ids, dtype=object), count),
                **{name: values.ravel() for name, values in scores.items()},
            }
        )


class VariantEffects(dict[str, "NDArray[np.float64]"]):
    """The predictions of a second stage for B variants.

    The values are float64 (B,), by INFO key without its prefix, such as `ACTIVITY`; NaN where there is no value.
    """

    def __repr__(self) -> str:
        count = len(next(iter(self.values()), ()))
        return f"<VariantEffects: {count:,} variants, {', '.join(self)}>"

    def to_frame(self, variants: Sequence[Variant] | None = None) -> DataFrame:
        """The predictions as a pandas DataFrame with a row for each variant.

        Args:
            variants: the B variants; None = they are numbered from 0.

        Returns:
            The columns `chrom`, `pos`, `ref` and `alt` of the variants, or `variant`, their number; then one column for
            each key.
        """
        return data_frame({**_place_columns(variants, len(next(iter(self.values()), ()))), **self})


def _place_columns(variants: Sequence[Variant] | None, count: int) -> dict[str, NDArray[Any]]:
    """The columns that name B variants, each (B,).

    Raises:
        UsageError: there are not B variants.
    """
    if variants is None:
        return {"variant": np.arange(count)}
    if len(variants) != count:
        what = f"found {len(variants):,} variants, expected {count:,}"
        raise UsageError(what, remedy="give the variants that were scored, in their order")
    return {
        "chrom": np.array([variant.chrom for variant in variants], dtype=object),
        "pos": np.array([variant.pos for variant in variants], dtype=np.int64),
        "ref": np.array([variant.ref for variant in variants], dtype=object),
        "alt": np.array([variant.alt for variant in variants], dtype=object),
    }
