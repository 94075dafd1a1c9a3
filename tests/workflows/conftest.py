"""The scripts of the workflows, which are imported by name."""

import sys
from pathlib import Path

SCRIPTS = ("train-bank", "experiments/deepgmap", "experiments/zeng")
sys.path += [str(Path(__file__).parents[2] / "workflows" / folder) for folder in SCRIPTS]
