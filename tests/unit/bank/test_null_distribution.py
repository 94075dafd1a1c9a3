"""Shares are counted where the sample is dense, fitted beyond, and always fall as values rise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import share_at_least, slow_share_of_own

from varbind.bank.null_distribution import GAIN, LOSS, ShareCurve, SignedTails, UpperTail, phred
from varbind.errors import ResourceError

values = st.floats(-1e6, 1e6)
samples = st.one_of(
    arrays(np.float64, st.integers(2, 300), elements=values),
    arrays(np.float64, st.integers(2, 300), elements=st.integers(-3, 3).map(float)),
)


@given(samples, st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=40))
def test_a_share_lies_in_the_unit_interval_and_falls(sample, wanted):
    wanted = np.sort([*wanted, *sample[:5]])
    share = UpperTail(sample).share(wanted)
    assert np.all(share > 0)
    assert np.all(share <= 1)
    assert np.all(np.diff(share) <= 0)


@given(samples)
def test_below_the_tail_a_share_is_counted(sample):
    tail = UpperTail(sample)
    body = sample[sample <= tail.threshold]
    assert len(body)
    expected = [share_at_least(sample, value) for value in body]
    assert tail.share(body).tolist() == expected
    if np.isinf(tail.threshold):
        assert tail.share(np.array([sample.max() + 1])).tolist() == [1 / (1 + len(sample))]
    assert tail.share(np.array([sample.min() - 1])).tolist() == [1.0]


@given(arrays(np.float64, st.integers(60, 300), elements=values, unique=True))
def test_the_tail_starts_where_counting_ends(sample):
    """From the threshold to just above it the share falls by the value at the threshold, no more."""
    tail = UpperTail(sample)
    at, above = tail.share(np.array([tail.threshold, np.nextafter(tail.threshold, np.inf)]))
    counted_above = np.count_nonzero(sample > tail.threshold)
    assert at == share_at_least(sample, tail.threshold)
    assert above <= at
    assert counted_above >= 20
    assert tail.tail_share == (1 + counted_above) / (1 + len(sample))
    if np.any(sample > tail.threshold + 1e-6):
        assert above == pytest.approx(tail.tail_share)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("law", ["exponential", "pareto", "uniform", "normal"])
def test_the_tail_follows_the_law_it_was_drawn_from(law, seed):
    """20,000 draws: within a factor of two at one in 1,000, of four at one in 10,000."""
    rng = np.random.default_rng(seed)
    draw = {
        "exponential": rng.standard_exponential,
        "pareto": lambda count: rng.pareto(4, count),
        "uniform": rng.random,
        "normal": rng.standard_normal,
    }[law]
    tail = UpperTail(draw(20_000))
    # The quantiles come from a second sample, not from a formula of the fit.
    quantiles = np.quantile(draw(1_000_000), [0.999, 0.9999])
    ratio = tail.share(quantiles) / [1e-3, 1e-4]
    assert 1 / 2 < ratio[0] < 2
    # A bounded law is fitted as exponential, which may only overstate the share: never too rare.
    assert 1 / 4 < ratio[1] < (100 if law == "uniform" else 4)


@pytest.mark.parametrize("seed", range(8))
def test_no_value_is_so_large_that_its_share_is_nothing(seed):
    """The fitted tail may be nearly exponential, and a double underflow."""
    tail = UpperTail(np.random.default_rng(seed).standard_exponential(2_000))
    share = tail.share(np.array([1e3, 1e6, 1e30, 1e300]))
    assert np.all(share > 0)
    assert np.all(np.isfinite(phred(share)))


def test_shares_of_special_values():
    share = UpperTail(np.arange(100.0)).share(np.array([np.nan, np.inf, -np.inf]))
    assert np.isnan(share[0])
    assert 0 < share[1] < 1e-6
    assert share[2] == 1


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_a_constant_sample(value):
    """Nothing tells how far beyond it is rare."""
    shares = UpperTail(np.full(200, value)).share(np.array([value - 1, value, value + 1e-9, value + 1, 1e300]))
    assert shares.tolist() == [1, 1, 1 / 201, 1 / 201, 1 / 201]


def test_a_family_that_no_background_variant_binds_more_tightly():
    """A gain is one in 1,001, not one in 10 to the 300; the losses, of which there are enough, are as ever."""
    losses = -np.random.default_rng(7).standard_exponential(1_000)
    tails = SignedTails(losses[None])
    _, _, shares = tails.rarest(GAIN, np.array([[1e-6, 0.1, 50.0]]), 1)
    assert shares.tolist() == [1 / 1_001] * 3
    _, _, shares = tails.rarest(LOSS, np.array([[-1.0, -10.0]]), 1)
    assert shares.tolist() == UpperTail(-losses).share(np.array([1.0, 10.0])).tolist()


def test_a_tail_of_few_values_is_fitted_to_these_alone():
    """Twenty in 2,000 move at all: the zeros beside them do not shorten the tail."""
    moved = np.random.default_rng(8).standard_exponential(20)
    tail = UpperTail(np.append(np.zeros(1_980), moved))
    assert (tail.threshold, tail.tail_share) == (0, 21 / 2_001)
    assert tail.share(np.array([3.0]))[0] == pytest.approx(0.01 * np.exp(-3), rel=1)


def test_order_and_precision_of_the_sample_do_not_matter():
    sample = np.random.default_rng(3).normal(size=500).astype(np.float16)
    wanted = np.linspace(-3, 6, 50)
    expected = UpperTail(np.sort(sample)).share(wanted)
    np.testing.assert_array_equal(UpperTail(sample).share(wanted), expected)
    np.testing.assert_array_equal(UpperTail(sample.astype(np.float64)[::-1]).share(wanted), expected)


signed_samples = st.integers(2, 200).flatmap(
    lambda count: arrays(
        np.float64, (3, count), elements=st.one_of(values, st.integers(-3, 3).map(float), st.just(-0.0))
    )
)


def slow_shares(changes, sought, side):
    """Share of every change of each family by a tail of its own, (F, B)."""
    tails = [UpperTail(np.maximum(side * sample, 0.0)) for sample in changes]
    return np.array([tail.share(np.maximum(side * row, 0.0)) for tail, row in zip(tails, sought, strict=True)])


wanted_changes = st.lists(st.one_of(values, st.integers(-3, 3).map(float)), min_size=1, max_size=20)


@given(signed_samples, wanted_changes)
def test_signed_tails_are_the_upper_tails_of_losses_and_gains(changes, wanted):
    """Bit for bit, also for values that stand in the sample itself; what goes the other way is not found."""
    sought = np.array([[*wanted, *row[:20]] for row in changes])
    for side in (LOSS, GAIN):
        families, variants, shares = SignedTails(changes).rarest(side, sought, len(changes))
        np.testing.assert_array_equal(np.stack([families, variants], axis=1), np.argwhere(side * sought > 0))
        assert shares.tolist() == slow_shares(changes, sought, side)[families, variants].tolist()


many_families = st.integers(2, 120).flatmap(
    lambda count: arrays(np.float64, (7, count), elements=st.one_of(st.floats(-3, 3), st.integers(-2, 2).map(float)))
)


@given(many_families, st.integers(1, 8), st.data())
def test_the_rarest_are_found_whatever_is_left_out(changes, count, data):
    """In order of rarity, ties by family, as if every family had been looked at."""
    picked = data.draw(st.lists(st.integers(0, changes.shape[1] - 1), min_size=7, max_size=7))
    factor = data.draw(st.sampled_from([1.0, 0.5, 1.5, -1.0]))
    sought = factor * np.stack([changes[family, np.roll(picked, family)] for family in range(7)])
    tails = SignedTails(changes)
    for side in (LOSS, GAIN):
        expected = np.where(side * sought > 0, slow_shares(changes, sought, side), np.inf)
        families, variants, shares = tails.rarest(side, sought, count)
        for variant in range(sought.shape[1]):
            found = sorted(zip(shares[variants == variant], families[variants == variant], strict=True))
            every = sorted((share, family) for family, share in enumerate(expected[:, variant]) if share < np.inf)
            assert found[:count] == every[:count]


@given(many_families, st.integers(1, 4), st.sampled_from([LOSS, GAIN]))
def test_a_background_variant_is_compared_with_those_of_other_sites(changes, site, side):
    """As if its own site were not in the sample, family by family."""
    shares = SignedTails(changes).rarest_of_background(side, changes, site=site)
    for variant in range(changes.shape[1]):
        expected = [
            slow_share_of_own(sample, UpperTail(sample).threshold, variant, site)
            for sample in np.maximum(side * changes, 0.0)
            if sample[variant] > 0
        ]
        assert shares[variant] == pytest.approx(min(expected, default=1.0), rel=1e-9)


@pytest.mark.parametrize("law", ["exponential", "pareto", "steps"])
def test_new_variants_are_as_rare_as_background_variants_are_to_each_other(law):
    """Of 40 families the rarest: the shares of 4,000 new ones and of 1,000 of the background have one distribution."""
    rng = np.random.default_rng(4)
    draw = {
        "exponential": rng.standard_exponential,
        "pareto": lambda size: rng.pareto(3, size),
        "steps": lambda size: np.minimum(np.round(rng.standard_exponential(size)), 4.0),
    }[law]
    background = draw((40, 1_000))
    tails = SignedTails(background)
    own = -np.log10(tails.rarest_of_background(GAIN, background, site=1))
    _, variants, shares = tails.rarest(GAIN, draw((40, 4_000)), 1)
    new = np.zeros(4_000)
    np.maximum.at(new, variants, -np.log10(shares))
    for share in (0.5, 0.1, 0.01):
        cut = np.quantile(own, 1 - share)
        error = np.sqrt(share * (1 - share) * (1 / 1_000 + 1 / 4_000))
        assert np.mean(new > cut) <= share + 3.5 * error
        # A step is as rare as it was without the background variant: new ones at the same step seem less rare.
        assert law == "steps" or np.mean(new >= cut) >= share - 3.5 * error


def test_no_distance_beyond_a_saturated_level_is_rarer():
    """A hundred of 5,000 stand at one value and three just beyond it: these do not measure how far is rare."""
    rng = np.random.default_rng(5)
    sample = np.concatenate([rng.uniform(0, 1, 4_897), np.full(100, 2.0), [2.001, 2.002, 2.003]])
    shares = UpperTail(sample).share(np.array([1.999, 2.0, 2.0005, 2.003, 2.01, 50.0]))
    assert shares.tolist() == [104 / 5_001, 104 / 5_001, 4 / 5_001, 2 / 5_001, 1 / 5_001, 1 / 5_001]


def test_few_families_are_searched():
    """Of 200 families that change about as usual, not many more than asked for are looked up."""
    rng = np.random.default_rng(6)
    tails = SignedTails(rng.normal(size=(200, 2_000)))
    families, _, _ = tails.rarest(GAIN, rng.normal(size=(200, 50)), 3)
    assert 3 * 50 <= len(families) < 20 * 50


def test_phred():
    found = phred(np.array([1.0, 0.1, 0.001]))
    np.testing.assert_allclose(found, [0, 10, 30])
    assert not np.signbit(found[0])


@pytest.mark.parametrize("seed", range(3))
def test_a_curve_is_its_upper_tail(seed):
    rng = np.random.default_rng(seed)
    sample = rng.lognormal(size=20_000).astype(np.float32)
    curve, whole = ShareCurve.of(sample), UpperTail(sample)
    wanted = np.concatenate([sample, rng.uniform(0, 4 * sample.max(), 5_000)])
    assert np.abs(phred(curve.share(wanted)) - phred(whole.share(wanted))).max() < 0.05
    assert len(curve.values) < 1_000


@given(samples, st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=40))
def test_the_share_of_a_curve_falls(sample, wanted):
    wanted = np.sort([*wanted, *sample[:5]])
    share = ShareCurve.of(sample).share(wanted)
    assert np.all(share > 0)
    assert np.all(share <= 1)
    assert np.all(np.diff(share) <= 0)


def test_a_curve_of_one_value():
    curve = ShareCurve.of(np.zeros(10))
    assert curve.share(np.array([-1.0, 0.0])).tolist() == [1.0, 1.0]
    assert curve.share(np.array([1.0]))[0] < 0.1
    assert np.isnan(curve.share(np.array([np.nan]))[0])


@pytest.mark.parametrize(
    ("values", "shares", "tail"),
    [
        ([], [], [0.1, 0, 1]),
        ([0, 1], [1.0], [0.1, 0, 1]),
        ([1, 0], [1.0, 0.5], [0.1, 0, 1]),
        ([0, 1], [0.5, 1.0], [0.1, 0, 1]),
        ([0, 1], [1.0, 0.0], [0.1, 0, 1]),
        ([0, np.nan], [1.0, 0.5], [0.1, 0, 1]),
        ([0, 1], [1.0, 0.5], [0.1, 0]),
        ([0, 1], [1.0, 0.5], [0.1, 0, np.nan]),
    ],
)
def test_a_damaged_curve_is_refused(values, shares, tail):
    with pytest.raises(ResourceError, match="a curve"):
        ShareCurve(*(np.array(part, dtype=np.float32) for part in (values, shares, tail)))
