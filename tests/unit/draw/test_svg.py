import itertools
import re

import numpy as np
import pytest
from drawn import SVG, parsed

from varbind.draw.svg import COLOURS, Drawing, colour, frame, rectangle, text

HOSTILE = "</svg><script>alert(1)</script>&\"'\x00\x1b[31m\ud800 <!-- ]]>"
BASES = [COLOURS[f"base-{base}"] for base in "acgt"]
# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(code):
    values = np.array([int(code[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    share = to_xyz @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    root = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.fixture
def drawing():
    body = rectangle(1, 2, 3.25, 4, colour("loss"), opacity=0.5) + text(1, 9, HOSTILE) + frame(0, 0, 5, 5, HOSTILE)
    return Drawing(40, 30.04, body, HOSTILE, HOSTILE)


def test_a_document_is_whole_and_named(drawing):
    root = parsed(drawing.document())
    assert root.tag == f"{SVG}svg"
    assert (root.get("role"), root.get("viewBox")) == ("img", "0 0 40 30")
    named = {element.get("id"): element.tag for element in root.iter() if element.get("id")}
    assert root.get("aria-labelledby").split() == list(named)
    assert list(named.values()) == [f"{SVG}title", f"{SVG}desc"]


@pytest.mark.parametrize("form", ["document", "inline"])
def test_texts_of_others_stay_texts(drawing, form):
    made = drawing.document() if form == "document" else drawing.inline("one")
    root = parsed(made)
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds == {"svg", "title", "desc", "rect", "text"}
    assert "<script" not in made
    shown = root.find(f"{SVG}text").text
    assert shown == "</svg><script>alert(1)</script>&\"'\\x00\\x1b[31m\\ud800 <!-- ]]>"
    assert not [name for element in root.iter() for name in element.attrib if "href" in name or name.startswith("on")]


def test_a_file_needs_no_custom_properties(drawing):
    assert "var(" not in drawing.document()
    assert f'fill="{COLOURS["loss"]}"' in drawing.document()
    assert f"var(--loss, {COLOURS['loss']})" in drawing.inline("one")


def test_a_text_that_looks_like_a_colour_is_kept():
    words = '"var(--loss, #b2182b)"'
    drawing = Drawing(10, 10, text(0, 0, words), words, words)
    assert parsed(drawing.document()).find(f"{SVG}text").text == words


def test_several_pictures_stand_in_one_page(drawing):
    page = parsed(f"<div>{drawing.inline('one')}{drawing.inline('two')}</div>")
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) == 4
    assert "id=" not in drawing.body


@pytest.mark.parametrize("prefix", ["", "1a", 'a" onload="x', "a b"])
def test_a_prefix_begins_an_id(drawing, prefix):
    with pytest.raises(ValueError, match="cannot begin an id"):
        drawing.inline(prefix)


def test_coordinates_have_one_decimal_and_no_sign_of_zero():
    assert re.findall(r'"([-\d.]+)"', rectangle(-0.01, 1.26, 3, 1e-9, "#000000")) == ["0", "1.3", "3", "0"]


@pytest.mark.parametrize("kind", BLINDNESS)
def test_bases_differ_for_every_eye(kind):
    seen = [lab(np.array(BLINDNESS[kind]) @ linear(code)) for code in BASES]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 20
    loss, gain = (lab(np.array(BLINDNESS[kind]) @ linear(COLOURS[name])) for name in ("loss", "gain"))
    assert np.linalg.norm(loss - gain) > 20
