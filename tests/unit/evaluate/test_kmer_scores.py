"""E and Z of 7-mers are those of a slow count."""

from itertools import product
from statistics import median

import numpy as np
import pytest

from varbind.core.sequence import decode
from varbind.core.sequence_set import SequenceSet
from varbind.evaluate.kmer_scores import KMER, PROBES_MIN, ProbedKmers

pytest.importorskip("scipy", reason="needs the extra `train`")

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def array(seed=0, count=120):
    """Probes of 7 to 40 bases of two letters, some with N, so that they share words; values with ties."""
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("AGAGAGAGAGAGAGAGN"), rng.integers(KMER, 41))) for _ in range(count)]
    return texts, rng.integers(0, 30, count).astype(float)


def slow_scores(texts, values, *, double_stranded):
    """Each word, its E over all pairs of probes, and the median of the probes that hold it."""
    found = {}
    for letters in product("ACGT" if double_stranded else "AG", repeat=KMER):
        word = "".join(letters)
        other = word[::-1].translate(COMPLEMENT)
        if double_stranded and other < word:
            continue
        holds = [word in text or (double_stranded and other in text) for text in texts]
        having = [value for value, held in zip(values, holds, strict=True) if held]
        lacking = [value for value, held in zip(values, holds, strict=True) if not held]
        if min(len(having), len(lacking)) >= PROBES_MIN:
            won = sum((a > b) + (a == b) / 2 for a in having for b in lacking)
            found[word] = won / (len(having) * len(lacking)) - 0.5, median(having)
    return found


@pytest.mark.parametrize("double_stranded", [True, False])
def test_scores_are_those_of_a_slow_count(double_stranded):
    texts, values = array()
    probed = ProbedKmers.of(SequenceSet.of_texts(texts), double_stranded=double_stranded)
    expected = slow_scores(texts, values, double_stranded=double_stranded)
    assert len(probed) == len(expected) > 20
    areas, medians = zip(*expected.values(), strict=True)
    np.testing.assert_allclose(probed.e_scores(values), areas, atol=1e-12)
    spread = 1.4826022185056018 * median(abs(own - median(medians)) for own in medians)
    np.testing.assert_allclose(probed.z_scores(values), (np.array(medians) - median(medians)) / spread, rtol=1e-12)


def test_a_word_that_decides_has_the_largest_e():
    texts, _ = array()
    word = next(text for text in texts if "N" not in text and len(text) > 20)[3 : 3 + KMER]
    values = np.array([float(word in text) for text in texts])
    scores = ProbedKmers.of(SequenceSet.of_texts(texts), double_stranded=False).e_scores(values)
    assert scores.max() == 0.5
    assert scores.min() >= -0.5


def test_a_word_and_its_complement_are_one_on_two_strands():
    texts, values = array()
    turned = [decode(codes) for codes in SequenceSet.of_texts(texts).reverse_complement()]
    both = [ProbedKmers.of(SequenceSet.of_texts(own), double_stranded=True) for own in (texts, turned)]
    assert both[0].e_scores(values).tolist() == both[1].e_scores(values).tolist()


def test_without_words_there_are_no_scores():
    probed = ProbedKmers.of(SequenceSet.of_texts(["ACGTA", "NNNNNN"]), double_stranded=True)
    assert len(probed) == 0
    assert probed.e_scores(np.zeros(2)).size == 0
    assert probed.z_scores(np.zeros(2)) is None
    texts, values = array()
    assert ProbedKmers.of(SequenceSet.of_texts(texts), double_stranded=False).z_scores(np.zeros(len(values))) is None
