"""Training of a bank of calibrated networks from the files of data sets.

All data is read first, so that malformed data is reported before anything is trained. Then one protein after the other
is calibrated and stored in a folder beside the output (`varbind.train.checkpoints`), from which an interrupted training
is resumed. The bank is made from the stored networks, so that a resumed training gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.datasets.binding_dataset import DataKind, refuse_equal_ids
from varbind.datasets.dataset_loading import warn_of_unused_peaks
from varbind.datasets.pwm import KnownMotif, known_motif
from varbind.errors import InputError, UsageError
from varbind.gate import optional_import
from varbind.io.output.atomic_files import refuse_existing
from varbind.io.reference import Reference
from varbind.train.bank_output import write_trained_bank
from varbind.train.bank_plan import BankPlan
from varbind.train.checkpoints import open_checkpoints
from varbind.train.hyperparameter_search import Calibrated, calibrate, engine_on
from varbind.train.results import Trained, bank_of, write_ratings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.datasets.binding_dataset import BindingData, BindingDataset, DataFacts
    from varbind.scoring.background import PromoterSource
    from varbind.train.checkpoints import Checkpoints
    from varbind.train.hyperparameter_search import Engine
    from varbind.train.hyperparameters import Calibration

    Prepared = tuple[BindingData, DataFacts]

__all__ = ["TrainingPlan", "count_steps", "task_steps", "train_bank"]

logger = logging.getLogger(__name__)

METHOD = 2
"""The version of the training; it is increased when equal data and options no longer give equal networks."""


@dataclass(frozen=True, slots=True)
class TrainingPlan(BankPlan):
    """How all data sets are trained as DeepBind.

    Attributes:
        calibration: the settings of the hyper-parameter search.
    """

    calibration: Calibration

    def key_of(self, dataset: BindingDataset, facts: DataFacts) -> str:
        """Return the digest of everything on which the model of a data set depends."""
        parts = [METHOD, dataset.id, self.seed, self.calibration.as_dict(), facts.examples_sha256]
        if self.device != "cpu":
            parts.append(self.device.partition(":")[0])
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def train_bank(
    sets: Sequence[BindingDataset],
    destination: str | Path,
    plan: TrainingPlan,
    *,
    source: PromoterSource | None = None,
    progress: Progress | None = None,
) -> Bank:
    """Train a bank.

    Args:
        sets: The data sets, at least one.
        destination: The folder of the bank, which must not exist; its name is the name of the bank.
        plan: How to train.
        source: The source of background sequence; None = a Markov chain of human promoters.
        progress: called with the number of training steps done and the number of all, then with those of the
            background variants.

    Returns:
        The bank, which has been written.

    Raises:
        InputError: The data is malformed, or there is too little of it.
        OutputError: The destination exists or cannot be written.
        UsageError: Two sets have one id, one strand of peaks is to be scored, or a package of `varbind[train]` is not
            installed.
        ResourceError: The device does not exist.
    """
    destination = Path(destination)
    refuse_existing(destination)
    refuse_equal_ids(sets)
    # Missing packages are reported now and not after hours: ratings need one of these, and golden scores the other.
    optional_import("sklearn.metrics", needed_for="training")
    optional_import("varbind.nn.deepbind", needed_for="training")
    if plan.device != "cpu":
        optional_import("varbind.kernels.gpu.device", needed_for=f"--device {plan.device}").torch_device(plan.device)
    with ExitStack() as opened:
        reference = cache(lambda path: opened.enter_context(Reference(path)))

        def prepared(dataset: BindingDataset) -> Prepared:
            return plan.load(dataset, reference, folds=plan.calibration.folds)

        to_train = [dataset for dataset in sets if dataset.kind is not DataKind.MATRIX]
        known = _known_motifs(sets, plan.calibration)
        facts = {dataset.id: prepared(dataset)[1] for dataset in to_train}
        _refuse_useless_map(facts, plan)
        for dataset in to_train:
            _refuse_single_strand(dataset, facts[dataset.id], plan.calibration)
            warn_of_unused_peaks(dataset, facts[dataset.id])
        folder = destination.with_name(f"{destination.name}.training")
        checkpoints = opened.enter_context(open_checkpoints(folder))
        calibrated = _calibrate_all(to_train, facts, prepared, plan, checkpoints, progress)
        trained = {dataset.id: Trained(dataset, facts[dataset.id], calibrated[dataset.id]) for dataset in to_train}
        parts = [known.get(dataset.id) or trained[dataset.id] for dataset in sets]
        return write_trained_bank(
            destination,
            bank_of(destination.name, parts, plan.calibration, plan.seed),
            lambda path: write_ratings(path, list(trained.values())),
            checkpoints=folder,
            recipe=plan.recipe,
            source=source,
            progress=progress,
        )


def _known_motifs(sets: Sequence[BindingDataset], calibration: Calibration) -> dict[str, KnownMotif]:
    """The data sets that are matrices, by id."""
    sizes = {"detector_len": calibration.detector_len, "window": calibration.window}
    return {dataset.id: known_motif(dataset, **sizes) for dataset in sets if dataset.kind is DataKind.MATRIX}


def _refuse_useless_map(facts: Mapping[str, DataFacts], plan: TrainingPlan) -> None:
    if plan.renamed and all(fact.kind is not DataKind.PEAKS for fact in facts.values()):
        raise UsageError("--contig-map is given, but there are no peaks", remedy="leave it out")


def _refuse_single_strand(dataset: BindingDataset, facts: DataFacts, calibration: Calibration) -> None:
    if facts.kind is DataKind.PEAKS and not calibration.double_stranded:
        what = "peaks do not say which strand is bound"
        raise UsageError(what, path=dataset.file, remedy="leave --single-stranded out, or give sequences")


def _calibrate_all(
    sets: Sequence[BindingDataset],
    facts: Mapping[str, DataFacts],
    prepared: Callable[[BindingDataset], Prepared],
    plan: TrainingPlan,
    checkpoints: Checkpoints,
    progress: Progress | None,
) -> dict[str, Calibrated]:
    """The model of every data set; those that are not stored yet are trained."""
    keys = {dataset.id: plan.key_of(dataset, facts[dataset.id]) for dataset in sets}
    found = {
        dataset.id: checkpoints.read(dataset.id, keys[dataset.id], partial(Calibrated.of_facts, dataset.id))
        for dataset in sets
    }
    done = {model_id: calibrated for model_id, calibrated in found.items() if calibrated is not None}
    missing = [dataset for dataset in sets if dataset.id not in done]
    if done:
        logger.info("%d of %d sets are trained already: %s", len(done), len(sets), checkpoints.folder)
    finished = count_steps(plan.calibration, len(missing), progress)
    with ThreadPoolExecutor(plan.threads) as threads:
        engine = engine_on(plan.device, threads, finished)
        for number, dataset in enumerate(missing, 1):
            start = time.monotonic()
            done[dataset.id] = _calibrate(dataset, prepared(dataset)[0], plan, engine)
            calibrated = done[dataset.id]
            checkpoints.write(dataset.id, keys[dataset.id], calibrated.facts(), calibrated.stack.arrays)
            what = f"{dataset.id}: {facts[dataset.id].sequences:,} sequences, {facts[dataset.id].measure}"
            rating = calibrated.log[0].mean
            logger.info("%d/%d %s %.3f, %.0f s", number, len(missing), what, rating, time.monotonic() - start)
    return done


def task_steps(calibration: Calibration) -> list[int]:
    """The number of steps of each training task of a calibration, in order.

    The final trainings take as many steps as the longest one of the search.
    """
    searching = [more for settings, _, more in calibration.rounds() for _ in range(settings * calibration.folds)]
    return searching + [calibration.checkpoints[-1]] * min(calibration.ensemble_size, calibration.trials)


def count_steps(calibration: Calibration, proteins: int, progress: Progress | None) -> Callable[[int], None]:
    """Return a function that is called with the number of tasks that have just finished, and reports their steps.

    Args:
        calibration: the calibration of each protein.
        proteins: the number of calibrations, which run one after the other.
        progress: called with the number of steps done and the number of all.
    """
    done_after = list(accumulate(task_steps(calibration) * proteins, initial=0))
    tasks = 0

    def finished(more: int) -> None:
        nonlocal tasks
        tasks += more
        if progress is not None:
            progress(done_after[tasks], done_after[-1], "steps")

    return finished


def _calibrate(dataset: BindingDataset, data: BindingData, plan: TrainingPlan, engine: Engine) -> Calibrated:
    try:
        return calibrate(data, plan.calibration, model_id=dataset.id, seed=dataset.seed_from(plan.seed), engine=engine)
    except InputError as error:
        raise InputError(error.what, path=dataset.file, remedy=error.remedy) from error
