"""Rows 1 to 8, 12 and 53: how the bytes are packed, and what is no VCF at all."""

import gzip
import shlex
import subprocess

import pytest
from integration.runs import (
    EXAMPLE,
    FASTA,
    HEADER,
    PROGRAM,
    VCF,
    annotation,
    as_text,
    bgzip,
    block_starts,
    call,
    line,
    snv,
    spawn,
    to_bcf,
)
from quick_cases import first_quick

from varbind.io.vcf.bgzf import EOF_MARKER

EMPTY_GZIP = gzip.compress(b"")


def members(data):
    """Gzip of three members, the first of which ends inside a line."""
    return b"".join(gzip.compress(part) for part in (data[:333], data[333:1500], data[1500:]))


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    """A BGZF file of several blocks."""
    text = HEADER + b"".join(line("chr1", pos, "A", ".", info=f"DP={pos * pos}") for pos in range(1, 8_000))
    folder = tmp_path_factory.mktemp("blocks")
    (folder / "in.vcf").write_bytes(text)
    data = bgzip(folder / "in.vcf", folder / "in.vcf.gz").read_bytes()
    assert len(block_starts(data)) > 3
    return data


@pytest.mark.parametrize("pack", [bytes, gzip.compress, members], ids=["plain", "gzip", "members"])
def test_row_1_text_of_any_packing_gives_the_same(bench, expected, pack):
    assert bench.annotate(bench.file("in", pack(VCF.read_bytes()))).code == 0
    assert (bench.results / "out.vcf").read_bytes() == expected


def test_row_1_bgzf_gives_the_same(bench, expected, packed):
    assert bench.annotate(packed).code == 0
    assert (bench.results / "out.vcf").read_bytes() == expected


@pytest.mark.parametrize("kind", ["b", "u", "unpacked"])
def test_row_2_bcf_gives_the_same_records(bench, expected, kind):
    source = to_bcf(VCF, bench.folder / "in.bcf", kind[0])
    if kind == "unpacked":
        source.write_bytes(gzip.decompress(source.read_bytes()))
    assert bench.annotate(source).code == 0
    text = (bench.results / "out.vcf").read_bytes()
    assert [row for row in text.splitlines() if row[:1] != b"#"] == [
        row for row in expected.splitlines() if row[:1] != b"#"
    ]


@pytest.mark.parametrize(
    ("output", "option", "start"),
    [
        ("out.vcf", (), b"##fileformat"),
        ("out.vcf.gz", (), b"\x1f\x8b\x08\x04"),
        ("out.bcf", (), b"\x1f\x8b\x08\x04"),
        ("out.x", ("-Ov",), b"##fileformat"),
        ("out.x", ("-O", "z9"), b"\x1f\x8b\x08\x04"),
        ("out.x", ("-Ob1",), b"\x1f\x8b\x08\x04"),
        ("out.x", ("-Ou",), b"\x1f\x8b\x08\x04"),
        ("out.vcf", ("-Oz",), b"\x1f\x8b\x08\x04"),
    ],
)
def test_row_2_suffix_or_option_decides_the_output(bench, binary, expected, output, option, start):
    done = bench.annotate(binary, *option, output=output)
    assert done.code == 0, done.err
    result = bench.results / output
    assert result.read_bytes().startswith(start)
    bench.file("expected.vcf", expected)
    assert as_text(result) == as_text(bench.folder / "expected.vcf")


def test_row_2_bcf_in_and_out_is_written_the_same_twice(bench, binary):
    for name in ("one.bcf", "two.bcf"):
        assert bench.annotate(binary, output=name).code == 0
    assert (bench.results / "one.bcf").read_bytes() == (bench.results / "two.bcf").read_bytes()


@pytest.mark.parametrize("option", ["x", "z10", "v1", "bz", ""])
def test_an_unknown_output_type_is_refused(bench, option):
    assert "unknown output type" in bench.refused(2, VCF, "-O", option)


def test_row_3_no_end_marker(bench, packed, expected):
    assert packed.read_bytes().endswith(EOF_MARKER)
    source = bench.file("cut.vcf.gz", packed.read_bytes()[: -len(EOF_MARKER)])
    error = bench.refused(3, source)
    assert f"{source}: no BGZF end marker; truncated?; recompress, or --allow-truncated" in error
    assert bench.annotate(source, "--allow-truncated").code == 0
    assert (bench.results / "out.vcf").read_bytes() == expected


