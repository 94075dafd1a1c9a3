"""A process that emulates AVX2: its compilers assume registers of eight 32-bit numbers. It scores on request.

It takes turns with the other ways: for each line it reads it does one way once and says what that took. Emulated:
the processor is the same, only its wider registers are left idle.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch
from material import both_alleles, cut_to, digest, draw_windows, with_window
from turns import Spent, Way, timed

from varbind.io.banks import load_bank
from varbind.scoring.ensemble import Ensemble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["NarrowProcess", "narrow_process"]

FEATURES = "+avx2,+avx,+sse4.2,+sse4.1,+ssse3,+sse3,+sse2,+sse,+64bit,+cmov,+cx8,+fxsr,+mmx"
ENVIRONMENT = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": FEATURES,
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}


class NarrowProcess:
    """The connection to the process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def way(self, name: str, what: str, variants: int) -> Way:
        """One of its methods: `kernel-avx2` or `loop-avx2`."""

        def measure() -> Spent:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps({"way": name, "variants": variants}) + "\n")
            self._process.stdin.flush()
            return Spent(**self.answer())

        return Way(name, what, measure, variants)

    def answer(self) -> dict[str, Any]:
        """The next line that it writes: first its lanes and the digest of its scores, then answers to requests.

        Raises:
            RuntimeError: the process has ended.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process with narrow registers has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def narrow_process(bank: str, window: int | None, variants: int, cache: Path) -> Iterator[NarrowProcess | None]:
    """Start the process for some models; None if the processor is not an x86-64 processor."""
    if platform.machine() != "x86_64":
        yield None
        return
    environment = {**os.environ, **ENVIRONMENT, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, __file__, json.dumps({"bank": bank, "window": window, "variants": variants})]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield NarrowProcess(process)
        finally:
            process.kill()


def main() -> None:
    """Answer requests until there are no more."""
    # Here, because the imports of whoever starts this process must not need torch's settings.
    from formulations import Loop  # noqa: PLC0415

    from varbind.kernels.cpu.simd import LANES  # noqa: PLC0415

    torch.set_num_threads(1)
    about = json.loads(sys.argv[1])
    bank = load_bank(about["bank"])
    stacks = with_window(bank.stacks, about["window"])
    ensemble = Ensemble(stacks, bank.model_ids, threads=1, compiled=True)
    windows = cut_to(draw_windows(about["variants"], max(ensemble.windows)), ensemble.windows)
    loop = Loop(stacks)
    print(json.dumps({"lanes": LANES, "digest": digest(ensemble.score_windows(windows))}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        some = {length: group[: request["variants"]] for length, group in windows.items()}
        calls = {
            "kernel-avx2": lambda some=some: ensemble.score_windows(some),
            "loop-avx2": lambda some=some: loop.score(both_alleles(some), 256),
        }
        print(json.dumps(asdict(timed(calls[request["way"]])())), flush=True)


if __name__ == "__main__":
    main()
