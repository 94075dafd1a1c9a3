"""What competes for a protein, and that it is chosen on training sets alone."""

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motif_banks import CRE, E_BOX, TATA, motif_bank, motif_model, planted
from oracles import reverse_strand

from varbind.core.sequence import decode, encode
from varbind.core.sequence_set import SequenceSet
from varbind.datasets.binding_dataset import DataKind
from varbind.evaluate.evaluation_data import EvaluationData
from varbind.evaluate.methods import (
    Absence,
    BankMethod,
    GcContentMethod,
    GkmSvm,
    GkmSvmMethod,
    gapped_kmers,
    protein_key,
)
from varbind.train.metrics import auc

pytest.importorskip("sklearn", reason="needs the extra `train`")


def sample(motif, seed=0, sha256="file", *, is_classification=True, **options):
    rows = planted(motif, seed=seed, **options)
    codes = np.array([encode(text) for text, _ in rows])
    bound = np.array([label == 1 for _, label in rows])
    kind = DataKind.LABELS if is_classification else DataKind.VALUES
    sequences = SequenceSet.of_one_length(codes)
    return EvaluationData(sequences, bound.astype(np.float64), bound, is_classification, len(codes), kind, sha256, seed)


def untouched():
    raise AssertionError("training sets are not read where there is no choice")


BANK = motif_bank(
    motif_model("cre", "CREB1", CRE, training={"data": {"sha256": "learned"}}),
    motif_model("ebox", "creb1 ", E_BOX),
    motif_model("tata", "TBP", TATA, training={"data": {"sha256": "peaks"}}),
    motif_model("rna", "RBFOX1", "TGCATG", double_stranded=False),
)


def slow_score(motif, codes):
    """Matching bases at the best place of both strands; off the end, N matches a quarter."""
    best = 0
    for strand in (codes.tolist(), reverse_strand(codes).tolist()):
        text = "N" * (len(motif) - 1) + decode(np.array(strand, dtype=np.uint8)) + "N" * (len(motif) - 1)
        for start in range(len(text) - len(motif) + 1):
            pairs = zip(motif, text[start : start + len(motif)], strict=True)
            best = max(best, sum(0.25 if base == "N" else base == wanted for wanted, base in pairs))
    return best


def test_one_model_needs_no_choice():
    predictor = BankMethod("b", BANK).fit("tbp", untouched)
    assert predictor.model_id == "tata"
    assert predictor.learned_from == {"peaks"}
    some = sample(TATA).sequences[:6]
    assert predictor.score(some).tolist() == [slow_score(TATA, row) for row in some]


def test_the_best_on_training_sets_is_taken():
    method = BankMethod("b", BANK)
    assert method.count("Creb1") == 2
    for motif, model_id in ((CRE, "cre"), (E_BOX, "ebox")):
        assert method.fit("CREB1", lambda motif=motif: [sample(motif)]).model_id == model_id


def test_training_sets_count_the_same_whatever_their_size():
    sets = [sample(CRE, 1, count=400, share=0.3), sample(E_BOX, 2, count=40)]
    areas = np.zeros((2, 2))
    for row, own in enumerate(sets):
        for column, motif in enumerate((CRE, E_BOX)):
            areas[row, column] = auc(own.bound, np.array([slow_score(motif, codes) for codes in own.sequences]))
    assert areas.mean(axis=0).argmax() == 1
    assert (areas * [[400], [40]]).mean(axis=0).argmax() == 0
    predictor = BankMethod("b", BANK).fit("CREB1", lambda: sets)
    assert predictor.model_id == "ebox"


def test_measured_values_choose_as_well():
    predictor = BankMethod("b", BANK).fit("CREB1", lambda: [sample(E_BOX, is_classification=False)])
    assert predictor.model_id == "ebox"


def test_equal_models_leave_the_first():
    bank = motif_bank(motif_model("second", "A", CRE), motif_model("first", "A", CRE))
    assert BankMethod("b", bank).fit("A", lambda: [sample(CRE)]).model_id == "second"


def test_it_is_known_what_a_model_has_seen():
    predictor = BankMethod("b", BANK).fit("CREB1", lambda: [sample(CRE, sha256="chosen")])
    assert predictor.learned_from == {"learned", "chosen"}


