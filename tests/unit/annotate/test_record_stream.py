"""Entries in order and in batches of bounded size; what passes in blocks is what would pass one by one."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.annotate import record_stream as intake
from varbind.annotate.allele_status import Allele, Triage, TriageRules
from varbind.annotate.counts import Tally
from varbind.annotate.prefilter import GeneScope
from varbind.annotate.record_stream import Intake, Untouched, batches, entry_size
from varbind.core.contigs import ContigNames
from varbind.core.tss import Promoter, TranscriptionStart, TssIndex
from varbind.core.variant import Status, Variant
from varbind.errors import UsageError
from varbind.io.vcf.records import VcfRecord
from varbind.io.vcf.variants import open_variants

OK = Allele(Status.OK, variant=Variant("1", 1, "A", "C"))
STAR = Allele(Status.STAR)


def record(length=1):
    return VcfRecord(b"1\t5\t.\tA\tC\t.\t.\t" + b"x" * length + b"\n", 1, "", 8)


found_entries = st.lists(
    st.one_of(
        st.builds(Untouched, st.binary(), st.integers(0, 3)),
        st.tuples(st.just(record()), st.lists(st.sampled_from([OK, STAR]), max_size=4)),
    )
)


@given(found_entries, st.integers(1, 9))
def test_batches_are_the_entries(found, size):
    pieces = list(batches(found, size))
    assert [entry for piece in pieces for entry in piece] == found
    assert all(pieces)
    for piece in pieces:
        before_the_last = [entry[1] for entry in piece[:-1] if not isinstance(entry, Untouched)]
        assert sum(alleles.count(OK) for alleles in before_the_last) < size


def test_entries_and_bytes_are_bounded():
    many = [Untouched(b"x\n", 1)] * 2 * intake.BATCH_ENTRIES
    assert {len(piece) for piece in batches(many, 9)} == {intake.BATCH_ENTRIES}
    large = (record(intake.BATCH_BYTES // 4), [])
    assert [len(piece) for piece in batches([large] * 5, 9)] == [2, 2, 1]
    untouched = Untouched(b"x" * (intake.BATCH_BYTES // 2), 1)
    assert [len(piece) for piece in batches([untouched] * 5, 9)] == [2, 2, 1]


def test_a_blank_line_has_a_size():
    assert 0 < entry_size(Untouched(b"\n", 0)) < entry_size((record(), []))


class Genome:
    """Repeats, so that insertions and deletions move far to the left."""

    text = "ACGT" * 10 + "A" * 30 + "CACACACACA" * 6 + "N" * 5 + "GATTACA" * 8

    def length(self, contig):
        return len(self.text)

    def fetch(self, contig, start, end):
        return "".join(self.text[place] if 0 <= place < len(self.text) else "N" for place in range(start, end))


GENOME = Genome()
HEADER = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
STARTS = (
    TranscriptionStart("chr1", 30, "+", "G1"),
    TranscriptionStart("chr1", 36, "-", "G2"),
    TranscriptionStart("chr2", 9, "+", "G3"),
)

alts = st.one_of(
    st.sampled_from([b".", b"*", b"<*>", b"<NON_REF>", b"<DEL>", b"N", b"A]chr1:5]", b"", b"-"]),
    st.text("ACGTac", min_size=1, max_size=5).map(str.encode),
)


@st.composite
def vcf_lines(draw):
    """Records whose REF mostly agrees with the genome, many of them movable."""
    pos = draw(st.integers(0, len(GENOME.text) + 2))
    ref = GENOME.fetch("", max(pos, 1) - 1, max(pos, 1) - 1 + draw(st.integers(1, 4))).encode()
    ref = draw(st.sampled_from([ref, ref, ref, ref.lower(), b"G", b""]))
    extended = st.sampled_from([ref + ref[-1:], ref[:1], ref + ref, ref[:1] + ref])
    alt = b",".join(draw(st.lists(st.one_of(alts, extended), min_size=1, max_size=3)))
    info = draw(st.sampled_from([b".", b"DP=1;AF=0.5,0.5", b"MY_STATUS=1", b"VARBIND_X"]))
    chrom = draw(st.sampled_from([b"1", b"1", b"1", b"chr2", b"chr3"]))
    return b"\t".join([chrom, b"%d" % pos, b"id", ref, alt, b".", b".", info])


def entries_of(path, *, whole, everywhere=False, overwrite=False):
    """Lines that pass, records with their alleles, and all counts; read in blocks or record by record."""
    names = ContigNames({"chr1": len(GENOME.text), "chr2": len(GENOME.text)})
    index = TssIndex(STARTS)
    scope = GeneScope(index, ContigNames(dict.fromkeys(index.contigs)), Promoter(5, 2), everywhere)
    tally = Tally()
    triage = Triage(GENOME, names, scope=scope, rules=TriageRules(), tally=tally, path="x")
    with open_variants(path) as variants:
        if not whole:
            variants._pieces = split(variants._pieces)
        taken = Intake(variants, prefix="VARBIND", overwrite=overwrite)
        found = list(taken.entries(triage, tally))
    flat = []
    for entry in found:
        if not isinstance(entry, Untouched):
            flat.append((entry[0].line, entry[0].number, entry[1]))
        elif flat and isinstance(flat[-1], Untouched):
            flat[-1] = Untouched(flat[-1].data + entry.data, flat[-1].records + entry.records)
        else:
            flat.append(entry)
    return flat, asdict(tally), taken.is_sorted, names.seen


def split(pieces):
    """One line at a time: too little for a block."""
    for number, data in pieces:
        yield from ((number + offset, line + b"\n") for offset, line in enumerate(data.split(b"\n")[:-1]))


@given(st.lists(vcf_lines(), min_size=2, max_size=12), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_blocks_say_what_records_say(tmp_path_factory, lines, end, ordered):
    path = tmp_path_factory.mktemp("blocks") / "x.vcf"
    if ordered:
        lines.sort(key=lambda line: (line.split(b"\t")[0], int(line.split(b"\t")[1])))
    path.write_bytes(end.join([HEADER, *lines, b""]))
    assert entries_of(path, whole=True) == entries_of(path, whole=False)
    assert entries_of(path, whole=True, everywhere=True) == entries_of(path, whole=False, everywhere=True)


def test_a_deletion_that_reaches_a_promoter_is_not_passed_over(tmp_path):
    """In a run of A it moves from far outside into the promoter; a base further on it could not."""
    line = b"1\t%d\t.\t%s\t%s\t.\t.\t.\n"
    far = Genome.text.rindex("A" * 30) + 30
    (tmp_path / "x").write_bytes(HEADER + b"\n" + line % (far - 1, b"AA", b"A") + line % (far + 1, b"CA", b"C"))
    found, tally, _, _ = entries_of(tmp_path / "x", whole=True)
    assert [type(entry) is Untouched for entry in found] == [False, True]
    assert tally["records_outside"] == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_our_key_is_found_in_a_line_that_would_pass(tmp_path, overwrite):
    line = b"chr3\t%d\t.\tA\tC\t.\t.\tDP=1%s\n"
    lines = [line % (5, b""), line % (6, b";VARBIND_STATUS=ok"), line % (7, b"")]
    (tmp_path / "x").write_bytes(HEADER + b"\n" + b"".join(lines))
    if not overwrite:
        with pytest.raises(UsageError, match=r"x:4: VARBIND_STATUS is already present"):
            entries_of(tmp_path / "x", whole=True)
        return
    found, tally, _, _ = entries_of(tmp_path / "x", whole=True, overwrite=True)
    assert found == [Untouched(b"".join(line % (pos, b"") for pos in (5, 6, 7)), 3)]
    assert tally["records_outside"] == 3
