"""Caveats in plain words: one for each flag and each situation, and none without a reason."""

import pytest

from varbind.annotate.annotated_variants import AnnotatedVariant, NearbyGene
from varbind.annotate.info_schema import INFO_KEYS, NO_TSS
from varbind.report.caveats import caveats

CLEAR = {"PHRED": 30.0, "LOSS_PHRED": 25.0, "GAIN_PHRED": 1.0, "ACTIVITY": -0.5, "ACTIVITY_SE": 0.1}


def of(numbers=CLEAR, **fields):
    return caveats(AnnotatedVariant("chr1", 5, "", "A", "C", numbers=dict(numbers), **fields))


def test_a_clear_loss_has_none():
    assert of() == []
    assert of(filter="PASS") == []


@pytest.mark.parametrize("flag", ["padded", "in_training", "size_extrapolated", "no_tss"])
def test_every_flag_has_its_own_words(flag):
    described = " ".join([key.description for key in INFO_KEYS if key.name == "FLAG"] + [NO_TSS])
    assert flag in described
    (text,) = of(flags=(flag,))
    assert flag not in text
    assert "does not know" not in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ACTIVITY": 0.5}, "PHRED ranks losses only"),
        ({"ACTIVITY": -0.1}, "less than two standard errors"),
        ({"LOSS_PHRED": 5.0}, "More than one in ten"),
    ],
)
def test_situations(changed, words):
    (text,) = of(CLEAR | changed)
    assert words in text


def test_coding_filter_unknown_flag_and_no_prediction():
    (coding,) = of(genes=(NearbyGene("G", "", 5, "CDS"), NearbyGene("H", "", -5, "upstream")))
    assert "splice site of G." in coding
    assert of(filter="LowQual") == ["The caller marked this variant: FILTER is LowQual."]
    assert of(flags=("new",)) == ["new: a caveat that this version does not know."]
    (text,) = of({"LOSS_PHRED": 25.0})
    assert "without the second stage" in text
