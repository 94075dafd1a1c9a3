"""Losses that would be silent: a wrong build met late, a stale index, an overwritten file, a joined background."""

import subprocess
import sys

import numpy as np
import pytest
from oracles import network_shape, random_stack

from varbind.nn.ensemble import Ensemble
from varbind.pipeline.demo import copy_example


def annotate(folder, *words):
    command = [sys.executable, "-m", "varbind", "annotate", *map(str, words), "--proteins", "ELK1"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def example(tmp_path):
    return copy_example(tmp_path / "example")


def write_vcf(path, records):
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(head + "".join(f"chr1\t{pos}\t.\t{ref}\t{alt}\t.\t.\t{info}\n" for pos, ref, alt, info in records))


def test_a_wrong_build_behind_many_outside_records_is_refused(example):
    """The records of a real genome begin far from the first promoter."""
    reference = "".join((example / "reference.fa").read_text().split(">")[1].splitlines()[1:])
    wrong = {"A": "C", "C": "A", "G": "T", "T": "G"}
    outside = [(7501, reference[7500], wrong[reference[7500]], "X=" + "a" * 1_000_000)] * 70
    inside = [(pos, wrong[reference[pos - 1]], reference[pos - 1], ".") for pos in range(2500, 2600)]
    write_vcf(example / "late.vcf", outside + inside)
    done = annotate(example, "late.vcf", "-f", "reference.fa", "--genes", "genes.gtf", "-o", "out.vcf")
    assert done.returncode == 4, done.stderr
    assert "wrong genome build" in done.stderr
    assert not (example / "out.vcf").exists()


def test_a_stale_index_does_not_stay(example):
    words = ("variants.vcf", "-f", "reference.fa", "--genes", "genes.gtf", "-o", "out.vcf.gz")
    assert annotate(example, *words, "-W").returncode == 0
    assert (example / "out.vcf.gz.csi").exists()
    assert annotate(example, *words, "-W=tbi").returncode == 0
    assert not (example / "out.vcf.gz.csi").exists()
    assert (example / "out.vcf.gz.tbi").exists()
    assert annotate(example, *words).returncode == 0
    assert not (example / "out.vcf.gz.tbi").exists()


def test_the_demo_leaves_other_files_alone(tmp_path):
    (tmp_path / "reference.fa").write_text(">mine\nACGT\n")
    done = subprocess.run(
        [sys.executable, "-m", "varbind", "demo", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 5
    assert (tmp_path / "reference.fa").read_text() == ">mine\nACGT\n"


def test_a_very_long_sequence_has_the_same_bytes(monkeypatch):
    """Beyond the positions over which the kernel's sums are exact."""
    rng = np.random.default_rng(8)
    stack = random_stack(rng, network_shape(window=9, detector_len=4, mean_pooling=True), 2)
    sequences = {9: [rng.integers(0, 4, 200_000).astype(np.uint8)]}
    found = Ensemble([stack], stack.model_ids).score(sequences)
    monkeypatch.setenv("VARBIND_NO_NUMBA", "1")
    assert Ensemble([stack], stack.model_ids).score(sequences).tobytes() == found.tobytes()
