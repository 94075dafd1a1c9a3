"""-r, -R, -t and -T select what bcftools selects."""

import gzip
import os
import subprocess

import pysam
import pytest
from integration.runs import HEADER, VCF, Bench, annotation, base, bgzip, block_starts, line, other, snv, spawn, to_bcf
from pysam import bcftools as pysam_bcftools
from quick_cases import first_quick

from varbind.errors import InputError, UsageError
from varbind.io.vcf.bgzf import EOF_MARKER
from varbind.io.vcf.regions import Regions
from varbind.io.vcf.variants import open_variants

PACKERS = {"in.vcf.gz": bgzip, "in.bcf": to_bcf}
HEAD = HEADER.replace(b"##INFO=<ID=DP", b'##ALT=<ID=DEL,Description="d">\n##INFO=<ID=DP')


def numbered(records):
    """Every record with an ID of its own."""
    return [record.replace(b"\t.\t", f"\tr{number}\t".encode(), 1) for number, record in enumerate(records)]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """SNVs, long deletions over several regions, and duplicates; BGZF and BCF, indexed."""
    bench = Bench(tmp_path_factory.mktemp("regions"))
    records = []
    for chrom in ("chr1", "chr2"):
        for pos in range(2_100, 2_400, 10):
            records.append(snv(chrom, pos))
            if pos % 50 == 0:
                records.append(line(chrom, pos, base(chrom, pos, 25), base(chrom, pos)))
                records.append(line(chrom, pos, base(chrom, pos), "<DEL>", info=f"DP=1;END={pos + 95}"))
                letter = base(chrom, pos)
                records.append(line(chrom, pos, letter, letter + "AC"))
                records += [snv(chrom, pos + 1)] * 2
    plain = bench.vcf(*numbered(records), header=HEAD)
    paths = {"vcf": bgzip(plain, bench.folder / "in.vcf.gz"), "bcf": to_bcf(plain, bench.folder / "in.bcf")}
    paths["csi"] = bgzip(plain, bench.folder / "csi.vcf.gz")
    pysam.tabix_index(str(paths["vcf"]), preset="vcf")
    pysam.tabix_index(str(paths["csi"]), preset="vcf", csi=True)
    pysam.tabix_index(str(paths["bcf"]), preset="bcf")
    return paths


REGIONS = [
    "chr1",
    "chr2,chr1",
    "chr1:2150",
    "chr1:2150-2150",
    "chr1:2150-",
    "chr1:2120-2130,chr1:2160-2170,chr1:2201-2203",
    "chr1:2160-2170,chr1:2120-2130",
    "chr1:2120-2165,chr1:2160-2170",
    "chr2:2390-2500,chr1:2101-2101",
    "chr1:2160-2161,chr2:2160-2161,chr1:2180-2181",
    "chr1:9000-9100",
    "chr9,chr1:2100",
    "chr1:1-100000000",
]


def selected(program, *options):
    """What bcftools selects, as text."""
    done = subprocess.run([program, "view", "-H", *map(str, options)], capture_output=True, check=True, text=True)
    return [tuple(row.split("\t")[:3]) for row in done.stdout.splitlines()]


def ours(bench, path, *options):
    done = bench.annotate(path, *options, "--max-indel", "1")
    assert done.code == 0, done.err
    text = (bench.results / "out.vcf").read_text()
    return [tuple(row.split("\t")[:3]) for row in text.splitlines() if row[0] != "#"]


def chosen(path, option, words, **names):
    """What the reader passes on, without annotating it."""
    regions = Regions.from_file(words) if option[1].isupper() else Regions.from_text(words)
    kind = "regions" if option[1] in "rR" else "targets"
    with open_variants(path, **{kind: regions}, **names) as variants:
        return [tuple(record.line.decode().split("\t")[:3]) for record in variants]


@pytest.mark.parametrize("kind", first_quick(["vcf", "csi", "bcf"]))
@pytest.mark.parametrize("regions", REGIONS)
def test_regions(bench, bcftools, source, kind, regions):
    assert ours(bench, source[kind], "-r", regions) == selected(bcftools, source[kind], "-r", regions)


