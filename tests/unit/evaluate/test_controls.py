"""Contexts are 192, odds are those of counts, and matched rows leave nothing for a context to tell."""

from itertools import product

import numpy as np
import pytest
from motif_banks import CRE, E_BOX, motif_bank, motif_model
from oracles import ARRAY_NAMES, bank_card, deepbind_config, model_card, random_stack

from varbind.bank.bank import Bank
from varbind.core.sequence import encode
from varbind.core.variant import Variant
from varbind.core.window import Window
from varbind.datasets.pwm import matrix_network
from varbind.datasets.variant_table import VariantTable
from varbind.errors import InputError
from varbind.evaluate.controls import (
    CONTEXTS,
    SnvBases,
    boosted_scores,
    context_log_odds,
    matched_rows,
    shuffle_detectors,
)
from varbind.scoring.scorer import score_sequences


def table_of(*changes):
    """Of (left, ref, right, alt)."""
    variants = [Variant("1", 100 + row, ref, alt) for row, (_, ref, _, alt) in enumerate(changes)]
    windows = [
        Window(encode(left + ref + right), encode(left + alt + right), padded=False)
        for left, ref, right, alt in changes
    ]
    return VariantTable("t.tsv", range(2, 2 + len(changes)), variants, windows, {}, {})


def all_changes(flank=""):
    return [
        (flank + left, ref, right + flank, alt) for left, ref, right, alt in product("ACGT", repeat=4) if ref != alt
    ]


def test_every_context_has_a_code_of_its_own():
    codes = SnvBases.of_table(table_of(*all_changes())).contexts()
    assert sorted(codes.tolist()) == list(range(CONTEXTS))


def test_only_the_neighbours_and_the_change_are_in_a_code():
    near, far = (SnvBases.of_table(table_of(*all_changes(flank))).contexts() for flank in ("", "GN"))
    np.testing.assert_array_equal(near, far)


def test_gc_is_of_the_known_bases():
    bases = SnvBases.of_table(table_of(("NGC", "A", "TTN", "C"), ("AAA", "A", "AAA", "C")))
    assert bases.gc().tolist() == [2 / 5, 0]


def test_one_hot_names_every_base():
    bases = SnvBases.of_table(table_of(("NG", "A", "CT", "C")))
    names, values = bases.one_hot()
    assert [name for name, value in zip(names, values[0], strict=True) if value] == [
        "-1:G",
        "0:A",
        "1:C",
        "2:T",
        "alt:C",
    ]
    assert values.shape == (1, 4 * 5 + 4)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "change", [("AA", "AC", "AA", "G"), ("AA", "", "AA", "G"), ("AN", "C", "AA", "G")], ids=["MNV", "insertion", "N"]
)
def test_other_changes_are_named_by_line(change):
    with pytest.raises(InputError) as caught:
        SnvBases.of_table(table_of(("AA", "C", "AA", "G"), change))
    assert "t.tsv" in str(caught.value)
    assert "3" in str(caught.value)


def test_log_odds_are_those_of_counts_and_of_all_where_there_are_none():
    rng = np.random.default_rng(0)
    contexts, labels = rng.integers(2, size=9_000), np.zeros(9_000, dtype=bool)
    labels[:3_000] = True
    odds = context_log_odds(contexts, labels)
    own = labels[contexts == 0]
    assert odds[0] == pytest.approx(np.log(own.sum() / (~own).sum()), abs=1e-3)
    assert odds[7] == pytest.approx(np.log(1 / 2))


def test_a_rare_context_says_little():
    contexts, labels = np.array([0] * 40 + [1]), np.array([True, False] * 20 + [True])
    assert 0 < context_log_odds(contexts, labels)[1] < 1


def test_matched_rows_have_as_many_of_either_class_in_every_context():
    rng = np.random.default_rng(1)
    contexts, labels = rng.integers(CONTEXTS, size=4_000), rng.random(4_000) < 0.7
    rows = np.flatnonzero(rng.random(4_000) < 0.8)
    found = matched_rows(rows, contexts, labels, 5)
    assert np.isin(found, rows).all()
    assert (np.diff(found) > 0).all()
    for context in range(CONTEXTS):
        own, left = (labels[chosen][contexts[chosen] == context] for chosen in (rows, found))
        assert left.sum() == (~left).sum() == min(own.sum(), (~own).sum())


