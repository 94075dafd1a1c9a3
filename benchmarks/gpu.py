"""Single-base substitutions a second on a GPU: the fused kernels, eager torch, and eager conv1d as most would write it.

python benchmarks/gpu.py [BANK] [--sites 4096] [--rounds 5] [--window 101] [--tiles 64x128x4x3 128x128x8x3 ...]

Every site has its three alternate bases, as a table of all substitutions has. Without a CUDA device nothing is
measured. The share of the peak is of a large matrix product in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from varbind.core.window import Window, flank_of
from varbind.io.banks import load_bank
from varbind.kernels.gpu.device import DeviceStacks, has_fused_kernel, torch_device
from varbind.kernels.gpu.gpu_layout import Piece, Stretches, stretch_width
from varbind.kernels.work_plan import Plan
from varbind.scoring.background import PromoterSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from varbind.core.deepbind import DeepBindConfig, DeepBindStack

ALTERNATES = 3
HUMAN_SUBSTITUTIONS = 231e6
"""Within 2 kb of one transcription start of every human gene."""

LIMBS = 4
CONV_MODELS = 64


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", nargs="?", default="default")
    parser.add_argument("--sites", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=int, help="one window for all models, in place of their own")
    parser.add_argument("--device", default="cuda", help="torch:cpu only tries whether this program works")
    parser.add_argument("--tiles", nargs="*", default=[], metavar="CELLSxCOLUMNSxWARPSxSTAGES")
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("not measured: no CUDA device")
        return
    # Off, so that the comparison is of single precision; the ensemble itself is in whole numbers.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    device = torch_device(options.device)
    # Members of a model are networks like any other, on whatever device; their mean is taken on the host.
    stacks = [_with_window(stack, options.window).unstack() for stack in load_bank(options.bank).stacks]
    sites = _sites(options.sites, max(flank_of(stack.config.window) for stack in stacks))
    report(stacks, sites, device, options.rounds)
    for tile in options.tiles:
        report_tile(stacks, sites, device, tuple(map(int, tile.split("x"))), options.rounds)


def report(stacks: Sequence[DeepBindStack], sites: Sequence[Window], device: torch.device, rounds: int) -> None:
    """Rates of every way, and what the fused kernels make of the device."""
    windows = {stack.config.window for stack in stacks}
    by_window = {window: [stack for stack in stacks if stack.config.window == window] for window in windows}
    plans = {window: _plan(sites, window) for window in by_window}
    fused = {True: "fused kernels", False: "eager matrix products, float64"}
    ways = {
        name: {window: DeviceStacks(group, device, fused=choice) for window, group in by_window.items()}
        for choice, name in fused.items()
        if not choice or has_fused_kernel(device)
    }
    times = {
        name: seconds(lambda way=way: [way[window].score(plan) for window, plan in plans.items()], device, rounds)
        for name, way in ways.items()
    }
    networks = [ConvStack(part, device) for stack in stacks for part in _parts(stack)]
    times["eager conv1d, float32"] = seconds(
        lambda: [n.score(plans[n.config.window]) for n in networks], device, rounds
    )
    host = seconds(lambda: [_plan(sites, window) for window in plans], device, rounds)
    print(f"| {sum(len(s.model_ids) for s in stacks)} networks, both alleles | SNVs/s | ratio | 231 million SNVs |")
    print("|---|---|---|---|")
    for name, taken in times.items():
        rate, ratio = len(sites) / taken, times["eager conv1d, float32"] / taken
        print(f"| {name} | {rate:,.0f} | {ratio:.2f} | {HUMAN_SUBSTITUTIONS / rate / 60:,.1f} min |")
    print(f"laying out the plan on the host: {len(sites) / host:,.0f} SNVs/s, beside the device")
    if device.type == "cuda" and has_fused_kernel(device):
        shares(stacks, plans, len(sites) / times[fused[True]], device, rounds)


def shares(
    stacks: Sequence[DeepBindStack], plans: dict[int, Plan], rate: float, device: torch.device, rounds: int
) -> None:
    """Operations of the fused kernels against the device's own matrix products."""
    operations = sum(2 * LIMBS * _products(stack.config, len(stack.model_ids), plans) for stack in stacks)
    per_second = operations * rate / sum(1 for _ in _alternates(plans))
    for name, dtype in (("int8", torch.int8), ("bf16", torch.bfloat16)):
        peak = matrix_rate(dtype, device, rounds)
        print(f"{per_second / 1e12:,.0f} T operations a second, {per_second / peak:.0%} of {name}'s {peak / 1e12:,.0f}")


def _alternates(plans: dict[int, Plan]) -> Iterator[int]:
    """One number for each alternate allele."""
    work = next(iter(plans.values())).work(1)
    return iter(range(len(work.substitutions)))


def _products(shape: DeepBindConfig, models: int, plans: dict[int, Plan]) -> int:
    """Multiplications of one limb: positions x columns x width."""
    work = plans[shape.window].work(shape.detector_len)
    positions = int(Piece.of(work, shape.detector_len, slice(None)).positions.sum())
    columns = models * (1 + shape.double_stranded) * shape.detectors
    return positions * columns * stretch_width(shape.detector_len)


