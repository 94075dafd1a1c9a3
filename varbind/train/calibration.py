"""Automatic calibration: random settings rated by cross-validation, the best of them trained on everything.

Alipanahi et al. 2015 (DeepBind), supplementary section 3: 30 settings, three folds, the number of steps part of the
search.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.network import DeepBindStack, NetworkShape
from varbind.errors import InputError
from varbind.gate import optional_import
from varbind.nn.ensemble import Ensemble
from varbind.train.setting import Rule, Setting
from varbind.train.trial import Examples, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = ["BindingData", "Calibration", "Rating", "Search", "calibrate", "score_stacks"]

logger = logging.getLogger(__name__)


class Search(StrEnum):
    """Which settings go on after a checkpoint: `RANDOM` all of them, `HALVING` the better half."""

    RANDOM = "random"
    HALVING = "halving"


@dataclass(frozen=True, slots=True)
class BindingData:
    """What one network learns from.

    Attributes:
        codes: base codes, (N, L).
        targets: (N,): 1 bound, 0 not; or measured values.
        groups: what must not be split between folds, such as chromosomes, small whole numbers (N,).
        is_classification: whether targets are labels.
    """

    codes: Codes
    targets: NDArray[np.float32]
    groups: NDArray[np.int64]
    is_classification: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a search goes.

    Attributes:
        settings: random settings.
        folds: of the cross-validation.
        checkpoints: steps after which a setting is rated.
        search: which settings go on.
        rule: how a step follows from the slopes.
        kept: settings that are trained on everything in the end.
        detectors: D.
        detector_len: m.
        window: bases that the network reads around an SNV.
    """

    settings: int = 30
    folds: int = 3
    checkpoints: tuple[int, ...] = (250, 500, 1_000, 2_000)
    search: Search = Search.HALVING
    rule: Rule = Rule.ADAM
    kept: int = 1
    detectors: int = 16
    detector_len: int = 24
    window: int = 31

    def shape(self, setting: Setting) -> NetworkShape:
        """The shape of a network by a setting."""
        return NetworkShape(
            window=self.window,
            detector_len=self.detector_len,
            detectors=self.detectors,
            mean_pooling=False,
            hidden=setting.hidden,
            double_stranded=True,
        )


