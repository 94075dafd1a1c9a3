"""Simulated and derived variants with conservation that is carried over from a derived variant nearby.

The folder `deepfind` holds derived variants (benign) and simulated ones in promoters, the scores of five published
networks for all of them, and conservation for the derived ones only. Here, every variant of both classes gets the
conservation of the nearest derived variant at another position, so that the values of its own position, which only one
class has, are used for neither class. Values that vary slowly along the genome can be carried over: phastCons, and the
mean of phyloP over 51 bases. The phyloP of a single position cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from varbind.evaluate.controls import matched_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

BINDING, SITE, CONSERVATION = "TF", "site", "conservation"
"""The blocks of features: scores of networks, the two features of the site, and the carried-over conservation."""

PLACE = ["chrom", "pos"]
ALLELE = [*PLACE, "ref", "alt"]


@dataclass(frozen=True)
class CoveredVariants:
    """N variants that have a derived variant nearby.

    Attributes:
        simulated: whether each variant is simulated and not derived, bool (N,).
        chromosomes: the chromosome of each variant, without `chr`, (N,).
        genes: the genes of each variant, joined by commas, (N,).
        distances: the distance to the derived variant whose conservation is carried over, in bases, int64 (N,).
        blocks: features by the name of their block, float64 (N, columns).
    """

    simulated: NDArray[np.bool_]
    chromosomes: NDArray[np.str_]
    genes: NDArray[np.str_]
    distances: NDArray[np.int64]
    blocks: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.simulated)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return some of the variants."""
        blocks = {name: block[rows] for name, block in self.blocks.items()}
        own = (self.simulated, self.chromosomes, self.genes, self.distances)
        return type(self)(*(values[rows] for values in own), blocks)

    def features(self, blocks: str) -> NDArray[np.float64]:
        """The features of some blocks, whose names are joined by a comma and a space, (N, columns)."""
        return np.hstack([self.blocks[name] for name in blocks.split(", ")])

    def balanced(self, seed: int) -> Self:
        """Keep as many variants of each class for every chromosome and distance, chosen at random."""
        chromosome = np.unique(self.chromosomes, return_inverse=True)[1]
        pairs = chromosome * (self.distances.max() + 1) + self.distances
        stratum = np.unique(pairs, return_inverse=True)[1]
        return self.take(matched_rows(np.arange(len(self)), stratum, self.simulated, seed))


@dataclass(frozen=True)
class DeepFindVariants:
    """The variants of the folder `deepfind`.

    Attributes:
        table: one row a variant, with `row_id` as in the folder, and `used`: matched by gene, and not in both classes.
        binding: the scores of the reference alleles, and the changes to the alternate ones, (all rows, 2 x networks).
        conservation: the values of the derived variants, by `row_id`.
        networks: the names of the networks.
        contradictory: the number of variants that are left out because both classes hold them.
    """

    table: pd.DataFrame
    binding: NDArray[np.float64]
    conservation: pd.DataFrame
    networks: tuple[str, ...]
    contradictory: int

    @classmethod
    def read(cls, folder: Path) -> DeepFindVariants:
        """Read a folder."""
        variants = pd.read_csv(folder / "variants.tsv.gz", sep="\t", dtype={"chrom": str}, keep_default_na=False)
        with np.load(folder / "conservation.npz", allow_pickle=False) as tracks:
            columns = [str(name) for name in tracks["columns"]]
            conservation = pd.DataFrame(tracks["cons"], index=tracks["row_id"], columns=columns, dtype=np.float64)
        with np.load(folder / "published_scores.npz", allow_pickle=False) as scores:
            wild, mutant = np.stack([scores[str(name)] for name in scores["model_ids"]]).astype(np.float64).T
            networks = tuple(str(name) for name in scores["tf"])
        both = variants.duplicated(ALLELE, keep=False)
        binding = np.hstack([wild, mutant - wild])
        used = (variants["matched"] == 1) & ~both
        return cls(variants.assign(used=used), binding, conservation, networks, int(both.sum()) // 2)

    def covered(self, farthest: int, columns: Sequence[str]) -> CoveredVariants:
        """The used variants that have a derived one at another position at most so many bases away.

        All derived variants give their values, whether they are used or not; of two that are equally near, the one
        before.

        Args:
            farthest: the largest distance in bases.
            columns: the columns of the conservation that are carried over.
        """
        rows = self._with_neighbour(farthest)
        blocks = {
            BINDING: self.binding[rows["row_id"]],
            SITE: rows[["tss_distance_feature", "is_transversion"]].to_numpy(dtype=np.float64),
            CONSERVATION: self.conservation.loc[rows["giver"], list(columns)].to_numpy(),
        }
        return CoveredVariants(
            simulated=(rows["set"] == "simulated").to_numpy(),
            chromosomes=rows["chrom"].to_numpy(dtype=np.str_),
            genes=rows["genes"].to_numpy(dtype=np.str_),
            distances=rows["distance"].to_numpy(dtype=np.int64),
            blocks=blocks,
        )

    def agreement(self, farthest: int) -> pd.DataFrame:
        """The rank correlation of the values that derived variants have and would be given, by distance and column."""
        rows = self._with_neighbour(farthest)
        rows = rows[rows["set"] == "derived"]
        own, given = (self.conservation.loc[rows[name]].reset_index(drop=True) for name in ("row_id", "giver"))
        distances = rows["distance"].reset_index(drop=True)
        found = {
            distance: own[distances == distance].corrwith(given[distances == distance], method="spearman")
            for distance in range(1, farthest + 1)
        }
        return pd.DataFrame(found).T

    def _with_neighbour(self, farthest: int) -> pd.DataFrame:
        """The used variants with `giver`, the `row_id` of the derived variant that is nearest, and its `distance`."""
        derived = self.table.loc[self.table["set"] == "derived", [*PLACE, "row_id"]]
        givers = derived.rename(columns={"row_id": "giver"}).assign(at=derived["pos"]).sort_values("pos")
        joined = pd.merge_asof(
            self.table[self.table["used"]].sort_values("pos", kind="stable"),
            givers,
            on="pos",
            by="chrom",
            direction="nearest",
            tolerance=farthest,
            allow_exact_matches=False,
        )
        found = joined[joined["giver"].notna()]
        return found.assign(giver=found["giver"].astype(int), distance=(found["pos"] - found["at"]).abs().astype(int))


def ranks(training: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of the training values below each value, by column; equal ones count half."""
    found = np.empty(values.shape)
    for column, (known, own) in enumerate(zip(np.sort(training, axis=0).T, values.T, strict=True)):
        below, up_to = (np.searchsorted(known, own, side=side) for side in ("left", "right"))
        found[:, column] = (below + up_to) / (2 * len(known))
    return found
