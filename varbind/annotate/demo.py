"""The embedded example: a small artificial genome, its genes, and variants in their promoters."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from varbind.errors import OutputError
from varbind.io.output.atomic_files import write_whole_file

__all__ = ["EXAMPLE_FILES", "copy_example"]

EXAMPLE_FILES = ("reference.fa", "reference.fa.fai", "variants.vcf", "genes.gtf")


def copy_example(folder: str | Path) -> Path:
    """Copy the files of the example into a folder, which is made where it is missing.

    Raises:
        OutputError: the folder cannot be made or written, or has other files of these names.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with as_file(files("varbind").joinpath("data/example")) as example:
            for name in EXAMPLE_FILES:
                data = (example / name).read_bytes()
                if not (folder / name).exists():
                    # The order matters: an index that looks older than its FASTA would give a warning.
                    write_whole_file(folder / name, data)
                elif (folder / name).read_bytes() != data:
                    what = "is another file than the example's"
                    raise OutputError(what, path=folder / name, remedy="name another folder")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", path=folder) from error
    return folder
