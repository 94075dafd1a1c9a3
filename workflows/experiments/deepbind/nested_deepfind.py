"""DeepFind with binding alone, with two features of the site, and with conservation (DeepBind 2015).

    python workflows/experiments/deepbind/nested_deepfind.py DATA OUTPUT [--folds LISTS] [--epochs N] [--machine TEXT]

DATA holds `deepfind`: simulated and derived variants matched by gene, the scores of five of the paper's networks, and
conservation of the derived variants only. Every variant gets the conservation of the nearest derived variant at another
position within three bases (`deepfind_rows.py`); only variants that have one are used, equally many of both classes for
each chromosome and distance. Neighbours at a distance of one base are often one event that changed several bases, so
that everything is repeated without them. Variants that both classes hold are left out.

The inputs are the scores of the reference allele and their changes (`TF`), the distance to the transcription start and
whether the change is a transversion (`site`), and three phastCons and three means of phyloP over 51 bases, as ranks
among the training variants (`conservation`). Each set of inputs is read by logistic regression (`linear`), by boosted
trees (`boosting`) and by one network of DeepFind (`network`, with the hyper-parameters of `varbind train effect`).
Chromosomes are put into folds, of which the first is reported by itself as well; the epoch of a network is chosen on
chromosomes of its training. Intervals of 95 % are over genes.

This is not the paper's table: it has five proteins instead of about 600, six columns of conservation instead of nine,
which are those of a neighbour, and fewer variants. Conservation that is carried over says how a region is conserved,
and not the base that is changed, and which variants have a neighbour is not random.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from deepfind_rows import BINDING, CONSERVATION, SITE, DeepFindVariants, ranks
from result_files import ResultFiles, add_output_options
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from varbind.effect.deepfind import deepfind_logits
from varbind.evaluate.controls import boosted_scores
from varbind.train.deepfind import DeepFindData, fit_deepfind
from varbind.train.deepfind_descent import DeepFindSetting
from varbind.train.metrics import Ranking, drawn_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepfind_rows import CoveredVariants
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

FOLDS = "3,6,12,17/1,7,X/2,5,8,18/10,11,13,16/4,14,15,20,21"
"""Chromosomes of about as many variants in each fold."""

COLUMNS = tuple(
    track
    for kind in ("placental", "primates", "vertebrate")
    for track in (f"phastCons46_{kind}", f"phyloP46_{kind}_mean51")
)
"""The columns that vary slowly enough along the genome to be carried over."""

FARTHEST = 3
"""The largest distance over which conservation is carried, in bases."""

TF_SITE, SITE_CONSERVATION = f"{BINDING}, {SITE}", f"{SITE}, {CONSERVATION}"
COMPLETE = f"{BINDING}, {SITE}, {CONSERVATION}"
PAPER = {BINDING: 0.71, TF_SITE: 0.73, COMPLETE: 0.76}
"""The AUC of DeepFind on held-out variants; that of CADD is .64."""

INPUTS = (SITE, BINDING, TF_SITE, CONSERVATION, SITE_CONSERVATION, COMPLETE)
STEPS = ((TF_SITE, BINDING), (COMPLETE, TF_SITE), (COMPLETE, SITE_CONSERVATION))
"""What is compared: an input set, and the one that it extends."""

LEARNERS = ("linear", "boosting", "network")
COLOURS = {"derived": "#0072B2", "simulated": "#D55E00"}


@dataclass(frozen=True)
class Areas:
    """Areas under the ROC curve: the area itself, then those of draws of genes, (1 + draws,)."""

    values: NDArray[np.float64]

    @classmethod
    def of(cls, variants: CoveredVariants, scores: NDArray[np.float64], folds: NDArray[np.intp], seed: int) -> Areas:
        """The areas over pairs within the same fold."""
        ranking = Ranking(variants.simulated, scores, folds)
        once = np.ones(len(variants), dtype=np.int64)
        drawn = [ranking.area(counts) for counts in drawn_counts(variants.genes, seed)]
        return cls(np.array([ranking.area(once), *drawn]))

    def minus(self, other: Areas) -> Areas:
        """The differences from other areas, draw by draw."""
        return Areas(self.values - other.values)

    def cells(self, name: str) -> dict[str, float]:
        """The area and its interval of 95 %, as cells of a row."""
        low, high = np.nanquantile(self.values[1:], [0.025, 0.975]).tolist()
        return {name: float(self.values[0]), f"{name}_low": low, f"{name}_high": high}


@dataclass(frozen=True)
class Experiment:
    """Learners on some variants, by folds of chromosomes.

    Attributes:
        variants: N variants.
        folds: the number of the fold of each variant, (N,).
        epochs: the largest number of epochs of a network.
        seed: the seed of all random numbers.
    """

    variants: CoveredVariants
    folds: NDArray[np.intp]
    epochs: int
    seed: int

    def held_out_scores(self, learner: str, inputs: str) -> NDArray[np.float64]:
        """The log-odds of each variant by a learner that saw the other folds, (N,)."""
        scores = np.empty(len(self.variants))
        for fold in np.unique(self.folds):
            test = self.folds == fold
            scores[test] = self._fitted(learner, *self._features(inputs, test), self.variants.take(~test))
        return scores

    def areas(self, scores: NDArray[np.float64]) -> dict[str, Areas]:
        """The areas of scores over all folds and over the first one."""
        first = self.folds == 0
        return {
            "auc": Areas.of(self.variants, scores, self.folds, self.seed),
            "first_fold_auc": Areas.of(self.variants.take(first), scores[first], self.folds[first], self.seed),
        }

    def _features(self, inputs: str, test: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The features of the training variants and of the test variants."""
        block = self.variants.blocks[CONSERVATION]
        blocks = {**self.variants.blocks, CONSERVATION: ranks(block[~test], block)}
        features = replace(self.variants, blocks=blocks).features(inputs)
        return features[~test], features[test]

    def _fitted(
        self, learner: str, features: NDArray[np.float64], test: NDArray[np.float64], training: CoveredVariants
    ) -> NDArray[np.float64]:
        """The log-odds of the test variants."""
        if learner == "linear":
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
            return np.asarray(model.fit(features, training.simulated).decision_function(test))
        if learner == "boosting":
            return boosted_scores(features, training.simulated, test, seed=self.seed, threads=1)
        names = [str(column) for column in range(features.shape[1])]
        data = DeepFindData(features.astype(np.float32), training.simulated, training.chromosomes, names)
        setting = DeepFindSetting(networks=1, epochs=self.epochs)
        return deepfind_logits(fit_deepfind(data, setting, seed=self.seed), test)


