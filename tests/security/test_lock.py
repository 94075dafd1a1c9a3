"""The locked requirements are those of the constraints, with all that they need, each with its hashes."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = ("conservation", "plots", "tables", "report")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[0-9][0-9a-z.+!]*)(?: ; (?P<marker>[^\\]+?))?(?: \\)?")


def lines_of(name):
    path = ROOT / name
    if not path.is_file():
        pytest.skip(f"needs a checkout with {name}")
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


@pytest.fixture
def locked():
    """Versions by name; of some there is one a version of Python."""
    found = {}
    for line in lines_of("requirements.lock"):
        if not line.startswith(" "):
            match = PIN.fullmatch(line)
            assert match, line
            found.setdefault(match["name"], {})[match["version"]] = match["marker"]
    return found


@pytest.fixture
def project():
    with (ROOT / "pyproject.toml").open("rb") as stream:
        return tomllib.load(stream)


def name_of(requirement):
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower().replace("_", "-")


def test_versions_are_those_of_the_constraints(locked):
    constrained = dict(line.split("==") for line in lines_of("constraints.txt"))
    shared = {name for name in locked if name in constrained}
    assert {"numba", "numpy", "pysam", "safetensors", "llvmlite"} <= shared
    assert {name: list(locked[name]) for name in shared} == {name: [constrained[name]] for name in shared}


def test_every_dependency_is_locked(locked, project):
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in EXTRAS:
        needed += project["project"]["optional-dependencies"][extra]
    assert {name_of(requirement) for requirement in needed} <= set(locked)


def test_torch_is_not_locked(locked):
    """Its usual build for Linux carries gigabytes of GPU libraries; who trains takes it by the constraints."""
    assert not {name for name in locked if name.startswith(("torch", "triton", "nvidia"))}


def test_several_versions_have_markers(locked):
    assert all(len(versions) == 1 or all(versions.values()) for versions in locked.values())


def test_every_requirement_has_hashes_and_nothing_else():
    hashes = 0
    for line in lines_of("requirements.lock"):
        if line.startswith(" "):
            assert HASH.fullmatch(line.strip(" \\")), line
            hashes += 1
        else:
            assert line.endswith(" \\"), line  # a hash follows
    assert hashes > 100


def test_no_place_to_fetch_from_is_named():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8") if lines_of("requirements.lock") else ""
    assert not re.search(r"://|--index|--find-links|--extra-index|--trusted-host|@ ", text)
