"""The kernel's life on disk: a second process finds what the first one compiled."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from varbind.core.deepbind import DeepBindStack, DeepBindConfig
from varbind.scoring.ensemble import Ensemble
shape = DeepBindConfig(window=7, detector_len=4, detectors=2, mean_pooling=True, hidden=0, double_stranded=True)
sizes = shape.array_shapes(1)
stack = DeepBindStack(shape, ("A",), {name: np.ones(size, dtype=np.float32) for name, size in sizes.items()})
print(Ensemble([stack], ["A"], compiled=True).score({7: [np.arange(5, dtype=np.uint8) % 4]}))
"""


def run(folder):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout, sorted(path.name for path in folder.rglob("*.nbc"))


@pytest.mark.slow
def test_a_second_run_compiles_nothing(tmp_path):
    first, compiled = run(tmp_path)
    second, again = run(tmp_path)
    assert compiled
    assert again == compiled
    assert second == first


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path):
    (tmp_path / "file").write_text("")
    expected, _ = run(tmp_path)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "file")}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, expected), done.stderr
