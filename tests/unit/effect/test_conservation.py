"""The network on conservation against a slow loop, and its promises: it rises with every track, in any company."""

import math
from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.conservation import ConservationHead, track_scores
from varbind.errors import ResourceError

TRACKS = ("phastcons", "phylop", "gerp", "other_share")
IS_SHARE = np.array([True, False, False, True])
COUNT, UNITS, LEVELS, QUANTILES = len(TRACKS), 5, 9, 7
SUBSETS = range(1, 2**COUNT)


def random_head(seed=0, bounds=(-2.0, 3.0)):
    rng = np.random.default_rng(seed)
    levels = np.where(IS_SHARE[:, None], rng.uniform(0, 1, (COUNT, LEVELS)), rng.normal(0, 3, (COUNT, LEVELS)))
    levels[0, :4] = 0.0
    common = rng.uniform(-1, 2, (2**COUNT, QUANTILES))
    common[0] = 0
    return ConservationHead(
        TRACKS,
        IS_SHARE,
        levels=np.sort(levels, axis=1),
        value_weights=rng.uniform(0, 1, (COUNT, UNITS)) * (rng.random((COUNT, UNITS)) < 0.7),
        mask_weights=rng.normal(size=(COUNT, UNITS)),
        biases=rng.normal(size=UNITS),
        output=rng.uniform(0, 1, UNITS),
        constant=-0.7,
        slopes=rng.uniform(0.2, 1.5, 2**COUNT),
        bounds=np.array(bounds),
        common=np.sort(common, axis=1).astype(np.float32),
        weight=1.0,
    )


HEAD = random_head()
FREE = random_head(bounds=(-np.inf, np.inf))
VALUE = st.one_of(st.just(np.nan), st.floats(-9, 9), st.sampled_from([0.0, 0.5, 1.0, -np.inf, np.inf]))
ROWS = st.lists(st.tuples(*[VALUE] * COUNT), min_size=1, max_size=40)


def slow_score(value, levels, *, is_share):
    """The rank by counting."""
    rank = sum((level < value) + (level == value) / 2 for level in levels) / len(levels)
    return math.log((rank + 0.01) / (1.01 - rank)) if is_share else -math.log(1.01 - rank)


def slow_log_odds(head, row):
    """One variant, one unit and one track at a time."""
    known = [column for column, value in enumerate(row) if not math.isnan(value)]
    if not known:
        return math.nan
    total = head.constant
    for unit in range(len(head.biases)):
        inner = head.biases[unit]
        for column in known:
            score = slow_score(row[column], head.levels[column], is_share=head.is_share[column])
            inner += score * head.value_weights[column, unit] + head.mask_weights[column, unit]
        total += head.output[unit] * max(0.0, inner)
    slope = head.slopes[sum(2**column for column in known)]
    return min(max(slope * total, head.bounds[0]), head.bounds[1])


@pytest.mark.parametrize("subset", SUBSETS)
@pytest.mark.parametrize("bounds", [(-2.0, 3.0), (-np.inf, np.inf)], ids=["bounded", "free"])
def test_every_subset_of_tracks_is_the_slow_one(subset, bounds):
    head = random_head(seed=1, bounds=bounds)
    rng = np.random.default_rng(subset)
    values = np.where(IS_SHARE, rng.uniform(-0.1, 1.1, (30, COUNT)), rng.normal(scale=4, size=(30, COUNT)))
    values[:10] = head.levels.T[rng.integers(0, LEVELS, 10)]
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


@given(ROWS, st.integers(0, COUNT - 1), st.floats(0, 20))
def test_more_conservation_is_never_less_evidence(rows, column, rise):
    """In any company of known and unknown tracks."""
    values = np.array(rows)
    higher = values.copy()
    higher[:, column] += rise
    before, after = FREE.log_odds(values), FREE.log_odds(higher)
    known = ~np.isnan(before)
    assert (after[known] >= before[known]).all()


def test_evidence_rises_with_every_track():
    head = replace(FREE, value_weights=FREE.value_weights + 0.1, biases=np.abs(FREE.biases))
    for column in range(COUNT):
        values = np.full((LEVELS, COUNT), 0.5)
        values[:, column] = head.levels[column]
        assert head.log_odds(values)[-1] > head.log_odds(values)[0]


@given(ROWS, st.permutations(range(COUNT)))
def test_the_order_of_the_tracks_has_no_influence(rows, order):
    values = np.array(rows)
    moved = {name: getattr(HEAD, name)[order] for name in ("is_share", "levels", "value_weights", "mask_weights")}
    # Bit c of a subset is the place c of a track.
    old = [sum(1 << order[place] for place in range(COUNT) if subset >> place & 1) for subset in range(2**COUNT)]
    moved |= {name: getattr(HEAD, name)[old] for name in ("slopes", "common")}
    head = replace(HEAD, tracks=tuple(TRACKS[place] for place in order), **moved)
    found = head.log_odds(values[:, order])
    assert found == pytest.approx(HEAD.log_odds(values), rel=tolerances.ORACLE, abs=tolerances.ORACLE, nan_ok=True)


