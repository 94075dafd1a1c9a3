"""A bank comes back as it was written, and every damage is refused before anything is run."""

import hashlib
import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
from oracles import ARRAY_NAMES, bank_card, deepbind_config, model_card, random_stack
from safetensors.numpy import load_file, save_file
from security.bombs import Bomb

from varbind.bank.background import BackgroundTable, CodedChanges, VariantKind
from varbind.bank.bank import Bank
from varbind.bank.model_card import CARD_FORMAT
from varbind.errors import OutputError, ResourceError
from varbind.io.banks import (
    BACKGROUND_MINIMUM,
    DEFAULT_BANK,
    find_bank,
    load_bank,
    read_bank,
    read_card,
    sha256_of,
    shipped_banks,
    write_bank,
)
from varbind.scoring.scorer import score_sequences

FILES = ("weights.safetensors", "background.safetensors")
SHAPES = (deepbind_config(), deepbind_config(window=11, detector_len=6, hidden=2, mean_pooling=True))


def small_bank(*, background=True):
    """Two shapes, their models interleaved, in an order that no stack has."""
    rng = np.random.default_rng(0)
    stacks = tuple(random_stack(rng, shape, 3, prefix=f"{i}.") for i, shape in enumerate(SHAPES))
    ids = ["1.2", "0.1", "0.0", "1.0", "1.1", "0.2"]
    models = tuple(model_card(i, config=SHAPES[int(i[0])], delta_sd=0.1 + n / 3) for n, i in enumerate(ids))
    changes = {k: CodedChanges.encode(rng.normal(size=(BACKGROUND_MINIMUM + n, 6))) for n, k in enumerate(VariantKind)}
    table = BackgroundTable(changes) if background else None
    return Bank((bank_card(models, background={"seed": 1}),), models, stacks, table)


@pytest.fixture
def bank():
    return small_bank()


@pytest.fixture
def folder(bank, tmp_path):
    write_bank(tmp_path / "bank", bank)
    return tmp_path / "bank"


def arrays_of(bank):
    return {
        model_id: (stack.config, [getattr(stack, name)[row].tobytes() for name in ARRAY_NAMES])
        for stack in bank.stacks
        for row, model_id in enumerate(stack.model_ids)
    }


def assert_same_bank(found, expected):
    assert found.models == expected.models
    assert arrays_of(found) == arrays_of(expected)
    assert (found.background is None) == (expected.background is None)
    if expected.background is not None:
        assert set(found.background.changes) == set(expected.background.changes)
        for kind, changes in expected.background.changes.items():
            for name in ("codes", "levels"):
                array, written = (getattr(coded, name) for coded in (found.background.changes[kind], changes))
                assert array.dtype == written.dtype
                np.testing.assert_array_equal(array, written)


def sign(folder):
    """Make the card's digests those of the files as they are now, as a forger would."""
    card = json.loads((folder / "card.json").read_text())
    card["digests"] = {name: sha256_of(folder / name) for name in FILES if (folder / name).exists()}
    (folder / "card.json").write_text(json.dumps(card))


