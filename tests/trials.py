"""Small trainings."""

import numpy as np

from varbind.core.sequence import N_CODE
from varbind.core.sequence_set import SequenceSet
from varbind.datasets.binding_dataset import BindingData
from varbind.train.hyperparameters import Optimizer, Setting
from varbind.train.trial import Examples

MOTIF = np.array([2, 2, 0, 3, 1, 1, 0], dtype=np.uint8)


def setting(**changes):
    """A setting by which a network learns within a few steps, with some of its numbers changed."""
    numbers = {"rate": 0.05, "momentum": 0.9, "detector_scale": 0.3, "network_scale": 0.3, "hidden": 0}
    decays = {"detector_decay": 1e-3, "network_decay": 1e-2}
    return Setting(
        **{"optimizer": Optimizer.NESTEROV, "dropout": 0.0, "mean_pooling": False, **numbers, **decays, **changes}
    )


def examples(detector_len, *, length=30, count=200, is_classification=True, double_stranded=True, seed=0):
    """Sequences with runs of N, and the same laid out."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (count, length)).astype(np.uint8)
    codes[::5, length // 4 : length // 4 + 5] = N_CODE
    targets = ((np.arange(count) % 2) if is_classification else rng.normal(size=count)).astype(np.float32)
    kind = {"is_classification": is_classification, "double_stranded": double_stranded}
    return codes, Examples.of(SequenceSet.of_one_length(codes), targets, detector_len, **kind)


def ragged(detector_len, *, count=200, is_classification=True, double_stranded=True, seed=0):
    """Sequences of 1 to 45 bases with some N, and the same laid out."""
    rng = np.random.default_rng(seed)
    sequences = SequenceSet.of_texts(
        ["".join(rng.choice(list("ACGTACGTN"), rng.integers(1, 46))) for _ in range(count)]
    )
    targets = ((np.arange(count) % 2) if is_classification else rng.normal(size=count)).astype(np.float32)
    kind = {"is_classification": is_classification, "double_stranded": double_stranded}
    return sequences, Examples.of(sequences, targets, detector_len, **kind)


def planted(count=240, *, is_classification=True):
    """Sequences of 40 bases; half hold a motif, on either strand."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (count, 40)).astype(np.uint8)
    bound = np.arange(count) % 2 == 0
    for row in np.flatnonzero(bound):
        start = rng.integers(30)
        codes[row, start : start + len(MOTIF)] = MOTIF if row % 4 else 3 - MOTIF[::-1]
    targets = bound.astype(np.float32) if is_classification else bound + rng.normal(0, 0.1, count).astype(np.float32)
    return BindingData(SequenceSet.of_one_length(codes), targets, np.arange(count) % 12, is_classification)
