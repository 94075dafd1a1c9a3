"""Progress counts every step of every calibration, once."""

import numpy as np
import pytest
from planted import sequences

from varbind.core.sequence import encode
from varbind.train.calibration import BindingData, Calibration, Search, calibrate
from varbind.train.pace import PacedThreads, task_steps

pytest.importorskip("sklearn", reason="needs the extra `train`")


@pytest.mark.parametrize("search", Search)
@pytest.mark.parametrize("kept", [1, 3])
def test_every_task_is_counted(search, kept):
    calibration = Calibration(
        settings=5, folds=2, checkpoints=(2, 5), search=search, kept=kept, detector_len=6, window=7
    )
    found = sequences(40, 12)
    codes = np.stack([encode(text) for text, _ in found])
    labels = np.array([bound for _, bound in found], dtype=np.float32)
    data = BindingData(codes, labels, np.arange(40) // 2, is_classification=True)
    seen = []
    with PacedThreads(2, calibration, 2, lambda *counts: seen.append(counts)) as threads:
        for model_id in "AB":
            threads.begin()
            calibrate(data, calibration, model_id=model_id, seed=1, threads=threads)
    total = 2 * sum(task_steps(calibration))
    assert len(seen) == 2 * len(task_steps(calibration))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (total, total)


def test_steps_of_a_halving_search():
    calibration = Calibration(settings=5, folds=2, checkpoints=(2, 5, 9), kept=2)
    assert task_steps(calibration) == [2] * 10 + [3] * 6 + [4] * 4 + [9] * 2
