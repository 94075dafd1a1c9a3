"""The strongest loss and gain of binding, against loops over families and background variants."""

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
from varbind.bank.null_distribution import UpperTail

SNV = VariantKind.SNV


def slow_family_means(models, delta):
    """Per variant a dictionary of family -> mean z."""
    rows = []
    for row in delta:
        zs = {}
        for model, value in zip(models, row, strict=True):
            zs.setdefault(model.family, []).append(float(value) / model.delta_sd if model.delta_sd > 0 else 0.0)
        rows.append({family: sum(values) / len(values) for family, values in zs.items()})
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
    return BindingEffects(tiny_bank.models, tiny_bank.background)


@pytest.fixture(scope="module")
def delta(tiny_bank):
    """Changes as large as the background's and up to four times larger, float32 (60, M)."""
    rng = np.random.default_rng(11)
    table = tiny_bank.background.changes[SNV].decode()
    rows = table[rng.choice(len(table), 60, replace=False)].astype(np.float32)
    return rows * rng.uniform(0.5, 4, (60, 1)).astype(np.float32)


def all_kinds(count):
    every = list(VariantKind)
    return [every[i % len(every)] for i in range(count)]


def test_family_means(effects, tiny_bank, delta):
    means = effects.family_means(effects.z(delta))
    slow = slow_family_means(tiny_bank.models, delta)
    assert means.shape == (4, 60)
    assert effects.families == ("Ets-related", "Sp1-like", "bHLH-ZIP", "TBP-related")
    for row, expected in zip(means.T, slow, strict=True):
        np.testing.assert_allclose(row, [expected[family] for family in effects.families], rtol=tolerances.ORACLE)


@pytest.mark.parametrize("kind", [SNV, VariantKind.INS_6_15])
def test_the_background_is_what_its_variants_would_be(effects, tiny_bank, kind):
    """Decoded level by level, to the bit of what variants of these changes have."""
    table = tiny_bank.background.changes[kind].decode()
    expected = np.sort(effects.family_means(effects.z(table)), axis=1)
    assert effects._background(kind).families._sorted.tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", first_quick([VariantKind.INS_6_15, VariantKind.DEL_1, SNV], 2))
def test_phred_against_loops(effects, tiny_bank, delta, kind):
    table = tiny_bank.background.changes[kind].decode()
    for row in delta[:2]:
        found = effects.describe(row[None], [kind], top=1)[0]
        expected = [slow_phred(tiny_bank.models, table, kind, side, row) for side in (-1, 1)]
        # Strengths are of single precision.
        assert [found.loss_phred, found.gain_phred] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_variant_is_the_same_alone_and_in_a_batch(effects, delta):
    kinds = all_kinds(len(delta))
    together = effects.describe(delta, kinds, top=3)
    alone = [effects.describe(delta[i : i + 1], kinds[i : i + 1], top=3)[0] for i in range(len(delta))]
    backwards = effects.describe(delta[::-1], kinds[::-1], top=3)[::-1]
    # repr tells every bit of a float.
    assert repr(together) == repr(alone) == repr(backwards)


def test_a_fresh_object_says_the_same(effects, tiny_bank, delta):
    kinds = all_kinds(len(delta))
    fresh = BindingEffects(tiny_bank.models, tiny_bank.background)
    assert repr(fresh.describe(delta, kinds, top=3)) == repr(effects.describe(delta, kinds, top=3))


def test_what_is_prepared_is_not_derived_again(effects, tiny_bank, delta, monkeypatch):
    kinds = [SNV, VariantKind.DEL_1, VariantKind.INS_1] * 20
    prepared, fresh = (BindingEffects(tiny_bank.models, tiny_bank.background) for _ in range(2))
    prepared.prepare(kinds)
    monkeypatch.setattr("varbind.bank.binding_changes.SignedTails", None)
    assert repr(prepared.describe(delta, kinds, top=3)) == repr(effects.describe(delta, kinds, top=3))
    with pytest.raises(TypeError):
        fresh.describe(delta, kinds, top=3)


