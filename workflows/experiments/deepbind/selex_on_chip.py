"""Networks and matrices of the same HT-SELEX reads on ChIP-seq (DeepBind 2015, figure 3f).

    python workflows/experiments/deepbind/selex_on_chip.py DATA OUTPUT [--labels SOURCE] [--most N] [--only PROTEINS]

DATA holds `deepbind-published` (networks), `pwm` (the matrices of Jolma et al. 2013), `chipseq-hg38` (regions) and
`chipseq-encode2` (labels) or `chipseq-deepbind` (`--labels peaks`). A protein counts if both networks and matrices have
it, of human or mouse and under the same name in any case, and if it binds enough test regions, those of chromosomes 16
and 20. A network scores a whole region (`whole`), or windows of 1.5 detectors, of which the best counts (`scan`). The
score of a matrix is its best log-odds on both strands.

Of several networks or matrices of a protein, the one with the best AUC on chromosome 14 is used, against shuffles and
by its own way of scoring. DeepBind compared its network with the best possible choice among the matrices, on the test
data; this choice, which favours matrices, is the column `best_matrix`. DeepBind's regions had 101 bases around the
summits of peaks, as with `--labels peaks`: the strongest peaks of odd rank, of DeepBind's own training sets, which no
network of HT-SELEX reads has seen. The others here have 200 bases around a site of open chromatin. Regions with labels
of ReMap count as bound only if they hold a site of a matrix, which favours matrices, too.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from chip_regions import NEGATIVES, SOURCES, ChipRegions, PeakSets, TestSet
from result_files import ResultFiles, add_output_options
from scipy.stats import wilcoxon

from varbind.bank.bank import Bank
from varbind.bank.model_card import BankCard
from varbind.datasets.pwm import matrix_network, read_matrices
from varbind.io.deepbind_text import read_deepbind_folder
from varbind.scoring.scan import ScanRule
from varbind.scoring.scorer import Scorer
from varbind.train.hyperparameter_search import score_stacks
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack

TEST, CHOICE = ("16", "20"), ("14",)
PEAKS = "peaks"
"""The name of DeepBind's own peaks among the labels; networks are then chosen on regions with labels of ReMap."""

LEAST = 50
"""The least number of bound test regions of a protein."""

PAPER = {"proteins": 35, "network": 0.85, "matrix": 0.82, "p": 0.001}
"""The means and the one-sided Wilcoxon signed-rank test of DeepBind 2015."""

METHODS = ("whole", "scan", "matrix")


@dataclass(frozen=True)
class Candidates:
    """The networks and the matrices of one protein.

    Attributes:
        networks: a bank of its published networks.
        matrices: one network of each of its matrices.
    """

    networks: Bank
    matrices: Sequence[DeepBindStack]

    def scores(self, tests: TestSet) -> dict[str, NDArray[np.float32]]:
        """The scores by every network or matrix, (N, candidates), by method."""
        found = {"matrix": score_stacks(self.matrices, tests.sequences)}
        for method, scan in (("whole", None), ("scan", ScanRule.LATER_ALL)):
            with Scorer(self.networks, scan=scan, threads=1) as scorer:
                found[method] = scorer.score_codes(list(tests.sequences), batch_size=256)
        return found


def main() -> None:
    """Write the table of proteins, the summary and the figure."""
    options = parse_options()
    is_peaks = options.labels == PEAKS
    place = "" if is_peaks else f" on chromosomes {', '.join(TEST)}"
    facts = {
        "machine": options.machine,
        "seed": options.seed,
        "labels": options.labels,
        "regions": f"up to {options.most} bound of a protein{place}, at least {LEAST}",
    }
    files = ResultFiles(options.output, f"selex_on_chip.{options.labels}", facts)
    tests = PeakSets.read(options.data) if is_peaks else ChipRegions.read(options.data, options.labels, TEST)
    choosing = ChipRegions.read(options.data, "remap" if is_peaks else options.labels, CHOICE)
    rows = []
    for protein, candidates in read_candidates(options.data).items():
        if tests.bound_count(protein) < LEAST or (options.only and protein not in options.only.split(",")):
            continue
        rows.append(row_of(protein, candidates, tests, choosing, options))
        print(rows[-1], flush=True)
    if not rows:
        raise SystemExit(f"no protein has networks, matrices and {LEAST} bound test regions")
    files.write(rows, summary_of(rows), lambda figure: draw(figure, rows))


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--labels", choices=[*SOURCES, PEAKS], default="encode", help="source of the labels")
    parser.add_argument("--most", type=int, default=500, help="largest number of bound regions of a protein")
    parser.add_argument("--only", help="names of proteins in upper case, separated by commas")
    add_output_options(parser)
    return parser.parse_args()


