"""Planted binding beats shuffled detectors, a planted context is not binding, and areas equal those over all pairs."""

from dataclasses import replace

import numpy as np
import pytest
from motif_banks import CRE, E_BOX, TATA, motif_bank, motif_model
from planted import sequence

from varbind.core.sequence import encode
from varbind.core.variant import Variant
from varbind.core.window import Window
from varbind.errors import InputError
from varbind.evaluate import bootstrap_auc as areas_module
from varbind.evaluate.bootstrap_auc import Areas, Ranking, areas_of

pytest.importorskip("torch", reason="needs the extra `train`")

from varbind.datasets.variant_table import VariantTable
from varbind.evaluate.simulated_vs_derived import evaluate_classes
from varbind.evaluate.simulated_vs_derived_rows import classes_markdown, classes_table
from varbind.evaluate.splits import ClassesPlan, Protocol
from varbind.train.deepfind import DeepFindSetting

QUICK = DeepFindSetting(hidden=16, rate=1e-2, batch=64, epochs=4, input_dropout=0.0)
PLAN = ClassesPlan(held_out=("chr3", "4"), networks=2, setting=QUICK, threads=1)
FLANK = 15


def bank():
    models = [motif_model(name, name, motif) for name, motif in (("E", E_BOX), ("C", CRE), ("T", TATA))]
    matrix, stack = motif_model("T.matrix", "T", TATA)
    return motif_bank(*models, (replace(matrix, assay="matrix of SELEX"), stack))


def planted_table(rows, *, motif, context, seed=0):
    """Half simulated: of these a share has a motif left of the change, and their changes are of some contexts."""
    rng = np.random.default_rng(seed)
    variants, windows, labels = [], [], rng.random(rows) < 0.5
    for row, simulated in enumerate(labels):
        left, ref, right = sequence(rng, FLANK), "ACGT"[rng.integers(4)], sequence(rng, FLANK)
        if simulated and rng.random() < motif:
            left = left[:2] + E_BOX + left[2 + len(E_BOX) :]
        if rng.random() < context:
            ref = "CG"[rng.integers(2)] if simulated else "AT"[rng.integers(2)]
        alt = "ACGT"[("ACGT".index(ref) + rng.integers(1, 4)) % 4]
        variants.append(Variant(f"chr{1 + row % 6}", 100 + row, ref, alt))
        windows.append(Window(encode(left + ref + right), encode(left + alt + right), padded=False))
    numbers = {"label": labels.astype(float), "tss_distance": rng.uniform(-1000, 1000, rows)}
    return VariantTable(
        "t", range(rows), variants, windows, numbers, {"gene": tuple(f"g{n // 4}" for n in range(rows))}
    )


def pair_area(labels, scores, strata, counts):
    """The slow oracle: every pair of a stratum."""
    won = pairs = 0.0
    for i in np.flatnonzero(labels):
        for j in np.flatnonzero(~labels & (strata == strata[i])):
            weight = counts[i] * counts[j]
            pairs += weight
            won += weight * ((scores[i] > scores[j]) + (scores[i] == scores[j]) / 2)
    return won / pairs if pairs else np.nan


def random_scores(rows=60, seed=0):
    """Labels, scores with ties, strata, genes and folds."""
    rng = np.random.default_rng(seed)
    labels, scores = rng.random(rows) < 0.4, rng.integers(6, size=rows).astype(float)
    genes = np.array([f"g{gene}" for gene in rng.integers(9, size=rows)])
    return labels, scores, rng.integers(4, size=rows), genes, rng.integers(2, size=rows)


@pytest.mark.parametrize("seed", range(5))
def test_an_area_is_that_of_all_pairs_of_a_stratum(seed):
    labels, scores, strata, _, _ = random_scores(seed=seed)
    counts = np.random.default_rng(seed).integers(3, size=len(labels))
    for own in (strata, np.zeros_like(strata)):
        assert Ranking(labels, scores, own).area(counts) == pytest.approx(pair_area(labels, scores, own, counts))


def test_the_area_inside_strata_is_the_mean_of_their_areas_by_pairs():
    labels, scores, strata, genes, _ = random_scores(200)
    found = areas_of(labels, scores, strata, genes, folds=np.zeros_like(strata), seed=1)
    own = [(labels[strata == s], scores[strata == s]) for s in range(4)]
    pairs = [part.sum() * (~part).sum() for part, _ in own]
    areas = [pair_area(part, values, np.zeros(len(part)), np.ones(len(part))) for part, values in own]
    assert found.within == pytest.approx(np.average(areas, weights=pairs))


