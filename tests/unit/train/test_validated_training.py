"""The state of a network that is best on the validation sequences is kept, also across a stop."""

import numpy as np
import pytest
from published_networks import few_kernels

pytest.importorskip("torch", reason="needs the extra `train`")
from sklearn.metrics import average_precision_score

from varbind.datasets.labelled_sequences import LabelledSequences
from varbind.train import validated_training
from varbind.train.checkpoints import Checkpoints
from varbind.train.descent import Descent
from varbind.train.network_trial import NetworkTrial
from varbind.train.recipes import Measure
from varbind.train.validated_training import Storage, rate, train_validated

CONFIG = few_kernels("koo", "cnn-25")
LOOKS = [2, 4, 6, 8, 10]


def random_examples(seed, count=40):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (count, CONFIG.input_length)).astype(np.uint8)
    return LabelledSequences(("A", "B"), codes, rng.integers(-1, 2, (count, 2)).astype(np.int8), np.arange(count))


def new_trial(**changes):
    descent = Descent(**{"batch": 8, "rate": 1e-2, **changes})
    return NetworkTrial(CONFIG, descent, random_examples(0), np.arange(40), 1)


def bytes_of(result):
    arrays = {name: array.tobytes() for name, array in result.stack.arrays.items()}
    return arrays, result.steps, result.ratings


@pytest.mark.parametrize("measure", Measure)
def test_ratings_are_those_of_loops(measure):
    examples = random_examples(3)
    outputs = np.random.default_rng(4).normal(size=(40, 2)).astype(np.float32)
    known = [(x, y) for x, y in zip(outputs.ravel().astype(float), examples.labels.ravel(), strict=True) if y >= 0]
    if measure is Measure.LOG_LIKELIHOOD:
        expected = np.mean([np.log(1 / (1 + np.exp(-x if y else x))) for x, y in known])
    elif measure is Measure.ACCURACY:
        expected = np.mean([(x > 0) == (y == 1) for x, y in known])
    else:
        tasks = [
            (labels[labels >= 0], scores[labels >= 0])
            for labels, scores in zip(examples.labels.T, outputs.T, strict=True)
        ]
        expected = np.mean([average_precision_score(*task) for task in tasks])
    assert rate(outputs, examples, measure) == pytest.approx(expected, abs=1e-12)


def test_the_best_state_is_kept():
    validation = random_examples(1)
    looks = [2, 20, 80, 160]  # random labels are soon learnt by heart
    result = train_validated(new_trial(rate=0.1), validation, looks, Measure.LOG_LIKELIHOOD)
    assert list(result.ratings) == looks
    assert result.rating == max(result.ratings.values())
    again = new_trial(rate=0.1)
    again.advance(result.steps)
    assert {n: a.tobytes() for n, a in again.stack("network").arrays.items()} == bytes_of(result)[0]
    assert result.steps < looks[-1]


@pytest.mark.parametrize("stop", LOOKS[:-1])
def test_a_stopped_training_gives_the_same_bytes(tmp_path, monkeypatch, stop):
    monkeypatch.setattr(validated_training, "SECONDS_BETWEEN_STORES", -1)
    validation, storage = random_examples(1), Storage(Checkpoints(tmp_path), "A.0", "key")

    def interrupt(steps, _):
        if steps == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_validated(new_trial(), validation, LOOKS, Measure.ACCURACY, storage=storage, finished=interrupt)
    looked = []
    resumed = train_validated(
        new_trial(), validation, LOOKS, Measure.ACCURACY, storage=storage, finished=lambda *seen: looked.append(seen[0])
    )
    assert looked == [steps for steps in LOOKS if steps > stop]
    assert bytes_of(resumed) == bytes_of(train_validated(new_trial(), validation, LOOKS, Measure.ACCURACY))


def test_another_key_starts_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(validated_training, "SECONDS_BETWEEN_STORES", -1)
    looked = []
    for key in ("one", "other", "other"):
        storage = Storage(Checkpoints(tmp_path), "A", key)
        train_validated(
            new_trial(),
            random_examples(1),
            LOOKS,
            Measure.ACCURACY,
            storage=storage,
            finished=lambda *seen: looked.append(seen[0]),
        )
    assert looked == LOOKS + LOOKS


def test_a_network_that_diverges_has_no_state():
    assert train_validated(new_trial(rate=1e30), random_examples(1), LOOKS, Measure.ACCURACY) is None
