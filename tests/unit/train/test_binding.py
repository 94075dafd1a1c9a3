"""The trainer finds a planted motif, finds nothing where there is nothing, and repeats itself exactly."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from varbind.core.sequence import encode, reverse_complement
from varbind.errors import InputError, UsageError
from varbind.train.binding import TrainingSetting, binding_auc, network_scores, train_binding
from varbind.train.datasets import shuffled_negatives

pytest.importorskip("torch")
pytest.importorskip("sklearn")

QUICK = TrainingSetting(checkpoints=(150, 300), trials=1)
MOTIF = encode("GTCACGTGGC")


def planted(count, rng):
    """Random sequences with one motif, on either strand, and their shuffles."""
    positives = rng.integers(0, 4, (count, 101)).astype(np.uint8)
    for row in positives:
        start = rng.integers(0, 101 - len(MOTIF))
        row[start : start + len(MOTIF)] = MOTIF if rng.random() < 0.5 else reverse_complement(MOTIF)
    return positives, shuffled_negatives(positives, rng)


@pytest.fixture(scope="module")
def examples():
    return planted(1200, np.random.default_rng(11))


@pytest.fixture(scope="module")
def held_out():
    return planted(600, np.random.default_rng(12))


@pytest.fixture(scope="module")
def trained(examples):
    positives, negatives = examples
    return train_binding(positives, negatives, setting=QUICK, seed=1)


def oracle_score(stack, codes):
    """One sequence by the words of DeepBind (2015), in double precision."""
    letters = np.vstack([np.eye(4), np.full(4, 0.25)])
    pad = np.full(stack.shape.detector_len - 1, 4, np.uint8)
    strand_scores = []
    for strand in (codes, reverse_complement(codes)):
        bases = letters[np.concatenate([pad, strand, pad])]
        positions = range(len(bases) - stack.shape.detector_len + 1)
        scan = [np.einsum("mb,mbd->d", bases[p : p + stack.shape.detector_len], stack.detectors[0]) for p in positions]
        pooled = np.maximum(np.array(scan) + stack.thresholds[0], 0).max(axis=0)
        strand_scores.append(pooled @ stack.weights1[0, :, 0] + stack.biases1[0, 0])
    return max(strand_scores)


def test_a_planted_motif_is_found(trained, held_out):
    positives, negatives = held_out
    assert binding_auc(trained.arrays, positives, negatives=negatives) > 0.9


def test_labels_without_meaning_teach_nothing(examples, held_out):
    positives, negatives = examples
    swapped = np.random.default_rng(5).random(len(positives))[:, None] < 0.5
    mixed = np.where(swapped, negatives, positives), np.where(swapped, positives, negatives)
    trained = train_binding(*mixed, setting=QUICK, seed=1)
    assert 0.35 < binding_auc(trained.arrays, held_out[0], negatives=held_out[1]) < 0.65


def test_equal_seeds_give_equal_bytes_and_others_do_not(examples):
    positives, negatives = (half[:200] for half in examples)
    short = replace(QUICK, checkpoints=(20,))
    one, again, other = (train_binding(positives, negatives, setting=short, seed=seed) for seed in (1, 1, 2))
    for name, array in one.arrays.items():
        assert array.tobytes() == again.arrays[name].tobytes()
    assert one.arrays["detectors"].tobytes() != other.arrays["detectors"].tobytes()


def test_the_exported_stack_scores_as_the_trained_network(trained):
    stack = trained.stack("test.1")
    codes = np.random.default_rng(3).integers(0, 5, (12, 60)).astype(np.uint8)
    expected = [oracle_score(stack, row) for row in codes]
    np.testing.assert_allclose(network_scores(trained.arrays, codes), expected, atol=1e-4)


def test_a_sequence_shorter_than_a_detector_has_a_score(trained):
    codes = encode("CACGTG")[None]
    expected = oracle_score(trained.stack("test.1"), codes[0])
    np.testing.assert_allclose(network_scores(trained.arrays, codes), [expected], atol=1e-4)


def test_both_strands_have_one_score(trained, held_out):
    forward = network_scores(trained.arrays, held_out[0][:50])
    reverse = network_scores(trained.arrays, reverse_complement(held_out[0][:50]))
    np.testing.assert_allclose(forward, reverse, atol=1e-4)


def test_the_best_checkpoint_of_all_trials_is_kept(examples):
    positives, negatives = (half[:300] for half in examples)
    setting = replace(QUICK, checkpoints=(10, 60), trials=2)
    best = train_binding(positives, negatives, setting=setting, seed=3)
    alone = replace(setting, trials=1)
    first = train_binding(positives, negatives, setting=alone, seed=3)
    short = train_binding(positives, negatives, setting=replace(alone, checkpoints=(10,)), seed=3)
    assert best.validation_auc >= first.validation_auc >= short.validation_auc
    assert (best.trial, best.steps) in {(0, 10), (0, 60), (1, 10), (1, 60)}


def test_training_changes_neither_its_input_nor_the_global_randomness(examples):
    positives, negatives = (half[:100].copy() for half in examples)
    state = np.random.get_state()[1].tobytes()
    train_binding(positives, negatives, setting=replace(QUICK, checkpoints=(3,)), seed=1)
    assert (positives == examples[0][:100]).all()
    assert (negatives == examples[1][:100]).all()
    assert np.random.get_state()[1].tobytes() == state


def test_unpaired_rows_are_refused(examples):
    with pytest.raises(InputError, match="pair by row"):
        train_binding(examples[0], examples[1][:-1], setting=QUICK, seed=1)


@pytest.mark.parametrize("wrong", [{"checkpoints": ()}, {"checkpoints": (9, 3)}, {"trials": 0}])
def test_a_setting_that_trains_nothing_is_refused(wrong):
    with pytest.raises(UsageError):
        TrainingSetting(**wrong)


def test_importing_the_trainer_does_not_import_torch():
    code = "import sys, varbind.train.binding; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
