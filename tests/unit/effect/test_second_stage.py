"""From binding scores to effects: which keys there are, what each number is, and who may ask for what."""

import math
from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import TextReference
from second_stages import HEADS, TRACKS, random_deepfind, random_effect, scored_bank

from varbind.annotate.settings import AnnotateSettings
from varbind.api.predict_effects import predict_effects, scored_with
from varbind.api.variants import score_variants
from varbind.bank.background import VariantKind
from varbind.bank.bank import Bank
from varbind.bank.null_distribution import ShareCurve
from varbind.core.scores import BindingScores
from varbind.core.variant import Variant, left_align
from varbind.core.window import Window, cut_windows
from varbind.effect.background_rank import quantile_steps
from varbind.effect.deepfind import deepfind_logits
from varbind.effect.effect_model import key_of_place, key_of_window, merged_keys
from varbind.effect.features import VariantSites, binding_features, feature_matrix
from varbind.effect.score import logit
from varbind.effect.second_stage import EFFECT_KEYS, LOCAL_NETWORK, SecondStage
from varbind.errors import InputError, ResourceError, UsageError
from varbind.io.effects import write_effect

ROWS, FLANK = 40, 15
BANK = scored_bank()
EFFECT = random_effect(BANK)
KINDS = [kind for _ in range(ROWS) for kind in (VariantKind.SNV, VariantKind.INS_1, VariantKind.DEL_1)][:ROWS]
# The columns of a run: those of the second stage, in another order and with others between.
COLUMNS = ("X", "M3", "M1", "Y", "M2")


def run_scores(seed=1):
    ref, alt = np.random.default_rng(seed).uniform(2, 8, (2, ROWS, len(COLUMNS))).astype(np.float32)
    return BindingScores(COLUMNS, ref, alt)


def run_sites(seed=2, tracks=TRACKS, missing=()):
    rng = np.random.default_rng(seed)
    distances, transversions = rng.integers(-3000, 3000, ROWS).astype(float), rng.integers(0, 2, ROWS).astype(float)
    # A third of the variants has no start nearby.
    distances[rng.random(ROWS) < 1 / 3] = np.nan
    conservation = {name: rng.uniform(0, 1, (ROWS, 2)) for name in TRACKS}
    for name in missing:
        conservation[name][:] = np.nan
    return VariantSites(distances, transversions, {name: conservation[name] for name in tracks})


def run_windows(seed=3):
    """Of the kinds of the variants, with more bases than the local head reads."""
    rng, found = np.random.default_rng(seed), []
    for kind in KINDS:
        left, right, base = (rng.integers(0, 4, size).astype(np.uint8) for size in (FLANK, FLANK, 1))
        ref, alt = {
            VariantKind.SNV: (base, (base + 1) % 4),
            VariantKind.INS_1: (base[:0], base),
            VariantKind.DEL_1: (base, base[:0]),
        }[kind]
        alleles = (np.concatenate([left, allele, right]) for allele in (ref, alt))
        found.append(Window(*alleles, padded=False))
    return found


SCORES, SITES = run_scores(), run_sites()


WINDOWS = run_windows()


def taken(rows, sites=SITES):
    """Some of the variants."""
    own = VariantSites(
        sites.tss_distance[rows],
        sites.transversions[rows],
        {name: values[rows] for name, values in sites.conservation.items()},
    )
    kinds, windows = ([every[row] for row in rows] for every in (KINDS, WINDOWS))
    return BindingScores(COLUMNS, SCORES.ref[rows], SCORES.alt[rows]), own, kinds, windows, FLANK


def predict(effect=EFFECT, tracks=TRACKS, sites=SITES):
    return SecondStage(effect, COLUMNS, own_names(tracks)).predict(SCORES, sites, KINDS, WINDOWS, FLANK)


def own_names(tracks):
    """The tracks of a run under the names that the heads know."""
    return {name: name for name in tracks if name in TRACKS}


ALL = ("SCORE", "SCORE_CONS", "PHRED", "CONS_PHRED", "ACTIVITY", "ACTIVITY_SE", "DEEPFIND")
WITH_CONSERVATION = {"SCORE_CONS", "CONS_PHRED"}


