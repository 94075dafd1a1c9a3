"""Automatic calibration: random settings are rated by cross-validation, and the best are trained on all data.

Alipanahi et al. 2015 (DeepBind), supplementary section 3: 30 settings and three folds, and the number of steps is part
of the search. Unlike in DeepBind, a model may be the mean of the networks of several settings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.errors import InputError
from varbind.gate import optional_import
from varbind.scoring.ensemble import Ensemble
from varbind.train.folds import folds_of
from varbind.train.hyperparameters import Optimizer, Setting
from varbind.train.metrics import auc
from varbind.train.trial import Examples, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.sequence_set import SequenceSet
    from varbind.datasets.binding_dataset import BindingData
    from varbind.train.hyperparameters import Calibration

__all__ = ["Calibrated", "Engine", "KernelThreads", "Rating", "calibrate", "engine_on", "score_stacks"]


class Engine(Protocol):
    """Trains networks.

    Attributes:
        device: The device on which networks are scored between training steps, as in `varbind.scoring.ensemble`.
    """

    device: str

    def advance(self, trials: Sequence[Trial], steps: Sequence[int]) -> None:
        """Train every trial for its number of steps."""


class KernelThreads:
    """Trains networks with the CPU kernel, one trial per thread.

    Args:
        threads: The threads; the results do not depend on their number.
        finished: called with how many more trials have taken their steps.
    """

    def __init__(self, threads: Executor, finished: Callable[[int], None]) -> None:
        self.device = "cpu"
        self._threads = threads
        self._finished = finished

    def advance(self, trials: Sequence[Trial], steps: Sequence[int]) -> None:
        """Train every trial for its number of steps."""
        for _ in self._threads.map(Trial.advance, trials, steps):
            self._finished(1)


def engine_on(device: str, threads: Executor, finished: Callable[[int], None]) -> Engine:
    """Return the engine of a device.

    Args:
        device: `cpu`, `cuda` or `cuda:N`; `torch:cpu` is for tests.
        threads: The CPU threads; with another device, they only draw random numbers.
        finished: called with how many more trials have taken their steps.

    Raises:
        UsageError: torch is not installed.
        ResourceError: The device does not exist.
    """
    if device == "cpu":
        return KernelThreads(threads, finished)
    training = optional_import("varbind.train.gpu_training", needed_for=f"--device {device}")
    engine: Engine = training.DeviceDescent(device, threads, finished)
    return engine


@dataclass(frozen=True, slots=True)
class Rating:
    """The ratings of one setting after some number of steps.

    Attributes:
        setting: The number of the setting, from 0.
        steps: The number of training steps.
        ratings: The rating in each fold: the area under the ROC curve, or minus the mean squared error.
    """

    setting: int
    steps: int
    ratings: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean rating over the folds."""
        return float(np.mean(self.ratings))


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The result of a calibration.

    Attributes:
        stack: The model, trained on all data.
        settings: All settings that were tried.
        log: All ratings, the best first, without those of settings whose networks diverged.
    """

    stack: DeepBindStack
    settings: Sequence[Setting]
    log: Sequence[Rating]

    def chosen(self, calibration: Calibration) -> list[Rating]:
        """Return the rating by which each network of the model was chosen, the best first."""
        return _best_ratings(self.log)[: calibration.ensemble_size]

    def facts(self) -> dict[str, Any]:
        """Return all but the arrays of the model, as values for JSON; `of_facts` is the inverse."""
        return {
            "config": asdict(self.stack.config),
            "settings": [setting.as_dict() for setting in self.settings],
            "log": [asdict(row) for row in self.log],
        }

    @classmethod
    def of_facts(cls, model_id: str, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float32]]) -> Calibrated:
        """Return a result from its facts and the arrays of the model.

        Raises:
            KeyError, TypeError, ValueError: A fact is missing or malformed.
        """
        stack = DeepBindStack(DeepBindConfig(**facts["config"]), (model_id,), arrays)
        settings = [Setting(**{**row, "optimizer": Optimizer(row["optimizer"])}) for row in facts["settings"]]
        log = [Rating(row["setting"], row["steps"], tuple(row["ratings"])) for row in facts["log"]]
        return cls(stack, settings, log)


def _best_ratings(log: Iterable[Rating]) -> list[Rating]:
    """The best rating of each setting, the best setting first."""
    best: dict[int, Rating] = {}
    for row in sorted(log, key=lambda row: -row.mean):
        best.setdefault(row.setting, row)
    return list(best.values())


def calibrate(data: BindingData, calibration: Calibration, *, model_id: str, seed: int, engine: Engine) -> Calibrated:
    """Search for the best settings and train them on all data; the model is the mean of their networks.

    Args:
        data: The training data.
        calibration: The settings of the search.
        model_id: The id of the model.
        seed: The seed of all random numbers.
        engine: Trains the networks. With the CPU kernel, equal seeds give equal bytes with any number of threads;
            another device gives the same except for rounding.

    Raises:
        InputError: There are too few groups for the folds, a fold has only one class, or every network diverged.
    """
    rng = np.random.default_rng([seed, 0])
    settings = [calibration.draw(rng, is_classification=data.is_classification) for _ in range(calibration.trials)]
    examples = Examples.of(
        data.sequences,
        data.targets,
        calibration.detector_len,
        is_classification=data.is_classification,
        double_stranded=calibration.double_stranded,
    )
    folds = _folds(data, calibration.folds)
    log = sorted(_search(data, examples, folds, settings, calibration, seed, engine), key=lambda row: -row.mean)
    all_rows = np.arange(len(data.sequences))

    def last_trial(number: int) -> Trial:
        setting = settings[number]
        seeds = [seed, 1, number]
        return Trial(calibration.config(setting), setting, examples, all_rows, seeds, penalty=calibration.penalty)

    while best := _best_ratings(log)[: calibration.ensemble_size]:
        trials = [last_trial(row.setting) for row in best]
        engine.advance(trials, [row.steps for row in best])
        diverged = {row.setting for row, trial in zip(best, trials, strict=True) if trial.has_diverged}
        if not diverged:
            stack = DeepBindStack.mean_of([trial.stack(model_id) for trial in trials])
            return Calibrated(stack, settings, log)
        log = [row for row in log if row.setting not in diverged]
    raise InputError("every network diverged", remedy="give more trials, or values without outliers")


def score_stacks(
    stacks: Sequence[DeepBindStack], sequences: SequenceSet, *, device: str = "cpu"
) -> NDArray[np.float32]:
    """Score whole sequences by networks of any configuration.

    Args:
        stacks: Stacks of one network each.
        sequences: N sequences.
        device: The device, as in `varbind.scoring.ensemble`.

    Returns:
        The scores, float32 (N, stacks).
    """
    ids = [f"{number}" for number in range(len(stacks))]
    named = [replace(stack, model_ids=(model_id,)) for model_id, stack in zip(ids, stacks, strict=True)]
    ensemble = Ensemble(DeepBindStack.by_config(named), ids, device=device)
    own = list(sequences)
    return ensemble.score(dict.fromkeys(ensemble.windows, own))


def _folds(data: BindingData, count: int) -> list[NDArray[np.bool_]]:
    """The rows that each fold holds out, with both classes of labels in each fold and in the rest."""
    folds = folds_of(data.groups, count)
    if data.is_classification:
        for fold in folds:
            if len(np.unique(data.targets[fold])) < 2 or len(np.unique(data.targets[~fold])) < 2:
                raise InputError("a fold has sequences of only one class", remedy="give more sequences of both classes")
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
    """Train the settings on all folds but one, and rate them on that fold at every checkpoint."""

    def trial(number: int, index: int) -> Trial:
        setting, rows, seeds = settings[number], np.flatnonzero(~folds[index]), [seed, 2, number, index]
        return Trial(calibration.config(setting), setting, examples, rows, seeds, penalty=calibration.penalty)

    trials = {number: [trial(number, index) for index in range(len(folds))] for number in range(len(settings))}
    log: list[Rating] = []
    for count, steps, new_steps in calibration.rounds():
        if count < len(trials):
            best = {row.setting: row.mean for row in _best_ratings(log)}
            order = sorted(trials, key=lambda number: -best[number])
            trials = {number: trials[number] for number in order[:count]}
        all_trials = [trial for of_setting in trials.values() for trial in of_setting]
        engine.advance(all_trials, [new_steps] * len(all_trials))
        trials = {
            number: of_setting
            for number, of_setting in trials.items()
            if not any(trial.has_diverged for trial in of_setting)
        }
        if not trials:
            break
        ratings = _rate(data, folds, trials, engine.device)
        log += [Rating(number, steps, by_fold) for number, by_fold in ratings.items()]
    return log


def _rate(
    data: BindingData, folds: Sequence[NDArray[np.bool_]], trials: dict[int, list[Trial]], device: str
) -> dict[int, tuple[float, ...]]:
    """The ratings of every setting, by fold."""
    by_fold = []
    for index, fold in enumerate(folds):
        stacks = [of_setting[index].stack("") for of_setting in trials.values()]
        scores = score_stacks(stacks, data.sequences[fold], device=device)
        by_fold.append([_rating(data, fold, column) for column in scores.T])
    return dict(zip(trials, zip(*by_fold, strict=True), strict=True))


def _rating(data: BindingData, fold: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    targets = data.targets[fold]
    if not data.is_classification:
        return -float(np.mean((scores - targets) ** 2))
    area = auc(targets == 1, scores)
    assert area is not None, "both classes are in every fold"
    return area
