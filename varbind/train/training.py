"""Train a bank of calibrated networks from the files of training sets.

All data is read first, so that what is broken is told before anything is trained. Then protein after protein is
calibrated and kept in a folder beside the output (`varbind.train.checkpoints`); a run that was stopped goes on there.
The bank is made of what is kept, so a resumed run gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.datasets.dataset_loading import MIN_NEGATIVES, load_dataset, warn_of_unused_peaks
from varbind.datasets.dataset_table import DataKind, refuse_equal_ids
from varbind.datasets.pwm import KnownMotif, known_motif
from varbind.errors import InputError, OutputError, UsageError
from varbind.gate import optional_import
from varbind.io.banks import write_bank
from varbind.io.reference import Reference
from varbind.scoring.background import BackgroundRecipe, PromoterSource, add_background
from varbind.scoring.selftest import add_golden_scores
from varbind.train.checkpoints import Records, kept_records
from varbind.train.engine import engine_on
from varbind.train.hyperparameter_search import Calibrated, Calibration, calibrate
from varbind.train.results import Trained, bank_of, write_ratings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.datasets.binding_data import BindingData, DataFacts
    from varbind.datasets.dataset_table import BindingDataset
    from varbind.train.engine import Engine

    Prepared = tuple[BindingData, DataFacts]

__all__ = ["TrainingPlan", "count_steps", "task_steps", "train_bank"]

logger = logging.getLogger(__name__)

METHOD = 2
"""Goes up when equal data and options no longer give equal networks."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How all sets are trained.

    Attributes:
        calibration: the search.
        seed: of everything random.
        top: only so many of the strongest peaks; None = all.
        threads: that train; they do not show in the bank.
        recipe: of the background.
        min_negatives: that are made of a kind, several for each bound sequence where there are fewer of these.
        device: `cpu`, or a torch device such as `cuda`, where a bank is the same but for rounding.
        renamed: the references' name of a contig by the peaks' name, where these differ.
    """

    calibration: Calibration
    recipe: BackgroundRecipe
    seed: int = 1
    top: int | None = None
    threads: int = 1
    min_negatives: int = MIN_NEGATIVES
    device: str = "cpu"
    renamed: Mapping[str, str] = field(default_factory=dict)

    def key_of(self, dataset: BindingDataset, facts: DataFacts) -> str:
        """Digest of all that the model of a set depends on."""
        parts = [METHOD, dataset.id, self.seed, asdict(self.calibration), facts.examples_sha256]
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
        sets: what to train on, one or more.
        destination: the bank's folder, which must not exist; its name is the bank's name.
        plan: how to train.
        source: of background sequence; None = a Markov chain of human promoters.
        progress: called with the number of training steps done and the number of all.

    Returns:
        The bank, written.

    Raises:
        InputError: the data is malformed, or there is too little.
        OutputError: the destination exists or cannot be written.
        UsageError: two sets have one id, peaks are to be read on one strand, or a package of `varbind[train]` is not
            installed.
        ResourceError: the device is not there.
    """
    destination = Path(destination)
    if destination.exists():
        raise OutputError("exists already", path=destination, remedy="name a new folder")
    refuse_equal_ids(sets)
    # Told now, not after hours: ratings need the one, golden scores the other.
    optional_import("sklearn.metrics", needed_for="training")
    optional_import("varbind.nn.deepbind", needed_for="training")
    if plan.device != "cpu":
        optional_import("varbind.kernels.gpu.device", needed_for=f"--device {plan.device}").torch_device(plan.device)
    with ExitStack() as opened:
        reference = cache(lambda path: opened.enter_context(Reference(path)))

        def prepared(dataset: BindingDataset) -> Prepared:
            seed = dataset.seed_from(plan.seed)
            folds, min_negatives = plan.calibration.folds, plan.min_negatives
            return load_dataset(
                dataset,
                reference,
                folds=folds,
                top=plan.top,
                seed=seed,
                min_negatives=min_negatives,
                renamed=plan.renamed,
            )

        to_train = [dataset for dataset in sets if dataset.kind is not DataKind.MATRIX]
        known = _known_motifs(sets, plan.calibration)
        facts = {dataset.id: prepared(dataset)[1] for dataset in to_train}
        _refuse_useless_map(facts, plan)
        for dataset in to_train:
            _refuse_single_strand(dataset, facts[dataset.id], plan.calibration)
            warn_of_unused_peaks(dataset, facts[dataset.id])
        records = opened.enter_context(kept_records(destination.with_name(f"{destination.name}.training")))
        calibrated = _calibrate_all(to_train, facts, prepared, plan, records, progress)
        trained = {dataset.id: Trained(dataset, facts[dataset.id], calibrated[dataset.id]) for dataset in to_train}
        parts = [known.get(dataset.id) or trained[dataset.id] for dataset in sets]
        return _make_bank(destination, parts, plan, source, records.folder)


