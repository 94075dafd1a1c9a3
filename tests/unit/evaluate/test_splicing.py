"""Regions beside exons are those of the transcript, and groups that differ are found, others not."""

import re
from dataclasses import replace

import numpy as np
import pytest
from motif_banks import motif_bank, motif_model
from planted import sequence, write_lines

from varbind.core.sequence import encode, reverse_complement
from varbind.datasets.exon_table import Exon, ExonGroup, read_exons
from varbind.errors import InputError, UsageError
from varbind.evaluate.splicing import (
    Region,
    RegionScores,
    band_of,
    compare_groups,
    regions_of,
    rna_models,
    score_regions,
)
from varbind.evaluate.splicing_figure import draw_splicing
from varbind.scoring.scorer import score_sequences

pytest.importorskip("scipy", reason="needs the extra `train`")

PTBP, OTHER = "TTTCTTTT", "GCATGGCA"
LENGTH = 40
HEADER = "chrom\tstrand\tstart\tend\tleft_exon_end\tright_exon_start\tgroup"
SPAN = 300
"""Bases of one exon with its introns and the ends of its neighbours."""


class Genome:
    """One contig in memory."""

    def __init__(self, bases):
        self.bases = bases

    def length(self, contig):
        return {"chr1": len(self.bases)}[contig]

    def fetch(self, contig, start, end):
        assert contig == "chr1"
        return self.bases[start:end]


def exon_at(number, strand, group):
    """Exon 100 bases long, introns of 80 and 90 bases."""
    first = number * SPAN
    return Exon("chr1", strand, first + 101, first + 200, first + 20, first + 291, group, number + 2)


