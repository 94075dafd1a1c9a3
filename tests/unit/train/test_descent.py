"""The training kernel takes the steps that torch's autograd and optimisers take."""

import numpy as np
import pytest
import tolerances
from oracles import network_shape

from varbind.core.network import DeepBindStack
from varbind.core.sequence import N_CODE, reverse_complement
from varbind.train.setting import Rule, Setting
from varbind.train.trial import BATCH, Examples, Trial

torch = pytest.importorskip("torch", reason="needs the extra `train`")

NAMES = DeepBindStack.array_names()


def setting(**changes):
    numbers = {"rate": 0.05, "momentum": 0.9, "detector_scale": 0.3, "network_scale": 0.3, "hidden": 0}
    decays = {"detector_decay": 1e-3, "network_decay": 1e-2}
    return Setting(**{"rule": Rule.NESTEROV, "dropout": 0.0, **numbers, **decays, **changes})


def examples(detector_len, *, is_classification=True, length=30, count=200):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (count, length)).astype(np.uint8)
    codes[::5, 7:12] = N_CODE
    targets = (np.arange(count) % 2) if is_classification else rng.normal(size=count)
    return codes, Examples.of(codes, targets.astype(np.float32), detector_len, is_classification=is_classification)


def torch_scores(parameters, codes):
    """The network, written once more: unfolded windows, maximum, both strands."""
    detectors = parameters["detectors"][0]
    m = len(detectors)
    letters = torch.cat([torch.eye(4), torch.full((1, 4), 0.25)]).double()
    strands = []
    for strand in (codes, reverse_complement(codes)):
        padded = np.pad(strand, ((0, 0), (m - 1, m - 1)), constant_values=N_CODE)
        windows = letters[torch.from_numpy(padded).long()].flatten(1).unfold(1, 4 * m, 4)
        highest = (windows @ detectors.flatten(0, 1)).max(dim=1).values
        units = torch.relu(highest + parameters["thresholds"][0]) @ parameters["weights1"][0] + parameters["biases1"][0]
        if parameters["weights2"].numel():
            strands.append(torch.relu(units) @ parameters["weights2"][0] + parameters["biases2"][0])
        else:
            strands.append(units[:, 0])
    return torch.maximum(*strands)


def follow_in_torch(trial, used, codes, targets, batches, *, is_classification):
    """The same steps by autograd, in double precision, from where the trial stands."""
    stack = trial.stack("A")
    parameters = {name: torch.tensor(getattr(stack, name)).double().requires_grad_() for name in NAMES}
    decays = {"detectors": used.detector_decay, "weights1": used.network_decay, "weights2": used.network_decay}
    groups = [{"params": [p], "weight_decay": decays.get(name, 0.0)} for name, p in parameters.items() if p.numel()]
    if used.rule is Rule.NESTEROV:
        optimiser = torch.optim.SGD(groups, lr=used.rate, momentum=used.momentum, nesterov=True)
    else:
        optimiser = torch.optim.Adam(groups, lr=used.rate)
    for rows in batches:
        scores, wanted = torch_scores(parameters, codes[rows]), torch.from_numpy(targets[rows]).double()
        if is_classification:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, wanted)
        else:
            loss = ((scores - wanted) ** 2).mean() / 2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return {name: p.detach().numpy() for name, p in parameters.items()}


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("hidden", [0, 5])
@pytest.mark.parametrize("is_classification", [True, False])
@pytest.mark.parametrize("detector_len", [5, 6, 7])
def test_steps_are_those_of_autograd(rule, hidden, is_classification, detector_len, monkeypatch):
    codes, laid_out = examples(detector_len, is_classification=is_classification)
    shape = network_shape(detector_len=detector_len, detectors=16, hidden=hidden)
    used = setting(rule=rule, rate=0.05 if rule is Rule.NESTEROV else 0.01, hidden=hidden)
    trial = Trial(shape, used, laid_out, np.arange(len(codes)), seed=3)
    start = trial.stack("A")
    batches = trial._batches(4)
    monkeypatch.setattr(trial, "_batches", lambda _: batches)
    expected = follow_in_torch(trial, used, codes, laid_out.targets, batches, is_classification=is_classification)
    trial.advance(4)
    found = trial.stack("A")
    for name in NAMES:
        np.testing.assert_allclose(getattr(found, name), expected[name], atol=tolerances.SLOPES, rtol=0)
        if name != "biases2" or hidden:
            assert np.any(getattr(found, name) != getattr(start, name)) or not getattr(found, name).size


def test_a_value_that_is_left_out_passes_nothing_on(monkeypatch):
    codes, laid_out = examples(5)
    trial = Trial(network_shape(detectors=16), setting(), laid_out, np.arange(len(codes)), seed=3)
    kept = np.ones((1, BATCH, 16), dtype=np.float32)
    kept[:, :, 4] = 0
    monkeypatch.setattr(trial, "_kept", lambda _: kept)
    before = trial.stack("A")
    trial.advance(1)
    after = trial.stack("A")
    shrunk = before.detectors[..., 4] * np.float32(1 - 0.05 * 1e-3 * 1.9)  # weight decay alone
    np.testing.assert_allclose(after.detectors[..., 4], shrunk, rtol=1e-6)
    assert after.thresholds[0, 4] == before.thresholds[0, 4]
    assert np.abs(after.detectors[..., 5] - before.detectors[..., 5]).max() > 1e-4


@pytest.mark.parametrize("dropout", [0.25, 0.5])
def test_dropout_keeps_the_mean(dropout):
    codes, laid_out = examples(5)
    trial = Trial(network_shape(detectors=16), setting(dropout=dropout), laid_out, np.arange(len(codes)), seed=3)
    kept = trial._kept(100)
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1 / (1 - dropout))}
    assert kept.mean() == pytest.approx(1, abs=0.02)


def test_batches_are_balanced_and_take_every_row():
    _codes, laid_out = examples(5, count=300)
    laid_out.targets[:] = np.arange(300) < 40
    rows = np.arange(10, 290)
    trial = Trial(network_shape(detectors=16), setting(), laid_out, rows, seed=3)
    batches = trial._batches(60)
    assert np.all(laid_out.targets[batches].sum(axis=1) == BATCH // 2)
    assert set(batches.ravel().tolist()) == set(rows.tolist())


def test_a_trial_goes_on_where_it_was():
    """Steps taken at once or one after the other, and beside another trial, give the same bytes."""
    _codes, laid_out = examples(5)

    def trial():
        return Trial(network_shape(detectors=16, hidden=3), setting(dropout=0.5, hidden=3), laid_out, np.arange(200), 3)

    whole, parts = trial(), trial()
    whole.advance(30)
    for steps in (10, 15, 5):
        parts.advance(steps)
    assert whole.steps == parts.steps == 30
    for name in NAMES:
        assert getattr(whole.stack("A"), name).tobytes() == getattr(parts.stack("A"), name).tobytes()
