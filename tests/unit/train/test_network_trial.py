"""The training of a network: its steps, its random numbers, and that networks of all papers learn 64 sequences."""

from dataclasses import replace

import numpy as np
import pytest
from published_networks import NAMES, few_kernels, random_codes
from quick_cases import first_quick

pytest.importorskip("torch", reason="needs the extra `train`")
import torch
from sklearn.metrics import roc_auc_score

from varbind.datasets.labelled_sequences import LabelledSequences
from varbind.train.descent import Descent, InitialWeights, Rule
from varbind.train.network_trial import NetworkTrial, initial_arrays, masked_loss

SEQUENCES = 64
QUICK = [("koo", "cnn-25"), ("zeng", "1layer"), ("deepgmap", "conv4-frss"), ("deepgmap", "danq-frss")]
RULES = {
    "koo": Descent(rate=3e-3, batch=32),
    "zeng": Descent(Rule.ADADELTA, rate=1.0, epsilon=1e-6, batch=32, initial=InitialWeights.XAVIER),
    "deepgmap": Descent(rate=3e-3, batch=32),
}


def labelled(config, *, planted=""):
    """Random sequences with random labels, or with a motif in those that are labelled 1."""
    rng = np.random.default_rng(5)
    codes = random_codes(rng, SEQUENCES, config.input_length, bases=4)
    labels = rng.permuted(np.repeat([[0], [1]], SEQUENCES // 2, axis=0).repeat(config.outputs, axis=1), axis=0)
    for row in np.flatnonzero(labels[:, 0]) if planted else []:
        at = rng.integers(config.input_length - len(planted))
        codes[row, at : at + len(planted)] = ["ACGT".index(base) for base in planted]
    tasks = tuple(f"T{number}" for number in range(config.outputs))
    return LabelledSequences(tasks, codes, labels.astype(np.int8), np.arange(SEQUENCES))


@pytest.mark.parametrize(("family", "name"), first_quick([*QUICK, *(p for p in NAMES if p not in QUICK)], len(QUICK)))
def test_every_network_learns_64_sequences_by_heart(family, name):
    """The network with one kernel has one number for each sequence, so it learns a motif.

    That with kernels of three bases and maxima over 50 positions, in which most words of three occur, needs them all.
    """
    kernels = {"1motif": 1, "cnn3-50": 64}.get(name, 12)
    config = few_kernels(family, name, kernels=kernels, hidden=32, recurrent=12)
    examples = labelled(config, planted="GATTACAGAT" if name == "1motif" else "")
    trial = NetworkTrial(config, replace(RULES[family], dropout=0.0), examples, np.arange(SEQUENCES), seed=0)
    first = trial.advance(1)
    for _ in range(60):
        trial.advance(10)
        outputs = trial.outputs(examples.codes)
        losses = np.logaddexp(0, np.where(examples.labels == 1, -outputs, outputs))
        if losses.mean() < 0.1:
            break
    assert first > 0.5
    assert losses.mean() < 0.1
    for labels, scores in zip(examples.labels.T, outputs.T, strict=True):
        assert roc_auc_score(labels, scores) == 1
    assert not trial.has_diverged


def trial_of(config, descent, *, labels=None, rows=SEQUENCES, seed=0):
    examples = labelled(config)
    if labels is not None:
        examples = replace(examples, labels=np.broadcast_to(np.int8(labels), examples.labels.shape))
    return NetworkTrial(config, descent, examples, np.arange(rows), seed)


def bytes_of(trial):
    return {name: array.tobytes() for name, array in trial.stack("A").arrays.items()}


def test_unknown_labels_do_not_count():
    rng = np.random.default_rng(0)
    outputs, labels = rng.normal(0, 3, (7, 4)), rng.integers(-1, 2, (7, 4))
    known = [(x, y) for x, y in zip(outputs.ravel(), labels.ravel(), strict=True) if y >= 0]
    slow = np.mean([-np.log(1 / (1 + np.exp(-x))) if y else -np.log(1 - 1 / (1 + np.exp(-x))) for x, y in known])
    found = masked_loss(torch.tensor(outputs), torch.tensor(labels, dtype=torch.float64))
    assert found.item() == pytest.approx(slow, abs=1e-12)
    assert masked_loss(torch.tensor(outputs), torch.full((7, 4), -1.0)).item() == 0


@pytest.mark.parametrize("decays_all", [False, True])
def test_without_known_labels_only_decay_changes_weights(decays_all):
    """The first step of Adam has the size of the rate, and the sign of the gradient, here of the decay."""
    config = few_kernels("zeng", "1layer")
    trial = trial_of(config, Descent(rate=1e-3, weight_decay=0.1, decays_all=decays_all), labels=-1)
    before = trial.stack("A").arrays
    biases = np.abs(before["hidden.bias"]).max()
    trial.advance(1)
    after = trial.stack("A").arrays
    weights = before["conv1.weight"]
    moved = after["conv1.weight"] - weights
    assert np.abs(moved + 1e-3 * np.sign(weights)).max() < 1e-5
    assert biases == np.abs(after["hidden.bias"]).max() == 0  # the decay of zero is zero


@pytest.mark.parametrize("decays_all", [False, True])
def test_scales_of_a_normalisation_decay_only_if_all_do(decays_all):
    trial = trial_of(few_kernels("koo", "cnn-25"), Descent(weight_decay=0.1, decays_all=decays_all), labels=-1)
    trial.advance(1)
    assert (trial.stack("A").arrays["norm1.weight"] < 1).all() == decays_all


def test_small_outputs_are_preferred_where_outputs_decay():
    config = few_kernels("deepgmap", "conv4")
    sizes = []
    for decay in (0.0, 1.0):
        trial = trial_of(config, Descent(rate=3e-3, batch=32, output_decay=decay))
        trial.advance(40)
        sizes.append(np.abs(trial.outputs(labelled(config).codes)).mean())
    assert sizes[1] < 0.5 * sizes[0]


@pytest.mark.parametrize(("parts", "rounds", "updates"), [(1, 1, 1), (2, 2, 4)])
def test_the_halves_of_a_mini_batch_are_used_in_turn(parts, rounds, updates):
    trial = trial_of(few_kernels("zeng", "1layer"), Descent(batch=16, parts=parts, rounds=rounds))
    trial.advance(3)
    counts = {float(array) for name, array in trial.state().items() if name.endswith("/step")}
    assert (trial.steps, counts) == (3, {3.0 * updates})


def test_all_sequences_are_used_before_one_is_used_again():
    trial = trial_of(few_kernels("zeng", "1layer"), Descent(batch=16), rows=60)
    used = []
    for step in range(6):
        trial.steps = step
        used.append(trial._next_rows())
    rounds = [np.concatenate(used[:3]), np.concatenate(used[3:])]
    assert [len(set(found.tolist())) for found in rounds] == [48, 48]  # a rest of 12 is too short for a mini-batch
    assert not np.array_equal(*rounds)


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("double_stranded", [False, True])
def test_a_training_goes_on_as_if_it_had_not_stopped(rule, double_stranded):
    config = few_kernels("koo", "cnn-50-2", double_stranded=double_stranded)
    descent = Descent(rule, rate=1e-2, weight_decay=1e-3, batch=16)
    whole, first, second = (trial_of(config, descent, seed=3) for _ in range(3))
    whole.advance(9)
    first.advance(5)
    second.restore(5, first.state())
    second.advance(4)
    assert bytes_of(second) == bytes_of(whole)
    assert bytes_of(second) != bytes_of(first)


def test_the_seed_decides_and_nothing_else():
    config = few_kernels("deepgmap", "danq-frss")
    torch.manual_seed(1)
    one, same, other = (trial_of(config, RULES["deepgmap"], seed=seed) for seed in (3, [3], 4))
    one.advance(3)
    torch.manual_seed(2)
    other.advance(1)
    same.advance(3)
    assert bytes_of(one) == bytes_of(same) != bytes_of(other)


@pytest.mark.parametrize(
    ("descent", "spread", "largest"),
    [
        (Descent(initial=InitialWeights.HE), (2 / 96) ** 0.5, np.inf),
        (Descent(initial=InitialWeights.XAVIER), (1 / 96) ** 0.5, (3 / 96) ** 0.5),
        (Descent(initial=InitialWeights.TRUNCATED, scale=0.005), 0.005 * 0.8796, 0.01),
    ],
    ids=["he", "xavier", "truncated"],
)
def test_initial_weights(descent, spread, largest):
    """Kernels of 24 bases have 96 inputs; without the values beyond two deviations, a normal one has .8796 of one."""
    config = few_kernels("zeng", "128motif", kernels=400)
    arrays = initial_arrays(config, descent, np.random.default_rng(0))
    weights = arrays["conv1.weight"]
    assert weights.std() == pytest.approx(spread, rel=0.02)
    assert 0.9 * min(largest, 3 * spread) < np.abs(weights).max() <= np.float32(largest)
    assert not arrays["conv1.bias"].any()


def test_a_diverged_network_is_noticed():
    trial = trial_of(few_kernels("koo", "cnn-25"), Descent(rate=1e30))
    trial.advance(4)
    assert trial.has_diverged
