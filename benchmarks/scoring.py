"""Ratios of the ensemble to the loop over reference networks, measured in one interleaved run.

python benchmarks/scoring.py BANK [--variants 64] [--rounds 5] [-o FILE.json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from varbind.nn.deepbind import DeepBind
from varbind.nn.ensemble import Ensemble
from varbind.pipeline.background import PromoterSource
from varbind.pipeline.banks import load_bank

if TYPE_CHECKING:
    from collections.abc import Callable


BASELINE = "loop over networks, batch 256, 1 thread"


def main() -> None:
    """Measure, print a Markdown table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank")
    parser.add_argument("--variants", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    bank = load_bank(options.bank)
    # Two sequences a variant: the reference and the alternate allele, each model on its own window.
    codes = PromoterSource().draw(2 * options.variants, max(bank.windows), np.random.default_rng(0))
    middle = codes.shape[1] // 2
    by_window = {w: codes[:, middle - w // 2 : middle + w // 2 + 1] for w in bank.windows}
    networks = [
        (stack.shape.window, DeepBind(stack, row, dtype=torch.float32))
        for stack in bank.stacks
        for row in range(len(stack.model_ids))
    ]
    ensemble = Ensemble(bank.stacks, bank.model_ids)

    def loop(batch: int) -> None:
        for window, network in networks:
            for first in range(0, len(codes), batch):
                network.score(by_window[window][first : first + batch])

    def fused(threads: int) -> None:
        with threadpool_limits(threads):
            ensemble.score({w: list(values) for w, values in by_window.items()})

    ways: dict[str, Callable[[], None]] = {
        "loop over networks, batch 1, 1 thread": lambda: loop(1),
        BASELINE: lambda: loop(256),
        "ensemble, 1 thread": lambda: fused(1),
        "ensemble, 2 threads": lambda: fused(2),
    }
    rates = measure(ways, options.variants, options.rounds)
    table = report(rates, len(networks))
    print(table)
    if options.output:
        options.output.write_text(json.dumps({"models": len(networks), "variants_per_second": rates}, indent=1))


def measure(ways: dict[str, Callable[[], None]], variants: int, rounds: int) -> dict[str, float]:
    """Median variants a second of each way, the ways taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if round_number:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    return {name: variants / statistics.median(values) for name, values in seconds.items()}


def report(rates: dict[str, float], models: int) -> str:
    """A Markdown table with ratios to the baseline."""
    rows = [f"| {models} models, both alleles | variants/s | ratio |", "|---|---|---|"]
    rows += [f"| {name} | {rate:.1f} | {rate / rates[BASELINE]:.2f} |" for name, rate in rates.items()]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
