"""Machines from support vectors, and trained ones: against sums over pairs of words, and against their own margins."""

import csv
import gzip
from itertools import product
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra `train`")
from gkm_svm import GkmSvm, gkm_kernel, mismatch_weights, train_gkm_svm
from sklearn.svm import SVC

from varbind.core.sequence import encode, reverse_complement

READS = Path(__file__).parents[3] / "shared" / "data" / "selex-yin2017"
WORD, LETTERS = 4, 2


def low_pass_of_counts(distance, word, letters):
    """An entry of the projection onto functions of gapped k-mers, by its definition as a pseudo-inverse."""
    words = np.array(list(product(range(4), repeat=word)))
    places = [own for own in product([False, True], repeat=word) if sum(own) == letters]
    choices = product(places, product(range(4), repeat=letters))
    gapped = np.array([(words[:, np.array(own)] == bases).all(axis=1) for own, bases in choices], dtype=float)
    projection = np.linalg.pinv(gapped) @ gapped
    other = next(i for i, own in enumerate(words) if np.count_nonzero(own) == distance)
    return projection[0, other]


def test_the_filter_is_the_projection_onto_gapped_kmers():
    entries = [low_pass_of_counts(distance, WORD, LETTERS) for distance in range(WORD + 1)]
    cut = next(i for i, entry in enumerate([*entries, 0]) if entry <= 1e-12)
    kept = np.array([entry if i < cut else 0 for i, entry in enumerate(entries)])
    # Two words are compared by the product of their filtered counts.
    words = np.array(list(product(range(4), repeat=WORD)))
    filtered = kept[(words[:, None] != words[None]).sum(axis=2)]
    expected = [
        filtered[0] @ filtered[next(i for i, own in enumerate(words) if np.count_nonzero(own) == distance)]
        for distance in range(WORD + 1)
    ]
    found = mismatch_weights(WORD, LETTERS, WORD)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(mismatch_weights(WORD, LETTERS, 1)[2:], 0)


def kernel(first, second, by_mismatches):
    """The sum over all pairs of words, of the second sequence on both strands."""
    total = 0.0
    for strand in (second, reverse_complement(second)):
        for i in range(len(first) - WORD + 1):
            for j in range(len(strand) - WORD + 1):
                total += by_mismatches[np.count_nonzero(first[i : i + WORD] != strand[j : j + WORD])]
    return total


def test_scores_are_sums_over_support_vectors():
    rng = np.random.default_rng(0)
    vectors, queries = (rng.integers(0, 4, (count, 9)).astype(np.uint8) for count in (6, 3))
    weights = rng.normal(size=6)
    by_mismatches = mismatch_weights(WORD, LETTERS, 2)
    found = GkmSvm(vectors, weights, 0.25, word=WORD, letters=LETTERS, mismatches=2).scores(queries)
    for query, score in zip(queries, found, strict=True):
        own = np.sqrt(kernel(query, query, by_mismatches))
        parts = [
            weight * kernel(query, vector, by_mismatches) / own / np.sqrt(kernel(vector, vector, by_mismatches))
            for vector, weight in zip(vectors, weights, strict=True)
        ]
        assert score == pytest.approx(sum(parts) - 0.25)


def test_the_kernel_of_all_sequences_is_the_cosine_of_sums_over_pairs_of_words():
    codes = np.random.default_rng(1).integers(0, 4, (7, 11)).astype(np.uint8)
    codes[3] = reverse_complement(codes[2:3])
    by_mismatches = mismatch_weights(WORD, LETTERS, 2)
    sums = np.array([[kernel(first, second, by_mismatches) for second in codes] for first in codes])
    lengths = np.sqrt(np.diag(sums))
    found = gkm_kernel(codes, word=WORD, letters=LETTERS, mismatches=2)
    np.testing.assert_allclose(found, sums / lengths / lengths[:, None], rtol=1e-12)
    np.testing.assert_allclose(found[2], found[3], rtol=1e-12)  # strands do not matter


def test_a_trained_machine_scores_as_the_fitted_one_decides():
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 4, (60, 20)).astype(np.uint8)
    bound = np.arange(60) < 30
    codes[bound, 6:11] = [0, 2, 2, 1, 3]
    sizes = {"word": WORD, "letters": LETTERS, "mismatches": 2}
    trained, new = codes[::2], codes[1::2]
    every = gkm_kernel(np.concatenate([trained, new]), **sizes)
    fitted = SVC(kernel="precomputed", C=0.5).fit(every[:30, :30], bound[::2])
    found = train_gkm_svm(trained, bound[::2], **sizes, cost=0.5).scores(new)
    np.testing.assert_allclose(found, fitted.decision_function(every[30:, :30]), rtol=1e-9, atol=1e-9)
    assert ((found > 0) == bound[1::2]).mean() > 0.8


@pytest.mark.slow
def test_free_support_vectors_of_a_published_machine_lie_on_its_margins():
    if not READS.exists():
        pytest.skip("needs the reads of Yin et al. (2017)")
    with (READS / "datasets.tsv").open() as table:
        row = next(row for row in csv.DictReader(table, delimiter="\t") if row["tf"] == "EGR1")
    with gzip.open(READS / row["model"].replace(".model.txt", ".sv.tsv.gz"), "rt") as text:
        reads = [line.split() for line in text]
    codes = encode("".join(read[0] for read in reads)).reshape(len(reads), -1)
    codes[codes > 3] = 0  # as the program that made it reads N
    weights = np.array([float(read[2]) for read in reads])
    sizes = {"word": int(row["L"]), "letters": int(row["k"]), "mismatches": int(row["d"])}
    scores = GkmSvm(codes, weights, float(row["rho"]), **sizes).scores(codes)
    free = np.abs(weights) < 1 - 1e-9
    labels = np.array([1 if read[1] == "1" else -1 for read in reads])
    assert free.sum() > 1000
    np.testing.assert_allclose(scores[free], labels[free], atol=1e-3)  # the tolerance of its training
