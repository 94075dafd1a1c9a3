"""Networks on a torch device: a plan is cut into pieces that fit into memory, which are scored block by block.

On CUDA devices a fused Triton kernel (`varbind.kernels.gpu.fused`) pools. Without Triton, torch multiplies matrices.
Both compute with whole numbers, so the scores depend neither on the kernel nor on the size of a piece.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from varbind.errors import ResourceError
from varbind.gate import optional_import
from varbind.kernels.exact_arithmetic import OutputLayers, fixed_point
from varbind.kernels.gpu.gpu_layout import Piece, Stretches, detector_columns, stretch_width
from varbind.kernels.memory_limit import MemoryLimit, is_out_of_memory
from varbind.kernels.work_plan import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.work_plan import Plan, Work
else:
    torch = optional_import("torch", needed_for="scoring on a GPU")

__all__ = ["DeviceStacks", "MatrixBlock", "has_fused_kernel", "memory_limit", "torch_device"]

logger = logging.getLogger(__name__)

SHARE_OF_FREE = 0.4
"""Share of the free memory that a piece may take: the estimate is rough, and others may use the device as well."""

CPU_MEMORY = 2**30
"""Bytes for a piece if the device is the CPU itself."""

CPU_ROWS, CPU_MODELS = 1_792, 8
"""Positions and networks per matrix product on a CPU, so that the product fits into the second-level cache."""

GPU_ROWS, GPU_MODELS = 32_768, 64
"""The same on a GPU, where a product takes half a gigabyte."""

OLDEST_CAPABILITY = (8, 0)
"""The first compute capability with which Triton multiplies bytes in tensor cores."""

_REMEDY = "use --device cpu"


def torch_device(name: str) -> torch.device:
    """The device of a name: `cuda`, `cuda:N`, or `torch:cpu`, which is for tests.

    Raises:
        ResourceError: the device does not exist, or has no free memory.
    """
    try:
        device = torch.device(name.removeprefix("torch:"))
        if device.type == "cuda":
            # This opens the device, so that a broken driver or a full memory is found here.
            torch.cuda.mem_get_info(device)
    except (RuntimeError, AssertionError) as error:
        reason = "has no free memory" if is_out_of_memory(error) else "is not available"
        raise ResourceError(f"device {name} {reason}", remedy="use --device cpu or auto") from error
    return device


def memory_limit(
    device: torch.device, unit: str, one: str, *, release: Callable[[], None] = lambda: None
) -> MemoryLimit:
    """The limit of a device's memory.

    Args:
        device: a device of `torch_device`.
        unit: the items, in the plural, for the log.
        one: a single item, for the error that is raised when it does not fit.
        release: called after each failure, to drop tensors that are kept for later.
    """

    def free() -> None:
        release()
        if device.type == "cuda":
            torch.cuda.empty_cache()

    refusal = ResourceError(f"{one} does not fit into the memory of {device}", remedy=_REMEDY)
    return MemoryLimit(f"{device} is out of memory", unit, refusal, release=free)


class Block(Protocol):
    """A few networks of one configuration on a device."""

    @property
    def bytes_per_cell(self) -> int:
        """Bytes of memory for one cell, including its share of what the alleles need."""

    def score(self, stretches: Stretches) -> torch.Tensor:
        """Scores of a piece, float32 (alleles, k)."""


class DeviceStacks:
    """Networks of one window length on a torch device.

    Args:
        stacks: the networks.
        device: a device of `torch_device`.
        fused: whether the fused kernel is used; None = it is used on a CUDA device if Triton is installed.

    Raises:
        ResourceError: the networks do not fit into the memory of the device.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], device: torch.device, *, fused: bool | None = None) -> None:
        self._device = device
        self._limit = memory_limit(device, "sequences", "one sequence")
        self._blocks: dict[int, list[Block]] = {}
        columns: dict[int, list[NDArray[np.int64]]] = {}
        self._count = 0
        blocks_of = _fused_blocks if (has_fused_kernel(device) if fused is None else fused) else _matrix_blocks
        try:
            for stack in stacks:
                detector_len, count = stack.config.detector_len, len(stack.model_ids)
                self._blocks.setdefault(detector_len, []).extend(blocks_of(stack, device))
                columns.setdefault(detector_len, []).append(np.arange(self._count, self._count + count))
                self._count += count
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise ResourceError(f"the networks do not fit into the memory of {device}", remedy=_REMEDY) from error
        self._columns = {detector_len: np.concatenate(parts) for detector_len, parts in columns.items()}

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack.

        Raises:
            ResourceError: a single sequence does not fit into the memory of the device.
        """
        works = {detector_len: plan.work(detector_len) for detector_len in self._blocks}
        alleles = max((len(work.alleles) for work in works.values()), default=0)
        scores = np.empty((alleles, self._count), dtype=np.float32)
        for detector_len, work in works.items():
            for piece, values in self._pieces(detector_len, work):
                scores[piece, self._columns[detector_len]] = values
        return scores

    def _pieces(self, detector_len: int, work: Work) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Successive pieces of the alleles with their scores by all networks of one detector length, (alleles, k)."""
        count = len(work.alleles)
        planned = max(1, int(self._memory * count / max(1, self._bytes(detector_len, work))))
        return self._limit.portions(lambda piece: self._score_piece(detector_len, work, piece), count, at_once=planned)

    def _score_piece(self, detector_len: int, work: Work, alleles: slice) -> NDArray[np.float32]:
        """Scores of some alleles, (alleles, k)."""
        stretches = Stretches(Piece.of(work, detector_len, alleles), detector_len, self._device)
        # One copy to the host for all blocks, because each copy waits for the device.
        return np.asarray(torch.cat([block.score(stretches) for block in self._blocks[detector_len]], dim=1).cpu())

    @cached_property
    def _memory(self) -> int:
        """Bytes for a piece."""
        if self._device.type != "cuda":
            return CPU_MEMORY
        free, _ = torch.cuda.mem_get_info(self._device)
        # Memory that torch holds in reserve can be used as well.
        free += torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return int(SHARE_OF_FREE * free)

    def _bytes(self, detector_len: int, work: Work) -> int:
        """The approximate memory of a whole work, in bytes."""
        positions = int((work.bounds[:, -1] - work.bounds[:, 0]).sum()) + detector_len * len(work.substitutions)
        cell = max(block.bytes_per_cell for block in self._blocks[detector_len])
        # Each position has a row, and two 64-bit numbers that locate the row.
        return positions * (stretch_width(detector_len) + 16) + work.cells * cell


