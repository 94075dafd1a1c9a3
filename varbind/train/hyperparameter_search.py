"""Automatic calibration: random settings rated by cross-validation, the best of them trained on everything.

Alipanahi et al. 2015 (DeepBind), supplementary section 3: 30 settings, three folds, the number of steps part of the
search. Unlike there a model may be the mean of the networks of several settings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.errors import InputError
from varbind.gate import optional_import
from varbind.scoring.ensemble import Ensemble
from varbind.train.hyperparameters import Optimizer, Setting
from varbind.train.trial import Examples, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes
    from varbind.datasets.binding_data import BindingData
    from varbind.train.engine import Engine

__all__ = ["Calibrated", "Calibration", "Rating", "Search", "calibrate", "score_stacks"]


class Search(StrEnum):
    """Which settings go on after a checkpoint: `RANDOM` all of them, `HALVING` the better half."""

    RANDOM = "random"
    HALVING = "halving"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a search goes.

    Attributes:
        trials: number of random settings that are tried.
        folds: of the cross-validation.
        checkpoints: steps after which a setting is rated.
        search: which settings go on.
        optimizer: the algorithm that turns gradients into steps.
        ensemble_size: number of best settings that are trained on everything in the end; the model is the mean of
            their networks.
        detectors: D.
        detector_len: m.
        window: bases that the network reads around an SNV.
        double_stranded: whether both strands are read.
    """

    trials: int = 30
    folds: int = 3
    checkpoints: tuple[int, ...] = (250, 500, 1_000, 2_000)
    search: Search = Search.HALVING
    optimizer: Optimizer = Optimizer.ADAM
    ensemble_size: int = 3
    detectors: int = 16
    detector_len: int = 24
    window: int = 31
    double_stranded: bool = True

    @classmethod
    def as_published(cls, *, double_stranded: bool = True) -> Self:
        """The search of DeepBind (2015, supplementary section 3): all settings to 20,000 steps, the best one alone."""
        return cls(
            checkpoints=(4_000, 8_000, 12_000, 16_000, 20_000),
            search=Search.RANDOM,
            optimizer=Optimizer.NESTEROV,
            ensemble_size=1,
            double_stranded=double_stranded,
        )

    def draw(self, rng: np.random.Generator, *, is_classification: bool) -> Setting:
        """A random setting.

        Members of one model have one configuration, so there is no hidden layer where several settings are kept; a
        network without mean pooling is one with weights 0. Means are for measured values only, as in DeepBind (2015).
        """
        return Setting.draw(
            rng,
            optimizer=self.optimizer,
            hidden=(0, 32) if self.ensemble_size == 1 else (0,),
            mean_pooling=(False,) if is_classification else (False, True),
        )

    def config(self, setting: Setting) -> DeepBindConfig:
        """The configuration of a network by a setting."""
        return DeepBindConfig(
            window=self.window,
            detector_len=self.detector_len,
            detectors=self.detectors,
            mean_pooling=setting.mean_pooling,
            hidden=setting.hidden,
            double_stranded=self.double_stranded,
        )

    def rounds(self) -> Iterator[tuple[int, int, int]]:
        """For each checkpoint: settings that are trained up to it, its steps, and how many of them are new."""
        settings, taken = self.trials, 0
        for steps in self.checkpoints:
            yield settings, steps, steps - taken
            taken = steps
            if self.search is Search.HALVING:
                settings = max(1, -(-settings // 2))


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


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a calibration leaves.

    Attributes:
        stack: the model, trained on everything.
        settings: all of them.
        log: all ratings, the best first, without those of settings whose networks diverged.
    """

    stack: DeepBindStack
    settings: Sequence[Setting]
    log: Sequence[Rating]

    def chosen(self, calibration: Calibration) -> list[Rating]:
        """The rating by which each member of the model was chosen, the best first."""
        return _best_ratings(self.log)[: calibration.ensemble_size]


def _best_ratings(log: Iterable[Rating]) -> list[Rating]:
    """The best rating of each setting, the best setting first."""
    best: dict[int, Rating] = {}
    for row in sorted(log, key=lambda row: -row.mean):
        best.setdefault(row.setting, row)
    return list(best.values())


def calibrate(data: BindingData, calibration: Calibration, *, model_id: str, seed: int, engine: Engine) -> Calibrated:
    """Search, then train the best settings on everything; their networks are one model.

    Args:
        data: what to learn from.
        calibration: how to search.
        model_id: of the model.
        seed: of everything random.
        engine: where networks are trained and rated. The CPU kernel gives equal bytes for equal seeds, on any number
            of threads; a device, the same but for rounding.

    Raises:
        InputError: there are too few groups to hold one out, a fold holds one class only, or every network diverged.
    """
    rng = np.random.default_rng([seed, 0])
    settings = [calibration.draw(rng, is_classification=data.is_classification) for _ in range(calibration.trials)]
    examples = Examples.of(
        data.codes,
        data.targets,
        calibration.detector_len,
        is_classification=data.is_classification,
        double_stranded=calibration.double_stranded,
    )
    folds = _folds(data, calibration.folds)
    log = sorted(_search(data, examples, folds, settings, calibration, seed, engine), key=lambda row: -row.mean)
    everything = np.arange(len(data.codes))

    def last_trial(number: int) -> Trial:
        setting = settings[number]
        return Trial(calibration.config(setting), setting, examples, everything, [seed, 1, number])

    while best := _best_ratings(log)[: calibration.ensemble_size]:
        trials = [last_trial(row.setting) for row in best]
        engine.advance(trials, [row.steps for row in best])
        diverged = {row.setting for row, trial in zip(best, trials, strict=True) if trial.has_diverged}
        if not diverged:
            stack = DeepBindStack.mean_of([trial.stack(model_id) for trial in trials])
            return Calibrated(stack, settings, log)
        log = [row for row in log if row.setting not in diverged]
    raise InputError("every network diverged", remedy="give more trials, or values without outliers")


def score_stacks(stacks: Sequence[DeepBindStack], codes: Codes, *, device: str = "cpu") -> NDArray[np.float32]:
    """Scores of whole sequences, base codes (N, L), by networks of any shapes: (N, stacks)."""
    ids = [f"{number}" for number in range(len(stacks))]
    named = [replace(stack, model_ids=(own,)) for own, stack in zip(ids, stacks, strict=True)]
    ensemble = Ensemble(DeepBindStack.by_config(named), ids, device=device)
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
    engine: Engine,
) -> list[Rating]:
    trials = {
        number: [
            Trial(calibration.config(setting), setting, examples, np.flatnonzero(~fold), [seed, 2, number, index])
            for index, fold in enumerate(folds)
        ]
        for number, setting in enumerate(settings)
    }
    log: list[Rating] = []
    for going_on, steps, more in calibration.rounds():
        if going_on < len(trials):
            best = {row.setting: row.mean for row in _best_ratings(log)}
            order = sorted(trials, key=lambda number: -best[number])
            trials = {number: trials[number] for number in order[:going_on]}
        every = [trial for own in trials.values() for trial in own]
        engine.advance(every, [more] * len(every))
        trials = {number: own for number, own in trials.items() if not any(trial.has_diverged for trial in own)}
        if not trials:
            break
        ratings = _rate(data, folds, trials, engine.device)
        log += [Rating(number, steps, own) for number, own in ratings.items()]
    return log


def _rate(
    data: BindingData, folds: Sequence[NDArray[np.bool_]], trials: dict[int, list[Trial]], device: str
) -> dict[int, tuple[float, ...]]:
    """Ratings of every setting, by fold."""
    by_fold = []
    for index, fold in enumerate(folds):
        stacks = [own[index].stack("") for own in trials.values()]
        scores = score_stacks(stacks, data.codes[fold], device=device)
        by_fold.append([_rating(data, fold, column) for column in scores.T])
    return dict(zip(trials, zip(*by_fold, strict=True), strict=True))


def _rating(data: BindingData, fold: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    targets = data.targets[fold]
    if not data.is_classification:
        return -float(np.mean((scores - targets) ** 2))
    metrics = optional_import("sklearn.metrics", needed_for="calibration")
    return float(metrics.roc_auc_score(targets, scores))
