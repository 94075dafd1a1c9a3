"""The scripts of the workflow of the shipped bank, which import each other by name."""

import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "workflows" / "train-bank"
sys.path.append(str(SCRIPTS))
