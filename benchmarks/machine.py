"""A description of the machine, and the rate at which it loads and adds."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from varbind.kernels.cpu.simd import LANES, add, load, store

__all__ = ["LoadAdds", "describe"]

FLAGS = ("avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni")
PACKAGES = ("numpy", "numba", "llvmlite", "torch", "pysam")
ROWS = 16
VECTORS = 8


def describe() -> dict[str, Any]:
    """The properties of the machine that are needed to judge the numbers, without its name."""
    fields: dict[str, str] = {}
    about = Path("/proc/cpuinfo")
    if about.exists():
        pairs = (line.partition(":") for line in about.read_text(encoding="utf-8").splitlines())
        fields = {name.strip(): value.strip() for name, _, value in pairs}
    flags = set(fields.get("flags", "").split())
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": fields.get("model name", platform.processor()),
        "flags": [flag for flag in FLAGS if flag in flags],
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "lanes": LANES,
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@njit(error_model="numpy", nogil=True)
def _load_and_add(table: Any, codes: Any, rounds: int, total: Any) -> None:
    """Rows of eight vectors out of a small table, in random order, added to eight sums.

    The sums are independent, so nothing but loading and adding bounds it. Were they a walk's partial sums,
    of which only the last is used, most would be optimised away.
    """
    a = b = c = d = e = f = g = h = load(table, 0)
    for _ in range(rounds):
        for at in range(len(codes)):
            row = codes[at] * (VECTORS * LANES)
            a = add(a, load(table, row))
            b = add(b, load(table, row + LANES))
            c = add(c, load(table, row + 2 * LANES))
            d = add(d, load(table, row + 3 * LANES))
            e = add(e, load(table, row + 4 * LANES))
            f = add(f, load(table, row + 5 * LANES))
            g = add(g, load(table, row + 6 * LANES))
            h = add(h, load(table, row + 7 * LANES))
    store(total, 0, add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h))))


class LoadAdds:
    """Loads of whole vectors from first-level cache, each added to a sum.

    Attributes:
        count: how many a call does.
    """

    def __init__(self, rounds: int) -> None:
        size = ROWS * VECTORS * LANES  # 8 KiB: a quarter of the smallest first-level cache in use
        memory = np.zeros(size + LANES, dtype=np.int32)
        offset = (-memory.ctypes.data // memory.itemsize) % LANES
        self._table = memory[offset : offset + size]
        self._codes = np.random.default_rng(0).integers(0, ROWS, 512).astype(np.uint8)
        self._total = np.zeros(LANES, dtype=np.int32)
        self._rounds = rounds
        self.count = rounds * len(self._codes) * VECTORS

    def __call__(self) -> None:
        """Do the loads and additions once."""
        _load_and_add(self._table, self._codes, self._rounds, self._total)
