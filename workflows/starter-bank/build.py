"""Join trained networks into the starter bank, with its background and golden scores.

python workflows/starter-bank/build.py STATE_FOLDER -o models/promoter-starter
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from varbind.core.bank import Bank
from varbind.core.model_card import BankCard, ModelCard
from varbind.core.network import DeepBindStack, NetworkShape
from varbind.io.bank import write_bank
from varbind.pipeline.background import BackgroundRecipe, add_background
from varbind.pipeline.selftest import add_golden_scores

RECIPE = BackgroundRecipe(snvs=100_002, others=2_000)

# Below this AUC on a fifth of its training peaks a network did not learn its protein well enough to
# speak for it unasked. The held-out peaks have no part in this.
DEFAULT_VALIDATION_AUC = 0.8


def read_network(path: Path) -> tuple[ModelCard, DeepBindStack]:
    """One trained network and its card."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    data["shape"] = NetworkShape(**data["shape"])
    data["default"] = data["default"] and data["training"]["validation_auc"] >= DEFAULT_VALIDATION_AUC
    card = ModelCard(**data)
    return card, DeepBindStack(card.shape, (card.model_id,), **load_file(path.with_suffix(".safetensors")))


def main() -> None:
    """Build the bank."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("state", type=Path)
    parser.add_argument("-o", dest="output", required=True, type=Path)
    options = parser.parse_args()
    networks = [read_network(path) for path in sorted(options.state.glob("*.json"))]
    models = tuple(card for card, _ in networks)
    proteins = len({card.protein for card in models})
    default = len({card.protein for card in models if card.default})
    card = BankCard(
        name=options.output.name,
        version="0.1.0",
        description=(
            f"{len(models)} DeepBind networks of {proteins} human proteins, trained on "
            f"ChIP-seq peaks with one fixed setting; {default} proteins by default"
        ),
        source="varbind, workflows/starter-bank, on ENCODE ChIP-seq peaks in the DeepBind format",
        licence="MIT (weights); each model's card states the licence of its training data",
        models=models,
    )
    stack = DeepBindStack.concatenate([stack for _, stack in networks])
    bank = add_golden_scores(Bank((card,), models, (stack,), background=None))
    write_bank(options.output, add_background(bank, recipe=RECIPE))


if __name__ == "__main__":
    main()
