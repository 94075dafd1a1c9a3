"""The fuzzer itself, for a few inputs of each kind, the same in every run: it runs, and finds nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.targets import TARGETS

FUZZ = Path(__file__).with_name("fuzz.py")
EXECUTIONS = 100


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_nothing_is_found_in_a_short_run(name, tmp_path, shared_world):
    pytest.importorskip("atheris", reason="needs atheris")
    words = [name, "--executions", str(EXECUTIONS), "--corpus", tmp_path, "--sound", shared_world.sound]
    done = subprocess.run(
        [sys.executable, FUZZ, *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    found = [path.read_text() for path in (tmp_path / "crashes").glob("*.txt")]
    assert done.returncode == 0, "\n".join([done.stdout, done.stderr, *found])
    executions = int(done.stdout.split()[1].replace(",", ""))
    assert executions >= EXECUTIONS
    assert not list((tmp_path / "crashes").iterdir())
