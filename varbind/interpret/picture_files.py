"""Pictures as files: SVG, or PNG by a library that rasterises the SVG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from varbind.errors import UsageError
from varbind.gate import optional_import
from varbind.io.output.atomic_files import write_whole_file

if TYPE_CHECKING:
    from varbind.draw.svg import Drawing

__all__ = ["is_picture", "prepare_picture", "write_picture"]

PNG_ZOOM = 2
"""Pixels of a PNG for one of the SVG, so that letters are sharp in print."""

PIXELS_MAX = 1 << 27
"""The largest PNG, in pixels; a picture of that size takes half a gigabyte of memory."""


def is_picture(path: str) -> bool:
    """Whether the suffix of a path is that of a picture."""
    return path.lower().endswith((".svg", ".png"))


def prepare_picture(path: str) -> None:
    """Check before any work that a picture of this kind can be written.

    Raises:
        UsageError: a package that a PNG needs is not installed.
    """
    if path.lower().endswith(".png"):
        optional_import("resvg_py", needed_for="a PNG")
        optional_import("matplotlib", needed_for="the font of a PNG")


def write_picture(path: str, drawing: Drawing) -> None:
    """Write a picture, complete or not at all.

    Args:
        path: a name that ends in .svg or .png.
        drawing: the picture.

    Raises:
        UsageError: a package that a PNG needs is not installed, or the PNG would be too large.
        OutputError: the file cannot be written.
    """
    text = drawing.document()
    write_whole_file(path, _png(drawing, text, path) if path.lower().endswith(".png") else text.encode())


def _png(drawing: Drawing, text: str, path: str) -> bytes:
    """The PNG of an SVG file, with the font that matplotlib contains, so that the bytes do not depend on others."""
    if drawing.width * drawing.height * PNG_ZOOM**2 > PIXELS_MAX:
        what = f"a PNG of {drawing.width * PNG_ZOOM:,.0f} x {drawing.height * PNG_ZOOM:,.0f} pixels is too large"
        raise UsageError(what, path=path, remedy="write .svg, or fewer maps")
    resvg = optional_import("resvg_py", needed_for="a PNG")
    fonts = optional_import("matplotlib", needed_for="the font of a PNG").get_data_path()
    font = Path(fonts, "fonts", "ttf", "DejaVuSans.ttf")
    data: bytes = bytes(
        resvg.svg_to_bytes(
            svg_string=text,
            zoom=PNG_ZOOM,
            skip_system_fonts=True,
            font_files=[str(font)],
            sans_serif_family="DejaVu Sans",
        )
    )
    return data