@pytest.mark.parametrize("kind", first_quick(["vcf", "bcf"]))
@pytest.mark.parametrize("targets", REGIONS)
def test_targets(bench, bcftools, source, kind, targets):
    assert ours(bench, source[kind], "-t", targets) == selected(bcftools, source[kind], "-t", targets)


FILES = [
    ("places.txt", b"chr1\t2120\t2165\nchr2\t2200\t2200\nchr1\t2300\t2310\n"),
    ("places.bed", b"#comment\nchr1\t2119\t2165\nchr2\t2199\t2200\nchr1\t2299\t2310\tname\t0\t+\n"),
    ("points.txt", b"chr1\t2120\nchr1\t2150\nchr2\t2200\n"),
    ("places.bed.gz", gzip.compress(b"chr1\t2119\t2165\nchr2\t2199\t2200\n", mtime=0)),
    ("places.txt.gz", gzip.compress(b"chr1\t2119\t2165\nchr2\t2199\t2200\n", mtime=0)),
]


@pytest.mark.parametrize(("name", "data"), FILES)
@pytest.mark.parametrize("option", ["-R", "-T"])
def test_files(bench, bcftools, source, name, data, option):
    path = bench.file(name, data)
    assert ours(bench, source["vcf"], option, path) == selected(bcftools, source["vcf"], option, path)


def test_regions_and_targets_together(bench, bcftools, source):
    options = ("-r", "chr1:2140-2260", "-t", "chr1:2150,chr1:2200-2201")
    assert ours(bench, source["vcf"], *options) == selected(bcftools, source["vcf"], *options)


def test_values_do_not_depend_on_the_selection(bench, source):
    assert bench.annotate(source["vcf"], "--no-version").code == 0
    everything = (bench.results / "out.vcf").read_bytes().splitlines()
    assert bench.annotate(source["vcf"], "--no-version", "-r", "chr2:2200-2300").code == 0
    part = (bench.results / "out.vcf").read_bytes().splitlines()
    assert len(part) < len(everything)
    assert [row for row in everything if row in set(part)] == part


@pytest.mark.parametrize("option", ["-r", "-t"])
@pytest.mark.parametrize("regions", ["1,2", "2:2150-2200,1:2300", "1:2150,2"])
def test_contigs_without_letters(bench, bcftools, source, option, regions):
    plain = gzip.decompress(source["vcf"].read_bytes()).replace(b"chr1\t", b"1\t").replace(b"chr2\t", b"2\t")
    path = bgzip(bench.file("in.vcf", plain.replace(b"ID=chr", b"ID=")), bench.folder / "in.vcf.gz")
    pysam.tabix_index(str(path), preset="vcf")
    assert ours(bench, path, option, regions) == selected(bcftools, path, option, regions)


@pytest.mark.parametrize("option", ["-r", "-t"])
@pytest.mark.parametrize("kind", ["vcf", "bcf"])
def test_commas_may_group_digits(bench, bcftools, source, kind, option):
    """To bcftools `chr1:2,150-2,200` is position 2, and two contigs that there are not: it selects nothing."""
    expected = selected(bcftools, source[kind], option, "chr1:2150-2200,chr2:2300")
    assert expected
    assert chosen(source[kind], option, "chr1:2,150-2,200,chr2:2,300") == expected


def test_a_comma_before_a_known_contig_ends_a_region(bench):
    """Of names that are numbers of three digits, the file knows which are contigs."""
    rows = [line(name, pos, "A", ".") for name, pos in (("1", 21), ("1", 21_200), ("200", 7))]
    header = HEADER.replace(b"ID=chr1,length=16000", b"ID=1").replace(b"ID=chr2,length=14000", b"ID=200")
    assert [row[:2] for row in chosen(bench.vcf(*rows, header=header), "-t", "1:21,200")] == [
        ("1", "21"),
        ("200", "7"),
    ]
    without = header.replace(b"##contig=<ID=200>\n", b"")
    assert [row[:2] for row in chosen(bench.vcf(*rows, header=without), "-t", "1:21,200")] == [("1", "21200")]


