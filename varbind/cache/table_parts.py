"""The finished parts of a table that is being computed, from which a run that was stopped continues."""

from __future__ import annotations

import gzip
import shutil
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.errors import OutputError, output_errors
from varbind.io.output.atomic_files import write_whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TableParts"]

_IDENTITY = "settings.txt"


class TableParts:
    """A folder beside the table, with one compressed file for each finished chunk.

    Args:
        table: the path of the table.

    Raises:
        OutputError: the folder cannot be made.
    """

    def __init__(self, table: str) -> None:
        self.folder = Path(f"{table}.parts")
        with output_errors(self.folder):
            self.folder.mkdir(exist_ok=True)

    def require(self, identity: Sequence[str]) -> None:
        """Keep the settings of the parts, or compare them with those that are kept.

        Args:
            identity: lines that state all on which the parts depend.

        Raises:
            OutputError: the parts were computed with other settings.
        """
        kept, text = self.folder / _IDENTITY, "".join(f"{line}\n" for line in identity)
        with output_errors(self.folder):
            found = kept.read_text(encoding="utf-8") if kept.exists() else None
        if found is None:
            write_whole_file(kept, text.encode())
        elif found != text:
            what = "has the parts of a table with other settings"
            raise OutputError(what, path=self.folder, remedy="remove the folder, or name another table")

    def has(self, number: int) -> bool:
        """Whether the part of a chunk is finished."""
        return self._path(number).exists()

    def write(self, number: int, data: bytes) -> None:
        """Keep the lines of a chunk.

        Raises:
            OutputError: the file cannot be written.
        """
        write_whole_file(self._path(number), gzip.compress(data, 6, mtime=0))

    def read(self, number: int) -> bytes:
        """The lines of a chunk.

        Raises:
            OutputError: the file is damaged.
        """
        path = self._path(number)
        try:
            return gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise OutputError(f"is damaged: {error}", path=path, remedy="remove it, and run again") from error

    def remove(self) -> None:
        """Remove the folder, after the table has its name."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06}.gz"
