"""What a file says of its size is not believed: hostile input is refused in one line, and takes little memory."""

import gzip
import hashlib
import json
import os
import shutil
import struct
import zlib

import numpy as np
import pytest
from integration.runs import FASTA, GENES, VCF, annotation, call
from quick_cases import first_quick
from safetensors.numpy import save
from security.programs import BEYOND_SOUND, measured

from varbind.core.network_stack import WINDOW_MAX
from varbind.io.banks import find_bank
from varbind.io.cards import CARD_BYTES_MAX

HUGE = 1 << 40
UNPACKED = 1 << 25
"""Bytes that a bomb unpacks to."""


@pytest.fixture(scope="module")
def allowed(tmp_path_factory, tiny_bank_path):
    """Most memory of a hostile run: that of a sound one, and some more."""
    done, peak = measured(tmp_path_factory.mktemp("sound"), *annotation(VCF, "--bank", tiny_bank_path))
    assert done.code == 0, done.err
    if not peak:
        pytest.skip("the system does not tell how much memory a program had")
    return peak + BEYOND_SOUND


@pytest.fixture
def refused(tmp_path, allowed):
    """Runs what must be refused within bounds; the line that says why."""

    def run(code, *words, **options):
        done, peak = measured(tmp_path, *words, **options)
        assert done.code == code, done.err
        # A training loads torch before it reads its data.
        assert peak <= allowed + BEYOND_SOUND * (words[0] == "train")
        return done.error

    return run


@pytest.fixture
def bank(tmp_path, tiny_bank_path):
    """A copy of the tiny bank, to be changed."""
    return shutil.copytree(tiny_bank_path, tmp_path / "bank")


def sign(bank, name):
    """Make the card agree with a file."""
    card = json.loads((bank / "card.json").read_text())
    card["digests"][name] = hashlib.sha256((bank / name).read_bytes()).hexdigest()
    (bank / "card.json").write_text(json.dumps(card))


def sparse(path, size=HUGE):
    """A file of zeros that takes no room."""
    path.unlink(missing_ok=True)
    path.touch()
    os.truncate(path, size)


def odd_file(path, kind):
    path.unlink(missing_ok=True)
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "1 TB":
        sparse(path)


ARRAYS = ("weights.safetensors", "background.safetensors")
KINDS = ("FIFO", "folder", "endless", "1 TB")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", first_quick(["card.json", *ARRAYS]))
def test_a_file_of_a_bank_that_is_none(bank, refused, name, kind):
    odd_file(bank / name, kind)
    assert str(bank) in refused(4, "models", "verify", bank)


@pytest.mark.parametrize("kind", first_quick(KINDS))
@pytest.mark.parametrize("name", ["card.json", "weights.safetensors"])
def test_a_file_of_a_second_stage_that_is_none(bank, refused, name, kind):
    effect = shutil.copytree(find_bank() / "effect", bank / "effect", dirs_exist_ok=True)
    odd_file(effect / name, kind)
    assert "second stage" in refused(4, "models", "verify", bank)


@pytest.mark.parametrize("kind", first_quick(KINDS))
@pytest.mark.parametrize("name", ["db.tsv", "params/A.txt"])
def test_a_file_of_an_imported_folder_that_is_none(tmp_path, refused, name, kind):
    source = tmp_path / "source"
    (source / "params").mkdir(parents=True)
    odd_file(source / name, kind)
    if name == "db.tsv":
        (source / "params" / "A.txt").write_text("# deepbind 0.1\n")
    assert str(source) in refused(4, "models", "import", "deepbind", source, "-o", tmp_path / "bank")


def header(entries):
    text = json.dumps(entries).encode() if isinstance(entries, dict) else entries
    return struct.pack("<Q", len(text)) + text


def entry(shape, start=0, end=4, kind="F32"):
    return {"x": {"dtype": kind, "shape": shape, "data_offsets": [start, end]}}


SAFETENSORS = {
    "a header of 2^40 bytes": struct.pack("<Q", HUGE) + b"{}",
    "a header of 2^64 - 1 bytes": struct.pack("<Q", (1 << 64) - 1) + b"{}",
    "a shape whose product is huge": header(entry([1 << 40, 1 << 20])) + bytes(4),
    "a shape whose product overflows": header(entry([1 << 63, 1 << 63])) + bytes(4),
    "a shape of 2^64": header(entry([1 << 64])) + bytes(4),
    "no elements in huge axes": header(entry([1 << 62, 0, 1 << 62], 0, 0)),
    "offsets beyond the file": header(entry([1 << 30], 0, 1 << 32)) + bytes(4),
    "offsets that run backwards": header(entry([1], 4, 0)) + bytes(4),
    "overlapping arrays": header({name: entry([1])["x"] for name in "xyz"}) + bytes(4),
    "many arrays": header({f"x{number}": entry([0], 0, 0)["x"] for number in range(100_000)}),
    "deep nesting": header(b'{"x":' * 50_000),
    "an endless number": header(b'{"x":{"dtype":"F32","shape":[' + b"9" * 900_000 + b'],"data_offsets":[0,4]}}'),
}


