"""No code comes from data: not by any name in the program, and not from any file that it reads."""

import ast
import gzip
import pickle
import shutil
from pathlib import Path

import pytest
from integration.runs import COLUMNS, FASTA, GENES, HEADER, VCF, annotation, call, snv
from security.bombs import Bomb

import varbind
from varbind.train.checkpoints import open_checkpoints

PACKAGE = Path(varbind.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Modules that run what bytes say, or start programs.
FORBIDDEN_MODULES = {
    "cffi", "cloudpickle", "code", "codeop", "commands", "ctypes", "dill", "imp", "joblib", "jsonpickle", "marshal",
    "multiprocessing", "pdb", "pickle", "pickletools", "pty", "runpy", "shelve", "subprocess", "yaml", "zipimport",
    "ftplib", "http", "requests", "smtplib", "socket", "ssl", "telnetlib", "urllib3", "xmlrpc",
}  # fmt: skip
# Of modules that hold both.
FORBIDDEN_NAMES = {
    "torch.load", "torch.jit.load", "torch.hub.load", "torch.ops.load_library", "torch.package.PackageImporter",
    "numpy.load", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromregex", "numpy.ctypeslib.load_library",
    "os.system", "os.popen", "os.startfile", "urllib.request", "urllib.request.urlopen", "sys.addaudithook",
    "safetensors.torch", "builtins.eval", "builtins.exec", "importlib.util.spec_from_file_location",
    "importlib.util.module_from_spec", "importlib.machinery",
}  # fmt: skip
FORBIDDEN_STEMS = ("os.exec", "os.spawn", "os.posix_spawn")
FORBIDDEN_BUILTINS = {"eval", "exec", "compile", "__import__", "execfile"}
FORBIDDEN_KEYWORDS = {"allow_pickle", "shell", "weights_only"}
# Modules by names of a table in the code: public names, commands, optional packages.
IMPORTERS = {"__init__.py", "cli/main.py", "gate.py"}


def names_used(tree):
    """Dotted names as they are imported, whatever they are called afterwards."""
    known, used = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                used.add(alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                used |= {node.module, f"{node.module}.{alias.name}"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            root, _, rest = ast.unparse(node).partition(".")
            used.add(f"{known.get(root, root)}.{rest}")
    return used


def flaws_of(text, name=""):
    """What a module does that none may."""
    tree = ast.parse(text)
    used = names_used(tree)
    found = {word for word in used if word.partition(".")[0] in FORBIDDEN_MODULES}
    found |= {word for word in used if word in FORBIDDEN_NAMES or word.startswith(FORBIDDEN_STEMS)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found |= {node.func.id for node in calls if isinstance(node.func, ast.Name)} & FORBIDDEN_BUILTINS
    found |= {keyword.arg for node in calls for keyword in node.keywords} & FORBIDDEN_KEYWORDS
    return found | ({"importlib.import_module"} & used if name not in IMPORTERS else set())


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_no_module_runs_what_data_says(module):
    assert not flaws_of(module.read_text(encoding="utf-8"), module.relative_to(PACKAGE).as_posix())


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from numpy import load as read\nread(x)",
        "import numpy as np\nnp.load(x)",
        "import os as o\no.system(x)",
        "eval(x)",
        "import torch\ntorch.load(x)",
        "f(x, allow_pickle=False)",
        "import importlib\nimportlib.import_module(x)",
        "from urllib.request import urlopen",
        "def f():\n    import subprocess",
    ],
)
def test_the_walk_finds(text):
    assert flaws_of(text)


@pytest.fixture
def bomb(tmp_path):
    """Bytes that leave a trace when they are unpickled, and the trace."""
    trace = tmp_path / "trace"
    data = pickle.dumps(Bomb(trace))
    pickle.loads(data)
    trace.rmdir()  # it works
    return data, trace


def refused(code, trace, *words):
    done = call(*words)
    assert done.code == code, done.err
    assert done.error
    assert not trace.exists()


def in_a_line(data):
    """A pickle without line ends, in which the words stand as they are."""
    return data.replace(b"\n", b" ")


INPUTS = {
    "in.vcf": (3, annotation),
    "in.vcf.gz": (3, annotation),
    "reference.fa": (4, lambda path: annotation(VCF, fasta=path)),
    "genes.gtf": (4, lambda path: annotation(VCF, genes=path)),
    "genes.gtf.gz": (4, lambda path: annotation(VCF, genes=path)),
    "map.tsv": (4, lambda path: annotation(VCF, "--contig-map", path)),
    "regions.bed": (2, lambda path: annotation(VCF, "-T", path)),
    "regions.bed.gz": (2, lambda path: annotation(VCF, "-T", path)),
    "proteins.txt": (2, lambda path: annotation(VCF, "--proteins", f"@{path}")),
    "track.bw": (4, lambda path: annotation(VCF, "--conservation", f"a={path}")),
    "sequences.fa": (3, lambda path: ["score", path]),
    "ranked.vcf": (3, lambda path: ["rank", path]),
    "sets.tsv": (3, lambda path: ["train", "binding", path, "--protein", "A", "-o", path.with_name("bank")]),
    "peaks.bed": (
        3,
        lambda path: [
            *("train", "binding", path, "--protein", "A", "--kind", "peaks", "-f", FASTA),
            *("-o", path.with_name("bank")),
        ],
    ),
    "background.fa": (
        3,
        lambda path: ["models", "import", "deepbind", path, "-o", path.with_name("bank"), "--background", path],
    ),
    "activity.tsv": (3, lambda path: ["train", "effect", "--activity", path, "-o", path.with_name("effect")]),
    "classes.tsv": (3, lambda path: ["evaluate", "effect", "--classes", path, "-o", path.with_name("results")]),
}


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("form", ["pickle", "one line", "gzip"])
def test_a_pickle_in_place_of_an_input_is_not_run(tmp_path, bomb, name, form):
    for package in ("sklearn", "torch", "pybigtools"):
        pytest.importorskip(package, reason="needs the extras `train` and `conservation`")
    data, trace = bomb
    path = tmp_path / name
    path.write_bytes({"pickle": data, "one line": in_a_line(data), "gzip": gzip.compress(data)}[form])
    code, words = INPUTS[name]
    refused(code, trace, *words(path))


@pytest.mark.parametrize("name", ["card.json", "weights.safetensors"])
def test_a_pickle_in_a_second_stage_is_not_run(tmp_path, bomb, name):
    data, trace = bomb
    folder = shutil.copytree(PACKAGE.parent / "models/effects/deepbind-2015", tmp_path / "effect")
    (folder / name).write_bytes(data)
    refused(4, trace, *annotation(VCF, "--effect", folder))


@pytest.mark.parametrize("name", ["db.tsv", "params/A.txt"])
def test_a_pickle_among_models_to_import_is_not_run(tmp_path, bomb, name):
    data, trace = bomb
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "A.txt").write_text("# deepbind 0.1\n")
    (tmp_path / "db.tsv").write_text("ID\n")
    (tmp_path / name).write_bytes(data)
    refused(4, trace, "models", "import", "deepbind", tmp_path, "-o", tmp_path / "bank")


def test_a_pickle_among_checkpoints_is_not_run(tmp_path, bomb):
    data, trace = bomb
    with open_checkpoints(tmp_path / "bank.training") as checkpoints:
        (checkpoints.folder / "A.safetensors").write_bytes(data)
        assert checkpoints.read("A", "key", lambda *parts: parts) is None
    assert not trace.exists()


@pytest.mark.parametrize("suffix", [".fai", ".gzi"])
def test_a_pickle_in_place_of_an_index_is_not_run(tmp_path, bomb, suffix):
    data, trace = bomb
    reference = shutil.copyfile(FASTA, tmp_path / "reference.fa")
    (tmp_path / f"reference.fa{suffix}").write_bytes(in_a_line(data))
    done = call(*annotation(VCF, fasta=reference))
    assert done.code == (4 if suffix == ".fai" else 0), done.err  # plain text has no use for the other
    assert not trace.exists()


def test_a_pickle_in_a_record_is_data(tmp_path, bomb):
    data, trace = bomb
    text = data.translate(None, b"\0\t\n\r;= ")
    path = tmp_path / "in.vcf"
    path.write_bytes(HEADER + snv("chr1", 2_000, info="X=" + text.decode("latin-1")))
    assert COLUMNS in path.read_bytes()
    done = call(*annotation(path, genes=GENES))
    assert done.code == 0, done.err
    assert not trace.exists()
