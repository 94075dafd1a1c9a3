"""The self-test passes on a sound bank and notices a changed one."""

from dataclasses import replace

import numpy as np
import pytest
from oracles import ARRAY_NAMES, bank_card, deepbind_config, model_card, random_stack

from varbind.bank.bank import Bank
from varbind.bank.model_card import GoldenScores
from varbind.errors import ResourceError
from varbind.scoring.ensemble import Ensemble
from varbind.scoring.scorer import score_sequences
from varbind.scoring.selftest import GOLDEN_TOLERANCE, SelfTest, add_golden_scores, run_selftest


def with_golden(bank, scores):
    golden = GoldenScores(bank.cards[0].golden.sequences, scores.tolist())
    return replace(bank, cards=(replace(bank.cards[0], golden=golden),))


def with_array(bank, members, name, change):
    """The bank with one array of its models of so many networks changed after it was checked."""
    stacks = list(bank.stacks)
    (place,) = (place for place, stack in enumerate(stacks) if stack.config.members == members)
    array = getattr(stacks[place], name).copy()
    stacks[place] = replace(stacks[place], arrays={**stacks[place].arrays, name: array})
    change(array)
    return replace(bank, stacks=tuple(stacks))


def test_the_shipped_bank_passes(shipped_bank):
    result = run_selftest(shipped_bank)
    assert result.passed
    assert result.scores == 8 * len(shipped_bank.models)
    assert 0 < result.largest_error < GOLDEN_TOLERANCE


def test_ways_that_differ_fail(tiny_bank, monkeypatch):
    """One bit of one score of whole alleles."""
    honest = Ensemble.score

    def score(self, sequences):
        scores = honest(self, sequences)
        if len(scores) == 16:  # eight variants
            scores[3, 1] = np.nextafter(scores[3, 1], np.float32(np.inf))
        return scores

    monkeypatch.setattr(Ensemble, "score", score)
    result = run_selftest(tiny_bank)
    assert result.different == 2  # with the kernel and without
    assert not result.passed


def test_torch_passes_as_well(tiny_bank):
    pytest.importorskip("torch", reason="needs the extra `gpu`")
    assert run_selftest(tiny_bank, device="torch:cpu") == run_selftest(tiny_bank)


@pytest.mark.parametrize("length", [51, 151])
def test_windows_that_are_longer_than_golden_sequences(length):
    """Golden sequences of a bank from elsewhere may be shorter than its windows, which then have N at both ends."""
    pytest.importorskip("torch", reason="needs the extra `train`")
    stack = random_stack(np.random.default_rng(0), deepbind_config(window=151), 2)
    models = tuple(model_card(own, config=stack.config) for own in stack.model_ids)
    bank = add_golden_scores(Bank((bank_card(models),), models, (stack,), background=None))
    golden = bank.cards[0].golden
    assert {len(sequence) for sequence in golden.sequences} == {151}
    sequences = [sequence[:length] for sequence in golden.sequences]
    scores = score_sequences(sequences, bank).astype(float).tolist()
    found = run_selftest(replace(bank, cards=(replace(bank.cards[0], golden=GoldenScores(sequences, scores)),)))
    assert found.passed, found


def test_golden_scores_made_here_are_those_shipped(shipped_bank):
    """By the reference network in double precision, written with nine digits."""
    pytest.importorskip("torch", reason="needs the extra `train`")
    bare = replace(shipped_bank, cards=(replace(shipped_bank.cards[0], golden=None),))
    found, shipped = add_golden_scores(bare).cards[0].golden, shipped_bank.cards[0].golden
    assert found.sequences == shipped.sequences
    np.testing.assert_allclose(found.scores, shipped.scores, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", [n for n in ARRAY_NAMES if n not in {"weights2", "biases2"}])
def test_a_changed_model_fails(tiny_bank, members, name):
    """One network of it is enough."""

    def change(array):
        array[-1] += 0.01

    result = run_selftest(with_array(tiny_bank, members, name, change))
    assert not result.passed
    assert result.largest_error > GOLDEN_TOLERANCE


def test_models_in_each_others_place_fail(tiny_bank):
    matrix, stack = tiny_bank.stacks
    swapped = replace(stack.take([1, 0, *range(2, len(stack.model_ids))]), model_ids=stack.model_ids)
    assert not run_selftest(replace(tiny_bank, stacks=(matrix, swapped))).passed


def test_a_single_wrong_score_fails(tiny_bank):
    scores = np.array(tiny_bank.cards[0].golden.scores)
    scores[3, 2] += 3 * GOLDEN_TOLERANCE
    result = run_selftest(with_golden(tiny_bank, scores))
    assert not result.passed
    assert result.largest_error == pytest.approx(3 * GOLDEN_TOLERANCE, rel=0.5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_fails(tiny_bank, value):
    scores = np.array(tiny_bank.cards[0].golden.scores)
    scores[0, 0] = value
    assert not run_selftest(with_golden(tiny_bank, scores)).passed


def test_a_model_that_holds_nan_fails(tiny_bank):
    """Even where the array was changed after the bank was read."""

    def change(array):
        array[0] = np.nan

    with pytest.raises(ResourceError, match="finite"):
        run_selftest(with_array(tiny_bank, 3, "biases1", change))


def test_nothing_to_compare_is_no_pass(tiny_bank):
    bare = replace(tiny_bank, cards=(replace(tiny_bank.cards[0], golden=None),))
    assert run_selftest(bare) == SelfTest(0, 0.0, 0)
    assert not run_selftest(bare).passed
