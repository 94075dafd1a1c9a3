"""One file of the corpus through `varbind annotate`, and what became of it."""

import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field

from conformance.agreement import CARRIED, AgreeingReference, Promoters, is_place
from conformance.corpus import rows_of
from conformance.expectation import Expectation, expect
from integration.runs import LIMIT, Bench, as_text, records, statuses, unpacked

KEPT = ("exact", "equal")
GOOD = (*KEPT, "refused")
BAD = ("altered", "dropped", "traceback", "several lines", "partial")
STATS = "stats.json"


@dataclass(frozen=True)
class Verdict:
    """What became of a file.

    Attributes:
        specimen: the file.
        outcome: one of `GOOD` or `BAD`.
        code: exit code.
        error: the line that says why it is refused; empty where it is not.
        found: statuses of its alleles, counted.
        flaws: what else is wrong.
    """

    specimen: object
    outcome: str
    code: int
    error: str = ""
    found: Counter = field(default_factory=Counter)
    flaws: tuple = ()

    @property
    def reason(self):
        """The error without its place and numbers, so that equal ones can be counted."""
        what = self.error.removeprefix(f"varbind: error: {self.specimen.path}")
        what = re.sub(r"'(\\.|[^'])*'|\"[^\"]*\"", "...", re.sub(r"^(:\d+)?: ", "", what))
        return re.sub(r"\d[\d,]*", "N", what.partition(";")[0])


class Examination:
    """A file with the reference and the promoters that were made for it.

    Args:
        specimen: the file.
        folder: an empty one.
        options: of every run.
        carried: bases of the reference at most.
        promoters: look only into promoters over about half of the records, instead of everywhere.
    """

    def __init__(self, specimen, folder, *options, promoters=False, carried=CARRIED):
        self.specimen = specimen
        self.bench = Bench(folder)
        self.text = specimen.text()
        self.rows = rows_of(self.text)
        self.reference = AgreeingReference(self.text, self.rows, carried=carried)
        self.fasta = self.reference.write(folder / "agreeing.fa")
        self.promoters = Promoters(self.rows) if promoters else None
        self.genes = self.promoters.write(folder / "promoters.bed") if promoters else None
        self.expected = Expectation()
        # The reference is cut short, so most starts lie beyond its contigs.
        reach = ("--promoter", f"{Promoters.REACH},{Promoters.REACH}", "--allow-length-mismatch") if promoters else ()
        self.options = (*options, *reach, *self.reference.allowed)

    def run(self, source, output, *options):
        """Annotate with what was made for this file."""
        return self.bench.annotate(source, *self.options, *options, output=output, fasta=self.fasta, genes=self.genes)

    def verdict(self, *, output=None):
        """Annotate the file into a format of its own, or into another one."""
        output = output or f"out{self.specimen.suffix}"
        sound = all(len(row) >= 8 and is_place(row[1]) for row in self.rows)
        if sound:
            self.expected = expect(self.rows, self.reference.contigs, self.promoters)
            if self.expected.looks_like_another_build:
                self.options += ("--allow-ref-mismatch",)
        done = self.run(self.specimen.path, output, "--stats", self.bench.results / STATS)
        left = sorted(path.name for path in self.bench.results.iterdir())
        flaws = () if self.specimen.unchanged() else ("the input was changed",)
        if done.code != 0:
            return Verdict(
                self.specimen, self._refusal(done, left, output), done.code, "".join(done.lines[-1:]), flaws=flaws
            )
        if left != sorted([output, STATS]):
            return Verdict(self.specimen, "partial", 0, flaws=(*flaws, f"left behind: {left}"))
        outcome, found = self._compared(self.bench.results / output)
        flaws += tuple(self._miscounts(found, sound=sound))
        return Verdict(self.specimen, outcome, 0, found=self.expected.alleles, flaws=flaws)

    @staticmethod
    def _refusal(done, left, output):
        codes = {3, 4, 5} if output.endswith(".bcf") else {3, 4}
        if "Traceback" in done.err or "internal" in done.err or done.code not in codes:
            return "traceback"
        if left:
            return "partial"
        errors = [line for line in done.lines if "error" in line]
        return "refused" if errors == done.lines[-1:] else "several lines"

    def again(self):
        """Where the result is not the same when it is made once more, or made from itself."""
        first = self.bench.results / f"out{self.specimen.suffix}"
        for source, name, *options in (
            (self.specimen.path, f"again{self.specimen.suffix}"),
            (first, f"over{self.specimen.suffix}", "--overwrite"),
        ):
            done = self.run(source, name, *options)
            if done.code != 0:
                yield f"{name}: {done.err}"
            elif (self.bench.results / name).read_bytes() != first.read_bytes():
                yield f"{name}: other bytes"

    def seen_by(self, bcftools):
        """Where an independent reader finds other records than in the input."""
        first = self.bench.results / f"out{self.specimen.suffix}"
        before = viewed(bcftools, self.specimen.path)
        if before is not None:
            after = viewed(bcftools, first)
            if after is None:
                yield f"{bcftools} cannot read the result"
            elif without_ours(after) != before:
                yield f"{bcftools} reads other records"

    def _compared(self, output):
        """The outcome, and the annotated text."""
        if self.specimen.is_bcf or output.suffix == ".bcf":
            before, after = (as_text(path).encode("latin-1") for path in (self._without_blank_lines(), output))
            kept = "equal"
        else:
            before, after = self.text, unpacked(output)
            kept = "exact"
        if without_ours(after) == before:
            return kept, after
        return "dropped" if len(body(after)) != len(body(before)) else "altered", after

    def _without_blank_lines(self):
        """The input, readable to htslib, which takes a blank line for a broken record."""
        if self.specimen.is_bcf:
            return self.specimen.path
        lines = self.text.splitlines(keepends=True)
        return self.bench.file("without-blank-lines.vcf", b"".join(line for line in lines if line.strip()))

    def _miscounts(self, annotated, *, sound):
        """Where the run's own counts and statuses are not those that were worked out."""
        if not sound:
            yield "carried although a record has no sound POS or too few columns"
            return
        stats = json.loads((self.bench.results / STATS).read_text())
        for key, value in self.expected.as_stats().items():
            if stats[key] != value:
                yield f"{key}: {stats[key]}, expected {value}"
        found = statuses(records(annotated))
        if found != self.expected.statuses:
            yield f"STATUS: {found}, expected {self.expected.statuses}"


def viewed(bcftools, path):
    """The records as bcftools prints them; None where it refuses the file."""
    done = subprocess.run([bcftools, "view", "-H", path], capture_output=True, check=False, timeout=LIMIT)
    return None if done.returncode else done.stdout


def body(text):
    """Records, blank lines left out."""
    return [line for line in text.split(b"\n") if line.strip(b"\r") and not line.startswith(b"#")]


def without_ours(text):
    """The bytes that were there before: our keys stand last in column 8, or in place of a dot."""
    lines = text.splitlines(keepends=True) if b"\r" not in text else re.findall(rb"[^\n]*\n|[^\n]+$", text)
    return b"".join(map(_line_without_ours, lines))


def _line_without_ours(line):
    if line.startswith((b"##INFO=<ID=VARBIND_", b"##varbind_")):
        return b""
    columns = line.split(b"\t")
    if line.startswith(b"#") or len(columns) < 8:
        return line
    info = columns[7].rstrip(b"\r\n")
    end = columns[7][len(info) :]
    rest = b"." if info.startswith(b"VARBIND_") else info.partition(b";VARBIND_")[0]
    return b"\t".join([*columns[:7], rest + end, *columns[8:]])
