"""Whether documented disease variants rise above neutral promoter variants: a table and a figure.

    python workflows/train-effect/clinical.py DATA TABLES EFFECT FOLDER [BANK]

Nothing is trained on these variants; they chose which of three forms PHRED has. Some documented variants lie in
elements of saturation mutagenesis that trained the second stage: their values come from a second stage that was fitted
without their element. DEEPFIND is left out, because it was trained on all neutral variants. The controls of ACTIVITY
are trained as it is; their value is the predicted loss. FOLDER receives `clinical.md` and `clinical.svg`, the share of
documented variants found against the share of neutral ones that pass.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from activity_methods import data_of_methods, predictions, training_tables
from matplotlib import style
from matplotlib.figure import Figure

from varbind import Bank, load_bank
from varbind.bank.background import VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.datasets.variant_table import read_variant_table
from varbind.effect.features import VariantSites
from varbind.effect.second_stage import SecondStage
from varbind.evaluate.figure import COLOURS, STYLE
from varbind.io.effects import read_effect
from varbind.kernels.dense import dense
from varbind.scoring.scorer import Scorer
from varbind.train.activity import fit_activity
from varbind.train.activity_tables import activity_data, score_data
from varbind.train.effect_tables import FLANK, score_table, sites_of
from varbind.train.score import fit_score

if TYPE_CHECKING:
    from varbind.effect.effect_model import EffectModel

LOCI_OF_GENES = ("F9", "HNF4A", "PKLR")
"""Genes whose promoter is a locus of the same name in the training."""
KNOWN = 25
"""The number of bases on each side that are known of neutral variants, and used of documented ones."""
BINS = (0, 50, 100, 200, 400, 10_000)
MOST_A_GENE = 5
DRAWS = 1_000
SHARES = (0.05, 0.01)


def main() -> None:
    """Write the table and the figure."""
    data, tables, stage, folder = (Path(name) for name in sys.argv[1:5])
    bank, effect = load_bank(*sys.argv[5:6]), read_effect(stage)
    variants = read_variants(data / "clinical")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "variants.tsv"
    write_variants(variants, path)
    keys = values_of_keys(variants, effect, bank, tables, path)
    keys |= values_of_controls(variants, effect, bank, tables, path)
    judged = Judged.of(variants)
    (folder / "clinical.md").write_text(judged.table(keys), encoding="utf-8")
    (folder / "clinical.svg").write_bytes(judged.figure(keys))
    pd.DataFrame(keys).assign(gene=variants.gene, documented=variants.documented).to_csv(
        folder / "clinical.tsv", sep="\t", index=False
    )


def read_variants(folder: Path) -> pd.DataFrame:
    """The documented and the neutral variants."""
    parts = [
        pd.read_csv(folder / f"{name}.hg19.tsv.gz", sep="\t", dtype={"chrom": str}, keep_default_na=False).assign(
            documented=name == "documented"
        )
        for name in ("documented", "neutral")
    ]
    return pd.concat(parts, ignore_index=True)


def write_variants(variants: pd.DataFrame, path: Path) -> None:
    """A table of the variants with the bases that are known of every one."""
    written = variants.assign(pos=variants.pos_hg19, left=variants.left.str[-KNOWN:], right=variants.right.str[:KNOWN])
    columns = ["chrom", "pos", "ref", "alt", "left", "right", "effect", "se"]
    written.assign(effect=1, se=1)[columns].to_csv(path, sep="\t", index=False)


def values_of_keys(
    variants: pd.DataFrame, effect: EffectModel, bank: Bank, tables: Path, path: Path
) -> dict[str, np.ndarray]:
    """The values of each key and control, larger = more likely documented."""
    default = bank.select_default()
    wanted = {*effect.card.model_ids, *default.model_ids}
    scored = bank.select([model_id for model_id in bank.model_ids if model_id in wanted])
    with Scorer(scored, flank=FLANK) as scorer:
        flank = scorer.flank
        windows = read_variant_table(str(path), flank=flank, needed=()).windows
        scores = scorer.score(windows, batch_size=2_048)
    distances = variants.tss_distance.to_numpy(dtype=np.float64)
    sites = VariantSites(distances, np.full(len(variants), np.nan))
    used = replace(effect, heads={name: head for name, head in effect.heads.items() if name in HEADS})

    def predicted(stage: EffectModel) -> dict[str, np.ndarray]:
        kinds = [VariantKind.SNV] * len(windows)
        prediction = SecondStage(stage, scored.model_ids, dense=dense).predict(scores, sites, kinds, windows, flank)
        return dict(prediction.values)

    values = predicted(used)
    genes = variants.gene.to_numpy()
    for locus, stage in without_loci(used, bank, tables).items():
        rows = variants.documented.to_numpy() & (genes == locus)
        for key, own in predicted(stage).items():
            values[key] = np.where(rows, own, values[key])
    listed = [scored.model_ids.index(model_id) for model_id in default.model_ids]
    described = BindingEffects.of_bank(default).describe(scores.take(listed), [VariantKind.SNV] * len(windows), top=1)
    loss, gain = (np.array([getattr(one, name) for one in described]) for name in ("loss_phred", "gain_phred"))
    score = values["SCORE"]
    of_loss = 10 ** (-loss / 10)
    return {
        "PHRED: probability of a loss": values["PHRED"],
        "rank of SCORE": score,
        "rank of the strongest loss (LOSS_PHRED)": loss,
        "log-odds of SCORE and of the share of the strongest loss": np.log(score / (1 - score)) - np.log(of_loss),
        "GAIN_PHRED": gain,
        "-ACTIVITY": -values["ACTIVITY"],
        "size of ACTIVITY": np.abs(values["ACTIVITY"]),
        "distance to the start alone": -np.abs(distances),
        "a change of G or C alone": np.isin(variants.ref, ["G", "C"]).astype(float),
    }


def values_of_controls(
    variants: pd.DataFrame, effect: EffectModel, bank: Bank, tables: Path, path: Path
) -> dict[str, np.ndarray]:
    """The predicted loss of activity by each part of the activity head and by each control."""
    judged = read_variant_table(str(path), flank=FLANK, needed=("effect", "se"))
    models, found = bank.select(effect.card.model_ids), {}
    methods = data_of_methods([*training_tables(tables), judged], models, effect.heads.get("local"))
    for method, data in list(methods.items())[1:]:
        values = predictions(data, len(judged))
        for locus in LOCI_OF_GENES:
            rows = variants.documented.to_numpy() & (variants.gene.to_numpy() == locus)
            values[rows] = predictions(data, len(judged), locus)[rows]
        found[f"-ACTIVITY by {method}"] = -values
    return found


HEADS = ("local", "activity", "score")


def without_loci(effect: EffectModel, bank: Bank, tables: Path) -> dict[str, EffectModel]:
    """The second stage fitted again without each locus."""
    models = bank.select(effect.card.model_ids)
    table, pairs = training_tables(tables)
    scored = [score_table(own, models, flank=FLANK) for own in (table, pairs)]
    data, scale = activity_data(scored[0], models, effect.heads.get("local"), scored[1:])
    distances = sites_of(table).tss_distance
    found = {}
    for locus in LOCI_OF_GENES:
        kept = data.loci != locus
        own = data.rows(np.flatnonzero(kept))
        fit = fit_activity(own, scale)
        left_out = np.zeros(len(data.effects))
        left_out[kept] = fit.left_out
        score = fit_score(score_data(table, data, left_out, distances).rows(kept[: len(table)]))
        found[locus] = replace(effect, heads={**effect.heads, "activity": fit.head, "score": score})
    return found


@dataclass(frozen=True)
class Judged:
    """Which variants are documented, their genes and how many neutral variants are as far from a start."""

    documented: np.ndarray
    genes: np.ndarray
    bins: np.ndarray

    @classmethod
    def of(cls, variants: pd.DataFrame) -> Judged:
        """The variants of a table."""
        distances = np.abs(variants.tss_distance.to_numpy(dtype=np.float64))
        return cls(variants.documented.to_numpy(), variants.gene.to_numpy(), np.digitize(distances, BINS))

    def shares(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The share of neutral variants below each documented one: of all, and of those as far from a start."""
        rows, neutral = np.flatnonzero(self.documented), ~self.documented
        found = np.empty((2, len(rows)))
        for place, row in enumerate(rows):
            for part, others in enumerate((neutral, neutral & (self.bins == self.bins[row]))):
                own = values[others]
                found[part, place] = np.mean(own < values[row]) + np.mean(own == values[row]) / 2
        return found[0], found[1]

    def draws(self) -> list[np.ndarray]:
        """Documented variants in draws of whole genes with replacement, as rows."""
        rng, genes = np.random.default_rng(1), self.genes[self.documented]
        names = np.unique(genes)
        rows = {name: np.flatnonzero(genes == name) for name in names}
        return [np.concatenate([rows[name] for name in rng.choice(names, len(names))]) for _ in range(DRAWS)]

    def weights(self) -> np.ndarray:
        """The weight of each documented variant: all of a gene together weigh as five at most."""
        genes = self.genes[self.documented]
        counts = np.array([np.sum(genes == gene) for gene in genes])
        return np.minimum(counts, MOST_A_GENE) / counts

    def found(self, values: np.ndarray, share: float, *, capped: bool = False) -> float:
        """The share of documented variants above all but a share of the neutral ones."""
        above = values[self.documented] > np.quantile(values[~self.documented], 1 - share)
        return float(np.average(above, weights=self.weights() if capped else None))

    def table(self, keys: dict[str, np.ndarray]) -> str:
        """Markdown."""
        names = ("key", "AUC", "AUC at equal distance", "95 % interval", "above LOSS_PHRED by", "top 5 %", "top 1 %")
        lines = [f"| {' | '.join((*names, 'top 1 %, 5 a gene'))} |", "|---|---:|---:|---|---|---:|---:|---:|"]
        weights, draws = self.weights(), self.draws()
        base = self.shares(keys["rank of the strongest loss (LOSS_PHRED)"])[1]
        for name, values in keys.items():
            whole, matched = self.shares(values)
            drawn = [np.average(matched[rows], weights=weights[rows]) for rows in draws]
            gaps = [np.average((matched - base)[rows], weights=weights[rows]) for rows in draws]
            gap = np.average(matched - base, weights=weights)
            tops = [self.found(values, share) for share in SHARES] + [self.found(values, SHARES[1], capped=True)]
            cells = [
                name,
                f"{np.average(whole, weights=weights):.3f}",
                f"{np.average(matched, weights=weights):.3f}",
                "{:.3f} to {:.3f}".format(*np.quantile(drawn, [0.025, 0.975])),
                "{:+.3f} ({:+.3f} to {:+.3f})".format(gap, *np.quantile(gaps, [0.025, 0.975])),
                *(f"{100 * top:.0f} %" for top in tops),
            ]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"

    def figure(self, keys: dict[str, np.ndarray]) -> bytes:
        """The share of documented variants found against the share of neutral variants that pass, as SVG."""
        with style.context(["default", STYLE]):
            figure = Figure(figsize=(5.2, 3.8), layout="constrained")
            axes = figure.subplots()
            shares = np.logspace(-3, 0, 200)
            drawn = [name for name in keys if not name.startswith(("log-odds", "size", "a change", "-ACTIVITY by"))]
            for colour, name in zip(COLOURS, drawn, strict=False):
                found = [self.found(keys[name], share) for share in shares]
                axes.plot(100 * shares, [100 * one for one in found], color=colour, label=name, linewidth=1.4)
            axes.plot(100 * shares, 100 * shares, color="#999999", linewidth=0.6, label="by chance")
            axes.set_xscale("log")
            axes.set_xlabel("neutral promoter variants that pass, %")
            axes.set_ylabel("documented disease variants that pass, %")
            axes.legend(frameon=False, fontsize=7)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="svg", metadata={"Date": None})
        return buffer.getvalue()


if __name__ == "__main__":
    main()