@pytest.mark.parametrize(
    ("heads", "tracks", "names"),
    [
        (HEADS, TRACKS, ALL),
        (("activity", "score", "deepfind", "conservation"), TRACKS, ALL),
        (("activity", "score", "deepfind", "conservation"), ("other", TRACKS[1]), ALL),
        (("activity", "score", "deepfind", "conservation"), (), [n for n in ALL if n not in WITH_CONSERVATION]),
        (("activity", "score", "conservation"), ("other",), ["SCORE", "PHRED", "ACTIVITY", "ACTIVITY_SE"]),
        (("activity", "score"), TRACKS, ["SCORE", "PHRED", "ACTIVITY", "ACTIVITY_SE"]),
        (("activity",), TRACKS, ["ACTIVITY", "ACTIVITY_SE"]),
        (("local", "activity"), (), ["ACTIVITY", "ACTIVITY_SE"]),
        (("local",), (), []),
        (("deepfind",), (), ["DEEPFIND"]),
        (("deepfind", "conservation"), TRACKS, ["DEEPFIND"]),
        (("conservation",), TRACKS, []),
    ],
)
def test_keys_are_those_of_heads_and_tracks(heads, tracks, names):
    stage = SecondStage(random_effect(BANK, heads=heads), COLUMNS, own_names(tracks))
    assert stage.keys.names == tuple(names)
    found = stage.predict(SCORES, run_sites(tracks=[name for name in tracks if name in TRACKS]), KINDS, WINDOWS, FLANK)
    assert set(names) <= set(found.values)
    assert all(found.values[name].shape == (ROWS,) for name in names)


def test_without_curves_there_is_no_phred():
    names = SecondStage(random_effect(BANK, curves=()), COLUMNS, own_names(TRACKS)).keys.names
    assert names == tuple(name for name in ALL if "PHRED" not in name)


@pytest.mark.parametrize(("asked", "heads"), [(3, ("deepfind",)), (0, ("activity",)), (3, ("activity",))])
def test_explanations_are_of_the_activity_alone(asked, heads):
    stage = SecondStage(random_effect(BANK, heads=heads), COLUMNS, explain=asked)
    assert stage.keys.explain == (asked if "activity" in heads else 0)


def test_only_deepfind_reads_around():
    assert SecondStage(EFFECT, COLUMNS).reads_around
    assert not SecondStage(random_effect(BANK, heads=("activity", "score", "conservation")), COLUMNS).reads_around


def test_only_the_local_head_reads_bases():
    assert SecondStage(EFFECT, COLUMNS).flank == 12
    without = random_effect(BANK, heads=HEADS[1:])
    assert SecondStage(without, COLUMNS).flank == 0
    given, none = (SecondStage(without, COLUMNS).predict(SCORES, SITES, KINDS, *own) for own in ((WINDOWS, FLANK), ()))
    for name, values in given.values.items():
        assert values.tobytes() == none.values[name].tobytes()


def described(effect):
    """The Description of PHRED."""
    return next(key.description for key in SecondStage(effect, COLUMNS).keys.keys if key.name == "PHRED")


def test_the_description_of_phred_lists_the_cutoffs():
    text, plain = described(EFFECT), described(replace(EFFECT, card=replace(EFFECT.card, cutoffs=[])))
    assert text.startswith(plain)
    assert plain == EFFECT_KEYS["PHRED"].description
    assert text.endswith(
        "; measured on left-out loci, where 12 % of all variants change activity, at cut-offs of 15 (recommended: "
        "precision 0.75, recall 0.25, 3 % of background SNVs)"
    )


def slow_outputs(window):
    """The outputs of the local head for one variant, computed for itself alone."""
    return EFFECT.heads["local"].changes([window.inner(FLANK - 12)])[0].tolist()