def test_what_is_left_out_is_random_and_the_seed_decides():
    contexts, labels, rows = np.zeros(400, dtype=int), np.arange(400) < 100, np.arange(400)
    one, again, other = (matched_rows(rows, contexts, labels, seed).tolist() for seed in (1, 1, 2))
    assert one == again
    assert one != other
    # Of 300 rows 100 are left; the mean place has a standard error of 7.
    assert abs(np.mean(one[100:]) - 250) < 30


def test_trees_read_codes_as_kinds():
    rng = np.random.default_rng(2)
    codes = rng.integers(CONTEXTS, size=6_000)
    simulated = rng.permutation(CONTEXTS) < 96
    labels = simulated[codes] ^ (rng.random(6_000) < 0.1)
    features = np.column_stack([codes, rng.normal(size=6_000)])
    scores = boosted_scores(features[:4_000], labels[:4_000], features[4_000:], categories=(0,), seed=1)
    assert ((scores > 0) == simulated[codes[4_000:]]).mean() > 0.95
    np.testing.assert_array_equal(
        scores, boosted_scores(features[:4_000], labels[:4_000], features[4_000:], categories=(0,), seed=1, threads=1)
    )


def random_bank():
    shapes = [deepbind_config(), deepbind_config(mean_pooling=True, hidden=2, members=2)]
    rng = np.random.default_rng(3)
    stacks = tuple(random_stack(rng, shape, 4, prefix=f"S{i}.") for i, shape in enumerate(shapes))
    models = tuple(model_card(own, config=stack.config) for stack in stacks for own in stack.model_ids)
    return Bank((bank_card(models),), models, stacks, background=None)


def detectors(bank):
    """Every detector, (m, 4), one after the other."""
    return [
        network[..., number]
        for stack in bank.stacks
        for network in stack.detectors
        for number in range(network.shape[-1])
    ]


def test_every_detector_keeps_its_numbers_and_none_its_places():
    bank = random_bank()
    for before, after in zip(detectors(bank), detectors(shuffle_detectors(bank, 1)), strict=True):
        np.testing.assert_array_equal(np.sort(before, axis=None), np.sort(after, axis=None))
        assert (before != after).mean() > 0.5


def test_all_else_stays():
    bank = random_bank()
    other = shuffle_detectors(bank, 1)
    assert other.model_ids == bank.model_ids
    assert other.models == bank.models
    for before, after in zip(bank.stacks, other.stacks, strict=True):
        for name in ARRAY_NAMES:
            assert name == "detectors" or np.array_equal(getattr(before, name), getattr(after, name))


def test_the_seed_decides_and_the_bank_is_left_alone():
    bank = random_bank()
    before = [stack.detectors.tobytes() for stack in bank.stacks]
    one, again, other = (
        [stack.detectors.tobytes() for stack in shuffle_detectors(bank, seed).stacks]
        for seed in ((1, 0), (1, 0), (1, 1))
    )
    assert one == again
    assert not set(one) & set(other)
    assert before == [stack.detectors.tobytes() for stack in bank.stacks]


def test_a_narrow_matrix_stays_narrow():
    shares = np.random.default_rng(0).dirichlet([0.3] * 4, size=6)
    stack = matrix_network("M", shares, detector_len=24, window=31)
    bank = Bank((), (model_card("M", config=stack.config),), (stack,), background=None)
    (after,) = detectors(shuffle_detectors(bank, 2))
    assert after[:6].any(axis=1).all()
    assert not after[6:].any()


def test_scores_differ_and_a_motif_is_not_found_any_more():
    bank = motif_bank(motif_model("E", "E", E_BOX), motif_model("C", "C", CRE))
    sequences = ["A" * 10 + E_BOX + "A" * 10, "T" * 10 + CRE + "C" * 10]
    before, after = (score_sequences(sequences, own) for own in (bank, shuffle_detectors(bank, 5)))
    assert before[0, 0] == before[1, 1] == 8
    assert after[0, 0] < 8
    assert after[1, 1] < 8
