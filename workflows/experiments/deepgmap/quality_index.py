"""FRiP and cFRiP of simulated ChIP-seq libraries at several depths (DeepGMAP, Onimaru et al. 2018, figure 2d and 2e).

    python workflows/experiments/deepgmap/quality_index.py FOLDER [--length N] [--depths LIST] [--seed N]

A library has single-end reads of 50 bases from binding sites of different strengths and from everywhere else. In one
case all reads count; in the other, reads with the position and the strand of an earlier one are marked as duplicates,
as in filtered alignments of ENCODE. Peaks are called from the reads that count: bins of 200 bases with more reads than
a Poisson distribution with the mean of the genome explains (false discovery rate 0.01), joined where they touch.
Quality is measured with these peaks, and with all true sites, whatever the depth.

FOLDER gets quality_index.tsv and quality_index.svg. Libraries, reads and peak calls are choices of varbind: the paper
uses data of ENCODE.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.figure
import matplotlib.style
import numpy as np
import pandas as pd
import pysam
from scipy.stats import false_discovery_control, poisson, spearmanr

from varbind.evaluate.figure import COLOURS, STYLE
from varbind.evaluate.peak_quality import measure_peak_quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

READ = 50
"""Number of bases of a read."""
BIN = 200
"""Number of bases in which reads are counted to call peaks."""
HALF_WIDTH = 150
"""Largest distance between a binding site and the middle of its reads, in bases."""
SITE_SPACING = 10_000
"""Number of bases of the genome for each binding site."""
FALSE_DISCOVERY_RATE = 0.01
DEPTHS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
LIBRARIES = {"good": 0.3, "poor": 0.05}
"""The share of reads from binding sites in each library."""
CONTIG = "chr1"


@dataclass(frozen=True)
class Library:
    """All reads of a library in the order in which they are sequenced.

    Attributes:
        length: number of bases of the genome.
        sites: positions of the binding sites.
        starts: first position of each read.
        reverse: whether each read is on the reverse strand.
        duplicate: whether each read is marked as a duplicate.
    """

    length: int
    sites: NDArray[np.int64]
    starts: NDArray[np.int64]
    reverse: NDArray[np.bool_]
    duplicate: NDArray[np.bool_]

    @classmethod
    def draw(cls, length: int, reads: int, share: float, rng: np.random.Generator) -> Library:
        """Draw the sites and the reads; the strengths of sites are log-normal."""
        sites = np.sort(rng.integers(HALF_WIDTH + READ, length - HALF_WIDTH - READ, length // SITE_SPACING))
        strengths = rng.lognormal(0, 1, len(sites))
        bound = rng.random(reads) < share
        site = rng.choice(sites, reads, p=strengths / strengths.sum())
        near = site + rng.integers(-HALF_WIDTH, HALF_WIDTH, reads, endpoint=True) - READ // 2
        starts = np.where(bound, near, rng.integers(0, length - READ, reads, endpoint=True))
        return cls(length, sites, starts, rng.random(reads) < 0.5, np.zeros(reads, dtype=bool))

    def first(self, depth: float) -> Library:
        """The reads of a shallower sequencing, in the order of the genome."""
        count = round(depth * self.length / READ)
        order = np.argsort(self.starts[:count], kind="stable")
        columns = (own[:count][order] for own in (self.starts, self.reverse, self.duplicate))
        return Library(self.length, self.sites, *columns)

    def with_marks(self) -> Library:
        """The same reads, of which those with the position and the strand of an earlier one are marked."""
        _, first = np.unique(2 * self.starts + self.reverse, return_index=True)
        return replace(self, duplicate=~np.isin(np.arange(len(self.starts)), first))


def main() -> None:
    """Write the table and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--length", type=int, default=5_000_000)
    parser.add_argument("--depths", default=",".join(map(str, DEPTHS)))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--machine", default="an unnamed machine")
    options = parser.parse_args()
    start = time.monotonic()
    table = measure_libraries(options.length, [float(word) for word in options.depths.split(",")], options.seed)
    facts = f"seed {options.seed}, {options.length:,} bases, {time.monotonic() - start:.0f} s on {options.machine}"
    text = f"# {facts}\n" + table.to_csv(sep="\t", index=False, float_format="%.4g")
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "quality_index.tsv").write_text(text, encoding="utf-8")
    (options.folder / "quality_index.svg").write_bytes(draw(table))
    print(text)
    print(correlations(table).to_string(index=False))


