"""The examples of docs/python.md and docs/quickstart.md are run, on the embedded example."""

import contextlib
import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from varbind.cli.demo import copy_example

DOCS = Path(__file__).parents[2] / "docs"
PYTHON = re.search(r"```python\n(.*?)```", (DOCS / "python.md").read_text(encoding="utf-8"), re.DOTALL)[1]
BCFTOOLS = re.findall(r"^bcftools .*$", (DOCS / "quickstart.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    """The example's folder after the Python of the page ran in it."""
    folder = copy_example(tmp_path_factory.mktemp("examples") / "example")
    with contextlib.chdir(folder):
        exec(compile(PYTHON, "python.md", "exec"), {})
    return folder


def test_python_block_annotates(annotated):
    with gzip.open(annotated / "annotated.vcf.gz", "rt") as lines:
        assert sum("VARBIND_STATUS=ok" in line for line in lines) > 20


def test_bcftools_lines_run(annotated, monkeypatch):
    if shutil.which("bcftools") is None:
        pytest.skip("bcftools is not installed")
    monkeypatch.chdir(annotated)
    assert len(BCFTOOLS) == 4
    outputs = []
    for line in BCFTOOLS:
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert "breaks_SP1_1" in outputs[0]  # by its loss
    assert "makes_ETS_2" in outputs[0]  # by its gain
    assert "neutral_1" not in outputs[0]
    losses = [float(row.split("\t")[0].split(",")[0]) for row in outputs[1].splitlines()]
    assert losses == sorted(losses, reverse=True)
    assert "VARBIND_BIND_LOSS=" not in outputs[3]
