"""Planted effects are found where shuffled motifs find none, and a locus says nothing of its own prediction."""

from dataclasses import fields, replace

import numpy as np
import pytest
from measured_loci import loci_rows, write_rows
from motif_banks import CRE, E_BOX, TATA, motif_bank, motif_model
from second_stages import random_local

from varbind.errors import InputError
from varbind.evaluate import activity as activity_module
from varbind.evaluate.activity import LeftOutScores, evaluate_activity
from varbind.evaluate.loci import LocusResults
from varbind.evaluate.tables import tsv
from varbind.scoring.background import BackgroundRecipe, add_background
from varbind.train.activity_tables import activity_data, read_activity, read_pairs
from varbind.train.effect_tables import FLANK, score_table

stats = pytest.importorskip("scipy.stats", reason="needs the extra `train`")
pytest.importorskip("sklearn", reason="needs the extra `train`")

RECIPE = BackgroundRecipe(snvs=300, others=100, seed=5)
LOCI, PROMOTERS = ("L1", "L2", "L3", "L4", "L5"), ("L1", "L2", "L4")
LEARNT = ("binding", "shuffled detectors 1", "bases", "matrices")


@pytest.fixture(scope="module", autouse=True)
def small_controls():
    """The background of a shuffled bank only gives it a scale."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activity_module, "SHUFFLED_RECIPE", RECIPE)
        yield


def bank(matrices=("cre",)):
    """Networks, of which some are said to be matrices."""
    models = [motif_model(*words) for words in (("ebox", "USF1", E_BOX), ("cre", "CREB1", CRE), ("tata", "TBP", TATA))]
    models = [
        (replace(card, assay="matrix of SELEX" if card.model_id in matrices else "ChIP"), s) for card, s in models
    ]
    return add_background(motif_bank(*models), recipe=RECIPE)


def read(path, rows, *, without=("truth",)):
    return read_activity(str(write_rows(path, rows, without=without)))


def rows_of(names=LOCI, **options):
    """Rows with a kind and counts of barcodes."""
    rows = loci_rows(names, **{"bases": 60, "alts": 1, **options})
    rng = np.random.default_rng(3)
    for row in rows:
        row["kind"] = "promoter" if row["locus"] in PROMOTERS else "enhancer"
        row["barcodes"] = int(rng.integers(5, 50))
    return rows


@pytest.fixture(scope="module")
def models():
    return bank()


@pytest.fixture(scope="module")
def rows():
    return rows_of()


@pytest.fixture(scope="module")
def table(rows, tmp_path_factory):
    return read(tmp_path_factory.mktemp("activity") / "measured.tsv", rows)


def tools(rows):
    """One that knows the truth, and it with errors of twice its spread."""
    truth = np.array([row["truth"] for row in rows], dtype=float)
    return {"truth": truth, "noisy": truth + np.random.default_rng(4).normal(0, 2 * truth.std(), len(truth))}


def probable(table):
    """What has a posterior probability above a half to be a change of more than 0.3, variant by variant."""
    effects, errors, loci = table.numbers["effect"], table.numbers["se"], np.array(table.texts["locus"])
    found = []
    for effect, error, locus in zip(effects, errors, loci, strict=True):
        own = loci == locus
        prior = max(np.var(effects[own]) - np.mean(errors[own] ** 2), 0.01 * np.var(effects[own]))
        posterior = stats.norm(effect * prior / (prior + error**2), (prior * error**2 / (prior + error**2)) ** 0.5)
        found.append(posterior.cdf(-0.3) + posterior.sf(0.3))
    return np.array(found)


@pytest.fixture(scope="module")
def judged(table, models, rows):
    return evaluate_activity(table, models, draws=1, threads=1, others=tools(rows))


def found(judged, method, locus="mean"):
    (row,) = [row for row in judged.rows if (row.method, row.locus) == (method, locus)]
    return row


def pair_area(outcomes, scores):
    """The slow oracle."""
    pairs = [(one > other) + (one == other) / 2 for one in scores[outcomes] for other in scores[~outcomes]]
    return np.mean(pairs)


def test_a_planted_signal_is_far_above_its_shuffled_control(judged):
    own, control, truth = (found(judged, name) for name in ("binding", "shuffled detectors 1", "truth"))
    assert truth.spearman > own.spearman > 0.7
    assert own.spearman_low > control.spearman_high
    assert own.auc > 0.75
    assert own.spearman_abs > control.spearman_abs + 0.3
    assert truth.auc > 0.95


def test_every_method_has_its_loci_and_their_mean(judged):
    names = [
        *LEARNT[:3],
        "192 contexts",
        "matrices",
        "gain of G or C",
        "mean square bound change",
        "largest z",
        "largest matrix change",
    ]
    names += ["few barcodes", "truth", "noisy"]
    expected = [(name, locus) for name in names for locus in (*PROMOTERS, "mean")]
    assert [(row.method, row.locus) for row in judged.rows] == expected
    assert {row.variants for row in judged.rows if row.locus != "mean"} == {60}
    assert {row.variants for row in judged.rows if row.locus == "mean"} == {180}


def test_mean_rows_are_means(judged):
    for name in dict.fromkeys(row.method for row in judged.rows):
        loci = [found(judged, name, locus) for locus in PROMOTERS]
        for key in ("spearman", "spearman_abs", "auc"):
            mean = np.mean([getattr(row, key) for row in loci])
            np.testing.assert_allclose(getattr(found(judged, name), key), mean, rtol=1e-12)


def test_methods_without_a_sign_or_a_size_have_none(judged):
    for row in judged.rows:
        assert np.isnan([row.spearman, row.spearman_low, row.spearman_high]).all() == (
            row.method in {"mean square bound change", "largest z", "largest matrix change", "few barcodes"}
        )
        assert np.isnan([row.spearman_abs, row.auc]).all() == (row.method in {"bases", "192 contexts", "matrices"})


def test_what_needs_no_training_is_what_an_oracle_says(judged, table, rows):
    effects, outcomes = table.numbers["effect"], probable(table) > 0.5
    signed = {
        "gain of G or C": np.array([sum(map(v.alt.count, "GC")) - sum(map(v.ref.count, "GC")) for v in table.variants])
    }
    signed |= tools(rows)
    sizes = {name: np.abs(values) for name, values in signed.items()} | {"few barcodes": -table.numbers["barcodes"]}
    for locus in PROMOTERS:
        own = np.array(table.texts["locus"]) == locus
        for name, values in sizes.items():
            row = found(judged, name, locus)
            assert row.spearman_abs == pytest.approx(stats.spearmanr(values[own], np.abs(effects[own])).statistic)
            assert row.auc == pytest.approx(pair_area(outcomes[own], values[own]))
        for name, values in signed.items():
            expected = stats.spearmanr(values[own], effects[own]).statistic
            assert found(judged, name, locus).spearman == pytest.approx(expected)


@pytest.mark.slow
def test_matrices_compete_only_beside_other_models(table, judged):
    assert found(judged, "matrices").spearman < found(judged, "binding").spearman
    for matrices in ((), ("ebox", "cre", "tata")):
        without = evaluate_activity(table, bank(matrices), draws=0, threads=1)
        assert not [row for row in without.rows if "matri" in row.method]


@pytest.mark.slow
def test_barcodes_compete_only_where_they_are_counted(rows, models, tmp_path):
    table = read(tmp_path / "t.tsv", rows, without=("truth", "barcodes", "kind"))
    without = evaluate_activity(table, models, draws=0, threads=1)
    assert "few barcodes" not in {row.method for row in without.rows}
    # Where nothing is said to be a promoter, all loci are judged.
    assert [row.locus for row in without.rows if row.method == "binding"] == [*LOCI, "mean"]


def with_numbers(table, locus, **changed):
    """The table with other numbers in one locus."""
    own = np.array(table.texts["locus"]) == locus
    numbers = {name: np.where(own, changed[name](v), v) if name in changed else v for name, v in table.numbers.items()}
    return replace(table, numbers=numbers)


def test_the_effects_of_a_locus_do_not_touch_its_prediction(table, models, judged):
    turned = with_numbers(table, "L2", effect=lambda effects: -effects)
    again = evaluate_activity(turned, models, draws=1, threads=1)
    for name in LEARNT:
        own, other = found(judged, name, "L2"), found(again, name, "L2")
        assert other.spearman == -own.spearman
        assert other.spearman_low == pytest.approx(-own.spearman_high)
        # The sizes of the effects are the same, and so is what has probably changed; so the probabilities are.
        np.testing.assert_array_equal([other.spearman_abs, other.auc], [own.spearman_abs, own.auc])
        assert found(again, name, "L1").spearman != found(judged, name, "L1").spearman
    assert again.penalties["L2"] == judged.penalties["L2"]


@pytest.mark.slow
def test_the_errors_of_a_locus_do_not_touch_its_probabilities(table, models, judged):
    """They decide what has probably changed there, and no prediction."""
    turned = with_numbers(table, "L2", se=lambda errors: 6 * errors)
    assert (probable(turned) > 0.5).sum() < (probable(table) > 0.5).sum()
    again = evaluate_activity(turned, models, draws=1, threads=1)
    for name in ("binding", "shuffled detectors 1"):
        own, other = found(judged, name, "L2"), found(again, name, "L2")
        assert (other.spearman, other.spearman_abs) == (own.spearman, own.spearman_abs)
        assert other.auc != own.auc
    assert again.reliability != judged.reliability


def test_an_interval_holds_its_estimate(judged):
    signed = [row for row in judged.rows if not np.isnan(row.spearman)]
    assert len(signed) == 8 * 4
    for row in signed:
        assert row.spearman_low <= row.spearman <= row.spearman_high, row
        assert -1 <= row.spearman_low <= row.spearman_high <= 1
        assert (row.spearman_low < row.spearman_high) == (row.spearman != 0)


def width(judged, locus="mean"):
    row = found(judged, "noisy", locus)
    return row.spearman_high - row.spearman_low


@pytest.mark.slow
def test_an_interval_shrinks_with_more_variants(models, tmp_path):
    widths = []
    for bases in (60, 540):
        rows = rows_of(PROMOTERS, bases=bases)
        table = read(tmp_path / f"{bases}.tsv", rows)
        widths.append(width(evaluate_activity(table, models, draws=0, threads=1, others=tools(rows))))
    # Nine times as many blocks: a third as wide.
    assert widths[1] < 0.6 * widths[0]


@pytest.mark.slow
def test_loci_are_drawn_apart(models, tmp_path):
    """The mean of three loci that look the same is known better than each of them."""
    rows = rows_of(PROMOTERS[:1], bases=400)
    copies = [
        row | {"locus": locus, "pos": row["pos"] + 10_000 * n} for n, locus in enumerate(PROMOTERS) for row in rows
    ]
    noisy = {"noisy": np.tile(tools(rows)["noisy"], len(PROMOTERS))}
    judged = evaluate_activity(read(tmp_path / "t.tsv", copies), models, draws=0, threads=1, others=noisy)
    assert found(judged, "noisy").spearman == pytest.approx(found(judged, "noisy", PROMOTERS[0]).spearman)
    assert width(judged) == pytest.approx(width(judged, PROMOTERS[0]) / 3**0.5, rel=0.2)


def judged_copies(rows, models, path, copies, apart):
    """Every variant so many times, 20 bases from the next one; its copies so far apart."""
    placed = [row | {"pos": 20 * row["pos"] + copy * apart} for row in rows for copy in range(copies)]
    others = {name: np.repeat(values, copies) for name, values in tools(rows).items()}
    return evaluate_activity(read(path, placed), models, draws=0, threads=1, others=others)


@pytest.mark.slow
def test_neighbours_are_drawn_together(rows, models, tmp_path):
    """Every variant three times over is no more evidence, unless it is measured elsewhere."""
    once, near, far = (
        judged_copies(rows, models, tmp_path / f"{copies}{apart}.tsv", copies, apart)
        for copies, apart in ((1, 0), (3, 9), (3, 1_000_000))
    )
    for name in ("truth", "noisy", "gain of G or C"):
        for locus in (*PROMOTERS, "mean"):
            own, other = found(once, name, locus), found(near, name, locus)
            assert other.variants == 3 * own.variants
            for key in ("spearman", "spearman_low", "spearman_high", "spearman_abs", "auc"):
                assert getattr(other, key) == pytest.approx(getattr(own, key), abs=1e-9)
    assert found(far, "noisy").spearman == pytest.approx(found(once, "noisy").spearman)
    assert width(far) < 0.8 * width(once)


@pytest.mark.slow
def test_a_tool_is_rated_where_it_has_scores(table, models, rows, judged):
    own = np.array(table.texts["locus"])
    truth, half = tools(rows)["truth"], np.arange(len(rows)) % 2 == 0
    others = {
        "half": np.where(half, truth, np.nan),
        "infinite": np.where(half, truth, np.inf),
        "one locus": np.where(own == "L1", truth, np.nan),
        "elsewhere": np.where(own == "L3", truth, np.nan),
    }
    again = evaluate_activity(table, models, draws=0, threads=1, others=others)
    for locus in PROMOTERS:
        row, rows_ = found(again, "half", locus), np.flatnonzero((own == locus) & half)
        assert row.variants == 30
        assert row.spearman == pytest.approx(stats.spearmanr(truth[rows_], table.numbers["effect"][rows_]).statistic)
        assert replace(found(again, "infinite", locus), method="half") == row
    assert replace(found(again, "one locus", "L1"), method="truth") == found(judged, "truth", "L1")
    # A mean over other loci than the others' would not compare.
    for name, locus in (("one locus", "L2"), ("one locus", "mean"), ("elsewhere", "L1"), ("elsewhere", "mean")):
        row = found(again, name, locus)
        assert np.isnan([row.spearman, row.spearman_low, row.spearman_high, row.spearman_abs, row.auc]).all()
    assert (found(again, "one locus").variants, found(again, "elsewhere").variants) == (60, 0)


def test_a_constant_tool_tells_nothing(table, models, rows):
    judged = evaluate_activity(table, models, draws=0, threads=1, others={"zero": np.zeros(len(rows))})
    for locus in (*PROMOTERS, "mean"):
        row = found(judged, "zero", locus)
        assert (row.spearman, row.spearman_low, row.spearman_high, row.spearman_abs, row.auc) == (0, 0, 0, 0, 0.5)


@pytest.mark.parametrize("name", ["binding", "gain of G or C"])
def test_a_tool_must_not_have_the_name_of_a_method(table, models, rows, name):
    with pytest.raises(InputError, match=f"two methods are named {name}; rename one"):
        evaluate_activity(table, models, draws=0, threads=1, others={name: np.zeros(len(rows))})


def test_the_reliability_curve_is_that_of_left_out_loci(judged, table):
    expected, outcomes, shares = np.array(judged.reliability).T
    assert sum(shares) == pytest.approx(1)
    assert judged.calibration_error == pytest.approx(shares @ np.abs(expected - outcomes))
    # What changes no binding has 0, in several bins.
    assert ((np.diff(expected) > 0) | (expected[1:] == 0)).all()
    own = np.isin(table.texts["locus"], PROMOTERS)
    # Every locus has the same number of variants here, so the same weight.
    assert shares @ outcomes == pytest.approx(probable(table)[own].mean())
    assert set(judged.penalties) == set(PROMOTERS)


@pytest.mark.slow
def test_equal_seeds_give_equal_rows_with_any_number_of_threads(table, models, rows, judged):
    again = evaluate_activity(table, models, draws=1, threads=2, others=tools(rows))
    assert tsv(again.rows, 6) == tsv(judged.rows, 6)
    other = evaluate_activity(table, models, draws=1, threads=1, seed=2)
    assert found(other, "binding").spearman == found(judged, "binding").spearman
    assert found(other, "binding").spearman_low != found(judged, "binding").spearman_low
    assert found(other, "shuffled detectors 1").spearman != found(judged, "shuffled detectors 1").spearman


@pytest.mark.slow
def test_progress_tells_what_is_done(table, models):
    calls = []
    evaluate_activity(table, models, draws=2, threads=1, progress=lambda *call: calls.append(call))
    assert list(dict.fromkeys(name for _, _, name in calls)) == [
        "loci",
        "shuffled detectors 1",
        "shuffled detectors 2",
        "bases",
        "192 contexts",
        "matrices",
    ]
    assert [call[:2] for call in calls if call[2] == "loci"] == [(1, 3), (2, 3), (3, 3)]


def test_too_few_loci_are_told(models, tmp_path):
    table = read(tmp_path / "two.tsv", rows_of(("L1", "L2")))
    with pytest.raises(InputError, match=r"two\.tsv: found 2 loci, the smallest with 60 variants; give 3 loci"):
        evaluate_activity(table, models, draws=0, threads=1)


@pytest.fixture(scope="module")
def network():
    return random_local(np.random.default_rng(2))


@pytest.fixture(scope="module")
def with_local(rows, network, tmp_path_factory):
    """Effects that one output of a local network has too, as large as those of the motifs; and starts."""
    folder = tmp_path_factory.mktemp("local")
    changes = network.changes(read(folder / "plain.tsv", rows).windows, FLANK)[:, 0]
    spread = np.std([row["truth"] for row in rows])
    own = changes / changes.std() * spread
    distances = np.random.default_rng(5).integers(-900, 400, len(rows))
    rows = [
        row | {"effect": row["effect"] + more, "tss_distance": near}
        for row, more, near in zip(rows, own, distances, strict=True)
    ]
    return read(folder / "measured.tsv", rows)


@pytest.fixture(scope="module")
def judged_with_local(with_local, models, network):
    return evaluate_activity(with_local, models, local=network, draws=1, threads=1)


def lines_of(judged, method):
    """The rows of a method as text, in which undefined numbers are equal."""
    return tsv([row for row in judged.rows if row.method == method], 12)


def test_a_local_network_is_judged_beside_binding_and_with_it(judged_with_local, with_local, models):
    names = list(dict.fromkeys(row.method for row in judged_with_local.rows))
    first = ["binding and local network", "binding", "local network", "binding and local network minus binding"]
    assert names[:6] == [*first, "shuffled detectors 1", "bases"]
    whole, binding, alone = (found(judged_with_local, name) for name in first[:3])
    assert whole.spearman > max(binding.spearman, alone.spearman) + 0.05
    assert whole.auc > binding.auc
    # Binding by itself is what it is without the network.
    without = evaluate_activity(with_local, models, draws=1, threads=1)
    for name in ("binding", "shuffled detectors 1", "bases"):
        assert lines_of(without, name) == lines_of(judged_with_local, name)


def test_the_start_competes_where_there_is_one(judged_with_local, judged, with_local):
    assert "distance to the start" not in {row.method for row in judged.rows}
    outcomes, loci = probable(with_local) > 0.5, np.array(with_local.texts["locus"])
    near = 1 / (1 + ((with_local.numbers["tss_distance"] + 50) / 200) ** 2)
    for locus in PROMOTERS:
        row, own = found(judged_with_local, "distance to the start", locus), loci == locus
        assert np.isnan(row.spearman)
        assert row.auc == pytest.approx(pair_area(outcomes[own], near[own]))


def test_two_methods_are_compared_on_the_same_draws(judged_with_local):
    whole, binding, start = (
        found(judged_with_local, name) for name in ("binding and local network", "binding", "distance to the start")
    )
    more = found(judged_with_local, "binding and local network minus binding")
    for key in ("spearman", "spearman_abs", "auc"):
        assert getattr(more, key) == pytest.approx(getattr(whole, key) - getattr(binding, key))
    assert more.spearman_low < more.spearman < more.spearman_high
    # What both share cancels.
    assert more.spearman_high - more.spearman_low < whole.spearman_high - binding.spearman_low
    near = found(judged_with_local, "binding and local network minus distance to the start")
    assert np.isnan(near.spearman)
    assert near.spearman_abs == pytest.approx(whole.spearman_abs - start.spearman_abs)
    assert 0 < near.spearman_abs_low < near.spearman_abs < near.spearman_abs_high


def test_a_method_is_not_above_itself(table):
    loci, outcomes = np.array(table.texts["locus"]), probable(table) > 0.5
    results = LocusResults(table, outcomes, loci, PROMOTERS, 1)
    effects = np.random.default_rng(1).normal(size=len(table))
    for name in ("one", "other"):
        results.add(name, effects, np.abs(effects))
    results.compare("one", "other")
    for row in results.rows[-4:]:
        assert tuple(getattr(row, field.name) for field in fields(row)[3:]) == (0,) * 7


def test_contexts_are_learnt_where_they_decide(models, tmp_path):
    """Effects that the three bases and the change alone decide are predicted by nothing better."""
    rows = rows_of()
    plain, of_context = read(tmp_path / "plain.tsv", rows), np.random.default_rng(8).normal(size=(5, 5, 5, 5))
    for row, window, variant in zip(rows, plain.windows, plain.variants, strict=True):
        is_snv = len(variant.ref) == len(variant.alt) == 1
        row["effect"] = of_context[(*window.ref[FLANK - 1 : FLANK + 2], window.alt[FLANK])] if is_snv else 0.0
    judged = evaluate_activity(read(tmp_path / "t.tsv", rows), models, draws=0, threads=1)
    assert found(judged, "192 contexts").spearman > max(0.5, found(judged, "binding").spearman + 0.2)


@pytest.mark.slow
def test_pairs_train_every_method_and_are_not_judged(table, models, judged, network, tmp_path):
    """Also pairs whose alleles are longer than those of the loci."""
    rows = loci_rows([f"P{number}" for number in range(5)], bases=30, alts=1, seed=9)
    rows = [row | {"chrom": "chr3", "weight": 4} for row in rows]
    rows[3] = rows[3] | {"ref": "ACGTAC", "alt": "A"}
    pairs = read_pairs(str(write_rows(tmp_path / "pairs.tsv", rows, without=("truth", "locus"))))
    again = evaluate_activity(table, models, pairs=[pairs], draws=1, threads=1)
    own = [(row.method, row.locus, row.variants) for row in judged.rows if row.method not in {"truth", "noisy"}]
    assert [(row.method, row.locus, row.variants) for row in again.rows] == own
    for name in LEARNT:
        assert found(again, name).spearman != found(judged, name).spearman
    for name in ("gain of G or C", "largest z", "few barcodes"):
        assert lines_of(again, name) == lines_of(judged, name)
    both = evaluate_activity(table, models, local=network, pairs=[pairs], draws=0, threads=1)
    assert lines_of(both, "binding") == lines_of(again, "binding")


def test_left_out_scores_are_of_the_loci_that_are_asked_for(table, models):
    data = activity_data(score_table(table, models, flank=FLANK, threads=1), models)[0]
    own = np.array(table.texts["locus"])
    distances = np.full(len(table), np.nan)
    whole = LeftOutScores.of(data, table, distances, PROMOTERS)
    asked = np.isin(own, PROMOTERS)
    for values in (whole.activity, whole.probability, whole.log_loss):
        np.testing.assert_array_equal(np.isfinite(values), asked)
    assert set(whole.penalties) == set(PROMOTERS)
    # A loss is a change: it is never the likelier one.
    loss = np.exp(whole.log_loss[asked])
    assert (loss <= whole.probability[asked] + 1e-12).all()
    assert (loss[whole.probability[asked] > 0] > 0).all()
    one = LeftOutScores.of(data, table, distances, PROMOTERS[1:2])
    rows = own == PROMOTERS[1]
    for name in ("activity", "probability", "log_loss"):
        assert getattr(one, name)[rows].tobytes() == getattr(whole, name)[rows].tobytes()


def test_a_start_nearby_makes_changes_likelier(rows, models, tmp_path):
    """If it did so in the other loci."""
    near = [row | {"tss_distance": -50 if abs(row["effect"]) > 0.3 else 5000} for row in rows]
    table = read(tmp_path / "near.tsv", near)
    data = activity_data(score_table(table, models, flank=FLANK, threads=1), models)[0]
    with_start, without = (
        LeftOutScores.of(data, table, distances, PROMOTERS).probability
        for distances in (table.numbers["tss_distance"], np.full(len(table), np.nan))
    )
    own = np.isfinite(with_start) & (with_start > 0)
    at_start = own & (table.numbers["tss_distance"] == -50)
    assert with_start[at_start].mean() > without[at_start].mean() + 0.03
    assert with_start[own & ~at_start].mean() < without[own & ~at_start].mean() - 0.1
