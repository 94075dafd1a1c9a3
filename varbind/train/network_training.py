"""Training of a bank of networks of a published architecture on sequences with labels.

One network after the other is searched. Finished and unfinished networks are stored in a folder beside the output, from
which an interrupted training is resumed, as in `varbind.train.training`.
"""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.datasets.binding_dataset import DataKind, refuse_equal_ids
from varbind.datasets.dataset_loading import warn_of_unused_peaks
from varbind.datasets.labelled_sequences import LabelledSequences, read_label_matrix
from varbind.datasets.sequence_table import read_bound_sequences
from varbind.errors import InputError, UsageError
from varbind.gate import optional_import
from varbind.io.banks import sha256_of
from varbind.io.output.atomic_files import refuse_existing
from varbind.io.reference import Reference
from varbind.train.bank_output import write_trained_bank
from varbind.train.bank_plan import BankPlan
from varbind.train.checkpoints import open_checkpoints
from varbind.train.network_results import TrainedNetwork, bank_of_networks, write_states
from varbind.train.network_search import VALIDATION_FOLDS, NetworkSearch, PlannedSearch, search_networks
from varbind.train.recipes import network_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.sequence import Codes
    from varbind.core.sequence_set import SequenceSet
    from varbind.datasets.binding_dataset import BindingDataset
    from varbind.scoring.background import PromoterSource
    from varbind.train.checkpoints import Checkpoints

__all__ = ["NetworkData", "NetworkPlan", "load_label_matrix", "load_sets", "train_networks"]

logger = logging.getLogger(__name__)

ROWS_PER_GROUP = 50
"""Neighbouring sequences that stay together where no groups are stated, because neighbours may overlap."""


@dataclass(frozen=True, slots=True)
class NetworkPlan(BankPlan):
    """How all networks are trained; as many settings as there are threads are trained side by side.

    Attributes:
        architecture: the name of the network, as `varbind.train.recipes.network_names` lists them.
        trials: the largest number of settings that are tried.
        ensemble_size: the number of best settings whose networks are the model.
        epochs: how often all sequences are used; None = as in the paper.
        double_stranded: whether the score is the mean over both strands.
    """

    architecture: str
    trials: int = 30
    ensemble_size: int = 1
    epochs: int | None = None
    double_stranded: bool = True

    def search(self, examples: LabelledSequences) -> NetworkSearch:
        """How a network is searched on some sequences."""
        length, outputs = examples.codes.shape[1], len(examples.tasks)
        config, recipe = network_named(
            self.architecture, input_length=length, outputs=outputs, double_stranded=self.double_stranded
        )
        if self.epochs is not None:
            recipe = replace(recipe, batches=0, epochs=self.epochs)
        return NetworkSearch(config, recipe, self.trials, self.ensemble_size, self.threads, self.device)


@dataclass(frozen=True, slots=True)
class NetworkData:
    """The data of one network.

    Attributes:
        network_id: the id of the network.
        datasets: the data set of each task.
        examples: the sequences with their labels.
        facts: what the model cards state about them.
    """

    network_id: str
    datasets: Sequence[BindingDataset]
    examples: LabelledSequences
    facts: Mapping[str, Any]


def load_sets(sets: Sequence[BindingDataset], plan: NetworkPlan) -> list[NetworkData]:
    """Read data sets of labels, peaks or bound sequences, each of which is one task of a network of its own.

    Raises:
        InputError: the data is malformed, or there is too little of it.
        UsageError: a set holds measured values or a matrix, or two sets have one id.
    """
    refuse_equal_ids(sets)
    with ExitStack() as opened:
        reference = cache(lambda path: opened.enter_context(Reference(path)))
        return [_load_set(dataset, reference, plan) for dataset in sets]


def _load_set(dataset: BindingDataset, reference: Callable[[str], Reference], plan: NetworkPlan) -> NetworkData:
    is_matrix = dataset.kind is DataKind.MATRIX
    if not is_matrix:
        data, facts = plan.load(dataset, reference, folds=VALIDATION_FOLDS)
    if is_matrix or not data.is_classification:
        what = f"{plan.architecture} learns labels, but this is {'a matrix' if is_matrix else 'a table of values'}"
        raise UsageError(what, path=dataset.file, remedy="give labels, peaks or bound sequences, or use deepbind")
    warn_of_unused_peaks(dataset, facts)
    labels = data.targets.astype(np.int8)[:, None]
    codes = _of_one_length(data.sequences, dataset.file)
    examples = LabelledSequences((dataset.id,), codes, labels, data.groups)
    return NetworkData(dataset.id, [dataset], examples, facts.as_dict())