def test_numbers_are_those_of_the_heads_variant_by_variant():
    found, place = predict().values, [COLUMNS.index(model_id) for model_id in EFFECT.card.model_ids]
    ref, alt = SCORES.ref[:, place], SCORES.alt[:, place]
    activity_head, score = EFFECT.heads["activity"], EFFECT.heads["score"]
    scale = activity_head.scale
    evidence = EFFECT.heads["conservation"].log_odds(
        np.stack([SITES.conservation[name][:, 0] for name in TRACKS], axis=1)
    )
    for row in range(ROWS):
        bound, z = (part[0] for part in (scale.bound_change(ref[[row]], alt[[row]]), scale.z(ref[[row]], alt[[row]])))
        activity = sum(
            float(activity_head.weights[0, m] * bound[m] + activity_head.weights[1, m] * z[m]) for m in range(3)
        )
        outputs = slow_outputs(WINDOWS[row])
        activity += sum(a * float(b) for a, b in zip(outputs, activity_head.local_weights, strict=True))
        square = sum(float(one) ** 2 for one in bound) / 3
        distance = SITES.tss_distance[row]
        near = 0 if math.isnan(distance) else 1 / (1 + ((distance + 50) / 200) ** 2)
        sizes = [max(-activity, 0) / score.units[0], max(activity, 0) / score.units[0], square / score.units[1]]
        parts = [*map(math.log1p, sizes), near]
        odds = score.constant + sum(weight * part for weight, part in zip(score.weights, parts, strict=True))
        slow = {"ACTIVITY": activity, "SCORE": 1 / (1 + math.exp(-odds))}
        slow["SCORE_CONS"] = 1 / (1 + math.exp(-odds - 0.75 * evidence[row]))
        for name, value in slow.items():
            assert found[name][row] == pytest.approx(value, rel=tolerances.ORACLE), name
        of_loss = 1 / (1 + math.exp(-score.direction[0] - score.direction[1] * activity))
        assert math.exp(predict().log_loss[row]) == pytest.approx(slow["SCORE"] * of_loss, rel=tolerances.ORACLE)
    local = np.array([slow_outputs(window) for window in WINDOWS])
    assert found["ACTIVITY_SE"] == pytest.approx(activity_head.errors(activity_head.changes(ref, alt), local))
    features = feature_matrix(EFFECT.heads["deepfind"].features, EFFECT.card.model_ids, ref, alt, SITES)
    logits = deepfind_logits(EFFECT.heads["deepfind"], features)
    assert found["DEEPFIND"] == pytest.approx(1 / (1 + np.exp(-logits)), rel=tolerances.ORACLE)


def test_phred_is_there_for_kinds_with_a_curve_and_missing_for_others():
    """And is that of the alleles without a start exactly where there is no distance to one."""
    found, used = predict(), set()
    for kind, distance, phred, log_loss in zip(
        KINDS, SITES.tss_distance, found.values["PHRED"], found.log_loss, strict=True
    ):
        if kind in {VariantKind.SNV, VariantKind.INS_1}:
            names = ("score_no_tss", "score") if math.isnan(distance) else ("score", "score_no_tss")
            own, other = (EFFECT.curves[name][kind].share(np.array([log_loss]))[0] for name in names)
            assert phred == pytest.approx(-10 * math.log10(own))
            used |= {(kind, names[0])} if own != other else set()
        else:
            assert np.isnan(phred)
    assert len(used) == 4


def test_cons_phred_is_that_of_all_pairs():
    """All pairs of a background variant of a large sample and a quantile of the common ones are counted."""
    conservation = EFFECT.heads["conservation"]
    sample = np.sort(np.random.default_rng(7).normal(predict().log_loss.mean(), 4, 20_000))
    curves = {name: {VariantKind.SNV: ShareCurve.of(sample)} for name in ("score", "score_no_tss")}
    found = predict(replace(EFFECT, curves=curves), sites=run_sites(missing=[TRACKS[1]]))
    evidence = conservation.log_odds(np.stack([SITES.conservation[TRACKS[0]][:, 0], np.full(ROWS, np.nan)], axis=1))
    compared = 0
    for row, kind in enumerate(KINDS):
        own = found.values["CONS_PHRED"][row]
        if kind is not VariantKind.SNV:
            assert np.isnan(own)
            continue
        together = found.log_loss[row] + 0.75 * evidence[row]
        pairs = sample[:, None] + 0.75 * conservation.common[0b01] >= together
        # The rarest hundredth of a curve is a fitted tail. The points of the curve are within 0.05.
        share = pairs.mean(axis=0) @ quantile_steps(pairs.shape[1])[1]
        if share > 0.01:
            assert own == pytest.approx(-10 * math.log10(share), abs=0.05)
            compared += 1
    assert compared > 5