OTHER_STYLES = [
    ("1:2120-2165", b""),
    ("NC_000001.11:2120-2165,2:2300", b""),
    ("first:2120-2165", b"chr1\tfirst\n"),
    ("first:2120-2165", b"first\tchr1\n"),
]


@pytest.mark.parametrize("kind", first_quick(["vcf", "csi", "bcf", "text"], 3))
@pytest.mark.parametrize("letter", first_quick(["r", "t", "R", "T"], 2))
@pytest.mark.parametrize(("regions", "names"), OTHER_STYLES)
def test_names_in_another_style(bench, source, kind, letter, regions, names):
    if kind == "text" and letter in "rR":
        return
    path = bench.file("in.vcf", gzip.decompress(source["vcf"].read_bytes())) if kind == "text" else source[kind]
    known = regions.replace("NC_000001.11", "chr1").replace("first", "chr1").replace(",2:", ",chr2:")
    known = f"chr{known}".removeprefix("chr") if known.startswith("chr") else f"chr{known}"
    expected = chosen(path, f"-{letter.lower()}", known)
    assert expected
    pairs = dict([names.decode().split()]) if names else {}
    words = bench.file("places.list", regions.replace(",", "\n").encode()) if letter.isupper() else regions
    assert chosen(path, f"-{letter}", words, contig_map=pairs) == expected


LISTS = [
    ("blanks.bed", b"chr1 2119 2165\nchr2  2199 2200 name 0 +\n"),
    ("mixed.bed", b"chr1\t2119 2165\nchr2 2199\t2200\n"),
    ("BIG.BED", b"chr1\t2119\t2165\nchr2\t2199\t2200\n"),
    ("blanks.txt", b"chr1 2120 2165\r\nchr2 2200 2200\r\n"),
    ("gatk.list", b"chr1:2120-2165\nchr2:2200\n"),
    ("gatk.intervals", b"chr1:2,120-2,165\nchr2:2,200-2,200\n"),
    ("no_suffix", b"chr1:2120-2165\n\n#comment\nchr2:2200-2200\n"),
    ("picard.interval_list", b"@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:16000\nchr1\t2120\t2165\t+\ta\nchr2\t2200\t2200\t-\tb\n"),
    ("picard.bed", b"@SQ\tSN:chr1\tLN:16000\nchr1\t2120\t2165\t+\ta\nchr2\t2200\t2200\t-\tb\n"),
    ("packed.list.gz", gzip.compress(b"chr1:2120-2165\nchr2:2200\n", mtime=0)),
    ("packed.bed.bgz", gzip.compress(b"chr1\t2119\t2165\nchr2\t2199\t2200\n", mtime=0)),
]


OPTIONS_OF_FILES = [("-R", "bcf"), ("-T", "vcf"), ("-R", "vcf"), ("-T", "bcf")]


@pytest.mark.parametrize(("name", "data"), LISTS)
@pytest.mark.parametrize(
    ("option", "kind"), first_quick([("-R", "bcf"), ("-T", "vcf"), ("-R", "vcf"), ("-T", "bcf")], 2)
)
def test_files_of_other_programs(bench, bcftools, source, name, data, option, kind):
    expected = selected(bcftools, source[kind], option.lower(), "chr1:2120-2165,chr2:2200")
    assert expected
    assert chosen(source[kind], option, bench.file(name, data)) == expected


