"""The strongest loss and gain of binding, against loops over families and background variants."""

import math
from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import model_card, slow_share_of_own
from quick_cases import first_quick

from varbind.bank.background import BackgroundTable, CodedChanges, VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.binding_scale import BindingScale
from varbind.bank.null_distribution import UpperTail
from varbind.core.scores import BindingScores

SNV = VariantKind.SNV


def slow_bound(model, levels, score):
    """How much is bound at a score: the softened rectifier, in Python's own arithmetic."""
    median, threshold = (model.quantiles["score"][levels.index(level)] for level in (0.5, 0.99))
    x = (score - threshold) / (0.25 * (threshold - median))
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def slow_changes(bank, scores):
    """Per variant a list of the bound changes of the models."""
    levels = bank.cards[0].quantile_levels
    return [
        [
            slow_bound(model, levels, float(alt)) - slow_bound(model, levels, float(ref))
            for model, ref, alt in zip(bank.models, *row, strict=True)
        ]
        for row in zip(scores.ref, scores.alt, strict=True)
    ]


def slow_family_means(models, changes):
    """Per variant a dictionary of family -> mean change."""
    rows = []
    for row in changes:
        found = {}
        for model, value in zip(models, row, strict=True):
            found.setdefault(model.family, []).append(float(value) if model.delta_sd > 0 else 0.0)
        rows.append({family: sum(values) / len(values) for family, values in found.items()})
    return rows


def slow_phred(models, table, kind, side, row):
    """PHRED of the strongest family of one variant, from the table of its kind.

    The strongest family of each background variant is told by tails that do not know the changes of its own site.
    """
    background = slow_family_means(models, table.astype(np.float64))
    samples = {f: np.maximum(side * np.array([means[f] for means in background]), 0) for f in background[0]}
    tails = {family: UpperTail(sample) for family, sample in samples.items()}
    smallest = np.ones(len(table))
    for family, tail in tails.items():
        for variant in np.flatnonzero(samples[family] > 0):
            share = slow_share_of_own(samples[family], tail.threshold, variant, kind.alleles_per_site)
            smallest[variant] = min(smallest[variant], share)
    strengths = UpperTail((-np.log10(smallest)).astype(np.float32))
    rounded = slow_family_means(models, row[None].astype(np.float16))[0]
    own = min(tails[family].share(np.array([max(side * mean, 0)]))[0] for family, mean in rounded.items())
    return -10 * np.log10(strengths.share(-np.log10([own]).astype(np.float32))[0])


@pytest.fixture(scope="module")
def effects(tiny_bank):
    return BindingEffects.of_bank(tiny_bank)


@pytest.fixture(scope="module")
def scale(tiny_bank):
    return BindingScale.of_cards(tiny_bank.models, tiny_bank.cards[0].quantile_levels)


@pytest.fixture(scope="module")
def scores(tiny_bank, scale):
    """60 variants at scores far below to far above the threshold, changed by up to some standard deviations."""
    rng = np.random.default_rng(11)
    shape = (60, len(tiny_bank.models))
    ref = scale.threshold + scale.softness * rng.uniform(-8, 6, shape)
    alt = ref + scale.spread * rng.standard_t(3, shape)
    return BindingScores(tiny_bank.model_ids, ref.astype(np.float32), alt.astype(np.float32))


def with_bound_changes(bank, scale, changes):
    """Scores of variants that change what is bound by these, to float16, (B, M)."""
    # So far above the threshold what is bound is the score itself, in units of the softness.
    ref = np.broadcast_to(scale.threshold + 40 * scale.softness, changes.shape)
    loss = np.minimum(changes, 0)
    first, second = ref - loss * scale.softness, ref + (changes - loss) * scale.softness
    return BindingScores(bank.model_ids, first, second)


def rows_of(scores, rows):
    return BindingScores(scores.model_ids, scores.ref[rows], scores.alt[rows])


def all_kinds(count):
    every = list(VariantKind)
    return [every[i % len(every)] for i in range(count)]


