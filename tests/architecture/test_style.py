"""The linters are quiet, and no path of one machine is written down."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from quick_cases import first_quick

ROOT = Path(__file__).parents[2]
TREES = [tree for tree in ("varbind", "tests", "workflows", "benchmarks") if (ROOT / tree).is_dir()]
ABSOLUTE = re.compile(rb"(?<![\w.}~)-])/(?:work|opt|tmp|home|root|Users|mnt)(?:/|\b)[\w./-]*")
# The folder for the text of a BCF that goes to a stream: TMPDIR, or its POSIX default.
DOCUMENTED = {("varbind/io/output/output_file.py", b"/tmp")}


@pytest.mark.parametrize(
    "command",
    first_quick([["ruff", "check", *TREES], ["ruff", "format", "--check", *TREES], ["mypy"]], 2),
    ids=["ruff check", "ruff format", "mypy"],
)
def test_linters_are_quiet(command):
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_path_of_one_machine():
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("needs the git checkout")
    names = [name.decode() for name in listing.stdout.split(b"\0") if name]
    assert "pyproject.toml" in names
    contents = {name: (ROOT / name).read_bytes() for name in names if (ROOT / name).is_file()}
    texts = {name: content for name, content in contents.items() if b"\0" not in content}
    found = {(name, match[0]) for name, text in texts.items() for match in ABSOLUTE.finditer(text)}
    own = str(Path(__file__).relative_to(ROOT))
    assert {pair for pair in found if pair[0] != own} <= DOCUMENTED
