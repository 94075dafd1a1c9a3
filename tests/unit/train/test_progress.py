"""Progress counts every step of every calibration, once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from trials import planted

from varbind.train.hyperparameter_search import calibrate, engine_on
from varbind.train.hyperparameters import Calibration, Search
from varbind.train.progress import Pace, task_steps

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")

SMALL = Calibration(trials=5, folds=2, checkpoints=(2, 5), detector_len=6, window=7)


@pytest.mark.parametrize("device", ["cpu", "torch:cpu"])
@pytest.mark.parametrize("search", Search)
@pytest.mark.parametrize("ensemble_size", [1, 3])
def test_every_task_is_counted(device, search, ensemble_size):
    calibration = replace(SMALL, search=search, ensemble_size=ensemble_size)
    seen = []
    pace = Pace(calibration, 2, lambda *counts: seen.append(counts))
    with ThreadPoolExecutor(2) as threads:
        engine = engine_on(device, threads, pace.finish)
        for model_id in "AB":
            pace.begin()
            calibrate(planted(48, is_classification=False), calibration, model_id=model_id, seed=1, engine=engine)
    total = 2 * sum(task_steps(calibration))
    # Threads tell of every task, a device of every round.
    assert len(seen) == 2 * (len(task_steps(calibration)) if device == "cpu" else 3)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (total, total)


def test_steps_of_a_halving_search():
    calibration = Calibration(trials=5, folds=2, checkpoints=(2, 5, 9), ensemble_size=2)
    assert task_steps(calibration) == [2] * 10 + [3] * 6 + [4] * 4 + [9] * 2


def test_nobody_wants_to_know():
    pace = Pace(SMALL, 1, None)
    pace.begin()
    pace.finish(3)
