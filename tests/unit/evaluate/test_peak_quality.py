"""FRiP and cFRiP against a loop over reads and single bases."""

import itertools

import numpy as np
import pysam
import pytest
from bam_files import CONTIGS, placed_reads, random_reads, write_bam
from planted import write_lines

from varbind.errors import InputError, UsageError
from varbind.evaluate.peak_quality import QUALITY_COLUMNS, ExcludedRegion, UncountedPeak, measure_peak_quality

PEAKS = ["chr1\t100\t300", "chr1\t250\t400", "chr2\t900\t1000", "chr2\t1500\t1600", "chrM\t10\t90", "chr9\t1\t20"]
BLACKLIST = ["chr2\t1590\t1700", "chr1\t2000\t2300", "chr1\t2200\t2400", "chrX\t1\t9"]


@pytest.fixture
def files(tmp_path):
    """Paths of reads in any order, peaks and a blacklist."""
    return (
        str(write_bam(tmp_path / "in.bam", random_reads(3))),
        str(write_lines(tmp_path / "peaks.bed", PEAKS)),
        str(write_lines(tmp_path / "black.bed", BLACKLIST)),
    )


def bases(lines):
    """The places that lines of BED list."""
    rows = [line.split("\t")[:3] for line in lines]
    return {(contig, place) for contig, start, end in rows for place in range(int(start), int(end))}


def slow_quality(bam, peaks, blacklist, mitochondria=("chrM",)):
    """Reads, reads in peaks, covered bases and genome bases, read by read and base by base."""
    black = bases(blacklist)
    genome = {(contig, place) for contig, length in CONTIGS.items() for place in range(length)}
    genome = {place for place in genome - black if place[0] not in mitochondria}
    kept = [line for line in peaks if not bases([line]) & black and line.split("\t")[0] not in mitochondria]
    reads, in_peaks, covered = 0, 0, set()
    for read in pysam.AlignmentFile(bam, "rb"):
        if read.flag & (4 | 256 | 2048 | 512 | 1024) or read.reference_name in mitochondria:
            continue
        own = {(read.reference_name, place) for place in read.get_reference_positions()}
        if not own & black:
            reads += 1
            in_peaks += bool(own & bases(kept))
            covered |= own
    return reads, in_peaks, len(covered & genome), len(genome)


def counts(found):
    return found.reads, found.reads_in_peaks, found.covered_bases, found.genome_bases


def test_counts_are_those_of_a_slow_loop(files):
    bam, peaks, blacklist = files
    found = measure_peak_quality(bam, peaks, blacklist=blacklist)
    reads, in_peaks, covered, genome = slow_quality(bam, PEAKS, BLACKLIST)
    assert counts(found) == (reads, in_peaks, covered, genome)
    assert found.frip == in_peaks / reads
    assert found.cfrip == pytest.approx(in_peaks / reads * covered / genome)
    assert found.uncounted_peaks == {
        UncountedPeak.NO_CONTIG: 1, UncountedPeak.MITOCHONDRIAL: 1, UncountedPeak.BLACKLISTED: 1
    }  # fmt: skip
    assert found.peaks == 3
    assert counts(measure_peak_quality(bam, peaks)) == slow_quality(bam, PEAKS, [])


def test_every_record_is_counted_once(files):
    bam, peaks, blacklist = files
    found = measure_peak_quality(bam, peaks, blacklist=blacklist)
    assert found.reads + found.excluded_reads.total() + found.uncounted_reads.total() == 401
    assert min(found.excluded_reads[region] for region in ExcludedRegion) > 0
    assert len(found.cells()) + 2 == len(QUALITY_COLUMNS)


