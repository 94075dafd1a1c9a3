"""The recipes of packaging/ agree with pyproject.toml, with one another, and with the rules of Bioconda."""

import re
import tomllib
from pathlib import Path

import jinja2
import pytest
from click.testing import CliRunner

from varbind import __version__
from varbind.cli.main import main

yaml = pytest.importorskip("yaml", reason="the recipe is YAML: pip install pyyaml")

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGING = ROOT / "packaging"
DOCKERFILE = (PACKAGING / "Dockerfile").read_text(encoding="utf-8")
APPTAINER = (PACKAGING / "varbind.def").read_text(encoding="utf-8")


def spaced(requirement):
    """A requirement as conda writes it."""
    return re.sub(r"^([\w-]+)", r"\1 ", requirement)


@pytest.fixture(scope="module")
def recipe():
    """The recipe as conda-build reads it."""
    text = (PACKAGING / "bioconda" / "meta.yaml").read_text(encoding="utf-8")
    pins = {"PYTHON": "python", "pin_subpackage": lambda name, max_pin: f"{name} {max_pin}"}
    return yaml.safe_load(jinja2.Template(text, undefined=jinja2.StrictUndefined).render(**pins))


def test_recipe_has_the_versions_of_the_project(recipe):
    project = PROJECT["project"]
    python = f"python {project['requires-python']}"
    assert recipe["package"] == {"name": project["name"], "version": __version__}
    assert recipe["requirements"]["run"] == [python, *map(spaced, project["dependencies"])]
    assert recipe["requirements"]["host"] == [python, "pip", *map(spaced, PROJECT["build-system"]["requires"])]
    assert recipe["build"]["entry_points"] == [f"{name} = {function}" for name, function in project["scripts"].items()]
    assert recipe["about"]["summary"] == project["description"]
    assert recipe["about"]["license"] == project["license"]


def test_recipe_follows_the_rules_of_bioconda(recipe):
    assert re.fullmatch(r"[a-z0-9_-]+", recipe["package"]["name"])
    assert recipe["build"]["number"] == 0
    assert recipe["build"]["noarch"] == "python"
    assert recipe["build"]["run_exports"] == ["varbind x.x"]  # before 1.0 a minor version may change results
    assert {"--no-deps", "--no-build-isolation"} <= set(recipe["build"]["script"].split())
    assert recipe["test"]["commands"]
    assert recipe["test"]["imports"] == ["varbind"]
    assert [(ROOT / name).is_file() for name in PROJECT["project"]["license-files"]] == [True]
    assert recipe["about"]["license_file"] in PROJECT["project"]["license-files"]


@pytest.mark.parametrize("command", ["selftest", "demo"])
def test_recipe_runs_commands_that_exist(recipe, command):
    assert f"varbind {command}" in recipe["test"]["commands"]
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


def installing(text):
    """The pip commands of a recipe or a page, without the folder of pip and options about its cache."""
    found = re.findall(r"^(?:RUN)?\s*\S*\bpip (install .*)$", text, re.MULTILINE)
    return [command.replace("--no-cache-dir ", "") for command in found]


def test_containers_install_what_is_pinned_as_the_documentation_does():
    section = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split("## An installation with hashes")[1]
    documented = installing(section.split("```")[1])
    assert len(documented) == 2
    assert "--require-hashes" in documented[0]
    assert installing(DOCKERFILE) == documented
    assert installing(APPTAINER) == documented


def test_containers_start_from_one_image_and_copy_the_same_files():
    image = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)[1]
    assert f"\nFrom: {image}\n" in APPTAINER
    copied = {name for words in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for name in words.split()}
    files = APPTAINER.split("%files\n")[1].split("%post")[0].split()
    assert dict(zip(files[::2], files[1::2], strict=True)) == {name: f"/source/{name}" for name in copied}
    kept = (PACKAGING / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert {name.removeprefix("!") for name in kept if name.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_documented_command_makes_a_completion(shell):
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert f"_VARBIND_COMPLETE={shell}_source varbind" in page


@pytest.mark.parametrize(("typed", "expected"), [("varbind ra", "rank"), ("varbind rank --in", "--info")])
def test_the_shell_completes_commands_and_options(typed, expected, monkeypatch, capsys):
    monkeypatch.setenv("_VARBIND_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(typed.count(" ")))
    with pytest.raises(SystemExit):
        main.main(prog_name="varbind")
    assert f"plain,{expected}" in capsys.readouterr().out.split()
