"""With a precomputed table, annotate leaves the same bytes and counts, says the same and ends with the same code."""

import contextlib
import gzip
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integration.runs import CONTIGS, FASTA, TIMES, base, bgzip, call, other, to_bcf, without_times
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
INFOS = ("DP=1", ".", "", ";", "DP=1;", "VARBIND_SCORE=7", "DP=2;OTHER_STATUS=ok", "VARBIND_STATUS=ok;DP=3", "X=VARBIND_")
ALTS = ("<DEL>", "*", ".", "<NON_REF>", "<*>", "N", "-", "", "G]chr2:5]", "A,", "acgtn")
SIZES = {
    "varbind.io.vcf.input_stream._LINES_AT_ONCE": 400,
    "varbind.io.vcf.vcf_block._BLOCK_BYTES": 400,
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