def test_order_of_reads_style_of_names_and_overlap_of_peaks_do_not_show(tmp_path, files):
    bam, peaks, _ = files
    pysam.sort("-o", str(tmp_path / "sorted.bam"), bam)
    other = write_lines(tmp_path / "other.bed", [line.removeprefix("chr") for line in reversed(PEAKS)])
    whole = write_lines(tmp_path / "whole.bed", ["chr1\t100\t400", *PEAKS[2:]])
    expected = counts(measure_peak_quality(bam, peaks))
    assert counts(measure_peak_quality(str(tmp_path / "sorted.bam"), str(other))) == expected
    assert counts(measure_peak_quality(bam, str(whole))) == expected


def test_mitochondria_are_named(files):
    bam, peaks, _ = files
    found = measure_peak_quality(bam, peaks, mitochondria=("chr2", "chrM"))
    assert counts(found) == slow_quality(bam, PEAKS, [], ("chr2", "chrM"))
    with pytest.raises(UsageError, match=r"--mitochondria names MT, which the BAM does not have; .* as chr1"):
        measure_peak_quality(bam, peaks, mitochondria=("MT",))


@pytest.mark.parametrize(
    ("peaks", "blacklist", "text"),
    [
        (["chrZ\t1\t9", "chrY\t1\t9"], None, r"peaks: no contig is one of .*in.bam: found chrZ, ..., there chr1, ..."),
        (["chr1\t1\t9"], ["chrZ\t1\t9"], r"black: no contig is one of .*in.bam: found chrZ"),
        (["chr1\t1\t9", "chr1\t2990\t3001"], None, r"wrong genome build\? 1 of 2 peaks end beyond"),
        (["chr1\t1\t9"], ["chr1\t2990\t3001"], r"black: wrong genome build\? 1 of 1 peaks end beyond"),
        (["chrM\t1\t9"], None, r"holds no peak that counts \(1 mitochondrial\)"),
        (["chr1\t1\t9"], ["chr1\t8\t9"], r"holds no peak that counts \(1 blacklisted\)"),
        ([], None, "is empty"),
        (["# none"], None, "holds no peak"),
        (["chr1\t1"], None, "peaks:1: found 'chr1 1', expected CHROM, START and END"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused_in_one_line(tmp_path, files, peaks, blacklist, text):
    path = str(write_lines(tmp_path / "peaks", peaks))
    black = None if blacklist is None else str(write_lines(tmp_path / "black", blacklist))
    with pytest.raises(InputError, match=text):
        measure_peak_quality(files[0], path, blacklist=black)


def test_without_reads_there_is_no_fraction(tmp_path, files):
    bam = write_bam(tmp_path / "none.bam", [("chr1", 5, "9M", 1024), ("chrM", 5, "9M", 0)])
    with pytest.raises(InputError, match=r"holds no read that counts \(1 duplicate, 1 mitochondrial\)"):
        measure_peak_quality(str(bam), files[1])


def test_a_few_peaks_beyond_a_contig_are_counted(tmp_path, files):
    lines = [f"chr1\t{start}\t{start + 50}" for start in range(0, 1000, 50)] + ["chr2\t1990\t2010"]
    found = measure_peak_quality(files[0], str(write_lines(tmp_path / "peaks", lines)))
    assert (found.peaks, found.uncounted_peaks) == (20, {UncountedPeak.OFF_CONTIG: 1})


def test_cfrip_grows_with_the_number_of_reads_while_frip_does_not(tmp_path):
    rng = np.random.default_rng(4)
    contigs = {"chr1": 20_000}
    sites = [("chr1", place) for place in range(1000, 20_000, 2000)]
    reads = placed_reads(rng, contigs, 3000, sites=sites, share=0.3)
    peaks = write_lines(tmp_path / "peaks", [f"chr1\t{place - 100}\t{place + 100}" for _, place in sites])
    found = [
        measure_peak_quality(str(write_bam(tmp_path / f"{count}.bam", reads[:count], contigs)), str(peaks))
        for count in (100, 300, 1000, 3000)
    ]
    assert all(first.cfrip < second.cfrip for first, second in itertools.pairwise(found))
    assert max(abs(own.frip - found[-1].frip) for own in found) < 0.15
