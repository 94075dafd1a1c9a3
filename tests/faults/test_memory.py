"""Row 61: where memory is short, a batch is halved; where that does not help, one line says so."""

import resource

import pytest
from faults.aftermath import Job, Scene
from integration.runs import VCF, call, spawn
from quick_cases import first_quick

from varbind.scoring.ensemble import Ensemble

# From what Python itself hardly starts in, to what is enough.
LADDER = [100, 220, 280, 340, 420, 560, 1000]
ENOUGH = LADDER[-1]
# The models of the shipped bank have enough to score for the compiled kernel.
SHORT = Job("out.vcf.gz", ("-W", "--bank", "default"), old=True)


def limited(megabytes):
    """Run in so much address space."""

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    def run(*words, **options):
        return spawn(*words, preexec_fn=limit, **options)

    return run


@pytest.fixture
def small_memory(monkeypatch):
    """Scoring more than so many windows at once fails; how many were tried."""
    tried = []
    score = Ensemble.score_windows

    def fails_above(most):
        def score_windows(self, windows):
            tried.append(len(next(iter(windows.values()))))
            if tried[-1] > most:
                raise MemoryError
            return score(self, windows)

        monkeypatch.setattr(Ensemble, "score_windows", score_windows)
        return tried

    return fails_above


@pytest.mark.parametrize("most", first_quick([3, 1, 8, 20]))
def test_halved_batches_give_the_same_bytes(bench, expected, small_memory, most):
    tried = small_memory(most)
    done = bench.annotate(VCF)
    assert done.code == 0, done.err
    assert (bench.results / "out.vcf").read_bytes() == expected
    assert "out of memory: " in done.err
    # Once a size has failed, nothing as large is tried again.
    failed = [size for size in tried if size > most]
    assert failed == sorted(failed, reverse=True)
    assert len(set(failed)) == len(failed)


def test_one_allele_that_does_not_fit_is_told(bench, small_memory):
    small_memory(0)
    error = bench.refused(4, VCF)
    assert "out of memory" in error
    assert "--threads" in error


def test_scored_sequences_are_halved_as_well(bench, monkeypatch):
    source = bench.file("sequences", b"ACGTACGTTTGACCAGT\n" * 5 + b"GGGGCGGGGC\n")
    words = ("score", source, "--models", "KLF4")
    whole = call(*words)
    score = Ensemble.score

    def short(self, sequences):
        if len(next(iter(sequences.values()))) > 2:
            raise MemoryError
        return score(self, sequences)

    monkeypatch.setattr(Ensemble, "score", short)
    assert whole.code == 0
    assert call(*words).out == whole.out


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Enough records for the compiled kernel, were there memory for it."""
    return Scene(tmp_path_factory.mktemp("memory") / "scene", SHORT, scored=400, passed=100)


@pytest.mark.parametrize("megabytes", first_quick([280, ENOUGH, *sorted({*LADDER} - {280, ENOUGH})]))
def test_any_limit_gives_the_right_bytes_or_none(scene, megabytes):
    scene.restore()
    assert scene.new
    done = limited(megabytes)(*scene.words, env=scene.environment)
    # Where not even C libraries find memory, they end the process as a kill would.
    crashed = done.code < 0
    assert scene.flaws(done, killed=crashed) == []
    assert done.code == 0 or megabytes < ENOUGH
    if not crashed:
        assert "Traceback" not in done.err
        assert "internal error" not in done.err


@pytest.mark.slow
def test_scores_do_not_depend_on_the_kernel_that_had_no_room(scene):
    """Where the compiled kernel has no room, tables give the same bytes, and this is said."""
    scene.restore()
    assert scene.new
    done = limited(560)(*scene.words, "--threads", "1", env=scene.environment)
    assert done.code == 0, done.err
    assert "scoring without the compiled kernel" in done.err
    assert "dense layers without the compiled kernel" in done.err
    assert scene.flaws(done, killed=False) == []
