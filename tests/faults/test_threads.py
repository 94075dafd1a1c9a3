"""A thread that fails: told once, nothing left, no waiting for what never comes."""

import threading

import pytest
from integration.runs import VCF, snv

from varbind.annotate import annotator
from varbind.io.vcf import bgzf
from varbind.scoring.ensemble import Ensemble


@pytest.fixture
def many(bench):
    """More records than one batch."""
    return bench.vcf(*(snv("chr1", 2101 + number % 700) for number in range(700)))


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """What a run starts ends with it."""
    before = set(threading.enumerate())
    yield
    ours = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("varbind")]
    assert ours == []


def failing_at(number, real, error):
    """A function that fails at its n-th call."""
    calls = []

    def function(*words, **options):
        calls.append(words)
        if len(calls) == number:
            raise error
        return real(*words, **options)

    return function


def left(bench, run):
    """The error of a run that must fail; an old output stays and nothing else is there."""
    (bench.results / "out.vcf.gz").write_bytes(b"old\n")
    done = run()
    assert [path.name for path in bench.results.iterdir()] == ["out.vcf.gz"]
    assert (bench.results / "out.vcf.gz").read_bytes() == b"old\n"
    assert done.code == 1
    errors = [row for row in done.lines if "error" in row]
    assert len(errors) == 1
    assert "Traceback" not in done.err
    return errors[0]


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_scoring_fails(bench, many, monkeypatch, number, threads):
    real = annotator.Annotator.score
    monkeypatch.setattr(annotator.Annotator, "score", failing_at(number, real, ArithmeticError("broken unit")))
    said = left(bench, lambda: bench.annotate(many, "--threads", threads, output="out.vcf.gz"))
    assert "broken unit" in said


@pytest.mark.parametrize("threads", [1, 3])
def test_networks_fail_in_their_own_thread(bench, many, monkeypatch, threads):
    real = Ensemble.score_windows
    monkeypatch.setattr(Ensemble, "score_windows", failing_at(2, real, FloatingPointError("overheated")))
    assert "overheated" in left(bench, lambda: bench.annotate(many, "--threads", threads, output="out.vcf.gz"))


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_compressing_fails(bench, many, monkeypatch, number, threads):
    monkeypatch.setattr(bgzf, "_AT_ONCE", 1 << 14)
    monkeypatch.setattr(bgzf, "_deflate", failing_at(number, bgzf._deflate, ArithmeticError("cannot deflate")))
    said = left(bench, lambda: bench.annotate(many, "--threads", threads, output="out.vcf.gz"))
    assert "cannot deflate" in said


@pytest.mark.parametrize("threads", [1, 2])
def test_reading_fails_while_a_batch_is_scored(bench, many, threads):
    """The error of the input is the one that is told, with its line."""
    broken = bench.file("broken.vcf", many.read_bytes() + b"chr1\t1\n")
    lines = many.read_bytes().count(b"\n") + 1
    error = bench.refused(3, broken, "--threads", threads, output="out.vcf.gz")
    assert f"{broken}:{lines}: 2 columns, expected 8" in error


def test_both_fail(bench, many, monkeypatch):
    """What comes first in the file is told, and once."""
    real = annotator.Annotator.score
    monkeypatch.setattr(annotator.Annotator, "score", failing_at(1, real, ArithmeticError("broken unit")))
    monkeypatch.setattr(bgzf, "_deflate", failing_at(1, bgzf._deflate, ArithmeticError("cannot deflate")))
    said = left(bench, lambda: bench.annotate(many, "--threads", 4, output="out.vcf.gz"))
    assert "broken unit" in said


def test_the_same_run_works_afterwards(bench, expected, monkeypatch):
    real = annotator.Annotator.score
    with monkeypatch.context() as broken:
        broken.setattr(annotator.Annotator, "score", failing_at(1, real, ArithmeticError("broken unit")))
        assert bench.annotate(VCF).code == 1
    assert bench.annotate(VCF).code == 0
    assert (bench.results / "out.vcf").read_bytes() == expected
