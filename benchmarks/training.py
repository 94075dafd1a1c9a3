"""Networks trained a minute: the training kernel against torch's autograd, the two taking turns.

    python benchmarks/training.py [--rounds 5] [--steps 400] [--threads 2] [-o FILE.json]

A network is 4,000 steps of 64 sequences of 200 bases, 16 detectors of length 24, both strands, Adam. A round takes
fewer steps, and autograd fewer still; rates are scaled to 4,000. Autograd runs a conv1d on both strands with the
same threads. The sequences are random, so only the time means something.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from varbind.core.network import NetworkShape
from varbind.train.setting import Rule, Setting
from varbind.train.trial import BATCH, Examples, Trial

STEPS_A_NETWORK = 4_000
SLOW_SHARE = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (4_000, 200)).astype(np.uint8)
    labels = (np.arange(4_000) % 2).astype(np.float32)
    rates: dict[str, list[float]] = {}
    for hidden in (0, 32):
        trials = make_trials(codes, labels, hidden, 2 * options.threads)
        network = Autograd(hidden)
        for number in range(options.rounds + 1):
            slow = network.rate(codes, labels, max(1, options.steps // SLOW_SHARE))
            fast = kernel_rate(trials, options.steps, options.threads)
            if number:  # the first round warms up
                rates.setdefault(f"autograd, {hidden} hidden units", []).append(slow)
                rates.setdefault(f"kernel, {hidden} hidden units", []).append(fast)
                rates.setdefault(f"ratio, {hidden} hidden units", []).append(fast / slow)
    print("| networks a minute | median | least | most |\n|---|---|---|---|")
    for name, values in rates.items():
        print(f"| {name} | {statistics.median(values):.1f} | {min(values):.1f} | {max(values):.1f} |")
    if options.output:
        options.output.write_text(json.dumps({"threads": options.threads, "rates": rates}, indent=1))


def make_trials(codes: np.ndarray, labels: np.ndarray, hidden: int, count: int) -> list[Trial]:
    """Networks in training, alike but for their seed."""
    examples = Examples.of(codes, labels, 24, is_classification=True)
    shape = NetworkShape(31, 24, 16, mean_pooling=False, hidden=hidden, double_stranded=True)
    setting = Setting(Rule.ADAM, 1e-3, 0.9, 1e-2, 1e-2, 0.0, 0.0, 0.0, hidden)
    return [Trial(shape, setting, examples, np.arange(len(codes)), seed) for seed in range(count)]


def kernel_rate(trials: list[Trial], steps: int, threads: int) -> float:
    """Networks a minute."""
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(lambda trial: trial.advance(steps), trials))
    return 60 * len(trials) * steps / STEPS_A_NETWORK / (time.perf_counter() - start)


class Autograd:
    """One network as torch users write it."""

    def __init__(self, hidden: int) -> None:
        head = (
            [torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1)] if hidden else [torch.nn.Linear(16, 1)]
        )
        self._detectors = torch.nn.Conv1d(4, 16, 24, padding=23)
        self._head = torch.nn.Sequential(*head)
        self._optimiser = torch.optim.Adam([*self._detectors.parameters(), *self._head.parameters()], lr=1e-3)

    def rate(self, codes: np.ndarray, labels: np.ndarray, steps: int) -> float:
        """Networks a minute."""
        start = time.perf_counter()
        for step in range(steps):
            rows = np.arange(step * BATCH, (step + 1) * BATCH) % len(codes)
            bases = torch.nn.functional.one_hot(torch.from_numpy(codes[rows]).long(), 4).float().transpose(1, 2)
            scores = torch.maximum(self._score(bases), self._score(bases.flip(1, 2)))
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, torch.from_numpy(labels[rows]))
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
        return 60 * steps / STEPS_A_NETWORK / (time.perf_counter() - start)

    def _score(self, bases: torch.Tensor) -> torch.Tensor:
        pooled = torch.relu(self._detectors(bases)).amax(dim=2)
        return self._head(pooled)[:, 0]


if __name__ == "__main__":
    main()
