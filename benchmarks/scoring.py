"""Ratios of the ensemble to the loop over reference networks, measured in one interleaved run.

python benchmarks/scoring.py BANK [--variants 256] [--window 101] [--rounds 5] [-o FILE.json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from varbind.core.window import Window, flank_of
from varbind.nn.deepbind import DeepBind
from varbind.nn.ensemble import Ensemble
from varbind.pipeline.background import PromoterSource
from varbind.pipeline.banks import load_bank

if TYPE_CHECKING:
    from collections.abc import Callable

    from varbind.core.network import DeepBindStack


BASELINE = "loop over networks, 256 sequences at a time"
SLOW_SHARE = 16


def main() -> None:
    """Measure, print a Markdown table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank")
    parser.add_argument("--variants", type=int, default=256)
    parser.add_argument("--window", type=int, help="one window for all models, in place of their own")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    bank = load_bank(options.bank)
    widest = flank_of(options.window or max(bank.windows))
    stacks = [_with_window(stack, options.window) for stack in bank.stacks]
    ref = PromoterSource().draw(options.variants, 2 * widest + 1, np.random.default_rng(0))
    alt = ref.copy()
    alt[:, widest] = (alt[:, widest] + 1) % 4
    pairs = [Window(*alleles, padded=False) for alleles in zip(ref, alt, strict=True)]
    kernel = {threads: Ensemble(stacks, bank.model_ids, threads=threads) for threads in (1, 2)}
    os.environ["VARBIND_NO_NUMBA"] = "1"
    matrix = Ensemble(stacks, bank.model_ids)
    by_width = {w: [pair.inner(widest - flank_of(w)) for pair in pairs] for w in matrix.windows}
    both = {w: [codes for pair in group for codes in (pair.ref, pair.alt)] for w, group in by_width.items()}
    networks = [
        (stack.shape.window, DeepBind(stack, row, dtype=torch.float32))
        for stack in stacks
        for row in range(len(stack.model_ids))
    ]

    def loop(batch: int, share: int) -> None:
        for window, network in networks:
            codes = np.stack(both[window][: len(both[window]) // share])
            for first in range(0, len(codes), batch):
                network.score(codes[first : first + batch])

    def products() -> None:
        with threadpool_limits(1):
            matrix.score(both)

    # Each way with the share of the variants it scores in a round: the slow ones do fewer.
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "loop over networks, one sequence at a time": (lambda: loop(1, SLOW_SHARE), SLOW_SHARE),
        BASELINE: (lambda: loop(256, 1), 1),
        "matrix products (without numba)": (products, 1),
        "kernel, both alleles whole": (lambda: kernel[1].score(both), 1),
        "kernel, changed positions only": (lambda: kernel[1].score_windows(by_width), 1),
        "kernel, changed positions only, two threads": (lambda: kernel[2].score_windows(by_width), 1),
    }
    rates = measure(ways, options.variants, options.rounds)
    table = report(rates, len(networks))
    print(table)
    if options.output:
        options.output.write_text(json.dumps({"models": len(networks), "variants_per_second": rates}, indent=1))


def measure(ways: dict[str, tuple[Callable[[], object], int]], variants: int, rounds: int) -> dict[str, float]:
    """Median variants a second of each way, the ways taking turns."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, (way, share) in ways.items():
            start = time.perf_counter()
            way()
            if round_number:  # the first round warms up
                rates[name].append(variants / share / (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in rates.items()}


def _with_window(stack: DeepBindStack, window: int | None) -> DeepBindStack:
    return stack if window is None else replace(stack, shape=replace(stack.shape, window=window))


def report(rates: dict[str, float], models: int) -> str:
    """A Markdown table with ratios to the baseline."""
    rows = [f"| {models} models, both alleles | variants/s | ratio |", "|---|---|---|"]
    rows += [f"| {name} | {rate:.1f} | {rate / rates[BASELINE]:.2f} |" for name, rate in rates.items()]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
