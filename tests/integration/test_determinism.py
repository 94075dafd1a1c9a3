"""Equal input gives equal bytes: of the output, of its index and, but for the times, of the statistics."""

import os
import time

import pytest
from integration.runs import VCF, annotation, call, spawn, without_times
from quick_cases import first_quick

from varbind.kernels.cpu import cpu

PACKINGS = ("out.vcf", "out.vcf.gz", "out.bcf")


def annotated(folder, output, *options, run=call):
    """Every file that a run leaves, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    indexed = () if output.endswith(".vcf") else ("-W",)
    words = annotation(VCF, "-o", folder / output, "--stats", folder / "stats.json", *indexed, *options)
    done = run(*words)
    assert done.code == 0, done.err
    return {path.name: without_times(path.read_bytes()) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What a run with the compiled kernel leaves, for every packing."""
    folder = tmp_path_factory.mktemp("plain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cpu, "KERNEL_WORTH", 0)
        return {output: annotated(folder / output, output) for output in PACKINGS}


@pytest.mark.parametrize("output", PACKINGS)
@pytest.mark.parametrize(("threads", "size"), first_quick([(2, 7), (1, 1), (5, 10_000)]))
def test_threads_and_batches(tmp_path, plain, output, threads, size):
    assert annotated(tmp_path, output, "--threads", threads, "--batch-size", size) == plain[output]


ENVIRONMENTS = {
    "hash seed 0": {"PYTHONHASHSEED": "0"},
    "hash seed 4242": {"PYTHONHASHSEED": "4242"},
    "C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "UTF-8 locale": {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"},
    "Turkish, if it is there": {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    "another day": {"TZ": "Pacific/Kiritimati"},
    "the day before": {"TZ": "Pacific/Pago_Pago"},
    "no home and another temporary folder": {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"},
    "optimised": {"PYTHONOPTIMIZE": "2"},
    "without numba": {"VARBIND_NO_NUMBA": "1"},
    "one thread of every library": dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
}


@pytest.mark.parametrize("name", first_quick(ENVIRONMENTS))
def test_environment(tmp_path, plain, name):
    environment = os.environ | ENVIRONMENTS[name] | {"TMPDIR": str(tmp_path)}
    output = PACKINGS[len(name) % 3]
    assert annotated(tmp_path / "results", output, run=lambda *words: spawn(*words, env=environment)) == plain[output]


@pytest.mark.parametrize("output", PACKINGS)
@pytest.mark.parametrize("seconds", [0, 2**31 + 5])
def test_time_of_day(tmp_path, plain, monkeypatch, output, seconds):
    monkeypatch.setattr(time, "time", lambda: float(seconds))
    monkeypatch.setattr(time, "time_ns", lambda: seconds * 10**9)
    assert annotated(tmp_path, output) == plain[output]


def test_place_and_name(tmp_path, plain, monkeypatch):
    """Relative paths, from another folder; only the base names of inputs are in the header."""
    monkeypatch.chdir(tmp_path)
    words = annotation(os.path.relpath(VCF), "-o", "other-name.vcf", "--stats", "other.json")
    assert call(*words).code == 0
    assert (tmp_path / "other-name.vcf").read_bytes() == plain["out.vcf"]["out.vcf"]
    assert without_times((tmp_path / "other.json").read_bytes()) == plain["out.vcf"]["stats.json"]


def test_streams(tmp_path, plain):
    with VCF.open("rb") as stream:
        assert spawn(*annotation("-"), stdin=stream).out == plain["out.vcf"]["out.vcf"]
