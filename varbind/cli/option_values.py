"""The values of options: lists of words, pairs of names, distances, and the files that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from varbind.errors import ResourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from varbind.cache.promoter_sites import Shard
    from varbind.core.tss import Promoter
    from varbind.errors import VarbindError

__all__ = [
    "parse_contig_map",
    "parse_pairs",
    "parse_promoter",
    "parse_settings",
    "parse_shard",
    "parse_words",
    "word_files",
]

BASES_DIGITS_MAX = 9
WORDS_MAX = 1_000_000


def parse_words(text: str | None) -> tuple[str, ...]:
    """Parse `A,B`, or `@FILE` with one word per line."""
    if text is None:
        return ()
    if text.startswith("@"):
        try:
            words = [line.partition("#")[0].strip() for _, line in _lines(text[1:], UsageError)]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot be read: {error}", path=text[1:]) from error
    else:
        words = [word.strip() for word in text.split(",")]
    found = tuple(word for word in words if word)
    if not found:
        raise UsageError(f"{text!r} names nothing", remedy="give NAME,NAME or @FILE")
    return found


def word_files(*texts: str | None) -> tuple[str, ...]:
    """The files that `parse_words` reads for these texts."""
    return tuple(text[1:] for text in texts if text is not None and text.startswith("@"))


def parse_promoter(text: str) -> Promoter:
    """Parse `UP` or `UP,DOWN`, in bases."""
    from varbind.core.tss import Promoter

    words = [word.strip() for word in text.split(",")]
    if len(words) > 2 or not all(word.isdecimal() and len(word) <= BASES_DIGITS_MAX for word in words):
        raise UsageError(f"cannot read --promoter {text!r}", remedy="give UP or UP,DOWN in bases, as 1000,500")
    return Promoter(*map(int, words))


def parse_shard(text: str) -> Shard:
    """Parse `i/n`."""
    from varbind.cache.promoter_sites import Shard

    words = text.split("/")
    if len(words) != 2 or not all(word.isdecimal() and len(word) <= BASES_DIGITS_MAX for word in words):
        raise UsageError(f"cannot read --shard {text!r}", remedy="give i/n, as 1/4")
    return Shard(*map(int, words))


def parse_pairs(texts: tuple[str, ...], option: str) -> dict[str, str]:
    """Parse the texts `NAME=VALUE` of a repeated option."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"cannot read {option} {text!r}", remedy="give NAME=FILE")
        if name in pairs:
            raise UsageError(f"{option} names {name} twice")
        pairs[name] = value
    return pairs


def parse_contig_map(path: str | None) -> dict[str, str]:
    """Read a file with two names of the same contig on each line, in either order.

    Returns:
        The pairs, each in the order of the file if its first name is not the first of another pair.

    Raises:
        ResourceError: the file cannot be read, or a line does not have two columns.
    """
    if path is None:
        return {}
    try:
        lines = list(_lines(path, ResourceError))
    except (OSError, UnicodeDecodeError) as error:
        raise ResourceError(f"cannot be read: {error}", path=path) from error
    pairs: dict[str, str] = {}
    for number, line in lines:
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) != 2:
            what = "expected two columns: two names of the same contig, as VCF name, reference name"
            raise ResourceError(what, path=path, line=number)
        _add_pair(pairs, *words, path=path, line=number)
    return pairs


def _add_pair(pairs: dict[str, str], first: str, second: str, *, path: str, line: int) -> None:
    """Add a pair; a name may be in several pairs, because a contig may have more than two names."""
    if pairs.get(first) == second:
        return
    free = next(((one, other) for one, other in ((first, second), (second, first)) if one not in pairs), None)
    if free is None:
        what = f"{first!r} and {second!r} are in other pairs already"
        raise ResourceError(what, path=path, line=line, remedy="write each pair once, with the new name first")
    pairs[free[0]] = free[1]


def _lines(path: str, error: type[VarbindError]) -> Iterator[tuple[int, str]]:
    """The lines of a small text file with their numbers."""
    from varbind.io.size_limits import bounded_lines

    with Path(path).open("rb") as stream:
        for number, line in bounded_lines(stream, path, error):
            if number > WORDS_MAX:
                raise error(f"has more than {WORDS_MAX:,} lines", path=path, line=number, remedy="give a shorter file")
            yield number, line.decode()


def parse_settings(options: dict[str, Any]) -> dict[str, Any]:
    """Parse the options of `annotate` and `precompute` whose values have a syntax, by the names of the settings."""
    return {
        "proteins": parse_words(options["proteins"]),
        "promoter": parse_promoter(options["promoter"]),
        "conservation": parse_pairs(options["conservation"], "--conservation"),
        "contig_map": parse_contig_map(options["contig_map"]),
    }
