"""Small BAM files of chosen or random reads."""

import numpy as np
import pysam

CONTIGS = {"chr1": 3000, "chr2": 2000, "chrM": 500}
CIGARS = ("50M", "20M5D25M", "10S40M", "20M100N30M", "25M3I22M", "20M1D5I25M")
FLAGS = (0, 16, 0, 16, 0, 99, 147, 4, 256, 2048, 512, 1024, 1280)


def write_bam(path, reads, contigs=CONTIGS):
    """Write reads, each (contig or None, start, cigar, flag), in this order."""
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": length} for name, length in contigs.items()]}
    names = list(contigs)
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for number, (contig, start, cigar, flag) in enumerate(reads):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.flag = f"read{number}", flag
            if contig is not None:
                read.reference_id, read.reference_start = names.index(contig), start
                read.cigarstring, read.mapping_quality = cigar, 60
            bam.write(read)
    return path


def random_reads(seed, count=400, contigs=CONTIGS):
    """Reads in any order, of every kind."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        contig = str(rng.choice(list(contigs)))
        start = int(rng.integers(contigs[contig] - 150))
        found.append((contig, start, str(rng.choice(CIGARS)), int(rng.choice(FLAGS))))
    return [*found, (None, -1, None, 4)]


def placed_reads(rng, contigs, count, length=50, sites=(), share=0.0):
    """Reads of one length, a share of them within 100 bases of a site, each (contig, position)."""
    names, sizes = list(contigs), np.array(list(contigs.values()))
    found = []
    for _ in range(count):
        if sites and rng.random() < share:
            contig, site = sites[rng.integers(len(sites))]
            start = int(rng.integers(site - 100, site + 100 - length))
        else:
            contig = names[rng.choice(len(names), p=sizes / sizes.sum())]
            start = int(rng.integers(contigs[contig] - length))
        found.append((contig, start, f"{length}M", 0))
    return found