def load_label_matrix(template: BindingDataset, labels_path: str) -> NetworkData:
    """Read sequences and a table with their labels, whose columns are the tasks of one network.

    Args:
        template: the data set of the sequences; each task has its fields, with the name of the task as id and protein.
        labels_path: see `varbind.datasets.labelled_sequences.read_label_matrix`.

    Raises:
        InputError: a file is malformed, or the numbers of their rows differ.
    """
    codes = _of_one_length(read_bound_sequences(template.file), template.file)
    tasks, labels, groups = read_label_matrix(labels_path)
    if len(codes) != len(labels):
        what = f"found {len(labels):,} rows of labels, expected {len(codes):,} as there are sequences"
        raise InputError(what, path=labels_path, remedy="give one row for each sequence, in the same order")
    if groups is None:
        groups = np.arange(len(codes)) // ROWS_PER_GROUP
    datasets = [replace(template, id=task, protein=task, family="") for task in tasks]
    digest = hashlib.sha256(codes.tobytes() + labels.tobytes() + groups.tobytes())
    facts = {
        "file": Path(template.file).name,
        "sha256": sha256_of(Path(template.file)),
        "labels": Path(labels_path).name,
        "labels_sha256": sha256_of(Path(labels_path)),
        "sequences": len(codes),
        "length": codes.shape[1],
        "tasks": len(tasks),
        "examples_sha256": digest.hexdigest(),
    }
    return NetworkData(template.id, datasets, LabelledSequences(tasks, codes, labels, groups), facts)


def _of_one_length(sequences: SequenceSet, path: str) -> Codes:
    """The base codes (N, L) of sequences, which must have one length."""
    shortest, longest = sequences.bounds
    if shortest < longest:
        what = f"the sequences have {shortest:,} to {longest:,} bases, but these networks read one length"
        raise InputError(what, path=path, remedy="cut all sequences to one length, or use deepbind")
    return sequences.codes


def train_networks(
    data: Sequence[NetworkData],
    destination: str | Path,
    plan: NetworkPlan,
    *,
    source: PromoterSource | None = None,
    progress: Progress | None = None,
) -> Bank:
    """Train a bank of networks.

    Args:
        data: the data of each network, at least one.
        destination: the folder of the bank, which must not exist; its name is the name of the bank.
        plan: how to train.
        source: the source of background sequence; None = a Markov chain of human promoters.
        progress: called with the number of mini-batches used and the number of all, then with those of the background
            variants.

    Returns:
        The bank, which has been written.

    Raises:
        InputError: there is too little data, or every network diverged.
        OutputError: the destination exists or cannot be written.
        UsageError: the architecture cannot read the sequences, or a package of `varbind[train]` is not installed.
    """
    destination = Path(destination)
    refuse_existing(destination)
    optional_import("sklearn.metrics", needed_for="training")
    optional_import("torch", needed_for="training")
    searches = [_planned(one, plan) for one in data]
    finished = _mini_batches(searches, progress)
    folder = destination.with_name(f"{destination.name}.training")
    with open_checkpoints(folder) as checkpoints:
        trained = [_train(one, planned, checkpoints, finished) for one, planned in zip(data, searches, strict=True)]
        return write_trained_bank(
            destination,
            bank_of_networks(destination.name, trained, plan.seed),
            lambda path: write_states(path, trained),
            checkpoints=folder,
            recipe=plan.recipe,
            source=source,
            progress=progress,
        )


def _planned(one: NetworkData, plan: NetworkPlan) -> PlannedSearch:
    """The search of one network, whose seed does not depend on other networks."""
    with _named_after(one):
        return PlannedSearch.of(plan.search(one.examples), one.examples, one.datasets[0].seed_from(plan.seed))


@contextmanager
def _named_after(one: NetworkData) -> Iterator[None]:
    """Name the file of the data in errors about it."""
    try:
        yield
    except InputError as error:
        raise InputError(error.what, path=one.datasets[0].file, remedy=error.remedy) from error


def _mini_batches(searches: Sequence[PlannedSearch], progress: Progress | None) -> Callable[[int], None]:
    """A function that is called with how many more mini-batches were used, and reports them."""
    total, done = sum(planned.mini_batches for planned in searches), 0

    def finished(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total, "mini-batches")

    return finished


def _train(
    one: NetworkData, planned: PlannedSearch, checkpoints: Checkpoints, finished: Callable[[int], None]
) -> TrainedNetwork:
    start = time.monotonic()
    with _named_after(one):
        searched = search_networks(planned, checkpoints, name=one.network_id, finished=finished)
    rating = searched.states[searched.chosen[0]].rating
    what = f"{one.network_id}: {len(one.examples.codes):,} sequences, {planned.search.recipe.measure}"
    logger.info("%s %.3f, %.0f s", what, rating, time.monotonic() - start)
    return TrainedNetwork(one.datasets, one.facts, planned.search, searched)
