"""Families of models: kinds of sites, named after the families of the DNA-binding domains.

`split_by_similarity` groups the models by their changes on the background. The names are those of TFClass where it is
known, else what comes nearest (`read_families`).

TFClass (Wingender et al. 2015) comes with HOCOMOCO's annotation. Its zinc fingers (class 2.3) differ in what they bind
within a family, so they go by subfamily. A protein that is not there has another source's name of its family, and that
name becomes the TFClass family of most proteins that have both.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from tables import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

ZINC_FINGERS = "{2.3."
MOST = 0.6

LEAST_SIMILARITY = 0.55
"""Mean correlation of bound changes on background SNVs from which two groups of models are one family."""


def read_families(folder: Path, other: Mapping[str, str]) -> dict[str, str]:
    """Family by protein.

    Args:
        folder: of the matrices.
        other: further names of families by protein, of least weight.
    """
    tfclass = _tfclass(folder / "HOCOMOCOv11_core_HUMAN.annotation.tsv.gz")
    named = {**other, **_lambert(folder / "SELEX_3933.metadata.tsv.gz")}
    shared: dict[str, Counter[str]] = defaultdict(Counter)
    for protein in tfclass.keys() & named.keys():
        shared[named[protein]][tfclass[protein]] += 1
    alike = {name: families.most_common(1)[0] for name, families in shared.items()}
    renamed = {name: family for name, (family, count) in alike.items() if count >= MOST * shared[name].total()}
    # Zinc fingers of unknown subfamily have nothing in common.
    found = {protein: renamed.get(name, name) for protein, name in named.items() if "C2H2" not in name}
    return {protein: _plain(family) for protein, family in {**found, **tfclass}.items()}


def _plain(name: str) -> str:
    """Letters that every program reads, and no blanks."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace(" ", "_")


def _tfclass(path: Path) -> dict[str, str]:
    families = {}
    for row in read_table(path):
        fine = ZINC_FINGERS in row["TF family"]
        name = row["TF subfamily" if fine else "TF family"]
        words = re.sub(r"\{.*\}", "", name).replace(" factors", "").strip()
        # What only counts fingers names nothing that its members have in common.
        if words and words != "unclassified" and "zinc finger" not in words.lower().replace("gata-type", ""):
            families[row["Transcription factor"]] = words
    return families


def _lambert(path: Path) -> dict[str, str]:
    """Lambert et al. 2018, "The human transcription factors"."""
    named = {row["symbol"]: row["Lambert2018_families"] for row in read_table(path)}
    return {protein: family for protein, family in named.items() if family not in {"", "NA"}}


def split_by_similarity(
    proteins: Sequence[str],
    families: Sequence[str],
    changes: NDArray[np.floating],
    core: NDArray[np.bool_],
    *,
    least: float = LEAST_SIMILARITY,
) -> list[str]:
    """The family of each model, so that a family is one kind of site.

    Models of the core whose changes on the background variants resemble each other form a family, whatever the domains
    of their proteins. Every other model joins the family that its changes resemble most, or forms families with those
    that resemble none. A family has the name that most of its models had before, in the core if it has any there. Where
    several families would have one name, the largest keeps it, and the others add the protein that is most like them.

    Args:
        proteins: the protein of each model, (M,).
        families: the family of the domain of each protein, (M,).
        changes: the change of each model on background SNVs, (V, M).
        core: the models that read their own sites, (M,).
        least: the least mean correlation between two groups of models that are joined.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        similarity = np.nan_to_num(np.corrcoef(np.asarray(changes, dtype=np.float64).T))
    groups = _groups(np.flatnonzero(core), similarity, least)
    members = [list(group) for group in groups]
    apart = []
    for model in np.flatnonzero(~core).tolist():
        means = [similarity[model, group].mean() for group in groups]
        best = int(np.argmax(means)) if means else 0
        if means and means[best] >= least:
            members[best].append(model)
        else:
            apart.append(model)
    members = sorted(members, key=len, reverse=True) + _groups(np.array(apart, dtype=np.intp), similarity, least)
    found, taken = [""] * len(proteins), set()
    for own in members:
        named_after = [model for model in own if core[model]] or own
        (name, _), *_ = Counter(families[model] for model in named_after).most_common(1)
        if name in taken:
            central = named_after[similarity[np.ix_(named_after, named_after)].mean(axis=1).argmax()]
            name = f"{name}_{proteins[central]}"
        taken.add(name)
        for model in own:
            found[model] = name
    return found


def _groups(models: NDArray[np.intp], similarity: NDArray[np.float64], least: float) -> list[list[int]]:
    """Groups of models by average linkage, the largest first."""
    if len(models) < 2:
        return [[int(model)] for model in models]
    distances = 1 - similarity[np.ix_(models, models)]
    np.fill_diagonal(distances, 0)
    numbers = fcluster(linkage(squareform(distances, checks=False), "average"), 1 - least, "distance")
    groups = [models[numbers == number].tolist() for number in np.unique(numbers)]
    return sorted(groups, key=lambda group: (-len(group), group[0]))
