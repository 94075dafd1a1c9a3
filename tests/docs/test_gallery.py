"""The pictures of the gallery are small, safe and named by their commands, and the commands of docs/maps.md run."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawn import SVG, parsed, words_of
from integration.runs import FASTA, VCF
from page_commands import ROOT, add_program, blocks_of, page, run_commands, run_script
from planted import sequence, write_lines

GALLERY = page("gallery.md")
MAPS = page("maps.md")
SCRIPT = runpy.run_path(str(ROOT / "workflows" / "gallery" / "draw_gallery.py"))
PICTURES = re.findall(r"```sh\n(varbind .*)\n```\n(?:\n[^!#`][^\n]*(?:\n[^\n]+)*\n)?\n!\[.*\]\((.*)\)", GALLERY)


def test_every_command_of_the_script_is_shown_with_its_picture():
    assert [command for command, _ in PICTURES] == SCRIPT["commands"]()
    for command, path in PICTURES:
        assert path == f"pictures/gallery/{command.split()[-1]}"
    folder = ROOT / "docs" / "pictures" / "gallery"
    assert {path.name for path in folder.iterdir()} == {Path(path).name for _, path in PICTURES}


@pytest.mark.parametrize(("command", "path"), PICTURES, ids=[Path(path).stem for _, path in PICTURES])
def test_pictures_are_small_and_safe(command, path):
    data = (ROOT / "docs" / path).read_bytes()
    assert len(data) < 60_000
    root = parsed(data.decode())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "rect",
        "path",
        "g",
        "text",
    }
    protein = re.search(r"(?:--protein|logo) (\w+)", command)[1]
    assert any(word.startswith(protein) for word in words_of(root))


def same_scores(one, other):
    """Whether two pairs of scores agree, of which one has three significant digits and the other two decimals."""
    return all(abs(first - second) < 0.01 for first, second in zip(one, other, strict=True))


@pytest.mark.parametrize("site", SCRIPT["SITES"], ids=lambda site: site.name)
def test_verdicts_agree_with_the_pictures(site):
    """The scores of the table are those in the picture of each model."""
    words = words_of(parsed((ROOT / "docs" / "pictures" / "gallery" / f"{site.name}.svg").read_text()))
    scores = [float(word.rpartition(" ")[2]) for word in words if word.startswith(("wild type", "mutant"))]
    shown = list(zip(scores[::2], scores[1::2], strict=True))
    rows = re.findall(r"\| (\w+) \| +(-?[\d.]+) \| (-?[\d.]+) \| ([^|]+) \| (seen|missed) \|", GALLERY)
    table = [(model, float(ref), float(alt), share, verdict) for model, ref, alt, share, verdict in rows]
    for model in site.models:
        fitting = [row for row in table if row[0] == model and any(same_scores(row[1:3], pair) for pair in shown)]
        assert fitting
        for *_, share, verdict in fitting:
            seen = share != "wrong direction" and float(share.removesuffix(" %")) <= 100 * SCRIPT["SEEN"]
            assert verdict == ("seen" if seen else "missed")


@pytest.mark.slow
def test_commands_of_the_page_on_maps_run(tmp_path):
    """On the embedded example; the rule softmax stands in for the search of sequences."""
    (tmp_path / "reference.fa").write_bytes(FASTA.read_bytes())
    (tmp_path / "variants.vcf").write_bytes(VCF.read_bytes())
    (tmp_path / "promoters.fa").write_text("".join(f">{i}\n{'ACGTACCGGAAGTGATAAGC' * 2}\n" for i in range(12)))
    run_commands("maps.md", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "region.svg",
        "variant.svg",
        "sequence.tsv",
        "logos.svg",
        "motifs.meme",
    }


def test_the_python_of_the_page_runs():
    names = {}
    exec(compile(re.search(r"```python\n(.*?)```", MAPS, re.DOTALL)[1], "maps.md", "exec"), names)
    assert parsed(names["text"]).get("role") == "img"
    assert 'id="logo1-title"' in names["element"]


@pytest.mark.slow
def test_pictures_are_what_their_commands_draw(shared_data, tmp_path):
    SCRIPT["write_inputs"](shared_data, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command, path in PICTURES:
        words = [sys.executable, "-m", *command.split()]
        subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, check=True)
        drawn = (tmp_path / Path(path).name).read_bytes()
        assert drawn == (ROOT / "docs" / path).read_bytes(), "run workflows/gallery/draw_gallery.py"


@pytest.mark.slow
def test_distributions_of_deepfind_are_drawn(tmp_path):
    """From a table of few random variants, of which those of two chromosomes are drawn."""
    (command,) = [block for block in blocks_of(GALLERY) if not block.startswith("varbind ")]
    rng, rows = np.random.default_rng(1), ["chrom\tpos\tref\talt\tlabel\tleft\tright"]
    for number in range(240):
        chrom, alt = (1, 2, 3, 5, 7, 12)[number % 6], "CGT"[rng.integers(3)]
        rows.append(f"{chrom}\t{1000 + number}\tA\t{alt}\t{number // 6 % 2}\t{sequence(rng, 15)}\t{sequence(rng, 15)}")
    (tmp_path / "TABLES").mkdir()
    write_lines(tmp_path / "TABLES" / "classes.tsv", rows)
    (tmp_path / "workflows").symlink_to(ROOT / "workflows")
    add_program(tmp_path, "python", [sys.executable])
    run_script(command, tmp_path)
    drawn = (tmp_path / "deepfind.svg").read_text(encoding="utf-8")
    assert parsed(drawn).tag == f"{SVG}svg"
    assert re.findall(r"<!-- (\w+, \d+) -->", drawn) == ["simulated, 40", "derived, 40"]