HLA = ["HLA-A*01", "HLA-A*01:01", "HLA-A*01:01:01:01", "chr1"]


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("option", ["-r", "-t", "-T"])
@pytest.mark.parametrize(
    ("regions", "found"),
    [
        ("HLA-A*01:01:01:01", [("HLA-A*01:01:01:01", "1"), ("HLA-A*01:01:01:01", "5")]),
        ("HLA-A*01:01:01:01:5-9", [("HLA-A*01:01:01:01", "5")]),
        ("{HLA-A*01:01:01:01}:5-9", [("HLA-A*01:01:01:01", "5")]),
        ("{HLA-A*01}:1", [("HLA-A*01", "1")]),
        ("{HLA-A*01:01},chr1:5", [("HLA-A*01:01", "1"), ("HLA-A*01:01", "5"), ("chr1", "5")]),
        ("HLA-A*01:01", [("HLA-A*01:01", "1"), ("HLA-A*01:01", "5")]),
        ("HLA-A*01:01:-4", [("HLA-A*01:01", "1")]),
    ],
)
def test_names_with_colons(bench, declared, option, regions, found):
    """A contig of the header or the index goes before a position."""
    if not declared and option != "-r" and regions == "HLA-A*01:01":
        return  # read from a stream without a header's contigs, the records come too late to say which of two it is
    header = b"".join(f"##contig=<ID={name}>\n".encode() for name in HLA) if declared else b""
    text = b"##fileformat=VCFv4.2\n" + header + HEADER[HEADER.index(b"#CHROM") :]
    rows = [line(name, pos, "A", ".") for name in HLA for pos in (1, 5)]
    path = bgzip(bench.file("in.vcf", text + b"".join(rows)), bench.folder / "in.vcf.gz")
    pysam.tabix_index(str(path), preset="vcf")
    words = bench.file("places.list", regions.replace(",", "\n").encode()) if option == "-T" else regions
    assert [row[:2] for row in chosen(path, option, words)] == found


@pytest.mark.parametrize("kind", ["vcf", "bcf", "text", "undeclared"])
@pytest.mark.parametrize("letter", ["r", "R", "t", "T"])
def test_a_contig_that_there_is_not(bench, source, caplog, kind, letter):
    plain = gzip.decompress(source["vcf"].read_bytes())
    if kind == "undeclared":
        plain = plain.replace(b"##contig=<ID=chr1,length=16000>\n##contig=<ID=chr2,length=14000>\n", b"")
        assert b"##contig" not in plain
    path = source[kind] if kind in source else bench.file("in.vcf", plain)
    if path.suffix == ".vcf" and letter in "rR":
        path = bgzip(path, bench.folder / "in.vcf.gz")
        pysam.tabix_index(str(path), preset="vcf")

    def words(*regions):
        return bench.file("places.list", "\n".join(regions).encode()) if letter.isupper() else ",".join(regions)

    with pytest.raises(UsageError) as caught:
        chosen(path, f"-{letter}", words("chr9", "chrX:5-9"))
    assert caught.value.what == (
        "no region is on a contig of this file: the regions name 'chr9', 'chrX'; the file has 'chr1'"
    )
    caplog.clear()
    found = chosen(path, f"-{letter}", words("chr9:1-5", "chr1:2100-2105", "chr9:7"))
    assert {row[:2] for row in found} == {("chr1", "2100"), ("chr1", "2101")}
    assert caplog.messages == [f"{path} has no contig 'chr9', which regions name"]


@pytest.mark.parametrize("option", ["-r", "-t"])
def test_what_is_said_of_a_contig_that_there_is_not(bench, source, option):
    error = bench.refused(2, source["vcf"], option, "chr9")
    assert f"{source['vcf']}: no region is on a contig of this file: the regions name 'chr9'" in error
    assert "--contig-map FILE" in error
    done = bench.annotate(source["vcf"], option, "chr9,chr1:2100", "--max-indel", "1")
    assert done.code == 0
    assert f"varbind: warning: {source['vcf']} has no contig 'chr9', which regions name" in done.warnings


@pytest.mark.parametrize("option", ["-r", "-t"])
@pytest.mark.parametrize("kind", ["vcf", "bcf"])
def test_a_known_contig_without_records(bench, caplog, option, kind):
    plain = bench.vcf(snv("chr1", 2451))
    path = {"vcf": bgzip, "bcf": to_bcf}[kind](plain, bench.folder / f"in.{kind}.gz")
    pysam_bcftools.index(str(path))
    assert chosen(path, option, "chr2:5-90") == []
    assert caplog.messages == []


def test_targets_work_on_a_stream_and_on_plain_text(bench, bcftools):
    assert ours(bench, VCF, "-t", "chr2:8000-9000") == selected(bcftools, VCF, "-t", "chr2:8000-9000")


