"""Records come in order and in batches of bounded size; reading in blocks gives what reading one by one gives."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.annotate import record_stream as module
from varbind.annotate.allele_status import Allele, AlleleStatuses
from varbind.annotate.counts import AnnotationCounts
from varbind.annotate.gene_scope import GeneScope
from varbind.annotate.record_stream import Piece, RecordBatch, RecordStream, batches_of
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


def to_annotate(alleles, length=1):
    one = record(length)
    return Piece(one.line, 1, one, alleles)


many_pieces = st.lists(
    st.one_of(
        st.builds(Piece, st.binary(min_size=1), st.integers(0, 3)),
        st.builds(to_annotate, st.lists(st.sampled_from([OK, STAR]), max_size=4)),
    )
)


@given(many_pieces, st.integers(1, 9))
def test_batches_hold_every_line_in_order(pieces, size):
    batches = list(batches_of(pieces, size))
    assert [lines for batch in batches for lines in batch.pieces] == [piece.lines for piece in pieces]
    assert [alleles for batch in batches for alleles in batch.alleles] == [x.alleles for x in pieces if x.record]
    for name in ("n_records", "size"):
        assert sum(getattr(batch, name) for batch in batches) == sum(getattr(piece, name) for piece in pieces)
    for batch in batches:
        assert [batch.pieces[place] for place in batch.places] == [one.line for one in batch.records]
        assert batch.n_to_score == batch.all_alleles().count(OK) < size + 4
    assert all(batch.n_to_score >= size for batch in batches[:-1])


def test_text_is_appended_to_the_records_alone():
    batch = RecordBatch()
    for one in (
        Piece(b"a\n", 1),
        to_annotate([OK]),
        Piece(b"\n", 0),
    ):
        batch.append(one)
    assert batch.with_info(["K=1"]) == b"a\n1\t5\t.\tA\tC\t.\t.\tx;K=1\n\n"
    assert batch.n_records == 2
    with pytest.raises(ValueError, match="zip"):
        batch.with_info([])


def test_pieces_and_bytes_are_bounded():
    many = [Piece(b"x\n", 1)] * 2 * module.BATCH_PIECES
    assert {len(batch.pieces) for batch in batches_of(many, 9)} == {module.BATCH_PIECES}
    large = to_annotate([], module.BATCH_BYTES // 4)
    assert [len(batch.pieces) for batch in batches_of([large] * 5, 9)] == [2, 2, 1]
    unchanged = Piece(b"x" * (module.BATCH_BYTES // 2), 1)
    assert [len(batch.pieces) for batch in batches_of([unchanged] * 5, 9)] == [2, 2, 1]


def test_a_blank_line_has_a_size():
    assert 0 < Piece(b"\n", 0).size < to_annotate([]).size


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


def contents_of(path, *, whole, everywhere=False, overwrite=False):
    """Unchanged lines, records with their alleles, and all counts; read in blocks or record by record."""
    names = ContigNames({"chr1": len(GENOME.text), "chr2": len(GENOME.text)})
    index = TssIndex(STARTS)
    scope = GeneScope(index, ContigNames(dict.fromkeys(index.contigs)), Promoter(5, 2), everywhere)
    counts = AnnotationCounts()
    statuses = AlleleStatuses(GENOME, names, scope=scope, counts=counts, path="x")
    with open_variants(path) as variants:
        if not whole:
            variants._pieces = split(variants._pieces)
        stream = RecordStream(variants, prefix="VARBIND", overwrite=overwrite)
        found = list(stream.pieces(statuses, counts))
        is_sorted = variants.is_sorted
    flat = []
    for piece in found:
        if piece.record is not None:
            flat.append((piece.lines, piece.record.number, piece.alleles))
        elif flat and len(flat[-1]) == 2:
            flat[-1] = (flat[-1][0] + piece.lines, flat[-1][1] + piece.n_records)
        else:
            flat.append((piece.lines, piece.n_records))
    return flat, asdict(counts), is_sorted, names.seen


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
    assert contents_of(path, whole=True) == contents_of(path, whole=False)
    assert contents_of(path, whole=True, everywhere=True) == contents_of(path, whole=False, everywhere=True)


def test_a_deletion_that_reaches_a_promoter_is_not_passed_over(tmp_path):
    """In a run of A it moves from far outside into the promoter; a base further on it could not."""
    line = b"1\t%d\t.\t%s\t%s\t.\t.\t.\n"
    far = Genome.text.rindex("A" * 30) + 30
    (tmp_path / "x").write_bytes(HEADER + b"\n" + line % (far - 1, b"AA", b"A") + line % (far + 1, b"CA", b"C"))
    found, counts, _, _ = contents_of(tmp_path / "x", whole=True)
    assert [len(one) for one in found] == [3, 2]
    assert counts["records_outside"] == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_our_key_is_found_in_a_line_that_would_pass(tmp_path, overwrite):
    line = b"chr3\t%d\t.\tA\tC\t.\t.\tDP=1%s\n"
    lines = [line % (5, b""), line % (6, b";VARBIND_STATUS=ok"), line % (7, b"")]
    (tmp_path / "x").write_bytes(HEADER + b"\n" + b"".join(lines))
    if not overwrite:
        with pytest.raises(UsageError, match=r"x:4: VARBIND_STATUS is already present"):
            contents_of(tmp_path / "x", whole=True)
        return
    found, counts, _, _ = contents_of(tmp_path / "x", whole=True, overwrite=True)
    assert found == [(b"".join(line % (pos, b"") for pos in (5, 6, 7)), 3)]
    assert counts["records_outside"] == 3
