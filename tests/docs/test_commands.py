"""The command reference is what the code says."""

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PROGRAM = "import runpy, sys; sys.stdout.write(runpy.run_path(sys.argv[1])['reference']())"


def test_reference_is_up_to_date():
    # In a process of its own: click keeps the help option of a command that has run here.
    command = [sys.executable, "-c", PROGRAM, DOCS / "commands.py"]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert made == (DOCS / "commands.md").read_text(encoding="utf-8"), "run python docs/commands.py"
