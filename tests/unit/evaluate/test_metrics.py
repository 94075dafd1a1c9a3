"""Metrics against what they mean, written out slowly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.datasets.dataset_table import DataKind
from varbind.evaluate.evaluation_data import EvaluationData, outliers
from varbind.evaluate.metrics import Metric, auprc, main_metric, metrics_of, pearson

pytest.importorskip("sklearn", reason="needs the extra `train`")

# Few different scores, so that ties are common.
SCORES = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0])
LABELLED = st.lists(st.tuples(st.booleans(), SCORES), min_size=2, max_size=25).filter(
    lambda rows: len({bound for bound, _ in rows}) == 2
)
NUMBERS = st.floats(-1e3, 1e3, allow_nan=False, width=32)
MEASURED = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=25)


def columns(rows):
    first, second = zip(*rows, strict=True)
    return np.array(first), np.array(second, dtype=np.float64)


def slow_auprc(rows):
    """Precision at each threshold from the top, weighted by the recall that it adds."""
    total, area, before = sum(bound for bound, _ in rows), 0.0, 0.0
    for threshold in sorted({score for _, score in rows}, reverse=True):
        above = [bound for bound, score in rows if score >= threshold]
        recall = sum(above) / total
        area += (recall - before) * sum(above) / len(above)
        before = recall
    return area


def slow_pearson(one, other):
    means = [sum(values) / len(values) for values in (one, other)]
    a, b = ([value - mean for value in values] for values, mean in zip((one, other), means, strict=True))
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(y * y for y in b))


@given(LABELLED)
def test_auprc_sums_precision(rows):
    assert auprc(*columns(rows)) == pytest.approx(slow_auprc(rows))


@given(MEASURED)
def test_correlation_is_the_textbooks(rows):
    values, scores = columns(rows)
    found, one, other = pearson(values, scores), values.tolist(), scores.tolist()
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    elif max(np.ptp(one), np.ptp(other)) / min(np.ptp(one), np.ptp(other)) < 1e6:
        assert found == pytest.approx(slow_pearson(one, other), abs=1e-6)


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e30, 1e300])
def test_correlation_does_not_depend_on_the_unit(size):
    values, scores = np.array([1.0, 2.0, 4.0, 3.0]), np.array([0.0, 1.0, 1.0, 2.0])
    assert pearson(values * size, scores) == pytest.approx(pearson(values, scores))


def test_nearly_constant_scores_correlate_without_a_warning():
    scores = np.float32([1, np.nextafter(np.float32(1), np.float32(2)), 1, 1]).astype(np.float64)
    assert pearson(np.array([0.0, 1.0, 0.0, 0.0]), scores) == pytest.approx(1)


@pytest.mark.parametrize("bound", [[True, True], [False, False]])
def test_one_class_has_no_area(bound):
    assert auprc(np.array(bound), np.array([1.0, 2.0])) is None


def test_outliers_are_four_standard_deviations_above_the_mean():
    # 99 zeros and a one: mean 0.01, standard deviation sqrt(0.01 * 0.99) = 0.0995, threshold 0.408.
    values = np.zeros(100)
    values[7] = 1
    assert np.flatnonzero(outliers(values)).tolist() == [7]
    # Of 16 zeros and a one: mean 0.0588, standard deviation 0.2353, threshold exactly 1, which is not above.
    assert not outliers(np.eye(17)[0] - 1e-12).any()
    assert np.flatnonzero(outliers(np.eye(18)[0])).tolist() == [0]
    assert not outliers(-values).any()


def sample(*, bound, targets, is_classification):
    targets = np.array(targets, dtype=np.float64)
    codes = np.zeros((len(targets), 5), dtype=np.uint8)
    kind = DataKind.LABELS if is_classification else DataKind.VALUES
    return EvaluationData(codes, targets, np.array(bound), is_classification, len(codes), kind, "", 1)


def test_each_kind_of_data_has_its_metrics():
    scores = np.array([1.0, 2.0, 3.0])
    labelled = sample(bound=[False, True, True], targets=[0, 1, 1], is_classification=True)
    assert metrics_of(labelled, scores) == {Metric.AUC: 1, Metric.AUPRC: 1}
    assert main_metric(labelled) is Metric.AUC
    measured = sample(bound=[False, False, True], targets=[1, 2, 3], is_classification=False)
    assert metrics_of(measured, scores) == pytest.approx({"pearson": 1, "spearman": 1, "dream5_auc": 1})
    assert main_metric(measured) is Metric.PEARSON


def test_what_is_undefined_is_left_out():
    constant = np.ones(3)
    measured = sample(bound=[False] * 3, targets=[1, 2, 3], is_classification=False)
    assert metrics_of(measured, constant) == {}
    labelled = sample(bound=[False, True, True], targets=[0, 1, 1], is_classification=True)
    assert metrics_of(labelled, constant) == pytest.approx({Metric.AUC: 0.5, Metric.AUPRC: 2 / 3})
