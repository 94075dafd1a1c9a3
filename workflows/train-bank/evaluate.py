"""Held-out chromosomes: the trained networks beside matrices, gapped words and the published networks.

    python workflows/train-bank/evaluate.py DATA STATE --matrices FOLDER --published BANK -o RESULTS.tsv

One row for each trained protein: the area under the ROC curve on the regions of `regions.HELD_OUT`, bound against
dinucleotide shuffles of themselves, against open and unbound regions, and against unbound ones of the same GC share.
Among several matrices or published networks of a protein the one that is best on the training chromosomes is taken.
Then, for every pair of columns, a one-sided Wilcoxon signed-rank test over proteins, as in DeepBind (2015).
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from gapped_words import GappedWordMachine
from matrices import matrix_stack, read_matrices
from regions import Regions
from safetensors.numpy import load_file
from scipy.stats import wilcoxon
from sklearn.metrics import roc_auc_score

from varbind.core.network import DeepBindStack, NetworkShape
from varbind.pipeline.banks import load_bank
from varbind.train.calibration import score_stacks
from varbind.train.shuffle import dinucleotide_shuffles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

    Sets = Mapping[str, tuple[Codes, Codes]]
    Scorer = Callable[[Codes], NDArray[np.float64]]

MOST = 2_000
MACHINE_MOST = 1_000
NEGATIVES = ("shuffled", "unbound", "gc_matched")


def main() -> None:
    """Evaluate what is trained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--matrices", type=Path, required=True)
    parser.add_argument("--published", required=True)
    parser.add_argument("-o", dest="output", type=Path, required=True)
    options = parser.parse_args()
    regions = Regions.read(options.data)
    matrices = read_matrices(options.matrices)
    published = published_networks(options.published)
    done = pd.read_csv(options.output, sep="\t").to_dict("records") if options.output.exists() else []
    names = [path.stem for path in sorted(options.state.glob("*.json"))]
    for protein in names:
        if protein in {row["protein"] for row in done}:
            continue
        done.append(evaluate(regions, protein, options.state, matrices, published))
        pd.DataFrame(done).to_csv(options.output, sep="\t", index=False, float_format="%.4f")
        sys.stderr.write(f"{len(done)}/{len(names)} {protein}\n")
    sys.stdout.write(summary(pd.DataFrame(done)))


def evaluate(
    regions: Regions,
    protein: str,
    state: Path,
    matrices: Mapping[str, Sequence[NDArray[np.float64]]],
    published: Mapping[str, Sequence[DeepBindStack]],
) -> dict[str, str | float]:
    """One row."""
    trained = trained_networks(state, protein)
    training, held_out = (test_sets(regions, protein, held_out=held) for held in (False, True))
    ways: dict[str, Scorer] = {
        "best": lambda codes: score_stacks(trained[:1], codes)[:, 0],
        "mean": lambda codes: score_stacks(trained, codes).mean(axis=1),
        "words": GappedWordMachine(*machine_data(training)).score,
        "gc": lambda codes: np.isin(codes, (1, 2)).mean(axis=1),
    }
    for name, stacks in (
        ("matrix", [matrix_stack(matrix) for matrix in matrices.get(protein, [])]),
        ("published", published.get(protein, [])),
    ):
        if stacks:
            chosen = best_of(stacks, training)
            ways[name] = lambda codes, chosen=chosen: score_stacks([chosen], codes)[:, 0]  # type: ignore[misc]
    row: dict[str, str | float] = {"protein": protein, "held_out": len(held_out["unbound"][0])}
    for way, scorer in ways.items():
        bound = scorer(held_out["unbound"][0])
        for name, (_, negatives) in held_out.items():
            row[f"{way}.{name}"] = auc(bound, scorer(negatives))
    return row


def auc(bound: NDArray[np.float64], unbound: NDArray[np.float64]) -> float:
    """Area under the ROC curve."""
    labels = np.arange(len(bound) + len(unbound)) < len(bound)
    return float(roc_auc_score(labels, np.concatenate([bound, unbound])))


def test_sets(regions: Regions, protein: str, *, held_out: bool) -> Sets:
    """By kind of negatives, bound and unbound sequences."""
    rng = np.random.default_rng([zlib.crc32(protein.encode()), held_out])
    bound, unbound = (regions.rows(protein, label, held_out=held_out) for label in (1, 0))
    bound = rng.permutation(bound)[:MOST]
    codes = regions.codes[bound]
    return {
        "shuffled": (codes, dinucleotide_shuffles(codes, rng)),
        "unbound": (codes, regions.codes[rng.permutation(unbound)[:MOST]]),
        "gc_matched": (codes, regions.codes[regions.matched(bound, unbound, rng)]),
    }


def machine_data(training: Sets) -> tuple[Codes, NDArray[np.bool_]]:
    """The same kinds of sequences as the networks are trained on, fewer of them."""
    bound = training["shuffled"][0][:MACHINE_MOST]
    parts = [bound, training["shuffled"][1][: len(bound)], training["gc_matched"][1][: len(bound)]]
    codes = np.concatenate(parts)
    return codes, np.arange(len(codes)) < len(bound)


def best_of(stacks: Sequence[DeepBindStack], training: Sets) -> DeepBindStack:
    """The network with the largest mean area over the kinds of negatives."""
    areas = np.zeros(len(stacks))
    for bound, unbound in training.values():
        scores = score_stacks(stacks, bound[:500]), score_stacks(stacks, unbound[:500])
        areas += [auc(scores[0][:, column], scores[1][:, column]) for column in range(len(stacks))]
    return stacks[int(np.argmax(areas))]


def trained_networks(state: Path, protein: str) -> list[DeepBindStack]:
    """The networks of the best settings, the best first."""
    text = json.loads((state / f"{protein}.json").read_text(encoding="utf-8"))
    arrays = load_file(state / f"{protein}.safetensors")
    return [
        DeepBindStack(NetworkShape(**shape), (protein,), **{n: arrays[f"{i}.{n}"] for n in DeepBindStack.array_names()})
        for i, shape in enumerate(text["shapes"])
    ]


def published_networks(name: str) -> dict[str, list[DeepBindStack]]:
    """By protein (upper case), the double-stranded ones."""
    bank = load_bank(name)
    proteins = {model.model_id: model.protein.upper() for model in bank.models}
    found: dict[str, list[DeepBindStack]] = defaultdict(list)
    for stack in bank.stacks:
        if stack.shape.double_stranded:
            for row, model_id in enumerate(stack.model_ids):
                found[proteins[model_id]].append(stack.take([row]))
    return found


def summary(table: pd.DataFrame) -> str:
    """Means, and how often and how surely the mean of the networks is above each baseline."""
    lines = ["| baseline | negatives | proteins | networks | baseline | above | p |", "|---|---|---|---|---|---|---|"]
    for way in ("best", "matrix", "words", "published", "gc"):
        for kind in NEGATIVES:
            pair = table[[f"mean.{kind}", f"{way}.{kind}"]].dropna()
            ours, theirs = pair.iloc[:, 0], pair.iloc[:, 1]
            p = wilcoxon(ours, theirs, alternative="greater").pvalue
            share = f"{100 * (ours > theirs).mean():.0f} %"
            words = [way, kind, f"{len(pair)}", f"{ours.mean():.3f}", f"{theirs.mean():.3f}", share, f"{p:.1g}"]
            lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
