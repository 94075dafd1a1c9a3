"""`workflows/experiments/Snakefile`: all experiments are planned, and one runs from its first job to its figure."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

SNAKEMAKE = os.environ.get("VARBIND_SNAKEMAKE") or shutil.which("snakemake")
SNAKEFILE = Path(__file__).parents[2] / "workflows" / "experiments" / "Snakefile"

pytestmark = pytest.mark.skipif(
    not SNAKEMAKE, reason="needs Snakemake: pip install snakemake, or VARBIND_SNAKEMAKE=PROGRAM"
)


def snakemake(folder, data, *words, **sizes):
    config = {"data": data, "state": folder / "state", "python": sys.executable, **sizes}
    pairs = [f"{name}={value}" for name, value in config.items()]
    command = [SNAKEMAKE, "-s", SNAKEFILE, "--config", *pairs, "-j", "1", *words]
    environment = {**os.environ, "PYTHONPATH": str(SNAKEFILE.parents[2])}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_every_script_of_the_experiments_is_run_by_a_rule(shared_data, tmp_path):
    planned = snakemake(tmp_path, shared_data, "-n", "-p")
    run = set(re.findall(r"experiments/(\w+/\w+)\.py", planned))
    commands = {
        f"{path.parent.name}/{path.stem}"
        for path in SNAKEFILE.parent.glob("*/*.py")
        if "__main__" in path.read_text(encoding="utf-8")
    }
    assert run == commands


@pytest.mark.slow
def test_an_experiment_runs_to_its_figure_and_is_not_run_again(shared_data, tmp_path):
    sizes = {"koo_networks": "cnn-25,cnn-1", "koo_sequences": 300, "koo_epochs": 1}
    snakemake(tmp_path, shared_data, "koo", **sizes)
    table = pd.read_csv(tmp_path / "state/results/koo_synthetic.tsv", sep="\t")
    assert table.groupby("network")["layer"].max().to_dict() == {"cnn-25": 1, "cnn-1": 2}
    assert table["AUC"].between(0.4, 0.7).all()  # one epoch teaches nothing
    assert (tmp_path / "state/results/koo_synthetic.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert "Nothing to be done" in snakemake(tmp_path, shared_data, "koo", **sizes)