def test_without_a_track_value_cons_phred_is_phred():
    found = predict(sites=run_sites(missing=TRACKS)).values
    np.testing.assert_array_equal(found["CONS_PHRED"], found["PHRED"])
    assert not np.array_equal(predict().values["CONS_PHRED"], found["PHRED"], equal_nan=True)


@given(st.lists(st.integers(0, 1), min_size=2, max_size=2, unique=True), st.floats(0, 1))
def test_more_conservation_is_no_smaller_cons_phred(columns, value):
    low, high = run_sites(), run_sites()
    for column in columns:
        low.conservation[TRACKS[column]][:, 0] = value / 2
        high.conservation[TRACKS[column]][:, 0] = value
    before, after = (predict(sites=sites).values["CONS_PHRED"] for sites in (low, high))
    assert (after[~np.isnan(after)] >= before[~np.isnan(before)]).all()


@pytest.mark.parametrize("name", ["score", "score_no_tss"])
def test_without_one_of_its_curves_there_is_no_phred_of_these_alleles(name):
    curves = {other: own for other, own in EFFECT.curves.items() if other != name}
    whole, found = predict(), predict(replace(EFFECT, curves=curves))
    gone = np.isnan(SITES.tss_distance) == (name == "score_no_tss")
    assert np.isnan(found.values["PHRED"][gone]).all()
    np.testing.assert_array_equal(found.values["PHRED"][~gone], whole.values["PHRED"][~gone])


@pytest.mark.parametrize("with_start", [True, False])
def test_a_likelier_loss_has_no_smaller_phred(with_start):
    found = predict()
    own = [
        row
        for row, kind in enumerate(KINDS)
        if kind is VariantKind.SNV and np.isnan(SITES.tss_distance[row]) != with_start
    ]
    order = sorted(own, key=lambda row: found.log_loss[row])
    assert (np.diff(found.values["PHRED"][order]) >= 0).all()
    assert np.ptp(found.values["PHRED"][order]) > 0


def test_no_evidence_is_a_score_of_0_and_the_lowest_phred():
    """Of an allele that changes neither the score of a model nor the bases, however near the start."""
    same = BindingScores(COLUMNS, SCORES.ref, SCORES.ref)
    windows = [Window(window.ref, window.ref, window.padded) for window in WINDOWS]
    stage = SecondStage(EFFECT, COLUMNS, own_names(TRACKS))
    found = stage.predict(same, SITES, KINDS, windows, FLANK).values
    for name in ("SCORE", "ACTIVITY", "ACTIVITY_SE"):
        assert not found[name].any(), name
    assert (found["SCORE_CONS"] < 1e-300).all()
    assert not np.nan_to_num(found["PHRED"]).any()
    # A change of the bases alone is evidence, though no score of a model changes.
    local = stage.predict(same, SITES, KINDS, WINDOWS, FLANK).values
    assert (local["SCORE"] > 0).all()
    assert local["ACTIVITY"].all()


@given(st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=20))
def test_a_variant_has_the_same_bytes_alone_and_in_any_batch(rows):
    stage = SecondStage(EFFECT, COLUMNS, own_names(TRACKS))
    whole = stage.predict(*taken(rows))
    for place, row in enumerate(rows):
        alone = stage.predict(*taken([row]))
        for name, values in whole.values.items():
            assert values[place].tobytes() == alone.values[name][0].tobytes(), name
        assert whole.contributions[place].tobytes() == alone.contributions[0].tobytes()
        assert whole.log_loss[place].tobytes() == alone.log_loss[0].tobytes()


def test_many_models_have_the_same_bytes_in_every_batch(tiny_bank):
    """Sums over many models are where numpy's order could depend on the batch."""
    effect = random_effect(tiny_bank, seed=3)
    windows = [WINDOWS[row % ROWS] for row in range(300)]
    rng = np.random.default_rng(5)
    ref, alt = rng.normal(size=(2, 300, len(tiny_bank.models))).astype(np.float32)
    stage, sites = SecondStage(effect, tiny_bank.model_ids), VariantSites(*[np.zeros(300)] * 2)
    whole = stage.predict(BindingScores(tiny_bank.model_ids, ref, alt), sites, [VariantKind.SNV] * 300, windows, FLANK)
    for size in (1, 7, 256):
        for first in range(0, 300, size):
            rows = slice(first, first + size)
            own = VariantSites(sites.tss_distance[rows], sites.transversions[rows])
            part = BindingScores(tiny_bank.model_ids, ref[rows], alt[rows])
            found = stage.predict(part, own, [VariantKind.SNV] * len(part.ref), windows[rows], FLANK)
            for name, values in whole.values.items():
                assert values[rows].tobytes() == found.values[name].tobytes(), (name, size)


