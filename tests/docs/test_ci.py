"""`.ci/run` runs the README's second command, then the slow tests, and fails when either fails."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "run"
PLUGGED = "snakemake/bin/python"
SLOW = ".venv/bin/python -m pytest -q -m slow -n auto --dist loadfile"


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose commands are stand-ins: `outcome` says which of the two fails."""
    if not SCRIPT.is_file():
        pytest.skip("needs the git checkout")
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    programs = tmp_path / "programs"
    programs.mkdir()
    own = [f"{name}/bin/{name}" for name in ("multiqc", "snakemake", "mkdocs", "genmod", "vembrane")]
    packages = tuple(f".tools/{name}" for name in (*own, PLUGGED))
    debian = ("bcftools", "tabix", "chromium", "chromedriver", "slurmctld", "munged", "vcfanno")
    for name in (*debian, "first", ".venv/bin/python", *packages):
        path = (tmp_path if "/" in name else programs) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "ran {name} $*"\n[ "$FAILS" != "{name}" ]\n')
        path.chmod(0o755)
    (tmp_path / "README.md").write_text("```sh\ndemo\n```\n\n```sh\nfirst --all\n```\n\n```sh\nother\n```\n")

    def run(fails):
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "FAILS": fails}
        return subprocess.run(
            ["bash", ".ci/run"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize(("fails", "code"), [("nothing", 0), ("first", 1), (".venv/bin/python", 1)])
def test_both_run_and_either_can_fail(checkout, fails, code):
    done = checkout(fails)
    assert done.returncode == code, done.stderr
    plugin = f".tools/{PLUGGED} -c import snakemake_executor_plugin_slurm"
    assert re.findall("^ran (.*)$", done.stdout, re.MULTILINE) == [plugin, "first --all", SLOW]
    assert ("failed" in done.stderr) == bool(code)
