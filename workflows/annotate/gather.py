"""Join the annotated parts of `scatter.py` to one VCF, and add up their statistics.

    python gather.py FOLDER OUT.vcf.gz STATISTICS [--index csi|tbi]

FOLDER has `scatter.json` and, for every part, `0000.annotated.vcf.gz` and its statistics `0000.json`. OUT has the bytes
that `varbind annotate` writes for the whole file. OUT, its index and STATISTICS appear together, and only after all
counts of records agree: of the plan, of the statistics of every part, and of what is read from every part and from OUT.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scatter import PLAN, Plan, part_path

from varbind.annotate.multiqc import MULTIQC_SUFFIX, multiqc_section
from varbind.errors import InputError, OutputError, VarbindError
from varbind.io.output.atomic_files import whole_file
from varbind.io.output.output_file import Destination, OutputFormat
from varbind.io.vcf.variants import open_variants
from varbind.signals import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.io.vcf.records import VcfHeader
    from varbind.io.vcf.vcf_block import VcfBlock

ANNOTATED, STATISTICS = ".annotated.vcf.gz", ".json"
READ_AGAIN = "remove it, and run the workflow again"
SUMS = ("wall_seconds", "cpu_seconds")
"""The times are added up: what the parts took one after the other."""


def read_statistics(path: Path) -> dict[str, Any]:
    """The statistics of one part.

    Raises:
        InputError: they are missing or broken.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"no statistics of a part: {error}", path=path, remedy=READ_AGAIN) from error
    return found


def sum_of_statistics(parts: Sequence[dict[str, Any]], plan: Plan) -> dict[str, Any]:
    """The statistics of the whole file (docs/statistics.md): counts and times are added up."""
    total = {name: _sum([part[name] for part in parts]) for name in parts[0] if name not in {"version", "inputs"}}
    variants = {"file": plan.source, "sha256": plan.sha256}
    rate = total["alleles_scored"] / max(total["wall_seconds"], 1e-9)
    return {name: total.get(name, parts[0][name]) for name in parts[0]} | {
        "inputs": parts[0]["inputs"] | {"variants": variants},
        "alleles_per_second": round(rate, 1),
    }


def _sum(values: Sequence[Any]) -> Any:
    """The sum of numbers, of counts by name, or of histograms; of times of day the first."""
    if isinstance(values[0], str):
        return min(values)
    if values[0] is None:
        return None
    if not isinstance(values[0], dict):
        total = sum(values)
        return round(total, 3) if isinstance(total, float) else total
    if "bin_width" in values[0]:
        return values[0] | {
            "alleles": [sum(bins) for bins in zip_longest(*(value["alleles"] for value in values), fillvalue=0)]
        }
    names = dict.fromkeys(name for value in values for name in value)
    total = sum((Counter(value) for value in values), Counter())
    return {name: total[name] for name in names}


def check_counts(part: dict[str, Any], planned: int, found: int, path: Path) -> None:
    """Compare the records of a part with those that were cut, and with those that its statistics state.

    Raises:
        OutputError: they differ.
    """
    stated = [part[name] for name in ("records_read", "records_written", "records_reread")]
    if {planned, found} != {planned, *stated}:
        what = f"{planned:,} records were cut for this part, its statistics state {stated[0]:,} read and {stated[1]:,} "
        what += f"written, and {found:,} are there"
        raise OutputError(what, path=path, remedy=READ_AGAIN)


def copy_records(path: Path, out: Destination, header: VcfHeader | None) -> tuple[VcfHeader, int]:
    """Append the records of one part as they are, after the header where none has been written.

    Returns:
        The header, and the number of records.

    Raises:
        VarbindError: the part is damaged, or its header is not that of the parts before.
    """
    count = 0
    with open_variants(path) as variants:
        own = variants.header
        if header is None:
            out.write(own.bytes_with([]))
        elif own.bytes_with([]) != header.bytes_with([]):
            what = "the header differs from that of the first part"
            raise InputError(what, path=path, remedy="annotate all parts with one version and the same options")
        for lines, n_records, record in variants.select(_none):
            out.write(lines)
            count += n_records
            if record is not None:
                out.write(record.line)
                count += 1
    return own, count


def _none(block: VcfBlock) -> NDArray[np.bool_]:
    return np.zeros(len(block), dtype=np.bool_)


def gather(folder: Path, output: Path, statistics: Path, *, index: str | None) -> dict[str, Any]:
    """Join the parts.

    Args:
        folder: the folder of the plan and of the annotated parts.
        output: the path of the result.
        statistics: the path of the statistics, with a section for MultiQC where it ends with `_mqc.json`.
        index: `tbi` or `csi`; None = no index.

    Returns:
        The statistics.

    Raises:
        VarbindError: a part is missing, damaged or another one than was cut.
    """
    plan = Plan.read(folder)
    of_parts, header = [], None
    with Destination(str(output), OutputFormat("z"), index=index) as out:
        for part, planned in enumerate(plan.records):
            path = part_path(folder, part, ANNOTATED)
            of_parts.append(read_statistics(part_path(folder, part, STATISTICS)))
            header, count = copy_records(path, out, header)
            check_counts(of_parts[-1], planned, count, path)
        total = sum_of_statistics(of_parts, plan)
        _check_total(out.finish(), total, plan, folder)
        for remark in out.prepare(sorted_input=plan.is_sorted, blank_lines=plan.has_blank_lines):
            raise OutputError(remark, remedy="or set index to none")
        if statistics.name.endswith(MULTIQC_SUFFIX):
            total |= multiqc_section(total, statistics.name.removesuffix(MULTIQC_SUFFIX))
        with uninterrupted(), whole_file(statistics, json.dumps(total, indent=1).encode() + b"\n"):
            out.commit()
    return total


def _check_total(reread: int | None, total: dict[str, Any], plan: Plan, folder: Path) -> None:
    """Raise an error where the parts together are not the whole file."""
    whole = sum(plan.records)
    if not reread == total["records_read"] == total["records_written"] == whole:
        what = f"{whole:,} records were cut, and {reread:,} are in the joined file"
        raise OutputError(what, path=folder / PLAN, remedy=READ_AGAIN)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("statistics", type=Path)
    parser.add_argument("--index", choices=["csi", "tbi", "none"], default="none")
    arguments = parser.parse_args()
    index = None if arguments.index == "none" else arguments.index
    try:
        gather(arguments.folder, arguments.output, arguments.statistics, index=index)
    except VarbindError as error:
        print(f"gather.py: error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
