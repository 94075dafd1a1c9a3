"""The kinds of conservation tracks: phyloP or phastCons, of primates, mammals or vertebrates.

A track is recognised by the name that the user gives to it, or by the name of its file. The numbers of aligned species
stand for the groups whose alignments UCSC and Zoonomia publish for GRCh37 and GRCh38 (the README files of
hgdownload.soe.ucsc.edu/goldenPath/hg19 and hg38).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["TRACK_KINDS", "kind_of_track", "tracks_by_kind"]

_SCORES = {"phyloP": r"phylop|241-mammalian", "phastCons": r"phastcons|phcons"}
"""The file of the 241 mammals of Zoonomia does not state that it holds phyloP; CADD abbreviates phastCons."""

_GROUPS = {
    "primates": r"primate|pri_?ph",
    "mammals": r"mammal|placental|mam_?ph",
    "vertebrates": r"vertebrate|ver_?ph|wayvt",
}
_WIDTHS = {
    "primates": (17, 43),
    # The 30-way alignment of GRCh38 has 27 primates, the 20-way one 17, and both have other mammals too.
    "mammals": (4, 5, 7, 20, 30, 241, 447, 470),
    "vertebrates": (46, 100),
}
"""The numbers of species; a group in words comes first, as in phyloP447wayPrimates."""

_UNCLEAR = "phylopprimates."
"""The file phyloPPrimates.bigWig of Zoonomia, about which its users disagree whether it holds phyloP or phastCons."""

TRACK_KINDS = tuple(f"{score}_{group}" for score in _SCORES for group in _GROUPS)
"""The kinds, which are also the names under which a track is recognised in any case."""


def kind_of_track(name: str, file: str = "") -> str | None:
    """The kind of a track, one of `TRACK_KINDS`; None if the names do not state it, or state more than one.

    The score and the group are read from the name of the track; what it does not state is read from the name of the
    file.

    Args:
        name: The name of the track, such as `phyloP100way`.
        file: The name of its file without folders, such as `hg38.phyloP100way.bw`.
    """
    texts = [name.lower(), "" if file.lower().startswith(_UNCLEAR) else file.lower()]
    score, group = (next(filter(None, map(stated, texts)), None) for stated in (_score, _group))
    return f"{score}_{group}" if score and group else None


def tracks_by_kind(known: Sequence[str], files: Mapping[str, str]) -> dict[str, str]:
    """The tracks of a run that stand for the tracks that a second stage knows.

    A track that has the very name of a known one stands for it. Otherwise the first track of its kind does, and each
    track stands for one at most.

    Args:
        known: The names of the tracks that the second stage knows.
        files: The names of the files, without folders, by the name of the track, in the order in which they are given.

    Returns:
        The name of the track of the run by the name of the known one.
    """
    found = {track: track for track in known if track in files}
    for track in known:
        kind = kind_of_track(track)
        if track in found or kind is None:
            continue
        free = (name for name in files if name not in found.values())
        name = next((name for name in free if kind_of_track(name, files[name]) == kind), None)
        if name is not None:
            found[track] = name
    return found


def _score(text: str) -> str | None:
    return _only([score for score, pattern in _SCORES.items() if re.search(pattern, text)])


def _group(text: str) -> str | None:
    named = [group for group, pattern in _GROUPS.items() if re.search(pattern, text)]
    widths = {int(width) for width in re.findall(r"(\d+)[ _-]?way", text)}
    counted = [group for group, own in _WIDTHS.items() if widths & set(own)]
    return _only(named) if named else _only(counted)


def _only(found: Sequence[str]) -> str | None:
    return found[0] if len(found) == 1 else None
