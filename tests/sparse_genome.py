"""A genome with contigs of their true lengths and bases near one place only, and a known variant there."""

import random

from varbind.core.contigs import ACCESSIONS

LENGTHS = {
    build: {f"chr{entry.name}": entry.length for entry in ACCESSIONS.values() if entry.build == build}
    for build in ("GRCh37", "GRCh38")
}
# C228T in the promoter of TERT, which is transcribed from 1,295,068 (GRCh38) or 1,295,183 (GRCh37) downwards.
TERT = {"GRCh38": ("chr5", 1_295_113, 1_295_068), "GRCh37": ("chr5", 1_295_228, 1_295_183)}
FILLED = 1 << 15


def sparse_fasta(path, lengths, contig, place):
    """A FASTA with contigs of their true lengths, which has bases near one place only and takes up little space."""
    bases = bytearray(random.Random(1).choices(b"ACGT", k=2 * FILLED))
    start = place - 1 - FILLED
    bases[FILLED] = ord("G")
    index, offset = [], 0
    with path.open("wb") as out:
        for name, length in lengths.items():
            head = f">{name}\n".encode()
            out.seek(offset)
            out.write(head)
            first = offset + len(head)
            if name == contig:
                out.seek(first + start)
                out.write(bases)
            out.seek(first + length)
            out.write(b"\n")
            index.append(f"{name}\t{length}\t{first}\t{length}\t{length + 1}\n")
            offset = first + length + 1
    path.with_name(f"{path.name}.fai").write_text("".join(index))
    return path
