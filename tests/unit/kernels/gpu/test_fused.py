"""The fused kernels: run by Triton's interpreter, compiled without a device, and on a GPU where there is one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tolerances
from oracles import deepbind_config, random_stack, whole_score

from varbind.core.window import Window
from varbind.kernels.work_plan import Plan
from varbind.scoring.ensemble import Ensemble

pytest.importorskip("torch", reason="needs the extra `gpu`")
pytest.importorskip("triton", reason="needs the extra `test-gpu`")
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from varbind.kernels.gpu.device import DeviceStacks, has_fused_kernel, torch_device
from varbind.kernels.gpu.fused import MAX_TILE, MEAN_TILE, limbs, tile_of
from varbind.kernels.gpu.fused_kernels import feature_kernel, output_kernel, pool_kernel
from varbind.kernels.gpu.gpu_layout import stretch_width

HERE = Path(__file__).parent
SHAPES = [
    deepbind_config(window=25, detector_len=14, detectors=16),
    deepbind_config(window=25, detector_len=20, detectors=16, mean_pooling=True),
    deepbind_config(window=31, detector_len=24, detectors=16, mean_pooling=True, hidden=32),
    deepbind_config(window=51, detector_len=36, detectors=5, hidden=33, double_stranded=False),
]


def test_the_interpreter_gives_the_exact_bytes():
    """In a process of its own: Triton asks for the interpreter when it decorates a kernel."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "interpreted_fused.py")]
    environment = {**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, cwd=HERE.parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+ passed in", done.stdout, re.MULTILINE)


def test_four_signed_bytes_are_the_number():
    rng = np.random.default_rng(0)
    edges = [0, 1, -1, 127, 128, -128, -129, 2**15, -(2**15), 2**23, 2**30, -(2**30), 2**31 - 2**24, -(2**31) + 2**24]
    columns = np.concatenate([edges, rng.integers(-(2**30), 2**30, 100)]).reshape(6, 19)
    found = limbs(columns, 8)
    assert found.shape == (4, 24, 6)
    assert found.dtype == np.int8
    whole = sum(found[limb].astype(np.int64) << 8 * (3 - limb) for limb in range(4))
    np.testing.assert_array_equal(whole[:19].T, columns)
    assert not whole[19:].any()


POINTERS = {
    "rows": "*i8",
    "first_row": "*i64",
    "positions": "*i64",
    "weights": "*i8",
    "maxima": "*i32",
    "sums": "*i64",
    "alleles": "*i64",
    "scale": "*fp64",
    "features": "*fp64",
    "weights1": "*fp64",
    "biases1": "*fp64",
    "weights2": "*fp64",
    "biases2": "*fp64",
    "scores": "*fp32",
}


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Compiles a kernel as a launch would, for a device that need not be there."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))

    def compile_kernel(kernel, constants, *, capability=90, **options):
        counts = {name for name in kernel.arg_names if name not in POINTERS and name not in constants}
        types = {**POINTERS, **dict.fromkeys(counts, "i32"), **dict.fromkeys(constants, "constexpr")}
        if kernel is output_kernel:
            types["alleles"] = "i32"
        # Allocations begin at multiples of 16 bytes, and so do the columns of a tile.
        aligned = [i for i, name in enumerate(kernel.arg_names) if types[name][0] == "*" or name == "columns"]
        source = ASTSource(
            kernel,
            {name: types[name] for name in kernel.arg_names},
            constexprs=constants,
            attrs={(i,): [["tt.divisibility", 16]] for i in aligned},
        )
        return triton.compile(source, GPUTarget("cuda", capability, 32), {"enable_fp_fusion": False, **options})

    return compile_kernel


def pool_constants(shape, tile):
    width = stretch_width(shape.detector_len)
    wide = 1 << (width.bit_length() - 1)
    tiles = {"tile_cells": tile.cells, "tile_columns": tile.columns}
    return {"wide": wide, "narrow": width - wide, **tiles, "mean": shape.mean_pooling}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@pytest.mark.parametrize(
    ("capability", "instruction"),
    [
        (90, r"wgmma\.mma_async\.sync\.aligned\.m64n\d+k32\.s32\.s8\.s8"),
        (80, r"mma\.sync\.aligned\.m16n8k32\S*\.s8\.s8"),
    ],
    ids=["sm_90", "sm_80"],
)
def test_bytes_are_multiplied_in_tensor_cores(build, shape, capability, instruction):
    """And rows are read ahead while they are."""
    tile = MEAN_TILE if shape.mean_pooling else MAX_TILE
    constants = pool_constants(shape, tile)
    kernel = build(pool_kernel, constants, capability=capability, num_warps=tile.warps, num_stages=tile.stages)
    code = kernel.asm["ptx"]
    products = re.findall(instruction, code)
    assert len(products) >= 4 * (1 + (constants["narrow"] > 0))
    assert len(products) == len(re.findall(r"\bw?g?mma\.(?:mma_async\.)?sync", code))
    assert "cp.async" in code
    assert capability < 90 or kernel.metadata.shared <= tile.shared_memory(stretch_width(shape.detector_len))
    assert stack_bytes(kernel) == 0


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("hidden", [False, True])
def test_nothing_is_contracted(build, mean, hidden):
    """A fused multiplication and addition would round once in place of twice."""
    sizes = {"strands": 2, "detectors": 16}
    lanes = {"lanes": 32, "rounds": 5} if hidden else {"lanes": 16, "rounds": 4}
    head = {**sizes, "pools": 1 + mean, "hidden": hidden, "blocks": 1, **lanes, "tile": 32}
    for kernel, constants in ((feature_kernel, {**sizes, "mean": mean, "tile": 128}), (output_kernel, head)):
        built = build(kernel, constants)
        code = built.asm["ptx"]
        assert "mul.rn.f64" in code or "mul.f64" in code
        assert "fma" not in code
        assert stack_bytes(built) == 0


def stack_bytes(kernel):
    """What did not fit into the registers of a thread."""
    program = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    if not program.is_file():
        pytest.skip("needs cuobjdump, which comes with Triton")
    binary = Path(os.environ["TRITON_CACHE_DIR"]) / "kernel.cubin"
    binary.write_bytes(kernel.asm["cubin"])
    command = [program, "--dump-resource-usage", binary]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(re.search(r"STACK:(\d+)", listing)[1])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_published_shapes_have_whole_tiles(shape):
    tile = tile_of(shape, torch.device("cpu"))
    assert tile == (MEAN_TILE if shape.mean_pooling else MAX_TILE)


def test_long_detectors_have_narrower_tiles():
    tile = tile_of(deepbind_config(detector_len=160), torch.device("cpu"))
    assert 16 <= tile.columns < MAX_TILE.columns


@pytest.fixture(scope="module")
def cuda():
    """A device, or a reason."""
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return torch_device("cuda")


@pytest.fixture(scope="module")
def stacks():
    rng = np.random.default_rng(1)
    return [random_stack(rng, shape, 140, prefix=f"S{i}.") for i, shape in enumerate(SHAPES)]


@pytest.fixture(scope="module")
def windows():
    """Hundreds of variants by window length: three bases a site, a deletion and an insertion, some N."""
    rng = np.random.default_rng(2)
    found = {25: [], 31: [], 51: []}
    for site in range(150):
        flanks = rng.integers(0, 4 + (site % 5 == 0), (2, 25))
        for alt in ([0], [1], [2], [3], [], [2, 3, 1]):
            alleles = ([*flanks[0], *middle, *flanks[1]] for middle in ([site % 4], alt))
            window = Window(*(np.array(allele, np.uint8) for allele in alleles), padded=False)
            for width, group in found.items():
                group.append(window.inner(25 - (width - 1) // 2))
    return found


@pytest.mark.cuda
def test_a_gpu_gives_the_bytes_of_a_cpu(cuda, stacks, windows):
    assert has_fused_kernel(cuda)
    ids = [model_id for stack in stacks for model_id in stack.model_ids]
    expected = Ensemble(stacks, ids).score_windows(windows)
    found = Ensemble(stacks, ids, device="cuda").score_windows(windows)
    for one, other in zip(found, expected, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.cuda
def test_fused_is_eager(cuda, stacks, windows):
    for stack in stacks:
        plan, _, _ = Plan.of_windows(windows[stack.config.window], (stack.config.window - 1) // 2)
        found = [DeviceStacks([stack], cuda, fused=fused).score(plan) for fused in (True, False)]
        assert found[0].tobytes() == found[1].tobytes()


@pytest.mark.cuda
def test_a_gpu_is_the_network_in_double_precision(cuda, stacks):
    rng = np.random.default_rng(3)
    sequences = [rng.integers(0, 5, length).astype(np.uint8) for length in (1, 25, 40)]
    plan, rows = Plan.of_sequences(sequences)
    few = [stack.take(range(3)) for stack in stacks]
    found = DeviceStacks(few, cuda).score(plan)[rows]
    expected = [[whole_score(stack, row, codes) for stack in few for row in range(3)] for codes in sequences]
    np.testing.assert_allclose(found, expected, atol=tolerances.FUSED, rtol=0)