def measure_libraries(length: int, depths: Sequence[float], seed: int) -> pd.DataFrame:
    """A row for each library, depth and set of peaks."""
    rows = []
    for number, (name, share) in enumerate(LIBRARIES.items()):
        rng = np.random.default_rng([seed, number])
        library = Library.draw(length, round(max(depths) * length / READ), share, rng)
        for depth in depths:
            every = library.first(depth)
            for treatment, reads in (("counted", every), ("left out", every.with_marks())):
                peaks = {"called": called_peaks(reads), "all sites": site_peaks(reads)}
                facts = {"library": name, "duplicates_are": treatment, "depth": depth}
                rows += [facts | row for row in measure(reads, peaks)]
    return pd.DataFrame(rows)


def called_peaks(reads: Library) -> pd.DataFrame:
    """The peaks that the reads show, as start and end."""
    bins = reads.length // BIN
    middles = reads.starts[~reads.duplicate] + READ // 2
    counts = np.bincount(np.minimum(middles // BIN, bins - 1), minlength=bins)
    significant = false_discovery_control(poisson.sf(counts - 1, counts.mean())) < FALSE_DISCOVERY_RATE
    edges = np.flatnonzero(np.diff(significant, prepend=False, append=False)).reshape(-1, 2)
    return pd.DataFrame(edges * BIN, columns=["start", "end"])


def site_peaks(reads: Library) -> pd.DataFrame:
    """The intervals of all true sites, as start and end."""
    return pd.DataFrame({"start": reads.sites - HALF_WIDTH, "end": reads.sites + HALF_WIDTH})


def measure(reads: Library, peaks: dict[str, pd.DataFrame]) -> list[dict[str, object]]:
    """The quality of each set of peaks, through the files of an experiment."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        bam = write_bam(Path(folder, "reads.bam"), reads)
        for name, table in peaks.items():
            row = {"peaks_are": name, "reads": len(reads.starts), "marked": int(reads.duplicate.sum())}
            if table.empty:  # too few reads for any peak
                rows.append(row | {"peaks": 0})
                continue
            path = Path(folder, "peaks.bed")
            table.assign(contig=CONTIG)[["contig", "start", "end"]].to_csv(path, sep="\t", header=False, index=False)
            found = measure_peak_quality(str(bam), str(path))
            shares = {"frip": found.frip, "covered": found.covered, "cfrip": found.cfrip}
            rows.append(row | {"peaks": found.peaks} | shares)
    return rows


def write_bam(path: Path, reads: Library) -> Path:
    """Write reads as a BAM."""
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": CONTIG, "LN": reads.length}]}
    flags = pysam.FREVERSE * reads.reverse + pysam.FDUP * reads.duplicate
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        read = pysam.AlignedSegment(bam.header)
        read.query_name, read.reference_id, read.mapping_quality, read.cigarstring = "read", 0, 60, f"{READ}M"
        for start, flag in zip(reads.starts.tolist(), flags.tolist(), strict=True):
            read.reference_start, read.flag = start, flag
            bam.write(read)
    return path


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """The rank correlation of FRiP and cFRiP with depth, for each library, treatment of duplicates and set of peaks."""
    names, rows = ["library", "duplicates_are", "peaks_are"], []
    for group, own in table.dropna().groupby(names):
        values = {index: spearmanr(own["depth"], own[index]).statistic for index in ("frip", "cfrip")}
        rows.append(dict(zip(names, group, strict=True)) | values)
    return pd.DataFrame(rows)


def draw(table: pd.DataFrame) -> bytes:
    """FRiP and cFRiP against depth: a panel for each treatment and set of peaks, a colour for each library."""
    with matplotlib.style.context(["default", STYLE]):
        figure = matplotlib.figure.Figure(figsize=(8, 6), layout="constrained")
        panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
        groups = table.groupby(["duplicates_are", "peaks_are"])
        for panel, ((treatment, name), shown) in zip(panels, groups, strict=True):
            for colour, (library, own) in zip(COLOURS, shown.groupby("library"), strict=False):
                for index, line in (("frip", "--"), ("cfrip", "-")):
                    label = f"{library} library, {'FRiP' if index == 'frip' else 'cFRiP'}"
                    panel.plot(own["depth"], own[index], line, marker=".", color=colour, label=label)
            panel.set(
                xscale="log", xlabel="depth (bases read per base)", title=f"peaks: {name}; duplicates: {treatment}"
            )
        panels[0].legend(fontsize="small", frameon=False)
        data = io.BytesIO()
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
    return data.getvalue()


if __name__ == "__main__":
    main()
