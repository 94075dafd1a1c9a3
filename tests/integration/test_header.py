"""Rows 9 to 11, 14, 39 to 41 and 45: the header and what is around it."""

import codecs

import pytest
from integration.runs import (
    COLUMNS,
    FASTA,
    HEADER,
    VCF,
    annotation,
    as_text,
    call,
    line,
    readable,
    restored,
    snv,
    unpacked,
)
from quick_bank import QUICK_BANK

from varbind.annotate.provenance import keys_of
from varbind.io.vcf.records import VcfRecord

PLAIN = b"##fileformat=VCFv4.2\n"


@pytest.mark.parametrize("data", [HEADER, HEADER.rstrip(b"\n"), HEADER.replace(b"\n", b"\r\n"), PLAIN + COLUMNS])
def test_row_9_header_only(bench, data):
    done = bench.annotate(bench.file("in.vcf", data))
    assert done.code == 0
    assert "0 records read, 0 written, 0 found in the output; 0 alleles scored" in done.err
    result = (bench.results / "out.vcf").read_bytes()
    assert restored(result) == data
    assert b"##INFO=<ID=VARBIND_STATUS,Number=A,Type=String" in result


def test_row_9_header_only_of_contigs_nobody_has(bench):
    source = bench.file("in.vcf", PLAIN + b"##contig=<ID=NC_000001.11>\n" + COLUMNS + b"\n")
    assert bench.annotate(source).code == 0


@pytest.mark.parametrize(
    ("data", "place", "what"),
    [
        (HEADER.split(b"\n", 1)[1], 1, "first line is not ##fileformat=VCF"),
        (COLUMNS + b"\n" + snv("chr1", 2452), 1, "first line is not ##fileformat=VCF"),
        (PLAIN + snv("chr1", 2452), 2, "no #CHROM line before the records"),
        (PLAIN + b"##x=y\n", 2, "no #CHROM line"),
        (PLAIN + COLUMNS.replace(b"\t", b" ") + b"\n", 2, "eight columns"),
        (PLAIN + COLUMNS.replace(b"REF\tALT", b"ALT\tREF") + b"\n", 2, "eight columns"),
        (PLAIN + COLUMNS[:-5] + b"\n", 2, "eight columns"),
        (codecs.BOM_UTF8 + HEADER.split(b"\n", 1)[1], 1, "first line is not ##fileformat=VCF"),
        (codecs.BOM_UTF8, 1, "not a VCF"),
        (HEADER.decode().encode("utf-16"), 1, "UTF-16"),
        (codecs.BOM_UTF16_BE + HEADER.decode().encode("utf-16-be"), 1, "UTF-16"),
        (HEADER.decode().encode("utf-16-le"), 1, "not a VCF"),
        (PLAIN + b"##x=\0\n" + COLUMNS + b"\n", 2, "a NUL byte"),
        (PLAIN + COLUMNS + b"\tFORMAT\tS\0\n", 2, "a NUL byte"),
    ],
)
def test_row_10_broken_header(bench, data, place, what):
    source = bench.file("in.vcf", data)
    error = bench.refused(3, source)
    assert error.startswith(f"varbind: error: {source}:{place}: ")
    assert what in error


@pytest.mark.parametrize("output", ["out.vcf", "out.vcf.gz"])
def test_row_10_a_byte_order_mark_is_kept(bench, output):
    """Without the mark, the output is that of the file without it."""
    texts = []
    for mark in (b"", codecs.BOM_UTF8):
        source = bench.file("in.vcf", mark + HEADER + snv("chr1", 2452) + snv("chr1", 2453))
        done = bench.annotate(source, output=output)
        assert done.code == 0, done.err
        assert "2 records read, 2 written" in done.err
        texts.append(unpacked(bench.results / output))
        (bench.results / output).unlink()
    assert texts[1] == codecs.BOM_UTF8 + texts[0]


def test_row_10_a_bcf_has_no_byte_order_mark(bench, bcftools):
    source = bench.file("in.vcf", codecs.BOM_UTF8 + HEADER + snv("chr1", 2452) + snv("chr1", 2453))
    done = bench.annotate(source, output="out.bcf")
    assert done.code == 0, done.err
    assert readable(bcftools, bench.results / "out.bcf") == 2


def test_row_10_what_a_byte_order_mark_stops_is_said(bench, tmp_path):
    """htslib neither indexes such a text nor finds a region in it."""
    source = bench.file("in.vcf", codecs.BOM_UTF8 + HEADER + snv("chr1", 2452))
    done = bench.annotate(source, "-W", output="out.vcf.gz")
    assert done.code == 0, done.err
    assert "not indexed: it starts with a byte order mark" in done.err
    assert [path.name for path in bench.results.iterdir()] == ["out.vcf.gz"]
    packed = tmp_path / "packed.vcf.gz"
    (bench.results / "out.vcf.gz").rename(packed)
    error = bench.refused(2, packed, "-r", "chr1:1-5000", "--overwrite")
    assert "packed.vcf.gz: starts with a byte order mark, which -r cannot read; use -t" in error


