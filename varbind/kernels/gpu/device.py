"""Networks on a torch device: a plan cut into pieces that fit into its memory, scored block of networks by block.

A fused Triton kernel (`varbind.kernels.gpu.fused`) pools on CUDA devices; eager torch
(`varbind.kernels.gpu.torch_backend`) where Triton is absent. Both compute in whole numbers, so the path and the size
of a piece do not show in a score.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
from functools import cache, cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from varbind.errors import ResourceError
from varbind.gate import optional_import
from varbind.kernels.gpu.gpu_layout import Piece, stretch_width
from varbind.kernels.gpu.stretches import Stretches
from varbind.kernels.gpu.torch_backend import CPU_MODELS, GPU_MODELS, MatrixBlock
from varbind.kernels.memory_limit import MemoryLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.work_plan import Plan, Work
else:
    torch = optional_import("torch", needed_for="scoring on a GPU")

__all__ = ["DeviceStacks", "has_fused_kernel", "memory_limit", "torch_device"]

logger = logging.getLogger(__name__)

SHARE_OF_FREE = 0.4
"""Of the free memory that a piece is planned to take: the estimate is rough, and others may share the device."""

CPU_MEMORY = 2**30
"""Bytes for a piece where the device is the CPU itself."""


OLDEST_CAPABILITY = (8, 0)
"""Compute capability from which Triton multiplies bytes in tensor cores."""

_REMEDY = "use --device cpu"


def torch_device(name: str) -> torch.device:
    """The device of a name: `cuda`, `cuda:N`, or `torch:cpu`, which serves to test.

    Raises:
        ResourceError: there is no such device.
    """
    try:
        device = torch.device(name.removeprefix("torch:"))
        if device.type == "cuda":
            # Opens the device, so that a broken driver or a full memory is met here.
            torch.cuda.mem_get_info(device)
    except (RuntimeError, AssertionError) as error:
        reason = "has no free memory" if _is_out_of_memory(error) else "is not available"
        raise ResourceError(f"device {name} {reason}", remedy="use --device cpu or auto") from error
    return device


class Block(Protocol):
    """A few networks of one shape on a device."""

    @property
    def bytes_a_cell(self) -> int:
        """Memory for one cell, with what its alleles take."""

    def score(self, stretches: Stretches) -> torch.Tensor:
        """Scores of a piece, float32 (alleles, k)."""


class DeviceStacks:
    """Networks of one window length on a torch device.

    Args:
        stacks: the networks.
        device: a device of `torch_device`.
        fused: whether the fused kernel is used; None = on a CUDA device, if Triton is there.

    Raises:
        ResourceError: the networks do not fit into the device's memory.
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
            if not _is_out_of_memory(error):
                raise
            raise ResourceError(f"the networks do not fit into the memory of {device}", remedy=_REMEDY) from error
        self._columns = {detector_len: np.concatenate(parts) for detector_len, parts in columns.items()}

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack.

        Raises:
            ResourceError: one sequence alone does not fit into the device's memory.
        """
        works = {detector_len: plan.work(detector_len) for detector_len in self._blocks}
        alleles = max((len(work.alleles) for work in works.values()), default=0)
        scores = np.empty((alleles, self._count), dtype=np.float32)
        for detector_len, work in works.items():
            for piece, values in self._pieces(detector_len, work):
                scores[piece, self._columns[detector_len]] = values
        return scores

    def _pieces(self, detector_len: int, work: Work) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Some alleles at a time and their scores by all networks with detectors of one length, (alleles, k)."""
        count = len(work.alleles)
        planned = max(1, int(self._memory * count / max(1, self._bytes(detector_len, work))))
        return self._limit.portions(lambda piece: self._score_piece(detector_len, work, piece), count, at_once=planned)

    def _score_piece(self, detector_len: int, work: Work, alleles: slice) -> NDArray[np.float32]:
        """Scores of some alleles, (alleles, k)."""
        stretches = Stretches(Piece.of(work, detector_len, alleles), detector_len, self._device)
        # One copy to the host for all blocks: each would wait for the device.
        return np.asarray(torch.cat([block.score(stretches) for block in self._blocks[detector_len]], dim=1).cpu())

    @cached_property
    def _memory(self) -> int:
        """Bytes for a piece."""
        if self._device.type != "cuda":
            return CPU_MEMORY
        free, _ = torch.cuda.mem_get_info(self._device)
        # What torch holds in reserve is free for us too.
        free += torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return int(SHARE_OF_FREE * free)

    def _bytes(self, detector_len: int, work: Work) -> int:
        """Roughly the memory that a whole work would take."""
        positions = int((work.bounds[:, -1] - work.bounds[:, 0]).sum()) + detector_len * len(work.substitutions)
        cell = max(block.bytes_a_cell for block in self._blocks[detector_len])
        # Rows, and what tells where each of them is.
        return positions * (stretch_width(detector_len) + 16) + work.cells * cell


@cache
def has_fused_kernel(device: torch.device) -> bool:
    """Whether the fused kernel is used: on the CUDA devices that Triton knows, if it is there and can work."""
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < OLDEST_CAPABILITY:
        return False
    # Triton builds what starts its kernels with a C compiler.
    compilers = (os.environ.get("CC", "cc"), "gcc", "clang")
    missing = "Triton" if importlib.util.find_spec("triton") is None else "a C compiler"
    if missing == "Triton" or not any(map(shutil.which, compilers)):
        logger.info(f"{device}: computing with eager torch, which is slower: the fused kernel needs {missing}")
        return False
    return True


def _fused_blocks(stack: DeepBindStack, device: torch.device) -> Iterator[Block]:
    # Triton takes a while to import, which nobody else need pay.
    fused = optional_import("varbind.kernels.gpu.fused", needed_for="the fused kernel")
    tile = fused.tile_of(stack.config, device)
    if tile is None:
        return _matrix_blocks(stack, device)
    return (fused.FusedBlock(part, device, tile=tile) for part in _parts(stack, fused.MODELS))


def _matrix_blocks(stack: DeepBindStack, device: torch.device) -> Iterator[Block]:
    size = CPU_MODELS if device.type == "cpu" else GPU_MODELS
    return (MatrixBlock(part, device) for part in _parts(stack, size))


def _parts(stack: DeepBindStack, size: int) -> Iterator[DeepBindStack]:
    """A stack in parts of at most this many networks."""
    for first in range(0, len(stack.model_ids), size):
        yield stack.take(range(first, min(first + size, len(stack.model_ids))))


def _is_out_of_memory(error: BaseException) -> bool:
    """Torch's allocator has an error of its own; the driver and Triton say so in words only."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()


def memory_limit(
    device: torch.device, unit: str, one: str, *, release: Callable[[], None] = lambda: None
) -> MemoryLimit:
    """The limit of a device's memory.

    Args:
        device: a device of `torch_device`.
        unit: the items, in the plural, for the log.
        one: a single item, for the error when it does not fit.
        release: called after each failure, to drop tensors that are kept for later.
    """

    def free() -> None:
        release()
        if device.type == "cuda":
            torch.cuda.empty_cache()

    refusal = ResourceError(f"{one} does not fit into the memory of {device}", remedy=_REMEDY)
    return MemoryLimit(f"{device} is out of memory", unit, refusal, is_full=_is_out_of_memory, release=free)
