"""A finished protein is found again, and only where nothing of it has changed."""

from dataclasses import replace

import numpy as np
import pytest
from oracles import ARRAY_NAMES

from varbind.core.deepbind import DeepBindStack
from varbind.errors import OutputError
from varbind.train.checkpoints import Records, kept_records
from varbind.train.hyperparameter_search import Calibrated, Calibration, Rating
from varbind.train.hyperparameters import Setting


def calibrated(model_id):
    """A network with a hidden layer, of random settings."""
    rng = np.random.default_rng(0)
    drawn = [replace(Setting.draw(rng), hidden=hidden) for hidden in (0, 32, 32)]
    log = [Rating(1, 9, (0.9, 0.1 + 0.2)), Rating(1, 5, (0.8, 0.4)), Rating(0, 5, (0.5, 0.5)), Rating(2, 5, (0.1, 0.3))]
    shape = Calibration(detector_len=4, window=5).config(drawn[1])
    sizes = shape.array_shapes(1)
    arrays = {name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}
    return Calibrated(DeepBindStack(shape, (model_id,), arrays), drawn, log)


@pytest.mark.parametrize("model_id", ["A", "T(var.2)", "A::B", "..", "é"])
def test_what_is_kept_is_found(tmp_path, model_id):
    records, kept = Records(tmp_path), calibrated(model_id)
    records.write(model_id, "key", kept)
    found = records.read(model_id, "key")
    assert (found.settings, found.log) == (kept.settings, kept.log)
    assert (found.stack.config, found.stack.model_ids) == (kept.stack.config, kept.stack.model_ids)
    for name in ARRAY_NAMES:
        assert getattr(found.stack, name).tobytes() == getattr(kept.stack, name).tobytes()
    assert [path.parent for path in tmp_path.rglob("*")] == [tmp_path]


def test_other_data_or_options_are_not_found(tmp_path):
    records = Records(tmp_path)
    assert records.read("A", "key") is None
    records.write("A", "key", calibrated("A"))
    assert records.read("A", "other") is None
    assert records.read("B", "key") is None


def test_a_damaged_record_is_not_found(tmp_path):
    records = Records(tmp_path)
    records.write("A", "key", calibrated("A"))
    path = tmp_path / "A.safetensors"
    data = path.read_bytes()
    for cut in [*range(0, 200, 7), *range(200, len(data), 997)]:
        path.write_bytes(data[:cut])
        assert records.read("A", "key") is None


def test_one_process_at_a_time(tmp_path):
    folder = tmp_path / "new" / "state"
    with kept_records(folder), pytest.raises(OutputError, match="another training writes here"), kept_records(folder):
        pass
    with kept_records(folder):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OutputError, match="state: cannot be written"), kept_records(tmp_path / "state"):
        pass
    with pytest.raises(OutputError, match="cannot be written"):
        Records(tmp_path / "state").write("A", "key", calibrated("A"))
