"""Scores of variants and sequences: each model on its own window, whatever the batch."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import TextReference, bank_card, deepbind_config, model_card, random_stack, scan_score, whole_score

from varbind.api.variants import score_variants
from varbind.bank.bank import Bank
from varbind.core.sequence import encode
from varbind.core.variant import Variant, normalise
from varbind.errors import InputError, ResourceError, UsageError
from varbind.scoring.scan import ScanRule
from varbind.scoring.scorer import (
    SEQUENCES_A_BATCH,
    Scorer,
    batches,
    score_sequences,
)

SHAPES = (
    deepbind_config(window=9),
    deepbind_config(window=14, detector_len=4, hidden=2),
    deepbind_config(window=21, detector_len=6, mean_pooling=True, double_stranded=False),
)


@pytest.fixture(scope="module")
def bank():
    """Three windows, one of them even; the models of the stacks interleaved."""
    rng = np.random.default_rng(0)
    stacks = tuple(random_stack(rng, shape, 2, prefix=f"{i}.") for i, shape in enumerate(SHAPES))
    ids = ["2.1", "0.0", "1.1", "0.1", "1.0", "2.0"]
    models = tuple(model_card(i, config=SHAPES[int(i[0])]) for i in ids)
    return Bank((bank_card(models),), models, stacks, background=None)


@pytest.fixture(scope="module")
def reference():
    rng = np.random.default_rng(1)
    return TextReference(one="".join(rng.choice(list("ACGT"), 60)), two="ACGTNNNNACGTTGCAACGT")


def random_variants(reference, count):
    """SNVs, insertions, deletions and both at once, up to the ends of the contigs."""
    rng = np.random.default_rng(2)
    variants = []
    for _ in range(count):
        chrom = rng.choice(list(reference.contigs))
        text = reference.contigs[chrom]
        start = int(rng.integers(0, len(text)))
        ref = text[start : start + int(rng.integers(0, 4))].partition("N")[0]
        alt = "".join(rng.choice(list("ACGT"), int(rng.integers(0, 4))))
        variants.append(normalise(str(chrom), start + 1, ref, alt, reference))
    return variants


def slow_scores(bank, reference, variant):
    """Both alleles, model by model, from strings."""
    stack_of = {model_id: (stack, row) for stack in bank.stacks for row, model_id in enumerate(stack.model_ids)}
    rows = []
    for allele in (variant.ref, variant.alt):
        row = []
        for model in bank.models:
            flank = (model.config.window - 1) // 2
            left = reference.fetch(variant.chrom, variant.start - flank, variant.start)
            right = reference.fetch(variant.chrom, variant.end, variant.end + flank)
            row.append(whole_score(*stack_of[model.model_id], encode(left + allele + right)))
        rows.append(row)
    return rows


def test_each_model_reads_its_own_window(bank, reference):
    variants = random_variants(reference, 25)
    scores = score_variants(variants, reference, bank)
    assert scores.model_ids == bank.model_ids
    expected = np.array([slow_scores(bank, reference, variant) for variant in variants])
    np.testing.assert_allclose(scores.ref, expected[:, 0], atol=tolerances.FUSED, rtol=0)
    np.testing.assert_allclose(scores.alt, expected[:, 1], atol=tolerances.FUSED, rtol=0)
    np.testing.assert_array_equal(scores.delta, scores.alt - scores.ref)
    assert scores.delta.dtype == np.float32


def test_batches_do_not_show(bank, reference):
    variants = random_variants(reference, SEQUENCES_A_BATCH + 44)
    whole = score_variants(variants, reference, bank)
    assert whole.ref.shape == (len(variants), 6)
    for rows in ([0], [255, 256], [299, 3, 3, 120]):
        some = score_variants([variants[row] for row in rows], reference, bank)
        assert some.ref.tobytes() == whole.ref[rows].tobytes()
        assert some.alt.tobytes() == whole.alt[rows].tobytes()


def test_threads_do_not_show(bank, reference):
    variants = random_variants(reference, 50)
    found = []
    for threads in (1, 2, None):
        with Scorer(bank, threads=threads) as scorer:
            found.append(scorer.score([scorer.cut(variant, reference) for variant in variants]).alt.tobytes())
    assert found[0] == found[1] == found[2]


def test_wider_windows_score_the_same(bank, reference):
    """A window may hold more flank than the widest model reads."""
    variants = random_variants(reference, 20)
    with Scorer(bank) as narrow, Scorer(bank, flank=narrow.flank + 7) as wide:
        windows = [wide.cut(variant, reference) for variant in variants]
        assert {len(window.ref) - len(v.ref) for window, v in zip(windows, variants, strict=True)} == {2 * wide.flank}
        expected = narrow.score([narrow.cut(variant, reference) for variant in variants])
        assert wide.score(windows).alt.tobytes() == expected.alt.tobytes()


def test_windows_of_other_flanks_are_refused(bank, reference):
    variants = random_variants(reference, 25)
    with Scorer(bank) as narrow, Scorer(bank, flank=narrow.flank + 3) as wide:
        for variant in variants:
            with pytest.raises(UsageError, match=f"narrower flanks than the {wide.flank} bases expected"):
                wide.score([narrow.cut(variant, reference)])
            # Wider flanks show where both alleles have bases.
            if variant.ref and variant.alt:
                with pytest.raises(UsageError, match=f"wider flanks than the {narrow.flank} bases expected"):
                    narrow.score([wide.cut(variant, reference)])


def test_progress_counts_what_is_scored(bank, reference):
    variants = random_variants(reference, 11)
    calls = []
    with Scorer(bank) as scorer:
        windows = [scorer.cut(variant, reference) for variant in variants]
        found = scorer.score(iter(windows), batch_size=4, progress=lambda *call: calls.append(call))
        assert calls == [(4, None), (8, None), (11, None)]
        assert found.ref.tobytes() == scorer.score(windows).ref.tobytes()
        codes = [window.alt for window in windows]
        in_batches = scorer.score_codes(codes, batch_size=5, progress=lambda *call: calls.append(call))
        assert calls[3:] == [(5, 11), (10, 11), (11, 11)]
        assert in_batches.tobytes() == scorer.score_codes(codes).tobytes()
        assert scorer.score([]).ref.shape == scorer.score_codes([]).shape == (0, 6)


def test_a_model_scores_the_same_in_any_selection(bank, reference):
    variants = random_variants(reference, 20)
    whole = score_variants(variants, reference, bank)
    for column, model_id in enumerate(bank.model_ids):
        alone = score_variants(variants, reference, bank.select([model_id]))
        assert alone.alt[:, 0].tobytes() == whole.alt[:, column].tobytes()


def test_no_variants(bank, reference):
    scores = score_variants([], reference, bank)
    assert scores.ref.shape == scores.alt.shape == scores.delta.shape == (0, 6)


@pytest.mark.parametrize("mode", ["whole", *ScanRule])
def test_sequences_by_each_rule(bank, mode):
    rng = np.random.default_rng(3)
    texts = ["".join(rng.choice(list("ACGTN"), length)) for length in (1, 5, 6, 9, 15)]
    keywords = {"mode": "whole"} if mode == "whole" else {"mode": "scan", "scan_rule": str(mode)}
    found = score_sequences(texts, bank, **keywords)
    for stack in bank.stacks:
        for row, model_id in enumerate(stack.model_ids):
            for i, text in enumerate(texts):
                codes = encode(text)
                expected = (
                    whole_score(stack, row, codes) if mode == "whole" else scan_score(stack, row, codes, str(mode))
                )
                assert found[i, bank.model_ids.index(model_id)] == pytest.approx(expected, abs=tolerances.FUSED)


def test_rule_0_1_is_the_default_of_scan(bank):
    texts = ["ACGTTGCAACGTAACGGT"]
    found = [score_sequences(texts, bank, mode="scan", scan_rule=rule).tobytes() for rule in ScanRule]
    assert score_sequences(texts, bank, mode="scan").tobytes() == found[0]
    assert len(set(found)) == 3


def test_letters(bank):
    upper, same = score_sequences(["ACGTTNNACGT", "acgUuRyaCgT"], bank)
    assert upper.tobytes() == same.tobytes()
    assert not np.array_equal(score_sequences(["ACGTTGGACGT"], bank)[0], upper)


def test_many_sequences_from_an_iterator(bank):
    rng = np.random.default_rng(4)
    texts = ["".join(rng.choice(list("ACGT"), 12)) for _ in range(SEQUENCES_A_BATCH + 5)]
    found = score_sequences(iter(texts), bank)
    assert found.shape == (len(texts), 6)
    assert found[-6:].tobytes() == score_sequences(texts[-6:], bank).tobytes()
    assert score_sequences([], bank).shape == (0, 6)


@pytest.mark.parametrize("keywords", [{"mode": "slide"}, {"mode": "scan", "scan_rule": "0.2"}])
def test_an_unknown_mode_or_rule(bank, keywords):
    with pytest.raises(UsageError, match="unknown"):
        score_sequences(["ACGT"], bank, **keywords)


@pytest.mark.parametrize("text", ["ACGT", "", b"ACGT", None, 4])
def test_sequences_are_a_list(bank, text):
    with pytest.raises(UsageError, match=r"expected a list of sequences; give \[sequence\]"):
        score_sequences(text, bank)


@pytest.mark.parametrize("text", ["AC-GT", "ACGT*", "ACGT-*", "AC GT", "ACGT\n", ">a", "ACGX", "ACG\u00e4", "1"])
def test_a_sequence_of_other_letters(bank, text):
    with pytest.raises(InputError, match=r"sequence 1 holds '.*', which is not a nucleotide letter; use ACGTUN"):
        score_sequences(["ACGT", text], bank)


def test_an_empty_sequence(bank):
    with pytest.raises(InputError, match="sequence 1 is empty"):
        score_sequences(["ACGT", ""], bank)


@pytest.mark.parametrize("item", [None, 3, b"ACGT", ["ACGT"]])
def test_a_sequence_is_a_text(bank, item):
    with pytest.raises(UsageError, match=r"sequence 1 is a .*, expected a str"):
        score_sequences(["ACGT", item], bank)


def test_variants_of_another_reference(bank, reference):
    pos = reference.contigs["one"].index("A") + 1
    good = Variant("one", pos, "A", "C")
    assert score_variants(iter([good]), reference, bank).ref.shape == (1, 6)
    with pytest.raises(InputError, match="ref_mismatch: the reference has 'A'"):
        score_variants([good, Variant("one", pos, "G", "C")], reference, bank)
    with pytest.raises(UsageError, match="expected a list of variants"):
        score_variants(good, reference, bank)


@given(st.lists(st.integers(), max_size=40), st.integers(1, 12))
def test_batches(items, size):
    found = list(batches(iter(items), size))
    assert [item for batch in found for item in batch] == items
    assert all(len(batch) == size for batch in found[:-1])
    assert all(1 <= len(batch) <= size for batch in found)


def test_a_missing_gpu_is_said(bank):
    torch = pytest.importorskip("torch", reason="needs the extra `gpu`")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ResourceError, match="not available"):
        Scorer(bank, device="cuda")


def test_variants_on_a_genome_of_pyfaidx_score_the_same(bank, reference, tmp_path):
    pyfaidx = pytest.importorskip("pyfaidx", reason="needs the extra `test`")
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{text}\n" for name, text in reference.contigs.items()))
    variants = random_variants(reference, 40)
    expected = score_variants(variants, reference, bank)
    with pyfaidx.Fasta(str(path)) as fasta:
        found = score_variants(variants, fasta, bank)
    assert found.ref.tobytes() == expected.ref.tobytes()
    assert found.alt.tobytes() == expected.alt.tobytes()
