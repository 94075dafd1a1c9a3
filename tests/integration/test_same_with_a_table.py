"""With a precomputed table, annotate leaves the same bytes and counts, says the same and ends with the same code."""

import contextlib
import gzip
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integration.runs import FASTA, HEADER, base, bgzip, call, line, other, to_bcf, without_times
from quick_bank import quick_bank_path

EXAMPLES = settings().max_examples

GENES = b"""\
chr1\t3\t900\tATFIRST\t0\t+
chr1\t8000\t9000\tMIDDLE\t0\t+
chr1\t8010\t9000\tNEAR\t0\t+
chr1\t15000\t15999\tATLAST\t0\t-
chr2\t5000\t6000\tSECOND\t0\t-
"""
STARTS = (("chr1", 4), ("chr1", 8001), ("chr1", 8011), ("chr1", 15_999), ("chr2", 6000))
LENGTHS = {"chr1": 16_000, "chr2": 14_000}
OTHER_NAMES = {"chr1": "1", "chr2": "second"}
COMMON = ("--promoter", "15,10", "--proteins", "ELK1,GABPA,KLF4", "--threads", "1")
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
INFOS = ("DP=1", ".", "", ";", "DP=1;", "VARBIND_SCORE=7", "DP=2;X_STATUS=ok", "VARBIND_STATUS=ok;DP=3", "X=VARBIND_")
ALTS = ("<DEL>", "*", ".", "<NON_REF>", "<*>", "N", "-", "", "G]chr2:5]", "A,", "acgtn")
PIECES = [f"varbind.io.vcf.input_stream.{name}" for name in ("_FIRST_PIECE", "_LARGEST_PIECE")]
SIZES = dict.fromkeys(PIECES, 400) | {
    "varbind.annotate.inputs.CHECKED_RECORDS": 5,
    "varbind.cache.known_lines.CHECKED_RECORDS": 5,
    "varbind.annotate.inputs.WRONG_RECORDS": 2,
}


