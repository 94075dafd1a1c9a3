"""The example of docs/python.md is run, on the embedded example."""

import contextlib
import gzip
import re
from pathlib import Path

import pytest

from varbind.cli.demo import copy_example

DOCS = Path(__file__).parents[2] / "docs"
PYTHON = re.search(r"```python\n(.*?)```", (DOCS / "python.md").read_text(encoding="utf-8"), re.DOTALL)[1]


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
