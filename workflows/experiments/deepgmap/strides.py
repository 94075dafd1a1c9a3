"""Overfitting to windows that overlap, on synthetic genomes (Onimaru et al. 2018, DeepGMAP, Table 2).

    python workflows/experiments/deepgmap/strides.py STATE FOLDER [--network NAME] [--kernels SHARE] [--seeds LIST]

A genome of three chromosomes has planted sites of three classes, and a seed decides all of it. Windows of 1,000 bases
at strides of 500 to 100, and windows as in DeepSEA, of chromosomes 1 and 2 train a network by the recipe of the paper.
Its final state is measured on windows of the same kind of chromosome 1, which trained it, and of chromosome 3, which
did not. The gap is the difference between the two areas under the precision-recall curve, means over the classes. The
claim of the paper holds if the gap grows as the stride falls (Spearman's rank correlation over all strides and seeds,
one-sided p < 0.05); otherwise it failed.

`--kernels` is the share of kernels and hidden units that the network keeps; with `--epochs`, `--rate` and `--initial`,
the training differs from that of the paper. With `--window`, windows and strides are shorter in the same proportion, so
that windows overlap as much, and the tables name the strides of the paper; windows as in DeepSEA are then left out.

STATE gets one table for each kind of windows and seed, and what is there is not computed again. FOLDER gets strides.tsv
and strides.svg.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.figure
import matplotlib.style
import numpy as np
import pandas as pd
import torch
from network_runs import add_training_options, areas_of, changed, facts_of, stored
from open_regions import draw
from scipy.stats import spearmanr

from varbind.core.deepgmap import deepgmap_networks
from varbind.datasets.genome_windows import BIN, LENGTH, WindowRule, genome_windows, thin_negatives, window_codes
from varbind.datasets.labelled_sequences import LabelledSequences
from varbind.datasets.synthetic_genome import GRAMMARS, synthetic_genome, write_synthetic_genome
from varbind.evaluate.figure import COLOURS, STYLE
from varbind.io.reference import Reference
from varbind.train.network_trial import NetworkTrial
from varbind.train.recipes import network_named

if TYPE_CHECKING:
    from varbind.core.deepgmap import DeepGmapConfig
    from varbind.datasets.genome_windows import GenomeWindows
    from varbind.datasets.synthetic_genome import SyntheticGenome
    from varbind.train.recipes import Recipe

DEEPSEA = "DeepSEA-type"
PAPER = {
    "500": (0.6293, 0.6457),
    "400": (0.6386, 0.6528),
    "300": (0.6618, 0.6570),
    "200": (0.6962, 0.6530),
    "100": (0.7757, 0.6396),
    DEEPSEA: (0.4741, 0.4841),
}
"""The AUPRC of conv4-FRSS by stride on chromosome 1, which trained it, and on chromosome 2, which did not."""

TRAINING = ("chr1", "chr2")
TESTS = {"seen": ("chr1",), "held out": ("chr3",)}
SIGNIFICANT = 0.05


def main() -> None:
    """Train and measure what is not there yet, and write the table and the figure."""
    options = parse_options()
    torch.set_num_threads(1)
    options.state.mkdir(parents=True, exist_ok=True)
    name = f"deepgmap-{options.network}"
    whole, published = network_named(name, input_length=options.window, outputs=len(GRAMMARS))
    config, recipe = smaller(whole, options.kernels), changed(published, options)
    sizes = {name: getattr(options, name) for name in ("length", "peaks", "tested", "kernels", "window")}
    kinds = [data for data in PAPER if data != DEEPSEA or options.window == LENGTH]
    runs = pd.concat(
        [
            stored(
                options.state / f"{data}.{seed}.tsv",
                {"data": data, "seed": int(seed), "network": options.network, **sizes, **facts_of(recipe)},
                partial(measure, config, recipe, data, int(seed), options),
            )
            for seed in options.seeds.split(",")
            for data in kinds
        ],
        ignore_index=True,
    )
    table = summary(runs)
    facts = ", ".join(f"{name} {value}" for name, value in vars(options).items() if name not in {"state", "folder"})
    text = f"# {facts}\n# {verdict(runs)}\n" + table.to_csv(sep="\t", index=False, float_format="%.4g")
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "strides.tsv").write_text(text, encoding="utf-8")
    (options.folder / "strides.svg").write_bytes(picture(table))
    print(text)


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", default="conv4-frss", choices=deepgmap_networks())
    parser.add_argument("--kernels", type=float, default=1.0, help="share of kernels and hidden units that are kept")
    add_training_options(parser)
    parser.add_argument("--seeds", default="1", help="whole numbers, separated by commas")
    parser.add_argument("--length", type=int, default=4_000_000, help="number of bases of each chromosome")
    parser.add_argument("--peaks", type=int, default=800, help="number of peaks of each class")
    parser.add_argument("--window", type=window_of, default=LENGTH, help="number of bases of a window")
    parser.add_argument("--tested", type=int, default=8_000, help="largest number of windows of a test")
    parser.add_argument("--machine", default="an unnamed machine")
    return parser.parse_args()


def window_of(word: str) -> int:
    """The number of bases of the option, of which all strides are whole shares."""
    window = int(word)
    if window < 1 or window % (LENGTH // 100):
        raise argparse.ArgumentTypeError(f"{word} is not a multiple of {LENGTH // 100}")
    return window


def measure(
    config: DeepGmapConfig, recipe: Recipe, data: str, seed: int, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Train a network on one kind of windows of a genome, and measure it on two chromosomes: a row for each class."""
    genome = synthetic_genome(
        np.random.default_rng([seed, 0]), length=options.length, peaks=options.peaks, decoys=options.peaks // 2
    )
    with tempfile.TemporaryDirectory() as folder:
        write_synthetic_genome(genome, Path(folder))
        with Reference(Path(folder, "genome.fa")) as reference:
            training, tests = examples_of(reference, genome, data, seed, options)
    rows = np.arange(len(training.codes))
    trial = NetworkTrial(config, recipe.descent, training, rows, [seed, 1])
    trial.advance(recipe.checkpoints(len(rows))[-1])
    areas = {name: areas_of(trial.outputs(test.codes), test) for name, test in tests.items()}
    sizes = {"windows": len(rows), "batches": trial.steps}
    print(data, seed, sizes, flush=True)
    return [
        {"class": seen["task"], "seen": seen["AUPRC"], "held out": held_out["AUPRC"], **sizes}
        for seen, held_out in zip(areas["seen"], areas["held out"], strict=True)
    ]


