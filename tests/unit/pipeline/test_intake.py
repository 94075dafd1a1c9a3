"""Entries in batches of bounded size."""

from hypothesis import given
from hypothesis import strategies as st

from varbind.core.variant import Status, Variant
from varbind.io.vcf import VcfRecord
from varbind.pipeline import intake
from varbind.pipeline.intake import batches, entry_size
from varbind.pipeline.triage import Allele

OK = Allele(Status.OK, variant=Variant("1", 1, "A", "C"))
STAR = Allele(Status.STAR)


def record(length=1):
    return VcfRecord(b"1\t5\t.\tA\tC\t.\t.\t" + b"x" * length + b"\n", 1, "", 8)


entries = st.lists(
    st.tuples(st.just(record()), st.one_of(st.none(), st.lists(st.sampled_from([OK, STAR]), max_size=4)))
)


@given(entries, st.integers(1, 9))
def test_batches_are_the_entries(found, size):
    pieces = list(batches(found, size))
    assert [entry for piece in pieces for entry in piece] == found
    assert all(pieces)
    for piece in pieces:
        before_the_last = [allele.status for _, alleles in piece[:-1] for allele in alleles or ()]
        assert before_the_last.count(Status.OK) < size


def test_records_and_bytes_are_bounded():
    assert {len(piece) for piece in batches([(record(), None)] * 2 * intake.BATCH_RECORDS, 9)} == {intake.BATCH_RECORDS}
    large = (record(intake.BATCH_BYTES // 4), None)
    assert [len(piece) for piece in batches([large] * 5, 9)] == [2, 2, 1]


def test_a_blank_line_has_a_size():
    assert 0 < entry_size((b"\n", None)) < entry_size((record(), None))