@pytest.mark.parametrize(
    ("protein", "why"),
    [("RBFOX1", Absence.NO_MODEL), ("nobody", Absence.NO_MODEL), ("CREB1", Absence.NO_CHOICE)],
)
def test_why_there_is_no_predictor(protein, why):
    assert BankMethod("b", BANK).fit(protein, list) is why


def test_the_gkm_svm_learns_from_labelled_sets_of_any_length():
    training = [sample(CRE, 1, count=120), sample(CRE, 2, count=120, length=25, sha256="other")]
    measured = sample(E_BOX, 3, is_classification=False, sha256="measured")
    predictor = GkmSvmMethod(100).fit("A", lambda: [*training, measured])
    assert predictor.learned_from == {"file", "other"}
    test = sample(CRE, 4)
    assert auc(test.bound, predictor.score(test.sequences)) > 0.8
    assert GkmSvmMethod(100).fit("A", lambda: [measured]) is Absence.NO_LABELS


def test_gc_is_a_share():
    score = GcContentMethod().fit("A", untouched).score
    assert score(SequenceSet.of_texts(["GCGC", "ANCT", "AATT", "GA"])).tolist() == [1, 0.25, 0, 0.5]


def test_names_are_compared_without_case_and_blanks():
    assert protein_key(" Cebpb ") == protein_key("CEBPB")


PLACES = [(0, *rest) for rest in combinations(range(1, 7), 4)]
WORDS = ["".join(letters) for letters in product("ACGT", repeat=5)]
OTHER = str.maketrans("ACGT", "TGCA")


def slow_counts(text):
    """Of both strands; a word on the other strand is read where its span lies."""
    counts = Counter()
    for strand in (text, text[::-1].translate(OTHER)):
        for start in range(len(strand) - 6):
            for number, places in enumerate(PLACES):
                word = "".join(strand[start + place] for place in places)
                counts[number, word] += "N" not in word
    return np.array([counts[number, word] for number in range(len(PLACES)) for word in WORDS], dtype=np.float64)


@given(st.lists(st.text("ACGTN", min_size=9, max_size=9), min_size=1, max_size=4))
def test_counts_are_those_of_a_loop(texts):
    found = gapped_kmers(np.array([encode(text) for text in texts]))
    for row, text in zip(found, texts, strict=True):
        counts = slow_counts(text)
        assert np.allclose(row, counts / max(np.linalg.norm(counts), 1), atol=1e-6)


def test_both_strands_count_the_same():
    codes = np.random.default_rng(0).integers(0, 4, (5, 30)).astype(np.uint8)
    turned = np.array([encode(decode(row)[::-1].translate(OTHER)) for row in codes])
    assert np.array_equal(gapped_kmers(codes), gapped_kmers(turned))


@pytest.mark.parametrize("text", ["ACGTAC", "NNNNNNNNNN"])
def test_without_a_word_there_is_nothing(text):
    assert not gapped_kmers(encode(text)[None]).any()


def test_equal_sequences_tie_whatever_stands_around_them():
    codes = np.random.default_rng(0).integers(0, 4, (450, 30)).astype(np.uint8)
    machine = GkmSvm([codes], np.arange(450) % 2 == 0)
    scores = machine.score(np.concatenate([codes, codes[::-1]]))
    assert np.array_equal(scores[:450], scores[450:][::-1])
    assert np.array_equal(scores[:450], np.concatenate([machine.score(codes[row : row + 1]) for row in range(450)]))


def test_a_machine_learns_a_motif():
    def data(seed):
        rows = planted(CRE, count=200, seed=seed)
        return np.array([encode(text) for text, _ in rows]), np.array([bound == 1 for _, bound in rows])

    codes, bound = data(1)
    machine = GkmSvm([codes[:120], codes[120:, :35]], bound)
    held_out, truth = data(2)
    assert auc(truth, machine.score(held_out)) > 0.9


def test_single_stranded_models_are_used_where_one_strand_is_read():
    method = BankMethod("b", BANK, double_stranded=False)
    assert method.fit("RBFOX1", untouched).model_id == "rna"
    assert method.fit("TBP", untouched) is Absence.NO_SINGLE_STRANDED


def test_a_part_of_a_file_is_not_the_rest_of_it():
    bank = motif_bank(motif_model("a", "A", CRE, training={"data": {"sha256": "probes", "part": "SetA"}}))
    assert BankMethod("b", bank).fit("A", untouched).learned_from == {"probes:SetA"}
