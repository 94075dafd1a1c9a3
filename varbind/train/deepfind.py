"""Training of the DeepFind head: a few networks that separate simulated from derived variants.

As in DeepFind (Alipanahi et al. 2015), a network has one hidden layer, and the epoch that is best on validation rows is
kept. Here the validation rows are whole groups (chromosomes), because neighbouring variants share their windows. The
head is the mean of networks with different validation rows. Equal inputs and seeds give equal bytes on one kind of CPU.
An interrupted training continues after the networks that were finished, with the same bytes as a result.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.deepfind import DeepFindHead, standardised
from varbind.errors import InputError, UsageError
from varbind.train.checkpoints import open_checkpoints
from varbind.train.deepfind_descent import ARRAYS, DeepFindSetting, Descent, fixed_threads, placed
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

    from varbind.core.progress import Progress


__all__ = ["DeepFindData", "DeepFindSetting", "FittedNetwork", "fit_deepfind", "fit_network"]

logger = logging.getLogger(__name__)

VALIDATION = 0.1
"""The largest share of the rows in the validation of a network, if the sizes of the groups permit."""

CONSTANT = 1e-6
"""A feature is constant if its spread is below this share of its mean, which is due to rounding."""

COLUMNS_AT_ONCE = 16
"""The number of features that are copied together, because they are adjacent in memory."""

ROUNDING = 1e-12
"""Areas that differ by less are equal: distinct areas differ by at least one half over the number of pairs."""


@dataclass(frozen=True, slots=True)
class DeepFindData:
    """The training data of the networks: F features of N variants.

    Attributes:
        features: The values, finite or NaN = missing, float32 (N, F).
        labels: Whether each variant is simulated, bool (N,).
        groups: The group of each variant, such as its chromosome, (N,).
        names: The names of the features, (F,).

    Raises:
        InputError: There is only one class or one group, or a feature is infinite.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.bool_]
    groups: NDArray[np.str_]
    names: Sequence[str]

    def __post_init__(self) -> None:
        rows, names = len(self.labels), len(self.names)
        if self.features.shape != (rows, names) or len(self.groups) != rows:
            found = f"{rows} labels, {len(self.groups)} groups and {names} names"
            raise ValueError(f"features {self.features.shape} do not match {found}")
        if self.labels.all() or not self.labels.any():
            raise InputError("all variants are of one class, and DeepFind needs both")
        if len(np.unique(self.groups)) < 2:
            raise InputError("all variants are of one group, so none can be left out for validation")
        if np.isinf(self.features).any():
            raise InputError("a feature is infinite")


@dataclass(frozen=True, slots=True)
class FittedNetwork:
    """A network after its best epoch.

    Attributes:
        arrays: The parameters, float32: hidden (F, H), hidden_bias (H,), output (H,), output_bias ().
        epoch: The best epoch, counted from 1.
        validation_auc: The AUC of this epoch on the validation rows.
    """

    arrays: Mapping[str, NDArray[np.float32]]
    epoch: int
    validation_auc: float


def fit_deepfind(
    data: DeepFindData,
    setting: DeepFindSetting,
    *,
    seed: int,
    device: str = "cpu",
    checkpoints: Path | None = None,
    progress: Progress | None = None,
    quality: Callable[[float], object] | None = None,
) -> DeepFindHead:
    """Train the networks of a head.

    Args:
        data: The training data.
        setting: The hyper-parameters.
        seed: The seed of all random numbers.
        device: `cpu`, `cuda` or `cuda:N`.
        checkpoints: The folder for finished networks, which a later run with equal data, hyper-parameters, seed and
            device reuses; None = they are not stored.
        progress: Called with (epochs done, total).
        quality: Called for each network with its AUC on the variants that it was not trained on, which have chosen its
            epoch.

    Raises:
        ResourceError: The device does not exist.
        UsageError: The weights are not finite after the first epoch, because the learning rate is too high.
        OutputError: The folder cannot be written, or another process writes there.
    """
    features, labels = data.features, data.labels
    center, spread = _scale_of(features)
    key = _digest(data, {"setting": asdict(setting), "seed": seed, "device": device, "features": list(data.names)})
    networks = []
    with open_checkpoints(checkpoints) as stored, fixed_threads():
        inputs = placed(standardised(features, center, spread, setting.limit), device)
        for number, validation in enumerate(_validations(labels, data.groups, setting.networks, seed)):
            name = f"network-{number}"
            network = stored.read(name, key, lambda facts, arrays: FittedNetwork(arrays, **facts))
            if network is None:
                report = partial(_report, progress, number, setting)
                network = _fit(inputs, labels, validation, setting, (seed, number), report)
                facts = {"epoch": network.epoch, "validation_auc": network.validation_auc}
                stored.write(name, key, facts, network.arrays)
            logger.info("network %d: epoch %d, AUC %.4f", number + 1, network.epoch, network.validation_auc)
            if quality is not None:
                quality(network.validation_auc)
            networks.append(network)
            _report(progress, number, setting, setting.epochs)
    arrays = {name: np.stack([network.arrays[name] for network in networks]) for name in ARRAYS}
    return DeepFindHead(features=tuple(data.names), center=center, spread=spread, limit=setting.limit, **arrays)


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
        features: The standardised features, none missing, float32 (N, F).
        labels: Whether each variant is simulated, bool (N,).
        validation: The rows that are left out of training and choose the epoch, bool (N,).
        setting: The hyper-parameters; the number of networks and the limit are not used.
        seed: The seed of all random numbers.
        device: `cpu`, `cuda` or `cuda:N`.
        progress: Called with (epochs done, total).

    Raises:
        InputError: There is only one class among the validation rows, or among the training rows.
        ResourceError: The device does not exist.
        UsageError: The weights are not finite after the first epoch, because the learning rate is too high.
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
    """Train one network on inputs that are on the device already (see `fit_network`)."""
    if any(part.all() or not part.any() for part in (labels[validation], labels[~validation])):
        raise InputError("both classes are needed among the training rows and among the validation rows")
    descent = Descent(inputs, labels, np.flatnonzero(~validation), setting, seed)
    left_out = np.flatnonzero(validation)
    best: FittedNetwork | None = None
    for epoch in range(1, setting.epochs + 1):
        descent.advance()
        logits = descent.logits(left_out)
        if not np.isfinite(logits).all():
            break
        validation_auc = auc(labels[validation], logits) or 0.0
        if best is None or validation_auc > best.validation_auc + ROUNDING:
            best = FittedNetwork(descent.arrays(), epoch, validation_auc)
        if progress is not None:
            progress(epoch, setting.epochs)
        if epoch - best.epoch >= setting.patience:
            break
    if best is None:
        raise UsageError("the weights are not finite after the first epoch", remedy="choose a lower learning rate")
    return best


def _digest(data: DeepFindData, options: Mapping[str, object]) -> str:
    """The digest of everything on which the networks depend."""
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for array in (data.features, data.labels, data.groups):
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()


def _report(progress: Progress | None, number: int, setting: DeepFindSetting, epoch: int, _: int = 0) -> None:
    """Report the progress of the head when one network, numbered from 0, has finished some epochs."""
    if progress is not None:
        progress(number * setting.epochs + epoch, setting.networks * setting.epochs)


def _scale_of(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean and standard deviation of the known values of each feature; the latter is 1 for a constant feature."""
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
    """The validation rows of each network: groups that no earlier network left out, as long as there are any."""
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
