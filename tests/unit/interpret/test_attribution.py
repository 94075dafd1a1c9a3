"""Attributions against their formulas, with slopes by finite differences, and what they show and miss."""

import numpy as np
import pytest
import tolerances
from layered import MOTIFS, planted_bank, random_bank, slow_outputs
from layered import register as register_layered
from motif_banks import E_BOX, motif_bank, motif_model
from planted import sequence
from two_tasks import TwoTasksConfig, random_networks
from two_tasks import register as register_two_tasks

pytest.importorskip("torch", reason="needs the extra `train`")
from oracles import bank_card, model_card

from varbind.bank.bank import Bank
from varbind.core.sequence import encode
from varbind.errors import InputError, UsageError
from varbind.interpret import attribution
from varbind.interpret.attribution import (
    AttributionMethod,
    Attributions,
    attribute,
    attribution_correlations,
    randomised_correlations,
    rank_correlation,
)
from varbind.interpret.mutation_map import mutation_map

SLOPES = (AttributionMethod.SALIENCY, AttributionMethod.SALIENCY_CODE, AttributionMethod.GRADIENT_INPUT)
STEP = 1e-6


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    register_layered(monkeypatch)
    register_two_tasks(monkeypatch)


def one_hot(text):
    return np.vstack([np.eye(4), np.full((1, 4), 0.25)])[encode(text)].T


def slow_slope(stack, output, bases):
    """The slope of an output at each number, by finite differences."""
    slope = np.zeros_like(bases)
    for place in np.ndindex(bases.shape):
        high, low = bases.copy(), bases.copy()
        high[place] += STEP
        low[place] -= STEP
        slope[place] = (slow_outputs(stack, high)[output] - slow_outputs(stack, low)[output]) / (2 * STEP)
    return slope


@pytest.mark.parametrize("double_stranded", [False, True])
@pytest.mark.parametrize("output", [0, 1])
def test_slopes_are_finite_differences(double_stranded, output):
    rng = np.random.default_rng(output)
    bank = random_bank(rng, double_stranded=double_stranded, members=2)
    text = "N" + sequence(rng, 14)
    slope, bases = slow_slope(bank.stacks[0], output, one_hot(text)), one_hot(text)
    assert np.count_nonzero(slope) > 10
    found = attribute(text, bank, model_id=f"M{output}", methods=SLOPES).by_method
    close = {"rtol": 1e-6, "atol": 1e-8}
    np.testing.assert_allclose(found[AttributionMethod.SALIENCY], slope.sum(axis=0), **close)
    np.testing.assert_allclose(found[AttributionMethod.SALIENCY_CODE], np.abs(slope).sum(axis=0), **close)
    np.testing.assert_allclose(found[AttributionMethod.GRADIENT_INPUT], (slope * bases).sum(axis=0), **close)


def test_mutagenesis_is_made_of_the_mutants():
    bank = random_bank(np.random.default_rng(3))
    text = "ACGTNACGTTGCAAC"
    changes = mutation_map(text, bank, model_id="M1")
    found = attribute(text, bank, model_id="M1").by_method
    for position, base in enumerate(text):
        others = [float(changes[row, position]) for row in range(4) if base == "N" or row != "ACGT".index(base)]
        assert len(others) == (4 if base == "N" else 3)
        assert found[AttributionMethod.MUTAGENESIS][position] == pytest.approx(-sum(others) / len(others))
        assert found[AttributionMethod.LARGEST_LOSS][position] == pytest.approx(max(0, -min(others)))


