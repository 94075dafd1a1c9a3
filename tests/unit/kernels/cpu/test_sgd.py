"""The training kernel takes the steps that torch's autograd and optimisers take."""

import numpy as np
import pytest
import tolerances
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import ARRAY_NAMES, deepbind_config
from quick_cases import first_quick
from trials import examples, ragged, setting

from varbind.core.sequence import N_CODE, reverse_complement
from varbind.core.sequence_set import SequenceSet
from varbind.train.hyperparameters import Optimizer, Penalty
from varbind.train.trial import BATCH, Trial

torch = pytest.importorskip("torch", reason="needs the extra `train`")

NAMES = ARRAY_NAMES


def torch_scores(parameters, shape, codes, kept):
    """The network, written once more: unfolded windows, maximum and mean, the strands that are read."""
    letters = torch.cat([torch.eye(4), torch.full((1, 4), 0.25)]).double()
    m, strands = shape.detector_len, []
    for strand in (codes, reverse_complement(codes))[: shape.strands]:
        padded = np.pad(strand, ((0, 0), (m - 1, m - 1)), constant_values=N_CODE)
        windows = letters[torch.from_numpy(padded).long()].flatten(1).unfold(1, 4 * m, 4)
        rectified = torch.relu(windows @ parameters["detectors"][0].flatten(0, 1) + parameters["thresholds"][0])
        pools = [rectified.max(dim=1).values, rectified.mean(dim=1)][: 1 + shape.mean_pooling]
        pooled = torch.stack(pools, dim=2) * kept.reshape(len(codes), len(pools), -1).swapaxes(1, 2)
        units = pooled.flatten(1) @ parameters["weights1"][0] + parameters["biases1"][0]
        if shape.hidden:
            strands.append(torch.relu(units) @ parameters["weights2"][0] + parameters["biases2"][0])
        else:
            strands.append(units[:, 0])
    return torch.stack(strands).max(dim=0).values


def scores_of(parameters, shape, sequences, kept):
    """The scores of sequences of one length together, and of any lengths one at a time."""
    if not isinstance(sequences, SequenceSet):
        return torch_scores(parameters, shape, sequences, kept)
    own = [torch_scores(parameters, shape, row[None], kept[i : i + 1]) for i, row in enumerate(sequences)]
    return torch.cat(own)


def follow_in_torch(trial, used, codes, laid_out, batches, kept):
    """The same steps by autograd, in double precision, from where the trial stands."""
    stack = trial.stack("A")
    parameters = {name: torch.tensor(getattr(stack, name)).double().requires_grad_() for name in NAMES}
    decays = {"detectors": used.detector_decay, "weights1": used.network_decay, "weights2": used.network_decay}
    squared = {} if trial.penalty is Penalty.L1 else decays
    groups = [{"params": [p], "weight_decay": squared.get(name, 0.0)} for name, p in parameters.items() if p.numel()]
    if used.optimizer is Optimizer.NESTEROV:
        optimiser = torch.optim.SGD(groups, lr=used.rate, momentum=used.momentum, nesterov=True)
    else:
        optimiser = torch.optim.Adam(groups, lr=used.rate)
    for rows, factors in zip(batches, kept, strict=True):
        scores = scores_of(parameters, trial.config, codes[rows], torch.from_numpy(factors).double())
        wanted = torch.from_numpy(laid_out.targets[rows]).double()
        if laid_out.is_classification:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, wanted)
        else:
            loss = ((scores - wanted) ** 2).mean() / 2
        if trial.penalty is Penalty.L1:
            loss = loss + sum(
                decay * parameters[name].abs().sum() for name, decay in decays.items() if parameters[name].numel()
            )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return {name: p.detach().numpy() for name, p in parameters.items()}


def assert_steps_are_those_of_autograd(shape, used, codes, laid_out, steps=4, penalty=Penalty.L2):
    trial = Trial(shape, used, laid_out, np.arange(len(codes)), seed=3, penalty=penalty)
    start = trial.stack("A")
    batches, kept = trial.batches(steps), trial.kept(steps)
    trial.batches, trial.kept = lambda _: batches, lambda _: kept
    expected = follow_in_torch(trial, used, codes, laid_out, batches, kept * trial.upscale)
    trial.advance(steps)
    found = trial.stack("A")
    for name in NAMES:
        np.testing.assert_allclose(getattr(found, name), expected[name], atol=tolerances.SLOPES, rtol=0)
        if name != "biases2" or shape.hidden:
            assert np.any(getattr(found, name) != getattr(start, name)) or not getattr(found, name).size


@pytest.mark.parametrize("optimizer", list(Optimizer))
@pytest.mark.parametrize("hidden", [0, 5])
@pytest.mark.parametrize("is_classification", [True, False])
@pytest.mark.parametrize("detector_len", first_quick([6, 5, 7]))
@pytest.mark.parametrize("mean_pooling", [False, True])
def test_steps_are_those_of_autograd(optimizer, hidden, is_classification, detector_len, mean_pooling):
    codes, laid_out = examples(detector_len, is_classification=is_classification)
    shape = deepbind_config(detector_len=detector_len, detectors=16, hidden=hidden, mean_pooling=mean_pooling)
    # Adam's first steps are as long for a slope that is nearly nothing, and as rough.
    used = setting(optimizer=optimizer, rate=0.05 if optimizer is Optimizer.NESTEROV else 0.005, hidden=hidden)
    assert_steps_are_those_of_autograd(shape, used, codes, laid_out)