@cache
def has_fused_kernel(device: torch.device) -> bool:
    """Whether the fused kernel is used: on a CUDA device that Triton supports, if Triton and a C compiler are there."""
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < OLDEST_CAPABILITY:
        return False
    # Triton compiles the launchers of its kernels with a C compiler.
    compilers = (os.environ.get("CC", "cc"), "gcc", "clang")
    missing = "Triton" if importlib.util.find_spec("triton") is None else "a C compiler"
    if missing == "Triton" or not any(map(shutil.which, compilers)):
        logger.info(f"{device}: computing with eager torch, which is slower: the fused kernel needs {missing}")
        return False
    return True


def _fused_blocks(stack: DeepBindStack, device: torch.device) -> Iterator[Block]:
    # Importing Triton takes a while, and only this function needs it.
    fused = optional_import("varbind.kernels.gpu.fused", needed_for="the fused kernel")
    tile = fused.tile_of(stack.config, device)
    if tile is None:
        return _matrix_blocks(stack, device)
    return (fused.FusedBlock(part, device, tile=tile) for part in _parts(stack, fused.MODELS))


def _matrix_blocks(stack: DeepBindStack, device: torch.device) -> Iterator[Block]:
    size = CPU_MODELS if device.type == "cpu" else GPU_MODELS
    return (MatrixBlock(part, device) for part in _parts(stack, size))


