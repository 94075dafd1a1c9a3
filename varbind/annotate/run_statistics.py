"""The statistics of a run, which `--stats` writes: counts, inputs with digests, times and a histogram of PHRED."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from varbind._version import __version__
from varbind.annotate.counts import PHRED_BIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.inputs import Inputs
    from varbind.bank.bank import Bank
    from varbind.bank.model_card import BankCard
    from varbind.effect.effect_model import EffectCard
    from varbind.effect.second_stage import SecondStage

__all__ = ["RunClock", "RunStatistics"]


@dataclass(frozen=True, slots=True)
class RunClock:
    """Measures the time of a run from the moment at which it is made.

    Attributes:
        started: the time of day in UTC.
        wall: the time in seconds of a clock that is never set.
        cpu: the processor time in seconds of all threads of the process.
    """

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)

    def as_json(self, scored: int) -> dict[str, Any]:
        """The start, the time until now and the rate.

        Args:
            scored: the number of alleles that were scored.
        """
        wall = time.perf_counter() - self.wall
        return {
            "started": self.started.isoformat(timespec="seconds"),
            "wall_seconds": round(wall, 3),
            "cpu_seconds": round(time.process_time() - self.cpu, 3),
            "alleles_per_second": round(scored / max(wall, 1e-9), 1),
        }


@dataclass(frozen=True, slots=True)
class RunStatistics:
    """What is known about a run besides its counts.

    Attributes:
        inputs: the opened inputs.
        models: the models whose losses and gains are listed.
        second: the second stage; None = there is none.
        tracks: the bigWig files of conservation by the names of the tracks.
        clock: the clock that was started with the run.
    """

    inputs: Inputs
    models: Bank
    second: SecondStage | None
    tracks: Mapping[str, str]
    clock: RunClock

    def as_json(self, counts: AnnotationCounts) -> dict[str, Any]:
        """All statistics, after the last record has been read."""
        has_phred = self.second is not None and "PHRED" in self.second.keys.names
        return {
            **counts.as_json(),
            "phred_histogram": _histogram(counts) if has_phred else None,
            "version": __version__,
            "inputs": self._inputs(),
            **self.clock.as_json(counts.scored),
        }

    def _inputs(self) -> dict[str, Any]:
        variants, genome = self.inputs.variants, self.inputs.genome
        effect = self.second.effect.card if self.second else None
        return {
            "variants": {"file": Path(variants.name).name, "sha256": variants.sha256},
            "reference": {
                "file": Path(genome.path).name,
                "sha256_of_names_and_lengths": _digest_of_contigs(genome.contigs),
            },
            "genes": [{"file": table.name, "sha256": table.sha256} for table in self.inputs.genes],
            "banks": [_card(card) for card in self.models.cards],
            "effect": _card(effect) if effect else None,
            "conservation": {name: Path(path).name for name, path in self.tracks.items()},
        }


def _card(card: BankCard | EffectCard) -> dict[str, Any]:
    return {"name": card.name, "version": card.version, "sha256": card.digests.get("weights.safetensors")}


def _digest_of_contigs(contigs: Mapping[str, int]) -> str:
    """The SHA-256 of the names and lengths of the contigs, as in the first two columns of a `.fai`."""
    text = "".join(f"{name}\t{length}\n" for name, length in contigs.items())
    return hashlib.sha256(text.encode()).hexdigest()


def _histogram(counts: AnnotationCounts) -> dict[str, Any]:
    """The number of alleles in each bin of PHRED, from 0 to the largest."""
    bins = counts.phred_bins
    return {"bin_width": PHRED_BIN, "alleles": [bins[place] for place in range(max(bins, default=-1) + 1)]}
