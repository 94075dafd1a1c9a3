"""The fuzzer itself, for a few seconds a kind of input: it runs, and finds nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.targets import TARGETS

FUZZ = Path(__file__).with_name("fuzz.py")
SECONDS = "1"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_nothing_is_found_in_seconds(name, tmp_path, shared_world):
    pytest.importorskip("atheris", reason="needs atheris")
    command = [sys.executable, FUZZ, name, "--seconds", SECONDS, "--corpus", tmp_path, "--sound", shared_world.sound]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"TMPDIR": str(tmp_path)}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    executions = int(done.stdout.split()[1].replace(",", ""))
    assert executions > 1
    assert not list((tmp_path / "crashes").iterdir())
