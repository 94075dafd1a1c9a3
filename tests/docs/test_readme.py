"""What the README promises is run: its Python, its bcftools lines, and the shape of its two commands."""

import contextlib
import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from varbind.annotate.demo import copy_example
from varbind.core.info_keys import INFO_KEYS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = dict.fromkeys(re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL))
PYTHON = next(code for language, code in BLOCKS if language == "python")
SHELL = [code for language, code in BLOCKS if language == "sh"]
BCFTOOLS = [line for code in SHELL for line in code.splitlines() if line.startswith("bcftools")]


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    """The example's folder after the README's Python ran in it."""
    folder = copy_example(tmp_path_factory.mktemp("readme") / "example")
    with contextlib.chdir(folder):
        exec(compile(PYTHON, "README.md", "exec"), {})
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


def test_exactly_two_commands_set_up():
    set_up = TEXT.split("## Set-up")[1].split("## ")[0]
    commands = re.findall(r"```sh\n(.*?)\n```", set_up, re.DOTALL)
    assert len(commands) == 2
    assert all("\n" not in command and "-c constraints.txt" in command for command in commands)
    assert commands[0].endswith("varbind demo")
    assert "pytest" in commands[1]


def test_the_table_of_keys_follows_the_schema():
    rows = re.findall(r"^\| `VARBIND_(\w+)` \| (\w+) \|", TEXT, flags=re.MULTILINE)
    assert sorted(rows) == sorted((key.name, key.type) for key in INFO_KEYS)
