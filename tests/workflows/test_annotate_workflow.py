"""`workflows/annotate/Snakefile` on one machine and on Slurm: the bytes of a single run, whatever happens."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from integration.runs import FASTA, GENES, QUICK, VCF, annotation, call, without_times
from quick_bank import quick_bank_path
from workflow_engine import ROOT, SNAKEMAKE, needs_snakemake, run_snakemake, start_snakemake

FOLDER = ROOT / "workflows" / "annotate"
SNAKEFILE = FOLDER / "Snakefile"
CLUSTER = ROOT / "tests" / "slurm" / "cluster.sh"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
# Without accounting, squeue knows the state of a job; the jobs of the test are small.
SMALL_CLUSTER = (
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "3"),
    *("--default-resources", "mem_mb=500", "runtime=10"),
)
LIMIT = 600

pytestmark = [needs_snakemake, pytest.mark.slow]


def words_of(folder, profile, **changed):
    """The words of a run on the example."""
    config = {"vcf": VCF, "fasta": FASTA, "genes": [GENES], "out": "results", "parts": 4, "sample": "one"}
    config |= {"bank": [quick_bank_path()], "annotate": QUICK, "report": ["--top", "5"], "python": sys.executable}
    path = folder / "config.json"
    path.write_text(json.dumps(config | changed, default=str))
    return "--profile", FOLDER / "profiles" / profile, "--configfile", path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of a single run: the result, its index and its statistics."""
    folder = tmp_path_factory.mktemp("whole")
    outputs = ["-W", "-o", folder / "one.vcf.gz", "--stats", folder / "one_mqc.json"]
    assert call(*annotation(VCF, *outputs)).code == 0
    return folder


def check(results, whole):
    """The files are those of a single run, and the report has a page."""
    for name in ("one.vcf.gz", "one.vcf.gz.csi"):
        assert (results / name).read_bytes() == (whole / name).read_bytes()
    assert without_times((results / "one_mqc.json").read_bytes()) == without_times(
        (whole / "one_mqc.json").read_bytes()
    )
    assert (results / "one.html").read_text(encoding="utf-8").startswith("<!")
    assert not list((results / "one.parts").glob("*.vcf.gz"))


def wait_for(seen, process):
    """Wait until something is seen, while a run goes on."""
    end = time.monotonic() + LIMIT
    while not (found := seen()):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end, "nothing was seen"
        time.sleep(0.2)
    return found


def test_a_run_that_was_killed_goes_on(whole, tmp_path):
    words = (*words_of(tmp_path, "local"), "--cores", "1")
    process = start_snakemake(tmp_path, SNAKEFILE, *words)
    parts = tmp_path / "results" / "one.parts"
    wait_for(lambda: list(parts.glob("*.json")) and list(parts.glob("0*.json")), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    run_snakemake(tmp_path, SNAKEFILE, *words, "--unlock")
    said = run_snakemake(tmp_path, SNAKEFILE, *words)
    assert "rule annotate_part" in said
    assert "rule scatter" not in said
    check(tmp_path / "results", whole)
    assert "Nothing to be done" in run_snakemake(tmp_path, SNAKEFILE, *words)


@pytest.mark.parametrize("changed", [{"parts": 0}, {"annotate": ["-r", "chr1"]}, {"part": 4}])
def test_a_wrong_configuration_is_refused(changed, tmp_path):
    process = start_snakemake(tmp_path, SNAKEFILE, *words_of(tmp_path, "local", **changed), "-n")
    said, _ = process.communicate()
    assert process.returncode != 0
    assert "Error validating config file" in said
    assert next(iter(changed)) in said


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A Slurm of two nodes, one and two."""
    if os.geteuid() != 0 or not all(map(shutil.which, PROGRAMS)):
        pytest.skip("needs root, slurm-wlm and munge")
    python = Path(SNAKEMAKE).with_name("python")
    plugin = "snakemake_executor_plugin_slurm"
    if subprocess.run([python, "-c", f"import {plugin}"], capture_output=True, check=False).returncode:
        pytest.skip(f"needs pip install {plugin.replace('_', '-')} beside Snakemake")
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([CLUSTER, "start", folder], stderr=subprocess.PIPE, text=True, check=False)
    try:
        if started.returncode:
            pytest.skip(f"needs a Slurm that starts: {started.stderr.strip()}")
        yield
    finally:
        subprocess.run([CLUSTER, "stop", folder], check=False)


def slurm(*words):
    """What a program of Slurm prints, in lines."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()


def jobs(state):
    """The parts by the numbers of their jobs in a state; the plugin names rule and part in the comment."""
    found = slurm("squeue", "--noheader", f"--states={state}", "--format=%i %k")
    return {text.split()[0]: text[-4:] for text in found if "annotate_part" in text}


def test_the_profile_of_gpus_asks_for_one_in_each_part(tmp_path, cluster):
    said = run_snakemake(tmp_path, SNAKEFILE, *words_of(tmp_path, "slurm-gpu"), "-n", "-p")
    assert said.count("gpu=1") == said.count("--device cuda ") == 4


def test_slurm_has_the_bytes_of_a_single_run(cluster, whole, tmp_path):
    """A job is killed, and a node is drained and resumed, while the parts are annotated."""
    logs = tmp_path / "results" / "one.parts" / "logs"
    process = start_snakemake(tmp_path, SNAKEFILE, *words_of(tmp_path, "slurm"), *SMALL_CLUSTER)
    try:
        # A part has a log as soon as varbind runs.
        killed = wait_for(
            lambda: [job for job, part in jobs("running").items() if (logs / f"{part}.log").exists()], process
        )[0]
        slurm("scontrol", "update", "nodename=two", "state=drain", "reason=test")
        slurm("scancel", killed)
        wait_for(lambda: slurm("sinfo", "--noheader", "--nodes=two", "--format=%t") == ["drain"], process)
        assert killed in jobs("cancelled")
        slurm("scontrol", "update", "nodename=two", "state=resume")
        said, _ = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Trying to restart job" in said
    assert len(jobs("completed")) == 4
    check(tmp_path / "results", whole)
