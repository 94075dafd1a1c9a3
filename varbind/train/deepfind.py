"""Training of DeepFind: features of simulated and derived variants enter, a head of a few networks leaves.

As in DeepFind (Alipanahi et al. 2015) one hidden layer learns to tell the classes apart, and the epoch that is best on
rows left out of training is kept. Here these are whole groups (chromosomes), since neighbouring variants share their
windows, and the head is the mean of networks that left out different ones. Equal input and seed give equal bytes on one
kind of CPU, and a training that was stopped goes on from the networks that were finished, to the same bytes.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.deepfind import DeepFindHead, standardised
from varbind.errors import InputError, UsageError
from varbind.train.deepfind_descent import ARRAYS, DeepFindSetting, Descent, fixed_threads, placed
from varbind.train.deepfind_records import FittedNetwork, kept_networks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

    Progress = Callable[[int, int], None]

__all__ = ["DeepFindSetting", "FittedNetwork", "fit_deepfind", "fit_network"]

logger = logging.getLogger(__name__)

VALIDATION = 0.1
"""Share of the rows that a network leaves out, at most where groups allow it."""

CONSTANT = 1e-6
"""A spread below this share of the mean is rounding: the feature is constant."""

COLUMNS_AT_ONCE = 16
"""Features that are read together where each is looked at alone: as many as lie side by side in memory anyway."""


def fit_deepfind(
    features: NDArray[np.float32],
    labels: NDArray[np.bool_],
    groups: NDArray[np.str_],
    names: Sequence[str],
    setting: DeepFindSetting,
    *,
    seed: int,
    device: str = "cpu",
    records_folder: Path | None = None,
    key: str = "",
    progress: Progress | None = None,
) -> DeepFindHead:
    """Train the networks of a head.

    Args:
        features: finite, or NaN = missing, float32 (N, F).
        labels: bool (N,); true = simulated.
        groups: of each row, such as its chromosome, (N,).
        names: of the features.
        setting: how.
        seed: of all that is random.
        device: `cpu`, or `cuda`, `cuda:N`.
        records_folder: where finished networks are kept; a second run there takes those of equal data, setting, seed
            and key. None = nowhere.
        key: whatever else the result depends on.
        progress: called with (epochs done, in all).

    Raises:
        InputError: the data cannot be learnt from: one class, one group, an infinite value.
        ResourceError: there is no such device.
        UsageError: no network came of it, since the steps were too large.
        OutputError: the folder cannot be written, or another process writes there.
    """
    _check(features, labels, groups, names)
    center, spread = _scale_of(features)
    about = {"key": key, "setting": asdict(setting), "seed": seed, "device": device, "features": list(names)}
    networks = []
    with kept_networks(records_folder, about, features, labels, groups) as records, fixed_threads():
        inputs = placed(standardised(features, center, spread, setting.limit), device)
        for number, validation in enumerate(_validations(labels, groups, setting.networks, seed)):
            network = records.read(number)
            if network is None:
                pace = partial(_tell, progress, number, setting)
                network = _fit(inputs, labels, validation, setting, (seed, number), pace)
                records.write(number, network)
            logger.info("network %d: epoch %d, AUC %.4f", number + 1, network.epoch, network.validation_auc)
            networks.append(network)
            _tell(progress, number, setting, setting.epochs)
    arrays = {name: np.stack([network.arrays[name] for network in networks]) for name in ARRAYS}
    return DeepFindHead(features=tuple(names), center=center, spread=spread, limit=setting.limit, **arrays)


def fit_network(
    features: NDArray[np.float32],
    labels: NDArray[np.bool_],
    validation: NDArray[np.bool_],
    setting: DeepFindSetting,
    seed: int | Sequence[int],
    device: str = "cpu",
    progress: Progress | None = None,
) -> FittedNetwork:
    """Train one network.

    Args:
        features: standardised, none missing, float32 (N, F).
        labels: bool (N,).
        validation: which rows are left out and rate the epochs, bool (N,).
        setting: how; its number of networks and limit play no part.
        seed: of all that is random.
        device: `cpu`, or `cuda`, `cuda:N`.
        progress: called with (epochs done, in all).

    Raises:
        InputError: there is only one class among the rows left out, or among the others.
        ResourceError: there is no such device.
        UsageError: no network came of it, since the steps were too large.
    """
    with fixed_threads():
        return _fit(placed(features, device), labels, validation, setting, seed, progress)


def _fit(
    inputs: torch.Tensor,
    labels: NDArray[np.bool_],
    validation: NDArray[np.bool_],
    setting: DeepFindSetting,
    seed: int | Sequence[int],
    progress: Progress | None,
) -> FittedNetwork:
    """`fit_network` on inputs that are on their device."""
    if any(part.all() or not part.any() for part in (labels[validation], labels[~validation])):
        raise InputError("both classes are needed among the rows a network is rated on and among those it learns from")
    descent = Descent(inputs, labels, np.flatnonzero(~validation), setting, seed)
    left_out = np.flatnonzero(validation)
    best: FittedNetwork | None = None
    for epoch in range(1, setting.epochs + 1):
        descent.advance()
        logits = descent.logits(left_out)
        if not np.isfinite(logits).all():
            break
        rating = _auc(labels[validation], logits)
        if best is None or rating > best.validation_auc:
            best = FittedNetwork(descent.arrays(), epoch, rating)
        if progress is not None:
            progress(epoch, setting.epochs)
        if epoch - best.epoch >= setting.patience:
            break
    if best is None:
        raise UsageError("the first epoch left no finite network", remedy="choose a lower learning rate")
    return best


def _tell(progress: Progress | None, number: int, setting: DeepFindSetting, epoch: int, _: int = 0) -> None:
    """How far the head is when its network of this number, from 0, has done so many epochs."""
    if progress is not None:
        progress(number * setting.epochs + epoch, setting.networks * setting.epochs)


def _check(
    features: NDArray[np.float32], labels: NDArray[np.bool_], groups: NDArray[np.str_], names: Sequence[str]
) -> None:
    if features.shape != (len(labels), len(names)) or len(groups) != len(labels):
        raise ValueError(f"features {features.shape} of {len(labels)} labels, {len(groups)} groups, {len(names)} names")
    if labels.all() or not labels.any():
        raise InputError("every variant is of one class; DeepFind learns to tell two apart")
    if len(np.unique(groups)) < 2:
        raise InputError("every variant is of one group, so none can be left out to rate an epoch")
    if np.isinf(features).any():
        raise InputError("a feature is infinite")


def _scale_of(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each feature where it is known; of a constant one the deviation is taken as 1."""
    center, spread = np.zeros((2, features.shape[1]))
    for first in range(0, features.shape[1], COLUMNS_AT_ONCE):
        columns = np.ascontiguousarray(features[:, first : first + COLUMNS_AT_ONCE].T)
        for feature, column in enumerate(columns, first):
            known = column[~np.isnan(column)].astype(np.float64)
            if len(known):
                center[feature], spread[feature] = known.mean(), known.std()
    least = np.maximum(CONSTANT * np.abs(center), np.finfo(np.float32).tiny)
    return center.astype(np.float32), np.where(spread > least, spread, 1).astype(np.float32)


def _validations(
    labels: NDArray[np.bool_], groups: NDArray[np.str_], networks: int, seed: int
) -> Iterator[NDArray[np.bool_]]:
    """The rows that each network leaves out: groups that none has left out before, while there are such."""
    names, group_of = np.unique(groups, return_inverse=True)
    sizes, used = np.bincount(group_of), np.zeros(len(names), dtype=np.bool_)
    rng = np.random.default_rng(seed)
    for _ in range(networks):
        shuffled = rng.permutation(len(names))
        order = shuffled[np.argsort(used[shuffled], kind="stable")]
        chosen = np.zeros(len(names), dtype=np.bool_)
        for group in order:
            chosen[group] = sizes[chosen].sum() + sizes[group] <= VALIDATION * len(labels)
        for group in order:
            if len(np.unique(labels[chosen[group_of]])) == 2:
                break
            chosen[group] = True
        used |= chosen
        yield chosen[group_of]


def _auc(labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> float:
    """Area under the ROC curve, from ranks (Mann and Whitney 1947); tied scores share their mean rank."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positives = int(labels.sum())
    above = ranks[labels].sum() - positives * (positives + 1) / 2
    return float(above / (positives * (len(labels) - positives)))