def test_for_a_linear_score_mutagenesis_follows_from_the_slopes():
    """Three changes at a base with slope g lose (3 g - (sum of all four - g)) / 3 = 4/3 (g - saliency / 4) each."""
    rng = np.random.default_rng(4)
    config = TwoTasksConfig(9, 5, double_stranded=False)
    stack = random_networks(rng, config, "N0")
    np.abs(stack.arrays["filters"], out=stack.arrays["filters"])  # nothing is rectified
    models = (model_card("N0", config=config, output=1),)
    bank = Bank((bank_card(models),), models, (stack,), background=None)
    found = attribute("ACGTTGCAACGGA", bank, model_id="N0").by_method
    expected = 4 / 3 * (found[AttributionMethod.GRADIENT_INPUT] - found[AttributionMethod.SALIENCY] / 4)
    np.testing.assert_allclose(found[AttributionMethod.MUTAGENESIS], expected, atol=tolerances.FUSED)


@pytest.mark.parametrize("method", AttributionMethod)
def test_the_motif_is_what_counts(method):
    rng = np.random.default_rng(5)
    for number, motif in enumerate(MOTIFS):
        text = sequence(rng, 8) + motif + sequence(rng, 8)
        found = attribute(text, planted_bank(), model_id=f"M{number}", methods=[method]).by_method[method]
        assert set(np.argsort(found)[-len(motif) :].tolist()) == set(range(8, 16))


@pytest.mark.parametrize(("length", "text"), [(8, "ACGTTGCAACGGA"), (8, "ACGTTGCAACGG"), (15, "ACGTTGCAAC")])
def test_a_network_of_fixed_length_reads_the_central_bases(length, text):
    bank = random_bank(np.random.default_rng(6), input_length=length)
    found = attribute(text, bank, model_id="M0", methods=SLOPES).by_method
    missing = length - len(text)
    left = missing // 2
    read = "N" * left + text + "N" * (missing - left) if missing > 0 else text[-left : -left + length]
    assert len(read) == length
    slope = slow_slope(bank.stacks[0], 0, one_hot(read)).sum(axis=0)
    expected = np.zeros(len(text))
    for position in range(len(text)):
        if 0 <= position + left < length:
            expected[position] = slope[position + left]
    assert np.count_nonzero(expected) > 2
    np.testing.assert_allclose(found[AttributionMethod.SALIENCY], expected, rtol=1e-6, atol=1e-8)


def test_of_two_equal_sites_mutagenesis_sees_neither():
    """The maximum stays when one site is broken; the slope is that of one of them, or of both by halves."""
    bank = motif_bank(motif_model("E", "USF1", E_BOX, double_stranded=False))
    one, two = ("TTATTTA" + E_BOX + "ATATTAT" + site for site in ("", E_BOX))
    found = [attribute(text, bank, model_id="E").by_method for text in (one, two)]
    for method in (AttributionMethod.MUTAGENESIS, AttributionMethod.LARGEST_LOSS):
        assert np.flatnonzero(found[0][method]).tolist() == list(range(7, 15))
        assert not found[1][method].any()
    assert found[1][AttributionMethod.GRADIENT_INPUT].sum() == pytest.approx(len(E_BOX))


def test_saliency_is_shown_from_its_least_score_on():
    for score, shown in ((-1.9, set(AttributionMethod)), (-2.1, {*AttributionMethod} - {AttributionMethod.SALIENCY})):
        assert {method for method in AttributionMethod if Attributions(score, {}).is_shown(method)} == shown
    low = Attributions(-4.1, {})
    hidden = {AttributionMethod.SALIENCY, AttributionMethod.SALIENCY_CODE}
    assert {method for method in AttributionMethod if not low.is_shown(method)} == hidden


def test_correlations_are_means_over_the_sequences_that_have_one():
    one, other = AttributionMethod.MUTAGENESIS, AttributionMethod.SALIENCY
    ramp, constant = np.arange(4.0), np.ones(4)
    found = [
        Attributions(0.0, {one: ramp, other: ramp**2}),
        Attributions(0.0, {one: ramp, other: np.array([1.0, 0.0, 3.0, 2.0])}),
        Attributions(0.0, {one: ramp, other: constant}),
        Attributions(-3.0, {one: ramp, other: -ramp}),
    ]
    (pair,) = attribution_correlations(found)
    assert (pair.first, pair.second, pair.sequences) == (one, other, 2)
    assert pair.mean == pytest.approx((1 + 0.6) / 2)
    (none,) = attribution_correlations(found[2:])
    assert np.isnan(none.mean)
    assert none.sequences == 0
    assert attribution_correlations([]) == []