def test_row_3_bcf_without_end_marker(bench, binary):
    source = bench.file("cut.bcf", binary.read_bytes()[: -len(EOF_MARKER)])
    assert "no BGZF end marker" in bench.refused(3, source)
    assert bench.annotate(source, "--allow-truncated").code == 0


def test_row_3_a_cut_on_a_block_boundary(bench, blocks):
    for place in block_starts(blocks)[1:4]:
        source = bench.file("cut.vcf.gz", blocks[:place])
        assert "no BGZF end marker" in bench.refused(3, source)


@pytest.mark.parametrize("share", [0.002, 0.3, 0.6, 0.97])
@pytest.mark.parametrize("options", [(), ("--allow-truncated",)], ids=["", "allowed"])
def test_row_4_bgzf_cut_inside_a_block(bench, blocks, share, options):
    cut = int(len(blocks) * share)
    source = bench.file("cut.vcf.gz", blocks[:cut])
    begin = max(start for start in block_starts(blocks) if start <= cut)
    assert f"{source}: truncated or corrupt at byte {begin}" in bench.refused(3, source, *options)


@pytest.mark.parametrize("block", [0, 1, 3])
@pytest.mark.parametrize("field", ["crc", "length", "data"])
def test_row_4_bgzf_with_a_wrong_byte(bench, blocks, block, field):
    begin, end = block_starts(blocks)[block : block + 2]
    place = {"crc": end - 8, "length": end - 3, "data": (begin + end) // 2}[field]
    data = bytearray(blocks)
    data[place] ^= 0x10
    source = bench.file("wrong.vcf.gz", bytes(data))
    assert f"{source}: truncated or corrupt at byte {begin}" in bench.refused(3, source)


def test_row_4_bcf_damaged(bench, binary, blocks):
    data = bytearray(binary.read_bytes())
    data[block_starts(data)[1] + 100] ^= 0xFF
    assert f"truncated or corrupt at byte {block_starts(data)[1]}" in bench.refused(
        3, bench.file("wrong.bcf", bytes(data))
    )
    large = to_bcf(bench.file("blocks.vcf.gz", blocks), bench.folder / "large.bcf").read_bytes()
    begin = block_starts(large)[-2]
    for damaged in (large[: begin + 50], large[: begin - 50], large[:30]):
        assert "truncated or corrupt at byte" in bench.refused(3, bench.file("wrong.bcf", damaged))


@pytest.mark.parametrize("damage", ["cut", "crc", "second member"])
def test_row_4_gzip_damaged(bench, damage):
    data = bytearray(gzip.compress(VCF.read_bytes()))
    if damage == "cut":
        data = data[:-9]
    elif damage == "crc":
        data[-6] ^= 1
    else:
        data += data[: len(data) // 2]
    source = bench.file("wrong.vcf.gz", bytes(data))
    assert f"{source}: truncated or corrupt near byte " in bench.refused(3, source)


@pytest.mark.parametrize("garbage", [b"garbage", b"\0" * 40, VCF.read_bytes(), gzip.compress(b"x", mtime=0)])
def test_row_5_garbage_after_bgzf(bench, packed, garbage):
    source = bench.file("in.vcf.gz", packed.read_bytes() + garbage)
    error = bench.refused(3, source)
    assert f"{source}: truncated or corrupt at byte {len(packed.read_bytes())}" in error


def test_row_5_garbage_after_gzip(bench):
    source = bench.file("in.vcf.gz", gzip.compress(VCF.read_bytes()) + b"garbage")
    assert "truncated or corrupt" in bench.refused(3, source)


@pytest.mark.parametrize("name", ["in.vcf", "in.vcf.gz", "in.bcf", "in.txt", "in"])
def test_row_6_the_name_says_nothing(bench, packed, binary, name):
    for data in (VCF.read_bytes(), packed.read_bytes(), binary.read_bytes(), gzip.compress(VCF.read_bytes())):
        done = bench.annotate(bench.file(name, data))
        assert done.code == 0
        assert "33 records read, 33 written" in done.err


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not a VCF/BCF (empty)"),
        (EMPTY_GZIP, "not a VCF/BCF (empty)"),
        (EOF_MARKER, "not a VCF/BCF (empty)"),
        (bytes(range(200, -1, -1)) * 9, "not a VCF/BCF"),
        (gzip.compress(bytes(range(200, 0, -1))), "not a VCF/BCF"),
        (FASTA.read_bytes(), "not a VCF/BCF"),
        ((EXAMPLE / "genes.gtf").read_bytes(), "not a VCF/BCF"),
        (b"BCF\2\2garbage", "not a BCF"),
        (b"\n", "not a VCF/BCF"),
    ],
    ids=["empty", "empty gzip", "empty BGZF", "bytes", "packed bytes", "FASTA", "GTF", "BCF", "newline"],
)
def test_row_7_no_vcf(bench, data, what):
    source = bench.file("in.vcf", data)
    error = bench.refused(3, source)
    assert error.startswith(f"varbind: error: {source}:")
    assert what in error


