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

TEMPLATE = Path(__file__).with_name("effect-card.md")


def main() -> None:
    """Write the folder."""
    state, name, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    card = json.loads((state / name / "card.json").read_text(encoding="utf-8"))
    activity = pd.read_csv(state / f"activity-of-{name}" / "activity.tsv", sep="\t")
    own = activity[(activity.method == "binding") & (activity.locus != "mean")]
    text = TEMPLATE.read_text(encoding="utf-8")
    facts = {
        "name": card["bank"]["name"],
        "models": str(len(card["model_ids"])),
        "measurable": f"{100 * card['heads']['score']['measurable_share']:.0f} %",
        "promoters": ", ".join(card["heads"]["score"]["calibrated_on"]),
        "tracks": ", ".join(card["heads"]["conservation"]["tracks"]),
        "worst": f"{own.spearman.min():.2f}",
        "best": f"{own.spearman.max():.2f}",
        "cutoffs": cutoffs(card),
        "known": (state / f"known-of-{name}.md").read_text(encoding="utf-8").strip(),
        "adds": "\n" + (state / f"additions-of-{name}.md").read_text(encoding="utf-8").strip(),
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


def cutoffs(card: dict[str, Any]) -> str:
    """Table."""
    lines = ["| SCORE | precision | recall | background |", "|---:|---:|---:|---:|"]
    lines += [
        f"| {one['score']:.3f} | {one['precision']:.2f} | {one['recall']:.3f} | {100 * one['background']:g} % |"
        for one in card["cutoffs"]
    ]
    return "\n".join(lines)


def left_out(own: pd.DataFrame) -> str:
    """The means that matter most, in a sentence."""
    without = own[own.locus != "FOXE1"]
    return (
        f"\nSpearman correlation with the effect on the left-out promoters: {own.spearman.mean():.3f} in the mean, "
        f"{without.spearman.mean():.3f} without FOXE1; with the size of the effect: {own.spearman_abs.mean():.3f}; "
        f"AUC of measurable changes: {np.mean(own.auc):.3f}.\n"
    )


def lowered(summary: str) -> str:
    """A summary without its title, its headings one level lower."""
    lines = [line for line in summary.splitlines() if not line.startswith("# ")]
    return "\n".join(f"#{line}" if line.startswith("## ") else line for line in lines).strip()


if __name__ == "__main__":
    main()
