"""The shell commands of a page of the documentation, which are run as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


INSTALLS = re.compile(r"-m venv\b|\bpip install\b|bin/activate")
"""Lines that make, fill or enter an environment, which the tests have already."""

RUN = {
    "README.md": ("test_variant_commands.py", 1),
    "cluster.md": ("test_variant_commands.py", 1),
    "contribute.md": ("test_pages.py", 1),
    "cutoffs.md": ("test_pages.py", 3),
    "effects.md": ("test_training_commands.py", 1),
    "evaluation.md": ("test_evaluation.py", 2),
    "faq.md": ("test_pages.py", 14),
    "gallery.md": ("test_gallery.py", 14),
    "install.md": ("test_pages.py", 4),
    "maps.md": ("test_gallery.py", 2),
    "pipelines.md": ("test_pipelines.py", 8),
    "precomputed.md": ("test_variant_commands.py", 3),
    "quickstart.md": ("test_pages.py", 5),
    "reading.md": ("test_pages.py", 2),
    "report.md": ("test_variant_commands.py", 1),
    "scale.md": ("test_pages.py", 1),
    "splicing.md": ("test_training_commands.py", 1),
    "statistics.md": ("test_variant_commands.py", 1),
    "training.md": ("test_training_commands.py", 1),
    "tutorial.md": ("test_pages.py", 8),
}
"""Which module of tests/docs runs the commands of a page, and the number of their blocks: who adds a block sees that
it is run, and counts it here."""


def page(name):
    """The text of a page."""
    return next(path for path in PAGES if path.name == name).read_text(encoding="utf-8")


def run_commands(name, folder):
    """Run the shell commands of a page in one shell, which stops at the first error; return what they print."""
    return run_script(commands_of(page(name)), folder)


def commands_of(text):
    """The shell commands of a page or of a part of it, without those that install; each is one line."""
    return "".join(blocks_of(text))


def blocks_of(text):
    """The same by block, without blocks that only install."""
    blocks = re.findall(r"```sh\n(.*?)```", text.replace("\\\n", " "), re.DOTALL)
    commands = ["".join(line for line in block.splitlines(True) if not INSTALLS.search(line)) for block in blocks]
    return [block for block in commands if block]


def run_script(script, folder, cwd="."):
    """Run commands in a folder in which `varbind` is this checkout; what they print."""
    add_program(folder, "varbind", [sys.executable, "-c", _STARTED])
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=folder / cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_STARTED = 'import sys; sys.argv[0] = "varbind"; from varbind.cli.main import run; run()'
"""As pip writes it."""


def add_program(folder, name, words):
    """Add a program, which is called by its name, to those of the commands of a folder."""
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
    program.chmod(0o755)