def test_what_no_track_knows_leaves_the_score_as_it_is():
    sites = run_sites(missing=TRACKS)
    found = predict(sites=sites).values
    np.testing.assert_array_equal(found["SCORE_CONS"], found["SCORE"])


@pytest.mark.parametrize("name", TRACKS)
def test_a_track_that_is_not_at_hand_is_one_without_values(name):
    """And changes nothing but the sums with conservation and what DeepFind reads."""
    other = next(track for track in TRACKS if track != name)
    gone = predict(tracks=[other], sites=run_sites(tracks=[other])).values
    empty = predict(sites=run_sites(missing=[name])).values
    whole = predict().values
    for key in ALL:
        np.testing.assert_array_equal(gone[key], empty[key])
    for key in ("SCORE", "PHRED", "ACTIVITY", "ACTIVITY_SE"):
        np.testing.assert_array_equal(gone[key], whole[key])
    assert (gone["SCORE_CONS"] != whole["SCORE_CONS"]).any()
    values = np.stack(
        [SITES.conservation[track][:, 0] if track == other else np.full(ROWS, np.nan) for track in TRACKS], axis=1
    )
    odds = logit(whole["SCORE"]) + 0.75 * EFFECT.heads["conservation"].log_odds(values)
    assert gone["SCORE_CONS"] == pytest.approx(1 / (1 + np.exp(-odds)), rel=tolerances.ORACLE)


def test_more_conservation_is_a_higher_score():
    low, high = (run_sites() for _ in range(2))
    for sites, value in ((low, -1.0), (high, 2.0)):
        sites.conservation[TRACKS[0]][:, 0] = value
    assert (predict(sites=high).values["SCORE_CONS"] > predict(sites=low).values["SCORE_CONS"]).all()


def test_a_track_of_another_name_is_read_as_the_known_one():
    renamed = VariantSites(
        SITES.tss_distance, SITES.transversions, {f"{name}.bw": values for name, values in SITES.conservation.items()}
    )
    stage = SecondStage(EFFECT, COLUMNS, {name: f"{name}.bw" for name in TRACKS})
    found, own = stage.predict(SCORES, renamed, KINDS, WINDOWS, FLANK).values, predict().values
    assert list(found) == list(own)
    for name, values in own.items():
        np.testing.assert_array_equal(found[name], values)


def without_tracks_in_deepfind(effect=EFFECT):
    """The same second stage with networks that read binding alone."""
    names = binding_features(effect.card.model_ids)
    deepfind = random_deepfind(np.random.default_rng(8), names)
    return replace(effect, heads={**effect.heads, "deepfind": deepfind})


def test_deepfind_is_the_sum_of_two_log_odds():
    effect = without_tracks_in_deepfind()
    place = [COLUMNS.index(model_id) for model_id in effect.card.model_ids]
    ref, alt, deepfind = SCORES.ref[:, place], SCORES.alt[:, place], effect.heads["deepfind"]
    features = feature_matrix(deepfind.features, effect.card.model_ids, ref, alt, SITES)
    values = np.stack([SITES.conservation[name][:, 0] for name in TRACKS], axis=1)
    logits = deepfind_logits(deepfind, features) + effect.heads["conservation"].log_odds(values)
    assert predict(effect).values["DEEPFIND"] == pytest.approx(1 / (1 + np.exp(-logits)), rel=tolerances.ORACLE)
    alone = predict(effect, tracks=()).values["DEEPFIND"]
    np.testing.assert_array_equal(predict(effect, sites=run_sites(missing=TRACKS)).values["DEEPFIND"], alone)
    assert not np.array_equal(predict(effect).values["DEEPFIND"], alone)


def test_networks_that_read_tracks_do_not_get_conservation_twice():
    names = ("local", "deepfind", "activity", "score")
    without = replace(EFFECT, heads={name: EFFECT.heads[name] for name in names})
    np.testing.assert_array_equal(predict().values["DEEPFIND"], predict(without).values["DEEPFIND"])


