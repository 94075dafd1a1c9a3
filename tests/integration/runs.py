"""Running `varbind annotate` on real files and looking at what it left."""

import contextlib
import gzip
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pysam
import pytest
from pysam import bcftools as pysam_bcftools
from quick_bank import quick_bank_path

from varbind.annotate.provenance import keys_of
from varbind.cli import main as cli
from varbind.io.vcf.records import VcfRecord

EXAMPLE = Path(cli.__file__).parents[1] / "data" / "example"
VCF, FASTA, GENES = EXAMPLE / "variants.vcf", EXAMPLE / "reference.fa", EXAMPLE / "genes.gtf"
PROGRAM = [sys.executable, "-c", "from varbind.cli.main import run; run()"]
QUICK = ("--proteins", "ELK1,GABPA,KLF4")
COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
HEADER = (
    b"##fileformat=VCFv4.3\n##contig=<ID=chr1,length=16000>\n##contig=<ID=chr2,length=14000>\n"
    b'##INFO=<ID=END,Number=1,Type=Integer,Description="end">\n'
    b'##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">\n' + COLUMNS + b"\n"
)
CONTIGS = {
    block.split("\n", 1)[0]: block.split("\n", 1)[1].replace("\n", "") for block in FASTA.read_text().split(">")[1:]
}
LIMIT = 60
TIMES = {"started", "wall_seconds", "cpu_seconds", "alleles_per_second"}


@dataclass(frozen=True)
class Run:
    """What a run said."""

    code: int
    out: bytes
    err: str

    @property
    def lines(self):
        return self.err.splitlines()

    @property
    def error(self):
        """The one line of an error."""
        errors = [line for line in self.lines if line.startswith("varbind: error: ")]
        assert len(errors) == 1, self.err
        assert "Traceback" not in self.err
        assert "internal" not in self.err
        assert self.lines[-1] == errors[0], self.err
        return errors[0]

    @property
    def warnings(self):
        return [line for line in self.lines if line.startswith("varbind: warning: ")]


