"""The networks that were trained on planted motifs, beside Table 1 of Koo and Eddy (2019).

    python workflows/experiments/koo/motifs.py JASPAR TABLE BANK... [--sequences N] [--skewed]

For each bank of `synthetic.py`: the mean area under the ROC curve over the twelve proteins on the test sequences, and
for each layer whose kernels read a fixed stretch of bases, the share of kernels whose motif matches any of JASPAR,
and one of the twelve planted ones, by Tomtom with an E-value of at most 0.1. Both rules of the paper's motifs are used:
`koo` is that of the text, `koo-code` that of the authors' code. A kernel without a motif matches nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from synthetic import MOTIFS, split_sequences

from varbind.datasets.pwm import read_matrices
from varbind.interpret.detector_motifs import Detectors, Layer, MotifRule, detector_motifs
from varbind.interpret.motif_comparison import match_motifs
from varbind.interpret.network_layer import NetworkLayer
from varbind.io.banks import load_bank
from varbind.nn.torch_networks import SequenceNetworks
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from varbind.bank.bank import Bank
    from varbind.core.koo import KooStack
    from varbind.datasets.labelled_sequences import LabelledSequences

PAPER = {
    "cnn-1": (0.972, 0.240, 0.007),
    "cnn-2": (0.966, 0.240, 0.007),
    "cnn-4": (0.955, 0.453, 0.127),
    "cnn-10": (0.964, 0.987, 0.973),
    "cnn-25": (0.973, 0.987, 0.980),
    "cnn-50": (0.961, 0.933, 0.920),
    "cnn-100": (0.958, 0.887, 0.880),
    "cnn9-4": (0.954, 0.260, 0.033),
    "cnn9-25": (0.958, 0.993, 0.980),
    "cnn3-50": (0.648, 0.160, 0.000),
    "cnn3-2": (0.968, 0.233, 0.000),
    "cnn-50-2": (0.921, 0.913, 0.893),
    "cnn19-1-2": (0.969, 0.867, 0.747),
    "cnn-25-60": (0.972, 0.973, 0.960),
    "cnn-25-90": (0.968, 0.940, 0.909),
    "cnn-25-120": (0.963, 0.933, 0.887),
    "cnn-1-1-100": (None, 0.147, 0.000),
}
"""Area, share of any match and share of relevant matches of the first layer: Table 1, and the text for cnn-1-1-100."""

PAPER_DEEPER = {("cnn-1", 2): (0.900, 0.847), ("cnn-1-1-100", 2): (0.192, 0.006), ("cnn-1-1-100", 3): (0.927, 0.891)}
"""The shares of the deeper layers in the text: any match and relevant matches."""


def main() -> None:
    """Write the table."""
    options = parse_options()
    test = split_sequences(options.jaspar, options.sequences, skewed=options.skewed)[2]
    known = read_matrices(options.jaspar)
    rows = [row for folder in options.banks for row in rows_of(load_bank(folder), test, known)]
    pd.DataFrame(rows).to_csv(options.table, sep="\t", index=False, float_format="%.4g")


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jaspar")
    parser.add_argument("table", type=Path)
    parser.add_argument("banks", nargs="+", type=Path)
    parser.add_argument("--sequences", type=int, default=25_000)
    parser.add_argument("--skewed", action="store_true")
    return parser.parse_args()


def rows_of(bank: Bank, test: LabelledSequences, known: Mapping[str, np.ndarray]) -> Iterator[dict[str, object]]:
    """The rows of one network: one for each layer and rule."""
    (stack,) = bank.stacks
    name, facts = bank.cards[0].name, bank.models[0].training
    areas = [auc(bound == 1, outputs) for bound, outputs in zip(test.labels.T, outputs_of(stack, test), strict=True)]
    for number, layer in enumerate(layers_of(stack), 1):
        of_paper = PAPER[name] if number == 1 else (PAPER[name][0], *PAPER_DEEPER.get((name, number), (None, None)))
        for rule in (MotifRule.KOO, MotifRule.KOO_CODE):
            motifs, found, relevant = matches(layer, test, rule, known)
            kernels = stack.config.convolutions[number - 1].kernels
            yield {
                "network": name,
                "trial": facts["seeds"][1],
                "AUC": np.mean(areas),
                "AUC, SD over proteins": np.std(areas),
                "layer": number,
                "rule": str(rule),
                "kernels": kernels,
                "with motif": motifs / kernels,
                "JASPAR": found / kernels,
                "relevant": relevant / kernels,
                **dict(zip(["AUC of paper", "JASPAR of paper", "relevant of paper"], of_paper, strict=True)),
                "best epoch": facts["best epoch"],
                "seconds": facts["seconds"],
            }


def outputs_of(stack: KooStack, test: LabelledSequences) -> np.ndarray:
    """The outputs of a network for the test sequences, (T, N)."""
    networks = SequenceNetworks(stack)
    return np.concatenate([networks.score(part)[:, 0] for part in np.array_split(test.codes, 50)]).T


def layers_of(stack: KooStack) -> Iterator[Layer]:
    """The layers in front of which nothing is pooled."""
    yield Detectors.of_network(stack, 0)
    for number, before in enumerate(stack.config.convolutions[:-1], 2):
        if before.pool != 1:
            return
        yield NetworkLayer(stack, 0, number)


def matches(
    layer: Layer, test: LabelledSequences, rule: MotifRule, known: Mapping[str, np.ndarray]
) -> tuple[int, int, int]:
    """The number of kernels with a motif, with any match, and with a match among the planted motifs."""
    motifs = detector_motifs(layer, test.codes, rule, min_windows=1)  # the paper states no least number
    found = match_motifs([motif.shares for motif in motifs], known)
    relevant = {match.query for match in found if match.name in MOTIFS.values()}
    return len(motifs), len({match.query for match in found}), len(relevant)


if __name__ == "__main__":
    main()
