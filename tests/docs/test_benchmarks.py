"""The benchmarks run and their ways agree; how fast they are is no test's business."""

import gzip
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WAYS = {"loop-1", "loop-256", "conv1d", "embedding-bag", "numpy", "kernel-whole", "kernel", "kernel-2"}
PARTS = {
    "machine",
    "settings",
    "scoring",
    "efficiency",
    "threads",
    "scaling",
    "annotation",
    "startup",
    "memory",
    "goals",
}
# Single-precision sums of a few dozen terms of scores of a few units, in any order.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def benchmark(tiny_bank_path, tmp_path_factory):
    """The folder and the JSON of a quick run."""
    pytest.importorskip("torch", reason="the loop over networks needs torch")
    pytest.importorskip("numba", reason="the kernel needs numba")
    folder = tmp_path_factory.mktemp("benchmark")
    command = [sys.executable, ROOT / "benchmarks" / "run.py", tiny_bank_path, "--quick", "-o", folder]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_every_part_is_there(benchmark):
    _, results = benchmark
    assert set(results) == PARTS
    assert set(results["scoring"]["window 101"]["ways"]) - {"kernel-avx2", "loop-avx2"} == WAYS
    assert set(results["memory"]["peak_mib"]) == {"10", "20"}
    assert {"help", "bank", "bank, cold", "imports"} <= set(results["startup"])
    assert all(goal["met"] is not None for goal in results["goals"] if goal["measured"] is not None)


def test_ways_agree(benchmark):
    _, results = benchmark
    agreement = results["scoring"]["window 101"]["agreement"]
    assert agreement["largest_score"] > 0.1
    assert set(agreement["largest_difference"]) == WAYS - {"kernel-2"}
    assert max(agreement["largest_difference"].values()) < TOLERANCE
    assert all(agreement["same_bytes"].values()), agreement["same_bytes"]
    assert agreement["narrow_lanes"] in {None, 8}


def test_shares_are_of_one_whole(benchmark):
    _, results = benchmark
    for run in results["annotation"].values():
        assert sum(run["shares"].values()) == pytest.approx(1)
    for part in results["efficiency"].values():
        assert sum(part["share_of_time"].values()) == pytest.approx(1)
        assert all(count > 0 for count in part["load_adds"].values())


def test_document_tells_every_goal_and_no_place(benchmark):
    folder, results = benchmark
    document = (folder / "results.md").read_text(encoding="utf-8")
    for goal in results["goals"]:
        assert goal["what"] in document
    assert str(ROOT) not in document + json.dumps(results)
    assert not re.search(rf"\b{re.escape(os.uname().nodename)}\b", document)


def test_networks_of_papers_are_timed():
    pytest.importorskip("torch", reason="the networks need torch")
    words = ["--variants", "2", "--rounds", "1", "--network", "1layer", "cnn-25"]
    command = [sys.executable, ROOT / "benchmarks" / "networks.py", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^\| (\S+) \| (\d+) \| (\S+) \| (\S+) \|$", done.stdout, re.MULTILINE)
    assert [row[:2] for row in rows] == [("1layer", "101"), ("cnn-25", "200")]
    assert all(float(number) > 0 for row in rows for number in row[2:])


def check_device(*words):
    pytest.importorskip("torch", reason="needs the extra `gpu`")
    command = [sys.executable, ROOT / "benchmarks" / "device_check.py", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_check_of_a_device_runs_every_step(tiny_bank_path):
    done = check_device("--device", "torch:cpu", "--bank", tiny_bank_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^(.+): ok, \d+ s$", done.stdout, re.MULTILINE) == ["self-test", "tests", "rates"]
    assert "largest_error=" in done.stdout
    assert "SNVs/s" in done.stdout


def test_the_check_of_a_device_tells_what_failed(tiny_bank_path):
    done = check_device("--device", "torch:cpu", "--bank", tiny_bank_path / "none", "--minutes", "0.5")
    assert done.returncode == 1
    assert "self-test: failed with 1" in done.stdout
    done = check_device("--device", "torch:cpu", "--minutes", "0")
    assert done.returncode == 1
    assert done.stdout.count("no time was left") == 3


def test_the_check_of_a_device_ends_without_one():
    torch = pytest.importorskip("torch", reason="needs the extra `gpu`")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    done = check_device("--wait", "0.001")
    assert (done.returncode, done.stdout) == (2, "not checked: no CUDA device\n")


SCALES = {
    "samples": (
        ("--samples", "50", "--records", "10"),
        [".gz, 5 alleles", ".bcf, 5 alleles", "sites, 5 alleles", "annotate, .bcf"],
    ),
    "records": (("--records", "200"), ["200 records, 1 % in promoters, 2 all", "20 records, in promoters, 20 all"]),
    "genome": (("--records", "1000"), ["MB, 9 alleles scored"]),
    "workflow": (("--records", "400"), ["in one piece, 4 alleles", "scatter", "part 3", "gather"]),
    "contig": (("--megabases", "1"), ["annotated.bcf: 1,000 records", "table.vcf.gz: 4,503 records"]),
    "table": (("--genes", "1"), ["GRCh37: 29,", "GRCh38: 29,", "precompute 4,503 SNVs"]),
}


@pytest.mark.parametrize("part", SCALES)
def test_sizes_are_measured_and_compared(part, tiny_bank_path, tmp_path):
    """Each part compares its results by itself, and fails where a byte differs."""
    if part not in {"records", "genome", "table"} and shutil.which("bcftools") is None:
        pytest.skip("needs bcftools")
    options, expected = SCALES[part]
    command = [sys.executable, ROOT / "benchmarks" / "scale.py", tmp_path, part, *options, "--bank", tiny_bank_path]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [text for text in expected if text not in done.stdout] == []


@pytest.mark.parametrize(("old", "new"), [(b"0/1", b"1/1"), (b"\t7\t", b"\t8\t"), (b"AN=2", b"AN=3"), (b"\n", b"")])
def test_a_changed_byte_is_noticed(tmp_path, monkeypatch, old, new):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    scale = importlib.import_module("scale")
    text = b"#CHROM\nchr1\t7\t.\tA\tC\t50\tPASS\tAN=2\tGT\t0/1\nchr1\t9\t.\tA\tC\t50\tPASS\tAN=4\tGT\t0/0\n"
    before, after = tmp_path / "before.vcf.gz", tmp_path / "after.vcf.gz"
    before.write_bytes(gzip.compress(text))
    after.write_bytes(gzip.compress(text.replace(b"AN=2", b"AN=2;X=1")))
    scale.require_lossless(before, after)
    after.write_bytes(gzip.compress(text.replace(old, new)))
    with pytest.raises((RuntimeError, ValueError)):
        scale.require_lossless(before, after)
