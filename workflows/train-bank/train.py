"""Train a network of every protein with enough bound regions, each with automatic calibration.

    python workflows/train-bank/train.py DATA STATE [--proteins A,B] [--least 200] [--threads 2]

DATA is the folder of labelled regions (`regions.py`). STATE receives, for each protein, PROTEIN.safetensors (the
networks of the best settings, the best first) and PROTEIN.json (settings and the log of all ratings). A protein that
is there is left alone, so a stopped run goes on where it was, to the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from regions import Regions
from safetensors.numpy import save_file

from varbind.core.network import DeepBindStack
from varbind.train.calibration import Calibration, calibrate

if TYPE_CHECKING:
    from concurrent.futures import Executor

CALIBRATION = Calibration(kept=3)


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--proteins", help="only these, comma-separated")
    parser.add_argument("--least", type=int, default=200, help="bound regions on the training chromosomes")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.state.mkdir(parents=True, exist_ok=True)
    regions = Regions.read(options.data)
    counts = {protein: len(regions.rows(protein, 1, held_out=False)) for protein in regions.proteins}
    names = options.proteins.split(",") if options.proteins else [p for p, n in counts.items() if n >= options.least]
    with ThreadPoolExecutor(options.threads) as threads:
        for number, protein in enumerate(names, start=1):
            if not (options.state / f"{protein}.json").exists():
                took = train(regions, protein, options.state, threads)
                sys.stderr.write(f"{number}/{len(names)} {protein}: {counts[protein]} bound, {took:.0f} s\n")


def train(regions: Regions, protein: str, state: Path, threads: Executor) -> float:
    """Train one protein; the seconds it took."""
    start = time.monotonic()
    seed = zlib.crc32(protein.encode())
    data = regions.training_data(protein, seed)
    stacks, settings, log = calibrate(data, CALIBRATION, model_id=protein, seed=seed, threads=threads)
    arrays = {f"{i}.{name}": getattr(s, name) for i, s in enumerate(stacks) for name in DeepBindStack.array_names()}
    written = state / f"{protein}.partial"
    save_file(arrays, written)
    written.rename(state / f"{protein}.safetensors")
    took = time.monotonic() - start
    text = {
        "protein": protein,
        "seed": seed,
        "calibration": asdict(CALIBRATION),
        "bound": int(data.targets.sum()),
        "shapes": [asdict(stack.shape) for stack in stacks],
        "settings": [setting.as_dict() for setting in settings],
        "log": [asdict(row) for row in log],
        "seconds": round(took, 1),
    }
    written.write_text(json.dumps(text, indent=1), encoding="utf-8")
    written.rename(state / f"{protein}.json")  # last: this file says that the protein is done
    return took


if __name__ == "__main__":
    main()
