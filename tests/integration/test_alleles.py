"""Rows 16 to 18 and 21 to 33: what the alleles say."""

import json

import pytest
from integration.runs import (
    CONTIGS,
    FASTA,
    GENES,
    HEADER,
    VCF,
    base,
    call,
    line,
    other,
    readable,
    records,
    restored,
    snv,
    statuses,
)

POS = 2451
REF = base("chr1", POS)
ALT = other(REF)


def statuses_of(bench, *lines, **options):
    _, rows = bench.kept(bench.vcf(*lines), **options)
    return statuses(rows)


@pytest.mark.parametrize("pos", [0, 16_001])
def test_row_16_telomere(bench, pos):
    source = bench.vcf(line("chr1", pos, "N", "A"), line("chr1", pos, "A", "]chr2:5]A"))
    done, rows = bench.kept(source, genes=None)
    assert statuses(rows) == ["telomere", "breakend"]
    assert "not scored: breakend 1, telomere 1" in done.err


def test_row_16_outside_promoters_a_telomere_is_not_looked_at(bench):
    assert statuses_of(bench, line("chr1", 0, "N", "A"), line("chr1", 16_001, "N", "A")) == [None, None]


@pytest.mark.parametrize(
    ("pos", "ref"), [(16_002, "A"), (2**31, "A"), (15_999, CONTIGS["chr1"][-2:] + "A"), (10**17, "ACGT")]
)
def test_row_17_off_contig(bench, pos, ref):
    done, rows = bench.kept(bench.vcf(line("chr1", pos, ref, "G")), genes=None)
    assert statuses(rows) == ["off_contig"]
    assert "not scored: off_contig 1" in done.err


@pytest.mark.parametrize("pos", [1, 5, 15_996, 16_000])
def test_row_18_a_window_that_runs_off_is_padded(bench, pos):
    _, rows = bench.kept(bench.vcf(snv("chr1", pos)), genes=None)
    assert rows[0]["VARBIND_STATUS"] == "ok"
    assert rows[0]["VARBIND_FLAG"] == "padded&no_tss"
    assert rows[0]["VARBIND_LOSS_PHRED"] != "."


def test_row_18_tiny_contigs(bench):
    fasta = bench.file("tiny.fa", b">a\nC\n>b\nACGT\n>c\n" + CONTIGS["chr1"].encode() + b"\n")
    source = bench.vcf(line("a", 1, "C", "G"), line("b", 2, "CG", "C"), line("b", 4, "T", "TA"), line("a", 1, "C", "*"))
    _, rows = bench.kept(source, genes=None, fasta=fasta)
    assert statuses(rows) == ["ok", "ok", "ok", "star"]
    assert [row.get("VARBIND_FLAG") for row in rows] == ["padded&no_tss"] * 3 + [None]


def test_row_18_padding_is_n(bench):
    """A contig that ends and one that goes on with N give the same scores."""
    bases = CONTIGS["chr1"].encode()
    short = bench.file("short.fa", b">c\n" + bases[100:900] + b"\n")
    long = bench.file("long.fa", b">c\n" + b"N" * 300 + bases[100:900] + b"N" * 300 + b"\n")
    letter = chr(bases[103])
    rows = []
    for fasta, pos in ((short, 4), (long, 304)):
        bench.annotate(bench.vcf(line("c", pos, letter, other(letter))), genes=None, fasta=fasta)
        rows += records((bench.results / "out.vcf").read_bytes())
    assert [row.pop("VARBIND_FLAG") for row in rows] == ["padded&no_tss", "no_tss"]
    assert rows[0] == rows[1]


def test_row_21_lower_case(bench):
    _, rows = bench.kept(bench.vcf(line("chr1", POS, REF, ALT), line("chr1", POS, REF.lower(), ALT.lower())))
    assert rows[0] == rows[1]
    assert statuses(rows) == ["ok", "ok"]


def test_row_22_soft_masked_reference(bench, expected):
    masked = bench.file("masked.fa", FASTA.read_bytes().lower().replace(b">chr", b">chr"))
    assert bench.annotate(VCF, "--no-version", fasta=masked).code == 0
    plain = [row for row in expected.splitlines() if not row.startswith(b"##")]
    result = (bench.results / "out.vcf").read_bytes()
    assert [row for row in result.splitlines() if not row.startswith(b"##")] == plain