def matrix_rate(dtype: torch.dtype, device: torch.device, rounds: int, size: int = 8192) -> float:
    """Operations a second of a large product of random numbers: zeros would run faster."""
    one, other = (torch.randint(-100, 100, (size, size), device=device).to(dtype) for _ in range(2))
    product = torch._int_mm if dtype == torch.int8 else torch.matmul  # noqa: SLF001 (torch has no other name for it)
    return 2 * size**3 / seconds(lambda: product(one, other.T), device, rounds)


def report_tile(
    stacks: Sequence[DeepBindStack], sites: Sequence[Window], device: torch.device, sizes: tuple[int, ...], rounds: int
) -> None:
    """Time of the first kernel with other tiles, over all stacks."""
    from varbind.kernels.gpu.fused import FusedBlock, Tile  # noqa: PLC0415 (Triton may be absent)

    total = 0.0
    for stack in stacks:
        shape = stack.config
        work = _plan(sites, shape.window).work(shape.detector_len)
        stretches = Stretches(Piece.of(work, shape.detector_len, slice(None)), shape.detector_len, device)
        block = FusedBlock(stack, device, tile=Tile(*sizes))
        total += seconds(lambda block=block, stretches=stretches: block.pool(stretches), device, rounds)
    print(f"tile {'x'.join(map(str, sizes))}: {len(sites) / total:,.0f} SNVs/s in the first kernel alone")


class ConvStack:
    """Some networks as one conv1d over whole alleles, single precision, everything kept."""

    def __init__(self, stack: DeepBindStack, device: torch.device) -> None:
        self.config = stack.config
        strands = [stack.detectors, stack.detectors[:, ::-1, ::-1]][: 1 + stack.config.double_stranded]
        both = np.stack(strands, axis=1)  # (k, S, m, 4, D)
        self._axes = (*both.shape[:2], both.shape[4])
        weights = both.transpose(0, 1, 4, 3, 2).reshape(-1, 4, both.shape[2])
        thresholds = np.broadcast_to(stack.thresholds[:, None], self._axes).reshape(-1)
        arrays = (weights, thresholds, stack.weights1, stack.biases1, stack.weights2, stack.biases2)
        placed = (torch.tensor(np.ascontiguousarray(values), device=device) for values in arrays)
        self._weights, self._thresholds, self._weights1, self._biases1, self._weights2, self._biases2 = placed
        letters = np.vstack([np.eye(4), np.full((1, 4), 0.25)]).astype(np.float32)
        self._letters = torch.tensor(letters, device=device)

    def score(self, plan: Plan) -> np.ndarray:
        """Scores of every allele, float32 (alleles, k)."""
        codes = torch.tensor(np.stack(plan.allele_codes()), device=self._letters.device).long()
        margin = self.config.detector_len - 1
        padded = torch.nn.functional.pad(codes, (margin, margin), value=4)
        return torch.cat([self._scores(self._letters[part]) for part in padded.split(1024)]).cpu().numpy()

    def _scores(self, one_hot: torch.Tensor) -> torch.Tensor:
        outputs = torch.nn.functional.conv1d(one_hot.transpose(1, 2), self._weights, self._thresholds).relu()
        pools = [outputs.amax(dim=2), outputs.mean(dim=2)][: 1 + self.config.mean_pooling]
        features = torch.stack([pool.view(-1, *self._axes) for pool in pools], dim=-1).flatten(3)  # (b, k, S, P)
        hidden = torch.einsum("bksp,kph->bksh", features, self._weights1) + self._biases1[:, None]
        if not self.config.hidden:
            return hidden[..., 0].amax(dim=2)
        return (torch.einsum("bksh,kh->bks", hidden.relu(), self._weights2) + self._biases2[:, None]).amax(dim=2)


def seconds(way: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Median time of a way, after a first round that compiles and warms up."""
    taken = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        way()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def _with_window(stack: DeepBindStack, window: int | None) -> DeepBindStack:
    return stack if window is None else replace(stack, config=replace(stack.config, window=window))


def _parts(stack: DeepBindStack) -> Iterator[DeepBindStack]:
    for first in range(0, len(stack.model_ids), CONV_MODELS):
        yield stack.take(range(first, min(first + CONV_MODELS, len(stack.model_ids))))


def _sites(count: int, flank: int) -> list[Window]:
    """Three substitutions at each of some sites in promoter-like sequence."""
    windows = []
    for codes in PromoterSource().draw(count, 2 * flank + 1, np.random.default_rng(0)):
        for shift in range(1, 1 + ALTERNATES):
            alt = codes.copy()
            alt[flank] = (alt[flank] + shift) % 4
            windows.append(Window(codes, alt, padded=False))
    return windows


def _plan(sites: Sequence[Window], window: int) -> Plan:
    widest = flank_of(len(sites[0].ref))
    return Plan.of_windows([site.inner(widest - flank_of(window)) for site in sites], flank_of(window))[0]


if __name__ == "__main__":
    sys.exit(main())
