"""The part of the plans of trainings that does not depend on the architecture: how data is read, and the background."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from varbind.datasets.dataset_loading import MIN_NEGATIVES, load_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from varbind.datasets.binding_dataset import BindingData, BindingDataset, DataFacts
    from varbind.io.reference import Reference
    from varbind.scoring.background import BackgroundRecipe

__all__ = ["BankPlan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankPlan:
    """How the data sets of a bank are read and trained, whatever the architecture.

    Attributes:
        recipe: the recipe of the background.
        seed: the seed of all random numbers.
        top: the number of strongest peaks that are used; None = all peaks.
        threads: the number of threads; the bank does not depend on it.
        min_negatives: the least number of negatives of each source; with fewer bound sequences, each has several.
        device: `cpu`, or a torch device such as `cuda`, on which the bank is the same except for rounding.
        renamed: the name of a contig in the reference by its name in the peaks, if these differ.
    """

    recipe: BackgroundRecipe
    seed: int = 1
    top: int | None = None
    threads: int = 1
    min_negatives: int = MIN_NEGATIVES
    device: str = "cpu"
    renamed: Mapping[str, str] = field(default_factory=dict)

    def load(
        self, dataset: BindingDataset, references: Callable[[str], Reference], *, folds: int
    ) -> tuple[BindingData, DataFacts]:
        """Read a data set as `varbind.datasets.dataset_loading.load_dataset` does, with the seed of the set."""
        return load_dataset(
            dataset,
            references,
            folds=folds,
            top=self.top,
            seed=dataset.seed_from(self.seed),
            min_negatives=self.min_negatives,
            renamed=self.renamed,
        )
