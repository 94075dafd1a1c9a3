"""Sequences to score: FASTA, or one sequence per line."""

from __future__ import annotations

import logging
import re
from itertools import chain
from typing import TYPE_CHECKING

from varbind.core.sequence import require_nucleotides
from varbind.errors import InputError
from varbind.io.size_limits import bounded_lines
from varbind.io.vcf.input_stream import Source

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

__all__ = ["read_sequences"]

logger = logging.getLogger(__name__)

BASES_MAX = 1 << 26

_PLAIN = re.compile(r"[ACGTUNacgtun]*")


def read_sequences(path: str | os.PathLike[str] | Source) -> Iterator[tuple[str, str]]:
    """The ids and the sequences of a file, in order.

    FASTA is detected from its first character, and the id is the first word of a header. In any other file each line is
    a sequence, with the ids 1, 2, ...; blank lines, and the text after `#`, are ignored. IUPAC letters other than
    ACGTUN count as N, with one warning.

    Args:
        path: the file, plain or compressed, or an input that is already open; `-` is standard input.

    Raises:
        InputError: there is no sequence, a sequence is empty or too long, or a letter is not an IUPAC code.
    """
    warned = False
    with path if isinstance(path, Source) else Source(path) as source:
        lines = _lines(source)
        first = next(lines, (1, ""))
        whole = chain([first], lines)
        found = _fasta(whole, source.name) if first[1].startswith(">") else _plain(whole)
        count = 0
        for number, name, sequence in found:
            count += 1
            try:
                require_nucleotides(sequence, f"sequence {name}")
            except InputError as error:
                raise InputError(error.what, path=source.name, line=number, remedy=error.remedy) from error
            if not warned and not _PLAIN.fullmatch(sequence):
                logger.warning("%s:%d: letters other than ACGTUN count as N", source.name, number)
                warned = True
            yield name, sequence
        if not count:
            raise InputError("holds no sequence", path=source.name)


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    raw = bounded_lines(source.stream, source.name, InputError, longest=BASES_MAX, packed=lambda: source.position)
    return ((number, line.decode("utf-8", "backslashreplace").rstrip("\r\n")) for number, line in raw)


def _plain(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    count = 0
    for number, line in lines:
        sequence = line.partition("#")[0].strip()
        if sequence:
            count += 1
            yield number, str(count), sequence


def _fasta(lines: Iterable[tuple[int, str]], path: str) -> Iterator[tuple[int, str, str]]:
    start, name, parts, length = 0, "", list[str](), 0
    for number, line in lines:
        if not line.startswith(">"):
            parts.append(line.strip())
            length += len(line)
            if length > BASES_MAX:
                what = f"sequence {name} has more than {BASES_MAX:,} bases"
                raise InputError(what, path=path, line=number, remedy="cut it into pieces")
            continue
        if start:
            yield start, name, "".join(parts)
        words = line[1:].split()
        if not words:
            raise InputError("a sequence without a name", path=path, line=number, remedy="name it after the >")
        if not words[0].isprintable():
            what = f"the name {words[0][:40]!r} has a character that cannot be printed"
            raise InputError(what, path=path, line=number, remedy="rename the sequence")
        start, name, parts, length = number, words[0], [], 0
    if start:
        yield start, name, "".join(parts)
