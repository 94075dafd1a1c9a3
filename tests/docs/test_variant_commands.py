"""The commands of the pages that annotate, on variants around one start of a gene."""

import gzip
import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pysam
import pytest
from allele_values import allele_values
from own_data import START, write_own_data
from page_commands import ROOT, add_program, blocks_of, commands_of, page, run_commands, run_script
from planted import write_lines
from sparse_genome import LENGTHS
from workflow_engine import SNAKEMAKE, needs_snakemake

from varbind.io.genes.shipped_starts import shipped_starts

MULTIQC = os.environ.get("VARBIND_MULTIQC") or shutil.which("multiqc")
CONTIG = "chr21"
KNOWN = 100
"""Bases on each side of the start that the genome of the tests has."""


@pytest.mark.slow
def test_the_commands_of_the_readme_and_of_the_report_run(tmp_path):
    write_own_data(tmp_path)
    assert f"chr5:{START + 45} " in run_commands("README.md", tmp_path)
    ranked = (tmp_path / "ranked.tsv").read_text(encoding="utf-8").splitlines()
    assert len(ranked) == 12
    first = (tmp_path / "report.html").read_bytes()
    assert b"C228T" in first
    run_commands("report.md", tmp_path)
    assert (tmp_path / "report.html").read_bytes() == first


def write_genome(path):
    """Write a contig of GRCh38 with bases around one start; the start, and a function that tells the base there."""
    starts = [start.pos for start in shipped_starts("GRCh38", tss="preferred").index if start.contig == CONTIG]
    start, length = starts[len(starts) // 2], LENGTHS["GRCh38"][CONTIG]
    bases = bytearray(b"N" * length)
    bases[start - KNOWN : start + KNOWN] = random.Random(1).choices(b"ACGT", k=2 * KNOWN)
    write_lines(path, [f">{CONTIG}", bases.decode()])
    pysam.faidx(str(path))
    return start, lambda pos: chr(bases[pos - 1])


@pytest.mark.slow
def test_the_commands_of_precomputed_tables_run(tmp_path, bcftools):
    start, base = write_genome(tmp_path / "GRCh38.fa")
    rows = []
    for pos in range(start - 50, start + 50, 20):
        alts = [alt for alt in "ACGT" if alt != base(pos)]
        rows.append(f"{CONTIG}\t{pos}\t.\t{base(pos)}\t{alts[0]},{alts[1]}\t.\t.\t.")
    head = ["##fileformat=VCFv4.3", f"##contig=<ID={CONTIG},length={LENGTHS['GRCh38'][CONTIG]}>"]
    text = "\n".join([*head, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", *rows, ""])
    (tmp_path / "in.vcf.gz").write_bytes(gzip.compress(text.encode()))
    computed, transferred, joined = blocks_of(page("precomputed.md"))
    run_script(computed, tmp_path)
    single = gzip.decompress((tmp_path / "promoters.vcf.gz").read_bytes())
    assert single.count(f"\n{CONTIG}\t".encode()) == 3 * 2 * KNOWN
    annotated = (tmp_path / "out.vcf.gz").read_bytes()
    run_script("varbind annotate in.vcf.gz -f GRCh38.fa -o plain.vcf.gz", tmp_path)
    assert (tmp_path / "plain.vcf.gz").read_bytes() == annotated
    run_script(transferred, tmp_path)
    with pysam.VariantFile(str(tmp_path / "plain.vcf.gz")) as records:
        keys = [key for key, info in records.header.info.items() if key.startswith("VARBIND_") and info.number == "A"]
    values = allele_values(tmp_path / "out.vcf.gz", *keys)
    assert len(values) == 10
    assert values == allele_values(tmp_path / "plain.vcf.gz", *keys)
    assert None not in {own[keys.index("VARBIND_PHRED")] for own in values.values()}
    run_script(joined, tmp_path)
    assert gzip.decompress((tmp_path / "promoters.vcf.gz").read_bytes()) == single
    assert (tmp_path / "promoters.vcf.gz.csi").stat().st_mtime >= (tmp_path / "promoters.vcf.gz").stat().st_mtime


@pytest.fixture(scope="module")
def statistics(tmp_path_factory):
    """The folder of the page on statistics after its first command, and its second command."""
    folder = tmp_path_factory.mktemp("statistics")
    write_own_data(folder)
    (folder / "in.vcf.gz").rename(folder / "NA12878.vcf.gz")
    first, second = commands_of(page("statistics.md")).splitlines()
    run_script(first, folder)
    return folder, second


@pytest.mark.slow
def test_the_command_of_the_statistics_runs(statistics):
    folder, _ = statistics
    written = json.loads((folder / "NA12878_mqc.json").read_bytes())
    assert (written["records_read"], written["alleles_scored"]) == (12, 11)
    assert written["data"].keys() == {"NA12878"}
    with gzip.open(folder / "NA12878.out.vcf.gz", "rt") as lines:
        assert sum("VARBIND_STATUS=ok" in line for line in lines) == 11


@pytest.mark.slow
@pytest.mark.skipif(not MULTIQC, reason="needs MultiQC: pip install multiqc, or VARBIND_MULTIQC=PROGRAM")
def test_multiqc_joins_the_statistics(statistics):
    folder, command = statistics
    # MultiQC has packages of its own, and asks for its newest version unless it is told not to.
    add_program(folder, "multiqc", ["env", "-u", "PYTHONPATH", MULTIQC, "--no-version-check"])
    run_script(command, folder)
    data = json.loads((folder / "multiqc_data" / "multiqc_data.json").read_text(encoding="utf-8"))
    assert data["report_saved_raw_data"]["multiqc_varbind_table"]["NA12878"]["alleles_scored"] == 11


CLUSTER = page("cluster.md")
CONFIGURATION = re.search(r"```yaml\n# config.yaml\n(.*?)```", CLUSTER, re.DOTALL)[1]


def test_the_configuration_of_the_page_has_the_keys_of_the_workflow():
    yaml = pytest.importorskip("yaml", reason="reads the configuration: pip install pyyaml")
    schema = yaml.safe_load((ROOT / "workflows" / "annotate" / "config.schema.yaml").read_text(encoding="utf-8"))
    given = yaml.safe_load(CONFIGURATION)
    assert {*schema["required"]} <= given.keys() <= schema["properties"].keys()
    assert given["parts"] == 32


@needs_snakemake
@pytest.mark.slow
def test_snakemake_accepts_the_configuration_of_the_page(tmp_path):
    """The command of the page plans its jobs, also where there is no Slurm, but does not run them."""
    python = Path(SNAKEMAKE).with_name("python")
    plugin = "snakemake_executor_plugin_slurm"
    if subprocess.run([python, "-c", f"import {plugin}"], capture_output=True, check=False).returncode:
        pytest.skip(f"needs pip install {plugin.replace('_', '-')} beside Snakemake")
    (tmp_path / "workflows").symlink_to(ROOT / "workflows")
    (tmp_path / "config.yaml").write_text(CONFIGURATION, encoding="utf-8")
    for name in ("cohort.vcf.gz", "reference.fa"):
        (tmp_path / name).touch()
    (tmp_path / "snakemake" / "bin").mkdir(parents=True)
    (tmp_path / "snakemake" / "bin" / "snakemake").symlink_to(SNAKEMAKE)
    planned = run_script(f"{commands_of(CLUSTER).rstrip()} --dry-run 2>&1", tmp_path)
    assert re.search(r"^annotate_part +32$", planned, re.MULTILINE), planned