@dataclass(frozen=True, slots=True)
class Rating:
    """One row of the log.

    Attributes:
        setting: its number.
        steps: after so many.
        ratings: by fold: area under the ROC curve, or minus the mean squared error.
    """

    setting: int
    steps: int
    ratings: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the folds."""
        return float(np.mean(self.ratings))


def calibrate(
    data: BindingData, calibration: Calibration, *, model_id: str, seed: int, threads: Executor
) -> tuple[list[DeepBindStack], list[Setting], list[Rating]]:
    """Search, then train the best settings on everything.

    Args:
        data: what to learn from.
        calibration: how to search.
        model_id: of the networks.
        seed: of everything random; equal seeds give equal bytes, on any number of threads.
        threads: where networks are trained.

    Returns:
        The networks of the best settings, the best first; all settings; the log, the best first.

    Raises:
        InputError: there are too few groups to hold one out, or a fold holds one class only.
    """
    rng = np.random.default_rng([seed, 0])
    settings = [Setting.draw(rng, rule=calibration.rule) for _ in range(calibration.settings)]
    examples = Examples.of(data.codes, data.targets, calibration.detector_len, is_classification=data.is_classification)
    folds = _folds(data, calibration.folds)
    log = sorted(_search(data, examples, folds, settings, calibration, seed, threads), key=lambda row: -row.mean)
    best: dict[int, Rating] = {}
    for row in log:
        best.setdefault(row.setting, row)
    kept = list(best.values())[: calibration.kept]

    def train(row: Rating) -> DeepBindStack:
        setting = settings[row.setting]
        everything = np.arange(len(data.codes))
        trial = Trial(calibration.shape(setting), setting, examples, everything, [seed, 1, row.setting])
        trial.advance(row.steps)
        return trial.stack(model_id)

    return list(threads.map(train, kept)), settings, log


def score_stacks(stacks: Sequence[DeepBindStack], codes: Codes) -> NDArray[np.float32]:
    """Scores of whole sequences, base codes (N, L), by networks of any shapes: (N, stacks)."""
    ids = [f"{number}" for number in range(len(stacks))]
    named = [
        DeepBindStack(stack.shape, (own,), **{name: getattr(stack, name) for name in DeepBindStack.array_names()})
        for own, stack in zip(ids, stacks, strict=True)
    ]
    shapes = dict.fromkeys(stack.shape for stack in named)
    joined = [DeepBindStack.concatenate([stack for stack in named if stack.shape == shape]) for shape in shapes]
    ensemble = Ensemble(joined, ids, device="cpu")
    return ensemble.score({window: list(codes) for window in ensemble.windows})


def _folds(data: BindingData, count: int) -> list[NDArray[np.bool_]]:
    """Which rows each fold holds out: whole groups, the largest to the smallest fold."""
    groups, sizes = np.unique(data.groups, return_counts=True)
    if len(groups) < count:
        raise InputError(f"{len(groups)} groups of sequences cannot make {count} folds", remedy="give more sequences")
    held: list[list[int]] = [[] for _ in range(count)]
    filled = np.zeros(count)
    for index in np.argsort(-sizes, kind="stable"):
        smallest = int(np.argmin(filled))
        held[smallest].append(int(groups[index]))
        filled[smallest] += sizes[index]
    folds = [np.isin(data.groups, own) for own in held]
    if data.is_classification:
        for fold in folds:
            if len(np.unique(data.targets[fold])) < 2 or len(np.unique(data.targets[~fold])) < 2:
                raise InputError("a fold holds one class only", remedy="give more sequences of both classes")
    return folds


def _search(
    data: BindingData,
    examples: Examples,
    folds: Sequence[NDArray[np.bool_]],
    settings: Sequence[Setting],
    calibration: Calibration,
    seed: int,
    threads: Executor,
) -> list[Rating]:
    trials = {
        number: [
            Trial(calibration.shape(setting), setting, examples, np.flatnonzero(~fold), [seed, 2, number, index])
            for index, fold in enumerate(folds)
        ]
        for number, setting in enumerate(settings)
    }
    log: list[Rating] = []
    taken = 0
    for steps in calibration.checkpoints:
        every = [trial for own in trials.values() for trial in own]
        list(threads.map(lambda trial, more=steps - taken: trial.advance(more), every))
        taken = steps
        log += [Rating(number, steps, ratings) for number, ratings in _rate(data, folds, trials).items()]
        if calibration.search is Search.HALVING:
            best = {row.setting: row.mean for row in sorted(log, key=lambda row: row.mean)}
            order = sorted(trials, key=lambda number: -best[number])
            trials = {number: trials[number] for number in order[: max(1, -(-len(order) // 2))]}
    return log


def _rate(
    data: BindingData, folds: Sequence[NDArray[np.bool_]], trials: dict[int, list[Trial]]
) -> dict[int, tuple[float, ...]]:
    """Ratings of every setting, by fold."""
    by_fold = []
    for index, fold in enumerate(folds):
        stacks = [own[index].stack("") for own in trials.values()]
        scores = score_stacks(stacks, data.codes[fold])
        by_fold.append([_rating(data, fold, column) for column in scores.T])
    return dict(zip(trials, zip(*by_fold, strict=True), strict=True))


def _rating(data: BindingData, fold: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    targets = data.targets[fold]
    if not data.is_classification:
        return -float(np.mean((scores - targets) ** 2))
    metrics = optional_import("sklearn.metrics", needed_for="calibration")
    return float(metrics.roc_auc_score(targets, scores))