def test_row_8_missing_or_a_directory(bench):
    assert f"{bench.folder}/no.vcf: cannot be read: No such file" in bench.refused(3, bench.folder / "no.vcf")
    assert f"{bench.folder}: cannot be read: Is a directory" in bench.refused(3, bench.folder)
    assert "File name too long" in bench.refused(3, bench.folder / ("x" * 300))


def test_row_8_as_a_program(bench):
    error = bench.refused(3, bench.folder / "no.vcf", run=spawn)
    assert error == (f"varbind: error: {bench.folder}/no.vcf: cannot be read: No such file or directory")


@pytest.mark.parametrize("info", ["DP=1", "."])
def test_row_12_no_final_newline(bench, info):
    last = snv("chr1", 2452, info=info).rstrip(b"\n")
    _, rows = bench.kept(bench.vcf(snv("chr1", 2451), last))
    assert [row["VARBIND_STATUS"] for row in rows] == ["ok", "ok"]
    assert not (bench.results / "out.vcf").read_bytes().endswith(b"\n")


@pytest.mark.parametrize("kind", ["text", "bgzf", "bcf"])
def test_row_53_stdin_and_stdout(bench, expected, packed, binary, kind):
    source = {"text": VCF, "bgzf": packed, "bcf": binary}[kind]
    with subprocess.Popen(["cat", source], stdout=subprocess.PIPE) as pipe:
        done = spawn(*annotation("-"), stdin=pipe.stdout)
    assert done.code == 0, done.err
    assert [row for row in done.out.splitlines() if row[:1] != b"#"] == [
        row for row in expected.splitlines() if row[:1] != b"#"
    ]
    assert kind == "bcf" or done.out == expected
    assert all(text.startswith("varbind: ") for text in done.lines)


def test_row_53_stdin_from_a_file_and_errors_name_it(bench):
    broken = bench.vcf(b"chr1\t1\n")
    with broken.open("rb") as stream:
        done = spawn(*annotation("-"), stdin=stream)
    assert done.code == 3
    assert done.out == b""
    assert "standard input:7: 2 columns, expected 8" in done.error


@pytest.mark.parametrize("kind", first_quick(["z", "b", "u"]))
def test_row_53_packed_stdout(bench, expected, kind):
    done = spawn(*annotation(VCF, "-O", kind))
    assert done.code == 0, done.err
    bench.file("expected.vcf", expected)
    assert as_text(bench.file("out", done.out)) == as_text(bench.folder / "expected.vcf")


def shell(redirection, *words):
    """Run with a redirection of the shell."""
    command = f"exec {shlex.join([*PROGRAM, *map(str, words)])} {redirection}"
    return subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=60)


def test_row_53_closed_streams(bench):
    without_stdout = shell(">&-", *annotation(VCF))
    assert without_stdout.returncode == 5
    assert without_stdout.stderr.count(b"varbind: error: standard output: is closed") == 1
    assert shell(">&-", *annotation(VCF, "-o", bench.results / "out.vcf")).returncode == 0
    without_stderr = shell("2>&-", *annotation(VCF))
    assert without_stderr.returncode == 0
    assert without_stderr.stdout.startswith(b"##fileformat")


def test_row_53_closed_stdout_of_show(bench):
    assert call(*annotation(VCF, "-o", bench.results / "out.vcf")).code == 0
    shown = shell(">&-", "show", bench.results / "out.vcf")
    assert (shown.returncode, shown.stderr) == (5, b"varbind: error: standard output: is closed\n")


def test_row_53_closed_stdin(bench):
    done = shell("<&-", *annotation("-"))
    assert done.returncode == 3
    assert b"standard input: is closed" in done.stderr


def test_call_and_program_agree(expected):
    assert call(*annotation(VCF)).out == spawn(*annotation(VCF)).out == expected
