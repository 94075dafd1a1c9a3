"""A calibration gives the same model wherever it is trained."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tolerances
from trials import planted

from varbind.errors import ResourceError
from varbind.train.engine import KernelThreads, engine_on
from varbind.train.hyperparameter_search import Calibration, calibrate, score_stacks

pytest.importorskip("sklearn", reason="needs the extra `train`")
torch = pytest.importorskip("torch", reason="needs the extra `train`")

DEVICES = ["torch:cpu", pytest.param("cuda", marks=pytest.mark.cuda)]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Products this small are not worth another one, and other programs may run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(device, data, calibration):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    with ThreadPoolExecutor(2) as threads:
        engine = engine_on(device, threads, lambda _: None)
        return calibrate(data, calibration, model_id="A", seed=1, engine=engine)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("ensemble_size", [1, 2])
@pytest.mark.parametrize("is_classification", [True, False])
def test_a_calibration_on_a_device_is_that_of_the_kernel(device, ensemble_size, is_classification):
    calibration = Calibration(trials=6, checkpoints=(20, 60), ensemble_size=ensemble_size, detector_len=8, window=9)
    data = planted(is_classification=is_classification)
    found = run(device, data, calibration)
    expected = run("cpu", data, calibration)
    assert found.settings == expected.settings
    ratings, others = ({(row.setting, row.steps): row.ratings for row in own.log} for own in (found, expected))
    common = ratings.keys() & others.keys()  # of settings rated nearly alike either may have gone on
    assert len(common) >= len(ratings) - 1
    apart = np.abs([np.subtract(ratings[key], others[key]) for key in common])
    median, most = tolerances.DEVICE_RATING
    assert np.median(apart) < median
    assert apart.max() < most
    chosen = ([row.mean for row in own.chosen(calibration)] for own in (found, expected))
    np.testing.assert_allclose(*chosen, atol=most, rtol=0)
    fresh = planted(count=500)
    scores = score_stacks([found.stack], fresh.codes)[:, 0]
    assert np.median(scores[fresh.targets == 1]) > np.quantile(scores[fresh.targets == 0], 0.95)


def test_the_cpu_has_the_kernel():
    with ThreadPoolExecutor(1) as threads:
        engine = engine_on("cpu", threads, lambda _: None)
        assert isinstance(engine, KernelThreads)
        assert engine.device == "cpu"


def test_a_missing_device_is_told():
    with (
        ThreadPoolExecutor(1) as threads,
        pytest.raises(ResourceError, match="device cuda:4096 is not available; use --device cpu or auto"),
    ):
        engine_on("cuda:4096", threads, lambda _: None)