def refused(folder, match=None):
    with pytest.raises(ResourceError, match=match) as caught:
        read_bank(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("background", [True, False])
def test_written_and_read(tmp_path, background):
    bank = small_bank(background=background)
    write_bank(tmp_path / "deep" / "bank", bank)
    found = read_bank(str(tmp_path / "deep" / "bank"))
    assert_same_bank(found, bank)
    assert replace(found.cards[0], digests={}) == bank.cards[0]
    expected = {"card.json", "weights.safetensors", *(["background.safetensors"] if background else [])}
    assert {path.name for path in (tmp_path / "deep" / "bank").iterdir()} == expected
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["bank"]


def test_the_models_keep_their_networks_whatever_their_order(tmp_path, bank):
    """The file knows rows by the order of the cards alone."""
    sequences = ["ACGTNACGTTTGA", "GGGCGGAAGT"]
    expected = score_sequences(sequences, bank)
    order = [4, 0, 5, 3, 1, 2]
    ids = [bank.model_ids[i] for i in order]
    write_bank(tmp_path / "other", bank.select(ids))
    found = read_bank(tmp_path / "other")
    assert found.model_ids == tuple(ids)
    assert score_sequences(sequences, found).tobytes() == expected[:, order].tobytes()


def test_joined_stacks_of_one_shape(tmp_path, bank):
    split = [piece for stack in bank.stacks for piece in (stack.take([2]), stack.take([0, 1]))]
    write_bank(tmp_path / "other", replace(bank, stacks=tuple(split)))
    assert_same_bank(read_bank(tmp_path / "other"), bank)


def test_equal_banks_are_equal_bytes(tmp_path, bank, folder):
    write_bank(tmp_path / "again", bank)
    for name in ("card.json", *FILES):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_the_card_alone(folder, bank):
    card = read_card(folder)
    assert card.models == bank.models
    assert set(card.digests) == set(FILES)
    for name in FILES:
        assert card.digests[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


def test_nothing_is_overwritten(folder, bank):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match="exists already"):
        write_bank(folder, bank)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_cannot_be_made(tmp_path, bank):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_bank(tmp_path / "file" / "bank", bank)


@pytest.mark.parametrize("name", ["card.json", *FILES])
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    refused(folder, "No such file")


@pytest.mark.parametrize("name", ["card.json", *FILES])
@pytest.mark.parametrize("content", [b"", b"\0", b"garbage", b"\xff" * 1000, b"{}", b"[" * 100_000])
def test_other_content(folder, name, content):
    (folder / name).write_bytes(content)
    refused(folder)
    if name != "card.json":
        sign(folder)
        refused(folder, "not a varbind model")


@pytest.mark.parametrize("name", FILES)
def test_any_flipped_byte_or_missing_tail(folder, name):
    data = (folder / name).read_bytes()
    places = np.random.default_rng(0).choice(len(data), 20, replace=False)
    for place in [0, 7, 8, len(data) - 1, *places]:
        damaged = bytearray(data)
        damaged[place] ^= 1
        (folder / name).write_bytes(damaged)
        refused(folder, "sha256 differs")
    for kept in (1, len(data) // 2, len(data) - 1):
        (folder / name).write_bytes(data[:kept])
        refused(folder, "sha256 differs")
        sign(folder)
        refused(folder, "not a varbind model")


@pytest.mark.parametrize("name", ["card.json", *FILES])
def test_a_pickle_is_never_run(folder, tmp_path, name):
    trap = tmp_path / "sprung"
    data = pickle.dumps(Bomb(trap))
    pickle.loads(data)
    assert trap.is_dir()  # the trap works
    trap.rmdir()
    (folder / name).write_bytes(data)
    if name != "card.json":
        sign(folder)
    refused(folder, "not a varbind model")
    assert not trap.exists()


@pytest.mark.parametrize("array", ARRAY_NAMES)
@pytest.mark.parametrize("flaw", ["rows", "axes", "float64", "float16", "int32", "nan", "inf", "gone"])
def test_signed_but_wrong_weights(folder, array, flaw):
    path = folder / "weights.safetensors"
    arrays = load_file(path)
    name = f"{SHAPES[1].name}/{array}"
    values = arrays.pop(name)
    if flaw == "rows":
        arrays[name] = np.ascontiguousarray(values[:-1])
    elif flaw == "axes":
        arrays[name] = values[..., None]
    elif flaw in {"nan", "inf"}:
        values.flat[0] = float(flaw)
        arrays[name] = values
    elif flaw != "gone":
        arrays[name] = values.astype(flaw)
    save_file(arrays, path)
    sign(folder)
    refused(folder, "not a varbind model")


@pytest.mark.parametrize("value", [1.1e6, -1.1e6])
@pytest.mark.parametrize("other", [0.0, float("nan"), float("-inf")])
def test_signed_but_too_large_weights(folder, value, other):
    path = folder / "weights.safetensors"
    arrays = load_file(path)
    arrays[f"{SHAPES[1].name}/detectors"].flat[:2] = value, other
    save_file(arrays, path)
    sign(folder)
    refused(folder, "not a varbind model: .*/detectors holds a value beyond 1,000,000")


def test_signed_with_an_array_too_many(folder):
    path = folder / "weights.safetensors"
    save_file({**load_file(path), "extra": np.zeros(1, dtype=np.float32)}, path)
    sign(folder)
    refused(folder, "extra")


WRONG_CODES = {
    "models": lambda codes: codes[:-1],
    "variants": lambda codes: codes[:, : BACKGROUND_MINIMUM - 1],
    "axes": lambda codes: codes[..., None],
    "type": lambda codes: codes.astype(np.int16),
    "value": lambda codes: np.where(np.arange(codes.shape[1]) == 3, np.uint8(255), codes),
}
WRONG_LEVELS = {
    "models": lambda levels: levels[:-1],
    "none": lambda levels: levels[:, :0],
    "too many": lambda levels: np.pad(levels, ((0, 0), (0, 257 - levels.shape[1])), mode="edge"),
    "axes": lambda levels: levels[..., None],
    "type": lambda levels: levels.astype(np.float32),
    "nan": lambda levels: np.where(np.arange(levels.shape[1]) == 3, np.float16("nan"), levels),
    "inf": lambda levels: np.where(levels == levels.max(), np.float16("inf"), levels),
    "order": lambda levels: levels[:, ::-1],
}


def with_wrong_background(folder, name, flaw):
    """Exchange one array and sign the bank."""
    path = folder / "background.safetensors"
    arrays = load_file(path)
    arrays[name] = np.ascontiguousarray(flaw(arrays[name]))
    save_file(arrays, path)
    sign(folder)
    return folder


@pytest.mark.parametrize("flaw", WRONG_CODES)
def test_signed_but_wrong_background(folder, flaw):
    refused(with_wrong_background(folder, "ins_1", WRONG_CODES[flaw]), "background .*of ins_1")


@pytest.mark.parametrize("flaw", WRONG_LEVELS)
def test_signed_but_wrong_levels(folder, flaw):
    refused(with_wrong_background(folder, "ins_1.levels", WRONG_LEVELS[flaw]), "levels? of ins_1")


@pytest.mark.parametrize("name", ["ins_1", "ins_1.levels"])
@pytest.mark.parametrize("flaw", ["gone", "extra"])
def test_signed_with_other_background_arrays(folder, name, flaw):
    path = folder / "background.safetensors"
    arrays = load_file(path)
    if flaw == "gone":
        del arrays[name]
    else:
        arrays[f"dup.{name}"] = arrays[name]
    save_file(arrays, path)
    sign(folder)
    refused(folder, f"background arrays .*{name}")


def test_a_bank_of_the_first_format_says_what_to_do(folder):
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "format": 1}))
    refused(folder, "format 1, .*reads format 4; make it again with `varbind models import`")