def _parts(stack: DeepBindStack, size: int) -> Iterator[DeepBindStack]:
    """A stack in parts of at most `size` networks."""
    for first in range(0, len(stack.model_ids), size):
        yield stack.take(range(first, min(first + size, len(stack.model_ids))))


class MatrixBlock:
    """A few networks of one configuration, computed as matrix products in torch, for devices without Triton.

    The whole numbers are multiplied in double precision. Every partial sum is a whole number below 2^53 and therefore
    exact in any order. Single precision would not be exact, and torch may use TF32 with ten bits for it.

    Args:
        stack: the networks.
        device: the device on which they are placed.
    """

    def __init__(self, stack: DeepBindStack, device: torch.device) -> None:
        def placed(values: Any) -> torch.Tensor:
            return torch.tensor(np.ascontiguousarray(values), dtype=torch.float64, device=device)

        config = stack.config
        self._mean = config.mean_pooling
        self._axes = (len(stack.model_ids), config.strands, config.detectors)
        self._rows = CPU_ROWS if device.type == "cpu" else GPU_ROWS
        self._columns = placed(detector_columns(stack))  # (width, k S D)
        self._scale = placed(fixed_point(stack).quarter_scale[:, None, :, None])  # (k, 1, D, 1)
        self._output_layers = OutputLayers(stack, place=placed)

    @property
    def bytes_per_cell(self) -> int:
        """Bytes of memory for one cell: its pooled values and half a dozen copies of them."""
        return 8 * 8 * self._columns.shape[1]

    def score(self, stretches: Stretches) -> torch.Tensor:
        """Scores of a piece, float32 (alleles, k)."""
        maxima, sums = self._pool(stretches)
        parts = [stretches.alleles[:, part] for part in range(SEGMENTS)]
        left, middle, right = (maxima[cells] for cells in parts)
        best = self._by_detector(torch.maximum(torch.maximum(left, middle), right).clip(min=0.0))
        means = None
        if sums is not None:
            left, middle, right = (sums[cells] for cells in parts)
            means = self._by_detector(left + middle + right) / stretches.alleles[:, SEGMENTS].double()
        outputs = [
            self._output_layers.score(best[:, strand], None if means is None else means[:, strand])
            for strand in range(self._axes[1])
        ]
        return torch.stack(outputs).amax(dim=0).T.float()

    def _by_detector(self, pooled: torch.Tensor) -> torch.Tensor:
        """Pooled values (alleles, k S D) in the units of the detectors, (k, S, D, alleles)."""
        return pooled.T.reshape(*self._axes, -1) * self._scale

    def _pool(self, stretches: Stretches) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Largest value of every cell and sum of the rectified values, (cells + 1, k S D); the last cell is empty."""
        shape = (stretches.cells + 1, self._columns.shape[1])
        lowest = -(2.0**31)
        maxima = torch.full(shape, lowest, dtype=torch.float64, device=self._columns.device)
        sums = torch.zeros_like(maxima) if self._mean else None
        for cells, positions, rows in stretches.groups:
            group = stretches.rows[rows].view(-1, positions, stretches.rows.shape[1])
            cells_per_step = max(1, self._rows // positions)
            for first in range(0, len(group), cells_per_step):
                step = slice(cells.start + first, min(cells.start + first + cells_per_step, cells.stop))
                for start in range(0, positions, self._rows):
                    part = group[first : first + cells_per_step, start : start + self._rows]
                    products = part.double() @ self._columns  # (c, p, k S D)
                    maxima[step] = torch.maximum(maxima[step], products.amax(dim=1))
                    if sums is not None:
                        sums[step] += products.clip(min=0.0).sum(dim=1)
        return maxima, sums
