"""Damaged banks, second stages, tracks and references: exit code 4, or the right values; never others in silence."""

import os
import random
import shutil
import struct

import numpy as np
import pytest
from integration.runs import FASTA, VCF, bgzip

from varbind.errors import ResourceError
from varbind.io.banks import read_bank
from varbind.io.effects import EFFECT_FOLDER, read_effect
from varbind.io.reference import Reference
from varbind.io.tracks import ConservationTrack

LENGTHS = {"chr1": 120_000, "chr2": 45_011, "chr3": 60}
DRAWS = 40


def cuts(size, count, seed=1):
    """Lengths to cut a file to: the first and last ones, and random ones between."""
    draw = random.Random(seed)
    return sorted({0, 1, 7, 8, size // 2, size - 1, size - 8, *(draw.randrange(size) for _ in range(count))})


def flips(data, count, seed=1):
    """The bytes with one bit changed, at random places, the first and last bytes among them."""
    draw = random.Random(seed)
    for place in [0, 7, len(data) - 1, *(draw.randrange(len(data)) for _ in range(count))]:
        damaged = bytearray(data)
        damaged[place] ^= 1 << draw.randrange(8)
        yield place, bytes(damaged)


def same(one, other):
    """Whether two banks or second stages hold the same arrays."""
    return repr(one) == repr(other)


@pytest.fixture
def bank_folder(tiny_bank_path, shipped_effect, tmp_path):
    """A small bank with a second stage, to be damaged."""
    folder = tmp_path / "bank"
    shutil.copytree(tiny_bank_path, folder)
    shutil.copytree(shipped_effect, folder / EFFECT_FOLDER)
    return folder


@pytest.fixture(scope="session")
def shipped_effect(shipped_bank):
    """Folder of the second stage that travels with the package."""
    from varbind.io.banks import shipped_banks

    return shipped_banks()[shipped_bank.cards[0].name] / EFFECT_FOLDER


BANK_FILES = ["card.json", "weights.safetensors", "background.safetensors"]
EFFECT_FILES = ["card.json", "weights.safetensors"]


def refused_at_any_length(folder, name, read):
    """Cut a file of a folder of models shorter and shorter."""
    size = (folder / name).stat().st_size
    for length in sorted(cuts(size, DRAWS), reverse=True):
        os.truncate(folder / name, length)
        # The last byte of a card is its line end.
        if name == "card.json" and length == size - 1:
            continue
        with pytest.raises(ResourceError, match=str(folder)):
            read(folder)


@pytest.mark.parametrize("name", BANK_FILES)
def test_a_bank_cut_at_any_length(tiny_bank_path, tmp_path, name):
    refused_at_any_length(shutil.copytree(tiny_bank_path, tmp_path / "bank"), name, read_bank)


@pytest.mark.parametrize("name", BANK_FILES[1:])
def test_a_bank_with_a_changed_bit(tiny_bank_path, tmp_path, name):
    folder = shutil.copytree(tiny_bank_path, tmp_path / "bank")
    for _, damaged in flips((folder / name).read_bytes(), DRAWS):
        (folder / name).write_bytes(damaged)
        with pytest.raises(ResourceError, match="sha256 differs"):
            read_bank(folder)


@pytest.mark.parametrize("name", EFFECT_FILES)
def test_a_second_stage_cut_at_any_length(shipped_effect, tmp_path, name):
    refused_at_any_length(shutil.copytree(shipped_effect, tmp_path / "effect"), name, read_effect)


def test_a_second_stage_with_a_changed_bit(shipped_effect, tmp_path):
    folder = shutil.copytree(shipped_effect, tmp_path / "effect")
    weights = folder / "weights.safetensors"
    for _, damaged in flips(weights.read_bytes(), DRAWS):
        weights.write_bytes(damaged)
        with pytest.raises(ResourceError, match="sha256 differs"):
            read_effect(folder)


@pytest.mark.parametrize("name", BANK_FILES)
def test_a_missing_file_of_a_bank(bench, tiny_bank_path, name):
    folder = shutil.copytree(tiny_bank_path, bench.folder / "bank")
    (folder / name).unlink()
    assert name in bench.refused(4, VCF, "--bank", folder, "--proteins", "ELK1")


@pytest.mark.parametrize("kept", [0, 300])
def test_a_damaged_bank_is_one_line(bench, tiny_bank_path, kept):
    folder = shutil.copytree(tiny_bank_path, bench.folder / "bank")
    os.truncate(folder / "weights.safetensors", kept)
    assert "sha256 differs" in bench.refused(4, VCF, "--bank", folder, "--proteins", "ELK1")


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    """A bigWig of several blocks, and its values."""
    pybigtools = pytest.importorskip("pybigtools")
    values = np.random.default_rng(3).integers(-800, 800, 20_000) / 8
    path = tmp_path_factory.mktemp("track") / "track.bw"
    rows = (("chr1", base, base + 1, float(value)) for base, value in enumerate(values))
    pybigtools.open(str(path), "w").write({"chr1": 20_000}, rows)
    return path.read_bytes(), values


def read_track(path, values):
    """Whether every mean of the track is right; an error tells otherwise."""
    with ConservationTrack("x", path) as opened:
        spans = [("chr1", start, start + 10) for start in range(0, 20_000, 10)]
        expected = values.reshape(-1, 10).mean(axis=1)
        return np.allclose(opened.means(spans), expected.astype(np.float32), rtol=1e-6)


def refused_or_right(read, *words):
    """Whether something damaged is refused, or gives what it gave before."""
    try:
        return read(*words)
    except ResourceError:
        return True


def test_a_track_cut_at_any_length(track, tmp_path):
    data, values = track
    path = tmp_path / "track.bw"
    path.write_bytes(data)
    assert read_track(path, values)
    for length in cuts(len(data), 3 * DRAWS):
        path.write_bytes(data[:length])
        assert refused_or_right(read_track, path, values), length


def test_a_track_cut_while_it_is_read(track, tmp_path):
    """Blocks that are gone are told when they are wanted."""
    data, values = track
    path = tmp_path / "track.bw"
    path.write_bytes(data)
    with ConservationTrack("x", path) as opened:
        assert opened.mean("chr1", 0, 10) == pytest.approx(values[:10].mean())
        os.truncate(path, len(data) // 3)
        with pytest.raises(ResourceError):
            opened.means([("chr1", start, start + 10) for start in range(0, 20_000, 10)])


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """A FASTA of three sequences with its index, plain and BGZF of several blocks, and its bases."""
    draw = np.random.default_rng(8)
    bases = {name: "".join(draw.choice(list("ACGT"), length)) for name, length in LENGTHS.items()}
    folder = tmp_path_factory.mktemp("genome")
    lines = [f">{name} of a test\n" + "".join(f"{text[at : at + 60]}\n" for at in range(0, len(text), 60))
             for name, text in bases.items()]  # fmt: skip
    (folder / "ref.fa").write_text("".join(lines))
    bgzip(folder / "ref.fa", folder / "ref.fa.gz")
    import pysam

    for name in ("ref.fa", "ref.fa.gz"):
        pysam.faidx(str(folder / name))
    return folder, bases


@pytest.fixture(params=["ref.fa", "ref.fa.gz"])
def reference(request, genome, tmp_path):
    """A copy to be damaged: path, and bases."""
    folder, bases = genome
    for path in folder.glob(f"{request.param}*"):
        if path.suffix in {".fai", ".gzi"} or path.name == request.param:
            shutil.copy2(path, tmp_path)
    return tmp_path / request.param, bases


def read_reference(path, bases):
    """Whether every contig and every base is right; an error tells otherwise."""
    with Reference(path) as opened:
        if opened.contigs != LENGTHS:
            return False
        return all(
            opened.fetch(name, start, start + 5_000) == text[start : start + 5_000].ljust(5_000, "N")
            for name, text in bases.items()
            for start in range(0, len(text), 5_000)
        )


def test_a_reference_cut_at_any_length(reference):
    path, bases = reference
    assert read_reference(path, bases)
    size = path.stat().st_size
    for length in sorted(cuts(size, DRAWS), reverse=True):
        os.truncate(path, length)
        assert refused_or_right(read_reference, path, bases), length


def test_an_index_cut_at_any_length(reference):
    path, bases = reference
    index = path.with_name(f"{path.name}.fai")
    data = index.read_bytes()
    for length in range(1, len(data)):
        index.write_bytes(data[:length])
        assert refused_or_right(read_reference, path, bases), data[:length]


def test_an_index_with_any_digit_changed(reference):
    """Lengths, offsets and widths that shift what is read."""
    path, bases = reference
    index = path.with_name(f"{path.name}.fai")
    data = index.read_bytes()
    places = [place for place, letter in enumerate(data) if chr(letter).isdigit()]
    for place in places:
        for digit in b"0159":
            damaged = bytearray(data)
            damaged[place] = digit
            index.write_bytes(damaged)
            assert refused_or_right(read_reference, path, bases), bytes(damaged)


def test_offsets_of_blocks_cut_at_any_length(genome, tmp_path):
    folder, bases = genome
    for path in folder.glob("ref.fa.gz*"):
        shutil.copy2(path, tmp_path)
    path, offsets = tmp_path / "ref.fa.gz", tmp_path / "ref.fa.gz.gzi"
    data = offsets.read_bytes()
    assert len(data) > 30
    for length in range(len(data)):
        offsets.write_bytes(data[:length])
        assert refused_or_right(read_reference, path, bases), length


def test_offsets_of_blocks_that_are_wrong(genome, tmp_path):
    """Any of them, by a little, a block, or out of the file."""
    folder, bases = genome
    for path in folder.glob("ref.fa.gz*"):
        shutil.copy2(path, tmp_path)
    path, offsets = tmp_path / "ref.fa.gz", tmp_path / "ref.fa.gz.gzi"
    numbers = [number for (number,) in struct.iter_unpack("<Q", offsets.read_bytes())]
    for place in range(len(numbers)):
        for change in (-1, 1, 61, 1 << 16, 1 << 40):
            damaged = [*numbers]
            damaged[place] = max(damaged[place] + change, 0)
            offsets.write_bytes(struct.pack(f"<{len(damaged)}Q", *damaged))
            assert refused_or_right(read_reference, path, bases), (place, change)


def test_an_example_without_its_last_lines(bench):
    """Through the program: the index tells that the reference is cut."""
    lines = FASTA.read_bytes().splitlines(keepends=True)
    fasta = bench.file("ref.fa", b"".join(lines[:-100]))
    bench.file("ref.fa.fai", FASTA.with_name(f"{FASTA.name}.fai").read_bytes())
    assert "stale index" in bench.refused(4, VCF, fasta=fasta)
