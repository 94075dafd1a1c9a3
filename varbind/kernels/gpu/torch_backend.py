"""Networks as matrix products of whole numbers in double precision: eager torch, where Triton is absent.

Every partial sum is a whole number below 2^53, so it is exact and the order of summation cannot matter. That is
why nothing here is in single precision: TF32, which torch may use for float32 products, keeps ten bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.gate import optional_import
from varbind.kernels.exact_arithmetic import OutputLayers, fixed_point
from varbind.kernels.gpu.gpu_layout import detector_columns
from varbind.kernels.work_plan import SEGMENTS

if TYPE_CHECKING:
    import torch

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.gpu.stretches import Stretches
else:
    torch = optional_import("torch", needed_for="scoring on a GPU")

__all__ = ["CPU_MODELS", "GPU_MODELS", "MatrixBlock"]

CPU_ROWS, CPU_MODELS = 1_792, 8
"""On a CPU the products of one step stay in the second-level cache."""

GPU_ROWS, GPU_MODELS = 32_768, 64
"""On a GPU they take half a gigabyte."""


class MatrixBlock:
    """A few networks of one shape on a device.

    Args:
        stack: the networks.
        device: where they are placed.
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
        self._heads = OutputLayers(stack, place=placed)

    @property
    def bytes_a_cell(self) -> int:
        """Memory for one cell, with what its alleles take: pooled values and half a dozen copies of them."""
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
            self._heads.score(best[:, strand], None if means is None else means[:, strand])
            for strand in range(self._axes[1])
        ]
        return torch.stack(outputs).amax(dim=0).T.float()

    def _by_detector(self, pooled: torch.Tensor) -> torch.Tensor:
        """Pooled values (alleles, k S D) in the units of the detectors, (k, S, D, alleles)."""
        return pooled.T.reshape(*self._axes, -1) * self._scale

    def _pool(self, stretches: Stretches) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Largest value of every cell and sum of the rectified ones, (cells + 1, k S D); the last cell is empty."""
        shape = (stretches.cells + 1, self._columns.shape[1])
        lowest = -(2.0**31)
        maxima = torch.full(shape, lowest, dtype=torch.float64, device=self._columns.device)
        sums = torch.zeros_like(maxima) if self._mean else None
        for cells, positions, rows in stretches.groups:
            group = stretches.rows[rows].view(-1, positions, stretches.rows.shape[1])
            cells_a_step = max(1, self._rows // positions)
            for first in range(0, len(group), cells_a_step):
                step = slice(cells.start + first, min(cells.start + first + cells_a_step, cells.stop))
                for start in range(0, positions, self._rows):
                    part = group[first : first + cells_a_step, start : start + self._rows]
                    products = part.double() @ self._columns  # (c, p, k S D)
                    maxima[step] = torch.maximum(maxima[step], products.amax(dim=1))
                    if sums is not None:
                        sums[step] += products.clip(min=0.0).sum(dim=1)
        return maxima, sums