def test_row_10_an_annotated_file_with_a_byte_order_mark_is_read_again(bench):
    source = bench.file("in.vcf", codecs.BOM_UTF8 + HEADER + snv("chr1", 2452))
    assert bench.annotate(source).code == 0
    done = call("rank", bench.results / "out.vcf", "-q")
    assert done.code == 0, done.err
    assert done.out.splitlines()[1].startswith(b"chr1\t2452\t")


@pytest.mark.parametrize("columns", [b"", b"\tFORMAT\tS1"])
def test_row_11_crlf(bench, bcftools, columns):
    rest = "\tGT\t0/1" if columns else ""
    text = HEADER.replace(COLUMNS, COLUMNS + columns) + b"".join(
        [snv("chr1", 2451, rest=rest), line("chr1", 2452, "T", ".", rest=rest), snv("chr1", 2453, info=".", rest=rest)]
    )
    source = bench.file("in.vcf", text.replace(b"\n", b"\r\n"))
    done, rows = bench.kept(source)
    assert [row.get("VARBIND_STATUS") for row in rows] == ["ok", None, "ok"]
    assert len(done.warnings) == 1
    assert f"{source}: lines end in CR LF" in done.err
    result = bench.results / "out.vcf"
    assert result.read_bytes().count(b"\n") == result.read_bytes().count(b"\r\n")
    assert readable(bcftools, result) == 3


@pytest.mark.parametrize("place", ["header", "before the first record", "between", "end", "everywhere"])
@pytest.mark.parametrize("blank", [b"\n", b"\r\n"])
def test_row_14_blank_lines(bench, place, blank):
    there = {name: blank if place in (name, "everywhere") else b""
             for name in ("header", "before the first record", "between", "end")}  # fmt: skip
    first, rest = HEADER.split(b"\n", 1)
    parts = [first, b"\n", there["header"], rest, there["before the first record"], snv("chr1", 2451)]
    text = b"".join([*parts, there["between"] * 2, snv("chr1", 2452), there["end"]])
    done, rows = bench.kept(bench.file("in.vcf", text))
    assert len(rows) == 2
    number = next(number for number, row in enumerate(text.split(b"\n"), 1) if row in (b"", b"\r"))
    assert [warning for warning in done.warnings if "blank line" in warning] == [
        f"varbind: warning: {bench.folder}/in.vcf:{number}: a blank line; it is kept"
    ]


def test_row_39_undeclared_names_are_left_undeclared(bench, bcftools):
    header = PLAIN + COLUMNS + b"\tFORMAT\tS1\n"
    text = [
        snv("chr1", pos, info=f"XX={pos};YY", rest="\tGT:ZZ\t0/1:3").replace(b"PASS", b"odd") for pos in (2451, 2452)
    ]
    done, _ = bench.kept(bench.vcf(*text, header=header))
    assert done.warnings == []
    result = (bench.results / "out.vcf").read_bytes()
    names = (b"contig", b"INFO=<ID=XX", b"INFO=<ID=YY", b"FORMAT=<ID=ZZ", b"FILTER=<ID=odd")
    assert not any(b"##" + name in result for name in names)
    assert readable(bcftools, bench.results / "out.vcf") == 2


def test_row_39_undeclared_names_reach_a_bcf(bench, bcftools):
    header = PLAIN + COLUMNS + b"\tFORMAT\tS1\n"
    source = bench.vcf(snv("chr1", 2451, info="XX=1;YY", rest="\tGT:ZZ\t0/1:3"), header=header)
    assert bench.annotate(source, output="out.bcf").code == 0
    assert readable(bcftools, bench.results / "out.bcf") == 1


ODD = [
    b'##INFO=<ID=DP,Number=1,Type=Integer,Description="again">',
    b'##INFO=<ID=DP,Number=1,Type=Float,Description="and differently">',
    b"##",
    b"##no equals sign",
    b"##=",
    b"##INFO=<ID=broken",
    b'##INFO=<Description="x",ID=later,Number=1,Type=String>',
    b"##contig=<ID=chr1,length=16000>",
    b"##contig=<length=9>",
    b"##SAMPLE=<ID=a,Genomes=a;b>",
    b"##PEDIGREE=<Name=x>",
    b"##text=\xc3\xa9\xff",
    b'##INFO=<ID=VARBIND_OTHER,Number=1,Type=String,Description="someone else\'s">',
    b"##varbindlike=1",
    b'##INFO=<ID=SEE,Number=1,Type=String,Description="see,ID=VARBIND_SCORE, of the tool">',
    b'##INFO=<ID=SAID,Number=1,Type=String,Description="say \\",ID=VARBIND_SCORE,">',
]


