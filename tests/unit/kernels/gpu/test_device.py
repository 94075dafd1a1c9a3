"""Networks in eager torch give the exact bytes; the size of a piece does not matter, and a full memory is handled."""

import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from exact import exact_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import deepbind_config, random_stack

from varbind.core.window import Window
from varbind.errors import ResourceError
from varbind.kernels.work_plan import Plan

pytest.importorskip("torch", reason="needs the extra `gpu`")
import torch

from varbind.kernels.gpu import device as device_module
from varbind.kernels.gpu.device import DeviceStacks, MatrixBlock, has_fused_kernel, torch_device

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def stacks():
    rng = np.random.default_rng(0)
    shapes = [deepbind_config(), deepbind_config(mean_pooling=True, hidden=3), deepbind_config(detector_len=7)]
    return [random_stack(rng, shape, 11, prefix=f"S{i}.") for i, shape in enumerate(shapes)]


@pytest.fixture(scope="module")
def plan():
    """Thirty sites, twice three alternate bases, a deletion and an insertion each."""
    rng = np.random.default_rng(1)
    windows = []
    for _ in range(30):
        left, right, ref = rng.integers(0, 5, (3, 4))
        alts = [[base] for base in range(3)] + [[], [1, 2, 3]]
        reference = np.array([*left, ref[0], *right], np.uint8)
        windows += [Window(reference, np.array([*left, *alt, *right], np.uint8), padded=False) for alt in alts]
    return Plan.of_windows(windows, flank=4)[0]


@pytest.fixture(scope="module")
def expected(stacks, plan):
    return DeviceStacks(stacks, CPU).score(plan)


class SmallMemory:
    """A device whose memory holds so many alleles at a time."""

    def __init__(self, monkeypatch, room, error):
        self.tried = []
        score = MatrixBlock.score

        def limited(block, stretches):
            self.tried.append(len(stretches.alleles))
            if len(stretches.alleles) > room:
                raise error
            return score(block, stretches)

        monkeypatch.setattr(MatrixBlock, "score", limited)


@pytest.mark.parametrize("memory", [1, 50_000, 1_000_000])
def test_the_size_of_a_piece_does_not_show(monkeypatch, stacks, plan, expected, memory):
    monkeypatch.setattr(device_module, "CPU_MEMORY", memory)
    held = SmallMemory(monkeypatch, 10**6, None)
    assert DeviceStacks(stacks, CPU).score(plan).tobytes() == expected.tobytes()
    assert max(held.tried) < len(expected)
    assert memory > 1 or max(held.tried) == 1


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("Triton Error: out of memory"),
    ],
    ids=["torch", "driver"],
)
def test_row_61_out_of_memory_halves_the_piece(monkeypatch, caplog, stacks, plan, expected, error):
    held = SmallMemory(monkeypatch, 20, error)
    networks = DeviceStacks(stacks, CPU)
    with caplog.at_level(logging.INFO, logger="varbind"):
        assert networks.score(plan).tobytes() == expected.tobytes()
    halves = [line for line in caplog.messages if "out of memory" in line]
    count, sizes = len(expected), []
    while count > 20:
        count //= 2
        sizes.append(f"cpu is out of memory: {count} sequences at a time from here on")
    assert halves == sizes
    assert len(sizes) >= 2
    # What was learnt is kept.
    held.tried.clear()
    assert networks.score(plan).tobytes() == expected.tobytes()
    assert max(held.tried) <= 20


