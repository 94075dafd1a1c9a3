"""How variants are split into those that methods are trained on and those that they are evaluated on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import InputError
from varbind.evaluate.controls import matched_rows
from varbind.train.deepfind import DeepFindSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from varbind.datasets.variant_table import VariantTable

    Rows = NDArray[np.intp]
    Learner = Callable[[Rows, Rows], NDArray[np.float64]]
    """From training and test rows to the scores of the test rows by one or more networks, (T, C)."""

__all__ = ["ClassesPlan", "Protocol", "Split", "planned_splits"]

FOLDS = 5
"""Number of folds of the protocols that have several, as in DeepFind (Alipanahi et al. 2015)."""

RANDOM_GROUPS = 10
"""Number of random groups in random folds; a network leaves one of them out to choose its epoch."""


class Protocol(StrEnum):
    """Which variants methods are trained on, and which they are evaluated on."""

    HELD_OUT = "held-out chromosomes"
    MATCHED = "held-out chromosomes, matched contexts"
    GENES = "folds of whole genes"
    RANDOM = "random folds"
    PUBLISHED = "random folds, training as published"

    @property
    def word(self) -> str:
        """The name of the protocol on the command line."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class ClassesPlan:
    """How simulated and derived variants are evaluated.

    Attributes:
        held_out: chromosomes that are held out, with or without `chr`.
        seed: seed of all random numbers.
        draws: number of banks with shuffled detectors.
        networks: number of networks whose mean is a method; the first of them alone is another method.
        protocols: the protocols to use. Random folds put neighbouring variants on both sides of a split.
        setting: hyper-parameters of all networks except for their number.
        published: hyper-parameters of the networks that are trained as published. The best of their 250 epochs comes
            early, so ten epochs without improvement end a training.
        threads: number of CPU threads for scoring; None = all.
        device: `cpu`, `cuda` or `cuda:N`.

    Raises:
        ValueError: nothing is held out, or there are no protocols, draws or networks.
    """

    held_out: tuple[str, ...] = ("3", "12")
    seed: int = 1
    draws: int = 2
    networks: int = 4
    protocols: tuple[Protocol, ...] = (Protocol.HELD_OUT, Protocol.MATCHED)
    setting: DeepFindSetting = field(default_factory=DeepFindSetting)
    published: DeepFindSetting = field(default_factory=lambda: replace(DeepFindSetting.as_published(), patience=10))
    threads: int | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.held_out or not self.protocols or min(self.draws, self.networks) < 1:
            raise ValueError(f"classes cannot be evaluated with {self}")


@dataclass(frozen=True, slots=True)
class Split:
    """The folds of one protocol over N variants.

    Attributes:
        protocol: the protocol.
        folds: training rows and test rows of each fold.
        groups: group of each variant, (N,); a network chooses its epoch on whole groups that it leaves out.
        setting: hyper-parameters of the networks.
    """

    protocol: Protocol
    folds: tuple[tuple[Rows, Rows], ...]
    groups: NDArray[np.str_]
    setting: DeepFindSetting

    @property
    def tested(self) -> Rows:
        """The test rows, fold after fold, (T,)."""
        return np.concatenate([test for _, test in self.folds])

    @property
    def fold(self) -> NDArray[np.int64]:
        """The number of the fold of each test row, int64 (T,)."""
        return np.repeat(np.arange(len(self.folds)), [len(test) for _, test in self.folds])

    def scores(self, learner: Learner) -> NDArray[np.float64]:
        """The scores of the test rows by one or more networks, (T, C)."""
        return np.concatenate([learner(*fold) for fold in self.folds])


def planned_splits(
    table: VariantTable, labels: NDArray[np.bool_], contexts: NDArray[np.int64], plan: ClassesPlan
) -> Iterator[Split]:
    """Yield the split of every protocol.

    Args:
        table: N variants with the column `gene`.
        labels: true = simulated, bool (N,).
        contexts: sequence context of each variant, int64 (N,).
        plan: what is held out, the seed and the hyper-parameters.

    Raises:
        InputError: the held-out chromosomes hold all variants or none, or one side lacks a class.
    """
    chromosomes = np.array([variant.chrom.removeprefix("chr") for variant in table.variants])
    training, test = _held_out(chromosomes, labels, table.path, plan)
    setting = replace(plan.setting, networks=plan.networks)
    yield Split(Protocol.HELD_OUT, ((training, test),), chromosomes, setting)
    matched = [matched_rows(rows, contexts, labels, (plan.seed, part)) for part, rows in enumerate((training, test))]
    yield Split(Protocol.MATCHED, ((matched[0], matched[1]),), chromosomes, setting)
    genes = np.array(table.texts["gene"])
    names, gene = np.unique(genes, return_inverse=True)
    of_genes = np.random.default_rng([plan.seed, 1]).permutation(len(names)) % FOLDS
    yield Split(Protocol.GENES, _folds(of_genes[gene]), genes, setting)
    rng = np.random.default_rng(plan.seed)
    fold, groups = rng.permutation(len(labels)) % FOLDS, rng.integers(RANDOM_GROUPS, size=len(labels)).astype(str)
    yield Split(Protocol.RANDOM, _folds(fold), groups, setting)
    yield Split(Protocol.PUBLISHED, _folds(fold), groups, plan.published)


def _held_out(
    chromosomes: NDArray[np.str_], labels: NDArray[np.bool_], path: str, plan: ClassesPlan
) -> tuple[Rows, Rows]:
    """The rows on other chromosomes and those on the held-out ones."""
    held_out = np.isin(chromosomes, [name.removeprefix("chr") for name in plan.held_out])
    if held_out.all() or not held_out.any():
        what = f"{'all' if held_out.all() else 'no'} variants are on {', '.join(plan.held_out)}"
        raise InputError(what, path=path, remedy="hold out some of the chromosomes of the table")
    if any(labels[part].all() or not labels[part].any() for part in (held_out, ~held_out)):
        what = "the held-out chromosomes or the others lack one of the classes"
        raise InputError(what, path=path, remedy="hold out other chromosomes")
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _folds(fold: NDArray[np.int64]) -> tuple[tuple[Rows, Rows], ...]:
    """The training and test rows of each fold, from the fold of each variant (N,)."""
    return tuple((np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FOLDS))
