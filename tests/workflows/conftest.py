"""The scripts of workflows, which import others of their folder by name."""

import sys
from pathlib import Path

WORKFLOWS = Path(__file__).parents[2] / "workflows"
SCRIPTS = WORKFLOWS / "train-bank"
sys.path += [str(SCRIPTS), str(WORKFLOWS / "experiments" / "deepbind")]
