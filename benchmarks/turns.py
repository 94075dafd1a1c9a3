"""Alternating measurements of several methods, so that a disturbance affects all methods of a round.

On a shared machine, ratios within a round are more reliable than times. The wall-clock and processor seconds of every
round are stored.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Rates", "Spent", "Way", "take_turns", "timed"]


@dataclass(frozen=True, slots=True)
class Spent:
    """Wall-clock seconds, and processor seconds of the whole process."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Way:
    """One method.

    Attributes:
        name: short and unique.
        what: one line for a reader.
        measure: does it once and says what it took.
        variants: how many it does; a slow way does fewer than the others.
    """

    name: str
    what: str
    measure: Callable[[], Spent]
    variants: int


@dataclass(frozen=True, slots=True)
class Rates:
    """The time of several methods, round by round.

    Attributes:
        ways: by name.
        rounds: seconds by name of the way.
    """

    ways: dict[str, Way]
    rounds: dict[str, list[Spent]]

    def rate(self, name: str, *, wall: bool = False) -> float:
        """Median number of variants per second of processor time, or of wall-clock time."""
        return statistics.median(self._rates(name, wall=wall))

    def ratio(self, name: str, to: str) -> float:
        """Median over the rounds of how many times faster one way was than another, by the processor's time."""
        pairs = zip(self._rates(name, wall=False), self._rates(to, wall=False), strict=True)
        return statistics.median(one / other for one, other in pairs)

    def gains(self, name: str, over: str) -> list[float]:
        """How many times faster one way was than another by the clock, round by round."""
        pairs = zip(self._rates(name, wall=True), self._rates(over, wall=True), strict=True)
        return [one / other for one, other in pairs]

    def as_json(self, baseline: str) -> dict[str, Any]:
        """Every way with its raw seconds, its rate and its ratio to one of them."""
        return {
            name: {
                "what": way.what,
                "variants": way.variants,
                "wall_seconds": [spent.wall for spent in self.rounds[name]],
                "cpu_seconds": [spent.cpu for spent in self.rounds[name]],
                "variants_per_cpu_second": self.rate(name),
                "variants_per_second": self.rate(name, wall=True),
                "ratio": self.ratio(name, baseline),
            }
            for name, way in self.ways.items()
        }

    def _rates(self, name: str, *, wall: bool) -> list[float]:
        variants = self.ways[name].variants
        return [variants / (spent.wall if wall else spent.cpu) for spent in self.rounds[name]]


def timed(call: Callable[[], object]) -> Callable[[], Spent]:
    """The same call, saying what it took."""

    def measure() -> Spent:
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        return Spent(time.perf_counter() - wall, time.process_time() - cpu)

    return measure


def take_turns(ways: Iterable[Way], rounds: int) -> Rates:
    """Measure every method once per round, after a round that is not counted."""
    by_name = {way.name: way for way in ways}
    spent: dict[str, list[Spent]] = {name: [] for name in by_name}
    for round_number in range(rounds + 1):
        for name, way in by_name.items():
            took = way.measure()
            if round_number:
                spent[name].append(took)
    return Rates(by_name, spent)
