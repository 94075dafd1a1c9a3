"""The header lines that state how the values were made, and the removal of all that an earlier run wrote.

The lines do not depend on the day or the computer.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from varbind._version import __version__
from varbind.annotate.info_schema import expression_of_keys
from varbind.errors import printable
from varbind.io.vcf.records import InfoKeyPattern, VcfHeader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.effect.second_stage import SecondStage
    from varbind.io.genes.gene_table import GeneTable

__all__ = ["keys_of", "provenance_lines", "without_earlier_lines"]

# As `provenance_lines` and `varbind.annotate.info_fields.header_lines` write them.
_PROVENANCE = b"##varbind_"
_PREFIX = re.compile(rb"[,;] ?Prefix=([0-9A-Za-z_.]+)>?\s*$")
_DECLARATION = re.compile(rb'##INFO=<.*,Source="varbind",Version="[^"]*">\s*$')


def provenance_lines(
    bank: Bank,
    genes: Sequence[GeneTable],
    options: Mapping[str, str | None],
    second: SecondStage | None = None,
    *,
    prefix: str = "VARBIND",
) -> list[str]:
    """The version, the options that can change a value, the digests of bank and genes, and the use of each track.

    Every line ends with the prefix of the keys that it describes, because a file may have the keys of several runs.

    Args:
        bank: the models used.
        genes: the gene files used.
        options: the names of options with their values; None = not used, empty = a switch.
        second: the second stage used, with its tracks; None = there is none.
        prefix: the prefix of the keys.
    """
    command = _one_line(" ".join(["annotate", *_words(options)]))
    lines = [
        f"##varbind_annotate{name}={text}; Prefix={prefix}"
        for name, text in (("Version", __version__), ("Command", command))
    ]
    for card in bank.cards:
        digest = card.digests.get("weights.safetensors", "none")
        used = len({model.model_id for model in card.models} & set(bank.model_ids))
        named = f"ID={_plain(card.name)},Version={_plain(card.version)}"
        lines.append(f"##varbind_bank=<{named},Models={used},SHA256={_plain(digest)},Prefix={prefix}>")
    if second:
        effect = second.effect.card
        digest = effect.digests.get("weights.safetensors", "none")
        named = f"ID={_plain(effect.name)},Version={_plain(effect.version)}"
        lines.append(f"##varbind_effect=<{named},SHA256={_plain(digest)},Prefix={prefix}>")
        lines += [
            f"##varbind_conservation=<ID={_plain(name)},UsedAs={_plain(track)},Prefix={prefix}>"
            for track, name in second.tracks.items()
        ]
    lines += [
        f"##varbind_genes=<ID={_plain(_one_line(table.name))},SHA256={table.sha256},Prefix={prefix}>" for table in genes
    ]
    return lines


_RESERVED = re.compile(r"[^\w .-]")
"""Characters that the name of a file or a bank may contain, but a structured header line may not."""


def _plain(text: str) -> str:
    return _RESERVED.sub("_", text)


def _one_line(text: str) -> str:
    """Replace line ends and control characters, which the name of a file may contain."""
    return printable(" ".join(text.splitlines()))


def _words(options: Mapping[str, str | None]) -> Iterable[str]:
    for name, value in options.items():
        if value is not None:
            yield f"{name} {value}".strip()


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
