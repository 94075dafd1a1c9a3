"""A trained second stage as it is shipped: its files, and a card with what was measured.

python workflows/train-effect/finish.py STATE NAME NEW_FOLDER
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ALL = "binding and local network"
TEMPLATE = Path(__file__).with_name("effect-card.md")


def main() -> None:
    """Write the folder."""
    state, name, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    card = json.loads((state / name / "card.json").read_text(encoding="utf-8"))
    activity = pd.read_csv(state / f"activity-of-{name}" / "activity.tsv", sep="\t")
    own = activity[(activity.method == ALL) & (activity.locus != "mean")]
    text = TEMPLATE.read_text(encoding="utf-8")
    clinical = state / f"clinical-of-{name}"
    facts = {
        "name": card["bank"]["name"],
        "models": str(len(card["model_ids"])),
        "changes": f"{100 * card['heads']['score']['share_of_changes']:.0f} %",
        "promoters": ", ".join(card["heads"]["score"]["calibrated_on"]),
        "imitated": f"{100 * card['heads']['local']['held_out']['value']:.0f} %",
        "tracks": ", ".join(card["heads"]["conservation"]["tracks"]),
        "worst": f"{own.spearman.min():.2f}",
        "best": f"{own.spearman.max():.2f}",
        "cutoffs": cutoffs(card, pd.read_csv(clinical / "clinical.tsv", sep="\t")),
        "clinical": (clinical / "clinical.md").read_text(encoding="utf-8").strip(),
        "known": (state / f"known-of-{name}.md").read_text(encoding="utf-8").strip(),
        "pairs": (state / f"pairs-of-{name}.md").read_text(encoding="utf-8").strip(),
        "deletions": (state / f"deletions-of-{name}.md").read_text(encoding="utf-8").strip(),
        "loss": loss(state, name, own),
        "learning_curve": (state / f"learning-curve-of-{name}.md").read_text(encoding="utf-8").strip(),
        "left_out": left_out(own),
        "evaluation": "\n\n".join(
            lowered((state / f"{part}-of-{name}" / "summary.md").read_text(encoding="utf-8"))
            for part in ("activity", "classes", "genes")
        ),
    }
    for key, value in facts.items():
        text = text.replace(f"@{key}@", value)
    shutil.copytree(state / name, folder)
    (folder / "README.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    shutil.copy(clinical / "clinical.svg", folder)
    shutil.copy(state / f"along-promoter-of-{name}.svg", folder / "along-promoter.svg")


def cutoffs(card: dict[str, Any], variants: pd.DataFrame) -> str:
    """Table."""
    lines = [
        "| PHRED | | precision (95 %) | recall | documented | of 100,000 random promoter SNVs |",
        "|---:|---|---|---:|---:|---:|",
    ]
    documented = variants[variants.documented]["PHRED: probability of a loss"]
    for one in card["cutoffs"]:
        interval = f"{one['precision_low']:.2f} to {one['precision_high']:.2f}"
        cells = (
            f"{one['phred']:g}",
            one["name"],
            f"{one['precision']:.2f} ({interval})",
            f"{one['recall']:.2f}",
            f"{100 * (documented >= one['phred']).mean():.0f} %",
            f"{1e5 * one['background']:,.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    if not card["cutoffs"]:
        return "No cut-off has a precision above the share of changes among all variants."
    return "\n".join(lines) + f"\n\nOf all variants, {100 * card['cutoffs'][0]['base_rate']:.1f} % change activity."


def left_out(own: pd.DataFrame) -> str:
    """The means that matter most, in a sentence."""
    without = own[own.locus != "FOXE1"]
    return (
        f"\nSpearman correlation with the effect on the left-out promoters: {own.spearman.mean():.3f} in the mean, "
        f"{without.spearman.mean():.3f} without FOXE1; with the size of the effect: {own.spearman_abs.mean():.3f}; "
        f"AUC of probable changes: {np.mean(own.auc):.3f}.\n"
    )


def loss(state: Path, name: str, own: pd.DataFrame) -> str:
    """What the second stage loses because the deletions do not train it, in a sentence."""
    other = pd.read_csv(state / f"with-deletions-of-{name}" / "activity.tsv", sep="\t")
    (mean,) = other[(other.method == ALL) & (other.locus == "mean")].spearman
    return (
        f"\nHad they trained too, as pairs of alleles, the mean correlation on the five left-out promoters would be "
        f"{mean:.3f} instead of {own.spearman.mean():.3f}.\n"
    )


def lowered(summary: str) -> str:
    """A summary without its title, its headings one level lower."""
    lines = [line for line in summary.splitlines() if not line.startswith("# ")]
    return "\n".join(f"#{line}" if line.startswith("## ") else line for line in lines).strip()


if __name__ == "__main__":
    main()
