"""The Triton kernels of `varbind.kernels.gpu.fused`: convolution with pooling, features of alleles, output layers.

They run on any CUDA device whose tensor cores multiply bytes, and in Triton's interpreter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Callable

    import triton
    import triton.language as tl
else:
    triton = optional_import("triton", needed_for="the fused kernel")
    tl = optional_import("triton.language", needed_for="the fused kernel")

__all__ = ["feature_kernel", "output_kernel", "pool_kernel"]

# Triton's decorator, without the types of what it decorates.
_kernel: Callable[..., Any] = triton.jit


@_kernel
def _limbs(first: tl.tensor, step: tl.tensor) -> tuple[tl.tensor, ...]:
    """The four bytes of whole numbers, the upper one first."""
    return tl.load(first), tl.load(first + step), tl.load(first + 2 * step), tl.load(first + 3 * step)


@_kernel
def pool_kernel(
    rows: tl.tensor,
    first_row: tl.tensor,
    positions: tl.tensor,
    weights: tl.tensor,
    maxima: tl.tensor,
    sums: tl.tensor,
    cells: tl.tensor,
    columns: tl.tensor,
    wide: tl.constexpr,
    narrow: tl.constexpr,
    tile_cells: tl.constexpr,
    tile_columns: tl.constexpr,
    mean: tl.constexpr,
) -> None:
    """Largest rectified sum of every cell and column, and for mean pooling the total of the rectified sums.

    Args:
        rows: int8 (rows, width), the bases that every position reads.
        first_row: int64 (cells,), the first row of every cell.
        positions: int64 (cells,), the number of positions of every cell, at least one, in descending order.
        weights: int8 (4, columns, width), the upper byte first; the instruction needs the width as the last axis.
        maxima: int32 (cells, columns), written.
        sums: int64 (cells, columns), written with mean pooling.
        cells: number of cells.
        columns: number of columns, a multiple of those of a tile.
        wide: the part of the width that is a power of two.
        narrow: the rest of the width, a power of two or zero.
        tile_cells: cells per program.
        tile_columns: columns per program.
        mean: whether there is mean pooling.
    """
    cell = tl.program_id(0) * tile_cells + tl.arange(0, tile_cells)
    column = tl.program_id(1) * tile_columns + tl.arange(0, tile_columns)
    there = cell < cells
    row = tl.load(first_row + cell, mask=there, other=0)
    last = tl.load(positions + cell, mask=there, other=1) - 1
    width = wide + narrow
    upper = _limbs(weights + column[None, :] * width + tl.arange(0, wide)[:, None], columns * width)
    if narrow:
        lower = _limbs(weights + column[None, :] * width + wide + tl.arange(0, narrow)[:, None], columns * width)
    best = tl.zeros((tile_cells, tile_columns), tl.int32)
    total = tl.zeros((tile_cells, tile_columns), tl.int64)
    # The first cell has the largest number of positions.
    for step in range(tl.load(positions + tl.program_id(0) * tile_cells).to(tl.int32)):
        # Beyond its end, a cell reads its last position again, which does not change the maximum.
        stretch = rows + (row + tl.minimum(step, last))[:, None] * width
        bases = tl.load(stretch + tl.arange(0, wide)[None, :])
        if narrow:
            rest = tl.load(stretch + wide + tl.arange(0, narrow)[None, :])
        found = tl.zeros((tile_cells, tile_columns), tl.int32)
        for limb in tl.static_range(4):
            found = found << 8
            found = tl.dot(bases, upper[limb], acc=found, out_dtype=tl.int32)
            if narrow:
                found = tl.dot(rest, lower[limb], acc=found, out_dtype=tl.int32)
        best = tl.maximum(best, found)
        if mean:
            counted = (found > 0) & (step <= last)[:, None]
            total += tl.where(counted, found, 0)
    place = cell.to(tl.int64)[:, None] * columns + column[None, :]
    tl.store(maxima + place, best, mask=there[:, None])
    if mean:
        tl.store(sums + place, total, mask=there[:, None])


@_kernel
def feature_kernel(
    maxima: tl.tensor,
    sums: tl.tensor,
    alleles: tl.tensor,
    scale: tl.tensor,
    features: tl.tensor,
    columns: tl.tensor,
    count: tl.tensor,
    strands: tl.constexpr,
    detectors: tl.constexpr,
    mean: tl.constexpr,
    tile: tl.constexpr,
) -> None:
    """The pooled values of one allele over its three cells, in the units of the detectors, for some columns.

    Args:
        maxima: int32 (cells + 1, columns).
        sums: int64 (cells + 1, columns).
        alleles: int64 (alleles, 4), as in `varbind.kernels.gpu.gpu_layout.Piece`.
        scale: float64 (k, D), the scale of quarters.
        features: float64 (alleles, pools, k S D), the maximum and then the mean, written.
        columns: number of columns.
        count: number of columns that are used, k S D.
        strands: S.
        detectors: D.
        mean: whether there is mean pooling.
        tile: columns per program.
    """
    allele = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * tile + tl.arange(0, tile)
    used = column < count
    left = tl.load(alleles + 4 * allele) * columns + column
    middle = tl.load(alleles + 4 * allele + 1) * columns + column
    right = tl.load(alleles + 4 * allele + 2) * columns + column
    unit = tl.load(scale + column // (strands * detectors) * detectors + column % detectors, mask=used, other=0.0)
    best = tl.maximum(tl.load(maxima + left, used, other=0), tl.load(maxima + right, used, other=0))
    best = tl.maximum(best, tl.load(maxima + middle, used, other=0))
    place = features + allele * (1 + mean) * count + column
    tl.store(place, best.to(tl.float64) * unit, mask=used)
    if mean:
        total = tl.load(sums + left, used, other=0) + tl.load(sums + right, used, other=0)
        total += tl.load(sums + middle, used, other=0)
        positions = tl.load(alleles + 4 * allele + 3).to(tl.float64)
        tl.store(place + count, total.to(tl.float64) * unit / positions, mask=used)


@_kernel
def _by_halves(values: tl.tensor, count: tl.constexpr, lanes: tl.constexpr, rounds: tl.constexpr) -> tl.tensor:
    """Sums (count,) of values (count, lanes); the upper half is added to the lower half until one lane is left."""
    for done in tl.static_range(rounds):
        halves = tl.reshape(values, (count, 2, lanes >> (done + 1)))
        lower, upper = tl.split(tl.permute(halves, (0, 2, 1)))
        values = lower + upper
    return tl.reshape(values, (count,))


@_kernel
def output_kernel(
    features: tl.tensor,
    weights1: tl.tensor,
    biases1: tl.tensor,
    weights2: tl.tensor,
    biases2: tl.tensor,
    scores: tl.tensor,
    alleles: tl.tensor,
    strands: tl.constexpr,
    detectors: tl.constexpr,
    pools: tl.constexpr,
    hidden: tl.constexpr,
    blocks: tl.constexpr,
    lanes: tl.constexpr,
    rounds: tl.constexpr,
    tile: tl.constexpr,
) -> None:
    """Scores by the networks behind the pooled values, summed in the order of `varbind.kernels.exact_arithmetic`.

    Nothing may be contracted to a fused multiplication and addition, which rounds once in place of twice. Lanes
    are detectors, or with a hidden layer its units.

    Args:
        features: float64 (alleles, pools, k S D).
        weights1: float64 (k, pools, blocks x lanes), or (k, D, pools, blocks x lanes) with a hidden layer.
        biases1: float64 (k, blocks x lanes), of the hidden units.
        weights2: float64 (k, blocks x lanes), of the hidden units.
        biases2: float64 (k,), of the output.
        scores: float32 (alleles, k), written.
        alleles: number of alleles.
        strands: S.
        detectors: D.
        pools: 1, or 2 with mean pooling.
        hidden: whether there is a hidden layer.
        blocks: number of blocks of lanes.
        lanes: number of values that are summed side by side.
        rounds: number of times that the lanes can be halved.
        tile: alleles per program.
    """
    allele = tl.program_id(0) * tile + tl.arange(0, tile)
    model = tl.program_id(1)
    models = tl.num_programs(1)
    there = (allele < alleles)[:, None]
    count = models * strands * detectors
    own_features = features + (allele.to(tl.int64) * pools * count)[:, None] + model * strands * detectors
    lane = tl.arange(0, lanes)[None, :]
    width: tl.constexpr = blocks * lanes
    bias = tl.load(biases2 + model)
    best = tl.full((tile,), float("-inf"), tl.float64)
    for strand in tl.static_range(strands):
        output = tl.zeros((tile, lanes), tl.float64)
        for block in range(blocks):
            own = block * lanes + lane
            if hidden:
                units = tl.zeros((tile, lanes), tl.float64) + tl.load(biases1 + model * width + own)
                for detector in range(detectors):
                    for pool in tl.static_range(pools):
                        value = tl.load(own_features + pool * count + strand * detectors + detector, there, other=0.0)
                        weight = ((model * detectors + detector) * pools + pool) * width + own
                        units = units + value * tl.load(weights1 + weight)
                output = output + tl.where(units > 0.0, units, 0.0) * tl.load(weights2 + model * width + own)
            else:
                used = there & (own < detectors)
                for pool in tl.static_range(pools):
                    value = tl.load(own_features + pool * count + strand * detectors + own, used, other=0.0)
                    output = output + value * tl.load(weights1 + (model * pools + pool) * width + own)
        best = tl.maximum(best, _by_halves(output, tile, lanes, rounds) + bias)
    tl.store(scores + allele.to(tl.int64) * models + model, best.to(tl.float32), mask=allele < alleles)
