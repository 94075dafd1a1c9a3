"""Sizes at which a program may break: many samples, many records, contigs beyond a tbi, the table of a genome.

python benchmarks/scale.py FOLDER samples  [--samples 1000000] [--records 100]
python benchmarks/scale.py FOLDER records  [--records 1000000]
python benchmarks/scale.py FOLDER genome   [--records 5000000]
python benchmarks/scale.py FOLDER workflow [--records 1000000]
python benchmarks/scale.py FOLDER contig   [--megabases 600]
python benchmarks/scale.py FOLDER table    [--genes 20]
python benchmarks/scale.py FOLDER shard

Every part makes its input in FOLDER, in generated promoter sequence, and runs the commands of docs/scale.md with one
thread. It checks that no record and no column was lost, and prints the processor time (user and system), the peak
memory and the size of the result. `samples`, `workflow` and `contig` need bcftools. A million samples need 2 GB of
disk, and `shard` needs 3 GB.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from child import run_child, run_command
from material import GENE_STEP
from scale_inputs import CONTIG, REACH, Genome, cohort_lines, site_lines, write_bgzf, write_genome

from varbind.annotate.annotator import Annotator
from varbind.annotate.settings import AnnotateSettings
from varbind.api.precompute import CHUNK_SITES
from varbind.api.precompute import precompute as precompute_table
from varbind.cache.promoter_sites import promoter_spans
from varbind.core.contigs import ACCESSIONS
from varbind.io.banks import load_bank
from varbind.io.genes.shipped_starts import SHIPPED_BUILDS, shipped_starts
from varbind.io.vcf.record_index import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from child import Child
    from material import Files

    from varbind.core.scores import BindingScores
    from varbind.core.window import Window

ENVIRONMENT = dict(os.environ)
WORKFLOW = Path(__file__).parents[1] / "workflows" / "annotate"
CUT_INTO = 4
ONE_THREAD = ("--threads", "1", "--device", "cpu", "--quiet")
GENES_AT_END = 20
INFO = 7
BLOCK = 1 << 20


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, help="default: 100 of samples, 5 million of genome, else a million")
    parser.add_argument("--megabases", type=int, default=600)
    parser.add_argument("--genes", type=int, default=20)
    parser.add_argument("--bank", default="default")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    PARTS[options.part](options)


def many_samples(options: argparse.Namespace) -> None:
    """Genotypes of many samples: annotated as a whole, and by way of the sites alone."""
    folder, records = options.folder, options.records or 100
    genome = Genome.made(folder, 20 * GENE_STEP)
    names = ("cohort.vcf.gz", "cohort.bcf", "whole.vcf.gz", "sites.vcf.gz", "annotated.vcf.gz")
    cohort, binary, whole, sites, annotated = (folder / name for name in names)
    write_bgzf(cohort, cohort_lines(genome, records, 0.5, options.samples))
    print(f"{records:,} records of {options.samples:,} samples, {size(cohort)}", flush=True)
    bcftools("bcftools view -Ob", binary, "view", "-Ob", str(cohort), "-o", str(binary))
    for source, result in ((cohort, whole), (cohort, folder / "whole.bcf"), (binary, folder / "direct.bcf")):
        annotate(f"annotate {source.suffix} to {result.suffix}", genome.files, source, result, records, options)
        require_same_text(whole, result)
    require_lossless(cohort, whole)
    bcftools("bcftools view -G", sites, "view", "-G", str(cohort), "-Oz", "-o", str(sites))
    annotate("annotate the sites", genome.files, sites, annotated, records, options, "-W")
    for source, kind in ((cohort, "z"), (binary, "b")):
        joined = source.with_stem(f"joined-{source.stem}")
        bcftools(f"bcftools index, {source.suffix}", Path(f"{source}.csi"), "index", "-f", str(source))
        words = ("-a", str(annotated), "-c", "INFO", str(source), f"-O{kind}", "-o", str(joined))
        bcftools(f"bcftools annotate, {source.suffix}", joined, "annotate", *words)
        require_same_text(whole, joined)


def many_records(options: argparse.Namespace) -> None:
    """Sites without samples, a tenth and all of them: outside promoters, as in a genome, and in promoters."""
    records = options.records or 1_000_000
    genome = Genome.made(options.folder, max(10 * records, 20 * GENE_STEP))
    source, result = options.folder / "sites.vcf.gz", options.folder / "annotated.vcf.gz"
    for name, inside in (("outside promoters", 0.0), ("1 % in promoters", 0.01), ("in promoters", 1.0)):
        # Records in promoters take much longer, and a tenth of them shows as much.
        for count in (records // 100, records // 10) if inside == 1 else (records // 10, records):
            write_bgzf(source, site_lines(genome, count, inside))
            annotate(f"{count:,} records, {name}", genome.files, source, result, count, options)
            require_lossless(source, result)


def one_genome(options: argparse.Namespace) -> None:
    """As many sites as a genome has, and its share of them in promoters."""
    records, build = options.records or 5_000_000, SHIPPED_BUILDS[-1]
    genome = Genome.made(options.folder, max(10 * records, 20 * GENE_STEP))
    source, result = options.folder / "sites.vcf.gz", options.folder / "annotated.vcf.gz"
    inside = promoter_bases(build) / sum(lengths_of(build).values())
    write_bgzf(source, site_lines(genome, records, inside))
    annotate(f"{records:,} records, {size(source)}", genome.files, source, result, records, options)
    require_lossless(source, result)


def in_parts(options: argparse.Namespace) -> None:
    """Sites as in a genome, cut into parts, annotated and joined, with the bytes of a single run."""
    records, folder = options.records or 1_000_000, options.folder / "parts"
    genome = Genome.made(options.folder, max(10 * records, 20 * GENE_STEP))
    source, whole, joined = (options.folder / name for name in ("sites.vcf.gz", "whole.vcf.gz", "joined.vcf.gz"))
    write_bgzf(source, site_lines(genome, records, 0.01))
    annotate("in one piece", genome.files, source, whole, records, options)
    words = [str(folder), "--parts", str(CUT_INTO), "--", str(source), *common(genome.files, options)]
    print_row("scatter", run_child([str(WORKFLOW / "scatter.py"), *words], environment=ENVIRONMENT), source)
    for part in range(CUT_INTO):
        names = (f"{part:04}{suffix}" for suffix in (".vcf.gz", ".annotated.vcf.gz", ".json"))
        cut, annotated, stats = map(str, map(folder.joinpath, names))
        command = ["-m", "varbind", "annotate", cut, "-o", annotated, "--stats", stats, *common(genome.files, options)]
        print_row(f"part {part}", run_child(command, environment=ENVIRONMENT), Path(annotated))
    words = [str(WORKFLOW / "gather.py"), str(folder), str(joined), str(options.folder / "joined.json")]
    print_row("gather", run_child(words, environment=ENVIRONMENT), joined)
    require_same_text(whole, joined)


def long_contig(options: argparse.Namespace) -> None:
    """Genes at the end of a contig that is too long for a tbi: annotated, found by region, and precomputed."""
    genome = Genome.made(options.folder, GENES_AT_END * GENE_STEP, length=options.megabases * 1_000_000)
    records = 1_000
    source, table = options.folder / "sites.vcf.gz", options.folder / "table.vcf.gz"
    write_bgzf(source, site_lines(genome, records, 0.5))
    region = f"{CONTIG}:{genome.before + 1}-{genome.length}"
    for suffix in (".vcf.gz", ".bcf"):
        result = options.folder / f"annotated{suffix}"
        annotate(f"annotate to {suffix[1:]}", genome.files, source, result, records, options, "-W")
        require_found(result, region, records)
    precompute(table, *common(genome.with_genes(1), options))
    require_found(table, region, snvs_in(table))


def genome_table(options: argparse.Namespace) -> None:
    """The promoter SNVs of each build, and what an SNV takes in a table."""
    for build in SHIPPED_BUILDS:
        bases, total = promoter_bases(build), sum(lengths_of(build).values())
        print(f"{build}: {bases:,} of {total:,} bases in promoters, {100 * bases / total:.2f} %", flush=True)
    genome = Genome.made(options.folder, options.genes * GENE_STEP)
    precompute(options.folder / "table.vcf.gz", *common(genome.with_genes(1), options))
    show_time_of_scoring(genome.files, options)


def one_shard(options: argparse.Namespace) -> None:
    """The smallest part of the table of a whole genome: contigs of their true lengths, and the shipped genes."""
    fasta, build = options.folder / "genome.fa", SHIPPED_BUILDS[-1]
    write_genome(fasta, lengths_of(build))
    shards = -(-promoter_bases(build) // CHUNK_SITES)
    words = ("-f", str(fasta), "--shard", f"1/{shards}", "--bank", options.bank, *ONE_THREAD)
    precompute(options.folder / "shard.vcf.gz", *words)


def lengths_of(build: str) -> dict[str, int]:
    """The chromosomes of a build with their lengths in bases."""
    return {f"chr{entry.name}": entry.length for entry in ACCESSIONS.values() if entry.build == build}


def promoter_bases(build: str) -> int:
    """The number of bases in the promoters of the shipped genes."""
    index = shipped_starts(build, tss="preferred").index
    return sum(span.end - span.start for span in promoter_spans(index, REACH, lengths_of(build), renamed={}))


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "samples": many_samples,
    "records": many_records,
    "genome": one_genome,
    "workflow": in_parts,
    "contig": long_contig,
    "table": genome_table,
    "shard": one_shard,
}


def common(files: Files, options: argparse.Namespace) -> list[str]:
    """The options of every run of varbind."""
    words = ["-f", str(files.fasta), "--genes", str(files.genes), "--bank", options.bank]
    return [*words, *ONE_THREAD]


def annotate(
    what: str, files: Files, source: Path, result: Path, records: int, options: argparse.Namespace, *words: str
) -> None:
    """Run `varbind annotate`, check the number of records, and print what it took."""
    stats = options.folder / "stats.json"
    command = ["-m", "varbind", "annotate", str(source), "-o", str(result), "--stats", str(stats), *words]
    took = run_child([*command, *common(files, options)], environment=ENVIRONMENT)
    counts = json.loads(stats.read_text())
    found = [counts[name] for name in ("records_read", "records_written", "records_reread")]
    if found != [records] * 3:
        raise RuntimeError(f"{result}: {found} records read, written and found again, expected {records}")
    print_row(f"{what}, {counts['alleles'].get('ok', 0):,} alleles scored", took, result)


def precompute(table: Path, *words: str) -> None:
    """Run `varbind precompute`, and print what it took."""
    took = run_child(["-m", "varbind", "precompute", "-o", str(table), *words], environment=ENVIRONMENT)
    print_row(f"precompute {snvs_in(table):,} SNVs", took, table)


def show_time_of_scoring(files: Files, options: argparse.Namespace) -> None:
    """Make a table in this process, and print what an SNV took, and which part of that were the scores."""
    seconds, score, start = [0.0], Annotator.score, time.process_time()

    def timed(annotator: Annotator, windows: Sequence[Window]) -> BindingScores | None:
        before = time.process_time()
        scores = score(annotator, windows)
        seconds[0] += time.process_time() - before
        return scores

    settings = AnnotateSettings(device="cpu", threads=1)
    bank, table = load_bank(options.bank), options.folder / "timed.vcf.gz"
    with patch.object(Annotator, "score", timed):
        snvs = precompute_table(table, reference=files.fasta, bank=bank, genes=files.genes, settings=settings).scored
    whole, scores = ((1e6 * spent / snvs) for spent in (time.process_time() - start, seconds[0]))
    size_of_one = table.stat().st_size / snvs
    print(f"{snvs:,} SNVs: {whole:.0f} microseconds and {size_of_one:.0f} bytes each, the scores {scores:.0f} of these")


def bcftools(what: str, result: Path, *words: str) -> None:
    """Run bcftools, and print what it took."""
    took = run_command(["bcftools", *words], environment=ENVIRONMENT)
    print_row(what, took, result)


def print_row(what: str, took: Child, result: Path) -> None:
    """Print a row of a table."""
    print(f"| {what} | {took.cpu:.1f} s | {took.peak:,.0f} MiB | {size(result)} |", flush=True)


def size(path: Path) -> str:
    """The size of a file."""
    return f"{path.stat().st_size / 1e6:,.2f} MB"


def snvs_in(table: Path) -> int:
    """The number of records of a file."""
    return sum(1 for _ in record_lines(table))


def record_lines(path: Path) -> Iterator[bytes]:
    """The lines after the header."""
    with gzip.open(path) as lines:
        for line in lines:
            if not line.startswith(b"#"):
                yield line


def require_lossless(source: Path, result: Path) -> None:
    """Check that the result has the bytes of its input, apart from what follows in column 8.

    Raises:
        RuntimeError: another byte differs.
    """
    for number, (before, after) in enumerate(zip(record_lines(source), record_lines(result), strict=True), 1):
        old, new = before.split(b"\t", INFO + 1), after.split(b"\t", INFO + 1)
        kept = new[INFO].startswith(old[INFO].rstrip(b"\n"))
        if not kept or old[:INFO] + old[INFO + 1 :] != new[:INFO] + new[INFO + 1 :]:
            raise RuntimeError(f"{result}: record {number} was changed")


def require_same_text(one: Path, other: Path) -> None:
    """Check that `bcftools view` prints the same records of two files.

    Raises:
        RuntimeError: a byte differs.
    """
    if printed(one) != printed(other):
        raise RuntimeError(f"{one} and {other} have other records")


def printed(path: Path) -> str:
    """A digest of the records as bcftools prints them."""
    digest = hashlib.sha256()
    with subprocess.Popen(["bcftools", "view", "-H", str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while data := process.stdout.read(BLOCK):
            digest.update(data)
    if process.returncode:
        raise RuntimeError(f"bcftools cannot read {path}")
    return digest.hexdigest()


def require_found(path: Path, region: str, records: int) -> None:
    """Check that bcftools finds records by the index of a file.

    Raises:
        RuntimeError: another number of records is found.
    """
    done = subprocess.run(["bcftools", "view", "-H", "-r", region, str(path)], capture_output=True, check=True)
    found = done.stdout.count(b"\n")
    if found != records:
        raise RuntimeError(f"{path}: {found} records in {region}, expected {records}")
    indexes = "".join(suffix for suffix in SUFFIXES if Path(f"{path}.{suffix}").exists())
    print(f"{path.name}: {found:,} records in {region} by its {indexes}", flush=True)


if __name__ == "__main__":
    main()