@pytest.mark.parametrize("kind", ["plain", "no index", "stdin", "bcf"])
def test_regions_need_an_index(bench, indexed, binary, kind):
    path = {"plain": VCF, "no index": indexed, "stdin": "-", "bcf": binary}[kind]
    if kind == "stdin":
        with VCF.open("rb") as stream:
            done = spawn(*annotation("-", "-r", "chr1"), stdin=stream)
        assert done.code == 2
        assert "-r needs" in done.error
        return
    error = bench.refused(2, path, "-r", "chr1")
    assert "-r needs" in error
    assert "index" in error


@pytest.mark.parametrize("option", ["-r", "-t"])
@pytest.mark.parametrize("text", ["chr1:5-3", "chr1:0", "", ",", "^chr1"])
def test_regions_that_cannot_be_read(bench, source, option, text):
    bench.refused(2, source["vcf"], option, text)


def test_region_files_that_cannot_be_read(bench, source):
    assert "No such file" in bench.refused(2, source["vcf"], "-R", bench.folder / "no.bed")
    bad = bench.file("bad.bed", b"chr1\t1\t5\nchr1\tx\t7\n")
    assert f"{bad}:2: expected CHROM, FROM, TO, found 'chr1 x 7'" in bench.refused(2, source["vcf"], "-T", bad)
    cut = bench.file("cut.bed.gz", gzip.compress(b"chr1\t1\t5\n", mtime=0)[:-5])
    assert f"{cut}: the gzip data is damaged" in bench.refused(2, source["vcf"], "-T", cut)
    assert "exclude each other" in bench.refused(2, source["vcf"], "-T", bad, "-t", "chr1")


def test_row_3_a_missing_end_marker_is_seen_behind_an_index(bench, source):
    for kind in ("vcf", "bcf"):
        data = source[kind].read_bytes()
        cut = bench.file(f"cut.{kind}", data[:-28])
        index = next(path for path in source[kind].parent.iterdir() if path.name.startswith(f"{source[kind].name}."))
        bench.file(f"cut.{kind}{index.suffix}", index.read_bytes())
        assert "no BGZF end marker" in bench.refused(3, cut, "-r", "chr1")


def test_crlf_behind_an_index(bench):
    text = (HEADER + snv("chr1", 2451) + line("chr1", 2452, "T", other("T"))).replace(b"\n", b"\r\n")
    path = bgzip(bench.file("crlf.vcf", text), bench.folder / "crlf.vcf.gz")
    pysam.tabix_index(str(path), preset="vcf")
    assert bench.annotate(path, "-r", "chr1").code == 0
    with_index = (bench.results / "out.vcf").read_bytes()
    assert bench.annotate(path).code == 0
    assert with_index == (bench.results / "out.vcf").read_bytes()


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("before", [[], [snv("chr1", 2451)]], ids=["header alone", "a contig less"])
def test_an_index_of_another_file(bench, name, before):
    """It is the newer of the two, and would find nothing of what it does not know."""
    path = PACKERS[name](bench.vcf(*before), bench.folder / name)
    pysam_bcftools.index(str(path))
    PACKERS[name](bench.vcf(snv("chr1", 2451), snv("chr2", 2451)), path)
    os.utime(f"{path}.csi")
    error = bench.refused(2, path, "-r", "chr1,chr2")
    assert f"{path}.csi: the index is damaged: " in error
    assert error.endswith(f"; bcftools index -f {path}")
    pysam_bcftools.index("-f", str(path))
    assert [row[:2] for row in ours(bench, path, "-r", "chr1,chr2")] == [("chr1", "2451"), ("chr2", "2451")]


@pytest.mark.parametrize("name", PACKERS)
def test_an_index_of_a_file_without_end_marker(bench, name):
    path = PACKERS[name](bench.vcf(snv("chr1", 2451), snv("chr2", 2451)), bench.folder / name)
    path.write_bytes(path.read_bytes().removesuffix(EOF_MARKER))
    pysam_bcftools.index("-f", str(path))
    assert "no BGZF end marker" in bench.refused(3, path, "-r", "chr2")
    assert [row[:2] for row in ours(bench, path, "-r", "chr2", "--allow-truncated")] == [("chr2", "2451")]


