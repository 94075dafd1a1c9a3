"""`workflows/experiments/Snakefile`: all experiments are planned, and one runs from its first job to its figure."""

import re
import sys

import pandas as pd
import pytest
from workflow_engine import ROOT, needs_snakemake, run_snakemake

SNAKEFILE = ROOT / "workflows" / "experiments" / "Snakefile"

pytestmark = needs_snakemake


def snakemake(folder, data, *words, **sizes):
    config = {"data": data, "state": folder / "state", "python": sys.executable, **sizes}
    pairs = [f"{name}={value}" for name, value in config.items()]
    return run_snakemake(folder, SNAKEFILE, "--config", *pairs, "-j", "1", *words)


@pytest.mark.slow
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
