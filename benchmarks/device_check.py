"""Check and measure the GPU path as soon as there is a device, in at most eight minutes.

python benchmarks/device_check.py [--device cuda] [--wait MINUTES] [--minutes 8]

It waits for a device, then runs the self-test of the shipped bank, the tests that need a device, and benchmarks/gpu.py
in small sizes, in this order. It prints what each step printed and one line for each step at the end, and ends with 1
where a step failed or no time was left for it, and with 2 where no device came.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS_BETWEEN_LOOKS = 15
LOOK = "import sys, torch; sys.exit(not torch.cuda.is_available())"


@dataclass(frozen=True, slots=True)
class Step:
    """A program, and the largest share of the remaining time that it may take."""

    name: str
    words: tuple[str, ...]
    share: float = 1.0


def main() -> int:
    """Wait, run all steps, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="torch:cpu only tries whether this program works")
    parser.add_argument("--bank", default="default", help="folder or name of the bank")
    parser.add_argument("--wait", type=float, default=0, metavar="MINUTES", help="how long to wait for a device")
    parser.add_argument("--minutes", type=float, default=8, help="time for all steps together")
    options = parser.parse_args()
    if options.device.startswith("cuda") and not found_device(60 * options.wait):
        print("not checked: no CUDA device")
        return 2
    end = time.monotonic() + 60 * options.minutes
    outcomes = {step.name: run(step, end) for step in steps(options.device, options.bank)}
    print("\n".join(f"{name}: {outcome}" for name, outcome in outcomes.items()))
    return int(any(not outcome.startswith("ok") for outcome in outcomes.values()))


def steps(device: str, bank: str) -> list[Step]:
    """The steps. The self-test is the first one, because the rate of wrong scores is not of interest."""
    selftest = (
        "import sys; from varbind.io.banks import load_bank; from varbind.scoring.selftest import run_selftest; "
        "result = run_selftest(load_bank(sys.argv[1]), device=sys.argv[2]); print(result); sys.exit(not result.passed)"
    )
    tests = ("tests/unit/kernels/gpu", "tests/unit/scoring", "tests/unit/train")
    return [
        Step("self-test", ("-c", selftest, bank, device), 0.4),
        Step("tests", ("-m", "pytest", "-q", "-m", "cuda", *(str(ROOT / folder) for folder in tests)), 0.6),
        Step("rates", (str(ROOT / "benchmarks/gpu.py"), bank, "--device", device, "--sites", "256", "--rounds", "2")),
    ]


def found_device(seconds: float) -> bool:
    """Look for a device until there is one; each attempt is a new process, because torch looks only once."""
    end = time.monotonic() + seconds
    while subprocess.run([sys.executable, "-c", LOOK], check=False).returncode:
        if time.monotonic() >= end:
            return False
        time.sleep(min(SECONDS_BETWEEN_LOOKS, max(0.0, end - time.monotonic())))
    return True


def run(step: Step, end: float) -> str:
    """Run a step within its share of the remaining time, and return `ok` or the failure, and the seconds it took."""
    left = step.share * (end - time.monotonic())
    if left <= 0:
        return "no time was left"
    print(f"== {step.name}", flush=True)
    start = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    try:
        code = subprocess.run(
            [sys.executable, *step.words], cwd=ROOT, env=environment, timeout=left, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        return f"not finished in {left:.0f} s"
    return f"{'ok' if code == 0 else f'failed with {code}'}, {time.monotonic() - start:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