def test_an_explanation_sums_to_the_activity_largest_first():
    found, stage = predict(), SecondStage(EFFECT, COLUMNS, explain=100)
    for row in range(ROWS):
        explained = stage.explained(found.contributions[row])
        assert {name for name, _ in explained} == {*EFFECT.card.model_ids, LOCAL_NETWORK}
        shares = [abs(share) for _, share in explained]
        assert shares == sorted(shares, reverse=True)
        assert sum(share for _, share in explained) == pytest.approx(
            found.values["ACTIVITY"][row], rel=tolerances.ORACLE
        )


def test_without_a_local_network_it_explains_nothing():
    effect = random_effect(BANK, heads=("activity",))
    found = predict(effect, tracks=()).contributions
    assert found.shape == (ROWS, 4)
    assert not found[:, 3].any()
    stage = SecondStage(effect, COLUMNS, explain=100)
    assert {name for name, _ in stage.explained(found[0])} == set(EFFECT.card.model_ids)


def test_models_that_add_nothing_are_left_out_and_equal_ones_keep_their_order():
    stage = SecondStage(EFFECT, COLUMNS, explain=100)
    expected = (("M1", 0.5), ("M3", -0.5), ("local_network", 0.5))
    assert stage.explained(np.array([0.5, 0.0, -0.5, 0.5])) == expected
    assert stage.explained(np.zeros(4)) == ()


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_only_the_largest_contributions_are_listed(most):
    stage = SecondStage(EFFECT, COLUMNS, explain=most)
    largest = (("M3", -2.0), ("local_network", 1.5), ("M1", 1.0), ("M2", 0.5))
    assert stage.explained(np.array([1.0, 0.5, -2.0, 1.5])) == largest[:most]


def test_what_trained_was_seen_by_its_window_or_its_place():
    rng = np.random.default_rng(0)
    windows = [Window(*rng.integers(0, 4, (2, 61)).astype(np.uint8), padded=False) for _ in range(3)]
    variants = [Variant("chr1", pos, "A", "C") for pos in (10, 20, 30)]
    keys = [key_of_window(windows[0], 30), key_of_place("1", 20, "A", "C")]
    stage = SecondStage(replace(EFFECT, trained_on=merged_keys(keys)), COLUMNS)
    seen = [stage.has_seen(variant, window, 30) for variant, window in zip(variants, windows, strict=True)]
    assert seen == [True, True, False]


@pytest.fixture
def folder(tmp_path):
    write_effect(tmp_path / "effect", EFFECT)
    return str(tmp_path / "effect")


def test_without_a_second_stage_nothing_else_is_scored():
    listed = BANK.select(["M2"])
    assert scored_with(BANK, listed, AnnotateSettings()) == (listed, None)
    own = replace(BANK, effect=EFFECT)
    assert scored_with(own, listed, AnnotateSettings(effect="none")) == (listed, None)


def test_what_is_scored_are_the_listed_and_those_it_reads(folder):
    small = random_effect(BANK.select(["M3", "M1"]))
    scored, stage = scored_with(replace(BANK, effect=small), BANK.select(["M2"]), AnnotateSettings())
    assert scored.model_ids == ("M1", "M2", "M3")
    assert stage.effect is small
    scored, _ = scored_with(replace(BANK, effect=small), BANK.select(["M1"]), AnnotateSettings())
    assert scored.model_ids == ("M1", "M3")
    # One that is named goes before the bank's own.
    _, stage = scored_with(replace(BANK, effect=small), BANK, AnnotateSettings(effect=folder))
    assert stage.effect.card.name == "random"
    assert stage.effect.card.model_ids == ["M1", "M2", "M3"]


def test_a_bank_that_lacks_models_is_told(folder):
    less = BANK.select(["M2"])
    with pytest.raises(ResourceError, match="reads 2 models that the bank lacks, such as M1; give the bank"):
        scored_with(less, less, AnnotateSettings(effect=folder))


