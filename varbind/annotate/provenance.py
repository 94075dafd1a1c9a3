"""Header lines that say how the values came about; nothing in them depends on the day or the machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from varbind._version import __version__
from varbind.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import BankCard
    from varbind.effect.effect_model import EffectCard
    from varbind.io.genes.gene_table import GeneTable

__all__ = ["provenance_lines"]


def provenance_lines(
    bank: Bank,
    genes: Sequence[GeneTable],
    options: Mapping[str, str | None],
    effect: EffectCard | None = None,
    *,
    prefix: str = "VARBIND",
) -> list[str]:
    """The version, the options that can change a value, and the digests of bank and genes.

    Every line ends with the prefix of the keys that it tells of: a file may have the keys of several runs.

    Args:
        bank: the models used.
        genes: the gene files used.
        options: option names with their values; None = not given, empty = a switch.
        effect: of the second stage used.
        prefix: of the run's keys.
    """
    command = _one_line(" ".join(["annotate", *_words(options)]))
    lines = [
        f"##varbind_annotate{name}={text}; Prefix={prefix}"
        for name, text in (("Version", __version__), ("Command", command))
    ]
    for card in bank.cards:
        digest = card.digests.get("weights.safetensors", "none")
        used = sum(model.model_id in _ids(card) for model in bank.models)
        named = f"ID={_plain(card.name)},Version={_plain(card.version)}"
        lines.append(f"##varbind_bank=<{named},Models={used},SHA256={_plain(digest)},Prefix={prefix}>")
    if effect:
        digest = effect.digests.get("weights.safetensors", "none")
        named = f"ID={_plain(effect.name)},Version={_plain(effect.version)}"
        lines.append(f"##varbind_effect=<{named},SHA256={_plain(digest)},Prefix={prefix}>")
    lines += [
        f"##varbind_genes=<ID={_plain(_one_line(table.name))},SHA256={table.sha256},Prefix={prefix}>" for table in genes
    ]
    return lines


_RESERVED = re.compile(r"[^\w .-]")
"""What the name of a file or a bank may hold and a structured header line may not."""


def _plain(text: str) -> str:
    return _RESERVED.sub("_", text)


def _one_line(text: str) -> str:
    """A file's name may hold line ends, which would break the header, and what steers a terminal."""
    return printable(" ".join(text.splitlines()))


def _words(options: Mapping[str, str | None]) -> Iterable[str]:
    for name, value in options.items():
        if value is not None:
            yield f"{name} {value}".strip()


def _ids(card: BankCard) -> set[str]:
    return {model.model_id for model in card.models}
