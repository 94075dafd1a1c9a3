"""Train the networks of the starter bank: one for every row of proteins.tsv.

    python workflows/starter-bank/train.py OUTPUT [--data FOLDER] [--models ID,ID]

OUTPUT receives MODEL_ID.safetensors (the arrays of one network) and MODEL_ID.json (what it is, how it was
trained and its held-out result). A model whose two files are there with the same setting and seed is left
alone, so a stopped run goes on where it was.

A protein with a file of test peaks is tested on that file. Of the others a random fifth of the peaks, with
shuffles of its own, is set aside before training; such peaks are of any rank, while the test files hold
strong peaks only, so the two kinds of result are not to be compared.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save_file

from varbind.gate import optional_import
from varbind.train.binding import TrainingSetting, binding_auc, train_binding
from varbind.train.datasets import read_peak_sequences, shuffled_negatives, split_rows

if TYPE_CHECKING:
    from varbind.core.network import DeepBindStack
    from varbind.core.sequence import Codes

PROTEINS = Path(__file__).with_name("proteins.tsv")
SETTING = TrainingSetting()
SEED = 1
HELD_OUT_FRACTION = 0.2


@dataclass(frozen=True, slots=True)
class Examples:
    """What one protein is trained and tested on: base codes, (N, L) each."""

    training: tuple[Codes, Codes]
    testing: tuple[Codes, Codes]
    held_out: str


def main() -> None:
    """Train what is missing, one model after the other."""
    parser = argparse.ArgumentParser(description="Train the networks of the starter bank.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/chipseq-deepbind"))
    parser.add_argument("--models", help="comma-separated model ids; default all")
    options = parser.parse_args()
    # The order of a sum depends on the number of threads: with one thread the bytes do not.
    optional_import("torch", needed_for="training").set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    with PROTEINS.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    wanted = options.models.split(",") if options.models else [row["model_id"] for row in rows]
    for row in rows:
        if row["model_id"] in wanted and not _is_done(options.output, row["model_id"]):
            _train(row, data=options.data, output=options.output)


def _is_done(output: Path, model_id: str) -> bool:
    card = output / f"{model_id}.json"
    if not (card.exists() and card.with_suffix(".safetensors").exists()):
        return False
    training = json.loads(card.read_text(encoding="utf-8"))["training"]
    return (training["setting"], training["seed"]) == (_as_json(asdict(SETTING)), SEED)


def _train(row: dict[str, str], *, data: Path, output: Path) -> None:
    started = time.monotonic()
    examples = _examples(row, data)
    positives, negatives = examples.training
    trained = train_binding(positives, negatives, setting=SETTING, seed=SEED)
    held_out_auc = binding_auc(trained.arrays, examples.testing[0], negatives=examples.testing[1])
    training = {
        "held_out_auc": round(held_out_auc, 4),
        "held_out": examples.held_out,
        "held_out_peaks": len(examples.testing[0]),
        "held_out_shuffles": len(examples.testing[1]),
        "peaks": len(positives),
        "validation_auc": round(trained.validation_auc, 4),
        "trial": trained.trial,
        "steps": trained.steps,
        "setting": asdict(SETTING),
        "seed": SEED,
        "seconds": round(time.monotonic() - started, 1),
        "data": row["peaks"],
        "origin": row["origin"],
        "licence": row["licence"],
    }
    card = {
        **{key: row[key] for key in ("model_id", "protein", "family", "experiment")},
        "species": "Homo sapiens",
        "assay": "ChIP-seq",
        "default": row["sequence_specific"] == "yes",
        "shape": asdict(trained.shape),
        "training": training,
    }
    _write(output / row["model_id"], trained.stack(row["model_id"]), card)
    print(f"{row['model_id']}\t{held_out_auc:.4f}\t{len(positives)}\t{training['seconds']}", flush=True)


def _examples(row: dict[str, str], data: Path) -> Examples:
    rng = np.random.default_rng(SEED)
    peaks = read_peak_sequences(data / row["peaks"]).positives
    if row["test_peaks"]:
        test = read_peak_sequences(data / row["test_peaks"])
        training = (peaks, shuffled_negatives(peaks, rng))
        return Examples(training, (test.positives, test.negatives), held_out="test file, strong peaks")
    kept, held = split_rows(len(peaks), rng, fraction=HELD_OUT_FRACTION)
    shuffles = shuffled_negatives(peaks, rng)
    return Examples(
        training=(peaks[kept], shuffles[kept]),
        testing=(peaks[held], shuffles[held]),
        held_out="random fifth of all peaks",
    )


def _write(stem: Path, stack: DeepBindStack, card: dict[str, Any]) -> None:
    """The card last and by renaming: its presence means that the model is complete."""
    save_file({name: getattr(stack, name) for name in stack.array_names()}, f"{stem}.safetensors")
    unfinished = Path(f"{stem}.json.part")
    unfinished.write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    unfinished.rename(f"{stem}.json")


def _as_json(values: dict[str, Any]) -> Any:
    """The values as they come back from a file: tuples as lists."""
    return json.loads(json.dumps(values))


if __name__ == "__main__":
    main()
