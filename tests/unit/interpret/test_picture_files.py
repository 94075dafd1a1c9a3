import struct
import sys

import pytest

from varbind.draw.svg import Drawing, rectangle, text
from varbind.errors import OutputError, UsageError
from varbind.interpret.picture_files import is_picture, prepare_picture, write_picture

DRAWING = Drawing(60, 30, rectangle(0, 0, 30, 30, "#0b4fa0") + text(32, 20, "ACGT"), "t", "d")


def test_svg_is_the_document(tmp_path):
    path = tmp_path / "a.svg"
    write_picture(str(path), DRAWING)
    assert path.read_text() == DRAWING.document()


def test_png_has_twice_the_pixels_and_the_same_bytes_again(tmp_path):
    pytest.importorskip("resvg_py", reason="needs the extra `plots`")
    made = []
    for name in ("a.png", "b.PNG"):
        write_picture(str(tmp_path / name), DRAWING)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert made[0][:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", made[0][16:24]) == (120, 60)


def test_text_is_drawn_without_fonts_of_the_system(tmp_path):
    pytest.importorskip("resvg_py", reason="needs the extra `plots`")
    bare = Drawing(60, 30, rectangle(0, 0, 30, 30, "#0b4fa0"), "t", "d")
    for name, drawing in (("with.png", DRAWING), ("bare.png", bare)):
        write_picture(str(tmp_path / name), drawing)
    assert (tmp_path / "with.png").read_bytes() != (tmp_path / "bare.png").read_bytes()


def test_a_missing_package_is_named_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    prepare_picture("a.svg")
    with pytest.raises(UsageError, match=r"a PNG needs the package resvg-py, which is not installed; pip install"):
        prepare_picture("a.png")


def test_a_huge_png_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(UsageError, match="too large"):
        write_picture(str(tmp_path / "a.png"), Drawing(9000, 9000, "", "t", "d"))
    with pytest.raises(OutputError):
        write_picture(str(tmp_path / "none" / "a.svg"), DRAWING)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("path", "expected"), [("a.svg", True), ("A.PNG", True), ("a.tsv", False), ("-", False)])
def test_pictures_are_known_by_their_suffix(path, expected):
    assert is_picture(path) is expected
