"""Rows 13, 15, 37, 38, 42 to 44 and 46: the lines of records."""

import os
import subprocess

import pytest
from integration.runs import (
    COLUMNS,
    HEADER,
    PROGRAM,
    annotation,
    base,
    bgzip,
    line,
    other,
    readable,
    snv,
    spawn,
    statuses,
)

GOOD = snv("chr1", 2451)
SAMPLES = HEADER.replace(COLUMNS, COLUMNS + b"\tFORMAT\tS1")


@pytest.mark.parametrize(
    ("bad", "got"),
    [
        (b"chr1\t5\n", 2),
        (b"chr1\n", 1),
        (GOOD.rstrip(b"\n") + b"\tGT\n", 9),
        (GOOD.rstrip(b"\n") + b"\t\n", 9),
        (b"#comment\n", 1),
        (b"##INFO=<ID=late>\n", 1),
        (b" \n", 1),
        (GOOD.replace(b"\t", b" "), 1),
        (b"chr1\t2452\t.\tA", 4),
    ],
)
def test_row_13_column_count(bench, bad, got):
    source = bench.vcf(GOOD, bad)
    assert f"{source}:8: {got} columns, expected 8" in bench.refused(3, source)


def test_row_13_a_last_line_cut_short(bench):
    source = bench.vcf(snv("chr1", 2451, rest="\tGT\t0/1"), b"chr1\t2452\t.\tA\tC\t.\tPASS\tDP=1\tGT", header=SAMPLES)
    assert f"{source}:8: 9 columns, expected 10" in bench.refused(3, source)


def test_row_13_outside_promoters_too(bench):
    assert ":7: 2 columns" in bench.refused(3, bench.vcf(b"chrX\t1\n", GOOD))


@pytest.mark.parametrize("pos", ["", "-1", "+5", "1.5", "1e3", "x", " 5", "5 ", "1_0", "\u0663", "9" * 5_000, "0x10"])
def test_row_15_pos(bench, pos):
    bad = f"chr1\t{pos}\t.\tA\tC\t.\tPASS\tDP=1\n".encode()
    source = bench.vcf(GOOD, bad)
    assert f"{source}:8: POS is " in bench.refused(3, source)


@pytest.mark.parametrize("pos", ["02451", "2147483648", "999999999999999999", "0"])
def test_row_15_odd_whole_numbers_are_not_rewritten(bench, pos):
    bench.kept(bench.vcf(GOOD.replace(b"2451", pos.encode())))


def test_row_37_unsorted(bench):
    places = [("chr2", 2105), ("chr1", 2451), ("chr2", 1801), ("chr1", 2400)]
    _, rows = bench.kept(bench.vcf(*(snv(*place) for place in places)))
    assert statuses(rows) == ["ok"] * 4


@pytest.mark.parametrize(
    "places",
    [[("chr1", 2452), ("chr1", 2451)], [("chr1", 2451), ("chr2", 2105), ("chr1", 2452)]],
    ids=["positions", "contigs"],
)
@pytest.mark.parametrize("output", ["out.vcf.gz", "out.bcf"])
def test_row_37_an_index_is_refused_with_the_reason(bench, places, output):
    source = bench.vcf(*(snv(*place) for place in places))
    done, _ = (bench.annotate(source, "-W", output=output), None)
    assert done.code == 0
    assert f"{bench.results / output}: not indexed: the records are not sorted" in done.err
    assert [path.name for path in bench.results.iterdir()] == [output]


def test_row_38_duplicates(bench):
    record = snv("chr1", 2451)
    _, rows = bench.kept(bench.vcf(record, record, record))
    assert rows[0] == rows[1] == rows[2]
    assert rows[0]["VARBIND_STATUS"] == "ok"


@pytest.mark.parametrize(
    "info",
    [
        "DP=99999999999999999999",
        "DP=-2147483649",
        "AF=0.123456789012345678901234567890",
        "AF=1e-400,1E+400,.5,5.,00.10",
        "AF=nan,NaN,inf,-Inf,-nan",
        "AF=0x1p-3",
        "DP=;=3;;",
        ";DP=1",
        "DP=1;",
        "DP",
        "DP=1;DP=2",
        'A=%ZZ;B= spaced ;C="quoted"',
        ".;DP=1",
    ],
)
def test_row_42_column_8_is_never_reformatted(bench, info):
    record = snv("chr1", 2451, info=info).replace(b"\t.\tPASS", b"\t30.000000000000000001\tPASS")
    _, rows = bench.kept(bench.vcf(record))
    assert statuses(rows) == ["ok"]


