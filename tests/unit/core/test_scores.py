"""Binding scores and effects as tables."""

import numpy as np
import pytest

from varbind.core.scores import BindingScores, VariantEffects
from varbind.core.variant import Variant
from varbind.errors import UsageError

VARIANTS = [Variant("chr1", 5, "A", "C"), Variant("chr2", 7, "", "GT")]
REF = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
SCORES = BindingScores(("x", "y", "z"), REF, REF * 2)


def test_a_row_of_scores_is_a_variant_and_a_model():
    frame = SCORES.to_frame(VARIANTS)
    assert list(frame.columns) == ["chrom", "pos", "ref", "alt", "model_id", "ref_score", "alt_score", "delta"]
    assert frame.iloc[4].tolist() == ["chr2", 7, "", "GT", "y", 5, 10, 5]
    assert frame["delta"].dtype == np.float32
    assert frame["delta"].tolist() == SCORES.delta.ravel().tolist()


def test_variants_are_numbered_where_they_are_not_given():
    assert SCORES.to_frame()["variant"].tolist() == [0, 0, 0, 1, 1, 1]
    assert VariantEffects(SCORE=np.array([0.5, np.nan])).to_frame()["variant"].tolist() == [0, 1]


def test_a_row_of_effects_is_a_variant():
    effects = VariantEffects(SCORE=np.array([0.5, np.nan]), PHRED=np.array([3.0, 10.0]))
    frame = effects.to_frame(VARIANTS)
    assert list(frame.columns) == ["chrom", "pos", "ref", "alt", "SCORE", "PHRED"]
    assert frame["PHRED"].tolist() == [3, 10]
    assert repr(effects) == "<VariantEffects: 2 variants, SCORE, PHRED>"


def test_other_variants_are_refused():
    for result in (SCORES, VariantEffects(SCORE=np.zeros(2))):
        with pytest.raises(UsageError, match="found 1 variants, expected 2"):
            result.to_frame(VARIANTS[:1])
