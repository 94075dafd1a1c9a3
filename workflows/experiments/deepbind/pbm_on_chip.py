"""Networks of protein binding microarrays on ChIP-seq of the human orthologue (DeepBind 2015, figure 3b).

    python workflows/experiments/deepbind/pbm_on_chip.py DATA OUTPUT [--labels SOURCE] [--trials N] [--only PROTEINS]

DATA holds `pbm-dream5` (arrays of mouse proteins), `deepbind-published` (the networks of the same arrays) and the
regions and labels of `chip_regions.py`. Each array of the design HK trains one network by random settings and
three-fold cross-validation on the logarithm of the signal. Its scores, and those of the published network, are compared
with what the human protein of the same name binds on chromosomes 16 and 20. Where the array ME of the protein is at
hand, the Pearson correlation of both networks with its signals is given, too. A network scores whole regions of 200
bases (`whole`), and the windows of 1.5 detectors, of which the best counts (`scan`, in the figure).

The published network of Junb is marked as deprecated and has no parameters; its array is trained all the same, and left
out of the means. The figure of the paper shows a score over many algorithms and no number for a network, so there is no
number beside these.
"""

from __future__ import annotations

import argparse
import gzip
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from chip_regions import NEGATIVES, SOURCES, ChipRegions
from result_files import ResultFiles, add_output_options

from varbind.core.sequence_set import SequenceSet
from varbind.datasets.binding_dataset import BindingData
from varbind.io.deepbind_text import read_parameter_file
from varbind.scoring.scan import ScanEnsemble, ScanRule
from varbind.train.hyperparameter_search import KernelThreads, calibrate, score_stacks
from varbind.train.hyperparameters import Calibration
from varbind.train.metrics import auc, pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack

TEST = ("16", "20")
LEAST = 20
"""The least number of bound test regions of a protein."""

BLOCKS = 30
"""The number of groups of probes that folds are made of; neighbours in the file have similar sequences."""


def main() -> None:
    """Write the table of proteins, the summary and the figure."""
    options = parse_options()
    regions = ChipRegions.read(options.data, options.labels, TEST)
    arrays = pd.read_csv(options.data / "pbm-dream5" / "datasets.tsv", sep="\t")
    trained_on = arrays[arrays["array"] == "HK"]
    scored = [row for row in trained_on.itertuples() if regions.bound_count(row.tf.upper()) >= LEAST]
    facts = {
        "machine": options.machine,
        "seed": options.seed,
        "labels": options.labels,
        "proteins": f"{len(scored)} of {len(trained_on)} arrays, with {LEAST} or more bound regions",
        "training": f"{options.trials} settings, checkpoints {options.checkpoints}, one network",
    }
    files = ResultFiles(options.output, f"pbm_on_chip.{options.labels}", facts)
    rows = []
    for array in scored:
        if options.only is None or array.tf in options.only.split(","):
            rows.append(row_of(array, regions, options))
            print(rows[-1], flush=True)
    if not rows:
        raise SystemExit(f"no array is of a protein with {LEAST} bound test regions")
    files.write(rows, summary_of(rows), lambda figure: draw(figure, rows))


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--labels", choices=list(SOURCES), default="remap", help="source of the labels")
    parser.add_argument("--most", type=int, default=500, help="largest number of bound regions of a protein")
    parser.add_argument("--trials", type=int, default=10, help="number of settings")
    parser.add_argument("--checkpoints", default="500,1000,2000", help="numbers of steps, separated by commas")
    parser.add_argument("--probes", type=int, help="largest number of probes that train; all by default")
    parser.add_argument("--only", help="names of proteins, separated by commas")
    add_output_options(parser)
    return parser.parse_args()


