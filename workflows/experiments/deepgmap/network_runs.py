"""The training of one network in an experiment, its areas on test sequences, and tables that are computed once.

The initial weights of Onimaru et al. (2018) are so small that a network needs many mini-batches before it learns
anything. Where there are few, experiments can start from those of He et al. (2015), with another learning rate. This is
our choice, and an option.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from varbind.nn.torch_networks import SequenceNetworks
from varbind.train.descent import InitialWeights
from varbind.train.metrics import auc, average_precision
from varbind.train.network_trial import NetworkTrial
from varbind.train.validated_training import train_validated

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from varbind.core.network_stack import NetworkConfig, NetworkStack
    from varbind.core.sequence import Codes
    from varbind.datasets.labelled_sequences import LabelledSequences
    from varbind.train.recipes import Recipe


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that change the recipe of the paper."""
    parser.add_argument("--epochs", type=int, default=1, help="how often all sequences are used; once in the paper")
    parser.add_argument("--rate", type=float, help="learning rate; that of the paper by default")
    parser.add_argument(
        "--initial",
        type=InitialWeights,
        choices=list(InitialWeights),
        help="distribution of the initial weights; that of the paper by default",
    )


def changed(recipe: Recipe, options: argparse.Namespace) -> Recipe:
    """The recipe with what the options change."""
    stated = {"rate": options.rate, "initial": options.initial}
    changes = {name: value for name, value in stated.items() if value is not None}
    return replace(recipe, epochs=options.epochs, descent=replace(recipe.descent, **changes))


def facts_of(recipe: Recipe) -> dict[str, Any]:
    """What the options can change, for the tables."""
    return {"epochs": recipe.epochs, "rate": recipe.descent.rate, "initial": str(recipe.descent.initial)}


class TimedTrial(NetworkTrial):
    """A network in training that counts the seconds of computing time of its mini-batches, without the looks at it."""

    seconds = 0.0

    def advance(self, steps: int) -> float:
        """Train on some mini-batches, and return the mean loss over them."""
        start = time.process_time()
        loss = super().advance(steps)
        self.seconds += time.process_time() - start
        return loss


@dataclass(frozen=True)
class TrainedNetwork:
    """The state of a network that was best on the validation sequences.

    Attributes:
        stack: the network.
        best_batch: the number of mini-batches that it was trained on.
        batches: the number of mini-batches of the whole training.
        seconds: the computing time of all mini-batches.
    """

    stack: NetworkStack[Any]
    best_batch: int
    batches: int
    seconds: float


def train(
    config: NetworkConfig,
    recipe: Recipe,
    training: LabelledSequences,
    validation: LabelledSequences,
    seed: int | Sequence[int],
) -> TrainedNetwork:
    """Train a network by the recipe of its paper."""
    rows = np.arange(len(training.codes))
    trial = TimedTrial(config, recipe.descent, training, rows, seed)
    best = train_validated(trial, validation, recipe.checkpoints(len(rows)), recipe.measure)
    if best is None:
        raise SystemExit(f"{config.name} diverged")
    return TrainedNetwork(best.stack, best.steps, trial.steps, trial.seconds)


def outputs_of(stack: NetworkStack[Any], codes: Codes) -> np.ndarray:
    """The outputs of a network before the sigmoid for sequences (N, L), (N, T)."""
    networks = SequenceNetworks(stack, dtype=torch.float32)
    return np.concatenate([networks.score(codes[at : at + 500])[:, 0] for at in range(0, len(codes), 500)])


def areas_of(outputs: np.ndarray, examples: LabelledSequences) -> list[dict[str, Any]]:
    """The areas under both curves of each task, from the sequences whose label is known.

    Args:
        outputs: the outputs for the examples, (N, T).
        examples: N sequences.
    """
    rows = []
    for task, labels, values in zip(examples.tasks, examples.labels.T, outputs.T, strict=True):
        bound, known = labels[labels >= 0] == 1, values[labels >= 0]
        counts = {"bound": int(bound.sum()), "unbound": int((~bound).sum())}
        rows.append({"task": task, **counts, "AUROC": auc(bound, known), "AUPRC": average_precision(bound, known)})
    return rows


def stored(path: Path, sizes: Mapping[str, Any], compute: Callable[[], list[dict[str, Any]]]) -> pd.DataFrame:
    """The rows of a table, which are computed if the file is not there yet.

    Args:
        path: the table.
        sizes: the sizes and settings of the experiment, which become columns; a stored table must have the same ones.
        compute: computes the rows.
    """
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        pd.DataFrame([row | dict(sizes) for row in compute()]).to_csv(
            unfinished, sep="\t", index=False, float_format="%.6g"
        )
        unfinished.replace(path)
    table = pd.read_csv(path, sep="\t", dtype={name: type(size) for name, size in sizes.items()})
    other = {name: table[name].iloc[0] for name, size in sizes.items() if (table[name] != size).any()}
    if other:
        found = ", ".join(f"{name} {value}" for name, value in other.items())
        raise SystemExit(f"{path} was made with other sizes ({found}); give these, or another folder")
    return table
