"""Which contig of the reference a name in another file means.

`chr1` and `1`, `chrM` and `MT` are the same contig written in two styles, where their lengths agree or
none is stated. Everything else has to be said by the user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ContigNames", "other_styles"]

_MITOCHONDRIA = ("chrM", "MT", "M", "chrMT")


def other_styles(name: str) -> list[str]:
    """The same contig in the other common styles."""
    if name in _MITOCHONDRIA:
        return [other for other in _MITOCHONDRIA if other != name]
    return [name.removeprefix("chr")] if name.startswith("chr") else [f"chr{name}"]


class ContigNames:
    """Translates contig names of one file into those of another.

    Args:
        known: contigs of the target with their lengths; None = length unknown.
        declared: lengths that the other file declares for its own names.
        renamed: pairs that the user gives: the other file's name to the target's.
        check_lengths: whether different lengths under the same name, or in another style, count.
    """

    def __init__(
        self,
        known: Mapping[str, int | None],
        *,
        declared: Mapping[str, int | None] | None = None,
        renamed: Mapping[str, str] | None = None,
        check_lengths: bool = True,
    ) -> None:
        self._known = known
        self._declared = (declared or {}) if check_lengths else {}
        self._renamed = renamed or {}
        self._found: dict[str, str | None] = {}

    def resolve(self, name: str) -> str | None:
        """The target's name of a contig; None where it has none."""
        if name not in self._found:
            self._found[name] = self._search(name)
        return self._found[name]

    def conflict(self, name: str) -> tuple[int, int] | None:
        """Declared and known length, where both files use this very name with different lengths."""
        declared, known = self._declared.get(name), self._known.get(name)
        if name in self._renamed or declared is None or known is None or declared == known:
            return None
        return declared, known

    def restyled(self) -> dict[str, str]:
        """Names resolved so far that the target writes in another way."""
        return {name: target for name, target in self._found.items() if target and target != name}

    @property
    def seen(self) -> tuple[str, ...]:
        """Names that were looked up so far."""
        return tuple(self._found)

    def shares_any(self, names: Iterable[str]) -> bool:
        """Whether at least one of the names can be resolved."""
        return any(self.resolve(name) is not None for name in names)

    def _search(self, name: str) -> str | None:
        if name in self._renamed:
            target = self._renamed[name]
            return target if target in self._known else None
        if name in self._known:
            return name
        for other in other_styles(name):
            if other in self._known:
                lengths = {self._declared.get(name), self._known[other]} - {None}
                return other if len(lengths) < 2 else None
        return None