def call(*words):
    """Run in this process, through the place where errors become exit codes."""
    # As the interpreter opens them: what cannot be printed never stops a message.
    out, err = (
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors, write_through=True)
        for errors in ("strict", "backslashreplace")
    )
    before = sys.argv
    sys.argv = ["varbind", *map(str, words)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli._run()
    finally:
        sys.argv = before
    return Run(code, out.buffer.getvalue(), err.buffer.getvalue().decode())


def spawn(*words, timeout=LIMIT, program=PROGRAM, **options):
    """Run as a program of its own, whose standard output is buffered whatever the environment of the tests says."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    streams.setdefault("env", {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"})
    done = subprocess.run([*program, *map(str, words)], timeout=timeout, check=False, **streams)
    return Run(done.returncode, done.stdout or b"", (done.stderr or b"").decode())


def with_small_files(size):
    """Run as a program of its own that may write so many bytes to a file.

    It writes no byte code, because Python would keep what fits of a module, at which later programs would fail.
    """

    def run(*words):
        program = [PROGRAM[0], "-B", *PROGRAM[1:]]
        return spawn(
            *words, program=program, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        )

    return run


def default_signals():
    """Let a child hear what this process ignores, as it does where the tests run under nohup or in the background."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def annotation(source, *options, fasta=FASTA, genes=GENES):
    """The words of a quick annotation: three proteins of a small bank, if the options name no others."""
    scope = ["--genes", genes] if genes else ["--everywhere"]
    bank = () if "--bank" in options else ("--bank", quick_bank_path())
    chosen = () if "--proteins" in options else QUICK
    return ["annotate", source, "-f", fasta, *scope, *bank, *chosen, *options]


def bound(*words):
    """Run as a user whom the permissions of files bind; root is one only without its capabilities."""
    if os.geteuid() != 0:
        return spawn(*words)
    drop = "-dac_override,-dac_read_search"
    setpriv = ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"]
    if shutil.which("setpriv") is None or subprocess.run([*setpriv, "true"], check=False).returncode:
        pytest.skip("root needs setpriv to be bound by permissions")
    return spawn(*words, program=[*setpriv, *PROGRAM])


class Bench:
    """A folder for inputs and an empty one for the output."""

    def __init__(self, folder):
        self.folder = folder
        self.results = folder / "results"
        self.results.mkdir()

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def vcf(self, *records, header=HEADER, name="in.vcf"):
        return self.file(name, header + b"".join(records))

    def annotate(self, source, *options, output="out.vcf", run=call, **inputs):
        """Annotate into the folder of results."""
        return run(*annotation(source, "-o", self.results / output, *options, **inputs))

    def refused(self, code, source, *options, run=call, output="out.vcf", **inputs):
        """Annotate what must be refused; the line that says why. An old output stays, nothing new is left."""
        old = self.results / output
        old.write_bytes(b"old\n")
        before = Path(source).read_bytes() if os.path.isfile(source) else None  # noqa: PTH113 (any name)
        done = self.annotate(source, *options, output=output, run=run, **inputs)
        assert done.code == code, done.err
        error = done.error
        assert [path.name for path in self.results.iterdir()] == [output]
        assert old.read_bytes() == b"old\n"
        old.unlink()
        if before is not None:
            assert Path(source).read_bytes() == before
        return error

    def kept(self, source, *options, output="out.vcf", run=call, prefix="VARBIND", **inputs):
        """Annotate what must come through: the run, and the records with every byte checked."""
        done = self.annotate(source, *options, output=output, run=run, **inputs)
        assert done.code == 0, done.err
        assert [path.name for path in self.results.iterdir()] == [output]
        result = unpacked(self.results / output)
        assert restored(result, prefix) == unpacked(source)
        count = sum(not line.startswith(b"#") and line.strip() != b"" for line in unpacked(source).splitlines())
        assert f"{count:,} records read, {count:,} written" in done.err
        return done, records(result)


def line(chrom, pos, ref, alt, info="DP=1", rest=""):
    """A record of eight columns."""
    return f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\t{info}{rest}\n".encode()


def base(chrom, pos, length=1):
    """REF of the example."""
    return CONTIGS[chrom][pos - 1 : pos - 1 + length]


def other(letter):
    """A base that is not this one."""
    return {"A": "C", "C": "G", "G": "T", "T": "A"}[letter.upper()]


def snv(chrom, pos, **rest):
    """A record that agrees with the example."""
    return line(chrom, pos, base(chrom, pos), other(base(chrom, pos)), **rest)


def unpacked(path):
    """Decompressed bytes."""
    data = Path(path).read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def restored(data, prefix="VARBIND"):
    """An output without what was added."""
    ours = (f"##INFO=<ID={prefix}_".encode(), b"##varbind_")
    kept = []
    for number, text in enumerate(data.splitlines(keepends=True), 1):
        if text.startswith(b"#") or not text.strip(b"\r\n"):
            kept.append(b"" if text.startswith(ours) else text)
        else:
            kept.append(VcfRecord(text, number, "", text.count(b"\t") + 1).without_keys(keys_of(prefix)))
    return b"".join(kept)


def records(data):
    """Column 8 of every record as a dictionary, in order."""
    rows = [text.rstrip("\r\n").split("\t") for text in data.decode("latin-1").split("\n")]
    found = [row[7] for row in rows if len(row) >= 8 and not row[0].startswith("#")]
    return [dict(word.partition("=")[::2] for word in info.split(";")) for info in found]


def without_times(data):
    """Whole statistics without the times, which differ from run to run; other bytes as they are."""
    try:
        statistics = json.loads(data)
    except ValueError:
        return data
    return json.dumps({name: value for name, value in statistics.items() if name not in TIMES}).encode()


def statuses(rows):
    """VARBIND_STATUS of every record; None without it."""
    return [row.get("VARBIND_STATUS") for row in rows]


def bgzip(source, target):
    """BGZF by htslib."""
    pysam.tabix_compress(str(source), str(target), force=True)
    return target


def block_starts(data):
    """Where the blocks of BGZF start."""
    found, place = [], 0
    while place < len(data):
        found.append(place)
        place += int.from_bytes(data[place + 16 : place + 18], "little") + 1
    return found


def to_bcf(source, target, kind="b"):
    """BCF by bcftools."""
    pysam_bcftools.view("--no-version", f"-O{kind}", "-o", str(target), str(source), catch_stdout=False)
    return target


def as_text(path):
    """Records as bcftools prints them."""
    return pysam_bcftools.view("--no-version", "-H", str(path))


def readable(program, path):
    """Number of records that bcftools reads; None where it refuses the file."""
    done = subprocess.run([program, "view", "-H", path], capture_output=True, check=False, timeout=LIMIT)
    return None if done.returncode else done.stdout.count(b"\n")
