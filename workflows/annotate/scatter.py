"""Cut a VCF into parts with about the same number of records in promoters, for `varbind annotate` on each part.

    python scatter.py FOLDER --parts N [--index csi|tbi] -- IN OPTIONS

IN and OPTIONS are those of `varbind annotate`. A part is a run of consecutive records with the whole header, so that no
record is lost or doubled, whatever the order and the positions of the records. The reference is compared with the
whole file here, as `varbind annotate` does it, because a part alone may hold too few records to decide. IN is read
twice: once to count the records in promoters, once to write `FOLDER/0000.vcf.gz` and so on, and
`FOLDER/scatter.json`, the number of records of every part and what is known about IN only as a whole.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from varbind.annotate.counts import AnnotationCounts
from varbind.annotate.inputs import open_inputs
from varbind.cli.annotate import annotate, annotate_settings
from varbind.errors import InputError, OutputError, UsageError, VarbindError
from varbind.io.output.atomic_files import write_whole_file
from varbind.io.output.output_file import Destination, OutputFormat
from varbind.io.output.output_index import check_lengths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from varbind.annotate.inputs import Inputs
    from varbind.annotate.settings import AnnotateSettings

PLAN = "scatter.json"
LOG_OPTIONS = ("quiet", "verbose")
# The parts are read once and removed.
PART_FORMAT = OutputFormat("z", 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What was cut, for `gather.py`.

    Attributes:
        source: the name of IN without its folder.
        sha256: the digest of IN as it is stored.
        is_sorted: whether the records can be indexed.
        has_blank_lines: whether IN has blank lines.
        records: the number of records of each part.
        in_promoters: the number of records of each part that are to be annotated.
    """

    source: str
    sha256: str | None
    is_sorted: bool
    has_blank_lines: bool
    records: tuple[int, ...]
    in_promoters: tuple[int, ...]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the plan of a folder.

        Raises:
            InputError: it is missing or was not written by this script.
        """
        path = folder / PLAN
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"is not a plan of scatter.py: {error}", path=path, remedy="run scatter.py") from error


def part_path(folder: Path, part: int, suffix: str = ".vcf.gz") -> Path:
    """The path of a part, or of what was made of it."""
    return folder / f"{part:04}{suffix}"


@dataclass(frozen=True, slots=True)
class Task:
    """The inputs and the settings of an annotation.

    Attributes:
        source: the path of the variants.
        reference: the path of the FASTA; None = not given.
        genes: the paths of the gene files.
        settings: all other settings.
    """

    source: str
    reference: str | None
    genes: tuple[str, ...]
    settings: AnnotateSettings

    @classmethod
    def of(cls, words: Sequence[str]) -> Self:
        """The task that the words after `varbind annotate` describe.

        Raises:
            UsageError: the words select records, which a part cannot do again.
        """
        options = annotate.make_context("annotate", list(words)).params
        inputs = [options.pop(name) for name in ("source", "reference", "genes")]
        for name in ("output", "stats", *LOG_OPTIONS):
            del options[name]
        settings = annotate_settings(options, options.pop("banks"))
        if settings.selects_records:
            raise UsageError("regions and targets cannot be scattered", remedy="select the records with bcftools view")
        return cls(*inputs, settings)

    @contextmanager
    def opened(self, counts: AnnotationCounts, *, digest: bool = False) -> Iterator[Inputs]:
        """The opened inputs, and no models; reading them updates the counts."""
        with ExitStack() as stack:
            yield open_inputs(
                stack,
                self.source,
                reference=self.reference,
                genes=self.genes,
                settings=self.settings,
                counts=counts,
                digest=digest,
            )


class PartFiles(AbstractContextManager["PartFiles"]):
    """The files of the parts, written one after the other.

    Args:
        folder: the folder of the files.
        header: the header of every part.
    """

    def __init__(self, folder: Path, header: bytes) -> None:
        self._folder = folder
        self._header = header
        self._stack = ExitStack()
        self._part = -1
        self._out: Destination | None = None

    def write(self, part: int, data: bytes) -> None:
        """Write to a part, which is the last one written or comes after it; parts between have only the header."""
        while self._part < part:
            self.finish()
            self._part += 1
            path = part_path(self._folder, self._part)
            self._out = self._stack.enter_context(Destination(str(path), PART_FORMAT))
            self._out.write(self._header)
        if self._out is not None:
            self._out.write(data)

    def finish(self) -> None:
        """Give the last part its name."""
        if self._out is not None:
            self._out.prepare()
            self._out.commit()

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)


def count_in_promoters(task: Task, *, index: str | None) -> int:
    """The number of records to annotate, of which every allele gets a status.

    Raises:
        VarbindError: an input is broken, the reference is not that of the variants, or the records cannot have the
            `index` that is wanted.
    """
    counts = AnnotationCounts()
    with task.opened(counts) as inputs:
        pieces = inputs.checked_pieces(counts, allow_ref_mismatch=task.settings.allow_ref_mismatch)
        total = sum(piece.record is not None for piece in pieces)
        if index and not inputs.variants.is_sorted:
            remedy = "sort them with bcftools sort, or set index to none"
            raise InputError("the records are not sorted and cannot be indexed", path=task.source, remedy=remedy)
        if index and inputs.variants.has_blank_lines:
            raise InputError("blank lines cannot be indexed", path=task.source, remedy="remove them")
        check_lengths(inputs.contig_lengths(), index, path=task.source)
    return total


def write_parts(task: Task, folder: Path, *, parts: int, total: int) -> Plan:
    """Write the parts: record number k (from 0) of the `total` in promoters goes to part k * parts // total.

    Records outside the promoters follow the record before them.

    Raises:
        VarbindError: an input is broken, or a part cannot be written.
    """
    records, in_promoters = [0] * parts, [0] * parts
    seen = part = 0
    counts = AnnotationCounts()
    with task.opened(counts, digest=True) as inputs:
        header = inputs.stream.header.bytes_with([])
        with PartFiles(folder, header) as files:
            for piece in inputs.stream.pieces(inputs.allele_statuses, counts):
                if piece.record is not None:
                    part = min(seen * parts // max(total, 1), parts - 1)
                    seen += 1
                    in_promoters[part] += 1
                records[part] += piece.n_records
                files.write(part, piece.lines)
            files.write(parts - 1, b"")
            files.finish()
        variants = inputs.variants
        if seen != total:
            raise InputError("the file was changed while it was read", path=task.source, remedy="run again")
        known = variants.sha256, variants.is_sorted, variants.has_blank_lines
    return Plan(Path(task.source).name, *known, tuple(records), tuple(in_promoters))


def scatter(words: Sequence[str], folder: Path, *, parts: int, index: str | None) -> Plan:
    """Cut the VCF of an annotation into parts.

    Args:
        words: the words after `varbind annotate`: the path of the VCF and the options.
        folder: the folder of the parts and of the plan.
        parts: the number of parts; those without a record have only the header.
        index: the index that the result will have, `tbi` or `csi`; None = no index.

    Raises:
        VarbindError: an input is broken or does not fit the others.
    """
    task = Task.of(words)
    total = count_in_promoters(task, index=index)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made: {error.strerror}", path=folder) from error
    plan = write_parts(task, folder, parts=parts, total=total)
    write_whole_file(folder / PLAN, json.dumps(asdict(plan), indent=1).encode() + b"\n")
    return plan


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", type=int, required=True)
    parser.add_argument("--index", choices=["csi", "tbi", "none"], default="none")
    parser.add_argument("words", nargs="+", help="the words after varbind annotate; -- comes before them")
    arguments = parser.parse_args()
    index = None if arguments.index == "none" else arguments.index
    try:
        scatter(arguments.words, arguments.folder, parts=arguments.parts, index=index)
    except VarbindError as error:
        print(f"scatter.py: error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