@pytest.fixture
def masked(bench):
    """The example with N at POS, and R ten bases on."""
    bases = CONTIGS["chr1"]
    bases = bases[: POS - 1] + "N" + bases[POS : POS + 9] + "R" + bases[POS + 10 :]
    return bench.file("masked.fa", f">chr1\n{bases}\n>chr2\n{CONTIGS['chr2']}\n".encode())


def test_row_23_unknown_reference(bench, masked):
    stats = bench.folder / "stats.json"
    source = bench.vcf(
        line("chr1", POS, "N", "A"),
        line("chr1", POS, "C", "A"),
        line("chr1", POS + 10, "R", "A"),
        line("chr1", POS - 1, base("chr1", POS - 1) + "N", "A"),
        snv("chr1", POS + 3),
    )
    _, rows = bench.kept(source, "--stats", stats, fasta=masked)
    assert statuses(rows) == ["ref_unknown"] * 4 + ["ok"]
    counts = json.loads(stats.read_text())
    assert (counts["ref_checked"], counts["ref_mismatched"]) == (1, 0)


def test_row_23_iupac_in_the_flank_is_n(bench, masked):
    hard = bench.file("hard.fa", masked.read_bytes().replace(b"R", b"N"))
    results = []
    for fasta in (masked, hard):
        bench.annotate(bench.vcf(snv("chr1", POS + 3)), "--no-version", fasta=fasta)
        results.append((bench.results / "out.vcf").read_bytes())
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("ref", "alt", "status"),
    [
        (REF, "N", "ambiguous_alt"),
        (REF, "R", "ambiguous_alt"),
        (REF, "ACGTNRYSWKMBDHVacgtnryswkmbdhv", "ambiguous_alt"),
        (REF, "*", "star"),
        (REF, "<DEL>", "symbolic"),
        (REF, "<CN0>", "symbolic"),
        (REF, "<CN12>", "symbolic"),
        (REF, "<INS>", "symbolic"),
        (REF, "<INS:ME:ALU>", "symbolic"),
        (REF, "<>", "symbolic"),
        (REF, "]chr2:321]A", "breakend"),
        (REF, "A[<ctg1>:7[", "breakend"),
        (REF, ".A", "breakend"),
        (REF, "A.", "breakend"),
        (REF, "-", "bad_allele"),
        (REF, "", "bad_allele"),
        (REF, "ACGT!", "bad_allele"),
        (REF, "<DEL", "bad_allele"),
        (REF, "A C", "bad_allele"),
        (REF, "?", "bad_allele"),
        (REF, "..", "breakend"),
        (".", ALT, "bad_allele"),
        ("", ALT, "bad_allele"),
        ("-", ALT, "bad_allele"),
        ("<DEL>", ALT, "bad_allele"),
        ("R", ALT, "ref_mismatch"),
        ("N", ALT, "ref_mismatch"),
    ],
)
def test_rows_24_to_33_one_allele(bench, ref, alt, status):
    done, rows = bench.kept(bench.vcf(line("chr1", POS, ref, alt, info="DP=1;END=2500")))
    assert statuses(rows) == [status]
    assert rows[0]["END"] == "2500"
    assert "VARBIND_LOSS_PHRED" not in rows[0]
    assert "VARBIND_BIND_LOSS" not in rows[0]
    assert f"not scored: {status} 1" in done.err


@pytest.mark.parametrize("alt", [".", "<*>", "<NON_REF>", "<*>,<NON_REF>", ".,."])
def test_rows_27_and_29_nothing_to_say_about_no_alternate(bench, alt):
    done, rows = bench.kept(bench.vcf(line("chr1", POS, REF, alt, info="END=2499"), line("chr1", POS, "N", alt)))
    assert rows == [{"END": "2499"}, {"DP": "1"}]
    assert "2 records without an alternate allele" in done.err


@pytest.mark.parametrize("beside", ["<*>", "<NON_REF>", "."])
def test_row_27_beside_a_real_alternate(bench, beside):
    _, rows = bench.kept(bench.vcf(line("chr1", POS, REF, f"{ALT},{beside}", info="DP=1;END=2452")))
    assert statuses(rows) == ["ok,no_alt"]
    assert rows[0]["VARBIND_LOSS_PHRED"].endswith(",.")
    assert rows[0]["END"] == "2452"