def test_bound_changes_and_family_means(effects, tiny_bank, scale, scores):
    changes = scale.bound_change(scores.ref, scores.alt)
    slow = slow_changes(tiny_bank, scores)
    np.testing.assert_allclose(changes, slow, rtol=1e-9, atol=1e-12)
    means = effects.family_means(changes)
    assert means.shape == (4, 60)
    assert effects.families == ("Ets-related", "Kruppel-like", "bHLH-ZIP_USF1", "TBP-related")
    for row, expected in zip(means.T, slow_family_means(tiny_bank.models, slow), strict=True):
        np.testing.assert_allclose(row, [expected[family] for family in effects.families], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [SNV, VariantKind.INS_6_15])
def test_the_background_is_what_its_variants_would_be(effects, tiny_bank, kind):
    """Decoded level by level, to the bit of what variants of these changes have."""
    table = tiny_bank.background.changes[kind].decode().astype(np.float64)
    expected = np.sort(effects.family_means(table), axis=1)
    assert effects._background(kind).families._sorted.tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", first_quick([VariantKind.INS_6_15, VariantKind.DEL_1, SNV], 2))
def test_phred_against_loops(effects, tiny_bank, scale, scores, kind):
    table = tiny_bank.background.changes[kind].decode()
    for row in range(2):
        own = rows_of(scores, [row])
        found = effects.describe(own, [kind], top=1)[0]
        changes = scale.bound_change(own.ref, own.alt)[0]
        expected = [slow_phred(tiny_bank.models, table, kind, side, changes) for side in (-1, 1)]
        # Strengths are of single precision.
        assert [found.loss_phred, found.gain_phred] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_variant_is_the_same_alone_and_in_a_batch(effects, scores):
    kinds = all_kinds(60)
    together = effects.describe(scores, kinds, top=3)
    alone = [effects.describe(rows_of(scores, [i]), kinds[i : i + 1], top=3)[0] for i in range(60)]
    backwards = effects.describe(rows_of(scores, np.arange(60)[::-1]), kinds[::-1], top=3)[::-1]
    # repr tells every bit of a float.
    assert repr(together) == repr(alone) == repr(backwards)


def test_a_fresh_object_says_the_same(effects, tiny_bank, scores):
    kinds = all_kinds(60)
    fresh = BindingEffects.of_bank(tiny_bank)
    assert repr(fresh.describe(scores, kinds, top=3)) == repr(effects.describe(scores, kinds, top=3))


def test_what_is_prepared_is_not_derived_again(effects, tiny_bank, scores, monkeypatch):
    kinds = [SNV, VariantKind.DEL_1, VariantKind.INS_1] * 20
    prepared, fresh = (BindingEffects.of_bank(tiny_bank) for _ in range(2))
    prepared.prepare(kinds)
    monkeypatch.setattr("varbind.bank.binding_changes.SignedTails", None)
    assert repr(prepared.describe(scores, kinds, top=3)) == repr(effects.describe(scores, kinds, top=3))
    with pytest.raises(TypeError):
        fresh.describe(scores, kinds, top=3)


def test_without_a_table_there_is_nothing_to_prepare(tiny_bank, scale):
    BindingEffects(tiny_bank.models, scale, None).prepare([SNV, VariantKind.INS_1])


def linear(spread):
    """A scale on which scores of about 0 are far above the threshold, so that a bound change is z."""
    spread = np.array(spread, dtype=np.float64)
    return BindingScale(spread, np.full(len(spread), -1e6), spread)


def changed(models, delta):
    """Scores of 0, changed by these."""
    delta = np.array(delta, dtype=np.float32)
    return BindingScores(tuple(model.model_id for model in models), np.zeros_like(delta), delta)


def test_of_equal_members_the_first_is_named():
    families = {"a": "F", "b": "G", "c": "F", "d": "F"}
    models = [model_card(name, family=family, delta_sd=1.0) for name, family in families.items()]
    scores = changed(models, [[-1, 2, -2, -2], [3, -1, 1, 3]])
    first, second = BindingEffects(models, linear([1] * 4), None).describe(scores, [SNV, SNV], top=3)
    assert [change.model.model_id for change in (*first.losses, *first.gains)] == ["c", "b"]
    assert [change.model.model_id for change in (*second.losses, *second.gains)] == ["b", "a"]


