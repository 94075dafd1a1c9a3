"""The time of `varbind annotate`, stage by stage.

The functions that carry a stage are wrapped with a clock of this thread's processor time, and the run has one
thread, so nothing overlaps and nothing that other processes do is counted. A stage within another one counts
for itself alone. Iterators are timed while they are advanced. What other threads did, none as far as is known,
is told apart. Shares are of what grows with the records: from the seconds of a long run those of a run of ten
records are taken away, for opening the inputs, laying the models out and sorting the background are done once.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from material import write_files

from varbind.annotate.annotator import Annotator
from varbind.annotate.inputs import Inputs
from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotate_vcf import annotate_vcf
from varbind.bank.binding_changes import BindingEffects
from varbind.io.output.output_file import Destination
from varbind.io.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from material import Files

    from varbind.bank.bank import Bank

__all__ = ["STAGES", "measure_annotation"]

STAGES = {
    "reading and triage": (Inputs, "checked_pieces"),
    "FASTA": (Reference, "fetch"),
    "windows": (Annotator, "windows"),
    "scoring": (Annotator, "score"),
    "effects and PHRED": (BindingEffects, "describe"),
    "formatting": (Annotator, "lines"),
    "writing": (Destination, "write"),
    "finishing the file": (Destination, "commit"),
}
"""The functions of each stage, by the name of the stage."""

REST, ELSEWHERE = "the rest", "other threads"
ITERATORS = {"reading and triage"}
PARTS = (*STAGES, REST, ELSEWHERE)
FEW = 10


class Stages:
    """Seconds of each stage, without the stages that it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._within: list[str] = []
        self._since = time.thread_time()

    def call(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The method, with its time added to a stage."""

        def method(owner: Any, *arguments: Any, **options: Any) -> Any:
            self._enter(name)
            try:
                result = function(owner, *arguments, **options)
            finally:
                self._leave()
            return self._advanced(name, result) if name in ITERATORS else result

        return method

    def _advanced(self, name: str, items: Iterable[Any]) -> Iterator[Any]:
        iterator = iter(items)
        while True:
            self._enter(name)
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self._leave()
            yield item

    def _enter(self, name: str) -> None:
        self.count()
        self._within.append(name)

    def _leave(self) -> None:
        self.count()
        self._within.pop()

    def count(self) -> None:
        """Add the seconds since the last call to the current stage."""
        now = time.thread_time()
        name = self._within[-1] if self._within else REST
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now


def _stages(bank: Bank, files: Files, output: Path, *, everywhere: bool) -> dict[str, float]:
    """Seconds of each stage of one run."""
    settings = AnnotateSettings(everywhere=everywhere, proteins=("all",), device="cpu", threads=1)
    genes = None if everywhere else files.genes
    process = time.process_time()
    stages = Stages()
    thread = time.thread_time()
    with ExitStack() as stack:
        for name, (owner, method) in STAGES.items():
            stack.enter_context(patch.object(owner, method, stages.call(name, getattr(owner, method))))
        annotate_vcf(files.vcf, output, reference=files.fasta, bank=bank, genes=genes, settings=settings)
    stages.count()
    elsewhere = (time.process_time() - process) - (time.thread_time() - thread)
    return stages.seconds | {ELSEWHERE: max(elsewhere, 0.0)}


def measure_annotation(banks: Mapping[str, Bank], folder: Path, *, records: int, rounds: int) -> dict[str, Any]:
    """Shares of the stages with each bank, of every record and of those in promoters; medians over rounds."""
    few, many = write_files(folder / "few", FEW), write_files(folder / "many", FEW + records)
    runs = {
        f"{name}, {'everywhere' if everywhere else 'promoters'}": (bank, everywhere)
        for name, bank in banks.items()
        for everywhere in (True, False)
    }
    once: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    growing: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    for round_number in range(rounds + 1):
        for name, (bank, everywhere) in runs.items():
            short, long = (_stages(bank, files, folder / "out.vcf.gz", everywhere=everywhere) for files in (few, many))
            if round_number:  # the first round compiles or loads kernels
                once[name].append(short)
                growing[name].append({part: long.get(part, 0.0) - short.get(part, 0.0) for part in PARTS})
    return {
        name: {
            "models": len(bank.models),
            "records": records,
            "once_seconds": once[name],
            "growing_seconds": growing[name],
            "once": _medians(once[name]),
            "growing": _medians(growing[name]),
            "shares": _shares(_medians(growing[name])),
        }
        for name, (bank, _) in runs.items()
    }


def _medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Seconds of each part of a run; none is negative."""
    return {part: max(statistics.median(run.get(part, 0.0) for run in rounds), 0.0) for part in PARTS}


def _shares(seconds: Mapping[str, float]) -> dict[str, float]:
    total = sum(seconds.values())
    return {part: spent / total for part, spent in seconds.items()}
