"""A reference made for one VCF: its bases carry the REFs of the records, and chance bases lie between."""

import random
import re

CARRIED = 20_000_000
"""Bases of one reference; what lies further on is off the contig."""

FLANK = 300
LONGEST_POS = 18
SPARE = "spare"
"""A contig and a gene for files that have none."""

_POOL = bytes(random.Random(20).choices(b"ACGTacgt", k=100_003))
_DECLARED = re.compile(r"##contig=<(?:[^>\n]*,)?ID=([^,>\n]+)[^>\n]*")
_LENGTH = re.compile(r",length=([0-9]+)")


class AgreeingReference:
    """A FASTA that agrees with as many records as one FASTA can: of two that differ, with the first.

    Args:
        text: the VCF.
        rows: its records.
        carried: bases in all; long contigs are cut where they do not fit.

    Attributes:
        contigs: bases by name.
        allowed: options for what cannot be carried.
    """

    def __init__(self, text, rows, *, carried=CARRIED):
        needed = {SPARE: FLANK}
        placed = [row for row in rows if len(row) >= 5 and is_place(row[1]) and is_name(row[0])]
        for name, pos, _, ref, *_ in placed:
            needed[name] = max(needed.get(name, 0), int(pos) + len(ref) + FLANK)
        declared = declared_lengths(text)
        lengths = shares({name: min(need, declared.get(name, need)) for name, need in needed.items()}, carried)
        self._bases = {name: bytearray(chance_bases(length)) for name, length in lengths.items()}
        self._fixed = {name: set() for name in needed}
        for name, pos, _, ref, *_ in placed:
            self._carry(name, int(pos) - 1, ref.encode("latin-1"))
        self.contigs = {name: bases.decode() for name, bases in self._bases.items()}
        shorter = any(lengths.get(name, length) != length for name, length in declared.items())
        self.allowed = ("--allow-length-mismatch",) if shorter else ()

    def _carry(self, name, start, ref):
        bases, fixed = self._bases[name], self._fixed[name]
        span = range(start, start + len(ref))
        if not re.fullmatch(rb"[ACGTNacgtn]+", ref) or start < 0 or span.stop > len(bases):
            return
        if all(bases[place] | 0x20 == letter | 0x20 for place, letter in zip(span, ref, strict=True) if place in fixed):
            bases[start : span.stop] = ref
            fixed.update(span)

    def write(self, path):
        sequences = (f">{name}\n{bases}\n" for name, bases in self.contigs.items() if bases)
        path.write_bytes("".join(sequences).encode("latin-1"))
        return path


def is_place(pos):
    return re.fullmatch(rf"[0-9]{{1,{LONGEST_POS}}}", pos) is not None


def is_name(chrom):
    """Whether a FASTA can name a contig so."""
    return chrom.split() == [chrom]


def declared_lengths(text):
    lines = _DECLARED.finditer(text.decode("latin-1").partition("\n#CHROM")[0])
    return {line[1]: int(length[1]) for line in lines if (length := _LENGTH.search(line[0]))}


def shares(wanted, total):
    """The total given out so that short contigs are whole, and long ones get equal shares of the rest."""
    given = {}
    for left, (name, length) in zip(
        range(len(wanted), 0, -1), sorted(wanted.items(), key=lambda item: item[1]), strict=True
    ):
        given[name] = min(length, total // left)
        total -= given[name]
    return given


def chance_bases(length):
    return (_POOL * (length // len(_POOL) + 1))[:length]


class Promoters:
    """Starts of transcription on every other place that has a record.

    Args:
        rows: the records.

    Attributes:
        starts: places by contig, 1-based.
    """

    REACH = 10

    def __init__(self, rows):
        places = {}
        for name, pos, *_ in (row for row in rows if len(row) >= 2):
            if is_name(name) and is_place(pos):
                places.setdefault(name, set()).add(max(int(pos), 1))
        self.starts = {name: sorted(found)[::2] for name, found in places.items()} | {SPARE: [1]}

    def write(self, path):
        """As BED6."""
        lines = [
            f"{name}\t{pos - 1}\t{pos}\tgene{pos}\t0\t+\n" for name, starts in self.starts.items() for pos in starts
        ]
        path.write_bytes("".join(lines).encode("latin-1"))
        return path

    def reach(self, name, first, last):
        """Whether a promoter holds one of the bases first ... last."""
        return any(first <= start + self.REACH and last >= start - self.REACH for start in self.starts.get(name, ()))
