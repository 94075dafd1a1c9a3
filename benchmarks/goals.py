"""The goals, as ratios within one run, and the measured values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Goal", "goals"]

FILES = ("reading and triage", "FASTA", "writing", "finishing the file")

SECOND_THREAD = 1.8
"""To gain; where the machine itself does not give as much, because others use it, it cannot be measured."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One number to reach.

    Attributes:
        what: in a few words.
        goal: the limit.
        measured: None where it was not measured.
        at_least: whether the limit is a minimum or a maximum.
        unit: of both.
    """

    what: str
    goal: float
    measured: float | None
    at_least: bool
    unit: str = "x"

    @property
    def is_met(self) -> bool | None:
        """The measured value; None if it was not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal

    def as_json(self) -> dict[str, Any]:
        """The goal, and whether it is met."""
        return asdict(self) | {"met": self.is_met}


def goals(results: Mapping[str, Any]) -> list[Goal]:
    """Every goal that this run measures."""
    return [*_of_scoring(results), *_of_annotation(results), *_of_processes(results)]


def _of_scoring(results: Mapping[str, Any]) -> Iterator[Goal]:
    scoring = results["scoring"]["window 101"]
    ways, gains, agreement = scoring["ways"], scoring["gains"], scoring["agreement"]
    narrow = ways.get("kernel-avx2", {}).get("ratio")
    share = results["efficiency"]["window 101"]
    exact = all(agreement["same_bytes"].values())
    yield Goal("kernel to loop of 256, one thread", 25, ways["kernel"]["ratio"], at_least=True)
    yield Goal("kernel to loop one by one", 110, gains["kernel_to_loop_1"], at_least=True)
    yield Goal("kernel with AVX2 to loop of 256 with AVX-512", 16, narrow, at_least=True)
    yield Goal("kernel with AVX2 to loop of 256 with AVX2", 16, gains.get("avx2_to_avx2_loop"), at_least=True)
    yield Goal("without numba to loop of 256", 3, ways["numpy"]["ratio"], at_least=True)
    yield Goal("share of the machine's loads and adds", 0.6, share["share_of_machine"], at_least=True, unit="")
    yield Goal("changed positions to whole", 1.5, gains["kernel_to_whole"], at_least=True)
    threads = results["threads"]
    measurable = threads["machine_gain"] >= SECOND_THREAD
    yield Goal("second thread", SECOND_THREAD, threads["kernel_gain"] if measurable else None, at_least=True)
    yield Goal("same bytes in every exact way", 1, float(exact), at_least=True, unit="")
    error = agreement["largest_difference"]["kernel"]
    yield Goal("difference from double precision", 1e-5, error, at_least=False, unit="")
    yield Goal("heads, of scoring", 0.05, share["share_of_time"]["heads"], at_least=False, unit="")


def _of_annotation(results: Mapping[str, Any]) -> Iterator[Goal]:
    shares = results["annotation"]["bank, everywhere"]["shares"]
    rest = 1 - shares["scoring"]
    files = sum(shares[stage] for stage in FILES)
    yield Goal("everything but scoring, of annotating", 0.1, rest, at_least=False, unit="")
    yield Goal("VCF and FASTA, of annotating", 0.02, files, at_least=False, unit="")


def _of_processes(results: Mapping[str, Any]) -> Iterator[Goal]:
    startup, peaks = results["startup"], results["memory"]["peak_mib"]
    sizes = sorted(peaks, key=int)
    yield Goal("`varbind --help`, processor", 0.2, startup["help"]["cpu"], at_least=False, unit="s")
    for key, bank in (("shipped", "shipped"), ("bank", "this")):
        quickest = min(startup[key]["wall_seconds"]) if key in startup else None
        yield Goal(f"ten variants, {bank} bank, kernels cached, quickest run", 1, quickest, at_least=False, unit="s")
    yield Goal("torch imported", 0, float(startup["imports"]["torch"]), at_least=False, unit="")
    yield Goal("peak memory", 1024, max(peaks.values()), at_least=False, unit="MiB")
    growth = peaks[sizes[-1]] / peaks[sizes[0]]
    yield Goal(f"peak memory of {sizes[-1]} records to that of {sizes[0]}", 1.1, growth, at_least=False)
