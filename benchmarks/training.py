"""Networks trained a minute: the training kernel against torch's autograd, and all at once on a device, taking turns.

    python benchmarks/training.py [--rounds 5] [--steps 400] [--threads 2] [--device cuda] [-o FILE.json]

A network is 4,000 steps of 64 sequences of 200 bases, 16 detectors of length 24, both strands, Adam. A round takes
fewer steps, and autograd fewer still; rates are scaled to 4,000. Autograd runs a conv1d on both strands with the
same threads. A device trains as many networks together as a calibration does; torch:cpu only tries whether this program
works. The sequences are random, so only the time means something.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from varbind.core.deepbind import DeepBindConfig
from varbind.core.sequence_set import SequenceSet
from varbind.train.hyperparameter_search import Engine, engine_on
from varbind.train.hyperparameters import Optimizer, Setting
from varbind.train.trial import BATCH, Examples, Trial

STEPS_A_NETWORK = 4_000
SLOW_SHARE = 20
ON_A_DEVICE = 90
"""Networks of a calibration: 30 settings, 3 folds."""

LINEAR = DeepBindConfig(31, 24, 16, mean_pooling=False, hidden=0, double_stranded=True)
SHAPES = {
    "maxima": LINEAR,
    "maxima, 32 hidden units": replace(LINEAR, hidden=32),
    "maxima and means": replace(LINEAR, mean_pooling=True),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", help="another way: cuda, cuda:N or torch:cpu")
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (4_000, 200)).astype(np.uint8)
    labels = (np.arange(4_000) % 2).astype(np.float32)
    pool = ThreadPoolExecutor(options.threads)
    kernel = engine_on("cpu", pool, lambda _: None)
    device = engine_on(options.device, pool, lambda _: None) if options.device else None
    rates: dict[str, list[float]] = {}
    for name, shape in SHAPES.items():
        trials = make_trials(codes, labels, shape, 2 * options.threads)
        many = make_trials(codes, labels, shape, ON_A_DEVICE) if device else []
        network = Autograd(shape)
        for number in range(options.rounds + 1):
            slow = network.rate(codes, labels, max(1, options.steps // SLOW_SHARE))
            fast = rate_of(kernel, trials, options.steps)
            together = rate_of(device, many, options.steps) if device else None
            if number:  # the first round warms up
                rates.setdefault(f"autograd, {name}", []).append(slow)
                rates.setdefault(f"kernel, {name}", []).append(fast)
                rates.setdefault(f"ratio, {name}", []).append(fast / slow)
                if together is not None:
                    rates.setdefault(f"{options.device}, {name}", []).append(together)
                    rates.setdefault(f"{options.device} to kernel, {name}", []).append(together / fast)
    print("| networks a minute | median | least | most |\n|---|---|---|---|")
    for name, values in rates.items():
        print(f"| {name} | {statistics.median(values):.1f} | {min(values):.1f} | {max(values):.1f} |")
    if options.output:
        options.output.write_text(json.dumps({"threads": options.threads, "rates": rates}, indent=1))


def make_trials(codes: np.ndarray, labels: np.ndarray, shape: DeepBindConfig, count: int) -> list[Trial]:
    """Networks in training, alike but for their seed."""
    examples = Examples.of(
        SequenceSet.of_one_length(codes), labels, shape.detector_len, is_classification=True, double_stranded=True
    )
    setting = Setting(Optimizer.ADAM, 1e-3, 0.9, 1e-2, 1e-2, 0.0, 0.0, 0.0, shape.hidden, shape.mean_pooling)
    return [Trial(shape, setting, examples, np.arange(len(codes)), seed) for seed in range(count)]


def rate_of(engine: Engine, trials: list[Trial], steps: int) -> float:
    """Networks a minute."""
    start = time.perf_counter()
    engine.advance(trials, [steps] * len(trials))
    return 60 * len(trials) * steps / STEPS_A_NETWORK / (time.perf_counter() - start)


class Autograd:
    """One network as torch users write it."""

    def __init__(self, shape: DeepBindConfig) -> None:
        units = shape.hidden
        first = torch.nn.Linear(shape.pooled, units or 1)
        self._mean_pooling = shape.mean_pooling
        self._detectors = torch.nn.Conv1d(4, shape.detectors, shape.detector_len, padding=shape.detector_len - 1)
        self._head = torch.nn.Sequential(first, *([torch.nn.ReLU(), torch.nn.Linear(units, 1)] if units else []))
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
        rectified = torch.relu(self._detectors(bases))
        pooled = [rectified.amax(dim=2), *([rectified.mean(dim=2)] if self._mean_pooling else [])]
        return self._head(torch.cat(pooled, dim=1))[:, 0]


if __name__ == "__main__":
    main()