def test_networks_of_the_same_names_and_other_weights_are_told(folder, caplog):
    other = replace(BANK, cards=(replace(BANK.cards[0], digests={"weights.safetensors": "f" * 64}),))
    with pytest.raises(ResourceError, match="trained on a bank motifs of other weights; give the bank"):
        scored_with(other, other, AnnotateSettings(effect=folder))
    own = replace(other, effect=EFFECT)
    assert scored_with(own, own, AnnotateSettings()) == (own, None)
    assert "trained on a bank motifs of other weights" in caplog.text
    # Beside it another bank may stand.
    both = replace(BANK, cards=(*other.cards, *BANK.cards))
    assert scored_with(both, both, AnnotateSettings(effect=folder))[1] is not None


def test_a_second_stage_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ResourceError, match="no second stage"):
        scored_with(BANK, BANK, AnnotateSettings(effect=str(tmp_path / "nothing")))


@pytest.mark.parametrize("effect", [None, random_effect(BANK, heads=("deepfind",))])
def test_an_explanation_needs_an_activity_head(effect):
    bank = replace(BANK, effect=effect)
    with pytest.raises(UsageError, match="--explain without an activity head"):
        scored_with(bank, bank, AnnotateSettings(explain=9))
    with pytest.raises(UsageError, match="--explain"):
        scored_with(replace(BANK, effect=EFFECT), BANK, AnnotateSettings(explain=9, effect="none"))
    _, stage = scored_with(replace(BANK, effect=EFFECT), BANK, AnnotateSettings(explain=9))
    assert stage.keys.explain


def test_effects_of_variants_are_those_of_their_scores():
    text = "".join("ACGT"[code] for code in np.random.default_rng(0).integers(0, 4, 400))
    genome, bank = TextReference(c=text), replace(BANK, effect=EFFECT)
    snvs = [Variant("c", pos, text[pos - 1], "A" if text[pos - 1] != "A" else "G") for pos in range(50, 330)]
    moving = Variant("c", 340, text[339], ""), Variant("c", 340, "", "ACGT")
    variants = [*snvs, *(left_align(variant, genome) for variant in moving)]
    found = predict_effects(variants, genome, bank)
    kinds = [VariantKind.SNV] * len(snvs) + [VariantKind.DEL_1, VariantKind.INS_2_5]
    transversions = np.array([float((v.ref in "AG") != (v.alt in "AG")) for v in snvs] + [np.nan] * 2)
    sites = VariantSites(np.full(len(variants), np.nan), transversions)
    windows = cut_windows(variants, FLANK, genome)
    scored = score_variants(variants, genome, bank)
    slow = SecondStage(EFFECT, bank.model_ids).predict(scored, sites, kinds, windows, FLANK).values
    assert list(found) == [name for name in ALL if name not in WITH_CONSERVATION]
    for name, values in found.items():
        assert values.tobytes() == slow[name].tobytes(), name
    assert [len(values) for values in predict_effects([], genome, bank).values()] == [0] * 5
    with pytest.raises(ResourceError, match="the bank has no second stage; `varbind train effect` makes one"):
        predict_effects(variants, genome, BANK)
    with pytest.raises(InputError, match=f"ref_mismatch: the reference has '{text[49]}'"):
        predict_effects([Variant("c", 50, snvs[0].alt, snvs[0].ref)], genome, bank)


def test_a_second_stage_finds_its_models_beside_those_of_another_bank():
    """Of a bank whose ids another one shares: before it and behind it, and of a second stage that is named."""
    text = "".join("ACGT"[code] for code in np.random.default_rng(1).integers(0, 4, 300))
    genome, mine = TextReference(c=text), replace(BANK, effect=EFFECT)
    variants = [Variant("c", pos, text[pos - 1], "A" if text[pos - 1] != "A" else "G") for pos in range(50, 250)]
    alone = predict_effects(variants, genome, mine)
    other_card = replace(BANK.cards[0], name="other", digests={"weights.safetensors": "another"})
    other = replace(BANK, cards=(other_card,))
    for banks in ([mine, other], [other, mine]):
        joined = Bank.concatenate(banks)
        assert all(":" in model_id for model_id in joined.model_ids)
        found = predict_effects(variants, genome, joined)
        assert {name: values.tobytes() for name, values in found.items()} == {
            name: values.tobytes() for name, values in alone.items()
        }
        _, stage = scored_with(joined, joined, AnnotateSettings(explain=9))
        own = f"{BANK.cards[0].name}:"
        assert all(model_id.startswith(own) for model_id, _ in stage.explained(np.ones(len(BANK.models) + 1))[:-1])
