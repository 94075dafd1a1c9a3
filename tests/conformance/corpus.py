"""Variant files of others, with what their owners say of them."""

import csv
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

from integration.runs import unpacked
from pysam import bcftools as pysam_bcftools

KINDS = (".vcf", ".vcf.gz", ".bcf")
MANIFEST = "manifest.tsv"


@dataclass(frozen=True)
class Specimen:
    """A file of the corpus.

    Attributes:
        path: where it lies.
        expect: `valid` or `invalid` as its owner lists it, `suspect` by its name, or `unstated`.
        sha256: what its bytes must be.
    """

    path: Path
    expect: str
    sha256: str

    @property
    def suffix(self):
        """By which its own format is named."""
        return next(kind for kind in (".vcf.gz", ".bcf", ".vcf") if self.path.name.endswith(kind))

    @property
    def is_bcf(self):
        return unpacked_or_nothing(self.path)[:3] == b"BCF"

    def unchanged(self):
        return sha256(self.path) == self.sha256

    def text(self):
        """The VCF as text; of a BCF as bcftools prints it; empty where it cannot be unpacked."""
        if self.is_bcf:
            return pysam_bcftools.view("--no-version", str(self.path)).encode("latin-1")
        return unpacked_or_nothing(self.path)


def unpacked_or_nothing(path):
    try:
        return unpacked(path)
    except (EOFError, OSError, zlib.error):
        return b""


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_corpus(folder):
    """Every variant file below a folder, sorted; its manifest says what is expected of which."""
    manifest = {}
    if (folder / MANIFEST).exists():
        with (folder / MANIFEST).open(newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                manifest[row["source"], row["file"]] = (row["expect"], row["sha256"])
    paths = sorted(path for path in folder.rglob("*") if path.name.endswith(KINDS) and path.is_file())
    return [
        Specimen(path, *manifest.pop((path.parent.name, path.name), None) or ("unstated", sha256(path)))
        for path in paths
    ]


def rows_of(text):
    """The columns of every record: lines after #CHROM that are not blank."""
    lines = iter(text.decode("latin-1").split("\n"))
    for line in lines:
        if line.startswith("#CHROM"):
            break
    return [line.rstrip("\r").split("\t") for line in lines if line.strip("\r")]
