"""Whether cyvcf2 reads the values of annotated files as varbind does, as a Markdown table.

Each file is annotated with a reference that agrees with it. Then both readers read every record of the result: CHROM,
POS, ID, REF, ALT, FILTER and every key of varbind. cyvcf2 runs in a separate process, because some
files make it crash.

python tests/conformance/readers.py FOLDER [--bank DIR] [--annotated]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.corpus import read_corpus
from conformance.table import table
from conformance.verdicts import KEPT, Examination

from varbind.annotate.provenance import keys_of
from varbind.errors import VarbindError
from varbind.io.vcf.variants import open_variants

LIMIT = 120
"""Seconds for one file."""

OUTCOMES = ("equal", "unequal", "fewer records", "refused", "crashed")

CHILD = """
import json, sys
import cyvcf2
path, keys = sys.argv[1], sys.argv[2].split(",")
for record in cyvcf2.VCF(path):
    place = record.CHROM, record.POS, record.ID, record.REF, record.ALT, record.FILTERS
    values = {key: record.INFO.get(key) for key in keys}
    print(json.dumps([place, values]))
"""


@dataclass(frozen=True)
class Comparison:
    """What cyvcf2 makes of one annotated file.

    Attributes:
        name: the name of the file.
        outcome: one of `OUTCOMES`.
        detail: the first difference, or the message of cyvcf2.
        records: the number of records that varbind reads.
    """

    name: str
    outcome: str
    detail: str
    records: int


def compare(path, prefix="VARBIND"):
    """Compare the two readers on one annotated file."""
    expected, keys = read_by_varbind(path, prefix)
    command = [sys.executable, "-c", CHILD, path, ",".join(keys)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=LIMIT)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.endswith(b"]")]
    for number, (one, other) in enumerate(zip(expected, found, strict=False), 1):
        if one != (read := normal(*other, keys)):
            first = next((a, b) for a, b in zip(one, read, strict=True) if a != b)
            return Comparison(path.name, "unequal", f"record {number}: {first[0]!r} and {first[1]!r}", len(expected))
    if done.returncode < 0:
        return Comparison(path.name, "crashed", f"signal {-done.returncode}", len(expected))
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip().splitlines()[-1]
        return Comparison(path.name, "refused", message, len(expected))
    if len(found) != len(expected):
        return Comparison(path.name, "fewer records", f"{len(found)} of {len(expected)}", len(expected))
    return Comparison(path.name, "equal", "", len(expected))


def read_by_varbind(path, prefix):
    """The records of a file as varbind reads them, and the keys that its header declares."""
    with open_variants(path) as variants:
        keys = list(dict.fromkeys(variants.header.declared_keys(keys_of(prefix))))
        numbers = {key for key in keys if is_number(variants.header, key)}
        rows = []
        for record in variants:
            fields = [one.decode("utf-8", "surrogateescape") for one in record.line.rstrip(b"\r\n").split(b"\t", 8)]
            words = dict(word.partition("=")[::2] for word in reversed(fields[7].split(";")))
            texts = [values(words.get(key, ""), as_numbers=key in numbers) for key in keys]
            name, ref, passed = ("" if one == "." else one for one in (fields[2], fields[3], fields[6]))
            alt = "" if fields[4] == "." else fields[4]
            rows.append((fields[0], record.pos, name, ref, alt, passed, *texts))
    return rows, keys


def is_number(header, key):
    """Whether the header declares numbers for a key."""
    return any(f"ID={key},".encode() in line and b"Type=String" not in line for line in header.lines)


def values(text, *, as_numbers):
    """The values of a key; a lone missing value stands for all."""
    if text in {"", "."}:
        return ""
    return tuple(map(single, text.split(","))) if as_numbers else text


def single(word):
    """A number in single precision as text, which is equal for two NaN."""
    return "." if word == "." else str(np.float32(word))


def normal(place, found, keys):
    """A record of cyvcf2 in the form of `read_by_varbind`."""
    chrom, pos, name, ref, alts, filters = place
    ref = "" if ref == "." else ref
    texts = [as_read(found[key]) for key in keys]
    return (chrom, pos, name or "", ref, ",".join(alts), ";".join(filters), *texts)


def as_read(value):
    """A value of cyvcf2: text, a number, a list of numbers, or nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "" if value == "." else value
    numbers = value if isinstance(value, list) else [value]
    return tuple("." if one is None else str(np.float32(one)) for one in numbers)


def compare_all(specimens, *options):
    """Annotate and compare each file that varbind annotates."""
    for specimen in specimens:
        with tempfile.TemporaryDirectory() as room:
            examination = Examination(specimen, Path(room), *options)
            if examination.verdict().outcome in KEPT:
                result = examination.bench.results / f"out{specimen.suffix}"
                yield specimen.expect, specimen.path.name, compare(result)


def compare_annotated(folder):
    """Compare the files of a folder that are annotated already."""
    for specimen in read_corpus(folder):
        try:
            yield "annotated", specimen.path.name, compare(specimen.path)
        except VarbindError as error:
            sys.stderr.write(f"{error}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="searched for .vcf, .vcf.gz and .bcf")
    parser.add_argument("--bank", help="default: the shipped one")
    parser.add_argument("--annotated", action="store_true", help="the files are annotated already")
    words = parser.parse_args()
    options = ("--bank", words.bank) if words.bank else ()
    found = compare_annotated(words.folder) if words.annotated else compare_all(read_corpus(words.folder), *options)
    counts = Counter()
    for owner, name, result in found:
        counts[owner, result.outcome] += 1
        if result.outcome != "equal":
            sys.stderr.write(f"{name}\t{owner}\t{result.outcome}\t{result.detail}\n")
            sys.stderr.flush()
    rows = [[owner, *(counts[owner, outcome] for outcome in OUTCOMES)] for owner in sorted({one for one, _ in counts})]
    sums = [sum(column) for column in zip(*(row[1:] for row in rows), strict=True)]
    sys.stdout.write(table(["owner says", *OUTCOMES], [*rows, ["all", *sums]]) + "\n")


if __name__ == "__main__":
    main()
