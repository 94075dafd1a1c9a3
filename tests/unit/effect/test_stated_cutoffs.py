"""The cut-offs of PHRED in the Description of its key: what is written is read back."""

import pytest

from varbind.effect.second_stage import SecondStage
from varbind.effect.stated_cutoffs import StatedCutoff, read_cutoffs, state_cutoffs


def test_the_description_that_annotate_writes_is_read_back(shipped_bank):
    stage = SecondStage(shipped_bank.effect, shipped_bank.effect.card.model_ids)
    (key,) = [key for key in stage.keys.keys if key.name == "PHRED"]
    stated, card = read_cutoffs(key.description), shipped_bank.effect.card.cutoffs
    assert [(one.phred, one.name) for one in stated] == [(one["phred"], one["name"]) for one in card]
    for one, own in zip(stated, card, strict=True):
        assert (one.precision, one.recall) == pytest.approx((own["precision"], own["recall"]), abs=0.0051)
        assert one.background == pytest.approx(own["background"], abs=0.001)


@pytest.mark.parametrize("phred", [0.5, 10.0, 12.34, 120.0])
def test_numbers_of_any_size_are_read_back(phred):
    cutoff = {"name": "high recall", "phred": phred, "precision": 1.0, "recall": 0.004, "base_rate": 0.1,
              "precision_low": 0.9, "precision_high": 1.0, "background": 10 ** (-phred / 10)}  # fmt: skip
    (found,) = read_cutoffs(f"text{state_cutoffs([cutoff])}")
    assert (found.name, found.precision, found.recall) == ("high recall", 1.0, 0.0)
    assert found.phred == pytest.approx(phred, rel=0.005)
    assert found.background == pytest.approx(cutoff["background"], rel=0.06)


def test_what_is_no_cutoff_is_not_read():
    template = "1 (a: precision {}, recall 0.5, 1 % of background SNVs)"
    assert state_cutoffs([]) == ""
    assert read_cutoffs(template.format("0.5")) == (StatedCutoff(1.0, "a", 0.5, 0.5, 0.01),)
    assert read_cutoffs(" ".join(template.format(text) for text in ("0.5.1", ".", "1e999", "e+."))) == ()