def test_without_a_table_there_is_nothing_to_prepare(tiny_bank):
    BindingEffects(tiny_bank.models, None).prepare([SNV, VariantKind.INS_1])


def test_of_equal_members_the_first_is_named():
    families = {"a": "F", "b": "G", "c": "F", "d": "F"}
    models = [model_card(name, family=family, delta_sd=1.0) for name, family in families.items()]
    delta = np.array([[-1, 2, -2, -2], [3, -1, 1, 3]], dtype=np.float32)
    first, second = BindingEffects(models, None).describe(delta, [SNV, SNV], top=3)
    assert [change.model.model_id for change in (*first.losses, *first.gains)] == ["c", "b"]
    assert [change.model.model_id for change in (*second.losses, *second.gains)] == ["b", "a"]


def test_fewer_families_are_the_first_of_more(effects, delta):
    kinds = all_kinds(len(delta))
    every = effects.describe(delta, kinds, top=99)
    for top in (0, 1, 2):
        for few, all_ in zip(effects.describe(delta, kinds, top=top), every, strict=True):
            assert (few.losses, few.gains) == (all_.losses[:top], all_.gains[:top])
            assert (few.loss_phred, few.gain_phred) == (all_.loss_phred, all_.gain_phred)


def test_what_is_listed(effects, tiny_bank, delta):
    """Each family that moves in a direction, once, by its member that moves most, rarest first."""
    column_of = {model.model_id: column for column, model in enumerate(tiny_bank.models)}
    z = effects.z(delta)
    slow = slow_family_means(tiny_bank.models, delta)
    for row, effect in enumerate(effects.describe(delta, [SNV] * len(delta), top=99)):
        for side, changes in ((-1, effect.losses), (1, effect.gains)):
            assert {c.model.family for c in changes} == {f for f, mean in slow[row].items() if side * mean > 0}
            assert len({c.model.family for c in changes}) == len(changes)
            assert [c.share for c in changes] == sorted(c.share for c in changes)
            for change in changes:
                column = column_of[change.model.model_id]
                members = [i for i, model in enumerate(tiny_bank.models) if model.family == change.model.family]
                assert change.delta == delta[row, column]
                assert change.z == z[row, column]
                assert side * change.z == max(side * z[row, i] for i in members)
                assert side * change.delta > 0


@given(st.integers(0, 59), st.sampled_from(list(VariantKind)), st.lists(st.floats(0, 50), min_size=2, max_size=6))
def test_a_larger_change_is_never_less_rare(effects, tiny_bank, delta, row, kind, shifts):
    """Every family moved further in one direction by some standard deviations."""
    spread = np.array([model.delta_sd for model in tiny_bank.models])
    for side, name in ((-1, "loss_phred"), (1, "gain_phred")):
        moved = delta[row] + side * np.sort(shifts)[:, None] * spread
        phreds = [getattr(effect, name) for effect in effects.describe(moved, [kind] * len(moved), top=1)]
        assert all(np.isfinite(phreds))
        assert phreds == sorted(phreds)
        assert phreds[0] >= 0


@pytest.mark.parametrize("kind", list(VariantKind))
@pytest.mark.parametrize("side", ["loss_phred", "gain_phred"])
def test_background_variants_are_calibrated(effects, tiny_bank, kind, side):
    """One background variant in ten has 10 or more, one in two 3.01 or more."""
    table = tiny_bank.background.changes[kind].decode().astype(np.float32)
    phreds = np.array([getattr(e, side) for e in effects.describe(table, [kind] * len(table), top=0)])
    tolerance = tolerances.CALIBRATION if kind is SNV else tolerances.PHRED_10_SMALL
    assert np.mean(phreds >= 10) == pytest.approx(0.1, abs=tolerance)
    assert np.mean(phreds >= 10 * np.log10(2)) == pytest.approx(0.5, abs=tolerance)


