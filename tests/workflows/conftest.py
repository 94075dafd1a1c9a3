"""The scripts of the workflows, which are imported by name."""

import sys
from pathlib import Path

EXPERIMENTS = ("deepbind", "deepgmap", "koo", "zeng")
SCRIPTS = ("annotate", "train-bank", *(f"experiments/{paper}" for paper in EXPERIMENTS))
sys.path += [str(Path(__file__).parents[2] / "workflows" / folder) for folder in SCRIPTS]
