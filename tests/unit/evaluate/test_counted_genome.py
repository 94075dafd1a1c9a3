"""The contigs of a BAM on one axis, and the bases that are left out."""

import numpy as np
import pytest
from bam_files import CONTIGS, random_reads, write_bam
from planted import write_lines

from varbind.errors import UsageError
from varbind.evaluate.counted_genome import CountedGenome
from varbind.io.alignments import Alignments


@pytest.fixture
def genome_of(tmp_path):
    """The genome of a BAM with a blacklist of some lines."""

    def make(*lines, mitochondria=()):
        blacklist = str(write_lines(tmp_path / "black.bed", lines)) if lines else None
        with Alignments(str(write_bam(tmp_path / "in.bam", random_reads(1, 5)))) as alignments:
            return CountedGenome.of(alignments, blacklist=blacklist, mitochondria=mitochondria)

    return make


def test_contigs_do_not_touch_on_the_axis_and_intervals_end_with_them(genome_of):
    genome = genome_of()
    starts, ends = genome.place(np.arange(3), np.zeros(3, dtype=np.int64), np.full(3, 9_999))
    assert (ends - starts).tolist() == list(CONTIGS.values())
    assert (starts[1:] > ends[:-1]).all()


def test_mitochondria_and_blacklisted_bases_do_not_count(genome_of):
    assert genome_of().bases == 5000
    assert genome_of("chr1\t10\t20", "1\t15\t40", "chrM\t0\t100", "chr9\t1\t2").bases == 5000 - 30
    assert genome_of(mitochondria=("chr2",)).bases == 3500
    with pytest.raises(UsageError, match=r"--mitochondria names chr3, which the BAM does not have; .* as chr1"):
        genome_of(mitochondria=("chr3",))
