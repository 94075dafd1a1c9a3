"""The wheel and the source archive are complete: what is installed from them works away from the checkout."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from varbind import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "packaging" / "Dockerfile").read_text(encoding="utf-8")


def finished(*command, folder, path=os.environ["PATH"]):
    """A command that ran, which saw nothing of the checkout nor of the environment of the tests."""
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(("PYTHON", "VARBIND", "VIRTUAL_ENV"))}
    words = [str(word) for word in command]
    environment = {**kept, "PATH": str(path)}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def run(*command, folder, path=os.environ["PATH"]):
    """Run such a command, which must not fail; return what it prints."""
    done = finished(*command, folder=folder, path=path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def new_environment(folder):
    """The folder of the programs of a new virtual environment."""
    run(sys.executable, "-m", "venv", folder, folder=folder.parent)
    return folder / "bin"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A source archive made from the checkout, and a wheel made from that archive."""
    folder = tmp_path_factory.mktemp("packages")
    pip = new_environment(folder / "tools") / "pip"
    reached = finished(pip, "install", "-q", "build", folder=folder)
    if reached.returncode:
        pytest.skip(f"needs a package index: {reached.stderr.strip().splitlines()[-1]}")
    run(pip.with_name("python"), "-m", "build", "--outdir", folder / "dist", ROOT, folder=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def installed(packages, tmp_path_factory):
    """The programs of an environment with nothing but the wheel and what it needs, in the pinned versions."""
    programs = new_environment(tmp_path_factory.mktemp("installed") / "environment")
    wheel = next(packages.glob("*.whl"))
    run(programs / "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, folder=packages)
    return programs


def test_names_and_contents(packages):
    assert sorted(path.name for path in packages.iterdir()) == [
        f"varbind-{__version__}-py3-none-any.whl",
        f"varbind-{__version__}.tar.gz",
    ]
    with zipfile.ZipFile(packages / f"varbind-{__version__}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
    assert {name.split("/")[0] for name in names} == {"varbind", f"varbind-{__version__}.dist-info"}
    of_checkout = [path.relative_to(ROOT) for path in (ROOT / "varbind").rglob("*") if path.is_file()]
    shipped = {path.as_posix() for path in of_checkout if "__pycache__" not in path.parts}
    models = [path for path in (ROOT / "models").rglob("*") if path.is_file()]
    shipped |= {f"varbind/{path.relative_to(ROOT).as_posix()}" for path in models}
    assert {name for name in names if ".dist-info/" not in name} == shipped
    with tarfile.open(packages / f"varbind-{__version__}.tar.gz") as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    assert {"mkdocs.yml", "packaging/Dockerfile", "requirements.lock", "tests/conftest.py"} <= sources


def test_the_wheel_works_in_an_empty_environment(installed, tmp_path):
    varbind = installed / "varbind"
    assert run(varbind, "--version", folder=tmp_path).strip() == f"varbind {__version__}"
    where = run(installed / "python", "-c", "import varbind; print(varbind.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    run(varbind, "demo", folder=tmp_path)
    run(varbind, "selftest", folder=tmp_path)
    files = ("variants.vcf", "-f", "reference.fa", "--genes", "genes.gtf", "-o", "again.vcf.gz")
    run(varbind, "annotate", *files, folder=tmp_path / "varbind-demo")
    first, again = (
        run(installed / "python", "-c", f"import gzip; print(gzip.open({name!r}, 'rt').read())", folder=tmp_path)
        for name in ("varbind-demo/annotated.vcf.gz", "varbind-demo/again.vcf.gz")
    )
    assert [line for line in again.splitlines() if line[:1] != "#"] == [
        line for line in first.splitlines() if line[:1] != "#"
    ]
    assert again.count("VARBIND_STATUS=ok") > 20


def test_the_steps_of_the_dockerfile_install_the_program(packages, tmp_path):
    """No container is built, but every COPY and RUN is done in a folder and an environment of its own."""
    programs = new_environment(tmp_path / "environment")
    image = tmp_path / "image"
    image.mkdir()
    steps = re.findall(r"^(COPY|RUN) (.*)$", DOCKERFILE, re.MULTILINE)
    assert [kind for kind, _ in steps].count("RUN") == 3
    for kind, words in steps:
        if kind == "RUN":
            run(*shlex.split(words), folder=image, path=f"{programs}:{os.environ['PATH']}")
            continue
        *sources, target = words.split()
        for name in sources:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, image / target / (name if target == "./" else ""), **ignored(ROOT / name))
    shutil.rmtree(image)
    run(programs / "varbind", "demo", folder=tmp_path)


def ignored(path):
    """What .dockerignore leaves out of a folder."""
    return {"ignore": shutil.ignore_patterns("__pycache__")} if path.is_dir() else {}
