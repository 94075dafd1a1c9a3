"""Synthetic sequences: what is planted, and where."""

import numpy as np
import pytest

from varbind.core.sequence import reverse_complement
from varbind.datasets.planted_motifs import COUNTS_OF_CODE, COUNTS_OF_PAPER, plant_motifs

WORDS = {"A": (0, 1, 2, 2, 3, 0, 1, 1, 0, 0), "B": (3, 3, 1, 0, 2, 0, 0, 3, 2, 1, 3, 3)}
MOTIFS = {name: np.eye(4)[list(word)] for name, word in WORDS.items()}
"""Motifs without chance, so that they are seen in the sequences."""


def places_of(word, codes):
    windows = np.lib.stride_tricks.sliding_window_view(codes, len(word))
    return np.flatnonzero((windows == np.array(word, dtype=np.uint8)).all(axis=1)).tolist()


def strands_of(name):
    word = np.array(WORDS[name], dtype=np.uint8)
    return tuple(word), tuple(reverse_complement(word))


@pytest.mark.parametrize("counts", [COUNTS_OF_PAPER, COUNTS_OF_CODE], ids=["paper", "code"])
def test_labels_say_which_motifs_are_planted_on_either_strand(counts):
    planted = plant_motifs(MOTIFS, 400, np.random.default_rng(1), length=120, counts=counts)
    numbers, given = [], []
    for codes, labels in zip(planted.codes, planted.labels, strict=True):
        found = []
        for task, name in enumerate(planted.tasks):
            both = [places_of(strand, codes) for strand in strands_of(name)]
            assert labels[task] == any(both)
            found += [(at, at + len(WORDS[name])) for places in both for at in places]
            given.append(bool(both[0]))
        found.sort()
        bounds = [0, *(end + 1 for _, end in found)]
        assert all(start >= least for (start, _), least in zip(found, [1, *bounds[1:]], strict=False))
        assert found[-1][1] < 120
        numbers.append(len(found))
    shares = np.bincount(numbers, minlength=6)[1:6] / len(numbers)
    assert np.abs(shares - counts).max() < 4 * (0.25 / 400) ** 0.5
    assert 0 < np.mean(given) < 1


def test_the_other_bases_are_equally_frequent_and_places_are_all_used():
    motif = {"A": MOTIFS["A"]}
    planted = plant_motifs(motif, 3_000, np.random.default_rng(2), length=40, counts=(1.0,))
    starts = [min(at for strand in strands_of("A") for at in places_of(strand, codes)) for codes in planted.codes]
    used = np.bincount(starts, minlength=40)
    assert used[0] == used[30:].sum() == 0  # at least one base lies on both sides
    assert used[1:30].min() > 0.5 * 3_000 / 29
    assert np.abs(np.bincount(planted.codes[:, 0], minlength=4) / 3_000 - 0.25).max() < 0.04


def test_bases_of_a_motif_are_drawn_from_its_shares():
    shares = np.array([[0.7, 0.1, 0.0, 0.2]] * 8)
    planted = plant_motifs({"A": shares}, 2_000, np.random.default_rng(3), length=10, counts=(1.0,))
    inner = planted.codes[:, 1:-1]
    counts = np.bincount(inner.ravel(), minlength=4) / inner.size
    both = (shares[0] + shares[0][::-1]) / 2  # each strand in half of the sequences
    np.testing.assert_allclose(counts, both, atol=0.02)


def test_the_seed_decides():
    drawn = [plant_motifs(MOTIFS, 20, np.random.default_rng(seed), length=120).codes for seed in (1, 1, 2)]
    assert drawn[0].tobytes() == drawn[1].tobytes() != drawn[2].tobytes()


def test_motifs_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="5 motifs need up to 66 bases, and there are 65"):
        plant_motifs(MOTIFS, 1, np.random.default_rng(0), length=65)