def main() -> None:
    """Write the table, the summary and the figure."""
    options = parse_options()
    read = DeepFindVariants.read(options.data / "deepfind")
    covered = read.covered(FARTHEST, COLUMNS)
    variants = covered.balanced(options.seed)
    facts = {
        "machine": options.machine,
        "seed": options.seed,
        "folds": options.folds,
        "networks": f"{', '.join(read.networks)}; the paper has about 600",
        "variants": f"{len(variants)} of {len(covered)} that have a neighbour, as many of each class",
        "left_out": f"{read.contradictory} variants that both classes hold",
        **agreement_facts(read),
    }
    files = ResultFiles(options.output, "nested_deepfind", facts)
    rows, summary, shown = [], [], {}
    for nearest in (1, 2):
        chosen = variants.take(variants.distances >= nearest)
        experiment = Experiment(chosen, fold_of(chosen, options.folds), options.epochs, options.seed)
        for learner in LEARNERS:
            scores = {inputs: experiment.held_out_scores(learner, inputs) for inputs in INPUTS}
            areas = {inputs: experiment.areas(own) for inputs, own in scores.items()}
            which = {"learner": learner, "neighbours": f"{nearest} to {FARTHEST}"}
            rows += [which | row for row in rows_of(experiment, areas)]
            summary += [which | row for row in steps_of(areas)]
            print(learner, nearest, *(f"{row['inputs']}: {row['auc']:.3f}" for row in rows[-len(INPUTS) :]), flush=True)
            if nearest == 1 and learner == "network":
                shown = {inputs: (scores[inputs], chosen.simulated) for inputs in PAPER}
    files.write(rows, summary, lambda figure: draw(figure, shown))


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--folds", default=FOLDS, help="chromosomes of each fold, by commas; folds by slashes")
    parser.add_argument("--epochs", type=int, default=DeepFindSetting().epochs, help="largest number of epochs")
    add_output_options(parser)
    return parser.parse_args()