def test_a_subset_of_tracks_is_read_by_the_same_network():
    """A head of two tracks alone, with the rows of the four."""
    two = [1, 3]
    parts = {name: getattr(FREE, name)[two] for name in ("is_share", "levels", "value_weights", "mask_weights")}
    subsets = [0, 0b0010, 0b1000, 0b1010]
    parts |= {name: getattr(FREE, name)[subsets] for name in ("slopes", "common")}
    small = replace(FREE, tracks=("phylop", "other_share"), **parts)
    values = np.random.default_rng(5).uniform(-1, 2, (50, COUNT))
    values[:, [0, 2]] = np.nan
    assert small.log_odds(values[:, two]).tobytes() == FREE.log_odds(values).tobytes()


def test_no_track_is_no_evidence_and_not_even_odds():
    found = HEAD.log_odds(np.array([[np.nan] * COUNT, [0.5, 1.0, 1.0, 0.5]]))
    assert np.isnan(found).tolist() == [True, False]
    assert HEAD.log_odds(np.zeros((0, COUNT))).shape == (0,)


@given(ROWS)
def test_no_log_odds_leave_the_bounds(rows):
    found = HEAD.log_odds(np.array(rows))
    known = found[~np.isnan(found)]
    assert ((known >= HEAD.bounds[0]) & (known <= HEAD.bounds[1])).all()


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=9), st.booleans())
def test_scores_rise_with_the_rank(values, is_share):
    levels = np.sort(np.array([-3.0, -1.0, 0.0, 0.0, 0.0, 0.5, 1.0, 4.0]))
    found = track_scores(np.array(values), levels, is_share=is_share)
    slow = [slow_score(value, levels, is_share=is_share) for value in values]
    assert found == pytest.approx(slow, rel=tolerances.ORACLE, abs=tolerances.ORACLE)
    assert (np.diff(found[np.argsort(values)]) >= 0).all()


def test_beyond_the_levels_nothing_changes():
    low, high = FREE.levels[1, 0], FREE.levels[1, -1]
    values = np.full((4, COUNT), np.nan)
    values[:, 1] = [low - 1, -np.inf, high + 1, np.inf]
    found = replace(FREE, biases=np.full(UNITS, 5.0)).log_odds(values)
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[0] < found[2]


def changed(array, place, value):
    copy = array.copy()
    copy[place] = value
    return copy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracks": ()}, "0 tracks"),
        ({"tracks": tuple("abcdefghijklm")}, "13 tracks, not 1 to 12"),
        ({"tracks": ("a", "b", "c", "a")}, "names a track twice: a, b, c, a"),
        ({"is_share": np.ones(3, dtype=bool)}, r"is_share of shape \(3,\), not \(4,\)"),
        ({"levels": np.ones((COUNT, 0))}, r"levels of shape \(4, 0\)"),
        ({"levels": np.ones((3, 5))}, "levels of shape"),
        ({"value_weights": HEAD.value_weights.T}, "value_weights of shape"),
        ({"mask_weights": HEAD.mask_weights[:, :2]}, "mask_weights of shape"),
        ({"biases": np.ones(2)}, "of shape"),
        ({"biases": np.ones(0)}, "of shape"),
        ({"output": np.ones(3)}, "output of shape"),
        ({"slopes": HEAD.slopes[1:]}, r"slopes of shape \(15,\), not \(16,\)"),
        ({"bounds": np.array([1.0])}, "bounds of shape"),
        ({"common": HEAD.common[:3]}, "common of shape"),
        ({"levels": HEAD.levels[:, ::-1]}, "levels that do not ascend"),
        ({"common": HEAD.common[:, ::-1]}, "common that do not ascend"),
        ({"common": changed(HEAD.common, 0, 1.0)}, "evidence without tracks"),
        ({"levels": changed(HEAD.levels, (0, 1), np.nan)}, "levels that are not finite"),
        ({"mask_weights": changed(HEAD.mask_weights, (0, 1), np.inf)}, "mask_weights that are not finite"),
        ({"constant": np.nan}, "constant that are not finite"),
        ({"value_weights": changed(HEAD.value_weights, (0, 1), -0.1)}, "negative value_weights"),
        ({"output": changed(HEAD.output, 0, -0.1)}, "negative output"),
        ({"slopes": changed(HEAD.slopes, 3, -0.1)}, "negative slopes"),
        ({"bounds": np.array([0.5, 1.0])}, "do not enclose 0"),
        ({"bounds": np.array([np.nan, 1.0])}, "do not enclose 0"),
        ({"weight": -1.0}, "the weight -1.0"),
        ({"weight": np.nan}, "the weight nan"),
        ({"weight": np.inf}, "the weight inf"),
    ],
)
def test_a_broken_head_is_refused(change, message):
    with pytest.raises(ResourceError, match=message):
        replace(HEAD, **change)