def test_ranks_of_ties_are_their_means():
    """Ranks 1.5 1.5 3 4 and 1 2 3.5 3.5, by Pearson's formula."""
    first, second = np.array([1.5, 1.5, 3, 4]) - 2.5, np.array([1, 2, 3.5, 3.5]) - 2.5
    expected = (first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())
    assert rank_correlation(np.array([0.0, 0, 5, 9]), np.array([1.0, 2, 7, 7])) == pytest.approx(expected)


@pytest.mark.parametrize("method", SLOPES)
def test_permuted_weights_break_the_correlation(method):
    """Permuted biases change no slope; with all layers permuted nothing but chance is left."""
    rng, bank = np.random.default_rng(7), planted_bank()
    left = []
    for seed in range(12):
        text = sequence(rng, 12) + MOTIFS[1] + sequence(rng, 12)
        found = randomised_correlations(text, bank, model_id="M1", method=method, seed=seed)
        assert list(found) == ["biases", "dense", "wholes", "halves"]
        assert found["biases"] == pytest.approx(1)
        left.append(found["halves"])
    assert abs(np.nanmean(left)) < 0.25
    assert np.count_nonzero(np.isnan(left)) < 6


def test_a_method_that_ignores_the_weights_is_caught(monkeypatch):
    def of_letters(text, bank, *, model_id, methods):
        return Attributions(0.0, dict.fromkeys(methods, encode(text).astype(float)))

    monkeypatch.setattr(attribution, "attribute", of_letters)
    found = randomised_correlations("ACGTTGCA", planted_bank(), model_id="M0", method=AttributionMethod.SALIENCY)
    assert list(found.values()) == pytest.approx([1.0] * len(found))


def test_weights_are_permuted_within_each_network_one_array_after_the_other(monkeypatch):
    seen = []
    honest = attribution.attribute

    def watched(text, bank, **options):
        seen.append(bank.stacks[0].arrays)
        return honest(text, bank, **options)

    monkeypatch.setattr(attribution, "attribute", watched)
    bank = random_bank(np.random.default_rng(8), members=2)
    options = {"model_id": "M0", "method": AttributionMethod.SALIENCY}
    names = list(randomised_correlations("ACGTTGCATG", bank, **options))
    assert names == ["biases", "dense", "wholes", "halves"]
    assert len(seen) == 5
    real = seen[0]
    for number, arrays in enumerate(seen[1:], 1):
        for name in real:
            is_permuted = name in names[:number]
            assert np.array_equal(arrays[name], real[name]) is not is_permuted or name == "biases"
            for network in range(2):
                own, permuted = (np.sort(each[name][network], axis=None) for each in (real, arrays))
                np.testing.assert_array_equal(own, permuted)
    again = randomised_correlations("ACGTTGCATG", bank, **options)
    assert list(again) == names
    assert seen[4]["halves"].tobytes() == seen[9]["halves"].tobytes()


def test_what_cannot_be_attributed():
    bank = planted_bank()
    with pytest.raises(UsageError, match="no model nobody"):
        attribute("ACGT", bank, model_id="nobody")
    with pytest.raises(InputError, match="the sequence is empty"):
        attribute("", bank, model_id="M0")
    with pytest.raises(InputError, match="'-', which is not a nucleotide letter"):
        attribute("AC-T", bank, model_id="M0")
    with pytest.raises(InputError, match="a sequence of 10,001 bases; the most for attribution are 10,000; give a"):
        attribute("A" * 10_001, bank, model_id="M0")
