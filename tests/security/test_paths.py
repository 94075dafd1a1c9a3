"""Nothing is read or written but in the files and folders that the user names, whatever data calls itself."""

import hashlib
import json
import os
import shutil

import pytest
from integration.runs import VCF, annotation, call
from planted import write_files, write_lines

from varbind.io.banks import read_bank

ESCAPES = ("../../out", "/{folder}/out", "a/b", "a b", "a\tb", "a\nb", "a\x1b[2Jb", "", ".." + "/.." * 30, "x" * 101)


@pytest.fixture
def bank(tmp_path, tiny_bank_path):
    """A copy of the tiny bank, to be changed."""
    return shutil.copytree(tiny_bank_path, tmp_path / "bank")


def change_card(bank, change):
    path = bank / "card.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def refused(code, *words):
    done = call(*words)
    assert done.code == code, done.err
    return done.error


@pytest.mark.parametrize("name", ESCAPES)
def test_a_models_id_names_no_file_elsewhere(tmp_path, bank, name):
    def rename(card):
        card["models"][0]["model_id"] = name.format(folder=tmp_path)

    change_card(bank, rename)
    before = tree(tmp_path)
    error = refused(4, "models", "export", "--bank", bank, "-o", tmp_path / "exported")
    assert "cannot name a model" in error
    assert tree(tmp_path) == before


@pytest.mark.parametrize("key", ["protein", "family", "species", "assay", "experiment"])
@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\x1b]0;b\x07", "a\x9bb", "a\N{LINE SEPARATOR}b"])
def test_words_of_a_card_can_be_printed(bank, key, text):
    change_card(bank, lambda card: card["models"][0].update({key: text}))
    assert "cannot be printed" in refused(4, "models", "list", "--bank", bank)


@pytest.mark.parametrize("key", ["name", "version", "description", "source", "licence"])
def test_words_of_a_bank_can_be_printed(bank, key):
    change_card(bank, lambda card: card.update({key: 'x"\n##INFO=<ID=DP,Number=1,Type=String,Description="">'}))
    assert "cannot be printed" in refused(4, *annotation(VCF, "--bank", bank))


def test_names_of_others_stay_as_they_are(bank):
    """What is only unusual is not refused."""
    change_card(bank, lambda card: card["models"][0].update(protein="NF-\u03baB/p65 (\u03b1); 100 %", family="../x"))
    assert read_bank(bank).models[0].protein == "NF-\u03baB/p65 (\u03b1); 100 %"
    assert "NF-\u03baB/p65 (\u03b1); 100 %\t../x" in call("models", "list", "--bank", bank).out.decode()


def test_a_digest_names_no_file_elsewhere(tmp_path, bank):
    """Files of a bank have fixed names; whatever else the card states is not looked for."""
    os.mkfifo(tmp_path / "never-opened")
    change_card(bank, lambda card: card["digests"].update({"../never-opened": "0" * 64, "/dev/zero": "0" * 64}))
    done = call("models", "verify", bank)
    assert done.code == 0, done.err


def test_an_exported_bank_lies_in_its_folder(tmp_path, bank):
    assert call("models", "export", "--bank", bank, "-o", tmp_path / "exported").code == 0
    (tmp_path / "bank").rename(tmp_path / "exported" / "bank")
    assert {path.name for path in tmp_path.iterdir()} == {"exported"}


@pytest.mark.parametrize("model_id", ["../../x", "/etc/x", "x y", "x\x1by"])
def test_an_imported_folder_is_read_by_its_own_names(tmp_path, tiny_bank_path, model_id):
    """Of an id in the index no file is made up: a model is what lies in params/."""
    source = tmp_path / "source"
    assert call("models", "export", "--bank", tiny_bank_path, "-o", source).code == 0
    index = (source / "db.tsv").read_text()
    first = index.splitlines()[1].split("\t")[0]
    (source / "db.tsv").write_text(index.replace(first, model_id))
    before = tree(tmp_path)
    error = refused(4, "models", "import", "deepbind", source, "-o", tmp_path / "bank")
    assert f"model {first} is not in the index" in error
    assert tree(tmp_path) == before


def test_an_imported_id_can_be_printed(tmp_path, tiny_bank_path):
    source = tmp_path / "source"
    assert call("models", "export", "--bank", tiny_bank_path, "-o", source).code == 0
    first = min((source / "params").glob("*.txt"))
    first.rename(first.with_name("a\x1bb.txt"))
    index = (source / "db.tsv").read_text()
    (source / "db.tsv").write_text(index.replace(f"\n{first.stem}\t", "\na\x1bb\t"))
    assert "cannot name a model" in refused(4, "models", "import", "deepbind", source, "-o", tmp_path / "bank")
    assert not (tmp_path / "bank").exists()


def sets_table(folder, **cells):
    cells = {"protein": "A", "file": "labels.tsv", **cells}
    write_lines(folder / "sets.tsv", ["\t".join(cells), "\t".join(cells.values())])
    return folder / "sets.tsv"