@dataclass(frozen=True)
class World:
    """The files that all runs share.

    Attributes:
        folder: an empty folder for the files of one run.
        genes: the genes.
        pairs: the contig map.
        tables: the tables by their options: whether they have indels, and whether there is a contig map.
    """

    folder: Path
    genes: Path
    pairs: Path
    tables: dict

    def words(self, mapped):
        """The options that annotate and precompute share."""
        shared = ["-f", FASTA, "--genes", self.genes, "--bank", quick_bank_path(), *COMMON]
        return [*shared, *(["--contig-map", self.pairs] if mapped else [])]

    def run(self, source, *options, mapped=False, indels=True, output="out.vcf", table=None):
        """Annotate without and with a table; both must give the same.

        Args:
            table: another table than that of the contig map and the indels.

        Returns:
            The run with the table, and what it wrote; None where there is no result.
        """
        found = []
        for cache in ((), ("--cache", table or self.tables[indels, mapped])):
            target = self.folder / "out" / output
            shutil.rmtree(target.parent, ignore_errors=True)
            target.parent.mkdir()
            stats = target.parent / "stats.json"
            done = call("annotate", source, *self.words(mapped), "-o", target, "--stats", stats, *options, *cache)
            left = {path.name: path.read_bytes() for path in target.parent.iterdir()}
            if "stats.json" in left:
                left["stats.json"] = without_times(left["stats.json"])
            said = [line for line in done.lines if "alleles found in" not in line]
            found.append((done.code, said, left))
        without, with_table = found
        assert with_table[:2] == without[:2]
        assert with_table[2].keys() == without[2].keys()
        for name, data in without[2].items():
            assert with_table[2][name] == data, name
        return done, left.get(output)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The tables of a few short promoters, two of which reach over the ends of a contig."""
    home = tmp_path_factory.mktemp("tables")
    genes, pairs = home / "genes.bed", home / "pairs.tsv"
    genes.write_bytes(GENES)
    pairs.write_bytes(b"second\tchr2\n")
    made = World(tmp_path_factory.mktemp("runs"), genes, pairs, {})
    for mapped in (False, True):
        for indels in (False, True):
            table = home / f"table-{mapped}-{indels}.vcf.gz"
            done = call("precompute", "-o", table, *made.words(mapped), *(["--indels"] if indels else []))
            assert done.code == 0, done.err
            made.tables[indels, mapped] = table
    return made


@st.composite
def places(draw):
    """A contig of the reference and a position, most of them in or near a promoter."""
    contig, start = draw(st.sampled_from(STARTS))
    near = st.integers(start - 18, start + 18)
    anywhere = st.sampled_from([0, 1, 2, 3000, LENGTHS[contig], LENGTHS[contig] + 1, LENGTHS[contig] + 2])
    huge = st.sampled_from([2**29, 2**31 - 1, 2**31, 2**40, 10**17])
    return contig, max(draw(st.one_of(near, near, near, near, anywhere, huge)), 0)


@st.composite
def alleles(draw, contig, pos):
    """REF and ALT as written; most are true SNVs."""
    ref = base(contig, pos) if 0 < pos <= LENGTHS[contig] else "A"
    ref = ref or "A"
    snv = other(ref)
    longer = base(contig, pos, 2) if 0 < pos < LENGTHS[contig] else ref + "C"
    kinds = {
        "snv": (ref, snv),
        "other snv": (ref, other(snv)),
        "wrong": (other(ref), ref),
        "lower": (ref.lower(), snv.lower()),
        "several": (ref, f"{snv},{other(snv)}"),
        "mixed": (ref, f"{snv},{draw(st.sampled_from(ALTS))}"),
        "odd": (ref, draw(st.sampled_from(ALTS))),
        "padded": (longer, other(longer[0]) + longer[1:]),
        "padded after": (longer, longer[0] + other(longer[1])),
        "insertion": (ref, ref + draw(st.sampled_from("ACGT"))),
        "insertion before": (ref, draw(st.sampled_from("ACGT")) + ref),
        "deletion": (longer, longer[0]),
        "deletion before": (longer, longer[1]),
        "same": (ref, ref),
        "long": (ref, ref + "GATTACA"),
        "empty": ("", snv),
    }
    return kinds[draw(st.sampled_from([*["snv"] * 8, *kinds]))]


@st.composite
def records(draw, contigs, columns):
    """One line without its end."""
    contig, pos = draw(places())
    ref, alt = draw(alleles(contig, pos))
    name = draw(st.sampled_from([contigs[contig]] * 9 + ["chrUn", "1"]))
    text = f"{pos:04}" if draw(st.integers(0, 9)) == 0 else str(pos)
    info = draw(st.sampled_from([*["DP=1", "."] * 4, *INFOS]))
    fields = [name, text, draw(st.sampled_from([".", "rs1"])), ref, alt, ".", "PASS", info]
    return "\t".join([*fields, *["GT", "0/1", "./."][: columns - len(fields)]])


@st.composite
def files(draw):
    """The text of a VCF, and whether its names need the contig map."""
    mapped = draw(st.booleans())
    own = {name: name for name in LENGTHS}
    contigs = draw(st.sampled_from([own, own, {**own, "chr1": "1"}, OTHER_NAMES if mapped else own]))
    columns = draw(st.sampled_from([8, 8, 11]))
    lengths = {name: LENGTHS[contig] for contig, name in contigs.items()} | {"chrUn": 500}
    lengths |= draw(st.sampled_from([{}, {}, {}, {}, {contigs["chr1"]: 17_000}, {contigs["chr2"]: 13_000}]))
    declared = draw(st.sampled_from([True, True, True, False]))
    header = ["##fileformat=VCFv4.3", '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">']
    header += [f"##contig=<ID={name},length={length}>" for name, length in lengths.items()] if declared else []
    lines = draw(st.lists(records(contigs, columns), max_size=30))
    if draw(st.booleans()):
        lines.sort(key=lambda line: (line.split("\t")[0], int(line.split("\t")[1])))
    if draw(st.integers(0, 4)) == 0:
        lines *= 5
    if draw(st.integers(0, 9)) == 0:
        lines.insert(len(lines) // 2, "")
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))
    names = "\t".join([COLUMNS, *["FORMAT", "s1", "s2"][: columns - 8]])
    text = end.join([*header, names, *lines]) + draw(st.sampled_from([end, end, end, ""]))
    return text.encode(), mapped


OPTIONS = (
    ("--overwrite",),
    ("--overwrite",),
    ("--prefix", "OTHER"),
    ("--check-ref", "e"),
    ("--check-ref", "x"),
    ("--allow-ref-mismatch",),
    ("--allow-length-mismatch",),
    ("--fail-if-none",),
    ("--max-indel", "1"),
    ("--batch-size", "3"),
    ("-t", "chr1:1-8005,second"),
    ("-r", "chr1:1-8005,chr2"),
)


def stored(text, kind, folder):
    """The file as plain text, as BGZF with an index, or as BCF with one; as plain text where htslib cannot do so."""
    source = folder / "in.vcf"
    source.write_bytes(text)
    made = {"bgzf": folder / "in.vcf.gz", "bcf": folder / "in.bcf"}.get(kind)
    if made is None:
        return source
    with contextlib.suppress(OSError, ValueError, pysam.SamtoolsError):
        (bgzip if kind == "bgzf" else to_bcf)(source, made)
        with contextlib.suppress(OSError, ValueError, pysam.SamtoolsError):
            pysam.tabix_index(str(made), preset="vcf", force=True, csi=True)
        return made
    return source


@pytest.fixture(scope="module", autouse=True)
def _small_blocks():
    """Blocks of a few lines, and a check of the reference after a few records, so that small files have all cases."""
    patch = pytest.MonkeyPatch()
    for name, size in SIZES.items():
        patch.setattr(name, size)
    yield
    patch.undo()


@settings(max_examples=2 * EXAMPLES)
@given(
    file=files(),
    options=st.lists(st.sampled_from(OPTIONS), max_size=3, unique=True),
    kind=st.sampled_from(["plain", "plain", "bgzf", "bcf"]),
    output=st.sampled_from(["out.vcf", "out.vcf", "out.vcf.gz", "out.bcf"]),
    indels=st.booleans(),
)
def test_any_file(world, file, options, kind, output, indels):
    text, mapped = file
    for left in world.folder.iterdir():
        left.unlink() if left.is_file() else shutil.rmtree(left)
    source = stored(text, kind, world.folder)
    world.run(source, *[word for words in options for word in words], mapped=mapped, indels=indels, output=output)


def snvs(contig, positions):
    """The first SNV at each position."""
    return [line(contig, pos, base(contig, pos), other(base(contig, pos))) for pos in positions]


def vcf(world, lines):
    source = world.folder / "in.vcf"
    source.write_bytes(HEADER + b"".join(lines))
    return source


def test_positions_that_no_table_can_have(world):
    """Beside lines that the table has, and in records of which it has another allele."""
    odd = [line("chr1", pos, "A", alt) for pos in (0, 2**31, 10**17) for alt in ("C", "AC", "C,G")]
    done, result = world.run(vcf(world, [*snvs("chr1", range(1, 12)), *odd, *snvs("chr1", range(7990, 8000))]))
    assert done.code == 0
    assert result.count(b"STATUS=ok") == 21


def test_an_indel_before_the_first_base(world):
    first = base("chr1", 1)
    lines = [line("chr1", 1, first, other(first) + first), line("chr1", 1, base("chr1", 1, 2), base("chr1", 2))]
    done, result = world.run(vcf(world, lines))
    assert done.code == 0
    assert result.count(b"STATUS=ok") == 2


def test_the_first_records_decide_on_the_reference(world):
    """Many right ones that the table has follow wrong ones in the same block."""
    right = snvs("chr1", range(7990, 8010))
    wrong = [line("chr1", 8000, other(base("chr1", 8000)), base("chr1", 8000))] * 2
    sizes = SIZES | dict.fromkeys(PIECES, 1 << 18)
    with pytest.MonkeyPatch.context() as patch:
        for name, size in sizes.items():
            patch.setattr(name, size)
        done, _ = world.run(vcf(world, [*right[:2], *wrong, *right * 5]))
        assert done.code == 4
        assert "wrong genome build? 2 of 5 REF differ" in done.error
        done, _ = world.run(vcf(world, [*right[:5], *wrong, *right * 5]))
        assert done.code == 0


def test_a_track_without_a_contig(world, tmp_path):
    pybigtools = pytest.importorskip("pybigtools", reason="needs the extra `tracks`")
    track, table = tmp_path / "a.bw", tmp_path / "tracks.vcf.gz"
    pybigtools.open(str(track), "w").write({"chr1": 16_000}, iter([("chr1", 0, 9_000, 1.0)]))
    options = ("--conservation", f"phyloP100way={track}")
    assert call("precompute", "-o", table, *world.words(mapped=False), *options).code == 0
    lines = [*snvs("chr1", range(7990, 8000)), *snvs("chr2", range(5990, 6000)), line("chr2", 6000, "AAAA", "*")]
    done, result = world.run(vcf(world, lines), *options, table=table)
    assert f"track phyloP100way has no contig chr2 ({len(lines) - 10} alleles)" in done.err
    assert b"VARBIND_CONS_phyloP100way=1" in result


@pytest.mark.parametrize(
    ("pairs", "genes", "why"),
    [
        (b"chr1\tchr2\nchr2\tchr1\n", b"", "makes chr1 of the reference another contig"),
        (b"", b"1\t8005\t9000\tSTYLE\t0\t+\n", "the genes name chr1 of the reference in two ways, 1 and chr1"),
    ],
)
def test_contigs_with_two_meanings_have_no_table(world, tmp_path, pairs, genes, why):
    """The contig of a line would not say which genes it has."""
    (tmp_path / "pairs.tsv").write_bytes(pairs or b"a\tb\n")
    (tmp_path / "genes.bed").write_bytes(GENES + genes)
    own = World(tmp_path, tmp_path / "genes.bed", tmp_path / "pairs.tsv", {})
    done = call("precompute", "-o", tmp_path / "table.vcf.gz", *own.words(mapped=True))
    assert done.code == 2
    assert why in done.error


DAMAGE = {
    "PHRED=": (rb"VARBIND_PHRED=[^;]*", b"VARBIND_PHRED=abc"),
    "infinite": (rb"VARBIND_PHRED=[^;]*", b"VARBIND_PHRED=1e999"),
    "status": (rb"VARBIND_STATUS=ok", b"VARBIND_STATUS=star"),
    "seven columns": (rb"(?m)\tVARBIND_.*$", b""),
    "empty INFO": (rb"(?m)\tVARBIND_.*$", b"\t"),
    "nine columns": (rb"(?m)(\tVARBIND_.*)$", rb"\1\tGT"),
    "not UTF-8": (rb"MIDDLE", b"MIDDL\xe9"),
    "CR LF": (rb"\n", b"\r\n"),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("several", [False, True])
def test_a_table_with_a_damaged_text(world, tmp_path, kind, several):
    """It is refused by the look-up of lines, and by that of the alleles of a record."""
    found, damaged = DAMAGE[kind]
    text, table = tmp_path / "table.vcf", tmp_path / "table.vcf.gz"
    text.write_bytes(re.sub(found, damaged, gzip.decompress(world.tables[False, False].read_bytes())))
    bgzip(text, table)
    pysam.tabix_index(str(table), preset="vcf", csi=True, min_shift=6)
    letter = base("chr1", 8000)
    alts = ",".join(alt for alt in "ACGT" if alt != letter)
    lines = [line("chr1", 8000, letter, alts)] if several else snvs("chr1", range(7990, 8005))
    done = call("annotate", vcf(world, lines), *world.words(mapped=False), "-o", tmp_path / "o.vcf", "--cache", table)
    assert done.code == 4
    assert "table.vcf.gz: " in done.error
    assert not (tmp_path / "o.vcf").exists()


@pytest.mark.parametrize("kind", ["half", "a byte", "index of another table", "no index", "half an index"])
def test_a_damaged_file(world, tmp_path, kind):
    table, index = tmp_path / "table.vcf.gz", tmp_path / "table.vcf.gz.csi"
    data = world.tables[False, False].read_bytes()
    made = Path(f"{world.tables[kind == 'index of another table', False]}.csi").read_bytes()
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    table.write_bytes({"half": data[: len(data) // 2], "a byte": bytes(changed)}.get(kind, data))
    index.write_bytes(made[: len(made) // 2] if kind == "half an index" else made)
    if kind == "no index":
        index.unlink()
    lines = snvs("chr1", [*range(1, 12), *range(7990, 8020), *range(15_990, 16_000)])
    done = call("annotate", vcf(world, lines), *world.words(mapped=False), "-o", tmp_path / "o.vcf", "--cache", table)
    assert done.code == 4
    assert "table.vcf.gz" in done.error
    assert not (tmp_path / "o.vcf").exists()
