"""Reads of a BAM: which count, their aligned blocks, and files that are no whole BAM."""

from collections import Counter

import pysam
import pytest
from bam_files import CONTIGS, random_reads, write_bam

from varbind.errors import InputError
from varbind.io import alignments
from varbind.io.alignments import Alignments, UncountedRead


def read_all(path):
    with Alignments(str(path)) as reads:
        batches = list(reads.batches())
        return reads, batches


def blocks_by_read(batches):
    """The aligned positions of each read, in the order of the file."""
    found = []
    for batch in batches:
        own = [[contig, set()] for contig in batch.contigs.tolist()]
        for read, start, end in zip(batch.reads.tolist(), batch.starts.tolist(), batch.ends.tolist(), strict=True):
            own[read][1] |= set(range(start, end))
        found += own
    return found


def slow_blocks(path):
    """The same by pysam, read by read, and the reasons of the others."""
    found, uncounted = [], Counter()
    reasons = ("is_unmapped", "is_secondary", "is_supplementary", "is_qcfail", "is_duplicate")
    for read in pysam.AlignmentFile(str(path), "rb", check_sq=False):
        reason = next((name for name in reasons if getattr(read, name)), None)
        if reason is None:
            found.append([read.reference_id, set(read.get_reference_positions())])
        else:
            uncounted[reason.removeprefix("is_").replace("qcfail", "qc_fail")] += 1
    return found, uncounted


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_reads_in_any_order_are_those_of_a_slow_loop_in_batches_of_any_size(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(alignments, "READS_AT_ONCE", at_once)
    path = write_bam(tmp_path / "in.bam", random_reads(1))
    reads, batches = read_all(path)
    expected, uncounted = slow_blocks(path)
    assert reads.contigs == CONTIGS
    assert blocks_by_read(batches) == expected
    assert {str(reason): count for reason, count in reads.uncounted.items()} == uncounted
    assert len(uncounted) == len(UncountedRead)
    assert max(len(batch.contigs) for batch in batches) <= at_once


def test_a_mapped_record_without_an_aligned_base_is_unmapped(tmp_path):
    path = write_bam(tmp_path / "in.bam", [("chr1", 5, None, 0), (None, -1, None, 0), ("chr1", 5, "9M", 0)])
    reads, (batch,) = read_all(path)
    assert reads.uncounted == {UncountedRead.UNMAPPED: 2}
    assert (batch.starts.tolist(), batch.ends.tolist()) == ([5], [14])


def damaged(data, place):
    return data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda data: data[:-28], "is cut off: its end marker is missing; write it again"),
        (lambda data: data[: len(data) // 2], "is cut off"),
        (lambda data: damaged(data, len(data) // 2), "is damaged or cut off"),
        (lambda data: b"", "not a BAM"),
        (lambda data: b">chr1\nACGT\n", "not a BAM"),
        (lambda data: b"@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:9\n", "not a BAM; convert it: samtools view -b"),
    ],
    ids=["no end marker", "half", "damaged", "empty", "FASTA", "SAM"],
)
def test_what_is_no_whole_bam_is_refused_in_one_line(tmp_path, change, text):
    path = write_bam(tmp_path / "in.bam", random_reads(2, 3000))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=text):
        read_all(path)


def test_cram_is_refused_before_its_reference_is_looked_for(tmp_path):
    header = {"SQ": [{"SN": "chr1", "LN": 100}]}
    pysam.AlignmentFile(str(tmp_path / "in.cram"), "wc", header=header).close()
    with pytest.raises(InputError, match="not a BAM"):
        read_all(tmp_path / "in.cram")


def test_reads_without_contigs_and_missing_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="its header names no contigs"):
        read_all(write_bam(tmp_path / "in.bam", [(None, -1, None, 4)], {}))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        Alignments(str(tmp_path / "gone.bam"))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        Alignments("http://localhost/in.bam")