def test_the_bootstrap_is_that_of_repeated_variants(monkeypatch):
    monkeypatch.setattr(areas_module, "DRAWS", 20)
    labels, scores, strata, genes, folds = random_scores()
    found = areas_of(labels, scores, strata, genes, folds=folds, seed=3)
    rng, names = np.random.default_rng(3), sorted(set(genes))
    for whole, within in found.drawn:
        drawn = [names[place] for place in rng.integers(len(names), size=len(names))]
        rows = np.array([row for name in drawn for row in np.flatnonzero(genes == name)])
        once = np.ones(len(rows))
        both = np.array([f"{folds[row]} {strata[row]}" for row in rows])
        assert whole == pytest.approx(pair_area(labels[rows], scores[rows], folds[rows], once))
        assert within == pytest.approx(pair_area(labels[rows], scores[rows], both, once), nan_ok=True)


def test_a_variant_without_a_score_counts_nothing_and_changes_no_draw():
    labels, scores, strata, genes, folds = random_scores()
    missing = np.arange(len(labels)) % 3 == 0
    found = areas_of(labels, np.where(missing, np.nan, scores), strata, genes, folds=folds, seed=3)
    kept, drawn = ~missing, np.random.default_rng(3).integers(9, size=9)
    counts = np.array([(drawn == int(gene[1:])).sum() for gene in genes])
    for area, weights in ((found.whole, np.ones_like(counts)), (found.drawn[0, 0], counts)):
        assert area == pytest.approx(pair_area(labels[kept], scores[kept], folds[kept], weights[kept]))


def test_intervals_hold_the_area_and_narrow_with_the_genes():
    rng = np.random.default_rng(1)
    labels, none = rng.random(600) < 0.4, np.zeros(600, dtype=int)
    # Of a gene all variants share a shift, so that few genes say little.
    widths = []
    for genes in (6, 200):
        gene = np.arange(600) % genes
        scores = labels * rng.normal(1, 1, genes)[gene] + rng.normal(size=600)
        found = areas_of(labels, scores, none, gene.astype(str), folds=none, seed=1)
        (low, high), within = found.intervals()
        assert low < found.whole < high
        assert within == (low, high)
        widths.append(high - low)
    assert widths[1] < 0.6 * widths[0]


@pytest.mark.parametrize("missing", [False, True])
def test_no_pair_is_no_area(missing):
    none = np.zeros(4, dtype=int)
    scores = np.full(4, np.nan if missing else 1.0)
    found = areas_of(none == 0, scores, none, none.astype(str), folds=none, seed=1)
    assert np.isnan([found.whole, found.within, *np.ravel(found.intervals())]).all()


def test_differences_and_means_are_draw_by_draw():
    one, other = (
        Areas(0.8, 0.7, np.array([[0.9, 0.6], [0.7, 0.8]])),
        Areas(0.6, 0.5, np.array([[0.5, 0.5], [0.6, 0.4]])),
    )
    less, mean = one.minus(other), Areas.mean_of([one, other])
    np.testing.assert_allclose(less.drawn, [[0.4, 0.1], [0.1, 0.4]])
    np.testing.assert_allclose(mean.drawn, [[0.7, 0.55], [0.65, 0.6]])
    assert (less.whole, mean.within) == pytest.approx((0.2, 0.6))


@pytest.fixture(scope="module")
def binding():
    """Rows of a table where only a motif tells, beside the change."""
    table = planted_table(3_000, motif=0.8, context=0.0)
    given = np.where(np.arange(3_000) % 2, table.numbers["label"], np.nan)
    plan = replace(PLAN, protocols=tuple(Protocol), published=replace(QUICK, networks=1, epochs=2))
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(areas_module, "DRAWS", 100)
        rows = evaluate_classes(table, bank(), plan, others={"truth": given}, progress=lambda *call: calls.append(call))
    return rows, calls


def row_of(rows, method, networks, protocol=Protocol.HELD_OUT, draw=0):
    (found,) = (
        row for row in rows if (row.method, row.networks, row.protocol, row.draw) == (method, networks, protocol, draw)
    )
    return found


@pytest.mark.parametrize("protocol", [Protocol.HELD_OUT, Protocol.MATCHED])
def test_planted_binding_beats_its_shuffled_control(binding, protocol):
    rows, _ = binding
    for networks in (1, 2):
        own, control, less = (
            row_of(rows, name, networks, protocol)
            for name in ("binding", "shuffled detectors", "binding minus shuffled detectors")
        )
        assert own.auc > 0.8
        assert own.within_contexts > 0.8
        assert less.auc == pytest.approx(own.auc - control.auc)
        assert less.low > 0.05
        assert less.within_low > 0.05
        draws = [row_of(rows, "shuffled detectors", networks, protocol, draw).auc for draw in (1, 2)]
        assert draws[0] != draws[1]
        assert control.auc == pytest.approx(np.mean(draws))


