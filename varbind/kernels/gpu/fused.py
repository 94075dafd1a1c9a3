"""DeepBind networks on a GPU in three Triton kernels: convolution with pooling, features of alleles, output layers.

Detectors are whole numbers of 31 bits, and tensor cores multiply bytes. Each number is therefore divided into four
signed bytes. Four products of bytes, each shifted by eight bits before the next is added, give the sum modulo 2^32.
This takes twice the work of one product in bf16 and gives the bytes of the CPU. (Two products in bf16 are the usual way
to more precision, and have errors of 4e-5.)

A program of the first kernel keeps the columns of some detectors in shared memory and walks along the positions of some
cells, one position of every cell at a time. The largest sums, and for mean pooling their totals, stay in registers, so
that no array of the size of sequences x detectors x positions exists.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import
from varbind.kernels.exact_arithmetic import (
    DETECTOR_LANES,
    UNIT_LANES,
    fixed_point,
    output_layer_arrays,
    padded_to_lanes,
)
from varbind.kernels.gpu.fused_kernels import feature_kernel, output_kernel, pool_kernel
from varbind.kernels.gpu.gpu_layout import detector_columns, stretch_width

if TYPE_CHECKING:
    import torch
    import triton
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindConfig, DeepBindStack
    from varbind.kernels.gpu.gpu_layout import Stretches
else:
    torch = optional_import("torch", needed_for="scoring on a GPU")
    triton = optional_import("triton", needed_for="the fused kernel")

__all__ = ["MAX_TILE", "MEAN_TILE", "MODELS", "FusedBlock", "Tile", "limbs", "tile_of"]

LIMBS = 4
"""Number of signed bytes of one whole number."""

FEWEST_COLUMNS = 16
"""The smallest number of columns of a tensor-core instruction."""

SHARED_MEMORY = 227 * 1024
"""Bytes of shared memory for one program on sm_90; on a device its actual value is used."""

MODELS = 128
"""Networks per block: a few thousand columns, so that the pooled values of many sequences fit into memory as well."""

FEATURES = 128
"""Columns per program of the second kernel."""

ALLELES = 32
"""Alleles per program of the third kernel."""


@dataclass(frozen=True, slots=True)
class Tile:
    """The part of the sums that one program of the first kernel computes.

    Attributes:
        cells: 64 for each group of four warps makes one tensor-core instruction of 64 rows.
        columns: a multiple of 8, at most 256 in one instruction.
        warps: number of warps that share the tile.
        stages: number of positions that are read ahead.
    """

    cells: int
    columns: int
    warps: int = 4
    stages: int = 3

    def shared_memory(self, width: int) -> int:
        """Bytes of shared memory for rows of this width: the columns' four bytes, and the rows read ahead."""
        return width * (LIMBS * self.columns + self.stages * self.cells)


# These sizes have not been measured. 64 x 128 sums and as many maxima take 128 registers per thread, so that three
# programs can share a multiprocessor, and one shifts while another multiplies. Totals of 64 bits halve the columns.
MAX_TILE = Tile(64, 128)
MEAN_TILE = Tile(64, 64)


