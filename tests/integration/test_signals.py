"""Row 51, and what is shown while a run goes on."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest
from integration.runs import PROGRAM, VCF, Bench, annotation, default_signals, snv, to_bcf
from quick_cases import first_quick

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.fixture(scope="module")
def long_source(tmp_path_factory):
    """Takes many seconds to annotate with every model."""
    bench = Bench(tmp_path_factory.mktemp("long"))
    return bench.vcf(*(snv("chr1", 2101 + number % 800) for number in range(40_000)))


def start(bench, source, output, *options, **streams):
    words = annotation(source, "-o", bench.results / output, "--proteins", "all", *options)
    pipes = {"stderr": subprocess.PIPE, "preexec_fn": default_signals} | streams
    return subprocess.Popen([*PROGRAM, *map(str, words)], **pipes)


def wait_for_bytes(bench, process):
    """Until the temporary file holds scored records."""
    limit = time.monotonic() + 40
    while not any(path.stat().st_size > 50_000 for path in bench.results.glob(".out.*/*")):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.02)


def ended(process):
    err = process.communicate(timeout=40)[1].decode()
    return process.returncode, [row for row in err.splitlines() if "genes.gtf" not in row]


@pytest.mark.parametrize(("number", "code"), first_quick(SIGNALS))
def test_row_51_during_scoring(bench, long_source, number, code):
    (bench.results / "out.vcf").write_bytes(b"old\n")
    process = start(bench, long_source, "out.vcf")
    wait_for_bytes(bench, process)
    process.send_signal(number)
    assert ended(process) == (code, [f"varbind: stopped by {number.name}; no partial output was left behind"])
    assert [path.name for path in bench.results.iterdir()] == ["out.vcf"]
    assert (bench.results / "out.vcf").read_bytes() == b"old\n"


@pytest.mark.parametrize("output", ["out.vcf.gz", "out.bcf"])
def test_row_51_whatever_is_written(bench, long_source, output):
    process = start(bench, long_source, output)
    limit = time.monotonic() + 40
    while not list(bench.results.iterdir()):
        assert time.monotonic() < limit
        time.sleep(0.02)
    time.sleep(0.7)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143
    assert not list(bench.results.iterdir())


def test_row_51_bcf_in(bench, long_source, tmp_path):
    process = start(bench, to_bcf(long_source, tmp_path / "long.bcf"), "out.vcf")
    wait_for_bytes(bench, process)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, ["varbind: stopped by SIGINT; no partial output was left behind"])
    assert not list(bench.results.iterdir())


def test_row_51_while_waiting_for_input(bench):
    process = start(bench, "-", "out.vcf", stdin=subprocess.PIPE)
    process.stdin.write(VCF.read_bytes())
    process.stdin.flush()
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    code, lines = ended(process)
    assert (code, lines) == (143, ["varbind: stopped by SIGTERM; no partial output was left behind"])
    assert not list(bench.results.iterdir())


@pytest.mark.slow
def test_row_51_a_second_signal_changes_nothing(bench, long_source):
    process = start(bench, long_source, "out.vcf")
    wait_for_bytes(bench, process)
    process.send_signal(signal.SIGTERM)
    for _ in range(20):
        process.send_signal(signal.SIGINT)
    code, lines = ended(process)
    assert code in (130, 143)
    assert len(lines) == 1
    assert not list(bench.results.iterdir())


@pytest.mark.slow
def test_nohup_is_respected(bench):
    """A signal that the caller ignores stays ignored."""

    def ignore():
        default_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = start(bench, "-", "out.vcf", stdin=subprocess.PIPE, preexec_fn=ignore)
    process.stdin.write(VCF.read_bytes())
    process.stdin.flush()
    time.sleep(1.5)
    process.send_signal(signal.SIGHUP)
    assert ended(process)[0] == 0
    assert [path.name for path in bench.results.iterdir()] == ["out.vcf"]


def on_a_terminal(words):
    """Run with a terminal as stderr: the exit code and what it showed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    process = subprocess.Popen([*PROGRAM, *map(str, words)], stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


@pytest.fixture
def some(bench):
    return bench.vcf(*(snv("chr1", 2101 + number % 800) for number in range(2_000)))


@pytest.mark.slow
def test_progress_on_a_terminal(bench, some):
    code, shown = on_a_terminal(annotation(some, "-o", bench.results / "out.vcf"))
    assert code == 0
    assert re.search(r"records .*[\d,]+ done \(\d+%\), [\d,.]+/s, \d:\d\d:\d\d left", shown)
    assert "2,000 records read, 2,000 written" in shown.splitlines()[-1]


@pytest.mark.slow
def test_quiet_on_a_terminal(bench, some):
    assert on_a_terminal(annotation(some, "-q", "-o", bench.results / "out.vcf")) == (0, "")


@pytest.mark.slow
def test_no_progress_in_a_pipe(bench, some):
    done = subprocess.run([*PROGRAM, *map(str, annotation(some, "-o", bench.results / "out.vcf"))],
                          capture_output=True, check=True, timeout=60)  # fmt: skip
    assert b"\r" not in done.stderr
    assert b"%" not in done.stderr
    assert done.stdout == b""


def test_quiet_says_nothing(bench):
    done = bench.annotate(VCF, "-q")
    assert (done.code, done.err) == (0, "")
