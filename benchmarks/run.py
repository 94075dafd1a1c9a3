"""All benchmarks of the CPU path in one run: results.json and results.md, as ratios.

python benchmarks/run.py BANK [--rounds 5] [--variants 256] [--quick] -o FOLDER

BANK is a bank's folder or `default`. The full run takes a quarter of an hour with 927 models; --quick only
shows that everything works, its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotation import measure_annotation
from efficiency import measure_efficiency, measure_threads
from goals import goals
from machine import describe
from material import SEED
from scaling import measure_scaling
from startup import measure_memory, measure_startup
from table import markdown
from ways import measure_ways

from varbind.io.banks import DEFAULT_BANK, load_bank

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOWS = {"window 101": 101, "own windows": None}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The amount of work to measure."""

    rounds: int
    variants: int
    records: int
    memory: tuple[int, ...]
    scaled: int
    windows: tuple[str, ...]
    shipped: bool


def main() -> None:
    """Measure everything, print the document, write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", metavar="BANK")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variants", type=int, default=256)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("-o", dest="output", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    sizes = Sizes(
        options.rounds, options.variants, 4_000, (500, 2_000, 8_000), options.variants, tuple(WINDOWS), shipped=True
    )
    if options.quick:
        sizes = Sizes(1, 16, 20, (10, 20), 4, ("window 101",), shipped=False)
    with tempfile.TemporaryDirectory() as scratch:
        results = measure(options.bank, sizes, Path(scratch))
    results["settings"]["command"] = " ".join(["benchmarks/run.py", "BANK", *(["--quick"] if options.quick else [])])
    results["goals"] = [goal.as_json() for goal in goals(results)]
    options.output.mkdir(parents=True, exist_ok=True)
    document = markdown(results)
    (options.output / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (options.output / "results.md").write_text(document, encoding="utf-8")
    print(document)


def measure(name: str, sizes: Sizes, scratch: Path) -> dict[str, Any]:
    """Measure all parts, one after the other; within a part the methods alternate."""
    bank = load_bank(name)
    names = {"bank": name, **({"shipped": DEFAULT_BANK} if sizes.shipped else {})}
    banks = {key: load_bank(value) for key, value in names.items()}
    before = _load()
    windows = {window: WINDOWS[window] for window in sizes.windows}
    rounds, variants = sizes.rounds, sizes.variants
    parts: dict[str, Callable[[], Any]] = {
        "scoring": lambda: {
            window: measure_ways(name, bank, length, variants=variants, rounds=rounds, cache=scratch / "narrow")
            for window, length in windows.items()
        },
        "efficiency": lambda: {
            window: measure_efficiency(bank, length, variants=variants, rounds=rounds)
            for window, length in windows.items()
        },
        "threads": lambda: measure_threads(bank, 101, variants=variants, rounds=4 * rounds),
        "scaling": lambda: measure_scaling(bank, variants=sizes.scaled, rounds=rounds),
        "annotation": lambda: measure_annotation(banks, scratch, records=sizes.records, rounds=rounds),
        "startup": lambda: measure_startup(names, scratch, rounds=min(rounds, 5)),
        "memory": lambda: measure_memory(name, scratch, records=sizes.memory),
    }
    results: dict[str, Any] = {"machine": describe()}
    for part, run in parts.items():
        start = time.perf_counter()
        results[part] = run()
        print(f"{part}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    results["settings"] = {
        "models": len(bank.models),
        "variants": variants,
        "rounds": rounds,
        "seed": SEED,
        "load_before": before,
        "load_after": _load(),
    }
    return results


def _load() -> float:
    """Mean number of processes that waited for or used a processor during the last minute."""
    return round(os.getloadavg()[0], 1)


if __name__ == "__main__":
    main()
