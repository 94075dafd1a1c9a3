"""The time of training each network of Zeng et al. (2016) relative to their basic one, beside Table 2 of the paper.

    python workflows/experiments/zeng/cost.py TABLE [--batches N] [--rounds N] [--machine WORDS]

In every round each network is trained for some mini-batches of 100 sequences, one network after the other, so that what
else the machine does meets all of them alike. The time is the processor time of one thread, and the median over the
rounds counts. The paper measured 5,000 mini-batches on a GPU.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from varbind.core.zeng import ZengConfig, zeng_networks
from varbind.datasets.labelled_sequences import LabelledSequences
from varbind.train.network_trial import NetworkTrial
from varbind.train.recipes import ZENG

PAPER = {
    "1layer": 64.34,
    "64motif": 79.45,
    "128motif": 94.47,
    "local-win9": 68.08,
    "local-win3": 73.12,
    "2layer": 91.82,
    "3layer": 124.12,
    "2layer-local-win3": 93.34,
    "3layer-local-win3": 125.5,
}
"""Seconds for 500,000 sequences: Table 2 of the paper, which leaves out the network with one kernel."""

BASIC = "1layer"
SEED = 2016
SEQUENCES = 10_000
WARM_UP = 3
"""Number of mini-batches of each network before the first round."""


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--batches", type=int, default=1_000, help="number of mini-batches in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--machine", default="an unnamed machine")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = beside_paper(measure(options.batches, options.rounds))
    sizes = f"{options.rounds} rounds of {options.batches:,} mini-batches, median, one thread"
    rho = rank_correlation(table)
    when = dt.datetime.now(tz=dt.UTC).date()
    facts = f"# {sizes}, {options.machine}, {when}; Spearman's rho of both ratios {rho:.3f}\n"
    options.table.parent.mkdir(parents=True, exist_ok=True)
    text = facts + table.to_csv(sep="\t", index=False, float_format="%.4g")
    options.table.write_text(text, encoding="utf-8")
    print(text)


def measure(batches: int, rounds: int) -> dict[str, float]:
    """The seconds of some mini-batches by network, the median over rounds in which all take turns."""
    examples = random_sequences()
    trials = {name: trial_of(config, examples) for name, config in zeng_networks().items()}
    for trial in trials.values():
        trial.advance(WARM_UP)
    seconds = [{name: seconds_of(trial, batches) for name, trial in trials.items()} for _ in range(rounds)]
    return dict(pd.DataFrame(seconds).median())


def random_sequences() -> LabelledSequences:
    """Sequences of equal bases with labels at random: the time does not depend on them."""
    rng = np.random.default_rng(SEED)
    codes = rng.integers(0, 4, (SEQUENCES, 101)).astype(np.uint8)
    return LabelledSequences(("none",), codes, rng.integers(0, 2, (SEQUENCES, 1), dtype=np.int8), np.arange(SEQUENCES))


def trial_of(config: ZengConfig, examples: LabelledSequences) -> NetworkTrial:
    """A network before its training."""
    return NetworkTrial(config, ZENG.descent, examples, np.arange(SEQUENCES), SEED)


def seconds_of(trial: NetworkTrial, batches: int) -> float:
    """Processor seconds of some mini-batches."""
    start = time.process_time()
    trial.advance(batches)
    return time.process_time() - start


def beside_paper(seconds: dict[str, float]) -> pd.DataFrame:
    """A row for each network: its seconds, their ratio to those of the basic one, and both in the paper."""
    table = pd.DataFrame({"network": list(seconds), "seconds": list(seconds.values())})
    table["ratio"] = table["seconds"] / seconds[BASIC]
    table["seconds of paper"] = table["network"].map(PAPER)
    table["ratio of paper"] = table["seconds of paper"] / PAPER[BASIC]
    return table


def rank_correlation(table: pd.DataFrame) -> float:
    """Spearman's correlation of the ratios over the networks of the paper's table."""
    known = table.dropna()
    return float(spearmanr(known["ratio"], known["ratio of paper"]).statistic)


if __name__ == "__main__":
    main()