def groups(count):
    names = (ExonGroup.UP, ExonGroup.DOWN, ExonGroup.CONTROL)
    return [exon_at(number, "+-"[number % 2], names[number // 2 % 3]) for number in range(count)]


def genome_of(exons, planted):
    """Random bases, with a motif in one region of the exons of one group."""
    rng = np.random.default_rng(5)
    bases = list(sequence(rng, SPAN * len(exons) + 10))
    for exon in exons:
        for (region, group), motif in planted.items():
            if exon.group == group:
                start, _ = regions_of(exon, LENGTH)[region]
                codes = encode(motif)
                shown = codes if exon.strand == "+" else reverse_complement(codes)
                place = start + int(rng.integers(LENGTH - len(motif)))
                bases[place : place + len(motif)] = ["ACGT"[code] for code in shown]
    return Genome("".join(bases))


def write_exons(path, exons, header=HEADER):
    rows = (
        (one.chrom, one.strand, one.start, one.end, one.left_exon_end, one.right_exon_start, one.group) for one in exons
    )
    return str(write_lines(path, [header, *("\t".join(map(str, row)) for row in rows)]))


@pytest.fixture(scope="module")
def bank():
    return motif_bank(
        motif_model("ptb", "PTBP1", PTBP, double_stranded=False),
        motif_model("other", "OTHER", OTHER, double_stranded=False),
    )


@pytest.fixture(scope="module")
def exons():
    return groups(180)


def transcript_regions(exon, bases):
    """The slow oracle: cut the gene out, turn it if it lies on the minus strand, and read it from left to right."""
    first, last = exon.left_exon_end, exon.right_exon_start
    gene = bases[first - 1 : last]  # from the last base of one exon to the first of the other
    before, inside, after = exon.start - first - 1, exon.end - exon.start + 1, last - exon.end - 1
    if exon.strand == "-":
        gene = gene[::-1].translate(str.maketrans("ACGT", "TGCA"))
        before, after = after, before
    introns = gene[1 : 1 + before], gene[1 + before + inside : 1 + before + inside + after]
    return {
        Region.U5SS: introns[0][:LENGTH],
        Region.THREE_SS: introns[0][-LENGTH:],
        Region.FIVE_SS: introns[1][:LENGTH],
        Region.D3SS: introns[1][-LENGTH:],
    }


def test_regions_and_their_scores_are_those_of_the_transcript(bank, exons, tmp_path):
    genome = genome_of(exons, {})
    found = score_regions(write_exons(tmp_path / "e.tsv", exons), genome, bank, length=LENGTH, threads=1)
    assert [scored.region for scored in found] == list(Region)
    for scored in found:
        assert len(scored.exons) == len(exons)
        expected = score_sequences([transcript_regions(exon, genome.bases)[scored.region] for exon in exons], bank=bank)
        np.testing.assert_array_equal(scored.scores, expected)


def test_short_introns_have_no_region(bank, exons, tmp_path, caplog):
    spans = regions_of(exons[0], 85)
    assert list(spans) == [Region.FIVE_SS, Region.D3SS]
    assert list(regions_of(replace(exons[0], strand="-"), 85)) == [Region.U5SS, Region.THREE_SS]
    assert regions_of(exons[0], 91) == {}
    found = score_regions(write_exons(tmp_path / "e.tsv", exons), genome_of(exons, {}), bank, length=85, threads=1)
    assert [len(scored.exons) for scored in found] == [90] * 4
    assert "90 of 180 introns at u5SS are shorter than 85 bases" in caplog.text


def test_a_planted_site_is_found_where_it_is_and_nowhere_else(bank, exons, tmp_path):
    genome = genome_of(exons, {(Region.THREE_SS, ExonGroup.DOWN): PTBP, (Region.FIVE_SS, ExonGroup.UP): OTHER})
    found = score_regions(write_exons(tmp_path / "e.tsv", exons), genome, bank, length=LENGTH, threads=1)
    rows = compare_groups(found, bank)
    assert len(rows) == 2 * 4 * 2
    marked = {(row.protein, row.region, row.group) for row in rows if row.band}
    assert marked == {("PTBP1", "3SS", "down"), ("OTHER", "5SS", "up")}
    assert all(row.share_above > 0.9 for row in rows if row.band)


def pair_share(own, controls):
    return np.mean([(one > other) + (one == other) / 2 for one in own for other in controls])


def test_shares_are_shares_of_pairs(bank, exons, tmp_path):
    found = score_regions(write_exons(tmp_path / "e.tsv", exons), genome_of(exons, {}), bank, length=LENGTH, threads=1)
    rows = iter(compare_groups(found, bank))
    for column in range(2):
        for scored in found:
            for group in ("up", "down"):
                own, controls = (
                    [
                        float(score)
                        for one, score in zip(scored.exons, scored.scores[:, column], strict=True)
                        if one.group == name
                    ]
                    for name in (group, "control")
                )
                row = next(rows)
                assert (row.exons, row.controls) == (60, 60)
                assert row.share_above == pytest.approx(pair_share(own, controls))


def test_without_a_signal_nothing_is_marked_in_95_of_100_draws(bank, exons, tmp_path):
    """One model, as in a panel of the figure: four regions and two groups."""
    one = bank.select(["ptb"])
    found = score_regions(write_exons(tmp_path / "e.tsv", exons), genome_of(exons, {}), one, length=LENGTH, threads=1)
    rng, quiet = np.random.default_rng(11), 0
    for _ in range(100):
        order = rng.permutation(len(exons))
        drawn = [
            RegionScores(
                scored.region,
                [replace(exon, group=exons[place].group) for exon, place in zip(scored.exons, order, strict=True)],
                scored.scores,
            )
            for scored in found
        ]
        quiet += not any(row.band for row in compare_groups(drawn, one))
    assert quiet >= 95


def test_equal_scores_are_no_difference(bank, exons):
    scored = RegionScores(Region.U5SS, exons, np.zeros((len(exons), 2), dtype=np.float32))
    for row in compare_groups([scored], bank):
        assert (row.p, row.share_above, row.band) == (1.0, 0.5, "")


@pytest.mark.parametrize(
    ("p", "mark"),
    [
        (1, ""),
        (1.1e-4, ""),
        (1e-4, "*"),
        (1.1e-8, "*"),
        (1e-8, "**"),
        (1e-16, "***"),
        (1.1e-32, "***"),
        (1e-32, "+"),
        (0, "+"),
    ],
)
def test_bands_end_where_the_paper_says(p, mark):
    assert band_of(p) == mark


def test_a_table_of_rmats_is_the_same_table(exons, tmp_path):
    header = "ID\tchr\tstrand\texonStart_0base\texonEnd\tupstreamEE\tdownstreamES\tgroup"
    rows = [
        (n, one.chrom, one.strand, one.start - 1, one.end, one.left_exon_end, one.right_exon_start - 1, one.group)
        for n, one in enumerate(exons)
    ]
    path = str(write_lines(tmp_path / "SE.MATS.JC.txt", [header, *("\t".join(map(str, row)) for row in rows)]))
    assert read_exons(path) == read_exons(write_exons(tmp_path / "e.tsv", exons)) == exons


def test_models_of_both_strands_are_left_out(bank):
    both = motif_bank(motif_model("dna", "SP1", OTHER), motif_model("rna", "PTBP1", PTBP, double_stranded=False))
    assert rna_models(both).model_ids == ("rna",)
    with pytest.raises(UsageError, match="all models score both strands, as those of DNA do; choose models of RNA"):
        rna_models(both.select(["dna"]))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("chr1\t.\t101\t200\t20\t291\tup", "e.tsv:2: the strand is '.', expected + or -"),
        ("chr1\t+\t101\t200\t20\t291\tmore", "e.tsv:2: the group is 'more', expected up, down, control"),
        ("chr1\t+\t101\t200\t150\t291\tup", "e.tsv:2: the exon 101-200 does not lie between the exons that end at 150"),
        ("chr1\t+\t201\t200\t20\t291\tup", "e.tsv:2: the exon 201-200 does not lie between"),
        ("chr1\t+\t-5\t200\t20\t291\tup", "e.tsv:2: the start is '-5', expected a whole number"),
        (
            "chr1\t+\t101\t200\t20\t291\tcontrol",
            "e.tsv: found the groups control; give exons of the group control, and",
        ),
        ("chr1\t+\t101\t200\t20\t291\tup", "e.tsv: found the groups up; give exons of the group control"),
    ],
)
def test_malformed_exons_are_told(tmp_path, row, text):
    path = str(write_lines(tmp_path / "e.tsv", [HEADER, row]))
    with pytest.raises(InputError, match=re.escape(text)):
        read_exons(path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"chrom": "chr9"}, "e.tsv:2: the reference has no contig chr9; use the contig names of the FASTA"),
        (
            {"right_exon_start": 10**6},
            "e.tsv:2: the next exon starts at 1000000, beyond the end of chr1; give the reference",
        ),
    ],
)
def test_exons_of_another_genome_are_told(bank, exons, tmp_path, change, text):
    path = write_exons(tmp_path / "e.tsv", [replace(exons[0], **change), *exons[1:]])
    with pytest.raises(InputError, match=text):
        score_regions(path, genome_of(exons, {}), bank, length=LENGTH, threads=1)


def test_a_header_without_the_columns_is_told(tmp_path):
    with pytest.raises(InputError, match=r"e\.tsv:1: the header is chrom, strand; it lacks start, end, left_exon_end"):
        read_exons(str(write_lines(tmp_path / "e.tsv", ["chrom\tstrand", "chr1\t+"])))


def test_the_figure_shows_the_models_with_the_smallest_p(bank, exons, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra `plots`")
    genome = genome_of(exons, {(Region.THREE_SS, ExonGroup.DOWN): PTBP})
    found = score_regions(write_exons(tmp_path / "e.tsv", exons), genome, bank, length=LENGTH, threads=1)
    rows = compare_groups(found, bank)
    drawn = draw_splicing(found, rows, bank)
    assert drawn == draw_splicing(found, rows, bank)
    text = " ".join(re.findall(r"<!-- (.*?) -->", drawn.decode()))
    assert text.index("PTBP1, ptb") < text.index("OTHER, other")
    marks = {row.band for row in rows if row.band}
    assert marks
    assert all(f"<!-- {mark} -->" in drawn.decode() for mark in marks)
    assert all(f"<!-- {name} -->" in drawn.decode() for name in (*Region, *ExonGroup))
