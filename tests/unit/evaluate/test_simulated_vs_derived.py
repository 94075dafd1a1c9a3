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
from varbind.train import metrics

pytest.importorskip("torch", reason="needs the extra `train`")

from varbind.datasets.variant_table import VariantTable
from varbind.evaluate.simulated_vs_derived import evaluate_classes
from varbind.evaluate.splits import ClassesPlan, Protocol
from varbind.evaluate.tables import classes_markdown, tsv
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


@pytest.fixture(scope="module")
def binding():
    """Rows of a table where only a motif tells, beside the change."""
    table = planted_table(3_000, motif=0.8, context=0.0)
    given = np.where(np.arange(3_000) % 2, table.numbers["label"], np.nan)
    plan = replace(PLAN, protocols=tuple(Protocol), published=replace(QUICK, networks=1, epochs=2))
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "DRAWS", 100)
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
    header, *lines = tsv(rows, 4).splitlines()
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


@pytest.mark.slow
def test_a_planted_context_is_found_by_contexts_and_is_nothing_inside_them(monkeypatch):
    monkeypatch.setattr(metrics, "DRAWS", 100)
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
    with pytest.raises(InputError, match="lack one of the classes"):
        evaluate_classes(replace(table, numbers={**table.numbers, "label": labels}), bank(), PLAN)
    with pytest.raises(InputError, match="there is no column gene"):
        evaluate_classes(replace(table, texts={}), bank(), PLAN)
    nowhere = {**table.numbers, "tss_distance": np.full(60, np.nan)}
    with pytest.raises(InputError, match="the column tss_distance is missing or holds no number"):
        evaluate_classes(replace(table, numbers=nowhere), bank(), PLAN)
    with pytest.raises(ValueError, match="cannot be evaluated"):
        replace(PLAN, held_out=())


@pytest.mark.parametrize(
    ("name", "count", "told"),
    [("tool", 3, r"expected \(240,\), one score for each variant"), ("distance", 240, "two methods are named")],
)
def test_scores_from_elsewhere_fit_the_table_and_have_names_of_their_own(monkeypatch, name, count, told):
    monkeypatch.setattr(metrics, "DRAWS", 2)
    with pytest.raises(InputError, match=told):
        evaluate_classes(planted_table(240, motif=0.0, context=0.0), bank(), PLAN, others={name: np.zeros(count)})