@pytest.mark.parametrize("name", first_quick(ARRAYS))
@pytest.mark.parametrize("flaw", first_quick(SAFETENSORS, 6))
def test_arrays_that_lie_about_their_size(bank, refused, name, flaw):
    (bank / name).write_bytes(SAFETENSORS[flaw])
    sign(bank, name)
    assert str(bank) in refused(4, "models", "verify", bank)


def test_weights_are_no_larger_than_the_card_asks_for(bank, refused):
    sparse(bank / "weights.safetensors", (bank / "weights.safetensors").stat().st_size + (1 << 21))
    assert "expected at most" in refused(4, "models", "verify", bank)


def shaped(**sizes):
    def change(card):
        card["models"][0]["config"].update(sizes)

    return change


CARDS = {
    "window 10^12": shaped(window=10**12),
    "window 10^400": shaped(window=10**400),
    "window above the largest": shaped(window=WINDOW_MAX + 1),
    "detectors 10^9": shaped(detectors=10**9),
    "detector_len 10^12": shaped(detector_len=10**12),
    "hidden 10^12": shaped(hidden=10**12),
    "members 10^9": shaped(members=10**9),
    "all of them": shaped(detectors=10**9, detector_len=10**9, hidden=10**9, members=10**9),
}


@pytest.mark.parametrize("flaw", first_quick(CARDS, 3))
def test_a_card_of_huge_networks(bank, refused, flaw):
    card = json.loads((bank / "card.json").read_text())
    CARDS[flaw](card)
    (bank / "card.json").write_text(json.dumps(card))
    assert str(bank) in refused(4, *annotation(VCF, "--bank", bank))


def test_the_widest_window_is_bearable(tmp_path, bank, allowed):
    """No array tells a window, so the bound alone keeps it small."""
    card = json.loads((bank / "card.json").read_text())
    for model in card["models"]:
        model["config"]["window"] = WINDOW_MAX
    card["golden"] = None
    (bank / "card.json").write_text(json.dumps(card))
    (bank / "weights.safetensors").write_bytes(renamed_weights(bank))
    sign(bank, "weights.safetensors")
    done, peak = measured(tmp_path, *annotation(VCF, "--bank", bank, "--batch-size", "16"))
    assert done.code == 0, done.err
    assert peak <= allowed + BEYOND_SOUND


def renamed_weights(bank):
    """Arrays are named after their shapes."""
    from safetensors.numpy import load_file

    arrays = load_file(bank / "weights.safetensors")
    return save({f"w{WINDOW_MAX}-{name.partition('-')[2]}": array for name, array in arrays.items()})


