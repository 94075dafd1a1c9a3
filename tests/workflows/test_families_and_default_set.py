"""Families by similarity, and the power of a selection against the annotation's own arithmetic."""

from dataclasses import replace

import numpy as np
import pytest
from oracles import deepbind_config, model_card

pytest.importorskip("sklearn", reason="needs the extra `train`")
from default_set import Changes, Family, Selection, added_matrices, default_models, families_of
from families import split_by_similarity

from varbind.bank.background import BackgroundTable, CodedChanges, VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.binding_scale import BindingScale
from varbind.core.scores import BindingScores

KINDS = ("A", "B", "C")


def changes_of(rng, families, binds, snvs=900, cases=40):
    """Models of one family share most of their changes, and lose their own sites."""
    names = list(dict.fromkeys(families))
    shared = rng.standard_t(3, (snvs, len(names)))
    background = np.stack([shared[:, names.index(own)] + 0.3 * rng.normal(size=snvs) for own in families], axis=1)
    background /= background.std(axis=0)
    lost = rng.normal(0, 0.5, (len(KINDS) * cases, len(families)))
    for row in range(len(lost)):
        for model, own in enumerate(binds):
            lost[row, model] -= (KINDS[row // cases] in own) * rng.uniform(1, 6)
    return Changes(families, background.astype(np.float32), lost.astype(np.float32), np.repeat(KINDS, cases), binds)


@pytest.fixture
def changes():
    return changes_of(np.random.default_rng(4), ["a", "a", "b", "c", "d"], [{"A"}, {"A"}, {"B"}, {"C"}, set()])


def selection_of(changes, models):
    return Selection(changes, families_of(changes, models))


def power_by_annotation(changes, models):
    """The mean over kinds of LOSS_PHRED where the first family is of the kind, as annotation computes it."""
    cards = [
        replace(model_card(f"m{i}", config=deepbind_config()), family=changes.families[i], delta_sd=1.0) for i in models
    ]
    table = BackgroundTable({VariantKind.SNV: CodedChanges.encode(changes.background[:, models])})
    cases = changes.cases[:, models]
    # So far above the threshold a change of the score is the bound change.
    scale = BindingScale(np.ones(len(models)), np.full(len(models), -1e4), np.ones(len(models)))
    scores = BindingScores(tuple(card.model_id for card in cards), np.zeros_like(cases), cases)
    described = BindingEffects(cards, scale, table).describe(scores, [VariantKind.SNV] * len(cases), top=1)
    values = []
    for kind, effect in zip(changes.kinds, described, strict=True):
        own = [i for i in models if effect.losses and changes.families[i] == effect.losses[0].model.family]
        is_own = 2 * sum(kind in changes.binds[i] for i in own) > len(own) > 0
        values.append(effect.loss_phred * is_own)
    return np.mean([np.mean([v for v, own in zip(values, changes.kinds, strict=True) if own == k]) for k in KINDS])


def test_the_power_is_that_of_annotation(changes):
    """Levels of a stored background and the leaving out of a variant's own site change it by a little."""
    models = [0, 1, 2, 3, 4]
    assert selection_of(changes, models).power() == pytest.approx(power_by_annotation(changes, models), rel=0.1)


@pytest.mark.parametrize("left_out", range(5))
def test_leaving_out_is_as_making_anew(changes, left_out):
    models = [0, 1, 2, 3, 4]
    selection = selection_of(changes, models)
    place = next(i for i, family in enumerate(selection.families) if left_out in family.models)
    rest = [model for model in selection.families[place].models if model != left_out]
    instead = Family.of(changes, rest) if rest else None
    anew = selection_of(changes, [model for model in models if model != left_out]).power()
    assert selection.power(place, instead) == pytest.approx(anew)
    assert selection.with_family(place, instead).power() == pytest.approx(anew)


def test_what_binds_no_site_is_left_out_first(changes):
    """Model 4 never leads on a site of its own, because it has none, and every further family costs power."""
    noisy = changes.cases.copy()
    noisy[:, 4] -= 8
    left_out = list(default_models(replace(changes, cases=noisy), [0, 1, 2, 3, 4]))
    assert left_out[0][0] == 4
    assert {model for model, _ in left_out} <= {4, 0, 1}


def test_a_matrix_for_a_site_that_nothing_reads_is_added_and_one_that_costs_power_is_not(changes):
    """Model 3 alone loses sites of C; model 4 loses as much on the sites of others."""
    noisy = changes.cases.copy()
    noisy[:, 4] -= 8
    changes = replace(changes, cases=noisy)
    ((added, power),) = added_matrices(changes, [0, 1, 2], [3, 4])
    assert added == 3
    assert power == pytest.approx(selection_of(changes, [0, 1, 2, 3]).power())
    assert power > selection_of(changes, [0, 1, 2]).power()


def test_a_matrix_joins_the_family_of_its_kind(changes):
    """Model 1 is of the family of model 0, which alone reads half of the sites of A."""
    half = changes.cases.copy()
    half[:20, 0] = 0
    changes = replace(changes, cases=half)
    ((added, power),) = added_matrices(changes, [0, 2, 3], [1])
    assert added == 1
    assert power == pytest.approx(selection_of(changes, [0, 1, 2, 3]).power())


ALL = np.ones(5, dtype=bool)


def test_families_are_kinds_of_sites(changes):
    proteins = ["P1", "P2", "P3", "P4", "P5"]
    # The domains say another thing: P3 is thought to be of the family of P1, and P2 of none.
    found = split_by_similarity(proteins, ["x", "y", "x", "z", "x"], changes.background, ALL)
    assert found[0] == found[1] == "x"
    assert found[2:] == ["x_P3", "z", "x_P5"]


def test_what_does_not_read_its_own_site_joins_a_family_and_names_none(changes):
    """P2 learnt the site of P1, and P5 resembles none."""
    core = np.array([True, False, True, True, False])
    found = split_by_similarity(["P1", "P2", "P3", "P4", "P5"], ["x", "y", "v", "z", "w"], changes.background, core)
    assert found == ["x", "x", "v", "z", "w"]


def test_a_model_that_never_changes_is_a_family():
    changes = np.random.default_rng(0).normal(size=(50, 3))
    changes[:, 1] = 0
    assert split_by_similarity(["P", "Q", "R"], ["f", "g", "h"], changes, ALL[:3]) == ["f", "g", "h"]