def test_row_30_multi_allelic_values_are_those_of_the_split_records(bench, bcftools):
    third = next(letter for letter in "ACGT" if letter not in (REF, ALT))
    alts = [ALT, "*", REF + "ACG", "<DEL>", third, "N", "<*>", ".A", "-"]
    lines = [line("chr1", POS, REF, text) for text in (",".join(alts), *alts)]
    # Of all default models some lose and some gain.
    _, rows = bench.kept(bench.vcf(*lines), "--proteins", "default")
    together, apart = rows[0], rows[1:]
    assert together["VARBIND_STATUS"] == "ok,star,ok,symbolic,ok,ambiguous_alt,no_alt,breakend,bad_allele"
    keys = {key.removeprefix("VARBIND_") for row in rows for key in row if key.startswith("VARBIND_")}
    assert keys >= {"SCORE", "PHRED", "ACTIVITY", "BIND_LOSS", "BIND_GAIN", "GAIN_PHRED", "GENE", "TSSDIST", "STATUS"}
    for key in keys:
        values = together[f"VARBIND_{key}"].split(",")
        assert len(values) == len(alts)
        # Alone, an allele that is no alternate gets no key.
        singles = [row.get(f"VARBIND_{key}", ".") for row in apart]
        assert [v for v, a in zip(values, alts, strict=True) if a != "<*>"] == [
            v for v, a in zip(singles, alts, strict=True) if a != "<*>"
        ]
    assert readable(bcftools, bench.results / "out.vcf") in (None, 1 + len(alts))


def test_row_30_an_allele_outside_beside_one_inside(bench):
    """The deletion begins outside the promoter of chr1:3001 and ends in it; the SNV at its start is outside."""
    start = base("chr1", 2995, 10)
    source = bench.vcf(line("chr1", 2995, start, f"{other(start[0])}{start[1:]},{start[0]}"))
    _, rows = bench.kept(source, "--promoter", "0,5")
    assert statuses(rows) == ["outside,ok"]
    assert rows[0]["VARBIND_GENE"].startswith(".,EXAMPLE2|")


def test_row_31_long_changes(bench):
    text = CONTIGS["chr1"]
    mnv, long = text[POS - 1 : POS + 2], text[POS - 1 : POS + 60]
    changed = "".join(other(letter) for letter in mnv)
    lines = [
        line("chr1", POS, mnv, changed),
        line("chr1", POS, mnv, "GG" + changed),
        line("chr1", POS, long[:51], long[0]),
        line("chr1", POS, long[:52], long[0]),
        line("chr1", POS, long[0], long[0] + "ACGTT" * 10),
        line("chr1", POS, long[0], long[0] + "ACGTT" * 10 + "A"),
        # Padding does not make a change long.
        line("chr1", POS, long, other(long[0]) + long[1:]),
    ]
    assert statuses_of(bench, *lines) == ["ok", "ok", "ok", "too_long", "ok", "too_long", "ok"]
    (bench.results / "out.vcf").unlink()
    _, rows = bench.kept(bench.vcf(*lines), "--max-indel", "2")
    assert statuses(rows) == ["too_long"] * 6 + ["ok"]
    (bench.results / "out.vcf").unlink()
    _, rows = bench.kept(bench.vcf(*lines), "--max-indel", "51")
    assert statuses(rows) == ["ok"] * 7
    # No background variant is so long: the longest ones stand in, and the allele says so.
    assert [row.get("VARBIND_FLAG") for row in rows] == [None] * 3 + [
        "size_extrapolated",
        None,
        "size_extrapolated",
        None,
    ]
    assert all(f"VARBIND_{key}" in row for row in rows for key in ("PHRED", "LOSS_PHRED", "GAIN_PHRED"))