TEXTS = {
    "deep lists": b"[" * (1 << 20),
    "deep objects": b'{"a":' * (1 << 20),
    "a number of a million digits": b'{"format": ' + b"9" * 1_000_000 + b"}",
    "a float of a million digits": b'{"format": 0.' + b"9" * 1_000_000 + b"}",
    "a million empty lists": b"[" + b"[]," * 1_000_000 + b"[]]",
    "as large as it may be": b"[" + b"[]," * (CARD_BYTES_MAX // 3 - 2) + b"[]]",
    "larger": b"[" + b"[]," * (CARD_BYTES_MAX // 3) + b"[]]",
    "a million models": b'{"format": 2, "golden": null, "models": [' + b"{}," * 1_000_000 + b"{}]}",
}


@pytest.mark.parametrize("flaw", first_quick(TEXTS, 3))
def test_a_card_of_odd_json(bank, refused, flaw):
    (bank / "card.json").write_bytes(TEXTS[flaw])
    assert str(bank) in refused(4, "models", "verify", bank)


# Of what a bomb unpacks to, a line is endless, or blank, or sound and repeated.
LINES = {
    "an endless line": b"A" * (1 << 20),
    "blank lines": b"\n" * (1 << 20),
    "comments": b"#" + b"\n#" * (1 << 19),
    "zeros": bytes(1 << 20),
}
SOUND = {
    "genes": b"chr1\t1\t2\tG\t0\t+\n",
    "regions": b"chr1\t1\t2\n",
    "labels": b"ACGT\t1\n",
    "sets": b"A\tx\n",
}
BOMBS = {
    "genes": (4, "genes.gz", lambda path: annotation(VCF, genes=path)),
    "regions": (2, "regions.bed.gz", lambda path: annotation(VCF, "-T", path)),
    "sequences": (3, "sequences.gz", lambda path: ["score", path]),
    "labels": (3, "labels.gz", lambda path: ["train", "binding", path, "--protein", "A", "-o", f"{path}.bank"]),
    "sets": (3, "sets.gz", lambda path: ["train", "binding", path, "-o", f"{path}.bank"]),
}


def bomb(path, head, piece, size=UNPACKED):
    """About a thousandth of the bytes that it unpacks to."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as out:
        out.write(packer.compress(head))
        for _ in range(size // len(piece)):
            out.write(packer.compress(piece))
        out.write(packer.flush())
    assert path.stat().st_size < size // 100


@pytest.mark.parametrize(
    ("kind", "what"),
    first_quick(
        [(kind, what) for kind in BOMBS for what in (*list(LINES)[:2], *(["sound lines"] if kind in SOUND else []))], 2
    ),
)
def test_a_small_file_that_unpacks_to_a_large_one(tmp_path, refused, kind, what):
    code, name, words = BOMBS[kind]
    piece = LINES[what] if what in LINES else SOUND[kind] * ((1 << 18) // len(SOUND[kind]))
    bomb(tmp_path / name, b"protein\tfile\n" if kind == "sets" else b"", piece)
    error = refused(code, *words(tmp_path / name))
    assert f"{tmp_path / name}:" in error


@pytest.mark.slow
@pytest.mark.parametrize("what", LINES)
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (4, lambda path: annotation(VCF, genes=path)),
        (2, lambda path: annotation(VCF, "-T", path)),
        (4, lambda path: annotation(VCF, "--contig-map", path)),
        (2, lambda path: annotation(VCF, "--proteins", f"@{path}")),
        (3, lambda path: ["score", path]),
        (3, lambda path: ["train", "binding", path, "--protein", "A", "-o", f"{path}.bank"]),
        (3, lambda path: ["train", "effect", "--activity", path, "-o", f"{path}.effect"]),
    ],
    ids=["genes", "regions", "contig map", "proteins", "sequences", "training data", "variants"],
)
def test_a_text_of_nothing_but(tmp_path, refused, what, code, words):
    path = tmp_path / "text"
    with path.open("wb") as out:
        for _ in range(2 if b"\n" in LINES[what] else 80):
            out.write(LINES[what])
    refused(code, *words(path))


def test_a_word_of_a_megabyte_is_read_once(tmp_path, refused):
    """Attributes of GTF are sought by a pattern: not again from every letter."""
    path = tmp_path / "genes.gtf"
    path.write_text(f"chr1\tx\tgene\t1\t2\t.\t+\t.\tlevel 2; {'a' * 1_000_000}\n")
    assert "expected a gene_id" in refused(4, *annotation(VCF, genes=path))


@pytest.mark.parametrize("kind", ["FIFO", "1 TB", "many rows"])
def test_an_index_of_the_reference_that_is_none(tmp_path, refused, kind):
    reference = shutil.copyfile(FASTA, tmp_path / "reference.fa")
    index = tmp_path / "reference.fa.fai"
    if kind == "many rows":
        row = b"chr1\t1\t9\t1\t2\n"
        index.write_bytes(row * ((1 << 26) // len(row) + 1))
    else:
        odd_file(index, kind)
    assert f"{index}: stale index" in refused(4, *annotation(VCF, fasta=reference))


@pytest.mark.parametrize("column", [1, 2, 3, 4])
@pytest.mark.parametrize("number", first_quick(["9" * 5000, str(10**30), str((1 << 63) - 1), str(1 << 62), "-1"], 2))
def test_an_index_of_huge_numbers(tmp_path, column, number):
    reference = shutil.copyfile(FASTA, tmp_path / "reference.fa")
    rows = [line.split("\t") for line in FASTA.with_name("reference.fa.fai").read_text().splitlines()]
    rows[0][column] = number
    (tmp_path / "reference.fa.fai").write_text("".join("\t".join(row) + "\n" for row in rows))
    done = call(*annotation(VCF, fasta=reference))
    assert done.code == 4, done.err
    assert "stale index" in done.error


BIGWIG_CHANGES = {
    "2^40 contigs": (lambda at: at["dictionary"] + 16, "Q", HUGE),
    "names of 2^31 bytes": (lambda at: at["dictionary"] + 8, "I", 1 << 31),
    "65,535 items in a node": (lambda at: at["dictionary"] + 34, "H", 65_535),
    "unpacked blocks of 4 GB": (lambda at: 52, "I", (1 << 32) - 1),
    "65,535 zoom levels": (lambda at: 6, "H", 65_535),
    "an index far away": (lambda at: 24, "Q", 1 << 62),
    "a block of 2^40 bytes": (lambda at: at["index"] + 48 + 28, "Q", HUGE),
    "a block of 2^63 bytes": (lambda at: at["index"] + 48 + 28, "Q", 1 << 63),
    "a block far away": (lambda at: at["index"] + 48 + 20, "Q", 1 << 62),
    "65,535 blocks": (lambda at: at["index"] + 50, "H", 65_535),
}


@pytest.fixture
def track(tmp_path):
    """A small bigWig."""
    pybigtools = pytest.importorskip("pybigtools", reason="needs the extra `conservation`")
    path = tmp_path / "track.bw"
    values = [("chr1", place, place + 1, place % 7.0) for place in range(9_000)]
    pybigtools.open(str(path), "w").write({"chr1": 16_000}, iter(values))
    return path


@pytest.mark.parametrize("flaw", first_quick(BIGWIG_CHANGES, 4))
def test_a_track_that_lies_about_its_size(track, refused, flaw):
    data = bytearray(track.read_bytes())
    _, dictionary, _, index = struct.unpack_from("<6xH3Q", data)
    place, kind, number = BIGWIG_CHANGES[flaw]
    struct.pack_into(f"<{kind}", data, place({"dictionary": dictionary, "index": index}), number)
    track.write_bytes(data)
    assert str(track) in refused(4, *annotation(VCF, "--conservation", f"a={track}"))


@pytest.mark.parametrize("tree", ["dictionary", "index"])
def test_a_track_whose_tree_is_a_ring(track, refused, tree):
    """A node that names itself as its child."""
    data = bytearray(track.read_bytes())
    _, dictionary, _, index = struct.unpack_from("<6xH3Q", data)
    key_bytes = struct.unpack_from("<I", data, dictionary + 8)[0]
    root, child = {"dictionary": (dictionary + 32, 4 + key_bytes), "index": (index + 48, 4 + 16)}[tree]
    struct.pack_into("<BxH", data, root, 0, 1)
    struct.pack_into("<Q", data, root + child, root)
    track.write_bytes(data)
    assert str(track) in refused(4, *annotation(VCF, "--conservation", f"a={track}"))


MANY_DIGITS = "9" * 5000
NUMBERS = {
    "--promoter": ("9" * 10, MANY_DIGITS, f"1,{MANY_DIGITS}", "²", "-1", "1,2,3"),
    "--top": (MANY_DIGITS, "0", "-1", "1e9"),
    "--max-indel": (MANY_DIGITS, "0", "-1"),
    "--batch-size": (MANY_DIGITS, "65537", "0"),
    "--threads": (MANY_DIGITS, "1025", "0"),
    "-t": (f"chr1:{MANY_DIGITS}", f"chr1:1-{MANY_DIGITS}"),
}


@pytest.mark.parametrize(("option", "text"), [(option, text) for option, texts in NUMBERS.items() for text in texts])
def test_an_absurd_number_is_refused(option, text):
    done = call(*annotation(VCF, option, text))
    assert done.code == 2, done.err
    assert done.error


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("--promoter", "999999999,999999999"),
        ("--top", str(10**30)),
        ("--max-indel", str(10**30)),
        ("--batch-size", "65536"),
        ("-t", "chr1:1-" + "9" * 18),
        ("-t", "chr1:" + "9" * 18),
    ],
    ids=" ".join,
)
def test_a_large_number_is_served(tmp_path, allowed, words):
    done, peak = measured(tmp_path, *annotation(VCF, *words, "-o", tmp_path / "out.vcf"))
    assert done.code == 0, done.err
    assert peak <= allowed


@pytest.mark.parametrize("text", [MANY_DIGITS, "2," + MANY_DIGITS, "²", "0"])
def test_absurd_checkpoints_are_refused(tmp_path, text):
    done = call("train", "binding", GENES, "--protein", "A", "-o", tmp_path / "bank", "--checkpoints", text)
    assert done.code == 2, done.err
    assert "cannot read --checkpoints" in done.error


@pytest.mark.slow
def test_what_compresses_well_is_no_bomb(tmp_path):
    """Under 4 MB nothing is suspected, and real tables compress 30-fold."""
    path = tmp_path / "regions.bed.gz"
    path.write_bytes(gzip.compress(b"chr1\t1\t16000\n" * 100_000))
    assert call(*annotation(VCF, "-T", path)).code == 0
    rng = np.random.default_rng(1)
    rows = [f"chr1\t{start}\t{start + 60}\tpeak\t0\t+\n" for start in rng.integers(1, 15_000, 400_000)]
    path.write_bytes(gzip.compress("".join(rows).encode()))
    assert call(*annotation(VCF, "-T", path)).code == 0