def test_row_40_odd_header_lines_stay_in_order(bench):
    text = PLAIN + b"\n".join(ODD) + b"\n" + COLUMNS + b"\n"
    bench.annotate(bench.vcf(snv("chr1", 2451), header=text))
    result = (bench.results / "out.vcf").read_bytes()
    lines = result.split(b"\n")
    assert lines[1 : 1 + len(ODD)] == ODD
    assert all(added.startswith((b"##INFO=<ID=VARBIND_", b"##varbind_")) for added in
               lines[1 + len(ODD) : lines.index(COLUMNS)])  # fmt: skip


@pytest.mark.parametrize("options", [(), ("--overwrite",)])
def test_rows_40_and_41_a_description_that_speaks_of_our_keys(bench, options):
    bench.kept(bench.vcf(snv("chr1", 2451), header=PLAIN + b"\n".join([*ODD[-2:], COLUMNS]) + b"\n"), *options)


@pytest.mark.parametrize("before", [b"", b"Number=A,", b'Description="a>b",', b'Description="say \\"it\\", then",'])
def test_row_41_our_key_at_any_place_of_its_declaration(bench, before):
    ours = b"##INFO=<" + before + b"ID=VARBIND_SCORE,Type=Float>\n"
    source = bench.vcf(snv("chr1", 2451), header=PLAIN + ours + COLUMNS + b"\n")
    assert "VARBIND_SCORE is already present" in bench.refused(2, source)
    assert bench.annotate(source, "--overwrite").code == 0
    assert ours not in (bench.results / "out.vcf").read_bytes()


def test_row_41_declared_already(bench, expected):
    source = bench.file("in.vcf", expected)
    error = bench.refused(2, source)
    assert "VARBIND_SCORE is already present; --overwrite replaces it, --prefix NAME writes other keys" in error


@pytest.mark.parametrize("info", ["VARBIND_STATUS=ok", "DP=1;VARBIND_GENE=x;END=3", "VARBIND_FLAG", "VARBIND_SCORE=1"])
def test_row_41_used_without_declaration(bench, info):
    source = bench.vcf(snv("chr1", 2451), snv("chr1", 2452, info=info))
    error = bench.refused(2, source)
    assert f"{source}:8: VARBIND_" in error
    assert bench.annotate(source, "--overwrite").code == 0
    rows = (bench.results / "out.vcf").read_bytes().splitlines()[-1].split(b"\t")[7].split(b";")
    assert sum(word.startswith(b"VARBIND_STATUS") for word in rows) == 1


def test_row_41_keys_that_only_look_like_ours(bench):
    bench.kept(bench.vcf(snv("chr1", 2451, info="VARBIND_OTHER=1;XVARBIND_STATUS=2;VARBIND=3;varbind_STATUS=4")))


def test_row_41_overwrite_gives_the_first_bytes_again(bench, expected):
    again = bench.annotate(bench.file("in.vcf", expected), "--overwrite")
    assert again.code == 0
    assert (bench.results / "out.vcf").read_bytes() == expected


def test_row_41_overwrite_leaves_one_of_each(bench, expected):
    source = bench.file("in.vcf", expected)
    assert bench.annotate(source, "--overwrite", "--top", "1").code == 0
    result = (bench.results / "out.vcf").read_bytes()
    assert result.count(b"##INFO=<ID=VARBIND_STATUS,") == 1
    assert result.count(b"##varbind_annotateVersion=") == 1
    assert restored(result) == VCF.read_bytes()
    assert b"--top 1 " in result


def test_row_41_overwrite_forgets_what_is_no_longer_said(bench, expected):
    bench.annotate(bench.file("in.vcf", expected), "--overwrite", genes=None)
    assert b"VARBIND_GENE" not in (bench.results / "out.vcf").read_bytes()


def test_row_41_in_a_bcf(bench):
    assert bench.annotate(VCF, output="one.bcf").code == 0
    (bench.results / "one.bcf").rename(bench.folder / "one.bcf")
    assert "is already present" in bench.refused(2, bench.folder / "one.bcf")
    assert bench.annotate(bench.folder / "one.bcf", "--overwrite", output="two.bcf").code == 0
    assert as_text(bench.results / "two.bcf") == as_text(bench.folder / "one.bcf")