def test_calibration_holds_for_variants_that_were_not_seen(tiny_bank):
    """Half of the sites as background for the other half."""
    table = tiny_bank.background
    snvs = table.changes[SNV]
    half = snvs.variants // 6 * 3  # three SNVs share a site
    seen = replace(table, changes={**table.changes, SNV: replace(snvs, codes=snvs.codes[:, :half])})
    unseen = snvs.decode()[half:].astype(np.float32)
    described = BindingEffects(tiny_bank.models, seen).describe(unseen, [SNV] * len(unseen), top=0)
    for side in ("loss_phred", "gain_phred"):
        share = np.mean([getattr(effect, side) >= 10 for effect in described])
        assert share == pytest.approx(0.1, abs=tolerances.PHRED_10_SMALL)


@pytest.mark.parametrize("largest", [6.6567, 1e-3, 70_000.0])
def test_the_largest_change_of_many_background_variants_is_as_rare_as_these(largest):
    """A matrix can lose no more than a whole site: 2 % of the background do, and so does a variant of 50."""
    rng = np.random.default_rng(3)
    snvs = np.append(rng.uniform(-0.9, 0.9, 2_940) * largest, np.full(60, -largest)).astype(np.float32)
    table = BackgroundTable({SNV: CodedChanges.encode(rng.permutation(snvs)[:, None])})
    effects = BindingEffects([model_card("matrix", family="F", delta_sd=float(snvs.std()))], table)
    whole, beyond, less = effects.describe(
        np.array([[-largest], [-1.2 * largest], [-0.99 * largest]], dtype=np.float32), [SNV] * 3, top=1
    )
    assert whole.losses[0].share == 61 / 3_001
    assert whole.loss_phred == pytest.approx(17, abs=0.5)
    assert less.losses[0].share == whole.losses[0].share
    # Nothing tells how rare is what no background variant does.
    assert beyond.losses[0].share == (1 / 3_001 if largest < 65_504 else whole.losses[0].share)
    assert beyond.loss_phred <= 10 * np.log10(3_001)


def test_no_change_is_no_loss_and_no_gain(effects, tiny_bank):
    zero = np.zeros((1, len(tiny_bank.models)), dtype=np.float32)
    effect = effects.describe(zero, [SNV], top=3)[0]
    assert (effect.losses, effect.gains) == ((), ())
    assert 0 <= effect.loss_phred < 3
    assert 0 <= effect.gain_phred < 3


def test_without_a_table_families_stand_by_mean_change(tiny_bank, delta):
    plain = BindingEffects(tiny_bank.models, None)
    slow = slow_family_means(tiny_bank.models, delta)
    for means, effect in zip(slow, plain.describe(delta, [SNV] * len(delta), top=99), strict=True):
        assert (effect.loss_phred, effect.gain_phred) == (None, None)
        losses = [means[change.model.family] for change in effect.losses]
        gains = [means[change.model.family] for change in effect.gains]
        assert losses == sorted(losses)
        assert gains == sorted(gains, reverse=True)
        assert len(losses) + len(gains) == sum(mean != 0 for mean in means.values())


def test_a_model_that_never_changes_is_never_listed():
    models = [model_card("still", family="A", delta_sd=0.0), model_card("moves", family="B", delta_sd=2.0)]
    effect = BindingEffects(models, None).describe(np.array([[-9.0, -1.0]], dtype=np.float32), [SNV], top=3)[0]
    assert [(c.model.model_id, c.delta, c.z) for c in effect.losses] == [("moves", -1.0, -0.5)]
    assert effect.gains == ()


def test_a_still_model_counts_in_its_family_as_no_change(tiny_bank, delta):
    first = tiny_bank.models[0]
    models = (replace(first, delta_sd=0.0), *tiny_bank.models[1:])
    effects = BindingEffects(models, tiny_bank.background)
    means = effects.family_means(effects.z(delta))
    partner = delta[:, 1].astype(np.float64) / models[1].delta_sd
    np.testing.assert_allclose(means[0], partner / 2, rtol=tolerances.ORACLE)
    described = effects.describe(delta, [SNV] * len(delta), top=3)
    assert all(np.isfinite([e.loss_phred, e.gain_phred]).all() for e in described)


def test_no_variants(effects, tiny_bank):
    assert effects.describe(np.zeros((0, len(tiny_bank.models)), dtype=np.float32), [], top=3) == []