def row_of(array: Any, regions: ChipRegions, options: argparse.Namespace) -> dict[str, Any]:
    """Train on one array, and compare its network and the published one with what is bound in vivo."""
    folder = options.data / "pbm-dream5"
    published = options.data / f"deepbind-published/params/{array.deepbind_model}.txt"
    stacks = {"trained": train(folder / array.file, options)}
    if published.exists():
        stacks["published"] = read_parameter_file(published)
    tests = regions.tests(array.tf.upper(), options.most, options.seed)
    row: dict[str, Any] = {"protein": array.tf, "bound": int(tests["shuffled"].bound.sum()), "probes": array.probes}
    for kind in NEGATIVES:
        for name, stack in stacks.items():
            for way, scores in scores_of(stack, tests[kind].sequences).items():
                row[f"{name}_{way}_{kind}"] = auc(tests[kind].bound, scores)
    other = folder / f"{array.tf}_ME.txt.gz"
    if other.exists():
        sequences, signals = read_array(other)
        for name, stack in stacks.items():
            row[f"{name}_pearson_ME"] = pearson(signals, score_stacks([stack], sequences)[:, 0])
    return row


def scores_of(stack: DeepBindStack, sequences: SequenceSet) -> dict[str, NDArray[np.float32]]:
    """The scores of whole sequences, and the best ones of their windows."""
    scan = ScanEnsemble([stack], stack.model_ids, rule=ScanRule.LATER_ALL)
    return {"whole": score_stacks([stack], sequences)[:, 0], "scan": scan.score(list(sequences))[:, 0]}


def train(path: Path, options: argparse.Namespace) -> DeepBindStack:
    """The network of the best of some settings, trained on an array."""
    sequences, signals = read_array(path)
    kept = np.sort(np.random.default_rng(options.seed).permutation(len(sequences))[: options.probes])
    targets = ((signals - signals.mean()) / signals.std())[kept].astype(np.float32)
    groups = np.arange(len(kept)) * BLOCKS // len(kept)
    data = BindingData(sequences[kept], targets, groups, is_classification=False)
    checkpoints = tuple(int(word) for word in options.checkpoints.split(","))
    calibration = Calibration(trials=options.trials, checkpoints=checkpoints, ensemble_size=1)
    with ThreadPoolExecutor(1) as thread:
        engine = KernelThreads(thread, lambda _: None)
        return calibrate(data, calibration, model_id="trained", seed=options.seed, engine=engine).stack


def read_array(path: Path) -> tuple[SequenceSet, NDArray[np.float64]]:
    """The probes of an array, and the logarithms of their signals."""
    with gzip.open(path, "rt", encoding="ascii") as text:
        rows = [line.split("\t")[:2] for line in text]
    return SequenceSet.of_texts([probe for probe, _ in rows]), np.log([float(signal) for _, signal in rows])


def summary_of(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The means over the proteins with a published network."""
    table = pd.DataFrame(rows, columns=list(dict.fromkeys(name for row in rows for name in row)))
    table = table.dropna(subset=["published_whole_shuffled"])
    found = []
    for kind, way in product(NEGATIVES, ("whole", "scan")):
        trained, published = (table[f"{name}_{way}_{kind}"] for name in ("trained", "published"))
        means = {"mean_trained": trained.mean(), "mean_published": published.mean()}
        above = (trained > published).mean()
        found.append({"negatives": kind, "scores": way, "proteins": len(table), **means, "trained_above": above})
    return found


def draw(figure: Figure, rows: Sequence[dict[str, Any]]) -> None:
    """The AUC of both networks for each protein."""
    ax = figure.subplots()
    places = np.arange(len(rows))
    for shift, name, colour in ((-0.2, "trained", "#0072B2"), (0.2, "published", "#E69F00")):
        ax.bar(places + shift, [row.get(f"{name}_scan_shuffled", 0) for row in rows], 0.38, color=colour, label=name)
    ax.axhline(0.5, color="0.6", linewidth=1, linestyle="--")
    ax.set(ylabel="AUC against shuffles", ylim=(0.3, 1))
    ax.set_xticks(places, [row["protein"] for row in rows], rotation=60)
    ax.legend(frameon=False, loc="upper right")


if __name__ == "__main__":
    main()
