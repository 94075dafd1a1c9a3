"""Whether the best detector of each default network resembles a known motif of the protein's own family.

    python workflows/train-bank/motif_matches.py DATA STATE BANK -o TABLE

The best detector of a network is the one whose largest activation, times its weight in the score, differs most between
bound and unbound sequences of the training. Its motif is made by the rule of the code of Koo and Eddy (2019), and is
compared with HOCOMOCO v11 and JASPAR 2026 by Tomtom (E < 0.1). There are two controls: the same motifs with their
positions in random order, and the families of other proteins.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from families import read_families
from motif_collections import COLLECTIONS, read_collection
from sets import final_ids, published_families
from site_kinds import kinds_bound_by
from tables import read_table

from varbind import load_bank
from varbind.core.deepbind import deepbind_stacks
from varbind.datasets.sequence_table import read_sequence_table
from varbind.interpret.detector_motifs import Detectors, MotifRule, detector_motifs
from varbind.interpret.motif_comparison import match_motifs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.core.sequence import Codes

MOST_SEQUENCES = 500
SEED = 1


def main() -> None:
    """Compare, and write a row for each protein."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("bank")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    bank = load_bank(options.bank)
    bank = bank.select([model.model_id for model in bank.models if model.default and model.training.get("members")])
    rows = read_table(options.state / "shipped.tsv")
    ids = final_ids(row["id"] for row in rows)
    files = {ids[row["id"]]: row["file"] for row in rows}
    motifs = {}
    for stack in deepbind_stacks(bank.stacks, needed_for="the comparison of motifs"):
        for place, model_id in enumerate(stack.model_ids):
            motif = best_motif(stack, place, files[model_id])
            if motif is not None:
                motifs[model_id] = motif
    collection = {
        f"{name}:{motif}": own
        for name in COLLECTIONS
        for motif, own in read_collection(options.data / "pwm", name).items()
    }
    families = read_families(options.data / "pwm", published_families(options.data / "deepbind-published"))
    proteins = {model.model_id: model.protein for model in bank.models}
    found = matches(motifs, proteins, collection, families)
    lines = ["model\tmatches\tbest\tscrambled\tother_protein", *found, ""]
    options.output.write_text("\n".join(lines))


def best_motif(stack: DeepBindStack, model: int, path: str) -> NDArray[np.float64] | None:
    """The motif of the best detector of a model, (width, 4); None if no detector has one."""
    table = read_sequence_table(path)
    bound, unbound = (table.sequences[table.targets == label][:MOST_SEQUENCES].codes for label in (1, 0))
    detectors = Detectors.of_deepbind(stack, model)
    members = slice(model * stack.config.members, (model + 1) * stack.config.members)
    # Without hidden units; with mean pooling, the weight of the maximum comes first.
    step = 2 if stack.config.mean_pooling else 1
    weights = stack.weights1[members, ::step, 0].ravel()
    gain = weights * (pooled(detectors, bound) - pooled(detectors, unbound))
    found = {motif.detector: motif.shares for motif in detector_motifs(detectors, bound, MotifRule.KOO_CODE)}
    return next((found[detector] for detector in np.argsort(-gain).tolist() if detector in found), None)


def pooled(detectors: Detectors, codes: Codes) -> NDArray[np.float64]:
    """The mean over sequences of the largest activation, (D,)."""
    largest = [detectors.activations(codes[start : start + 100]).max(axis=1) for start in range(0, len(codes), 100)]
    means: NDArray[np.float64] = np.concatenate(largest).mean(axis=0, dtype=np.float64)
    return means


def matches(
    motifs: Mapping[str, NDArray[np.float64]],
    proteins: Mapping[str, str],
    collection: Mapping[str, tuple[NDArray[np.float64], str]],
    families: Mapping[str, str],
) -> list[str]:
    """A line for each model: whether its motif matches its own family, and both controls."""
    rng = np.random.default_rng(SEED)
    known = {name: shares for name, (shares, _) in collection.items()}
    queries = list(motifs.values())
    scrambled = [shares[rng.permutation(len(shares))] for shares in queries]
    others = rng.permutation(len(motifs))
    ids = list(motifs)
    found, in_disorder = (_matched_proteins(some, known, collection) for some in (queries, scrambled))
    lines = []
    for place, model_id in enumerate(ids):
        own, other = proteins[model_id], proteins[ids[int(others[place])]]
        words = [
            any(alike(own, one, families) for one in found[place]),
            any(alike(own, one, families) for one in in_disorder[place]),
            any(alike(other, one, families) for one in found[place]),
        ]
        first, second, third = ("yes" if word else "no" for word in words)
        lines.append(f"{model_id}\t{first}\t{','.join(dict.fromkeys(found[place][:3])) or '.'}\t{second}\t{third}")
    return lines


def _matched_proteins(
    queries: list[NDArray[np.float64]],
    known: Mapping[str, NDArray[np.float64]],
    collection: Mapping[str, tuple[NDArray[np.float64], str]],
) -> list[list[str]]:
    """The proteins of the motifs that each query matches, best first."""
    found: list[list[str]] = [[] for _ in queries]
    for match in match_motifs(queries, known):
        found[match.query].append(collection[match.name][1])
    return found


def alike(protein: str, other: str, families: Mapping[str, str]) -> bool:
    """Whether two proteins bind one kind of site, are of one family, or are the same."""
    if protein.upper() == other.upper() or kinds_bound_by(protein) & kinds_bound_by(other):
        return True
    return protein in families and families.get(protein) == families.get(other)


if __name__ == "__main__":
    main()