@pytest.mark.parametrize("optimizer", list(Optimizer))
@pytest.mark.parametrize("hidden", [0, 5])
def test_the_published_decay_is_of_absolute_values(optimizer, hidden):
    """The objective of DeepBind 2015, whose penalties are sums of absolute values, by autograd."""
    codes, laid_out = examples(6)
    shape = deepbind_config(detector_len=6, detectors=16, hidden=hidden)
    rate = 0.05 if optimizer is Optimizer.NESTEROV else 0.005
    used = setting(optimizer=optimizer, rate=rate, hidden=hidden, detector_decay=0.02, network_decay=0.05)
    assert_steps_are_those_of_autograd(shape, used, codes, laid_out, penalty=Penalty.L1)


def test_a_weight_of_zero_is_not_pulled():
    _codes, laid_out = examples(5)
    trial = Trial(deepbind_config(detectors=16), setting(), laid_out, np.arange(200), seed=3, penalty=Penalty.L1)
    trial.values[:] = 0  # no gradient reaches a detector through weights of zero
    trial.advance(1)
    assert not trial.stack("A").detectors.any()


# The same ones every time: now and then two places are so nearly equal that single precision takes the other.
@settings(derandomize=True)
@given(
    st.fixed_dictionaries(
        {
            "detector_len": st.integers(5, 7),
            "detectors": st.sampled_from([16, 32]),
            "hidden": st.sampled_from([0, 3]),
            "mean_pooling": st.booleans(),
            "double_stranded": st.booleans(),
        }
    ),
    st.sampled_from([0.0, 0.25, 0.5]),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
)
@pytest.mark.slow
def test_any_shape_and_length(sizes, dropout, length, seed):
    """Sequences shorter than a detector too, one strand or both, and values that are left out."""
    shape = deepbind_config(**sizes)
    kind = {"is_classification": False, "double_stranded": shape.double_stranded}
    codes, laid_out = examples(shape.detector_len, length=length, seed=seed, **kind)
    used = setting(dropout=dropout, hidden=shape.hidden, mean_pooling=shape.mean_pooling)
    assert_steps_are_those_of_autograd(shape, used, codes, laid_out, steps=2)


@pytest.mark.parametrize("double_stranded", first_quick([True, False]))
@pytest.mark.parametrize("mean_pooling", [False, True])
@pytest.mark.parametrize("hidden", first_quick([3, 0]))
def test_sequences_of_any_lengths(hidden, mean_pooling, double_stranded):
    """Sequences of 1 to 45 bases in one batch; the reference reads one at a time, without padding it to another."""
    sequences, laid_out = ragged(7, is_classification=hidden == 0, double_stranded=double_stranded)
    sizes = {"hidden": hidden, "mean_pooling": mean_pooling, "double_stranded": double_stranded}
    shape = deepbind_config(detector_len=7, detectors=16, **sizes)
    used = setting(hidden=hidden, mean_pooling=mean_pooling)
    assert_steps_are_those_of_autograd(shape, used, sequences, laid_out, steps=3)


@pytest.mark.parametrize("mean_pooling", [False, True])
def test_a_value_that_is_left_out_passes_nothing_on(mean_pooling):
    codes, laid_out = examples(5)
    shape = deepbind_config(detectors=16, mean_pooling=mean_pooling)
    trial = Trial(shape, setting(), laid_out, np.arange(len(codes)), seed=3)
    kept = np.ones((1, BATCH, shape.pooled), dtype=np.bool_)
    kept[:, :, 4::16] = False
    trial.kept = lambda _: kept
    before = trial.stack("A")
    trial.advance(1)
    after = trial.stack("A")
    shrunk = before.detectors[..., 4] * np.float32(1 - 0.05 * 1e-3 * 1.9)  # weight decay alone
    np.testing.assert_allclose(after.detectors[..., 4], shrunk, rtol=1e-6)
    assert after.thresholds[0, 4] == before.thresholds[0, 4]
    assert np.abs(after.detectors[..., 5] - before.detectors[..., 5]).max() > 1e-4


@pytest.mark.parametrize("mean_pooling", [False, True])
@pytest.mark.parametrize("dropout", [0.25, 0.5])
def test_dropout_keeps_the_mean(dropout, mean_pooling):
    codes, laid_out = examples(5)
    shape = deepbind_config(detectors=16, mean_pooling=mean_pooling)
    trial = Trial(shape, setting(dropout=dropout), laid_out, np.arange(len(codes)), seed=3)
    kept = trial.kept(100)
    assert kept.shape == (100, BATCH, shape.pooled)
    assert kept.mean() == pytest.approx(1 - dropout, abs=0.01)
    assert (kept * trial.upscale).mean() == pytest.approx(1, abs=0.02)


def test_batches_are_balanced_and_take_every_row():
    _codes, laid_out = examples(5, count=300)
    laid_out.targets[:] = np.arange(300) < 40
    rows = np.arange(10, 290)
    trial = Trial(deepbind_config(detectors=16), setting(), laid_out, rows, seed=3)
    batches = trial.batches(60)
    assert np.all(laid_out.targets[batches].sum(axis=1) == BATCH // 2)
    assert set(batches.ravel().tolist()) == set(rows.tolist())


@pytest.mark.parametrize("mean_pooling", [False, True])
def test_a_trial_goes_on_where_it_was(mean_pooling):
    """Steps taken at once or one after the other, and beside another trial, give the same bytes."""
    _codes, laid_out = examples(5)
    shape = deepbind_config(detectors=16, hidden=3, mean_pooling=mean_pooling)

    def trial():
        return Trial(shape, setting(dropout=0.5, hidden=3), laid_out, np.arange(200), 3)

    whole, parts = trial(), trial()
    whole.advance(30)
    for steps in (10, 15, 5):
        parts.advance(steps)
    assert whole.steps == parts.steps == 30
    for name in NAMES:
        assert getattr(whole.stack("A"), name).tobytes() == getattr(parts.stack("A"), name).tobytes()