def tile_of(config: DeepBindConfig, device: torch.device) -> Tile | None:
    """The tile for networks of a configuration; None if their detectors do not fit into the device's shared memory."""
    limit = SHARED_MEMORY
    if device.type == "cuda":
        limit = getattr(torch.cuda.get_device_properties(device), "shared_memory_per_block_optin", SHARED_MEMORY)
    tile = MEAN_TILE if config.mean_pooling else MAX_TILE
    while tile.shared_memory(stretch_width(config.detector_len)) > limit:
        if tile.columns == FEWEST_COLUMNS:
            return None
        tile = replace(tile, columns=tile.columns // 2)
    return tile


class FusedBlock:
    """A few networks of one configuration on a CUDA device, or on a CPU with Triton's interpreter.

    Args:
        stack: the networks.
        device: the device on which they are placed.
        tile: the tile of the first kernel.
    """

    def __init__(self, stack: DeepBindStack, device: torch.device, *, tile: Tile) -> None:
        config = stack.config
        self._device = device
        self._config = config
        self._models = len(stack.model_ids)
        self._tile = tile
        weights = limbs(detector_columns(stack), self._tile.columns)
        self._columns, self._width = map(int, weights.shape[1:])
        self._weights = torch.from_numpy(weights).to(device)
        self._scale = torch.from_numpy(fixed_point(stack).quarter_scale).to(device)
        self._lanes = UNIT_LANES if config.hidden else DETECTOR_LANES
        self._head = [torch.from_numpy(values).to(device) for values in output_layer_arrays(stack)]

    @property
    def bytes_per_cell(self) -> int:
        """Bytes of memory for one cell: its pooled values as whole numbers and in double precision."""
        return (4 + 8 * self._config.mean_pooling + 8 * (1 + self._config.mean_pooling)) * self._columns

    def score(self, stretches: Stretches) -> torch.Tensor:
        """Scores of a piece, float32 (alleles, k)."""
        # Triton launches kernels on the current device, even if the arguments are on another one.
        with torch.cuda.device(self._device) if self._device.type == "cuda" else nullcontext():
            return self._score(self._features(*self.pool(stretches), stretches.alleles))

    def pool(self, stretches: Stretches) -> tuple[torch.Tensor, torch.Tensor]:
        """Largest rectified sum of every cell, int32, and the total of these sums, int64, (cells + 1, columns).

        The last cell has no positions. Without mean pooling the totals are not computed.
        """
        mean, cells, tile = self._config.mean_pooling, stretches.cells, self._tile
        maxima = torch.empty((cells + 1, self._columns), dtype=torch.int32, device=self._device)
        sums = torch.empty((cells + 1, self._columns) if mean else (1, 1), dtype=torch.int64, device=self._device)
        maxima[-1], sums[-1] = 0, 0
        wide = 1 << (self._width.bit_length() - 1)
        pool_kernel[triton.cdiv(cells, tile.cells), self._columns // tile.columns](
            stretches.rows,
            stretches.first_row,
            stretches.positions,
            self._weights,
            maxima,
            sums,
            cells,
            self._columns,
            wide=wide,
            narrow=self._width - wide,
            tile_cells=tile.cells,
            tile_columns=tile.columns,
            mean=mean,
            num_warps=tile.warps,
            num_stages=tile.stages,
            enable_fp_fusion=False,
        )
        return maxima, sums

    def _features(self, maxima: torch.Tensor, sums: torch.Tensor, alleles: torch.Tensor) -> torch.Tensor:
        """The pooled values of every allele, float64 (alleles, pools, k S D)."""
        count = self._models * self._config.strands * self._config.detectors
        shape = (len(alleles), 1 + self._config.mean_pooling, count)
        features = torch.empty(shape, dtype=torch.float64, device=self._device)
        feature_kernel[len(alleles), triton.cdiv(count, FEATURES)](
            maxima,
            sums,
            alleles,
            self._scale,
            features,
            self._columns,
            count,
            strands=self._config.strands,
            detectors=self._config.detectors,
            mean=self._config.mean_pooling,
            tile=FEATURES,
            enable_fp_fusion=False,
        )
        return features

    def _score(self, features: torch.Tensor) -> torch.Tensor:
        """Scores, float32 (alleles, k)."""
        count = len(features)
        scores = torch.empty((count, self._models), dtype=torch.float32, device=self._device)
        output_kernel[triton.cdiv(count, ALLELES), self._models](
            features,
            *self._head,
            scores,
            count,
            strands=self._config.strands,
            detectors=self._config.detectors,
            pools=1 + self._config.mean_pooling,
            hidden=self._config.hidden > 0,
            blocks=self._head[0].shape[-1] // self._lanes,
            lanes=self._lanes,
            rounds=self._lanes.bit_length() - 1,
            tile=ALLELES,
            enable_fp_fusion=False,
        )
        return scores


def limbs(columns: NDArray[np.int64], multiple: int) -> NDArray[np.int8]:
    """Divide columns (width, C) below 2^31 - 2^23 into signed bytes, the upper byte first: (4, C rounded up, width)."""
    rest = padded_to_lanes(columns, multiple).T
    digits = []
    for _ in range(LIMBS):
        digits.append(((rest + 128) & 255) - 128)
        rest = (rest - digits[-1]) >> 8
    assert not rest.any(), "a column beyond 31 bits"
    return np.ascontiguousarray(digits[::-1], dtype=np.int8)
