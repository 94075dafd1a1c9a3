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

# Below this AUC on a fifth of its training peaks a network did not learn its protein well enough to
# speak for it unasked. The held-out peaks have no part in this.
DEFAULT_VALIDATION_AUC = 0.8

CARD_TEXT = """# {name}

DeepBind networks of human proteins for promoter annotation: 16 detectors of length 24, maximum pooling, both strands,
annotated on windows of 31 bases. Made by `workflows/starter-bank`.

**Data.** ENCODE ChIP-seq peaks, 101 bases around the summit, in the DeepBind format, as four public repositories keep
them; negatives are dinucleotide-preserving shuffles made here. Three of the repositories state no licence for the
files; the table names the licence for each network. No training sequence is in the bank.

**Training.** One fixed setting for all networks, three random starts, the best checkpoint by AUC on a fifth of the
training peaks: `{setting}`. Nothing was tuned on held-out peaks.

**Held out.** Either the published test peaks of the same experiment (strong peaks only) or a random fifth of all peaks;
the two are not comparable. Peaks of one experiment can overlap peaks of another.

**Default.** Annotation uses proteins that bind a DNA sequence of their own and whose network reached a validation AUC
of 0.8.

**Known weaknesses.** TBP did not learn the TATA box, and ATF3 learnt AP-1 sites: neither is a default. Networks of
proteins that share regions with others carry the others' motifs too: ZNF143, YY1 and ARID3A respond to CTCF sites, SP1
and FOXM1 to ETS sites. So the protein that is named is the one whose network responds most, within a family, and not
proof that this protein binds.

**What the numbers are not.** Not pathogenicity, not expression, not occupancy in a given cell.

{table}
"""


def read_network(path: Path) -> tuple[ModelCard, DeepBindStack]:
    """One trained network and its card."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    data["shape"] = NetworkShape(**data["shape"])
    data["default"] = data["default"] and data["training"]["validation_auc"] >= DEFAULT_VALIDATION_AUC
    card = ModelCard(**data)
    return card, DeepBindStack(card.shape, (card.model_id,), **load_file(path.with_suffix(".safetensors")))


def main() -> None:
    """Build the bank."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    write_bank(options.output, add_background(bank, recipe=BackgroundRecipe()))
    (options.output / "README.md").write_text(model_card(bank), encoding="utf-8")


def model_card(bank: Bank) -> str:
    """The bank's README: what each network was trained on and how it did."""
    rows = [
        "| model | family | peaks | validation AUC | held-out AUC | held out | default | licence of the data |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for model in bank.models:
        training = model.training
        numbers = f"{training['peaks']:,} | {training['validation_auc']:.3f} | {training['held_out_auc']:.3f}"
        default = "yes" if model.default else "no"
        words = [model.model_id, model.family, numbers, training["held_out"], default, training["licence"]]
        rows.append(f"| {' | '.join(words)} |")
    return CARD_TEXT.format(name=bank.cards[0].name, table="\n".join(rows), setting=json.dumps(training["setting"]))


if __name__ == "__main__":
    main()