def test_a_long_allele_is_ranked_among_the_others(bench):
    """It is not put behind every SNV for want of a PHRED, and its row says that it is extrapolated."""
    text = CONTIGS["chr1"]
    source = bench.vcf(snv("chr1", POS), line("chr1", POS + 10, text[POS + 9 : POS + 609], text[POS + 9]))
    assert bench.annotate(source, "--max-indel", "1000").code == 0
    ranked = call("rank", bench.results / "out.vcf", "-o", bench.results / "ranked.tsv")
    assert ranked.code == 0, ranked.err
    header, *rows = [row.split("\t") for row in (bench.results / "ranked.tsv").read_text().splitlines()]
    phreds = [float(row[header.index("phred")]) for row in rows]
    assert phreds == sorted(phreds, reverse=True)
    flags = {row[header.index("pos")]: row[header.index("flag")] for row in rows}
    assert flags == {str(POS): "", str(POS + 10): "size_extrapolated"}


@pytest.mark.parametrize(
    ("options", "flags"),
    [((), [None] * 4), (("--everywhere",), [None, None, "no_tss", None]), (("--everywhere", "--effect", "none"), None)],
)
def test_alleles_on_a_contig_without_genes_are_flagged(bench, options, flags):
    """The second allele is 4,900 bases from the nearest start, which counts with --everywhere."""
    of_chr1 = [text for text in GENES.read_bytes().splitlines(keepends=True) if text.startswith(b"chr1\t")]
    source = bench.vcf(snv("chr1", POS), snv("chr1", 15_900), snv("chr2", POS), line("chr2", POS + 9, "N", "<DEL>"))
    _, rows = bench.kept(source, *options, genes=bench.file("chr1.gtf", b"".join(of_chr1)))
    assert [row.get("VARBIND_FLAG") for row in rows] == (flags or [None] * 4)
    if "--everywhere" in options:
        assert ["VARBIND_TSSDIST" in row for row in rows] == [True, True, False, False]
    text = (bench.results / "out.vcf").read_text()
    assert ("no_tss = no transcription start is known for it" in text) == (flags is not None)


def test_without_genes_every_scored_allele_is_flagged(bench):
    source = bench.vcf(snv("chr1", POS), line("chr1", POS, REF, f"{ALT},*"), line("chr1", POS, REF, "<DEL>"))
    _, rows = bench.kept(source, genes=None)
    assert [row.get("VARBIND_FLAG") for row in rows] == ["no_tss", "no_tss,.", None]


def test_row_32_ref_is_alt(bench):
    _, rows = bench.kept(bench.vcf(line("chr1", POS, REF, REF), line("chr1", POS, REF, f"{ALT},{ALT}")))
    assert statuses(rows) == ["ok", "ok,ok"]
    assert "VARBIND_BIND_LOSS" not in rows[0]
    assert "VARBIND_BIND_GAIN" not in rows[0]
    zeros = ("SCORE", "PHRED", "ACTIVITY", "LOSS_PHRED", "GAIN_PHRED")
    assert [rows[0][f"VARBIND_{key}"] for key in zeros] == ["0"] * len(zeros)
    for key, value in rows[1].items():
        if key.startswith("VARBIND_"):
            assert value.split(",")[0] == value.split(",")[1]


@pytest.mark.parametrize(("ref", "alt"), [("-", "A"), (".", "A"), ("", "A"), (REF, "-"), (REF, f"{ALT},?")])
def test_row_33_check_ref_e_stops(bench, ref, alt):
    source = bench.vcf(snv("chr1", POS), line("chr1", POS, ref, alt))
    error = bench.refused(3, source, "--check-ref", "e")
    assert f"{source}:8: REF" in error
    assert "is not an allele" in error


def test_rows_26_to_28_reach_a_bcf_unchanged(bench):
    header = HEADER.replace(b"##INFO=<ID=DP", b'##ALT=<ID=DEL,Description="d">\n##INFO=<ID=DP')
    source = bench.vcf(
        line("chr1", POS, REF, "<DEL>", info="END=2600;DP=3"),
        line("chr1", POS, REF, f"{ALT},<*>", info="END=2451"),
        line("chr1", POS, REF, "<*>", info="END=2470"),
        header=header,
    )
    assert bench.annotate(source, output="out.bcf").code == 0
    assert bench.annotate(bench.results / "out.bcf", "--overwrite", output="back.vcf").code == 0
    result = restored((bench.results / "back.vcf").read_bytes())
    assert result.split(b"#CHROM")[1] == source.read_bytes().split(b"#CHROM")[1]
