"""The shell commands of a page of the documentation, which are run as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def page(name):
    """The text of a page."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def run_commands(name, folder):
    """Run the shell commands of a page in one shell, which stops at the first error; return what they print."""
    return run_script(commands_of(page(name)), folder)


def commands_of(text):
    """The shell commands of a page or of a part of it, without those that install."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return "".join(block for block in blocks if ".venv" not in block)


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
