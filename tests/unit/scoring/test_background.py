"""Background variants: the recipe decides them alone, and each is of its kind."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from oracles import bank_card, deepbind_config, model_card, random_stack

from varbind.bank.background import CodedChanges, VariantKind
from varbind.bank.bank import Bank
from varbind.bank.binding_scale import BindingScale
from varbind.core.sequence import decode, encode
from varbind.core.variant import trim
from varbind.core.window import Window
from varbind.errors import ResourceError
from varbind.scoring.background import (
    CONTEXT,
    QUANTILE_LEVELS,
    BackgroundRecipe,
    PromoterSource,
    add_background,
    background_variants,
    background_windows,
    widened,
)
from varbind.scoring.scorer import score_sequences

RECIPE = BackgroundRecipe(snvs=100, others=12, seed=3)


def small_bank(prefix="M", *, window=9, seed=0):
    shape = deepbind_config(window=window)
    stack = random_stack(np.random.default_rng(seed), shape, 3, prefix=prefix)
    models = tuple(model_card(model_id, config=shape) for model_id in stack.model_ids)
    return Bank((bank_card(models),), models, (stack,), background=None)


@pytest.fixture(scope="module")
def made():
    return add_background(small_bank(), recipe=RECIPE)


@pytest.mark.parametrize("kind", list(VariantKind))
def test_each_window_is_a_variant_of_its_kind(kind):
    low, high = kind.sizes
    windows = list(background_windows(kind, 30, PromoterSource(), np.random.default_rng(0)))
    assert len(windows) == 30
    sizes = Counter()
    for window in windows:
        assert not window.padded
        assert {*window.ref.tolist(), *window.alt.tolist()} <= {0, 1, 2, 3}
        np.testing.assert_array_equal(window.ref[:CONTEXT], window.alt[:CONTEXT])
        np.testing.assert_array_equal(window.ref[-CONTEXT:], window.alt[-CONTEXT:])
        ref, alt = decode(window.ref[CONTEXT:-CONTEXT]), decode(window.alt[CONTEXT:-CONTEXT])
        size = max(len(ref), len(alt))
        sizes[size] += 1
        assert low <= size <= high
        if kind.startswith("ins"):
            assert not ref
        elif kind.startswith("del"):
            assert not alt
        else:
            assert len(ref) == len(alt)
            assert trim(1, ref, alt) == (1, ref, alt)
    assert len(sizes) > (high - low) / 4


def test_the_three_snvs_of_a_site():
    windows = list(background_windows(VariantKind.SNV, 9, PromoterSource(), np.random.default_rng(0)))
    for first in (0, 3, 6):
        site = windows[first : first + 3]
        assert len({window.ref.tobytes() for window in site}) == 1
        bases = {int(window.alt[CONTEXT]) for window in site} | {int(site[0].ref[CONTEXT])}
        assert bases == {0, 1, 2, 3}


def test_what_a_background_holds(made):
    card = made.cards[0]
    assert card.background["counts"] == {str(k): 100 if k is VariantKind.SNV else 12 for k in VariantKind}
    assert (card.background["seed"], card.quantile_levels) == (3, QUANTILE_LEVELS)
    assert card.models == made.models
    for kind, changes in made.background.changes.items():
        assert changes.codes.shape == (3, card.background["counts"][str(kind)])
        assert changes.levels.dtype == np.float16


def test_the_numbers_are_those_of_the_variants(made):
    """Drawn and scored again, one allele at a time."""
    source = PromoterSource()
    scale = BindingScale.of_cards(made.models, QUANTILE_LEVELS)
    flank = 4
    for kind in VariantKind:
        windows = list(background_windows(kind, RECIPE.count(kind), source, RECIPE.stream(kind)))
        assert len(windows) == RECIPE.count(kind)
        ref, alt = (
            score_sequences([decode(getattr(w, allele)[CONTEXT - flank : flank - CONTEXT]) for w in windows], made)
            for allele in ("ref", "alt")
        )
        expected = CodedChanges.encode(scale.bound_change(ref, alt))
        np.testing.assert_array_equal(made.background.changes[kind].decode(), expected.decode())
        if kind is VariantKind.SNV:
            snv_ref, snv_delta = ref.astype(np.float64), (alt - ref).astype(np.float64)
    for column, model in enumerate(made.models):
        assert model.delta_sd == pytest.approx(np.std(snv_delta[:, column]), rel=1e-6)
        values = {
            "score": snv_ref[:, column],
            "loss": np.maximum(-snv_delta[:, column], 0),
            "gain": np.maximum(snv_delta[:, column], 0),
        }
        for name, value in values.items():
            assert model.quantiles[name] == pytest.approx(np.quantile(value, QUANTILE_LEVELS), rel=1e-5, abs=1e-12)
            assert model.quantiles[name] == sorted(model.quantiles[name])


def test_the_families_are_those_of_the_default_models():
    bank = small_bank()
    families, default = ("A", "B", "A"), (True, True, True)
    models = tuple(replace(m, family=f, default=d) for m, f, d in zip(bank.models, families, default, strict=True))
    for chosen, expected in ((models, {"A", "B"}), ((*models[:2], replace(models[2], default=False)), {"A", "B"})):
        card = replace(bank.cards[0], models=chosen)
        found = add_background(replace(bank, cards=(card,), models=chosen), recipe=RECIPE)
        assert set(found.cards[0].families) == expected
        changes = found.background.changes[VariantKind.SNV].decode().astype(np.float64)
        members = [place for place, model in enumerate(chosen) if (model.family, model.default) == ("A", True)]
        mean = changes[:, members].mean(axis=1)
        for name, side in (("loss", -mean), ("gain", mean)):
            quantiles = np.quantile(np.maximum(side, 0), QUANTILE_LEVELS)
            assert found.cards[0].families["A"][name] == pytest.approx(quantiles, rel=1e-5, abs=1e-12)


def test_made_again_it_is_the_same(made):
    again = add_background(small_bank(), recipe=RECIPE)
    assert again.cards == made.cards
    for kind in VariantKind:
        for name in ("codes", "levels"):
            found, expected = (getattr(bank.background.changes[kind], name) for bank in (again, made))
            assert found.tobytes() == expected.tobytes()


def test_the_variants_do_not_depend_on_the_models(made):
    """So tables of banks of one recipe can stand side by side."""
    other = add_background(small_bank("N", window=15, seed=1), recipe=RECIPE)
    assert other.cards[0].background == made.cards[0].background
    joined = Bank.concatenate([made, other])
    found, expected = (bank.background.changes[VariantKind.SNV].decode() for bank in (joined, other))
    np.testing.assert_array_equal(found[:, 3:], expected)


@pytest.mark.parametrize("change", [{"seed": 4}, {"snvs": 103}, {"others": 13}])
def test_another_recipe_is_another_background(made, change):
    other = add_background(small_bank("N"), recipe=replace(RECIPE, **change))
    assert other.cards[0].background["sha256"] != made.cards[0].background["sha256"]
    assert Bank.concatenate([made, other]).background is None


def test_a_kind_does_not_depend_on_the_count_of_another():
    source = PromoterSource()
    drawn = [dict(background_variants(recipe, source)) for recipe in (RECIPE, replace(RECIPE, snvs=150))]
    for kind in VariantKind:
        first, second = ([(w.ref.tobytes(), w.alt.tobytes()) for w in windows[kind]] for windows in drawn)
        assert (first == second) == (kind is not VariantKind.SNV)


def test_no_two_kinds_share_their_random_numbers():
    assert len({RECIPE.stream(kind).integers(1 << 62) for kind in VariantKind}) == len(VariantKind)
    assert RECIPE.total == 100 + 12 * (len(VariantKind) - 1)


def test_progress_reaches_the_end():
    calls = []
    add_background(small_bank(), recipe=RECIPE, progress=lambda *call: calls.append(call))
    total = 100 + 12 * (len(VariantKind) - 1)
    assert calls[-1] == (total, total, "background variants")
    assert calls == sorted(calls)


def test_promoters_of_the_user():
    rng = np.random.default_rng(2)
    promoters = [rng.choice([1, 2], 400).astype(np.uint8), encode("A" * 100), encode("N" * 350)]
    kept = [promoter.copy() for promoter in promoters]
    source = PromoterSource(promoters)
    drawn = source.draw(20, 250, rng)
    assert all(row.tobytes() in promoters[0].tobytes() for row in drawn)
    assert len({row.tobytes() for row in drawn}) > 1
    made = add_background(small_bank(), recipe=RECIPE, source=source)
    assert made.cards[0].background["source"].startswith("3 promoters of the user, sha256 ")
    for before, after in zip(kept, promoters, strict=True):
        np.testing.assert_array_equal(before, after)
    other = PromoterSource([promoters[0][::-1], *promoters[1:]])
    assert other.name != source.name


@pytest.mark.parametrize(
    ("promoters", "match"),
    [([], "has 0 bases"), (["ACGT" * 74], "has 296 bases"), (["N" * 400], "mostly N")],
)
def test_promoters_that_do_not_serve(promoters, match):
    with pytest.raises(ResourceError, match=match):
        PromoterSource([encode(text) for text in promoters]).draw(1, 250, np.random.default_rng(0))


def test_wide_windows_have_the_inner_bases_and_changes_of_the_others():
    narrow = list(background_windows(VariantKind.SNV, 9, PromoterSource(), np.random.default_rng(0)))
    wide = list(widened(narrow, 150, PromoterSource(), seed=1))
    assert [(len(window.ref), len(window.alt)) for window in wide] == [(301, 301)] * 9
    for window, inner in zip(wide, narrow, strict=True):
        assert window.inner(50).ref.tobytes() == inner.ref.tobytes()
        assert window.inner(50).alt.tobytes() == inner.alt.tobytes()
        np.testing.assert_array_equal(window.ref[:50], window.alt[:50])
        np.testing.assert_array_equal(window.ref[-50:], window.alt[-50:])
    outer = np.stack([window.ref[:50] for window in wide])
    assert len(np.unique(outer, axis=0)) == 9
    assert list(widened(narrow, 100, PromoterSource(), seed=1)) == narrow


def test_banks_of_all_widths_have_one_background():
    """Their cards state the same variants, so that PHREDs of joined banks are of the same variants."""
    narrow, wide = (add_background(small_bank(window=window), recipe=RECIPE) for window in (9, 261))
    assert narrow.cards[0].background == wide.cards[0].background


def test_promoters_too_short_for_wide_windows_are_refused():
    source = PromoterSource([encode("ACGT" * 80)])
    with pytest.raises(ResourceError, match="no background sequence has 400 bases"):
        list(widened([Window(*[encode("A" * 201)] * 2, padded=False)], 500, source, seed=1))


def test_the_shipped_background_was_made_by_its_recipe(shipped_bank):
    """The digest of the card covers every variant; the counts are those of the table."""
    background = shipped_bank.cards[0].background
    recipe = BackgroundRecipe()
    assert {str(kind): recipe.count(kind) for kind in VariantKind} == background["counts"]
    assert {kind: table.variants for kind, table in shipped_bank.background.changes.items()} == background["counts"]
    assert (background["seed"], background["source"]) == (recipe.seed, PromoterSource().name)
    # A bound change is at most the change of the score in units of the softness.
    scale = BindingScale.of_cards(shipped_bank.models, QUANTILE_LEVELS)
    for column, model in enumerate(shipped_bank.models):
        changes = shipped_bank.background.changes[VariantKind.SNV].of_model(column).astype(np.float64)
        largest = {name: model.quantiles[name][-1] / scale.softness[column] for name in ("loss", "gain")}
        found = np.quantile(-changes, QUANTILE_LEVELS[-1]), np.quantile(changes, QUANTILE_LEVELS[-1])
        assert 0 < found[0] <= 1.05 * largest["loss"]
        assert 0 < found[1] <= 1.05 * largest["gain"]
