"""The bank beside its methods: means by hand, and p-values by all signs."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.evaluate.evaluation_data import Metric
from varbind.evaluate.report import Result, compare, signed_rank_p

pytest.importorskip("scipy", reason="needs the extra `train`")

AUC, PEARSON = Metric.AUC, Metric.PEARSON


def result(set_id, method, *, task="t", protein="", **metrics):
    found = {Metric(name): value for name, value in metrics.items()}
    return Result(set_id, protein or set_id, task, "", method, "", 10, 5, 20, found)


def slow_p(differences):
    """The share of all signs that give at least the sum of ranks on the plus side that is seen."""
    sizes = [abs(difference) for difference in differences if difference]
    ranks = [sum(o < own for o in sizes) + (1 + sum(o == own for o in sizes)) / 2 for own in sizes]
    signs = [difference > 0 for difference in differences if difference]
    seen = sum(rank for rank, plus in zip(ranks, signs, strict=True) if plus)
    sums = [sum(rank for rank, plus in zip(ranks, all_signs, strict=True) if plus) for all_signs in every(len(ranks))]
    return sum(total >= seen - 1e-9 for total in sums) / len(sums)


def every(count):
    return product([False, True], repeat=count)


@given(st.lists(st.integers(-6, 6), min_size=6, max_size=9))
def test_p_is_the_share_of_signs(differences):
    found = signed_rank_p([difference / 8 for difference in differences])
    if any(differences):
        assert found == pytest.approx(slow_p(differences))
    else:
        assert found is None


def test_of_five_pairs_there_is_no_p():
    assert signed_rank_p([0.1, 0.2, 0.3, 0.4, 0.5]) is None
    assert signed_rank_p([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) == pytest.approx(1 / 64)


def test_of_many_pairs_there_is_a_normal_p():
    rng = np.random.default_rng(0)
    assert signed_rank_p((rng.normal(0.3, 1, 200)).tolist()) < 0.01
    assert signed_rank_p((rng.normal(-0.3, 1, 200)).tolist()) > 0.99


def test_means_are_over_sets_of_both():
    results = [
        result("a", "bank", protein="P", auc=0.9),
        result("a", "GC", protein="P", auc=0.5),
        result("b", "bank", protein="p", auc=0.7),
        result("b", "GC", protein="p", auc=0.8),
        result("c", "bank", auc=0.2),
    ]
    itself, gc = compare(results, "bank")
    assert (itself.method, itself.is_bank, len(itself.pairs), itself.proteins) == ("bank", True, 3, 2)
    assert itself.mean_bank == pytest.approx(0.6)
    assert itself.above is itself.p is None
    assert (gc.method, len(gc.pairs), gc.proteins) == ("GC", 2, 1)
    assert (gc.mean_bank, gc.mean_method, gc.above) == pytest.approx((0.8, 0.65, 0.5))
    assert gc.p is None


def test_equal_is_not_above():
    (_, gc) = compare([result("a", "bank", auc=0.5), result("a", "GC", auc=0.5)], "bank")
    assert gc.above == 0


def test_what_is_undefined_for_one_is_compared_for_neither():
    results = [result("a", "bank", pearson=0.3), result("a", "other"), result("b", "bank"), result("b", "other")]
    assert [(one.method, len(one.pairs)) for one in compare(results, "bank")] == [("bank", 1)]


def test_tasks_and_metrics_stand_apart_in_order():
    results = [
        result("a", "bank", task="z", pearson=0.3, auc=0.1),
        result("a", "GC", task="z", auc=0.1),
        result("b", "bank", task="a", auc=0.1),
    ]
    found = [(one.task, one.metric, one.method) for one in compare(results, "bank")]
    assert found == [("z", AUC, "bank"), ("z", AUC, "GC"), ("z", PEARSON, "bank"), ("a", AUC, "bank")]
