"""What surrounds a run: names that are no text, a working folder that is gone, the environment, a hang-up."""

import gzip
import json
import os
import shutil
import signal
import subprocess

import pytest
from integration.runs import (
    FASTA,
    GENES,
    HEADER,
    PROGRAM,
    VCF,
    annotation,
    bgzip,
    call,
    default_signals,
    restored,
    snv,
    spawn,
    to_bcf,
    unpacked,
)
from quick_cases import first_quick

from varbind.errors import UsageError

ODD = os.fsdecode(b"f\xfc\xff")


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """The working folder, whose name and files are no UTF-8: variants, reference and genes."""
    folder = tmp_path / ODD
    folder.mkdir()
    monkeypatch.chdir(folder)
    for source in (VCF, FASTA, GENES):
        shutil.copy(source, folder / f"{ODD}{source.suffix}")
    return folder


def annotate(source, *words):
    return call(*annotation(source, *words, fasta=f"{ODD}.fa", genes=f"{ODD}.gtf"))


@pytest.mark.parametrize("suffix", [".vcf", ".vcf.gz", ".bcf"])
def test_names_that_are_not_utf8(odd, expected, suffix):
    """Inputs and outputs of every kind; the index of the reference is made anew."""
    name = f"{ODD}.out{suffix}"
    done = annotate(f"{ODD}.vcf", "-o", name, "--stats", f"{ODD}.json", *([] if suffix == ".vcf" else ["-W"]))
    assert done.code == 0, done.err
    assert json.loads((odd / f"{ODD}.json").read_bytes())["records_written"] == 33
    if suffix != ".bcf":
        assert restored(unpacked(odd / name)) == VCF.read_bytes()
    again = annotate(name, "--overwrite", *([] if suffix == ".vcf" else ["-r", "chr1"]))
    assert again.code == 0, again.err
    assert again.out.count(b"VARBIND_STATUS=") > 10


def test_compressed_files_with_names_that_are_not_utf8(odd):
    with gzip.open(f"{ODD}.plain.gz", "wb") as stream:
        stream.write(VCF.read_bytes())
    bgzip(FASTA, odd.parent / "plain.fa.gz").rename(odd / f"{ODD}.fa.gz")
    to_bcf(VCF, odd.parent / "in.bcf").rename(odd / f"{ODD}.bcf")
    assert annotate(f"{ODD}.plain.gz").out == annotate(f"{ODD}.vcf").out
    assert annotate(f"{ODD}.bcf").code == 0
    done = call(*annotation(f"{ODD}.vcf", fasta=f"{ODD}.fa.gz", genes=f"{ODD}.gtf"))
    assert done.code == 0, done.err


def test_other_files_with_names_that_are_not_utf8(odd, tiny_bank_path):
    shutil.copytree(tiny_bank_path, odd / f"{ODD}.bank")
    for name, text in (("map", "chr1\tchr1\n"), ("bed", "chr1\t1\t9000\n"), ("proteins", "ELK1\n")):
        (odd / f"{ODD}.{name}").write_text(text)
    words = ["--bank", f"{ODD}.bank", "--contig-map", f"{ODD}.map", "-T", f"{ODD}.bed"]
    done = annotate(f"{ODD}.vcf", *words, "--proteins", f"@{ODD}.proteins")
    assert done.code == 0, done.err
    assert b"ELK1" in done.out
    assert call("models", "export", "--bank", f"{ODD}.bank", "--models", "KLF5", "-o", f"{ODD}.text").code == 0
    assert (odd / f"{ODD}.text" / "db.tsv").exists()


def test_a_missing_file_whose_name_is_not_utf8_is_one_line(odd):
    done = annotate(f"no{ODD}.vcf")
    assert done.code == 3
    assert done.error == r"varbind: error: nof\udcfc\udcff.vcf: cannot be read: No such file or directory"


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A working folder that does not exist any more."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()


def many_variants(count=80):
    """Variants that the models of the shipped bank score with the compiled kernel, where it can be loaded."""
    return HEADER + b"".join(snv("chr1", 2101 + 9 * number) for number in range(count))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.slow
def test_a_working_folder_that_is_gone(tmp_path, expected):
    assert call(*annotation(VCF, "-o", tmp_path / "out.vcf")).code == 0
    assert (tmp_path / "out.vcf").read_bytes() == expected
    source = tmp_path / "in.vcf"
    source.write_bytes(many_variants())
    words = annotation(source, "--bank", "default")
    # With an empty cache the kernel would have to be compiled, for which numba asks for the folder.
    done = spawn(*words, env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")})
    assert done.code == 0, done.err
    assert done.out == call(*words).out


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("words", [["-o", "out.vcf"], ["--stats", "counts.json", "-o", "/dev/null"]])
def test_a_relative_name_in_a_working_folder_that_is_gone(words):
    done = call(*annotation(VCF, *words))
    assert done.code == UsageError.exit_code
    assert done.error.endswith(
        "error: the working folder does not exist any more; cd to another one, or give absolute paths"
    )


@pytest.mark.parametrize("setting", first_quick(["NUMBA_NUM_THREADS=0", "NUMBA_NUM_THREADS=x", "NUMBA_OPT=x"]))
def test_variables_of_numba_that_cannot_be_used(tmp_path, setting):
    source = tmp_path / "in.vcf"
    source.write_bytes(many_variants())
    words = annotation(source, "-q", "--bank", "default")
    done = spawn(*words, env=os.environ | dict([setting.split("=")]))
    assert (done.code, done.err) == (0, "")
    assert done.out == call(*words).out


@pytest.fixture
def ignoring():
    """As under nohup and in the background: what this process ignores, its children ignore too."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("ignoring")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("hears", first_quick([False, True]))
def test_signals_that_the_caller_ignores_stay_ignored(tmp_path, number, hears):
    """And a child of these tests hears them wherever the tests themselves were started."""
    words = [*PROGRAM, *map(str, annotation("-", "-q", "-o", tmp_path / "out.vcf"))]
    streams = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE} | ({"preexec_fn": default_signals} if hears else {})
    process = subprocess.Popen(words, **streams)
    process.stdin.write(VCF.read_bytes())
    process.stdin.flush()
    while not list(tmp_path.glob(".out.vcf*")):  # its handlers stand by then
        assert process.poll() is None
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (128 + number if hears else 0)
    assert (tmp_path / "out.vcf").exists() != hears
