"""The PHRED of a loss and conservation together, against all pairs of a background and a common variant."""

import math

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from quick_cases import first_quick

from varbind.bank.background import VariantKind
from varbind.bank.null_distribution import ShareCurve, phred
from varbind.effect.background_rank import combined_phreds, quantile_steps

SNV, INS = VariantKind.SNV, VariantKind.INS_1
RNG = np.random.default_rng(11)
CURVE = ShareCurve.of(RNG.normal(-2, 0.8, 20_000))
# As in conservation: most common variants have little, and three of 2,000 as much as pathogenic ones.
COMMON = np.sort(np.append(RNG.normal(-0.3, 0.4, 1_997), [2.9, 2.9, 2.5]))
QUANTILES = np.quantile(COMMON, quantile_steps(200)[0], method="inverted_cdf")


def slow_phred(together, common, weights):
    """One common variant at a time."""
    shares = [CURVE.share(np.array([together - own]))[0] for own in common]
    return -10 * math.log10(sum(share * weight for share, weight in zip(shares, weights, strict=True)))


@pytest.mark.parametrize("evidence", first_quick([1.0, -1.0, 0.0, 2.9]))
def test_quantiles_stand_for_all_common_variants(evidence):
    odds = np.linspace(-5, 4, 40)
    found = combined_phreds(
        odds, np.full(40, evidence), np.tile(QUANTILES, (40, 1)), np.zeros(40), [SNV] * 40, {"score": {SNV: CURVE}}
    )
    every = [slow_phred(own + evidence, COMMON, np.full(len(COMMON), 1 / len(COMMON))) for own in odds]
    assert found == pytest.approx(every, abs=0.1)
    assert max(every) > 30
    assert (np.diff(found) >= 0).all()


def test_alleles_without_a_start_have_a_curve_of_their_own():
    other = ShareCurve.of(RNG.normal(-3, 0.8, 20_000))
    curves = {"score": {SNV: CURVE}, "score_no_tss": {SNV: other}}
    odds, common = np.array([-1.0, -1.0]), np.tile(QUANTILES, (2, 1))
    found = combined_phreds(odds, np.zeros(2), common, np.array([5.0, np.nan]), [SNV] * 2, curves)
    alone = combined_phreds(odds[:1], np.zeros(1), common[:1], np.zeros(1), [SNV], {"score": {SNV: other}})
    assert found[1] == alone[0] > found[0]


def test_few_quantiles_are_weighted_as_they_say():
    common = np.array([-1.0, 0.0, 0.5, 2.0])
    found = combined_phreds(np.array([0.3]), np.array([0.7]), common[None], np.zeros(1), [SNV], {"score": {SNV: CURVE}})
    # Cubes of 4/4, 3/4, 2/4 and 1/4 of the sample lie above the edges.
    weights = np.array([64 - 27, 27 - 8, 8 - 1, 1]) / 64
    assert found[0] == pytest.approx(slow_phred(1.0, common, weights), rel=tolerances.ORACLE)


@given(st.integers(1, 500))
def test_steps_cover_the_sample(count):
    levels, weights = quantile_steps(count)
    assert weights.sum() == pytest.approx(1, rel=tolerances.ORACLE)
    assert (weights > 0).all()
    edges = np.append(0, np.cumsum(weights))
    assert ((levels > edges[:-1]) & (levels < edges[1:])).all()


def test_a_kind_without_a_curve_has_none():
    found = combined_phreds(
        np.zeros(3), np.zeros(3), np.zeros((3, 5)), np.zeros(3), [SNV, INS, SNV], {"score": {SNV: CURVE}}
    )
    assert np.isnan(found).tolist() == [False, True, False]
    assert found[0] == pytest.approx(phred(CURVE.share(np.zeros(1)))[0])


@given(st.lists(st.tuples(st.floats(-700, 50), st.floats(-5, 5), st.booleans()), min_size=1, max_size=20))
def test_a_variant_has_the_same_bytes_in_every_batch(rows):
    odds, evidence = (np.array(column) for column in list(zip(*rows, strict=True))[:2])
    kinds = [SNV if flag else INS for _, _, flag in rows]
    curves, common = {"score": {SNV: CURVE, INS: CURVE}}, np.tile(QUANTILES, (len(rows), 1))
    whole = combined_phreds(odds, evidence, common, np.zeros(len(rows)), kinds, curves)
    for row, kind in enumerate(kinds):
        alone = combined_phreds(odds[[row]], evidence[[row]], common[:1], np.zeros(1), [kind], curves)
        assert alone[0].tobytes() == whole[row].tobytes()
    assert np.isfinite(whole).all()
    assert (whole >= 0).all()
