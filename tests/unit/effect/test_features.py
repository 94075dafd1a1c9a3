"""What the second stage knows of a variant: each feature by its name, and NaN where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.variant import Variant
from varbind.effect.features import (
    TRANSVERSION,
    TSS_DISTANCE,
    VariantSites,
    binding_features,
    feature_matrix,
    is_binding,
    transversion,
)

NAN = float("nan")
IDS = ("A", "B.2", "C")
REF = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
ALT = np.array([[1.5, 0, 3], [4, 5.25, -6]], dtype=np.float32)
SITES = VariantSites(
    np.array([-50.0, NAN]),
    np.array([1.0, NAN]),
    {"phyloP": np.array([[2.5, 0.5], [NAN, -1.0]])},
)


def features(*names, sites=SITES):
    return feature_matrix(names, IDS, REF, ALT, sites)


def test_names_of_bindings():
    assert binding_features(IDS) == ("ref:A", "ref:B.2", "ref:C", "delta:A", "delta:B.2", "delta:C")
    assert all(map(is_binding, binding_features(IDS)))
    assert not any(map(is_binding, (TSS_DISTANCE, TRANSVERSION, "phyloP", "phyloP:51", "reference", "delta")))


def test_scores_and_their_changes_by_model():
    found = features(*binding_features(IDS))
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 2, 3, 0.5, -2, 0], [4, 5, 6, 0, 0.25, -12]]
    assert features("delta:C", "ref:A").tolist() == [[0, 1], [-12, 4]]


def test_a_track_is_its_value_at_the_variant_and_with_51_its_mean_around():
    found = features("phyloP", "phyloP:51")
    np.testing.assert_array_equal(found, np.float32([[2.5, 0.5], [NAN, -1]]))


def test_a_track_that_is_not_there_is_missing_and_never_0():
    assert np.isnan(features("gerp", "gerp:51")).all()
    assert np.isnan(features("phyloP", sites=VariantSites(*[np.zeros(2)] * 2))).all()


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(0, 0), (-50, 50 / 1999), (1999, 1), (-1999, 1), (2000, NAN), (-2000, NAN), (1e9, NAN), (NAN, NAN)],
)
def test_the_distance_is_without_sign_and_there_within_1999_bases(distance, expected):
    sites = VariantSites(np.array([distance, 1.0]), np.zeros(2))
    np.testing.assert_array_equal(features(TSS_DISTANCE, sites=sites)[:, 0], np.float32([expected, 1 / 1999]))


@pytest.mark.parametrize("ref", "ACGT")
@pytest.mark.parametrize("alt", "ACGT")
def test_a_transversion_leaves_its_ring(ref, alt):
    transitions = {("A", "G"), ("G", "A"), ("C", "T"), ("T", "C")}
    if ref != alt:
        assert transversion(Variant("c", 1, ref, alt)) == ((ref, alt) not in transitions)


@pytest.mark.parametrize(("ref", "alt"), [("", "A"), ("A", ""), ("AC", "GT"), ("A", "GT")])
def test_what_is_no_snv_is_neither(ref, alt):
    assert np.isnan(transversion(Variant("c", 1, ref, alt)))


def test_transversions_are_passed_on():
    np.testing.assert_array_equal(features(TRANSVERSION)[:, 0], np.float32([1, NAN]))


NAMES = (*binding_features(IDS), TSS_DISTANCE, TRANSVERSION, "phyloP", "phyloP:51", "gerp")


@given(st.permutations(NAMES))
def test_a_feature_depends_on_its_name_alone(names):
    whole = features(*names)
    for place, name in enumerate(names):
        np.testing.assert_array_equal(whole[:, place], features(name)[:, 0])


def test_no_variants():
    sites = VariantSites(np.zeros(0), np.zeros(0))
    assert feature_matrix(NAMES, IDS, REF[:0], ALT[:0], sites).shape == (0, len(NAMES))


def test_a_model_that_is_not_there_is_never_guessed():
    with pytest.raises(KeyError):
        features("ref:D")
