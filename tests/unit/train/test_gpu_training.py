"""Networks trained together on a torch device take the steps of the CPU kernel."""

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
import tolerances
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import deepbind_config
from quick_cases import first_quick
from trials import examples, planted, ragged, setting

from varbind.core.sequence_set import SequenceSet
from varbind.errors import ResourceError
from varbind.train.hyperparameter_search import KernelThreads, calibrate, engine_on, score_stacks
from varbind.train.hyperparameters import Calibration, Optimizer, Penalty
from varbind.train.trial import Examples, Trial

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")
import torch

from varbind.train import gpu_training as device_descent
from varbind.train.gpu_training import DeviceDescent

DEVICES = ["torch:cpu", pytest.param("cuda", marks=pytest.mark.cuda)]
RATES = {Optimizer.ADAM: 0.001, Optimizer.NESTEROV: 0.01}
ROWS = np.arange(10, 190)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Products this small are not worth another one, and other programs may run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def engine_of(device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return DeviceDescent(device, ThreadPoolExecutor(1), lambda _: None)


@pytest.fixture(params=DEVICES)
def engine(request):
    return engine_of(request.param)


def different_trials(laid_out, optimizer, shape, count=3, penalty=Penalty.L2):
    """Networks that differ in every number of their settings, the first without dropout."""
    return [
        Trial(
            shape,
            setting(
                optimizer=optimizer,
                rate=RATES[optimizer] * (1 + number),
                momentum=0.9 + 0.03 * number,
                detector_decay=1e-3 * number,
                network_decay=1e-2 / (1 + number),
                dropout=0.25 * (number % 3),
                hidden=shape.hidden,
                mean_pooling=shape.mean_pooling,
            ),
            laid_out,
            ROWS[number:],
            [1, number],
            penalty=penalty,
        )
        for number in range(count)
    ]


def differences(trials, others):
    assert [trial.steps for trial in trials] == [other.steps for other in others]
    pairs = list(zip(trials, others, strict=True))
    return np.concatenate([np.abs(one.values - other.values) for one, other in pairs])


def assert_near(trials, others):
    found, (median, most) = differences(trials, others), tolerances.DEVICE_STEPS
    assert np.median(found) < median
    assert found.max() < most


def assert_equal_bytes(trials, others):
    for one, other in zip(trials, others, strict=True):
        assert one.steps == other.steps
        assert one.values.tobytes() == other.values.tobytes()
        assert one.moments.tobytes() == other.moments.tobytes()


@pytest.mark.parametrize("optimizer", list(Optimizer))
@pytest.mark.parametrize("hidden", [0, 32])
@pytest.mark.parametrize(("mean_pooling", "double_stranded"), first_quick(product([True, False], repeat=2)))
def test_steps_are_those_of_the_kernel(engine, optimizer, hidden, mean_pooling, double_stranded):
    is_classification = hidden == 0
    _codes, laid_out = examples(6, is_classification=is_classification, double_stranded=double_stranded)
    sizes = {"hidden": hidden, "mean_pooling": mean_pooling, "double_stranded": double_stranded}
    shape = deepbind_config(detector_len=6, detectors=16, **sizes)
    start, expected, found = (different_trials(laid_out, optimizer, shape) for _ in range(3))
    for steps in (1, 4, 25):
        for trial in expected:
            trial.advance(steps)
        engine.advance(found, [steps] * len(found))
        if trial.steps == 1:
            assert differences(expected, found).max() < tolerances.DEVICE_STEP
        assert_near(expected, found)
    moved = [np.abs(trial.values - other.values).max() for trial, other in zip(found, start, strict=True)]
    assert min(moved) > 5 * tolerances.DEVICE_STEPS[1]


@pytest.mark.parametrize("double_stranded", [True, False])
@pytest.mark.parametrize("mean_pooling", [False, True])
def test_sequences_of_any_lengths(engine, mean_pooling, double_stranded):
    _sequences, laid_out = ragged(7, double_stranded=double_stranded)
    shape = deepbind_config(detector_len=7, detectors=16, mean_pooling=mean_pooling, double_stranded=double_stranded)
    expected, found = (different_trials(laid_out, Optimizer.ADAM, shape) for _ in range(2))
    assert_every_step_is_the_kernels(engine, expected, found, steps=3)


@pytest.mark.parametrize("optimizer", list(Optimizer))
def test_both_penalties_are_those_of_the_kernel(engine, optimizer):
    """Networks of either penalty are trained in one call."""
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    expected, found = (
        [trial for penalty in Penalty for trial in different_trials(laid_out, optimizer, shape, 2, penalty)]
        for _ in range(2)
    )
    for trial in expected:
        trial.advance(4)
    engine.advance(found, [4] * len(found))
    assert_near(expected, found)
    assert np.median(differences(expected[1:2], expected[3:])) > 5 * tolerances.DEVICE_STEPS[0]


def assert_every_step_is_the_kernels(engine, expected, found, *, steps, but=0.0):
    """From the state of the kernel each time, so that roundings do not add up; but for a share of the parameters."""
    for _ in range(steps):
        for trial, other in zip(expected, found, strict=True):
            other.values, other.moments = trial.values.copy(), trial.moments.copy()
            trial.advance(1)
        engine.advance(found, [1] * len(found))
        apart = differences(expected, found)
        assert np.mean(apart > tolerances.DEVICE_STEP) <= but
        assert apart.max() < tolerances.DEVICE_STEPS[1]


# The same ones every time: now and then two places are so nearly equal that another order of sums takes the other.
@settings(derandomize=True, max_examples=20)
@given(
    st.fixed_dictionaries(
        {
            "detector_len": st.integers(5, 9),
            "detectors": st.sampled_from([16, 32]),
            "hidden": st.sampled_from([0, 3]),
            "mean_pooling": st.booleans(),
            "double_stranded": st.booleans(),
        }
    ),
    st.sampled_from(Optimizer),
    st.booleans(),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
)
@pytest.mark.slow
def test_any_shape_and_length(sizes, optimizer, is_classification, length, seed):
    """Sequences shorter than a detector too."""
    shape = deepbind_config(**sizes)
    kind = {"is_classification": is_classification, "double_stranded": shape.double_stranded}
    _codes, laid_out = examples(shape.detector_len, length=length, seed=seed, **kind)
    expected, found = (different_trials(laid_out, optimizer, shape) for _ in range(2))
    assert_every_step_is_the_kernels(engine_of("torch:cpu"), expected, found, steps=2)


@pytest.mark.parametrize("optimizer", list(Optimizer))
def test_after_many_steps_a_step_is_still_the_kernels(engine, optimizer):
    """Momenta have built up, and corrections of Adam's have nearly gone; one detector may take another place."""
    _codes, laid_out = examples(7)
    shape = deepbind_config(detector_len=7, detectors=16)
    expected, found = (different_trials(laid_out, optimizer, shape) for _ in range(2))
    for trial, other in zip(expected, found, strict=True):
        trial.advance(400)
        other.advance(400)
    assert_every_step_is_the_kernels(engine, expected, found, steps=5, but=0.02)


def test_of_equal_places_the_first_has_the_slope(engine):
    """Shares of each would be a weight's that no single place has. Where bases are equal too, nothing shows."""
    codes = np.repeat(np.uint8([[0] * 8 + [1] * 8]), 64, axis=0)
    targets = np.arange(64, dtype=np.float32)
    laid_out = Examples.of(SequenceSet.of_one_length(codes), targets, 5, is_classification=False, double_stranded=False)
    shape = deepbind_config(detector_len=5, detectors=16, double_stranded=False)
    trial = Trial(shape, setting(detector_decay=0.0), laid_out, np.arange(64), 1)
    detectors = trial.values[: 5 * 4 * 16].reshape(5, 4, 16)
    detectors[:] = np.array([0.5, 0.5, -1.0, -1.0], dtype=np.float32)[:, None]
    before = detectors.copy()
    engine.advance([trial], [1])
    change = trial.values[: 5 * 4 * 16].reshape(5, 4, 16) != before
    assert change[:, 0].all()
    assert not change[:, 1:].any()


def test_together_is_one_by_one(engine):
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    together, alone = (different_trials(laid_out, Optimizer.ADAM, shape, count=7) for _ in range(2))
    engine.advance(together, [20] * 7)
    for trial in alone:
        engine.advance([trial], [20])
    assert_near(together, alone)


def test_trials_of_any_shape_data_and_number_of_steps(engine):
    """Each takes its own steps, in the order in which they were given."""
    laid_out = [examples(6, seed=seed)[1] for seed in range(2)]
    shapes = [deepbind_config(detector_len=6, detectors=16, **changes) for changes in ({}, {"hidden": 4})]

    def trials():
        kinds = [(own, shape, optimizer) for own in laid_out for shape in shapes for optimizer in Optimizer]
        return [trial for own, shape, optimizer in kinds for trial in different_trials(own, optimizer, shape, count=2)]

    expected, found = trials(), trials()
    steps = [1 + number % 5 for number in range(len(found))]
    for trial, own in zip(expected, steps, strict=True):
        trial.advance(own)
    engine.advance(found, steps)
    assert [trial.steps for trial in found] == steps
    assert_near(expected, found)


def test_equal_seeds_give_equal_bytes(engine):
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16, mean_pooling=True)
    one, other = (different_trials(laid_out, Optimizer.ADAM, shape) for _ in range(2))
    for trials in (one, other):
        engine.advance(trials, [10] * 3)
    assert_equal_bytes(one, other)


