"""The pictures of the documentation show what the program writes in a terminal."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SCRIPT = runpy.run_path(str(PICTURES / "terminal.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("terminal"))


def without_blanks(lines):
    """The lines of a text that are not empty, without blanks, because a picture places words by coordinates."""
    return [line for line in ("".join(text.split()) for text in lines) if line]


def lines_of(picture):
    """The lines of text of a picture."""
    lines = {}
    for text in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text"):
        lines.setdefault(float(text.attrib["y"]), []).append((float(text.attrib["x"]), text.text))
    return ["".join(part for _, part in sorted(lines[y])) for y in sorted(lines)]


@pytest.mark.parametrize("columns", [80, 100])
def test_pictures_are_up_to_date_and_fit_the_terminal(folder, columns):
    names = [f"{stem}-{columns}.svg" for stem in ("demo", "show", "show-variant")]
    for name in names:
        arguments, width = SCRIPT["PICTURES"][name]
        assert width == columns
        text = SCRIPT["captured"](arguments, columns, folder)
        assert "\x1b[31m" in text or "\x1b[1;31m" in text, "no colour on a terminal"
        lines = re.sub("\x1b\\[[0-9;]*m", "", text).splitlines()
        assert max(map(cell_len, lines)) <= columns
        picture = (PICTURES / name).read_text(encoding="utf-8")
        expected = without_blanks([f"$ varbind {' '.join(arguments)}", *lines])
        assert without_blanks(lines_of(picture)) == expected, "run python docs/pictures/terminal.py"


@pytest.mark.parametrize("name", SCRIPT["PICTURES"])
def test_a_picture_loads_nothing_from_elsewhere(name):
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", (PICTURES / name).read_text(encoding="utf-8")))
    assert addresses <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}


def test_pictures_of_the_report_are_small_and_shown():
    page = (PICTURES.parent / "report.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\(pictures/(report-[a-z-]+\.png)\)", page))
    assert shown == {path.name for path in PICTURES.glob("report-*.png")}
    assert len(shown) >= 3
    assert all((PICTURES / name).stat().st_size < 200_000 for name in shown)
