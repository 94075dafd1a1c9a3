"""`workflows/nf-core/varbind/annotate` follows the rules for modules, and its commands run without Nextflow."""

import json
import re
import shutil
import subprocess

import pytest
from allele_values import allele_values
from page_commands import ROOT, page, run_script
from quick_bank import quick_bank_path

from varbind import __version__

yaml = pytest.importorskip("yaml", reason="the module has YAML files: pip install pyyaml")

FOLDER = ROOT / "workflows" / "nf-core" / "varbind" / "annotate"
EXAMPLE = ROOT / "varbind" / "data" / "example"
MAIN = (FOLDER / "main.nf").read_text(encoding="utf-8")
META = yaml.safe_load((FOLDER / "meta.yml").read_text(encoding="utf-8"))
PARTS = dict(re.findall(r"^    (\w+):\n(.*?)(?=^    \w+:\n|^\})", MAIN, re.DOTALL | re.MULTILINE))
OUTPUTS = dict(re.findall(r'path\("([^"]+)"\), emit: (\w+)', PARTS["output"]))


def command_of(part, **settings):
    """The shell command of a part, as Nextflow would give it to bash."""
    names = {"prefix": "one", "task.cpus": "2", "args": "", "genes_option": "", "cache_option": "", **settings}
    body = part.split('"""')[1].replace("\\\\", "\\")
    return re.sub(r"\$\{([\w.]+)\}", lambda match: names[match[1]], body)


def test_names_and_settings_are_those_of_modules():
    assert MAIN.startswith("process VARBIND_ANNOTATE {\n")
    assert re.search(r"^    label 'process_(single|low|medium|high)'$", MAIN, re.MULTILINE)
    assert PARTS["when"].strip() == "task.ext.when == null || task.ext.when"
    for part in (PARTS["script"], PARTS["stub"]):
        assert "def args = task.ext.args ?: ''" in part
        assert 'def prefix = task.ext.prefix ?: "${meta.id}"' in part
    assert re.findall(r"meta\d*\.(\w+)", MAIN) == ["id", "id", "id"]


def test_the_version_is_that_of_the_package():
    environment = yaml.safe_load((FOLDER / "environment.yml").read_text(encoding="utf-8"))
    assert environment == {
        "channels": ["conda-forge", "bioconda"],
        "dependencies": [f"bioconda::varbind={__version__}"],
    }
    images = re.findall(r"/varbind:(\S+)'", MAIN)
    assert images == [f"{__version__}--pyhdfd78af_0"] * 2


def test_the_description_lists_the_channels():
    inputs = [re.findall(r"\((\w+)\)", line) for line in PARTS["input"].strip().splitlines()]
    assert [[name for element in channel for name in element] for channel in META["input"]] == inputs
    versions = re.search(r"eval\('(.*)'\), topic: versions, emit: (\w+)", PARTS["output"])
    assert META["output"].keys() == {*OUTPUTS.values(), versions[2]}
    for pattern, name in OUTPUTS.items():
        assert [*META["output"][name][0][1]] == [pattern]
    described = META["output"][versions[2]]
    assert META["topics"]["versions"] == described
    assert [*described[0][2]] == [versions[1]]


def test_the_pipeline_of_the_page_gives_every_input():
    call = re.search(r"VARBIND_ANNOTATE\((.*)\)$", page("pipelines.md"), re.MULTILINE)[1]
    channels = re.split(r", (?![^[]*\])", re.sub(r"\[[^\[\]]*(\[[^\[\]]*\][^\[\]]*)*\]", "[]", call))
    assert len(channels) == len(META["input"])
    emitted = set(re.findall(r"VARBIND_ANNOTATE\.out\.(\w+)", page("pipelines.md")))
    assert emitted <= set(OUTPUTS.values())


@pytest.fixture
def folder(tmp_path):
    """A task folder with the inputs."""
    for name in ("variants.vcf", "reference.fa", "reference.fa.fai", "genes.gtf"):
        shutil.copy(EXAMPLE / name, tmp_path)
    return tmp_path


def made(folder):
    """The names of the output channels for which there is one file each."""
    return {name for pattern, name in OUTPUTS.items() if len(list(folder.glob(pattern))) == 1}


def test_the_stub_makes_every_output(folder):
    run_script(command_of(PARTS["stub"], args="--promoter 500"), folder)
    assert made(folder) == set(OUTPUTS.values())
    subprocess.run(["gzip", "-t", "one.vcf.gz"], cwd=folder, check=True)


def test_the_command_annotates(folder):
    options = f"--bank {quick_bank_path()} -q"
    inputs = {"vcf": "variants.vcf", "fasta": "reference.fa", "genes_option": "--genes genes.gtf"}
    run_script(command_of(PARTS["script"], args=options, **inputs), folder)
    assert made(folder) == set(OUTPUTS.values())
    assert json.loads((folder / "one_mqc.json").read_text(encoding="utf-8"))
    run_script(f"varbind annotate variants.vcf -f reference.fa --genes genes.gtf {options} -o two.vcf.gz", folder)
    keys = ("VARBIND_PHRED", "VARBIND_STATUS", "VARBIND_BIND_LOSS")
    assert allele_values(folder / "one.vcf.gz", *keys) == allele_values(folder / "two.vcf.gz", *keys)
    version = re.search(r"eval\('(.*)'\)", PARTS["output"])[1]
    assert run_script(version, folder) == f"{__version__}\n"
