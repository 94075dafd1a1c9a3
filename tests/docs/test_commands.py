"""The command reference is what the code says."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_reference_is_up_to_date():
    spec = importlib.util.spec_from_file_location("commands", ROOT / "docs" / "commands.py")
    commands = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(commands)
    committed = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert commands.reference() == committed, "run python docs/commands.py"