def _known_motifs(sets: Sequence[BindingDataset], calibration: Calibration) -> dict[str, KnownMotif]:
    """Sets that are matrices, by id."""
    sizes = {"detector_len": calibration.detector_len, "window": calibration.window}
    return {dataset.id: known_motif(dataset, **sizes) for dataset in sets if dataset.kind is DataKind.MATRIX}


def _refuse_useless_map(facts: Mapping[str, DataFacts], plan: TrainingPlan) -> None:
    if plan.renamed and all(fact.kind is not DataKind.PEAKS for fact in facts.values()):
        raise UsageError("--contig-map names contigs of peaks, and there are none", remedy="leave it out")


def _refuse_single_strand(dataset: BindingDataset, facts: DataFacts, calibration: Calibration) -> None:
    if facts.kind is DataKind.PEAKS and not calibration.double_stranded:
        what = "peaks do not say which strand is bound"
        raise UsageError(what, path=dataset.file, remedy="leave --single-stranded out, or give sequences")


def _calibrate_all(
    sets: Sequence[BindingDataset],
    facts: Mapping[str, DataFacts],
    prepared: Callable[[BindingDataset], Prepared],
    plan: TrainingPlan,
    records: Records,
    progress: Progress | None,
) -> dict[str, Calibrated]:
    """The model of every set, by training those that are not kept yet."""
    keys = {dataset.id: plan.key_of(dataset, facts[dataset.id]) for dataset in sets}
    found = {dataset.id: records.read(dataset.id, keys[dataset.id]) for dataset in sets}
    done = {model_id: calibrated for model_id, calibrated in found.items() if calibrated is not None}
    missing = [dataset for dataset in sets if dataset.id not in done]
    if done:
        logger.info("%d of %d sets are trained already: %s", len(done), len(sets), records.folder)
    finished = count_steps(plan.calibration, len(missing), progress)
    with ThreadPoolExecutor(plan.threads) as threads:
        engine = engine_on(plan.device, threads, finished)
        for number, dataset in enumerate(missing, 1):
            start = time.monotonic()
            done[dataset.id] = _calibrate(dataset, prepared(dataset)[0], plan, engine)
            records.write(dataset.id, keys[dataset.id], done[dataset.id])
            what = f"{dataset.id}: {facts[dataset.id].sequences:,} sequences, {facts[dataset.id].measure}"
            rating = done[dataset.id].log[0].mean
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


def _make_bank(
    destination: Path,
    parts: Sequence[Trained | KnownMotif],
    plan: TrainingPlan,
    source: PromoterSource | None,
    state: Path,
) -> Bank:
    """The bank with its ratings, written by one renaming; then what was kept goes."""
    bank = add_golden_scores(bank_of(destination.name, parts, plan.calibration, plan.seed))
    logger.info("scoring the background")
    bank = add_background(bank, recipe=plan.recipe, source=source)
    whole = state / "bank"
    try:
        shutil.rmtree(whole, ignore_errors=True)
        write_bank(whole, bank)
        write_ratings(whole / "ratings.tsv", [part for part in parts if isinstance(part, Trained)])
        whole.rename(destination)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", path=destination) from error
    shutil.rmtree(state, ignore_errors=True)
    return bank
