"""Time and memory of a command, measured as the only child of a small process.

python benchmarks/child.py COMMAND [ARGUMENT ...] prints JSON. Linux counts into a new process's peak memory what
the process that started it held at that moment, so whoever starts it must be small.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

__all__ = ["Child", "run_child", "run_command"]


@dataclass(frozen=True, slots=True)
class Child:
    """Wall-clock and processor seconds, peak memory in MiB, and the text on standard error."""

    wall: float
    cpu: float
    peak: float
    talk: str


def run_child(arguments: list[str], *, environment: dict[str, str]) -> Child:
    """Run this Python with some arguments; its standard output is discarded.

    Raises:
        RuntimeError: it failed.
    """
    return run_command([sys.executable, *arguments], environment=environment)


def run_command(words: list[str], *, environment: dict[str, str]) -> Child:
    """Run a program; its standard output is discarded.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, __file__, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    took = json.loads(done.stdout)
    if took.pop("status"):
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
    return Child(**took, talk=done.stderr)


def main() -> None:
    """Run the command and print its time and memory."""
    start = time.perf_counter()
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = status  # it has been waited for
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    took = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / unit, "status": status}
    print(json.dumps(took))


if __name__ == "__main__":
    main()