def test_where_steps_are_cut_does_not_show(monkeypatch, engine):
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    whole, parts = (different_trials(laid_out, Optimizer.ADAM, shape) for _ in range(2))
    engine.advance(whole, [13] * 3)
    monkeypatch.setattr(device_descent, "STEPS_AT_ONCE", 4)
    engine.advance(parts, [6] * 3)
    engine.advance(parts, [7] * 3)
    assert_equal_bytes(whole, parts)


def test_a_trial_goes_on_in_the_kernel(engine):
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    expected, found = (different_trials(laid_out, Optimizer.ADAM, shape) for _ in range(2))
    engine.advance(found, [5] * 3)
    for trial in found:
        trial.advance(5)
    for trial in expected:
        trial.advance(10)
    assert_near(expected, found)


def test_one_that_diverges_leaves_the_others_alone(engine):
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    expected, found = (different_trials(laid_out, Optimizer.NESTEROV, shape) for _ in range(2))
    found[1].values[:] = np.nan
    engine.advance(found, [5] * 3)
    for trial in expected:
        trial.advance(5)
    assert_near(expected[::2], found[::2])
    with pytest.raises(ResourceError, match="not a finite number"):
        found[1].stack("A")


class SmallMemory:
    """A device whose memory holds so many networks at a time."""

    def __init__(self, monkeypatch, room, error):
        self.tried = []
        losses = device_descent.losses

        def limited(values, *others):
            self.tried.append(len(values))
            if len(values) > room:
                raise error
            return losses(values, *others)

        monkeypatch.setattr(device_descent, "losses", limited)


FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


def test_out_of_memory_halves_the_networks(monkeypatch, caplog):
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    expected, found = (different_trials(laid_out, Optimizer.ADAM, shape, count=7) for _ in range(2))
    engine_of("torch:cpu").advance(expected, [6] * 7)
    held = SmallMemory(monkeypatch, 2, FULL)
    engine = engine_of("torch:cpu")
    with caplog.at_level(logging.INFO, logger="varbind"):
        engine.advance(found, [4] * 7)
    assert caplog.messages == [f"cpu is out of memory: {size} networks at a time from here on" for size in (3, 1)]
    assert held.tried[:2] == [7, 3]
    # What was learnt is kept.
    held.tried.clear()
    engine.advance(found, [2] * 7)
    assert set(held.tried) == {1}
    assert_near(expected, found)


def test_memory_that_runs_out_on_the_way(monkeypatch):
    """Networks that have taken their steps stay, the others take the same ones again."""
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    expected, found = (different_trials(laid_out, Optimizer.ADAM, shape, count=4) for _ in range(2))
    engine_of("torch:cpu").advance(expected, [5] * 4)
    losses, called = device_descent.losses, []

    def at_times(values, *others):
        called.append(len(values))
        if len(called) in {3, 3 + 5 + 2}:  # in the third step of all, then in the second of the second half
            raise FULL
        return losses(values, *others)

    monkeypatch.setattr(device_descent, "losses", at_times)
    engine_of("torch:cpu").advance(found, [5] * 4)
    assert called == [4] * 3 + [2] * 5 + [2] * 2 + [1] * 10
    assert_near(expected, found)


def test_not_even_one_network(monkeypatch):
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    held = SmallMemory(monkeypatch, 0, FULL)
    with pytest.raises(ResourceError) as refused:
        engine_of("torch:cpu").advance(different_trials(laid_out, Optimizer.ADAM, shape), [4] * 3)
    assert str(refused.value) == "one network in training does not fit into the memory of cpu; use --device cpu"
    assert held.tried == [3, 1]


def test_other_errors_pass(monkeypatch):
    _codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16)
    SmallMemory(monkeypatch, 0, RuntimeError("an illegal memory access was encountered"))
    with pytest.raises(RuntimeError, match="illegal"):
        engine_of("torch:cpu").advance(different_trials(laid_out, Optimizer.ADAM, shape), [4] * 3)


@pytest.mark.parametrize("optimizer", list(Optimizer))
@pytest.mark.parametrize("sizes", [{}, {"hidden": 4, "mean_pooling": True}], ids=["linear", "hidden, means"])
def test_nothing_is_fetched_before_the_last_step(monkeypatch, optimizer, sizes):
    """A step that waited for the device, or was not all there, would fail on one that computes nothing."""
    monkeypatch.setattr(device_descent, "torch_device", torch.device)
    _codes, laid_out = examples(6)
    held = SmallMemory(monkeypatch, 3, FULL)
    trials = different_trials(laid_out, optimizer, deepbind_config(detector_len=6, detectors=16, **sizes))
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        engine_of("meta").advance(trials, [5] * 3)
    assert len(held.tried) == 5


def test_a_missing_device_is_told():
    with pytest.raises(ResourceError, match="device cuda:4096 is not available; use --device cpu or auto"):
        DeviceDescent("cuda:4096", ThreadPoolExecutor(1), lambda _: None)


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
    scores = score_stacks([found.stack], fresh.sequences)[:, 0]
    assert np.median(scores[fresh.targets == 1]) > np.quantile(scores[fresh.targets == 0], 0.95)


def test_the_cpu_has_the_kernel():
    with ThreadPoolExecutor(1) as threads:
        engine = engine_on("cpu", threads, lambda _: None)
        assert isinstance(engine, KernelThreads)
        assert engine.device == "cpu"


def test_a_missing_device_has_no_engine():
    with (
        ThreadPoolExecutor(1) as threads,
        pytest.raises(ResourceError, match="device cuda:4096 is not available; use --device cpu or auto"),
    ):
        engine_on("cuda:4096", threads, lambda _: None)