def bgzip_lines(source, target):
    """BGZF whose blocks end with lines, as some programs write it."""
    lines = source.read_bytes().splitlines(keepends=True)
    with pysam.BGZFile(str(target), "wb") as stream:
        for first in range(0, len(lines), 500):
            stream.write(b"".join(lines[first : first + 500]))
            stream.flush()
    return target


@pytest.mark.parametrize(("name", "pack"), [("in.vcf.gz", bgzip_lines), ("in.bcf", to_bcf)])
@pytest.mark.parametrize("change", ["cut", "longer"])
def test_a_file_that_changes_while_its_regions_are_read(bench, name, pack, change):
    """To htslib a cut between two blocks is the end of a text; records of a BCF cross them."""
    rows = (line("chr1", 1 + number // 10, "A", ".", info=f"DP={number**3 % 999_983}") for number in range(80_000))
    path = pack(bench.vcf(*rows), bench.folder / name)
    pysam_bcftools.index(str(path))
    size = path.stat().st_size
    cut = max(place for place in block_starts(path.read_bytes()) if place < size * 0.9)
    with open_variants(path, regions=Regions.from_text("chr1")) as variants:
        records = iter(variants)
        next(records)
        os.truncate(path, cut if change == "cut" else size + 1)
        with pytest.raises(InputError, match=r"changed while it was read|truncated file"):
            for _ in records:
                pass


@pytest.mark.parametrize("blank", [b"\n", b"\r\n"])
def test_row_14_a_blank_line_behind_an_index(bench, bcftools, blank):
    """Htslib does not go on behind it."""
    text = HEADER + snv("chr1", 2451) + blank + snv("chr1", 2453) + snv("chr2", 2451)
    path = bgzip(bench.file("in.vcf", text), bench.folder / "in.vcf.gz")
    subprocess.run([bcftools, "index", "-t", path], check=True, capture_output=True)
    place = HEADER.count(b"\n") + 2
    error = bench.refused(3, path, "-r", "chr1")
    assert error.endswith(f"{path}:{place}: a blank line, which -r cannot read; use -t, or remove it")
    assert [row[:2] for row in ours(bench, path, "-r", "chr2")] == [("chr2", "2451")]
    assert bench.annotate(path, "-t", "chr1").code == 0
    assert (bench.results / "out.vcf").read_bytes().count(blank + b"chr1\t2453") == 1


@pytest.mark.parametrize("odd", [b"   \n", b"chr1\tx\t.\tA\tC\t.\t.\t.\n"])
def test_rows_13_and_15_behind_an_index(bench, bcftools, odd):
    text = HEADER + snv("chr1", 2451) + b"\n" + odd + snv("chr1", 2453)
    path = bgzip(bench.file("in.vcf", text), bench.folder / "in.vcf.gz")
    subprocess.run([bcftools, "index", "-t", path], check=True, capture_output=True)
    error = bench.refused(3, path, "-r", "chr1")
    place = HEADER.count(b"\n") + 3
    assert f"{path}:{place}: " in error
    assert "repair or remove the line" in error


def test_row_4_damage_behind_an_index_is_not_taken_for_a_blank_line(bench, bcftools):
    rows = b"".join(line("chr1", pos, "A", ".", info=f"DP={pos**3 % 999_983}") for pos in range(1, 8_000))
    path = bgzip(bench.file("in.vcf", HEADER + b"\n" + rows), bench.folder / "in.vcf.gz")
    subprocess.run([bcftools, "index", "-t", path], check=True, capture_output=True)
    data = bytearray(path.read_bytes())
    place = list(block_starts(data))[1]
    data[place + 1_000] ^= 0xFF
    path.write_bytes(data)
    os.utime(f"{path}.tbi")
    assert f"truncated or corrupt at byte {place}: " in bench.refused(3, path, "-r", "chr1:7000-")
