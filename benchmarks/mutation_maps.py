"""The rate of mutation maps: positions per second for one model on one thread, by length and context.

python benchmarks/mutation_maps.py [--model ELK1] [--rounds 9]

A position is its three substitutions. Times are of the processor, and the best of the rounds, because other work on the
machine only adds to them. `brute force` scores every mutated sequence whole.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence_change import substitutions
from varbind.interpret.mutation_map import maps_of_sequence, maps_of_windows
from varbind.io.banks import load_bank
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Callable

    from varbind.core.sequence import Codes

LENGTHS = (100, 300, 1_000, 3_000)
BRUTE_MAX = 1_000
"""The longest sequence of the brute force, whose memory grows with the square of the length."""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="ELK1")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    bank = load_bank().select([options.model])
    print(f"{options.model}: {bank.models[0].config.name}, positions per second on one thread")
    print("| bases | whole | window | brute force |\n|---|---:|---:|---:|")
    with Scorer(bank, threads=1) as scorer:
        for length in LENGTHS:
            rng = np.random.default_rng(length)
            codes = rng.integers(0, 4, length + 2 * scorer.flank).astype(np.uint8)
            middle = codes[scorer.flank : -scorer.flank]
            rates = [
                length / best_of(options.rounds, lambda codes=middle: maps_of_sequence(codes, scorer)),
                length / best_of(options.rounds, lambda codes=codes: maps_of_windows(codes, scorer)),
            ]
            if length <= BRUTE_MAX:
                rates.append(length / best_of(3, lambda codes=middle: brute_force(codes, scorer)))
            print(f"| {length:,} | " + " | ".join([*(f"{rate:,.0f}" for rate in rates), "-"][:3]) + " |")


def brute_force(codes: Codes, scorer: Scorer) -> object:
    """The scores of every mutated sequence."""
    return scorer.score_codes([codes, *(change.applied(codes) for change in substitutions(codes))], batch_size=256)


def best_of(rounds: int, work: Callable[[], object]) -> float:
    """The least processor time of some rounds, in seconds, after one that is not counted."""
    work()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    main()
