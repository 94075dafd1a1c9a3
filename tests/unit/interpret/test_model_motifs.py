import numpy as np
import pytest
from drawn import parsed, words_of
from oracles import bank_card, deepbind_config, model_card, random_stack

from varbind.bank.bank import Bank
from varbind.core.sequence import encode
from varbind.datasets.pwm import read_matrices
from varbind.errors import UsageError
from varbind.interpret.detector_motifs import Detectors, MotifRule, detector_motifs, information
from varbind.interpret.model_motifs import (
    generated_promoters,
    jaspar_text,
    logo_of,
    meme_text,
    motif_rows,
    motifs_of_model,
)

SHAPES = [
    deepbind_config(members=2, detectors=3),
    deepbind_config(mean_pooling=True, detectors=4),
    deepbind_config(hidden=2),
]
STACKS = tuple(random_stack(np.random.default_rng(i), shape, 2, prefix=f"{i}.") for i, shape in enumerate(SHAPES))
MODELS = tuple(model_card(i, config=stack.config, protein="A b%<") for stack in STACKS for i in stack.model_ids)
BANK = Bank((bank_card(MODELS),), MODELS, STACKS, background=None)
CODES = np.random.default_rng(9).integers(0, 4, (60, 30)).astype(np.uint8)


def slow_additions(stack, row):
    """The most that each detector can add: the weight of its maximum times its activation on its best sequence."""
    found = []
    for network in range(row * stack.config.members, (row + 1) * stack.config.members):
        for detector in range(stack.config.detectors):
            weights = stack.detectors[network, :, :, detector]
            best = sum(max(*column, 0) for column in weights.tolist()) + stack.thresholds[network, detector]
            place = detector * (2 if stack.config.mean_pooling else 1)
            found.append(stack.weights1[network, place, 0] * max(best, 0))
    return found


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("stack", STACKS[:2], ids=["ensemble", "mean pooling"])
def test_detectors_that_add_most_come_first(stack, row):
    motifs = motifs_of_model(BANK, stack.model_ids[row], CODES, MotifRule.SOFTMAX)
    expected = slow_additions(stack, row)
    assert [motif.detector for motif in motifs] == [place + 1 for place in np.argsort(-np.array(expected))]
    for motif in motifs:
        assert motif.largest_addition == pytest.approx(expected[motif.detector - 1], rel=1e-5)


def test_hidden_units_have_no_order():
    motifs = motifs_of_model(BANK, STACKS[2].model_ids[0], CODES, MotifRule.SOFTMAX)
    assert [motif.detector for motif in motifs] == [1, 2, 3]
    assert all(np.isnan(motif.largest_addition) for motif in motifs)
    assert motif_rows(motifs[0])[0][5] is None
    assert "adds up to" not in logo_of(motifs[0]).title


@pytest.mark.parametrize("rule", MotifRule)
def test_motifs_are_those_of_the_rule(rule):
    motifs = motifs_of_model(BANK, "0.1", CODES, rule, min_windows=2)
    found = {motif.detector - 1: motif for motif in motifs}
    expected = detector_motifs(Detectors.of_deepbind(STACKS[0], 1), CODES, rule, min_windows=2)
    assert set(found) == {own.detector for own in expected}
    assert expected
    for own in expected:
        np.testing.assert_array_equal(found[own.detector].shares, own.shares)
        assert found[own.detector].windows == own.windows


@pytest.mark.parametrize("text_of", [meme_text, jaspar_text])
def test_files_are_read_back(text_of, tmp_path):
    motifs = [motif for model in MODELS for motif in motifs_of_model(BANK, model.model_id, CODES, min_windows=2)]
    path = tmp_path / "motifs.txt"
    path.write_text("".join(text_of(motifs)))
    assert "A%20b%25<" in path.read_text()
    found = read_matrices(str(path))
    assert list(found) == [motif.name for motif in motifs]
    for motif in motifs:
        np.testing.assert_allclose(found[motif.name], motif.shares, atol=1e-2 / motif.windows + 1e-6)


def test_rows_are_positions():
    (motif, *_) = motifs_of_model(BANK, "0.1", CODES, MotifRule.SOFTMAX)
    rows = motif_rows(motif)
    assert [row[6] for row in rows] == [str(place) for place in range(1, 6)]
    np.testing.assert_array_equal([row[7:11] for row in rows], motif.shares)
    np.testing.assert_array_equal([row[11] for row in rows], information(motif.shares))
    assert rows[0][:5] == ("0.1", "A b%<", str(motif.detector), "softmax", "0")


def test_a_logo_names_its_detector():
    (motif, *_) = motifs_of_model(BANK, "0.1", CODES, min_windows=2)
    words = words_of(parsed(logo_of(motif).document()))
    start = f"A b%<, detector {motif.detector} of 0.1, adds up to {motif.largest_addition:.2g}"
    assert words[0] == f"{start}, {motif.windows} windows"


def test_generated_promoters_are_always_the_same():
    first, second = generated_promoters(), generated_promoters()
    assert (first.shape, first.tobytes()) == ((2000, 200), second.tobytes())


def test_a_shipped_model_shows_the_site_of_its_protein(shipped_bank):
    codes = generated_promoters()[:60, :40].copy()
    codes[:, 15:24] = encode("ACCGGAAGT")
    (best, *_) = motifs_of_model(shipped_bank, "ELK1", codes)
    letters = "".join("ACGT"[base] for base in best.shares.argmax(axis=1))
    assert "CCGGAAG" in letters or "CTTCCGG" in letters


def test_unknown_models_are_refused():
    with pytest.raises(UsageError, match="nobody"):
        motifs_of_model(BANK, "nobody", CODES)
