"""The synthetic genome: every peak has its pair of motifs, and nothing else does."""

import re

import numpy as np
import pytest

from varbind.core.sequence import decode, encode, reverse_complement
from varbind.datasets.peaks import read_peaks
from varbind.datasets.synthetic_genome import (
    GRAMMARS,
    SLOT,
    SUMMIT_ERROR,
    MotifGrammar,
    synthetic_genome,
    write_synthetic_genome,
)
from varbind.errors import UsageError
from varbind.io.reference import Reference

SIZES = {"contigs": 2, "length": 60_000, "peaks": 20, "decoys": 10}
EXACT = tuple(MotifGrammar(own.name, own.words, own.gaps, conserved=1.0) for own in GRAMMARS)


@pytest.fixture(scope="module")
def exact():
    """A genome whose motifs are always the words."""
    return synthetic_genome(np.random.default_rng(1), **SIZES, grammars=EXACT)


def places(genome, pattern):
    """Middles of the matches of a pattern on both strands, in the order of the genome."""
    found = []
    for name, codes in genome.contigs.items():
        found += [(name, (own.start() + own.end()) // 2) for own in re.finditer(pattern, decode(codes))]
        mirrored = re.finditer(pattern, decode(reverse_complement(codes)))
        found += [(name, len(codes) - (own.start() + own.end() + 1) // 2) for own in mirrored]
    return sorted(found)


@pytest.mark.parametrize("grammar", EXACT, ids=lambda grammar: grammar.name)
def test_pairs_of_motifs_stand_at_the_peaks_and_nowhere_else(exact, grammar):
    first, second = grammar.words
    pairs = places(exact, f"{first}[ACGT]{{{grammar.gaps[0]},{grammar.gaps[1]}}}?{second}")
    peaks = exact.peaks[grammar.name]
    summits = list(zip(peaks["contig"], peaks["centre"], strict=True))
    assert len(pairs) == len(summits) == 20
    for (contig, middle), (own, summit) in zip(pairs, summits, strict=True):
        assert contig == own
        assert abs(middle - summit) <= SUMMIT_ERROR + 1
    assert (peaks["strength"] == len(first) + len(second)).all()
    singles = places(exact, f"{first}|{second}")
    assert len(singles) >= 2 * 20 + 10
    decoys = exact.decoys[grammar.name]
    assert {(own, place) for own, place in zip(decoys["contig"], decoys["centre"], strict=True)} <= {
        (contig, place + shift) for contig, place in singles for shift in (-1, 0, 1)
    }


def test_peaks_lie_on_their_contigs_in_order_and_one_in_each_slot(exact):
    everywhere = []
    for peaks in exact.peaks.values():
        assert ((peaks["start"] >= 0) & (peaks["end"] <= 60_000) & (peaks["start"] <= peaks["centre"])).all()
        assert (peaks["centre"] < peaks["end"]).all()
        rows = list(zip(peaks["contig"], peaks["centre"] // SLOT, strict=True))
        assert rows == sorted(rows)
        everywhere += rows
    assert len(set(everywhere)) == 60


def test_motifs_vary_and_both_strands_are_used():
    genome = synthetic_genome(np.random.default_rng(2), contigs=1, length=900_000, peaks=300, decoys=0)
    for grammar in GRAMMARS:
        strengths = genome.peaks[grammar.name]["strength"] / sum(map(len, grammar.words))
        assert strengths.mean() == pytest.approx(grammar.conserved, abs=0.02)
        text, word = decode(genome.contigs["chr1"]), grammar.words[0]
        # Of 300 sites 0.9^9 = 39 % have the whole word, half of them on each strand.
        for own in (word, decode(reverse_complement(encode(word)))):
            assert 30 <= text.count(own) <= 90


def test_equal_seeds_give_equal_genomes_and_files_hold_them(exact, tmp_path):
    again = synthetic_genome(np.random.default_rng(1), **SIZES, grammars=EXACT)
    write_synthetic_genome(again, tmp_path)
    with Reference(tmp_path / "genome.fa") as reference:
        for name, codes in exact.contigs.items():
            assert reference.fetch(name, 0, len(codes)) == decode(codes)
    for name, peaks in exact.peaks.items():
        read = read_peaks(str(tmp_path / f"{name}.narrowPeak"))
        assert read.to_dict("list") == peaks.to_dict("list")


@pytest.mark.parametrize(
    ("sizes", "text"),
    [({"length": 60_500}, "60,500 bases"), ({"peaks": 50}, "180 sites on 2 contigs"), ({"grammars": ()}, "0 sites")],
)
def test_what_does_not_fit_is_refused(sizes, text):
    with pytest.raises(UsageError, match=text):
        synthetic_genome(np.random.default_rng(1), **(SIZES | sizes))


def test_a_grammar_with_sites_that_are_too_long_is_refused():
    with pytest.raises(UsageError, match="the sites of X have up to 410 bases"):
        MotifGrammar("X", ("ACGTA", "ACGTA"), (0, 400))
