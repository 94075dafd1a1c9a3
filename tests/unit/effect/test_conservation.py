"""The conservation head against scipy's Gaussians on every subset of tracks, and its rule for what is missing."""

from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.conservation import ConservationHead
from varbind.errors import ResourceError

TRACKS = ("phastcons", "phylop", "gerp", "other_share")
IS_SHARE = np.array([True, False, False, True])
COUNT = len(TRACKS)
SUBSETS = range(1, 2**COUNT)


def random_covariance(rng):
    root = rng.normal(size=(COUNT, COUNT))
    covariance = root @ root.T + np.eye(COUNT)
    return (covariance + covariance.T) / 2


def random_head(seed=0, bounds=(-2.0, 3.0)):
    rng = np.random.default_rng(seed)
    return ConservationHead(
        TRACKS,
        IS_SHARE,
        clips=np.array([[-4.0, -3.0, -5.0, -4.6], [4.6, 5.0, 4.0, 4.0]]),
        means=rng.normal(size=(2, COUNT)),
        covariances=np.array([random_covariance(rng), random_covariance(rng)]),
        slopes=rng.uniform(0.2, 1.0, 2**COUNT),
        bounds=np.array(bounds),
    )


HEAD = random_head()
VALUE = st.one_of(st.just(np.nan), st.floats(-9, 9), st.sampled_from([0.0, 0.5, 1.0, -np.inf, np.inf]))
ROWS = st.lists(st.tuples(*[VALUE] * COUNT), min_size=1, max_size=40)


def slow_log_odds(head, row):
    """One variant, with scipy's densities of the known tracks."""
    stats = pytest.importorskip("scipy.stats", reason="needs the extra `train`")
    known = [column for column, value in enumerate(row) if not np.isnan(value)]
    if not known:
        return np.nan
    point = []
    for column in known:
        value = row[column]
        if head.is_share[column]:
            value = min(max(value, 0), 1)
            value = np.log((value + 0.01) / (1.01 - value))
        point.append(min(max(value, head.clips[0, column]), head.clips[1, column]))
    densities = [
        stats.multivariate_normal(mean[known], covariance[np.ix_(known, known)]).logpdf(point)
        for mean, covariance in zip(head.means, head.covariances, strict=True)
    ]
    slope = head.slopes[sum(2**column for column in known)]
    return min(max(slope * (densities[1] - densities[0]), head.bounds[0]), head.bounds[1])


@pytest.mark.parametrize("subset", SUBSETS)
@pytest.mark.parametrize("bounds", [(-2.0, 3.0), (-np.inf, np.inf)], ids=["bounded", "free"])
def test_every_subset_of_tracks_is_the_slow_one(subset, bounds):
    head = random_head(seed=1, bounds=bounds)
    rng = np.random.default_rng(subset)
    values = np.where(IS_SHARE, rng.uniform(-0.1, 1.1, (30, COUNT)), rng.normal(scale=4, size=(30, COUNT)))
    values[:, [column for column in range(COUNT) if not subset >> column & 1]] = np.nan
    slow = [slow_log_odds(head, row) for row in values]
    assert head.log_odds(values) == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
    assert np.ptp(slow) > 0


@given(ROWS)
def test_a_mixed_batch_is_the_slow_one(rows):
    values = np.array(rows)
    slow = [slow_log_odds(HEAD, row) for row in values]
    assert HEAD.log_odds(values) == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE, nan_ok=True)


@given(ROWS, st.randoms(use_true_random=False))
def test_a_variant_has_the_same_bytes_in_every_batch(rows, random):
    values = np.array(rows)
    whole = HEAD.log_odds(values)
    assert whole.tobytes() == b"".join(HEAD.log_odds(row[None]).tobytes() for row in values)
    order = random.sample(range(len(values)), len(values))
    assert whole[order].tobytes() == HEAD.log_odds(values[order]).tobytes()
    assert whole.tobytes() == HEAD.log_odds(np.asfortranarray(values)).tobytes()
    assert whole[::-1].tobytes() == HEAD.log_odds(values[::-1]).tobytes()


def test_a_large_batch_has_the_bytes_of_small_ones():
    rng = np.random.default_rng(3)
    values = np.where(rng.random((3_001, COUNT)) < 0.2, np.nan, rng.normal(size=(3_001, COUNT)))
    parts = np.array_split(values, [1, 4, 11, 100, 1_007])
    assert HEAD.log_odds(values).tobytes() == b"".join(HEAD.log_odds(part).tobytes() for part in parts)


def test_no_track_is_no_evidence_and_not_even_odds():
    found = HEAD.log_odds(np.array([[np.nan] * COUNT, [0.5, 1.0, 1.0, 0.5]]))
    assert np.isnan(found).tolist() == [True, False]
    assert HEAD.log_odds(np.zeros((0, COUNT))).shape == (0,)


@given(ROWS)
def test_no_log_odds_leave_the_bounds(rows):
    found = HEAD.log_odds(np.array(rows))
    known = found[~np.isnan(found)]
    assert ((known >= HEAD.bounds[0]) & (known <= HEAD.bounds[1])).all()


def test_beyond_the_clips_nothing_changes():
    low, high = HEAD.clips[:, 1]
    values = np.full((4, COUNT), np.nan)
    values[:, 1] = [low, low - 50, high, np.inf]
    found = HEAD.log_odds(values)
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[0] != found[2]


def changed(array, place, value):
    copy = array.copy()
    copy[place] = value
    return copy


SINGULAR = changed(HEAD.covariances, 1, np.ones((COUNT, COUNT)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracks": ()}, "0 tracks"),
        ({"tracks": tuple("abcdefghijklm")}, "13 tracks, not 1 to 12"),
        ({"tracks": ("a", "b", "c", "a")}, "names a track twice: a, b, c, a"),
        ({"is_share": np.ones(3, dtype=bool)}, r"is_share of shape \(3,\), not \(4,\)"),
        ({"clips": np.ones((COUNT, 2))}, "clips of shape"),
        ({"means": HEAD.means[0]}, "means of shape"),
        ({"covariances": HEAD.covariances[0]}, "covariances of shape"),
        ({"slopes": HEAD.slopes[1:]}, r"slopes of shape \(15,\), not \(16,\)"),
        ({"bounds": np.array([1.0])}, "bounds of shape"),
        ({"clips": HEAD.clips[::-1]}, "lower clip above"),
        ({"means": changed(HEAD.means, (0, 1), np.nan)}, "means that are not finite"),
        ({"covariances": changed(HEAD.covariances, (0, 1, 1), np.inf)}, "covariances that are not finite"),
        ({"slopes": changed(HEAD.slopes, 3, -0.1)}, "negative slope"),
        ({"bounds": np.array([0.5, 1.0])}, "do not enclose 0"),
        ({"bounds": np.array([np.nan, 1.0])}, "do not enclose 0"),
        ({"covariances": SINGULAR}, "pathogenic covariance that is not positive definite"),
        ({"covariances": changed(HEAD.covariances, (0, 0, 1), 9.0)}, "matched covariance that is not symmetric"),
    ],
)
def test_a_broken_head_is_refused(change, message):
    with pytest.raises(ResourceError, match=message):
        replace(HEAD, **change)
