"""What a broken run may leave: the old output or the whole new one, never a part, and nothing besides."""

import os
import re
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from integration.runs import FASTA, GENES, HEADER, VCF, Run, annotation, call, snv, spawn, without_times

SIGNAL_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
STATS = "stats.json"
TSS_REACH = range(2101, 2901)
# The hidden folder of an output with what may lie in it, and the one file of the counts.
_TEMPORARY = re.compile(
    r"\.[^/]+\.varbind-\w{8}(/(text\.vcf(\.declared)?|result\.(vcf|vcf\.gz|bcf)(\.(csi|tbi))?|old-\d))?", re.ASCII
)


@dataclass(frozen=True)
class Job:
    """One way of writing.

    Attributes:
        output: name of the result; its suffix says how it is packed.
        options: of the run.
        old: whether an older output stands there, with its index.
        stats: whether counts are written as well.
    """

    output: str
    options: tuple[str, ...] = ()
    old: bool = False
    stats: bool = False

    def __str__(self):
        words = [self.output, *self.options, *(["--stats"] if self.stats else []), *(["over an old one"] * self.old)]
        return " ".join(words)


JOBS = [
    Job(output, options, old, stats)
    for output, options in [("out.vcf", ()), ("out.vcf.gz", ("-W",)), ("out.bcf", ("-W",))]
    for old in (False, True)
    for stats in (False, True)
]


class Scene:
    """The inputs of a job, and its folder of results as it stood before, or as an unbroken run leaves it.

    Args:
        folder: to work in.
        job: what is written.
        scored: number of records that are scored.
        passed: number of records that are passed on.
    """

    def __init__(self, folder, job, *, scored, passed):
        self.job = job
        self.results = folder / "results"
        self.temporary = folder / "tmp"
        self._inputs = folder / "inputs"
        for made in (self.results, self.temporary, self._inputs):
            made.mkdir(parents=True)
        records = [snv("chr1", TSS_REACH[number * len(TSS_REACH) // scored]) for number in range(scored)]
        records += [snv("chr1", 12_000 + number * 3_000 // passed) for number in range(passed)]
        self.source = self._inputs / "in.vcf"
        self.source.write_bytes(HEADER + b"".join(records))
        for path in (FASTA, Path(f"{FASTA}.fai"), GENES):
            shutil.copy2(path, self._inputs)
        self._before = _contents(self._inputs)
        self.restore()

    @property
    def words(self):
        """The words of the run."""
        names = {"fasta": self._inputs / FASTA.name, "genes": self._inputs / GENES.name}
        stats = ("--stats", self.results / STATS) if self.job.stats else ()
        return annotation(self.source, "-o", self.results / self.job.output, *self.job.options, *stats, **names)

    @property
    def environment(self):
        """That of the run: its temporary files lie in a folder of this scene."""
        return {**os.environ, "TMPDIR": str(self.temporary)}

    def run(self):
        """An unbroken run."""
        return spawn(*self.words, env=self.environment)

    @cached_property
    def old(self):
        """What stands in the folder before: by name its bytes."""
        if not self.job.old:
            return {}
        assert call(*annotation(VCF, "-o", self.results / self.job.output, *self.job.options)).code == 0
        if self.job.stats:
            (self.results / STATS).write_bytes(b'{"records_read": 33}\n')
        return _contents(self.results)

    @cached_property
    def new(self):
        """What an unbroken run leaves."""
        done = self.run()
        assert done.code == 0, done.err
        found = _contents(self.results)
        self.restore()
        return found

    def restore(self):
        """Make the folder of results as it was before."""
        old = self.old
        for folder in (self.results, self.temporary):
            shutil.rmtree(folder)
            folder.mkdir()
        for name, data in old.items():
            (self.results / name).write_bytes(data)

    def flaws(self, done: Run, *, killed: bool, may_stop: bool = False):
        """What is against the promise, as words; none where all is well.

        Args:
            done: what the run said.
            killed: whether it could not clear up.
            may_stop: whether a signal met the interpreter before or after its handlers stood.
        """
        found = _contents(self.results)
        names = {*self.old, *self.new}
        result = {name: data for name, data in found.items() if name in names}
        flaws = [f"{name} is a part" for name, data in result.items()
                 if data not in (self.old.get(name), self.new.get(name))]  # fmt: skip
        flaws += [f"{name} is left" for name in sorted({*found} - names) if not (killed and _is_temporary(name))]
        flaws += [f"{name} is left in TMPDIR" for name in _contents(self.temporary) if not killed]
        flaws += ["an input is changed"] * (_contents(self._inputs) != self._before)
        indexed = result.get(self.index)
        if indexed is not None and any(
            indexed == one.get(self.index) and result.get(self.job.output) != one.get(self.job.output)
            for one in (self.old, self.new)
        ):
            flaws.append("the index belongs to another file")
        if not killed:
            whole = [one for one in (self.old, self.new) if one == result]
            ended_well = done.code == 0 or (may_stop and done.code < 0)
            if not flaws and (not whole or (whole[0] is not self.new and done.code == 0)):
                flaws.append(f"exit {done.code}, yet not all is old or all new")
            if not flaws and result == self.new != self.old and not ended_well:
                flaws.append(f"exit {done.code}, yet the new output is there")
        return flaws

    @property
    def is_named(self):
        """Whether the new output has its name."""
        path = self.results / self.job.output
        new = self.new[self.job.output]
        return path.exists() and path.stat().st_size == len(new) and path.read_bytes() == new

    @property
    def temporaries(self):
        """Sizes of what lies in the hidden folder, by name; None where there is no such folder."""
        folder = next(self.results.glob(f".{self.job.output}.varbind-*"), None)
        if folder is None:
            return None
        with suppress(FileNotFoundError):  # it goes while it is looked at
            return {path.name: path.stat().st_size for path in folder.iterdir()}
        return {}

    @property
    def index(self):
        """Name of the index."""
        return f"{self.job.output}.csi"


def said_wrong(done: Run, code: int, what: str):
    """Whether a run ended with another code, or said another thing than one line."""
    lines = [line for line in done.lines if line.startswith("varbind: ") and "genes.gtf" not in line]
    return done.code != code or len(lines) != 1 or what not in lines[0] or "Traceback" in done.err


def _contents(folder):
    return {
        str(path.relative_to(folder)): without_times(path.read_bytes()) if path.is_file() else b""
        for path in folder.rglob("*")
    }


def _is_temporary(name):
    return _TEMPORARY.fullmatch(name) is not None