def test_the_member_that_loses_most_binding_is_named_and_not_the_one_with_the_largest_z():
    """The first model loses three standard deviations far below its threshold, where nothing is bound."""
    models = [model_card(name, delta_sd=1.0) for name in ("low", "bound")]
    scale = BindingScale(np.ones(2), np.array([20.0, -5.0]), np.ones(2))
    (effect,) = BindingEffects(models, scale, None).describe(changed(models, [[-3, -1]]), [SNV], top=1)
    assert [(change.model.model_id, change.delta, change.z) for change in effect.losses] == [("bound", -1.0, -1.0)]


def test_fewer_families_are_the_first_of_more(effects, scores):
    kinds = all_kinds(60)
    every = effects.describe(scores, kinds, top=99)
    for top in (0, 1, 2):
        for few, all_ in zip(effects.describe(scores, kinds, top=top), every, strict=True):
            assert (few.losses, few.gains) == (all_.losses[:top], all_.gains[:top])
            assert (few.loss_phred, few.gain_phred) == (all_.loss_phred, all_.gain_phred)


def test_what_is_listed(effects, tiny_bank, scale, scores):
    """Each family that moves in a direction, once, by its member that moves most, rarest first."""
    column_of = {model.model_id: column for column, model in enumerate(tiny_bank.models)}
    changes = scale.bound_change(scores.ref, scores.alt).astype(np.float16)
    slow = slow_family_means(tiny_bank.models, changes)
    for row, effect in enumerate(effects.describe(scores, [SNV] * 60, top=99)):
        for side, listed in ((-1, effect.losses), (1, effect.gains)):
            assert {c.model.family for c in listed} == {f for f, mean in slow[row].items() if side * mean > 0}
            assert len({c.model.family for c in listed}) == len(listed)
            assert [c.share for c in listed] == sorted(c.share for c in listed)
            for change in listed:
                column = column_of[change.model.model_id]
                members = [i for i, model in enumerate(tiny_bank.models) if model.family == change.model.family]
                assert change.delta == scores.delta[row, column]
                assert change.z == pytest.approx(change.delta / change.model.delta_sd)
                assert side * changes[row, column] == max(side * changes[row, i] for i in members)
                assert side * change.delta > 0


@given(st.integers(0, 59), st.sampled_from(list(VariantKind)), st.lists(st.floats(0, 50), min_size=2, max_size=6))
def test_a_larger_change_is_never_less_rare(effects, scores, scale, row, kind, shifts):
    """Every family moved further in one direction by some standard deviations."""
    for side, name in ((-1, "loss_phred"), (1, "gain_phred")):
        alt = scores.alt[row] + side * np.sort(shifts)[:, None] * scale.spread
        moved = BindingScores(scores.model_ids, np.broadcast_to(scores.ref[row], alt.shape), alt)
        phreds = [getattr(effect, name) for effect in effects.describe(moved, [kind] * len(alt), top=1)]
        assert all(np.isfinite(phreds))
        assert phreds == sorted(phreds)
        assert phreds[0] >= 0


@pytest.mark.parametrize("kind", list(VariantKind))
@pytest.mark.parametrize("side", ["loss_phred", "gain_phred"])
def test_background_variants_are_calibrated(effects, tiny_bank, scale, kind, side):
    """One background variant in ten has 10 or more, one in two 3.01 or more."""
    own = with_bound_changes(tiny_bank, scale, tiny_bank.background.changes[kind].decode().astype(np.float64))
    phreds = np.array([getattr(e, side) for e in effects.describe(own, [kind] * len(own.ref), top=0)])
    tolerance = tolerances.CALIBRATION if kind is SNV else tolerances.PHRED_10_SMALL
    assert np.mean(phreds >= 10) == pytest.approx(0.1, abs=tolerance)
    assert np.mean(phreds >= 10 * np.log10(2)) == pytest.approx(0.5, abs=tolerance)


def test_calibration_holds_for_variants_that_were_not_seen(tiny_bank, scale):
    """Half of the sites as background for the other half."""
    table = tiny_bank.background
    snvs = table.changes[SNV]
    half = snvs.variants // 6 * 3  # three SNVs share a site
    seen = replace(table, changes={**table.changes, SNV: replace(snvs, codes=snvs.codes[:, :half])})
    unseen = with_bound_changes(tiny_bank, scale, snvs.decode()[half:].astype(np.float64))
    described = BindingEffects(tiny_bank.models, scale, seen).describe(unseen, [SNV] * len(unseen.ref), top=0)
    for side in ("loss_phred", "gain_phred"):
        share = np.mean([getattr(effect, side) >= 10 for effect in described])
        assert share == pytest.approx(0.1, abs=tolerances.PHRED_10_SMALL)