def fold_of(variants: CoveredVariants, folds: str) -> NDArray[np.intp]:
    """The number of the fold of each variant."""
    numbers = {name: number for number, names in enumerate(folds.split("/")) for name in names.split(",")}
    if missing := sorted(set(variants.chromosomes.tolist()) - numbers.keys()):
        raise SystemExit(f"no fold of --folds has the chromosomes {', '.join(missing)}")
    found = np.array([numbers[name] for name in variants.chromosomes.tolist()])
    if len(np.unique(found)) <= max(numbers.values()):
        raise SystemExit("a fold of --folds has none of the chromosomes of the variants")
    return found


def agreement_facts(read: DeepFindVariants) -> dict[str, str]:
    """The rank correlation of the conservation of derived variants with that of their neighbour, by distance."""
    return {
        f"rank correlation with a neighbour at {distance} bp": ", ".join(
            f"{name} {one:.2f}" for name, one in own.items()
        )
        for distance, own in read.agreement(FARTHEST).iterrows()
    }


def rows_of(experiment: Experiment, areas: Mapping[str, Mapping[str, Areas]]) -> list[dict[str, Any]]:
    """A row for each set of inputs, beside the area of the paper."""
    variants, first = experiment.variants, experiment.folds == 0
    counts = {
        "variants": len(variants),
        "simulated": int(variants.simulated.sum()),
        "first_fold_variants": int(first.sum()),
        "first_fold_simulated": int(variants.simulated[first].sum()),
    }
    return [
        {"inputs": inputs, **counts, **cells_of(own), "paper_auc": PAPER.get(inputs, np.nan)}
        for inputs, own in areas.items()
    ]


def steps_of(areas: Mapping[str, Mapping[str, Areas]]) -> list[dict[str, Any]]:
    """A row for each step: what inputs gain over those that they extend, beside the gain of the paper."""
    rows = []
    for more, less in STEPS:
        gains = {name: own.minus(areas[less][name]) for name, own in areas[more].items()}
        paper = PAPER.get(more, np.nan) - PAPER.get(less, np.nan)
        rows.append({"inputs": more, "minus": less, **cells_of(gains), "paper_auc": paper})
    return rows


def cells_of(areas: Mapping[str, Areas]) -> dict[str, float]:
    """The cells of several areas."""
    return {name: value for what, own in areas.items() for name, value in own.cells(what).items()}


def draw(figure: Figure, shown: Mapping[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> None:
    """The distributions of the held-out scores of the two classes (DeepBind 2015, supplementary figure 10)."""
    bins = np.linspace(0, 1, 51)
    panels = figure.subplots(len(shown), 1, sharex=True, sharey=True)
    for ax, (inputs, (logits, simulated)) in zip(panels, shown.items(), strict=True):
        for name, rows in (("derived", ~simulated), ("simulated", simulated)):
            ax.hist(expit(logits[rows]), bins, density=True, histtype="step", color=COLOURS[name], label=name)
        ax.set_title(inputs, loc="left", fontsize=9)
    panels[len(shown) // 2].set_ylabel("density")
    panels[-1].set_xlabel("score of the network, variants of other chromosomes")
    panels[0].legend(frameon=False, loc="upper right")


if __name__ == "__main__":
    main()