def examples_of(
    reference: Reference, genome: SyntheticGenome, data: str, seed: int, options: argparse.Namespace
) -> tuple[LabelledSequences, dict[str, LabelledSequences]]:
    """Training windows with a quarter of the negatives, and at most so many windows of each test."""
    stride = options.window * int(data) // LENGTH if data != DEEPSEA else BIN
    rule = WindowRule.CENTRAL_BIN if data == DEEPSEA else WindowRule.SUMMIT
    windows = genome_windows(reference, genome.peaks, rule, stride=stride, length=options.window, min_peaks=1)
    rng = np.random.default_rng([seed, 2])
    training = labelled(thin_negatives(windows.on(TRAINING), rng), reference)
    tests = {name: labelled(windows.on(own), reference) for name, own in TESTS.items()}
    return training, {name: draw(test, options.tested, rng) for name, test in tests.items()}


def labelled(windows: GenomeWindows, reference: Reference) -> LabelledSequences:
    """The sequences of windows with their labels; the groups are the chromosomes."""
    return LabelledSequences(windows.classes, window_codes(windows, reference), windows.labels, windows.numbers)


def smaller(config: DeepGmapConfig, share: float) -> DeepGmapConfig:
    """A network with a share of the kernels and hidden units of another."""
    convolutions = [replace(one, kernels=max(round(one.kernels * share), 1)) for one in config.convolutions]
    hidden = [max(round(units * share), 1) for units in config.hidden]
    return replace(config, convolutions=tuple(convolutions), hidden=tuple(hidden))


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each kind of windows with means over classes and seeds, in the order of the paper."""
    rows = []
    for data, of_paper in PAPER.items():
        own = runs[runs["data"] == data]
        if own.empty:
            continue
        means = own[["windows", "batches", *TESTS]].mean()
        gaps = {"gap": means["seen"] - means["held out"]}
        paper = {"seen, paper": of_paper[0], "held out, paper": of_paper[1], "gap, paper": of_paper[0] - of_paper[1]}
        rows.append({"data": data, "seeds": own["seed"].nunique(), **means, **gaps, **paper})
    return pd.DataFrame(rows)


def verdict(runs: pd.DataFrame) -> str:
    """The rank correlation of stride and gap, and whether it confirms the paper."""
    own = runs[runs["data"] != DEEPSEA].astype({"data": int})
    means = own.groupby(["data", "seed"], as_index=False)[list(TESTS)].mean()
    found = spearmanr(means["data"], means["seen"] - means["held out"], alternative="less")
    result = "holds" if found.pvalue < SIGNIFICANT else "failed"
    return f"stride and gap: Spearman {found.statistic:+.3f}, one-sided p {found.pvalue:.2g}: {result}"


def picture(table: pd.DataFrame) -> bytes:
    """Both areas against the stride, here and in the paper."""
    own = table[table["data"] != DEEPSEA]
    with matplotlib.style.context(["default", STYLE]):
        figure = matplotlib.figure.Figure(figsize=(7, 3.5), layout="constrained")
        for panel, (title, ending) in zip(
            figure.subplots(1, 2), {"synthetic genomes": "", "paper": ", paper"}.items(), strict=True
        ):
            for colour, name in zip(COLOURS, TESTS, strict=False):
                panel.plot(own["data"].astype(int), own[f"{name}{ending}"], "o-", color=colour, label=name)
            panel.set(title=title, xlabel="stride (bases)", ylabel="AUPRC")
        panel.legend(frameon=False)
        data = io.BytesIO()
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
    return data.getvalue()


if __name__ == "__main__":
    main()