def test_row_61_not_even_one_sequence(monkeypatch, stacks, plan):
    held = SmallMemory(monkeypatch, 0, torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(ResourceError) as refused:
        DeviceStacks(stacks, CPU).score(plan)
    assert str(refused.value) == "one sequence does not fit into the memory of cpu; use --device cpu"
    assert held.tried[-1] == 1


def test_networks_that_do_not_fit(monkeypatch, stacks):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(MatrixBlock, "__init__", full)
    with pytest.raises(ResourceError, match="the networks do not fit into the memory of cpu; use --device cpu"):
        DeviceStacks(stacks, CPU)


def test_other_errors_pass(monkeypatch, stacks, plan):
    SmallMemory(monkeypatch, 0, RuntimeError("an illegal memory access was encountered"))
    with pytest.raises(RuntimeError, match="illegal"):
        DeviceStacks(stacks, CPU).score(plan)


def test_an_empty_plan(stacks):
    assert DeviceStacks(stacks, CPU).score(Plan()).shape == (0, 33)


def test_devices_by_name():
    assert torch_device("torch:cpu") == CPU
    assert not has_fused_kernel(CPU)
    with pytest.raises(ResourceError, match="device cuda:4096 is not available; use --device cpu or auto"):
        torch_device("cuda:4096")


def test_the_fused_kernel_needs_a_device_triton_and_a_compiler(monkeypatch, caplog):
    """Asked of a device that is not there: what torch and the system would answer is put in its place."""
    caplog.set_level(logging.INFO, logger="varbind")
    found = {"triton": True, "cc": "cc"}
    capability = [(9, 0)]
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability[0])
    monkeypatch.setattr(device_module.importlib.util, "find_spec", found.get)
    monkeypatch.setattr(device_module.shutil, "which", found.get)
    monkeypatch.delenv("CC", raising=False)
    cuda = torch.device("cuda:1")
    asked = has_fused_kernel.__wrapped__
    assert asked(cuda)
    assert not caplog.messages
    for name, word in (("cc", "a C compiler"), ("triton", "Triton")):
        del found[name]
        assert not asked(cuda)
        slower = f"cuda:1: computing with eager torch, which is slower: the fused kernel needs {word}"
        assert caplog.messages.pop() == slower
    found |= {"triton": True, "gcc": "gcc"}
    assert asked(cuda)
    capability[0] = (7, 5)
    assert not asked(cuda)


def test_the_cpu_path_does_not_import_torch():
    program = (
        "import sys, numpy as np\n"
        "from oracles import deepbind_config, random_stack\n"
        "from varbind.scoring.ensemble import Ensemble\n"
        "stack = random_stack(np.random.default_rng(0), deepbind_config(), 1)\n"
        "Ensemble([stack], stack.model_ids).score({9: [np.zeros(9, np.uint8)]})\n"
        "assert not {'torch', 'triton'} & sys.modules.keys()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


shapes = st.builds(
    deepbind_config,
    detector_len=st.integers(1, 12),
    detectors=st.sampled_from([1, 3, 16, 17]),
    mean_pooling=st.booleans(),
    hidden=st.sampled_from([0, 1, 5, 32, 33]),
    double_stranded=st.booleans(),
)


def scores(stacks, sequences):
    plan, rows = Plan.of_sequences(sequences)
    return DeviceStacks(stacks, CPU).score(plan)[rows]


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(shapes, min_size=1, max_size=2), st.lists(st.integers(1, 15), min_size=1), st.integers(0, 2**32 - 1))
def test_the_exact_bytes(shapes, lengths, seed):
    rng = np.random.default_rng(seed)
    stacks = [random_stack(rng, shape, 2, prefix=f"S{i}.") for i, shape in enumerate(shapes)]
    sequences = [rng.integers(0, 5, length).astype(np.uint8) for length in lengths]
    assert scores(stacks, sequences).tobytes() == exact_scores(stacks, sequences).tobytes()


@pytest.mark.parametrize("mean_pooling", [False, True])
def test_a_step_does_not_show(monkeypatch, mean_pooling):
    """Steps of a few cells, and of a few positions of one cell, across all networks and lengths."""
    rng = np.random.default_rng(0)
    stacks = [random_stack(rng, deepbind_config(mean_pooling=mean_pooling), 11)]
    sequences = [rng.integers(0, 5, length).astype(np.uint8) for length in (3, 3, 3, 30, 31, 30)]
    whole = scores(stacks, sequences)
    for rows in (1, 4, 17, 80):
        monkeypatch.setattr(device_module, "CPU_ROWS", rows)
        assert scores(stacks, sequences).tobytes() == whole.tobytes()


def test_nothing_is_left_to_tf32():
    """Products are in double precision, whatever torch may do with single precision."""
    block = MatrixBlock(random_stack(np.random.default_rng(1), deepbind_config(), 1), CPU)
    assert block._columns.dtype == torch.float64
