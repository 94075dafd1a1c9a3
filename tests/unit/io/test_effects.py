"""A second stage comes back from disk as it was, and one that is damaged is one line."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from second_stages import HEADS, OWN_TRACKS, random_effect, scored_bank

from varbind.core.scores import BindingScores
from varbind.core.window import Window
from varbind.effect.effect_model import EffectModel
from varbind.effect.features import VariantSites
from varbind.effect.second_stage import SecondStage
from varbind.errors import OutputError, ResourceError
from varbind.io.banks import read_bank, write_bank
from varbind.io.effects import EFFECT_FOLDER, read_effect, write_effect

WEIGHTS = "weights.safetensors"


@pytest.fixture(scope="module")
def bank():
    return scored_bank()


@pytest.fixture(scope="module")
def effect(bank):
    return random_effect(bank)


@pytest.fixture(scope="module")
def written(effect, tmp_path_factory):
    folder = tmp_path_factory.mktemp("effect") / "effect"
    write_effect(folder, effect)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    """A copy to break."""
    return shutil.copytree(written, tmp_path / "effect")


def predicted(effect, bank, count=40):
    rng = np.random.default_rng(4)
    ref, alt = rng.normal(size=(2, count, len(bank.models))).astype(np.float32)
    sites = VariantSites(
        rng.integers(-3000, 3000, count).astype(float),
        rng.integers(0, 2, count).astype(float),
        {name: rng.normal(size=(count, 2)) for name in ("phyloP_a", "share_b")},
    )
    stage = SecondStage(effect, bank.model_ids, OWN_TRACKS)
    kinds = [*effect.curves.get("score", {}), None] * count
    bases = rng.integers(0, 4, (2, count, 25)).astype(np.uint8)
    windows = [Window(*codes, padded=False) for codes in zip(*bases, strict=True)]
    return stage.predict(BindingScores(bank.model_ids, ref, alt), sites, kinds[:count], windows, 12)


def sign(folder):
    """Make the card state the digest of what is there."""
    card = json.loads((folder / "card.json").read_text())
    card["digests"][WEIGHTS] = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))


def changed_arrays(folder, change):
    """Change the arrays and sign them."""
    arrays = load_file(folder / WEIGHTS)
    change(arrays)
    save_file(arrays, folder / WEIGHTS)
    sign(folder)
    return folder


def refused(folder, match):
    with pytest.raises(ResourceError, match=match) as caught:
        read_effect(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "heads",
    [
        (),
        ("activity",),
        ("activity", "score"),
        ("deepfind",),
        ("conservation",),
        ("local",),
        ("local", "activity", "score"),
        ("activity", "score", "deepfind", "conservation"),
        HEADS,
    ],
    ids="+".join,
)
def test_what_was_written_is_read_back(tmp_path, bank, heads):
    effect = random_effect(bank, heads=heads, curves=("snv", "mnv_2_5") if "score" in heads else ())
    told = write_effect(tmp_path / "deep" / "effect", effect)
    found = read_effect(tmp_path / "deep" / "effect")
    assert found.card == told.card
    assert set(told.card.digests) == {WEIGHTS}
    assert found.trained_on.tolist() == effect.trained_on.tolist()
    assert set(found.heads) == set(heads)
    one, other = predicted(effect, bank), predicted(found, bank)
    assert one.values.keys() == other.values.keys()
    for name, values in one.values.items():
        assert values.tobytes() == other.values[name].tobytes(), name
    assert sorted(path.name for path in (tmp_path / "deep" / "effect").iterdir()) == ["card.json", WEIGHTS]
    # Written once more it is the same bytes, so every array came back whole.
    write_effect(tmp_path / "again", found)
    for name in ("card.json", WEIGHTS):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "deep" / "effect" / name).read_bytes()


def test_every_array_is_that_of_the_head(effect, written):
    found = read_effect(written)
    for name in ("weights", "local_weights", "refits"):
        np.testing.assert_array_equal(getattr(found.heads["activity"], name), getattr(effect.heads["activity"], name))
    for name in ("first", "first_bias", "second", "second_bias", "third", "third_bias", "output"):
        np.testing.assert_array_equal(getattr(found.heads["local"], name), getattr(effect.heads["local"], name))
    for name in ("units", "weights", "direction"):
        np.testing.assert_array_equal(getattr(found.heads["score"], name), getattr(effect.heads["score"], name))
    np.testing.assert_array_equal(found.heads["activity"].scale.spread, effect.heads["activity"].scale.spread)
    assert (found.heads["score"].constant, found.heads["deepfind"].limit) == (
        effect.heads["score"].constant,
        effect.heads["deepfind"].limit,
    )
    assert found.heads["deepfind"].features == effect.heads["deepfind"].features
    assert found.heads["conservation"].tracks == effect.heads["conservation"].tracks
    for name in ("value_weights", "common"):
        stored = getattr(found.heads["conservation"], name)
        np.testing.assert_array_equal(stored, getattr(effect.heads["conservation"], name))
    assert {name: set(own) for name, own in found.curves.items()} == {
        name: set(own) for name, own in effect.curves.items()
    }
    for name, own in effect.curves.items():
        for kind, curve in own.items():
            np.testing.assert_array_equal(found.curves[name][kind].shares, curve.shares)


def test_arrays_of_any_layout_are_written_as_they_are(tmp_path, bank):
    effect = random_effect(bank)
    object.__setattr__(effect.heads["activity"], "weights", np.asfortranarray(effect.heads["activity"].weights))
    write_effect(tmp_path / "e", effect)
    np.testing.assert_array_equal(
        read_effect(tmp_path / "e").heads["activity"].weights, effect.heads["activity"].weights
    )


def test_any_damaged_byte_is_told(folder):
    data = (folder / WEIGHTS).read_bytes()
    for place in range(0, len(data), max(1, len(data) // 40)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        (folder / WEIGHTS).write_bytes(damaged)
        refused(folder, "sha256 differs")
    (folder / WEIGHTS).write_bytes(data[:-1])
    refused(folder, "sha256 differs")


def read_or_error(folder):
    """The second stage, or the error of one that cannot be read."""
    try:
        return read_effect(folder)
    except ResourceError as error:
        return error


def test_a_damaged_card_is_an_error_or_changes_no_weight(folder, effect):
    """What the card says is not signed, but nothing in it may end in a traceback."""
    whole, refusals = (folder / "card.json").read_bytes(), 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] = ord("5") if damaged[place] != ord("5") else ord('"')
        (folder / "card.json").write_bytes(damaged)
        found = read_or_error(folder)
        if isinstance(found, ResourceError):
            refusals += 1
            assert "\n" not in str(found)
        else:
            np.testing.assert_array_equal(found.heads["activity"].weights, effect.heads["activity"].weights)
    assert refusals > 10


@pytest.mark.parametrize("name", ["card.json", WEIGHTS])
def test_a_missing_file_is_told(folder, name):
    (folder / name).unlink()
    refused(folder, "no second stage: card.json: No such file" if name == "card.json" else "incomplete: No such file")
    (folder / name).mkdir()
    refused(folder, "Is a directory")


def test_what_is_no_second_stage(tmp_path):
    refused(tmp_path, "no second stage.*`varbind train effect` makes one")
    refused(tmp_path / "nothing", "no second stage")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff", "[]", '{"format": 9}', "null"])
def test_what_is_no_card(folder, text):
    (folder / "card.json").write_text(text, encoding="latin-1")
    refused(folder, "not the card of a second stage")


def test_garbage_with_the_right_digest_is_told(folder):
    for data in (b"", b"text", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}" + bytes(9)):
        (folder / WEIGHTS).write_bytes(data)
        sign(folder)
        refused(folder, "not a second stage")


NAMES = [
    "trained_on",
    "activity/weights",
    "activity/local_weights",
    "activity/refits",
    "activity/scale/spread",
    "score/constant",
    "score/units",
    "score/weights",
    "score/direction",
    "local/first",
    "local/second_bias",
    "local/output",
    "deepfind/features",
    "deepfind/limit",
    "deepfind/hidden",
    "conservation/tracks",
    "conservation/is_share",
    "conservation/levels",
    "conservation/slopes",
    "conservation/common",
    "conservation/weight",
    "curves/score/snv/values",
    "curves/score_no_tss/snv/values",
    "curves/gain/ins_1/tail",
]


def test_the_names_are_those_of_the_file(folder):
    assert set(NAMES) < set(load_file(folder / WEIGHTS))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_array_is_told(folder, name):
    changed_arrays(folder, lambda arrays: arrays.pop(name))
    refused(folder, f"missing or malformed: .*{name}")


@pytest.mark.parametrize(
    "name", ["extra", "activity/extra", "curves/other/snv/values", "curves/score/huge/values", "score/"]
)
def test_an_extra_array_is_told(folder, name):
    changed_arrays(folder, lambda arrays: arrays.update({name: np.zeros(3)}))
    refused(folder, f"{name} belongs to no head and no curve")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"deepfind/features", "conservation/tracks"}])
@pytest.mark.parametrize("dtype", ["int64", "float16", "uint16"])
def test_an_array_of_another_type_is_told(folder, name, dtype):
    changed_arrays(folder, lambda arrays: arrays.update({name: np.asarray(arrays[name] > 0, dtype=dtype)}))
    refused(folder, f"{dtype}|are not in ascending order")


@pytest.mark.parametrize("name", NAMES)
def test_an_array_of_another_shape_is_told(folder, name):
    changed_arrays(folder, lambda arrays: arrays.update({name: np.stack([arrays[name]] * 2)}))
    refused(folder, "not a second stage")


@pytest.mark.parametrize("name", [name for name in NAMES if "is_share" not in name and "tail" not in name])
def test_an_array_of_no_numbers_is_told(folder, name):
    def spoil(arrays):
        own = arrays[name]
        arrays[name] = np.full_like(own, np.nan) if own.dtype.kind == "f" else np.zeros_like(own)

    changed_arrays(folder, spoil)
    refused(folder, "not a second stage")


@pytest.mark.parametrize("text", [b"5", b"[1, 2]", b"[]", b"{", b"\xff", b"[" * 60_000, b'"ab"'])
@pytest.mark.parametrize("name", ["deepfind/features", "conservation/tracks"])
def test_names_that_are_none_are_told(folder, name, text):
    changed_arrays(folder, lambda arrays: arrays.update({name: np.frombuffer(text, dtype=np.uint8)}))
    refused(folder, "not a second stage")


def with_card(folder, **changes):
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, **changes}))
    return folder


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"format": 2}, "format 3"),
        ({"model_ids": ["M1", "M2"]}, "does not have the models of the card"),
        ({"model_ids": ["M1", "M2", "M9"]}, "but the card has no such model"),
        ({"digests": {}}, "sha256 differs"),
        ({"digests": {WEIGHTS: 5}}, "malformed: .*digests"),
        ({"cutoffs": [5]}, "malformed: .*cutoffs"),
        ({"cutoffs": [{"score": 0.5, "precision": 0.5, "recall": 0.5, "background": 0.1}]}, "malformed: .*cutoffs"),
        ({"heads": []}, "malformed: .*heads"),
    ],
)
def test_a_changed_card_is_told(folder, changes, match):
    refused(with_card(folder, **changes), match)


def test_keys_that_do_not_rise_are_told(folder):
    changed_arrays(folder, lambda arrays: arrays.update({"trained_on": np.array([3, 3], dtype=np.uint32)}))
    refused(folder, "are not in ascending order")


def test_a_folder_that_exists_is_left_alone(folder, effect):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match="exists already; name a new folder"):
        write_effect(folder, effect)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_place_that_cannot_be_written_is_told(tmp_path, effect):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        write_effect(tmp_path / "file" / "effect", effect)


def test_a_bank_holds_its_own(tmp_path, bank, effect):
    write_bank(tmp_path / "bank", bank)
    assert read_bank(tmp_path / "bank").effect is None
    write_effect(tmp_path / "bank" / EFFECT_FOLDER, effect)
    found = read_bank(tmp_path / "bank").effect
    assert isinstance(found, EffectModel)
    assert found.trained_on.tolist() == effect.trained_on.tolist()
    (tmp_path / "bank" / EFFECT_FOLDER / WEIGHTS).unlink()
    with pytest.raises(ResourceError, match="the second stage is incomplete"):
        read_bank(tmp_path / "bank")
