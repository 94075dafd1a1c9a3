"""What an earlier run of varbind wrote into a VCF: the INFO keys of its prefix, and its header lines."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from varbind.annotate.info_schema import expression_of_keys
from varbind.io.vcf.records import InfoKeyPattern, VcfHeader

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["keys_of", "without_earlier_lines"]

# As `varbind.annotate.provenance` and `varbind.annotate.info_fields` write them.
_PROVENANCE = b"##varbind_"
_PREFIX = re.compile(rb"[,;] ?Prefix=([0-9A-Za-z_.]+)>?\s*$")
_DECLARATION = re.compile(rb'##INFO=<.*,Source="varbind",Version="[^"]*">\s*$')


@cache
def keys_of(prefix: str) -> InfoKeyPattern:
    """The pattern of all INFO keys that a run with this prefix may have written."""
    return InfoKeyPattern(expression_of_keys(prefix))


def without_earlier_lines(header: VcfHeader, prefix: str) -> VcfHeader:
    """The header without the lines that an earlier run with this prefix added."""
    keys = keys_of(prefix)
    removed = _prefixes_to_remove(header.lines, prefix)
    lines = [
        line
        for line in header.lines
        if not (_prefix_of(line) in removed if line.startswith(_PROVENANCE) else keys.declared_in(line))
    ]
    return VcfHeader(tuple(lines), header.columns_line)


def _prefixes_to_remove(lines: Iterable[bytes], prefix: str) -> set[str | None]:
    """The prefixes of the provenance lines to remove; None stands for lines that do not state a prefix.

    An older varbind wrote lines without a prefix. They stay as long as the header declares keys of another prefix,
    because they may belong to these.
    """
    keys = keys_of(prefix)
    others = any(_DECLARATION.match(line) and not keys.declared_in(line) for line in lines)
    return {prefix} if others else {prefix, None}


def _prefix_of(line: bytes) -> str | None:
    """The prefix of the run that wrote a line of provenance; None where the line does not state it."""
    match = _PREFIX.search(line)
    return match[1].decode("ascii") if match else None
