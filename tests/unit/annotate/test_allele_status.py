"""Which alleles are scored, and what the others are called."""

import pytest

from varbind.annotate.allele_status import AlleleStatuses
from varbind.annotate.counts import AnnotationCounts
from varbind.annotate.gene_scope import GeneScope
from varbind.core.contigs import ContigNames
from varbind.core.tss import Promoter, TranscriptionStart, TssIndex
from varbind.core.variant import Status
from varbind.errors import InputError, ResourceError
from varbind.io.vcf.records import VcfRecord

BASES = "ACGTTTTTGC" * 10 + "NNNN"


class Genome:
    """One contig in memory."""

    def length(self, contig):
        return len(BASES)

    def fetch(self, contig, start, end):
        return "".join(BASES[place] if 0 <= place < len(BASES) else "N" for place in range(start, end))


def allele_statuses(*, genes=None, everywhere=False, declared=None, **rules):
    names = ContigNames({"chr1": len(BASES)}, declared=declared)
    scope = None
    if genes is not None:
        index = TssIndex([TranscriptionStart("chr1", pos, "+", f"G{pos}") for pos in genes])
        scope = GeneScope(index, ContigNames({"chr1": None}), Promoter(10, 5), everywhere=everywhere)
    return AlleleStatuses(Genome(), names, scope=scope, **rules, counts=AnnotationCounts(), path="in.vcf")


def record(pos, ref, alt, chrom="1"):
    return VcfRecord(f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t.\n".encode(), 9, "in.vcf", 8)


def statuses(found, *fields, **more):
    alleles = found.alleles_of(record(*fields, **more))
    return None if alleles is None else [str(allele.status) for allele in alleles]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((1, "A", "C"), ["ok"]),
        ((1, "a", "c,*,<DEL>"), ["ok", "star", "symbolic"]),
        ((1, "C", "A,N"), ["ref_mismatch", "ambiguous_alt"]),
        ((0, "A", "C"), ["telomere"]),
        ((105, "A", "C"), ["telomere"]),
        ((106, "A", "C"), ["off_contig"]),
        ((100, "CN", "C"), ["ref_unknown"]),
        ((104, "NA", "C"), ["off_contig"]),
        ((1, "A", "<*>"), None),
    ],
)
def test_everything_is_scored_without_genes(fields, expected):
    assert statuses(allele_statuses(), *fields) == expected


def test_a_deletion_is_judged_where_it_is_normalised():
    """TTTTT at 4 to 8: its last base leaves like its first, inside the promoter that ends at 4."""
    found = allele_statuses(genes=[1])  # reaches from -9 to 6
    assert statuses(found, 7, "TT", "T") == ["ok"]
    assert statuses(found, 7, "T", "G") is None
    assert statuses(found, 7, "TT", "T,GT") == ["ok", "outside"]


def test_everywhere_names_the_nearest():
    alleles = allele_statuses(genes=[1], everywhere=True).alleles_of(record(91, "A", "C"))
    assert [(hit.tss.symbol, hit.distance) for hit in alleles[0].genes] == [("G1", 90)]


def test_counts():
    found = allele_statuses(genes=[1])
    for fields in [(1, "A", "C"), (2, "A", "C"), (3, "G", "*"), (60, "C", "A"), (2, "C", ".")]:
        found.alleles_of(record(*fields))
    found.alleles_of(record(2, "A", "C", chrom="chrUn"))
    counts = found._counts
    assert (counts.checked_ref, counts.mismatched_ref) == (2, 1)
    assert (counts.records_outside, counts.records_without_alt) == (2, 1)


@pytest.mark.parametrize(
    ("fields", "swapped"),
    [
        ((2, "A", "C"), 1),
        ((2, "a", "c"), 1),
        ((2, "A", "G"), 0),
        ((2, "A", "G,C"), 1),
        ((2, "CC", "C"), 1),
        ((2, "CC", "CG"), 1),
        ((2, "CC", "CT"), 0),
        ((2, "A", "<DEL>,G"), 0),
        ((2, "A", ",G"), 0),
        ((2, "C", "A"), 0),
    ],
)
def test_ref_and_alt_that_are_exchanged_are_counted(fields, swapped):
    found = allele_statuses()
    found.alleles_of(record(*fields))
    assert found._counts.swapped_ref == swapped
    assert found._counts.mismatched_ref == (fields[1] != "C")


def test_strict():
    found = allele_statuses(check_ref="e")
    with pytest.raises(InputError, match=r"in.vcf:9: REF is 'C', the reference has 'A'"):
        found.alleles_of(record(1, "C", "A"))
    with pytest.raises(InputError, match="is not an allele"):
        found.alleles_of(record(1, "A", "?"))


def test_lengths_that_disagree():
    found = allele_statuses(declared={"chr1": 9})
    with pytest.raises(ResourceError, match="9 bases in the header, 104 in the reference"):
        found.alleles_of(record(1, "A", "C", chrom="chr1"))
    assert statuses(allele_statuses(declared={"1": 9}), 1, "A", "C") == ["no_contig"]


def test_too_long():
    assert statuses(allele_statuses(max_indel=3), 1, "A", "AGGG,AGGGG") == ["ok", "too_long"]
    alleles = allele_statuses(max_indel=3).alleles_of(record(1, "A", "AGGGG"))
    assert alleles[0].variant is None
    assert alleles[0].status is Status.TOO_LONG
