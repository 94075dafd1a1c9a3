"""A finished network is found again, and only if nothing on which it depends has changed."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from oracles import ARRAY_NAMES

from varbind.core.deepbind import DeepBindStack
from varbind.errors import OutputError
from varbind.train.checkpoints import Checkpoints, open_checkpoints, remove_checkpoints
from varbind.train.hyperparameter_search import Calibrated, Rating
from varbind.train.hyperparameters import Calibration, Setting


def calibrated(model_id):
    """A network with a hidden layer, of random settings."""
    rng = np.random.default_rng(0)
    drawn = [replace(Setting.draw(rng), hidden=hidden) for hidden in (0, 32, 32)]
    log = [Rating(1, 9, (0.9, 0.1 + 0.2)), Rating(1, 5, (0.8, 0.4)), Rating(0, 5, (0.5, 0.5)), Rating(2, 5, (0.1, 0.3))]
    shape = Calibration(detector_len=4, window=5).config(drawn[1])
    sizes = shape.array_shapes(1)
    arrays = {name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}
    return Calibrated(DeepBindStack(shape, (model_id,), arrays), drawn, log)


def write(checkpoints, model_id, key, result):
    checkpoints.write(model_id, key, result.facts(), result.stack.arrays)


def read(checkpoints, model_id, key):
    return checkpoints.read(model_id, key, partial(Calibrated.of_facts, model_id))


@pytest.mark.parametrize("model_id", ["A", "T(var.2)", "A::B", "..", "é"])
def test_what_is_stored_is_found(tmp_path, model_id):
    checkpoints, kept = Checkpoints(tmp_path), calibrated(model_id)
    write(checkpoints, model_id, "key", kept)
    found = read(checkpoints, model_id, "key")
    assert (found.settings, found.log) == (kept.settings, kept.log)
    assert (found.stack.config, found.stack.model_ids) == (kept.stack.config, kept.stack.model_ids)
    for name in ARRAY_NAMES:
        assert getattr(found.stack, name).tobytes() == getattr(kept.stack, name).tobytes()
    assert [path.parent for path in tmp_path.rglob("*")] == [tmp_path]


def test_other_data_or_options_are_not_found(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    assert read(checkpoints, "A", "key") is None
    write(checkpoints, "A", "key", calibrated("A"))
    assert read(checkpoints, "A", "other") is None
    assert read(checkpoints, "B", "key") is None


def test_a_damaged_checkpoint_is_not_found(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, "A", "key", calibrated("A"))
    path = tmp_path / "A.safetensors"
    data = path.read_bytes()
    for cut in [*range(0, 200, 7), *range(200, len(data), 997)]:
        path.write_bytes(data[:cut])
        assert read(checkpoints, "A", "key") is None


def test_one_process_at_a_time(tmp_path):
    folder = tmp_path / "new" / "state"
    with (
        open_checkpoints(folder),
        pytest.raises(OutputError, match="another training is using the folder"),
        open_checkpoints(folder),
    ):
        pass
    with open_checkpoints(folder):
        pass


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OutputError, match="state: cannot be written"), open_checkpoints(tmp_path / "state"):
        pass
    with pytest.raises(OutputError, match="cannot be written"):
        write(Checkpoints(tmp_path / "state"), "A", "key", calibrated("A"))


def test_malformed_facts_are_not_found(tmp_path):
    checkpoints, result = Checkpoints(tmp_path), calibrated("A")
    facts = result.facts()
    for malformed in ({**facts, "settings": [{}]}, {**facts, "config": None}, {"log": []}):
        checkpoints.write("A", "key", malformed, result.stack.arrays)
        assert read(checkpoints, "A", "key") is None


def test_without_a_folder_nothing_is_stored():
    with open_checkpoints(None) as checkpoints:
        write(checkpoints, "A", "key", calibrated("A"))
        assert read(checkpoints, "A", "key") is None


def test_only_checkpoints_are_removed(tmp_path):
    folder = tmp_path / "state"
    with open_checkpoints(folder) as checkpoints:
        write(checkpoints, "A", "key", calibrated("A"))
    note = folder / "note.txt"
    note.write_text("of the user")
    remove_checkpoints(folder, "*.safetensors")
    assert list(folder.iterdir()) == [note]
    note.unlink()
    remove_checkpoints(folder, "*.safetensors")
    assert not folder.exists()
