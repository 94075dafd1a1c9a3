"""What `varbind annotate` makes of a folder of variant files, as Markdown.

python tests/conformance/table.py FOLDER [--bank DIR] [--promoters]
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.corpus import read_corpus
from conformance.verdicts import BAD, GOOD, Examination


def verdicts(specimens, *options, promoters=False):
    """Of each file, in a folder of its own."""
    for specimen in specimens:
        with tempfile.TemporaryDirectory() as room:
            yield Examination(specimen, Path(room), *options, promoters=promoters).verdict()


def table(head, rows):
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def by_owner(found):
    """Owner's verdict against outcome."""
    counts = Counter((verdict.specimen.expect, verdict.outcome) for verdict in found)
    owners = sorted({owner for owner, _ in counts})
    rows = [[owner, *(counts[owner, outcome] for outcome in (*GOOD, *BAD))] for owner in owners]
    sums = [sum(column) for column in zip(*(row[1:] for row in rows), strict=True)]
    return table(["owner says", *GOOD, *BAD], [*rows, ["all", *sums]])


def by_reason(found):
    """Why files are refused, most frequent first."""
    reasons = Counter((verdict.reason, verdict.code) for verdict in found if verdict.error)
    rows = [[reason.replace("|", "\\|"), code, count] for (reason, code), count in reasons.most_common()]
    return table(["refused because", "exit code", "files"], rows)


def by_status(found):
    """What was said of the alleles."""
    counts = sum((verdict.found for verdict in found), Counter())
    return table(["status", "alleles"], counts.most_common())


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="searched for .vcf, .vcf.gz and .bcf")
    parser.add_argument("--bank", help="default: the shipped one")
    parser.add_argument("--promoters", action="store_true", help="look into half of the places only")
    words = parser.parse_args()
    options = ("--bank", words.bank) if words.bank else ()
    found = list(verdicts(read_corpus(words.folder), *options, promoters=words.promoters))
    sys.stdout.write("\n\n".join([by_owner(found), by_reason(found), by_status(found), ""]))
    flaws = [f"{verdict.specimen.path}: {flaw}\n" for verdict in found for flaw in verdict.flaws]
    sys.stderr.writelines(flaws)
    return int(bool(flaws) or any(verdict.outcome in BAD for verdict in found))


if __name__ == "__main__":
    sys.exit(main())
