"""Promoters on real data: what is inside is annotated with the right distance, what is outside is untouched."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import pysam
import pytest
from quick_cases import first_quick_of_fixture

import varbind
from varbind.core.tss import Promoter

# The default, and one so wide that dozens of insertions and deletions lie inside.
REACHES = [(1_000, 500), (20_000, 60_000)]
# What normalisation finds is at most this far left of the record: longer than any repeat in these files.
REPEAT = 200

# Records inside a promoter: REF, ALT and `gene: strand and distance`, nearest first, computed by hand from the
# table's rows. The start of transcription is start + 1 on + and end on -; upstream is negative:
#   chr1  69090   70008 OR4F5     +: first base  69,091   chr1 752750 755214 FAM87B    +: first base 752,751
#   chr1 761585  762902 LINC00115 -: first base 762,902   chr1 762970 794826 LINC01128 +: first base 762,971
#   chr20 10015646 10037410 ANKEF1 +: first base 10,015,647
BY_HAND = {
    "snpeff_1kg_head.1": {
        # 69,511 - 69,091
        69_511: ("A", "G", {"OR4F5": ("+", 420)}),
        # 751,756 - 752,751: nearly the whole 1,000 upstream
        751_756: ("T", "C", {"FAM87B": ("+", -995)}),
        752_721: ("A", "G", {"FAM87B": ("+", -30)}),
        752_752: ("C", "T", {"FAM87B": ("+", 1)}),
        # A deletion of the T after the anchor, in a run of Ts: its first base is 752,308; 752,308 - 752,751.
        752_307: ("AT", "A", {"FAM87B": ("+", -443)}),
        # 762,902 - 762,472 = 430 downstream on -; 762,472 - 762,971 = 499 upstream on +
        762_472: ("C", "T", {"LINC00115": ("-", 430), "LINC01128": ("+", -499)}),
        762_947: ("G", "T", {"LINC01128": ("+", -24), "LINC00115": ("-", -45)}),
        # Downstream of + by 145, upstream of - by 214.
        763_116: ("C", "T", {"LINC01128": ("+", 145), "LINC00115": ("-", -214)}),
        # 762,902 - 762,345 = 557 is too far downstream on -: only the + gene is left.
        762_345: ("A", "G", {"LINC01128": ("+", -626)}),
        # A deletion of two bases, 762,198 and 762,199; the nearer one counts: 762,199 - 762,971.
        762_197: ("CCT", "C", {"LINC01128": ("+", -772)}),
    },
    "giab_NA12878.chr20": {
        # An insertion between 10,014,990 and 10,014,991, its left and right neighbours: -657 and -656.
        10_014_990: ("C", "CAT", {"ANKEF1": ("+", -656)}),
        10_015_679: ("C", "T", {"ANKEF1": ("+", 32)}),
        10_015_761: ("T", "C", {"ANKEF1": ("+", 114)}),
    },
}
FASTAS = {"snpeff_1kg_head.1": "1.b37.first1Mb.fa.gz", "giab_NA12878.chr20": "chr20.hg19.fa.gz"}


@dataclass(frozen=True)
class Run:
    """A VCF annotated within the promoters of the table."""

    name: str
    fasta: Path
    bed: Path
    before: list[bytes]
    after: list[bytes]
    header: tuple[bytes, bytes]
    counts: varbind.AnnotationCounts
    reach: tuple[int, int]


@pytest.fixture(
    scope="module",
    params=first_quick_of_fixture((name, reach) for name in BY_HAND for reach in REACHES),
    ids=lambda param: f"{param[0]}-{param[1][0]},{param[1][1]}",
)
def run(request, shared_data, shipped_bank, tmp_path_factory):
    (name, reach), pieces = request.param, shared_data / "hg19-pieces"
    fasta, bed = pieces / FASTAS[name], shared_data / "tss" / "abc.CollapsedGeneBounds.hg19.bed.gz"
    source, output = pieces / f"{name}.vcf.gz", tmp_path_factory.mktemp("promoters") / "annotated.vcf"
    # The FASTA of chr1 ends after a million bases, and one of the files does not say how long chr1 is.
    settings = varbind.AnnotateSettings(promoter=Promoter(*reach), allow_length_mismatch=True)
    counts = varbind.annotate_vcf(source, output, reference=fasta, bank=shipped_bank, genes=bed, settings=settings)
    texts = gzip.decompress(source.read_bytes()), output.read_bytes()
    headers = [b"".join(line for line in text.splitlines(True) if line[:1] == b"#") for text in texts]
    before, after = ([line for line in text.splitlines(True) if line[:1] != b"#"] for text in texts)
    return Run(name, fasta, bed, before, after, tuple(headers), counts, reach)


def keys_of(line):
    items = line.decode("latin-1").split("\t")[7].split(";")
    return dict(item.split("=", 1) for item in items if item.startswith("VARBIND_"))


def starts_of(bed, contig):
    """Symbol, strand and 1-based first transcribed base of every row on a contig."""
    rows = [line.split("\t") for line in gzip.decompress(bed.read_bytes()).decode().splitlines()[1:]]
    rows = [row for row in rows if row[0].removeprefix("chr") == contig]
    return [(row[3], row[5], int(row[1]) + 1 if row[5] == "+" else int(row[2])) for row in rows]


def promoters_of(line, starts, fasta, reach):
    """Oracle, per ALT: {symbol: signed distance} of the promoters that some base of it lies in."""
    chrom, pos, _, ref, alts = line.decode("latin-1").split("\t", 5)[:5]
    contig = next(name for name in fasta.references if name.removeprefix("chr") == chrom.removeprefix("chr"))
    first = max(int(pos) - 1 - REPEAT, 0)
    upstream, downstream = reach
    left = fasta.fetch(contig, first, int(pos) - 1).upper()
    for alt in alts.split(","):
        one, other = left + ref, left + (alt if alt.isalpha() else "")
        # The change as far left as it goes: what both haplotypes share at the end is cut first. <DEL> stays put.
        while alt.isalpha() and one and other and one[-1] == other[-1]:
            one, other = one[:-1], other[:-1]
        same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        bases = range(first + same + 1, first + len(one) + 1) or range(first + same, first + same + 2)
        distances = {
            symbol: min(((base - tss) * (1 if strand == "+" else -1) for base in bases), key=abs)
            for symbol, strand, tss in starts
            if any(-upstream <= (base - tss) * (1 if strand == "+" else -1) <= downstream for base in bases)
        }
        yield distances


def test_every_record_is_where_it_should_be(run):
    starts = starts_of(run.bed, "20" if "20" in run.name else "1")
    inside = 0
    with pysam.FastaFile(str(run.fasta)) as fasta:
        for before, after in zip(run.before, run.after, strict=True):
            expected = list(promoters_of(before, starts, fasta, run.reach))
            if not any(expected):
                assert after == before
                continue
            inside += 1
            keys = keys_of(after)
            nearest = [str(min(found.values(), key=abs)) if found else "." for found in expected]
            assert keys["VARBIND_TSSDIST"].split(",") == nearest
            genes = [field.split("&") if field != "." else [] for field in keys["VARBIND_GENE"].split(",")]
            listed = [{gene.split("|")[0]: int(gene.split("|")[4]) for gene in field} for field in genes]
            assert listed == expected
    assert inside == sum(before != after for before, after in zip(run.before, run.after, strict=True))
    assert run.counts.records_outside == len(run.before) - inside
    assert 0 < inside < len(run.before)


@pytest.mark.parametrize("run", [(name, REACHES[0]) for name in BY_HAND], indirect=True, ids=BY_HAND)
def test_cases_by_hand(run):
    lines = {int(line.split(b"\t")[1]): line for line in run.after}
    for pos, (ref, alt, expected) in BY_HAND[run.name].items():
        fields, keys = lines[pos].decode("latin-1").split("\t", 5), keys_of(lines[pos])
        assert fields[3:5] == [ref, alt]
        genes = [gene.split("|") for gene in keys["VARBIND_GENE"].split("&")]
        assert {gene[0]: (gene[3], int(gene[4])) for gene in genes} == expected
        assert [gene[0] for gene in genes] == list(expected)
        assert int(keys["VARBIND_TSSDIST"]) == next(iter(expected.values()))[1]
        assert keys["VARBIND_STATUS"] == "ok"


def test_taking_our_keys_away_restores_the_file(run):
    restored = []
    for line in run.after:
        columns = line.split(b"\t")
        kept = [item for item in columns[7].split(b";") if not item.startswith(b"VARBIND_")]
        restored.append(b"\t".join([*columns[:7], b";".join(kept) or b".", *columns[8:]]))
    assert restored == run.before
    before, after = run.header
    added = (b"##INFO=<ID=VARBIND_", b"##varbind_")
    assert b"".join(line for line in after.splitlines(True) if not line.startswith(added)) == before