def read_candidates(data: Path) -> dict[str, Candidates]:
    """The published SELEX networks and the matrices of Jolma et al. 2013 by protein, in upper case."""
    models, stacks = read_deepbind_folder(data / "deepbind-published")
    card = BankCard("published", "1", "DeepBind", "DeepBind", "not stated", tuple(models))
    bank = Bank((card,), tuple(models), tuple(stacks), background=None)
    networks: dict[str, list[str]] = {}
    for model in models:
        if model.assay == "SELEX":
            networks.setdefault(model.protein.upper(), []).append(model.model_id)
    table = pd.read_csv(data / "pwm" / "SELEX_3933.metadata.tsv.gz", sep="\t")
    table = table[(table["study"] == "Jolma2013") & (table["experiment"] == "HT-SELEX")]
    matrices = read_matrices(str(data / "pwm" / "SELEX_3933.jaspar.gz"))
    names = table.groupby(table["symbol"].str.upper())["ID"].agg(list)
    return {
        protein: Candidates(bank.select(networks[protein]), [network_of(matrices[name]) for name in names[protein]])
        for protein in sorted(networks.keys() & set(names.index))
    }


def network_of(matrix: NDArray[np.float64]) -> DeepBindStack:
    """A network with the score of a matrix."""
    return matrix_network("matrix", matrix, detector_len=len(matrix), window=2 * len(matrix) + 1)


def row_of(
    protein: str,
    candidates: Candidates,
    bound: ChipRegions | PeakSets,
    choosing: ChipRegions,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """The AUC of the chosen network and of the chosen matrix, and of the best matrix, against all negatives."""
    chosen = dict.fromkeys(METHODS, 0)
    if choosing.bound_count(protein):
        first = choosing.tests(protein, options.most, options.seed)["shuffled"]
        chosen = {method: int(np.argmax(areas)) for method, areas in areas_of(first, candidates).items()}
    tests = bound.tests(protein, options.most, options.seed)
    row: dict[str, Any] = {
        "protein": protein,
        "bound": int(tests["shuffled"].bound.sum()),
        "networks": len(candidates.networks.models),
        "matrices": len(candidates.matrices),
        "chosen_network": candidates.networks.model_ids[chosen["scan"]],
    }
    for kind, own in tests.items():
        areas = areas_of(own, candidates)
        row |= {f"{method}_{kind}": areas[method][chosen[method]] for method in METHODS}
        row[f"best_matrix_{kind}"] = max(areas["matrix"])
    return row


def areas_of(tests: TestSet, candidates: Candidates) -> dict[str, list[float]]:
    """The AUC of each network or matrix by method."""
    scores = candidates.scores(tests)
    return {method: [auc(tests.bound, column) or 0.5 for column in scores[method].T] for method in METHODS}


def summary_of(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The means over the proteins and the test that the network is better, beside those of the paper."""
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0] if name.endswith(NEGATIVES)}
    found = []
    for kind in [kind for kind in NEGATIVES if f"whole_{kind}" in columns]:
        for method in ("whole", "scan"):
            for matrix in ("best_matrix", "matrix"):
                network, other = columns[f"{method}_{kind}"], columns[f"{matrix}_{kind}"]
                is_paper = kind == "shuffled" and matrix == "best_matrix"
                found.append(
                    {
                        "negatives": kind,
                        "network_scores": method,
                        "against": matrix,
                        "proteins": len(rows),
                        "mean_network": network.mean(),
                        "mean_matrix": other.mean(),
                        "network_above": (network > other).mean(),
                        "p": one_sided(network - other),
                        **{f"paper_{name}": value if is_paper else None for name, value in PAPER.items()},
                    }
                )
    return found


def one_sided(differences: NDArray[np.float64]) -> float:
    """The P-value of the one-sided Wilcoxon signed-rank test that differences are above 0; 1 if none differs."""
    return float(wilcoxon(differences, alternative="greater").pvalue) if differences.any() else 1.0


def draw(figure: Figure, rows: Sequence[dict[str, Any]]) -> None:
    """The AUC of the network against that of the best matrix, a dot for each protein."""
    ax = figure.subplots()
    for method, colour, marker in (("whole", "#D55E00", "s"), ("scan", "#0072B2", "o")):
        across, up = ([row[name] for row in rows] for name in ("best_matrix_shuffled", f"{method}_shuffled"))
        label = f"{method}, mean {np.mean(up):.3f}"
        ax.scatter(across, up, s=14, color=colour, marker=marker, label=label, alpha=0.8)
    ax.axline((0.5, 0.5), slope=1, color="0.6", linewidth=1, linestyle="--")
    mean = np.mean([row["best_matrix_shuffled"] for row in rows])
    ax.set(xlabel=f"AUC of the best HT-SELEX matrix, mean {mean:.3f}", ylabel="AUC of the HT-SELEX network")
    ax.legend(frameon=False, loc="lower right")


if __name__ == "__main__":
    main()