def test_row_41_prefix_writes_other_keys(bench, expected):
    source = bench.file("in.vcf", expected)
    assert bench.annotate(source, "--prefix", "MY.own").code == 0
    result = (bench.results / "out.vcf").read_bytes()
    assert b"##INFO=<ID=MY.own_STATUS,Number=A" in result
    last = result.splitlines()[-1]
    record = VcfRecord(last, 1, "", last.count(b"\t") + 1)
    assert record.without_keys(keys_of("MY.own")) == expected.splitlines()[-1]
    assert result.splitlines()[-1].replace(b"MY.own_", b"VARBIND_").count(b"VARBIND_STATUS=ok") == 2


def test_row_41_overwrite_keeps_the_lines_of_another_prefix(bench, expected):
    """Two runs with prefixes of their own, and one of them again: both say how their values came about."""
    source = bench.file("in.vcf", expected)
    for number, top in enumerate(["2", "1", "1"]):
        assert bench.annotate(source, "--overwrite", "--prefix", "MY", "--top", top).code == 0
        (bench.results / "out.vcf").rename(source := bench.folder / f"{number}.vcf")
    result = source.read_bytes()
    ours = [row for row in result.splitlines(keepends=True) if row.startswith(b"##varbind_")]
    first = [row for row in expected.splitlines(keepends=True) if row.startswith(b"##varbind_")]
    assert ours[:5] == first
    assert len(ours) == 10
    assert all(b"; Prefix=MY\n" in row or b",Prefix=MY>\n" in row for row in ours[5:])
    assert b" --top 1 " in ours[6]
    assert restored(restored(result, "MY")) == VCF.read_bytes()
    assert (bench.folder / "1.vcf").read_bytes() == result


@pytest.mark.parametrize("prefix", ["", "1A", "A B", "A;B", "A=B", "A,B", "A\tB", "\u00e9"])
def test_a_prefix_that_cannot_start_a_key(bench, prefix):
    assert "cannot start an INFO key" in bench.refused(2, VCF, "--prefix", prefix)


@pytest.mark.parametrize("version", [b"VCFv4.0", b"VCFv4.1", b"VCFv4.4", b"VCFv4.5", b"VCFv9"])
def test_row_45_later_and_earlier_versions(bench, version):
    header = b"##fileformat=" + version + b"\n" + COLUMNS + b"\tFORMAT\tS1\tS2\n"
    text = [
        snv("chr1", 2451, info="A=%3A%3B%25;B=a%2Cb", rest="\tGT:LAA:PSL\t/0/1:1:.\t|0|1:.:x"),
        snv("chr1", 2452, info="SVCLAIM=D;RN=2;RUS=CA,G", rest="\tGT:LAA:PSL\t0|1:2,1:.\t1:.:."),
    ]
    bench.kept(bench.vcf(*text, header=header))
    assert (bench.results / "out.vcf").read_bytes().startswith(b"##fileformat=" + version + b"\n")


def test_the_header_says_how_the_values_came_about(expected):
    header = expected.split(b"#CHROM")[0].decode()
    assert "##varbind_annotateCommand=annotate -f reference.fa --genes genes.gtf --proteins ELK1,GABPA,KLF4" in header
    assert f"##varbind_bank=<ID={QUICK_BANK},Version=" in header
    assert "##varbind_genes=<ID=genes.gtf,SHA256=" in header
    keys = [text for text in header.splitlines() if text.startswith("##INFO=<ID=VARBIND_")]
    assert len(keys) == 14
    assert "##varbind_effect=<ID=" in header
    assert all(',Source="varbind",Version="' in key for key in keys)


def test_no_version_leaves_it_out(bench, expected):
    assert bench.annotate(VCF, "--no-version").code == 0
    result = (bench.results / "out.vcf").read_bytes()
    assert b"##varbind_" not in result
    assert result == b"".join(row for row in expected.splitlines(keepends=True) if not row.startswith(b"##varbind_"))


def test_nothing_depends_on_threads_batches_or_places(bench, expected):
    moved = bench.folder / "elsewhere"
    moved.mkdir()
    for path in (FASTA, FASTA.with_suffix(".fa.fai")):
        (moved / path.name).write_bytes(path.read_bytes())
    words = annotation(VCF, "--threads", "1", "--batch-size", "3", "--device", "cpu", fasta=moved / FASTA.name)
    done = call(*words)
    assert done.code == 0, done.err
    assert done.out == expected


def test_a_file_name_that_is_no_text(bench, expected):
    odd = bench.folder / "ref \u00e9\n.fa"
    odd.write_bytes(FASTA.read_bytes())
    assert bench.annotate(VCF, fasta=odd).code == 0
    assert restored(unpacked(bench.results / "out.vcf")) == restored(expected)