def test_a_background_that_the_card_does_not_name_is_not_used(folder):
    card = json.loads((folder / "card.json").read_text())
    del card["digests"]["background.safetensors"]
    (folder / "card.json").write_text(json.dumps(card))
    assert read_bank(folder).background is None


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (None, "expected `str`, got `null` at digests"),
        (5, "at digests"),
        ("", "sha256 differs"),
        ("0" * 64, "sha256 differs"),
    ],
)
def test_a_digest_that_is_none(folder, value, match):
    card = json.loads((folder / "card.json").read_text())
    card["digests"]["weights.safetensors"] = value
    (folder / "card.json").write_text(json.dumps(card))
    refused(folder, match)


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (lambda card: card.pop("models"), "models"),
        (lambda card: card.pop("digests"), "digests"),
        (lambda card: card.update(format=CARD_FORMAT + 1), f"format {CARD_FORMAT}"),
        (lambda card: card.update(models=card["models"][:-1]), "not a varbind model"),
        (lambda card: card.update(models=[]), "no model"),
        (lambda card: card["models"].append(card["models"][0]), "same id"),
        (lambda card: card["models"][0].pop("config"), "config"),
        (lambda card: card["models"][0]["config"].update(window=25), "not a varbind model"),
        (lambda card: card["models"][0]["config"].update(detector_len="6"), "detector_len"),
        (lambda card: card["models"][0]["config"].update(double_stranded=False), "not a varbind model"),
    ],
)
def test_a_card_that_does_not_fit(folder, damage, match):
    card = json.loads((folder / "card.json").read_text())
    damage(card)
    (folder / "card.json").write_text(json.dumps(card))
    refused(folder, match)


def test_a_folder_in_place_of_a_file(folder):
    (folder / "weights.safetensors").unlink()
    (folder / "weights.safetensors").mkdir()
    refused(folder, "incomplete")


def test_what_is_no_bank(tmp_path):
    refused(tmp_path, "not a varbind model bank")
    refused(tmp_path / "nothing", "not a varbind model bank")


def test_the_shipped_bank_opens_by_name(shipped_bank, tmp_path, monkeypatch):
    assert find_bank("default") == find_bank(DEFAULT_BANK) == shipped_banks()[DEFAULT_BANK]
    shutil.copytree(find_bank(), tmp_path / "copy")
    assert_same_bank(load_bank(tmp_path / "copy"), shipped_bank)
    with pytest.raises(ResourceError, match=DEFAULT_BANK):
        load_bank("no-such-bank")
    # A folder of the user's wins over a shipped name.
    monkeypatch.chdir(tmp_path)
    write_bank(tmp_path / DEFAULT_BANK, small_bank())
    assert load_bank(DEFAULT_BANK).model_ids == small_bank().model_ids
