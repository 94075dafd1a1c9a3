"""Row 49: the disk is full at any byte: exit 5, the reason, nothing left, the old output as it was."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
from unittest import mock

import pytest
from integration.runs import VCF, annotation, call, spawn
from quick_cases import first_quick, first_quick_of_fixture

from varbind.annotate.run_statistics import RunClock

KINDS = [("out.vcf", ()), ("out.vcf.gz", ()), ("out.vcf.gz", ("-W",)), ("out.bcf", ("-Ou",)), ("out.bcf", ("-W",))]
IDS = ["v", "z", "z -W", "u", "b -W"]


@contextlib.contextmanager
def largest_file(size):
    """No file may grow beyond so many bytes; Python ignores the signal, so that writing fails.

    Byte code is the exception: of a module that is imported meanwhile, Python would keep what fits, so it writes none.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with mock.patch.object(sys, "dont_write_bytecode", new=True):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder):
    """Every file by name, and every folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def clear(folder):
    """Take everything out of a folder."""
    shutil.rmtree(folder)
    folder.mkdir()


def sizes_below(size, count):
    """The first bytes, the last ones, and some between."""
    return sorted({0, 1, *(size * step // count for step in range(1, count)), size - 1})


@pytest.fixture(params=first_quick_of_fixture(KINDS, 2), ids=IDS)
def whole(request, bench):
    """A way of writing, and what it leaves where there is room."""
    output, options = request.param
    assert bench.annotate(VCF, *options, output=output).code == 0
    found = contents(bench.results)
    for name in found:
        (bench.results / name).unlink()
    return output, options, found


@pytest.mark.parametrize("old", first_quick([True, False]), ids=["over an old one", ""])
def test_at_any_byte_of_the_output(bench, whole, old):
    output, options, found = whole
    before = {name: b"old " + name.encode() for name in found} if old else {}
    # The text of a BCF is larger than the BCF itself.
    largest = max(map(len, found.values()))
    for size in sizes_below(largest, 9):
        for name, data in before.items():
            (bench.results / name).write_bytes(data)
        with largest_file(size):
            done = bench.annotate(VCF, *options, output=output)
        assert done.code == 5, f"{size} bytes: {done.err}"
        assert str(bench.results / output) in done.error
        assert "File too large" in done.error, done.err
        assert contents(bench.results) == before


def test_where_it_just_fits(bench, whole):
    output, options, found = whole
    if output.endswith(".bcf"):
        pytest.skip("its text is larger than the BCF")
    with largest_file(max(map(len, found.values()))):
        assert bench.annotate(VCF, *options, output=output).code == 0
    assert contents(bench.results) == found


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    """The example, annotated."""
    path = tmp_path_factory.mktemp("annotated") / "annotated.vcf"
    assert call(*annotation(VCF, "-o", path)).code == 0
    return path


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Two models as a folder of parameter files."""
    folder = tmp_path_factory.mktemp("published") / "models"
    assert call("models", "export", "--models", "ELK1,GABPA", "-o", folder).code == 0
    return folder


@pytest.fixture(
    params=first_quick_of_fixture(["tsv", "stats", "export", "html", "tsv.gz", "parquet", "import", "demo"], 4)
)
def writing(request, annotated, published, monkeypatch):
    """The words of a command that writes the same bytes in every run, and the name that it writes."""
    kind = request.param
    if kind == "stats":
        # The times of a run, and so the number of their digits, differ from run to run.
        monkeypatch.setattr(RunClock, "as_json", lambda _clock, _scored: {"wall_seconds": 1.5})
        return [*annotation(VCF, "-o", os.devnull), "--stats"], "stats.json"
    if kind == "export":
        return ["models", "export", "--models", "ELK1,GABPA", "-o"], "models"
    if kind == "import":
        return ["models", "import", "deepbind", published, "--background-snvs", "300", "-o"], "bank"
    if kind == "demo":
        return ["demo"], "demo"
    if kind == "html":
        return ["report", annotated, "--top", "3", "-o"], "report.html"
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    return ["rank", annotated, "-o"], f"table.{kind}"


def test_other_commands_at_any_byte(bench, writing):
    words, name = writing
    target = bench.results / name
    assert call(*words, target).code == 0
    whole = contents(bench.results)
    largest = max(len(data or b"") for data in whole.values())
    clear(bench.results)
    for size in sizes_below(largest, 4):
        with largest_file(size):
            done = call(*words, target)
        assert done.code == 5, f"{size} bytes: {done.err}"
        assert "File too large" in done.error
        left = contents(bench.results)
        # The folder of the demonstration is made at once; what is in it is whole.
        assert left.items() <= whole.items() if name == "demo" else left == {}, size
        clear(bench.results)


@pytest.mark.parametrize("kind", ["tsv", "tsv.gz", "stats"])
def test_other_commands_leave_the_old_file(bench, annotated, kind):
    words = [*annotation(VCF, "-o", os.devnull), "--stats"] if kind == "stats" else ["rank", annotated, "-o"]
    old = bench.results / ("stats.json" if kind == "stats" else f"table.{kind}")
    old.write_bytes(b"old\n")
    with largest_file(20):
        assert call(*words, old).code == 5
    assert contents(bench.results) == {old.name: b"old\n"}


def test_counts_that_cannot_be_written_leave_the_old_output(bench):
    """The output and its counts belong together: neither without the other."""
    (bench.results / "out.vcf.gz").write_bytes(b"old\n")
    stats = bench.folder / "full" / "stats.json"
    stats.parent.mkdir()
    with limited_folder(stats.parent, kilobytes=4) as folder:
        (folder / "filled").write_bytes(b"x" * 4096)
        done = bench.annotate(VCF, "--stats", stats, output="out.vcf.gz")
        assert done.code == 5
        assert "No space left on device" in done.error
        assert contents(bench.results) == {"out.vcf.gz": b"old\n"}
        assert not stats.exists()


@pytest.mark.parametrize("words", [("score", "--models", "KLF4"), ("models", "list"), ("models", "show")])
def test_a_full_device_under_standard_output(bench, words):
    sequences = [bench.file("sequences", b"ACGTACGTTTGACC\n")] if words[0] == "score" else []
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = spawn(words[0], *sequences, *words[1:], stdout=full)
    assert done.code == 5
    assert done.error == "varbind: error: standard output: cannot be written: No space left on device"


@contextlib.contextmanager
def limited_folder(folder, *, kilobytes):
    """A file system of this size; skipped where none may be mounted."""
    if shutil.which("mount") is None:
        pytest.skip("needs mount")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize(("output", "options"), KINDS, ids=IDS)
@pytest.mark.slow
def test_on_a_small_file_system(bench, output, options):
    """Of growing size: refused with nothing left, until it is large enough."""
    codes = []
    with limited_folder(bench.results, kilobytes=4):
        for kilobytes in range(4, 100, 20):
            subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", bench.results], check=True)
            (bench.results / output).write_bytes(b"old\n")
            # A program of its own: htslib keeps a file open that it could not write, and its space with it.
            done = bench.annotate(VCF, *options, output=output, run=spawn)
            codes.append(done.code)
            left = contents(bench.results)
            if done.code == 0:
                assert left[output] != b"old\n"
                break
            assert done.code == 5
            assert "No space left on device" in done.error
            assert left == {output: b"old\n"}
    assert codes[-1] == 0
    assert len(codes) > 1