def test_controls_do_not_see_planted_binding(binding):
    rows, _ = binding
    for method in ("distance", "distance, transversion", "192 contexts", "192 contexts, GC, distance, transversion"):
        own = row_of(rows, method, 0)
        # A thousand variants: the standard error is .02. The motif has more GC than the rest.
        assert abs(own.auc - 0.5) < (0.25 if "GC" in method else 0.08)


def test_every_method_is_there_with_its_counts(binding):
    rows, _ = binding
    held_out = {(row.method, row.networks) for row in rows if row.protocol == Protocol.HELD_OUT}
    networks = ("bases", "binding", "shuffled detectors", "matrices", "binding minus shuffled detectors")
    networks += ("binding, distance, transversion", "shuffled detectors, distance, transversion")
    assert held_out >= {(name, number) for name in networks for number in (1, 2)} | {("largest matrix change", 0)}
    (published,) = (row for row in rows if row.protocol == Protocol.PUBLISHED and row.method != "192 contexts")
    assert (published.method, published.networks, published.variants) == ("binding", 1, 3_000)
    assert row_of(rows, "binding", 2).variants == 1_000
    by_random_folds = row_of(rows, "binding", 2, Protocol.RANDOM)
    assert by_random_folds.variants == 3_000
    assert by_random_folds.auc > 0.8
    assert row_of(rows, "192 contexts", 0, Protocol.RANDOM).within_contexts == 0.5
    matched = row_of(rows, "binding", 2, Protocol.MATCHED)
    assert matched.variants == 2 * matched.simulated < 1_000
    assert row_of(rows, "192 contexts", 0, Protocol.MATCHED).within_contexts == 0.5
    truth = row_of(rows, "truth", 0)
    assert (truth.auc, truth.variants, truth.missing) == (1.0, 500, 500)


def test_tables_hold_every_row_and_the_picture_for_people_no_single_draw(binding):
    rows, calls = binding
    header, *lines = classes_table(rows).splitlines()
    assert len(lines) == len(rows)
    assert header.startswith("method\tprotocol\tnetworks")
    assert {line.count("\t") for line in [header, *lines]} == {header.count("\t")}
    text = classes_markdown(rows)
    assert sum(line.startswith("| ") for line in text.splitlines()) == sum(not row.draw for row in rows) + len(Protocol)
    assert "pathogenicity" in text
    assert {stage for _, _, stage in calls} >= {
        "scores of binding",
        "scores of shuffled detectors",
        "bases, held-out chromosomes",
    }
    assert all(0 <= done <= total for done, total, _ in calls)


def test_a_planted_context_is_found_by_contexts_and_is_nothing_inside_them(monkeypatch):
    monkeypatch.setattr(areas_module, "DRAWS", 100)
    rows = evaluate_classes(planted_table(3_000, motif=0.0, context=0.5, seed=1), bank(), replace(PLAN, draws=1))
    contexts = row_of(rows, "192 contexts", 0)
    assert contexts.low > 0.65
    assert contexts.within_contexts == 0.5
    assert row_of(rows, "bases", 2).auc > 0.65
    # Five hundred of a class: the standard error is .02, inside contexts a little more.
    assert abs(row_of(rows, "bases", 2).within_contexts - 0.5) < 0.1
    assert abs(row_of(rows, "binding", 2, Protocol.MATCHED).auc - 0.5) < 0.1
    assert not any(row.protocol in {Protocol.RANDOM, Protocol.PUBLISHED} for row in rows)


def test_what_cannot_be_evaluated_is_refused():
    table = planted_table(60, motif=0.0, context=0.0)
    with pytest.raises(InputError, match="no variants are on 22"):
        evaluate_classes(table, bank(), replace(PLAN, held_out=("22",)))
    labels = np.array([float(variant.chrom in {"chr3", "chr4"}) for variant in table.variants])
    with pytest.raises(InputError, match="not both classes"):
        evaluate_classes(replace(table, numbers={**table.numbers, "label": labels}), bank(), PLAN)
    with pytest.raises(InputError, match="no columns gene"):
        evaluate_classes(replace(table, words={}), bank(), PLAN)
    nowhere = {**table.numbers, "tss_distance": np.full(60, np.nan)}
    with pytest.raises(InputError, match="tss_distance with values"):
        evaluate_classes(replace(table, numbers=nowhere), bank(), PLAN)
    with pytest.raises(ValueError, match="cannot be evaluated"):
        replace(PLAN, held_out=())


@pytest.mark.parametrize(
    ("name", "count", "told"), [("tool", 3, "expected one for 240"), ("distance", 240, "two methods are named")]
)
def test_scores_from_elsewhere_fit_the_table_and_have_names_of_their_own(monkeypatch, name, count, told):
    monkeypatch.setattr(areas_module, "DRAWS", 2)
    with pytest.raises(InputError, match=told):
        evaluate_classes(planted_table(240, motif=0.0, context=0.0), bank(), PLAN, others={name: np.zeros(count)})
