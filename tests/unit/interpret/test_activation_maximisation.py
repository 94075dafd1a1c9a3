"""Activation maximisation finds what was planted, and ends as its rule says."""

from dataclasses import replace

import numpy as np
import pytest
from layered import MOTIFS, planted_bank, random_bank, register, slow_outputs
from motif_banks import motif_bank, motif_model
from quick_cases import first_quick

pytest.importorskip("torch", reason="needs the extra `train`")
from varbind.errors import UsageError
from varbind.interpret.activation_maximisation import (
    CODE,
    PAPER,
    MaximisedInput,
    Objective,
    maximise_activation,
)

QUICK = replace(PAPER, rate=0.05, gain_min=0.02, gain_steps=50, steps_max=1_000)
"""Large steps, and less patience."""


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    register(monkeypatch)


def slow_objective(bank, found, own, objective, rule):
    """The formula of the paper or of the code, for one input."""
    outputs = 1 / (1 + np.exp(-slow_outputs(bank.stacks[0], found.bases.T)))
    if objective is Objective.COMMON:
        gained = np.prod(outputs)
    elif rule.ratio_to_all:
        gained = outputs[own] / (sum(outputs) + 1e-6)
    else:
        gained = outputs[own] / sum(y for output, y in enumerate(outputs) if output != own)
    return gained - rule.penalty * float((found.bases**2).sum())


@pytest.mark.parametrize("number", first_quick([0, 1]))
def test_the_planted_motif_comes_out(number):
    found = maximise_activation(planted_bank(), model_id=f"M{number}", rule=QUICK)
    assert [one.seed for one in found.inputs] == [0, 1, 2, 3, 4]
    assert sum(MOTIFS[number] in one.sequence for one in found.inputs) >= 4
    assert not any(MOTIFS[1 - number] in one.sequence for one in found.inputs)
    assert all(one.outputs.argmax() == number for one in found.inputs)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "rule"), [(0, PAPER), (1, PAPER), (0, CODE)], ids=["paper", "paper", "code"])
def test_the_planted_motif_comes_out_by_the_published_settings(number, rule):
    found = maximise_activation(planted_bank(), model_id=f"M{number}", rule=rule)
    assert sum(MOTIFS[number] in one.sequence for one in found.inputs) >= 4
    for one in found.inputs:
        assert one.converged is (one.steps < 100_000)


def test_what_is_common_comes_out():
    """Both motifs compete for positions; each output is nearly as large as can be, and some motif is whole."""
    bank = planted_bank(bias=-1, outputs=2, window=30)
    found = maximise_activation(bank, model_id="M0", objective=Objective.COMMON, rule=QUICK)
    assert all((one.outputs > 3).all() for one in found.inputs)
    assert sum(any(motif in one.sequence for motif in MOTIFS) for one in found.inputs) >= 4
    other = maximise_activation(bank, model_id="M1", objective=Objective.COMMON, rule=QUICK)
    for one, same in zip(found.inputs, other.inputs, strict=True):
        np.testing.assert_array_equal(one.bases, same.bases)


@pytest.mark.parametrize("objective", Objective)
@pytest.mark.parametrize("rule", [PAPER, CODE], ids=["paper", "code"])
def test_objectives_are_their_formulas(rule, objective):
    bank = random_bank(np.random.default_rng(1), double_stranded=True, outputs=3)
    brief = replace(rule, rate=0.05, steps_max=20)
    found = maximise_activation(bank, model_id="M1", objective=objective, rule=brief, seeds=[3, 8])
    for one in found.inputs:
        assert (one.steps, one.converged) == (20, False)
        assert one.objective == pytest.approx(slow_objective(bank, one, 1, objective, rule), rel=1e-9)
        assert one.outputs == pytest.approx(slow_outputs(bank.stacks[0], one.bases.T), rel=1e-9)
    start = maximise_activation(
        bank, model_id="M1", objective=objective, rule=replace(rule, steps_max=0), seeds=[3]
    ).inputs[0]
    assert start.objective < found.inputs[0].objective


def test_the_start_is_random_around_its_mean():
    bank = random_bank(np.random.default_rng(2))
    for rule, low, high in ((PAPER, 0.0190, 0.0210), (CODE, 0.0083, 0.0093)):
        found = maximise_activation(bank, model_id="M0", rule=replace(rule, steps_max=0), length=2_000, seeds=[0, 1])
        first, second = (one.bases for one in found.inputs)
        assert first.shape == (2_000, 4)
        assert not np.array_equal(first, second)
        assert first.mean() == pytest.approx(0.02, abs=0.001)
        # A normal distribution that is cut at two standard deviations has 0.88 of its standard deviation.
        assert low < first.std() < high
        assert (np.abs(first - 0.02) <= 2 * rule.deviation).all() == rule.truncated


def test_the_first_steps_are_those_of_adam():
    """Adam's first step is the rate in the direction of the slope, whatever its size."""
    bank = random_bank(np.random.default_rng(3))
    none, one = (
        maximise_activation(bank, model_id="M0", rule=replace(PAPER, steps_max=steps), seeds=[1]).inputs[0]
        for steps in (0, 1)
    )
    moved = np.abs(one.bases - none.bases)
    np.testing.assert_allclose(moved[moved > 1e-6], PAPER.rate, rtol=1e-3)
    assert (moved > 1e-6).mean() > 0.9
    assert one.objective > none.objective


def test_a_start_ends_when_the_gain_is_small():
    bank = planted_bank()

    def ended(**changes):
        return maximise_activation(bank, model_id="M1", rule=replace(QUICK, **changes), seeds=[1]).inputs[0]

    one = ended()
    assert one.converged
    back, before = (ended(steps_max=steps) for steps in (one.steps - QUICK.gain_steps, one.steps - 1))
    assert one.objective - back.objective < QUICK.gain_min
    assert (back.converged, before.converged) == (False, False)
    assert (back.steps, before.steps) == (one.steps - QUICK.gain_steps, one.steps - 1)
    assert ended(steps_min=one.steps + 50).steps >= one.steps + 50


def test_the_result_is_ready_for_a_logo():
    bases = np.array([[0.1, 0.4, -1, 0.2], [2, 1, 0, 0], [-0.3, -0.2, -0.4, -0.1]])
    one = MaximisedInput(0, bases, np.zeros(2), 0.0, 5, converged=True)
    assert one.sequence == "CAT"
    assert one.one_hot.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    assert one.one_hot.dtype == np.float64


def test_a_model_with_one_output_has_no_other_classes():
    bank = motif_bank(motif_model("C", "P", MOTIFS[1], double_stranded=False))
    with pytest.raises(UsageError, match=r"the network of C has one output, .*; choose the objective common"):
        maximise_activation(bank, model_id="C")
    for one in maximise_activation(bank, model_id="C", objective=Objective.COMMON, length=12, rule=QUICK).inputs:
        # The quarters around the input alone give two of eight matches.
        assert one.outputs.shape == (1,)
        assert one.outputs[0] > 3


def test_what_cannot_be_maximised():
    fixed = random_bank(np.random.default_rng(4), input_length=12)
    with pytest.raises(UsageError, match="M0 reads 12 positions, not 20; leave the length out"):
        maximise_activation(fixed, model_id="M0", length=20)
    assert len(maximise_activation(fixed, model_id="M0", rule=replace(PAPER, steps_max=0)).inputs[0].sequence) == 12
    with pytest.raises(UsageError, match="there is no seed"):
        maximise_activation(fixed, model_id="M0", seeds=[])
    with pytest.raises(UsageError, match="no model nobody"):
        maximise_activation(fixed, model_id="nobody")
