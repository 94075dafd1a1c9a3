"""Snakemake, where it is: VARBIND_SNAKEMAKE names a program in an environment of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SNAKEMAKE = os.environ.get("VARBIND_SNAKEMAKE") or shutil.which("snakemake")
needs_snakemake = pytest.mark.skipif(
    not SNAKEMAKE, reason="needs Snakemake: pip install snakemake, or VARBIND_SNAKEMAKE=PROGRAM"
)


def start_snakemake(folder, snakefile, *words):
    """Start Snakemake in a folder and in a process group of its own; its output and its log are one text."""
    command = [SNAKEMAKE, "-s", ROOT / "workflows" / snakefile, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run_snakemake(folder, snakefile, *words):
    """Run Snakemake to its end, which must be a good one; what it says."""
    process = start_snakemake(folder, snakefile, *words)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said
