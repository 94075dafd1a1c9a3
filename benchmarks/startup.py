"""The time and the imports of short runs, and the peak memory of long runs, each in a new process."""

from __future__ import annotations

import os
import re
import statistics
from typing import TYPE_CHECKING, Any

from child import run_child
from material import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from child import Child
    from material import Files

__all__ = ["measure_memory", "measure_startup"]

HEAVY_SECONDS = 0.01
MANY = 1_000
"""Number of records for which the compiled kernels are used."""

IMPORTED = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)$", re.MULTILINE)


def _environment(**more: str) -> dict[str, str]:
    """As for a user whose modules are compiled to bytecode once; kernels are kept where the package keeps them."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | more


def _annotate(files: Files, bank: str, *options: str) -> list[str]:
    words = ["-m", "varbind", "annotate", str(files.vcf), "-f", str(files.fasta), "--everywhere", "-o", os.devnull]
    return [*words, "-O", "v", "--bank", bank, "--proteins", "all", "--device", "cpu", "--quiet", *options]


def _summed_up(children: Sequence[Child]) -> dict[str, Any]:
    return {
        "wall_seconds": [child.wall for child in children],
        "cpu_seconds": [child.cpu for child in children],
        "wall": statistics.median(child.wall for child in children),
        "cpu": statistics.median(child.cpu for child in children),
    }


def measure_startup(banks: Mapping[str, str], folder: Path, *, rounds: int) -> dict[str, Any]:
    """Medians of runs that take turns, after a round that fills the caches; the cold runs are one each.

    Args:
        banks: folders or names of banks.
        folder: for files.
        rounds: after the one that warms up; a single one is done without.
    """
    few, many = write_files(folder / "few", 10), write_files(folder / "many", MANY)
    commands = {name: _annotate(few, bank) for name, bank in banks.items()}
    commands |= {f"{name}, many": _annotate(many, bank) for name, bank in banks.items()}
    everything = {"help": ["-m", "varbind", "--help"], **commands}
    took: dict[str, list[Child]] = {name: [] for name in everything}
    warm_up = min(rounds - 1, 1)
    for round_number in range(rounds + warm_up):
        for name, command in everything.items():
            child = run_child(command, environment=_environment())
            if round_number >= warm_up:
                took[name].append(child)
    results: dict[str, Any] = {name: _summed_up(children) for name, children in took.items()}
    for name, command in commands.items():
        cold = _environment(NUMBA_CACHE_DIR=str(folder / f"cold-{name}"))
        results[f"{name}, cold"] = _summed_up([run_child(command, environment=cold)])
    return results | {"imports": _imports(commands["bank, many"])}


def _imports(command: list[str]) -> dict[str, Any]:
    """Packages by the seconds that their own modules take to import, and whether torch is among them."""
    talk = run_child(["-X", "importtime", *command], environment=_environment()).talk
    seconds: dict[str, float] = {}
    for microseconds, module in IMPORTED.findall(talk):
        package = module.partition(".")[0]
        seconds[package] = seconds.get(package, 0.0) + int(microseconds) / 1e6
    heavy = {name: spent for name, spent in seconds.items() if spent >= HEAVY_SECONDS}
    return {
        "heavy": dict(sorted(heavy.items(), key=lambda pair: -pair[1])),
        "packages": len(seconds),
        "torch": "torch" in seconds,
    }


def measure_memory(bank: str, folder: Path, *, records: Sequence[int]) -> dict[str, Any]:
    """Peak memory of annotating more and more records."""
    peaks = {}
    for count in records:
        files = write_files(folder / f"records-{count}", count)
        peaks[str(count)] = run_child(_annotate(files, bank), environment=_environment()).peak
    return {"peak_mib": peaks}