@pytest.mark.parametrize("name", ["../../out", "/out", "a b", "x" * 101])
def test_a_set_names_no_file_elsewhere(tmp_path, name):
    pytest.importorskip("torch", reason="needs the extra `train`")
    write_files(tmp_path)
    table = sets_table(tmp_path, id=name)
    before = tree(tmp_path)
    assert "cannot name a model" in refused(3, "train", "binding", table, "-o", tmp_path / "bank")
    assert tree(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["..", "-o", "~", "$HOME", "%2e%2e%2f", "*"])
def test_a_set_of_an_odd_name_lies_in_the_bank(tmp_path, name):
    """What can be a file's name is one, and nothing more."""
    pytest.importorskip("torch", reason="needs the extra `train`")
    write_files(tmp_path)
    table = sets_table(tmp_path, id=name)
    before = tree(tmp_path)
    quick = ("--trials", "1", "--checkpoints", "2", "--ensemble-size", "1", "--background-snvs", "300")
    done = call("train", "binding", table, "-o", tmp_path / "bank", *quick, "--min-negatives", "0")
    assert done.code == 0, done.err
    files = ["card.json", "weights.safetensors", "background.safetensors", "ratings.tsv"]
    assert tree(tmp_path) == sorted([*before, "bank", *(f"bank/{file}" for file in files)])
    assert read_bank(tmp_path / "bank").models[0].model_id == name
    done = call("models", "export", "--bank", tmp_path / "bank", "-o", tmp_path / "exported")
    assert done.code == 0, done.err
    assert [path.name for path in (tmp_path / "exported" / "params").iterdir()] == [f"{name}.txt"]


@pytest.mark.parametrize("option", ["--protein", "--family", "--species", "--assay", "--licence"])
def test_what_the_user_states_can_be_printed(tmp_path, option):
    pytest.importorskip("torch", reason="needs the extra `train`")
    write_files(tmp_path)
    words = {"--protein": "A", option: "a\x1b[2Jb"}
    stated = [word for pair in words.items() for word in pair]
    error = refused(3, "train", "binding", tmp_path / "labels.tsv", *stated, "-o", tmp_path / "bank")
    assert "\x1b" not in error


# Of links: a bank may be one, or consist of some, as in stores of packages; they are followed, for they are only read,
# and what they lead to is held against the card. What is written replaces a name, and follows nothing.


def test_a_bank_of_links_is_read(tmp_path, tiny_bank_path):
    (tmp_path / "bank").mkdir()
    for path in tiny_bank_path.iterdir():
        (tmp_path / "bank" / path.name).symlink_to(path)
    (tmp_path / "link").symlink_to(tmp_path / "bank")
    done = call("models", "verify", tmp_path / "link")
    assert done.code == 0, done.err


@pytest.mark.parametrize("name", ["card.json", "weights.safetensors"])
def test_a_link_to_what_is_no_part_of_a_bank_tells_nothing_of_it(tmp_path, bank, name):
    secret = tmp_path / "secret"
    secret.write_text("the secret word\n")
    (bank / name).unlink()
    (bank / name).symlink_to(secret)
    error = refused(4, "models", "verify", bank)
    assert "secret word" not in error


@pytest.mark.parametrize("name", ["bank", "bank.partial"])
def test_no_bank_is_written_through_a_link(tmp_path, tiny_bank_path, name):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "db.tsv").write_text("mine\n")
    (tmp_path / name).symlink_to(elsewhere)
    done = call("models", "export", "--bank", tiny_bank_path, "-o", tmp_path / "bank")
    assert done.code == (5 if name == "bank" else 0)
    assert tree(elsewhere) == ["db.tsv"]
    assert (elsewhere / "db.tsv").read_text() == "mine\n"


def test_the_lock_of_a_training_empties_no_file(tmp_path):
    pytest.importorskip("torch", reason="needs the extra `train`")
    write_files(tmp_path)
    (tmp_path / "mine").write_text("mine\n")
    (tmp_path / "bank.training").mkdir()
    (tmp_path / "bank.training" / "lock").symlink_to(tmp_path / "mine")
    quick = ("--trials", "1", "--checkpoints", "2", "--ensemble-size", "1", "--background-snvs", "300")
    done = call("train", "binding", sets_table(tmp_path), "-o", tmp_path / "bank", *quick, "--min-negatives", "0")
    assert done.code == 0, done.err
    assert (tmp_path / "mine").read_text() == "mine\n"


def test_a_forged_digest_is_told(bank):
    """A bank tells of damage, not of forgers: who writes both files can state any digest."""
    data = bytearray((bank / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (bank / "weights.safetensors").write_bytes(data)
    assert "sha256 differs" in refused(4, "models", "verify", bank)
    digest = hashlib.sha256(data).hexdigest()
    change_card(bank, lambda card: card["digests"].update({"weights.safetensors": digest}))
    assert call("models", "verify", bank).code == 0