@pytest.mark.parametrize("largest", [6.6567, 1e-3, 70_000.0])
def test_the_largest_change_of_many_background_variants_is_as_rare_as_these(largest):
    """A matrix can lose no more than a whole site: 2 % of the background do, and so does a variant of 50."""
    rng = np.random.default_rng(3)
    snvs = np.append(rng.uniform(-0.9, 0.9, 2_940) * largest, np.full(60, -largest)).astype(np.float32)
    table = BackgroundTable({SNV: CodedChanges.encode(rng.permutation(snvs)[:, None])})
    model = model_card("matrix", family="F", delta_sd=1.0)
    effects = BindingEffects([model], linear([1.0]), table)
    scores = changed([model], [[-largest], [-1.2 * largest], [-0.99 * largest]])
    whole, beyond, less = effects.describe(scores, [SNV] * 3, top=1)
    assert whole.losses[0].share == 61 / 3_001
    assert whole.loss_phred == pytest.approx(17, abs=0.5)
    assert less.losses[0].share == whole.losses[0].share
    # Nothing tells how rare is what no background variant does.
    assert beyond.losses[0].share == (1 / 3_001 if largest < 65_504 else whole.losses[0].share)
    assert beyond.loss_phred <= 10 * np.log10(3_001)


def test_no_change_is_no_loss_and_no_gain(effects, scores):
    same = BindingScores(scores.model_ids, scores.ref[:1], scores.ref[:1])
    effect = effects.describe(same, [SNV], top=3)[0]
    assert (effect.losses, effect.gains) == ((), ())
    assert 0 <= effect.loss_phred < 3
    assert 0 <= effect.gain_phred < 3


def test_without_a_table_families_stand_by_mean_change(tiny_bank, scale, scores):
    plain = BindingEffects(tiny_bank.models, scale, None)
    slow = slow_family_means(tiny_bank.models, slow_changes(tiny_bank, scores))
    for means, effect in zip(slow, plain.describe(scores, [SNV] * 60, top=99), strict=True):
        assert (effect.loss_phred, effect.gain_phred) == (None, None)
        losses = [means[change.model.family] for change in effect.losses]
        gains = [means[change.model.family] for change in effect.gains]
        assert losses == sorted(losses)
        assert gains == sorted(gains, reverse=True)
        assert len(losses) + len(gains) == sum(mean != 0 for mean in means.values())


def test_a_model_that_never_changes_is_never_listed():
    models = [model_card("still", family="A", delta_sd=0.0), model_card("moves", family="B", delta_sd=2.0)]
    effects = BindingEffects(models, linear([1.0, 2.0]), None)
    (effect,) = effects.describe(changed(models, [[-9.0, -1.0]]), [SNV], top=3)
    assert [(c.model.model_id, c.delta, c.z) for c in effect.losses] == [("moves", -1.0, -0.5)]
    assert effect.gains == ()


def test_a_still_model_counts_in_its_family_as_no_change(tiny_bank, scale, scores):
    first = tiny_bank.models[0]
    models = (replace(first, delta_sd=0.0), *tiny_bank.models[1:])
    effects = BindingEffects(models, scale, tiny_bank.background)
    slow = slow_family_means(models, slow_changes(tiny_bank, scores))
    means = effects.family_means(effects._bound_changes(scores))
    np.testing.assert_allclose(means[0], [row[models[0].family] for row in slow], rtol=2e-3, atol=1e-6)
    described = effects.describe(scores, [SNV] * 60, top=3)
    assert all(np.isfinite([e.loss_phred, e.gain_phred]).all() for e in described)


def test_a_bank_without_any_background_lists_nothing(tiny_bank, scores):
    bare = [replace(model, quantiles={}, delta_sd=0.0) for model in tiny_bank.models]
    bank = replace(tiny_bank, models=tuple(bare), background=None)
    assert {(e.losses, e.gains) for e in BindingEffects.of_bank(bank).describe(scores, [SNV] * 60, top=3)} == {((), ())}


def test_no_variants(effects, scores):
    assert effects.describe(rows_of(scores, []), [], top=3) == []
