"""Which way a CPU computes: the kernel is loaded when there is enough to score, and it does not show."""

import os
import subprocess
import sys

import numpy as np
import pytest
from oracles import deepbind_config, random_stack

from varbind.kernels.cpu import cpu
from varbind.scoring.ensemble import Ensemble

PROGRAM = """
import sys
import numpy as np
from varbind.core.deepbind import DeepBindStack, DeepBindConfig
from varbind.kernels.cpu import cpu
from varbind.scoring.ensemble import Ensemble
shape = DeepBindConfig(window=7, detector_len=4, detectors=2, mean_pooling=True, hidden=0, double_stranded=True)
sizes = shape.array_shapes(1)
stack = DeepBindStack(shape, ("A",), {name: np.ones(size, dtype=np.float32) for name, size in sizes.items()})
cpu.KERNEL_WORTH = 5
ensemble = Ensemble([stack], ["A"], threads=1)
codes = np.random.default_rng(0).integers(0, 4, (6, 7)).astype(np.uint8)
for start in (0, 2, 4):
    ensemble.score({7: list(codes[start : start + 2])})
    print("numba" in sys.modules)
"""


@pytest.mark.slow
def test_numba_is_imported_when_there_is_enough_to_score():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]


@pytest.mark.parametrize("worth", [0, 10, 10**9])
def test_when_it_is_loaded_does_not_show(worth, monkeypatch):
    monkeypatch.setattr(cpu, "KERNEL_WORTH", worth)
    rng = np.random.default_rng(0)
    stack = random_stack(rng, deepbind_config(mean_pooling=True, hidden=2), 3)
    codes = list(rng.integers(0, 5, (12, 12)).astype(np.uint8))
    whole = Ensemble([stack], stack.model_ids, compiled=True).score({9: codes})
    ensemble = Ensemble([stack], stack.model_ids)
    assert b"".join(ensemble.score({9: codes[i : i + 4]}).tobytes() for i in (0, 4, 8)) == whole.tobytes()


def test_a_long_sequence_goes_by_gathered_tables(monkeypatch):
    """Even where the kernel is asked for, whose sums it would overflow."""
    monkeypatch.setattr(cpu, "LONGEST", 20)
    rng = np.random.default_rng(0)
    stack = random_stack(rng, deepbind_config(), 2)
    monkeypatch.setattr(cpu.CpuStacks, "_kernel", object())  # it has no `score`
    ensemble = Ensemble([stack], stack.model_ids, compiled=True)
    assert ensemble.score({9: [np.zeros(21, np.uint8)]}).shape == (1, 2)
    with pytest.raises(AttributeError):
        ensemble.score({9: [np.zeros(20, np.uint8)]})


BROKEN = """
import sys
import numpy as np
from oracles import deepbind_config, random_stack
from varbind.kernels.cpu import cpu
from varbind.scoring.ensemble import Ensemble
cpu.KERNEL_WORTH = 0
stack = random_stack(np.random.default_rng(0), deepbind_config(), 1)
print(Ensemble([stack], stack.model_ids).score({9: [np.zeros(9, np.uint8)]}).tobytes().hex())
"""


def scored(folder, **changes):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)]), **changes}
    done = subprocess.run([sys.executable, "-c", BROKEN], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
def test_a_kernel_that_cannot_be_loaded_is_done_without(tmp_path):
    """An installation that does not fit, numba's own switch, and a damaged cache."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text("raise ImportError('Numba needs NumPy 2.3 or less')\n")
    cache = tmp_path / "cache"
    expected, _ = scored(tmp_path / "empty", NUMBA_CACHE_DIR=str(cache))
    found, told = scored(tmp_path)
    assert found == expected
    assert "Numba needs NumPy 2.3 or less" in told
    assert scored(tmp_path / "empty", NUMBA_DISABLE_JIT="1")[0] == expected
    for suffix in (".nbc", ".nbi"):
        files = list(cache.rglob(f"*{suffix}"))
        assert files
        for file in files:
            file.write_bytes(file.read_bytes()[:20])
        assert scored(tmp_path / "empty", NUMBA_CACHE_DIR=str(cache))[0] == expected