def test_row_42_an_empty_column_8(bench):
    bench.kept(bench.vcf(snv("chr1", 2451, info="")))


def test_row_42_samples_are_never_reformatted(bench):
    rest = "\tGT:DP:GL\t0/1:99999999999:-1.00000000000000000001,nan,.\t./.\t.\t\t1|0|2:.:"
    header = HEADER.replace(COLUMNS, COLUMNS + b"\tFORMAT\ta\tb\tc\td\te")
    bench.kept(bench.vcf(snv("chr1", 2451, rest=rest), snv("chr1", 2452, info=".", rest=rest), header=header))


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "en_US.ISO-8859-1"])
def test_row_43_bytes_in_any_locale(bench, locale):
    odd = b"\xff\xfe\x80\xe9 \xc3\xa9\xe2\x82\xac \x1b[31m \x85 \xe2\x80\xa8"
    header = HEADER.replace(b"##INFO=<ID=DP", b"##note=" + odd + b"\n##INFO=<ID=DP").replace(
        COLUMNS, COLUMNS + b"\tFORMAT\t" + odd
    )
    record = snv("chr1", 2451, rest="\tGT\t0/1").replace(b"\t.\t", b"\t" + odd + b"\t", 1).replace(b"DP=1", b"X=" + odd)
    source = bench.vcf(record, record, header=header)
    environment = os.environ | {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    bench.kept(source, run=lambda *words: spawn(*words, env=environment))


def test_row_43_odd_bytes_in_every_column(bench):
    odd = b"\xff\xc3"
    text = [
        GOOD.replace(b"chr1", b"chr1" + odd),
        GOOD.replace(b"\tPASS", b"\t" + odd),
        GOOD.replace(b"\t" + base("chr1", 2451).encode() + b"\t", b"\t" + odd + b"\t"),
        line("chr1", 2452, "T", "@").replace(b"@", odd),
    ]
    _, rows = bench.kept(bench.vcf(*text))
    assert statuses(rows) == [None, "ok", "bad_allele", "bad_allele"]


@pytest.mark.parametrize("column", range(8))
def test_row_44_nul(bench, column):
    fields = GOOD.rstrip(b"\n").split(b"\t")
    fields[column] += b"\0"
    source = bench.vcf(GOOD, b"\t".join(fields) + b"\n")
    assert f"{source}:8: a NUL byte" in bench.refused(3, source)


def test_row_44_nul_in_a_sample(bench):
    source = bench.vcf(snv("chr1", 2451, rest="\tGT\t0/\0"), header=SAMPLES)
    assert f"{source}:7: a NUL byte" in bench.refused(3, source)


def test_row_46_no_samples_and_thousands(bench, bcftools):
    bench.kept(bench.vcf(GOOD))
    names = [f"S{number}" for number in range(4_000)]
    header = HEADER.replace(COLUMNS, COLUMNS + ("\tFORMAT\t" + "\t".join(names)).encode())
    rest = "\tGT\t" + "\t".join(["0|1"] * len(names))
    (bench.results / "out.vcf").unlink()
    _, rows = bench.kept(bench.vcf(*(snv("chr1", pos, rest=rest) for pos in range(2451, 2471)), header=header))
    assert statuses(rows) == ["ok"] * 20
    assert readable(bcftools, bench.results / "out.vcf") == 20


def test_row_46_a_line_of_five_megabytes(bench):
    long = snv("chr1", 2451, info="X=" + "0123456789" * 500_000)
    _, rows = bench.kept(bench.vcf(GOOD, long, GOOD))
    assert statuses(rows) == ["ok"] * 3


def peak(bench, source):
    """Peak memory of a run, in MiB."""
    words = [*PROGRAM, *map(str, annotation(source, "-o", bench.results / "out.vcf"))]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


def test_row_46_memory_does_not_grow_with_the_file(bench):
    def records(count):
        letter = base("chr1", 7501)
        text = line("chr1", 7501, letter, other(letter), info="DP=1;NOTE=" + "x" * 20)
        return bgzip(bench.vcf(text * count), bench.folder / f"{count}.vcf.gz")

    # 64 MiB of entries are held back until the build is known to fit.
    assert peak(bench, records(400_000)) - peak(bench, records(100)) < 160
