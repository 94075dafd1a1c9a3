"""A small world to annotate in: a reference of a few hundred bases, genes, a bank of three models, a second stage, a
track, and folders in which one hostile file after another stands in for one of them.
"""

import gzip
import io
import json
import shutil
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pybigtools
import pysam
from motif_banks import CRE, E_BOX, TATA
from planted import sequence
from second_stages import random_effect, scored_bank

from varbind.io.banks import read_card, write_bank
from varbind.io.cards import WEIGHTS, digests_of
from varbind.io.effects import write_effect
from varbind.io.vcf.bgzf import BgzfWriter

OLD = b"old\n"
RESULT = "out.vcf"
LENGTHS = {"chr1": 420, "chr2": 150, "chrM": 40}
GENES = b"chr1\t100\t300\tG1\t0\t+\nchr1\t250\t330\tG2\t0\t-\nchr2\t40\t90\tG3\t0\t+\n"
HEADER = b"##fileformat=VCFv4.3\n"
COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
PROMOTER = ("--promoter", "40,20")


def bases():
    """Letters by contig: motifs on both sides of the starts, a stretch of N, soft-masked ends, a repeat."""
    rng = np.random.default_rng(11)
    letters = {name: list(sequence(rng, length)) for name, length in LENGTHS.items()}
    for start, word in ((80, E_BOX), (112, CRE), (300, TATA), (340, E_BOX), (200, "N" * 9), (120, "CA" * 6)):
        letters["chr1"][start : start + len(word)] = word
    letters["chr2"][30 : 30 + len(CRE)] = CRE
    text = {name: "".join(found) for name, found in letters.items()}
    return text | {"chr2": text["chr2"][:100] + text["chr2"][100:].lower()}


BASES = bases()


def fasta(width=60):
    """The reference as a file."""
    lines = []
    for name, text in BASES.items():
        lines += [f">{name} of the tests", *(text[start : start + width] for start in range(0, len(text), width))]
    return "".join(f"{line}\n" for line in lines).encode()


def record(chrom, pos, *, ref=None, alt=None, info="DP=1", rest=""):
    """A line whose REF agrees with the reference, unless another is given."""
    own = BASES[chrom][pos - 1].upper() if ref is None else ref
    other = "ACGT"[("ACGT".index(own[0]) + 1) % 4] if alt is None else alt
    return f"{chrom}\t{pos}\t.\t{own}\t{other}\t.\tPASS\t{info}{rest}\n".encode()


def plain_vcf():
    """SNVs that are scored, and some that lie outside."""
    lines = [f"##contig=<ID={name},length={length}>\n".encode() for name, length in LENGTHS.items()]
    records = [record("chr1", pos) for pos in (5, 82, 90, 101, 115, 180, 318, 345)]
    return b"".join([HEADER, *lines, COLUMNS, b"\n", *records, record("chr2", 33), record("chrM", 7)])


def bgzf(data, block=65_280):
    """BGZF with blocks of that many bytes."""
    sink = io.BytesIO()
    writer = BgzfWriter(sink)
    for start in range(0, len(data), block):
        writer.write(data[start : start + block])
        writer._compress(len(writer._pending))
    writer.finish()
    return sink.getvalue()


def packed(data, how):
    """The bytes plain, as BGZF of one or many blocks, or as gzip of one or two members."""
    half = len(data) // 2
    ways = (
        lambda: data,
        lambda: bgzf(data),
        lambda: gzip.compress(data, 1, mtime=0),
        lambda: bgzf(data, 97),
        lambda: gzip.compress(data[:half], 1, mtime=0) + gzip.compress(data[half:], 1, mtime=0),
    )
    return ways[how % len(ways)]()


def build(folder):
    """Everything that is sound; it costs a second, so that many runs share it."""
    if (folder / "track.bw").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reference.fa").write_bytes(fasta())
    pysam.faidx(str(folder / "reference.fa"))
    (folder / "genes.bed").write_bytes(GENES)
    (folder / "sound.vcf").write_bytes(plain_vcf())
    bank = scored_bank()
    write_bank(folder / "bank", bank)
    effect = random_effect(bank)
    digest = read_card(folder / "bank").digests[WEIGHTS]
    fitting = replace(effect, card=replace(effect.card, bank={"name": "motifs", "sha256": digest}))
    write_effect(folder / "effect", fitting)
    pysam.tabix_compress(str(folder / "sound.vcf"), str(folder / "sound.vcf.gz"), force=True)
    pysam.tabix_index(str(folder / "sound.vcf.gz"), preset="vcf", force=True)
    values = [(name, pos, pos + 3, pos / 100) for name, length in LENGTHS.items() for pos in range(0, length - 3, 5)]
    pybigtools.open(str(folder / "track.bw"), "w").write(LENGTHS, iter(values))
    return folder


class World:
    """The sound files, a folder for hostile ones, one for the result, and one for what is temporary.

    Args:
        sound: what `build` gives.
        folder: new or empty.
    """

    def __init__(self, sound, folder):
        self.sound = sound = Path(sound)
        self.reference, self.genes, self.vcf = sound / "reference.fa", sound / "genes.bed", sound / "sound.vcf"
        self.bank, self.effect, self.track = sound / "bank", sound / "effect", sound / "track.bw"
        self.indexed, self.index = sound / "sound.vcf.gz", sound / "sound.vcf.gz.tbi"
        self.case, self.results, self.temporary = (folder / name for name in ("case", "results", "temporary"))
        for made in (self.case, self.results, self.temporary):
            made.mkdir(parents=True)
        self.clear()

    def clear(self):
        """Nothing but an old result; hostile files of the last run are gone."""
        for path in (*self.case.iterdir(), *self.results.iterdir(), *self.temporary.iterdir()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.output.write_bytes(OLD)

    @property
    def output(self):
        """Where every run writes."""
        return self.results / RESULT

    def file(self, name, data):
        """A hostile file."""
        path = self.case / name
        path.write_bytes(data)
        return path

    @cached_property
    def _folders(self):
        return {kind: self._read(self.sound / kind) for kind in ("bank", "effect")}

    @staticmethod
    def _read(folder):
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def content(self, kind, name):
        """A file of the sound bank or second stage."""
        return self._folders[kind][name]

    def card_folder(self, kind, name, data):
        """The bank or second stage with one file exchanged, and a card that vouches for it."""
        files = self._folders[kind] | {name: data}
        folder = self.case / kind
        folder.mkdir()
        for own, content in files.items():
            (folder / own).write_bytes(content)
        card = _json(files["card.json"])
        if isinstance(card, dict) and isinstance(card.get("digests"), dict):
            vouched = set(card["digests"]) & set(files)
            card["digests"] |= digests_of({own: files[own] for own in vouched})
            (folder / "card.json").write_text(json.dumps(card))
        return folder


def _json(data):
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
