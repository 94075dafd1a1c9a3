"""The curves of LOSS_PHRED and GAIN_PHRED of a trained second stage made again, as after a change of how families rank.

python workflows/train-effect/curves.py BANK NEW_FOLDER

Everything else of the second stage, the curves of SCORE too, stays as it was trained.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

from varbind.io.banks import load_bank, shipped_banks
from varbind.io.effects import write_effect
from varbind.scoring.background import BackgroundRecipe
from varbind.train.score import effect_curves


def main() -> None:
    """Write the folder."""
    bank, folder = load_bank(sys.argv[1]), Path(sys.argv[2])
    effect = bank.effect
    if effect is None:
        raise SystemExit(f"{sys.argv[1]} has no second stage")
    bare = replace(effect, heads={}, curves={})
    found, _ = effect_curves(bare, bank, BackgroundRecipe(**effect.card.background), progress=tell)
    write_effect(folder, replace(effect, curves={**effect.curves, **found}))
    readme = shipped_banks().get(sys.argv[1], Path(sys.argv[1])) / "effect" / "README.md"
    if readme.exists():
        shutil.copy(readme, folder)


def tell(done: int, total: int) -> None:
    """Progress, now and then."""
    if done % (1 << 14) < 512:
        print(f"{done:,} of {total:,} background variants", file=sys.stderr)


if __name__ == "__main__":
    main()
