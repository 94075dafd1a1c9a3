"""The fused kernels run by Triton's interpreter, byte for byte; `test_fused.py` starts this file in its own process.

TRITON_INTERPRET=1 pytest tests/unit/kernels/gpu/interpreted_fused.py
"""

import numpy as np
import pytest
import torch
from exact import exact_scores
from oracles import deepbind_config, random_stack

from varbind.core.window import Window
from varbind.kernels.gpu import fused
from varbind.kernels.gpu.device import DeviceStacks
from varbind.kernels.gpu.fused import Tile, tile_of
from varbind.kernels.work_plan import Plan

CPU = torch.device("cpu")

# Rows of one, two and unequal powers of two; detectors and hidden units around the numbers summed side by side.
SHAPES = [
    deepbind_config(detector_len=1, detectors=3),
    deepbind_config(detector_len=5, detectors=16, mean_pooling=True, hidden=32),
    deepbind_config(detector_len=21, detectors=2, mean_pooling=True, double_stranded=False),
    deepbind_config(detector_len=24, detectors=17, hidden=33),
    deepbind_config(detector_len=36, detectors=1, mean_pooling=True, hidden=1),
]


def stacks_of(shapes, count):
    rng = np.random.default_rng(0)
    return [random_stack(rng, shape, count, prefix=f"S{i}.") for i, shape in enumerate(shapes)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_exact_bytes(shape):
    """Sequences of several lengths with N; more cells than a tile."""
    rng = np.random.default_rng(1)
    stacks = stacks_of([shape], 2)
    sequences = [rng.integers(0, 4 + i % 2, 7 + i % 3).astype(np.uint8) for i in range(20)]
    plan, rows = Plan.of_sequences(sequences)
    found = DeviceStacks(stacks, CPU, fused=True).score(plan)[rows]
    assert found.tobytes() == exact_scores(stacks, sequences).tobytes()


@pytest.fixture
def small_tiles(monkeypatch):
    """Tiles that a few cells and columns cross, and blocks that a few networks cross."""
    monkeypatch.setattr(fused, "tile_of", lambda *_: Tile(16, 16))
    for name, size in (("MODELS", 2), ("FEATURES", 16), ("ALLELES", 4)):
        monkeypatch.setattr(fused, name, size)


@pytest.mark.usefixtures("small_tiles")
def test_changed_positions_across_every_tile():
    """Substitutions, deletions and insertions, against eager torch."""
    rng = np.random.default_rng(2)
    windows = []
    for _ in range(6):
        left, right, ref = rng.integers(0, 5, (3, 4))
        for alt in ([0], [1], [4], [], [2, 3, 1]):
            alleles = ([*left, *middle, *right] for middle in (ref[:1], alt))
            windows.append(Window(*(np.array(allele, np.uint8) for allele in alleles), padded=False))
    plan, _, _ = Plan.of_windows(windows, flank=4)
    stacks = stacks_of(SHAPES[:3], 3)
    found = DeviceStacks(stacks, CPU, fused=True).score(plan)
    assert len(found) > 20
    assert found.tobytes() == DeviceStacks(stacks, CPU, fused=False).score(plan).tobytes()


def test_the_largest_detectors():
    """Sums at both ends of the fixed point, where 32 bits are nearly full."""
    stack = stacks_of([deepbind_config(detector_len=3, detectors=4, mean_pooling=True, double_stranded=False)], 1)[0]
    stack.thresholds[:] = 0
    stack.detectors[:] = np.nextafter(np.float32(1), np.float32(0))
    stack.detectors[:, :, :3] *= -1
    stack.detectors[..., 1] *= -1
    stack.detectors[..., 2] = 0
    stack.detectors[..., 3] = 1
    sequences = [np.full(9, base, np.uint8) for base in range(5)] + [np.array([3, 0, 3, 4, 0, 0, 3], np.uint8)]
    plan, rows = Plan.of_sequences(sequences)
    found = DeviceStacks([stack], CPU, fused=True).score(plan)[rows]
    assert found.tobytes() == exact_scores([stack], sequences).tobytes()


def test_detectors_beyond_shared_memory_go_by_matrix_products():
    rng = np.random.default_rng(3)
    shape = deepbind_config(detector_len=700, detectors=1)
    assert tile_of(shape, CPU) is None
    stack = random_stack(rng, shape, 1)
    sequences = [rng.integers(0, 5, 5).astype(np.uint8)]
    found = DeviceStacks([stack], CPU, fused=True).score(Plan.of_sequences(sequences)[0])
    assert found.tobytes() == exact_scores([stack], sequences).tobytes()


def test_mean_sums_beyond_32_bits():
    """A detector that is high everywhere on a sequence of hundreds of bases."""
    stack = stacks_of([deepbind_config(detector_len=1, detectors=1, mean_pooling=True)], 1)[0]
    stack.detectors[:] = 1
    sequences = [np.zeros(300, np.uint8)]
    found = DeviceStacks([stack], CPU, fused=True).score(Plan.of_sequences(sequences)[0])
    assert found.tobytes() == exact_scores([stack], sequences).tobytes()
