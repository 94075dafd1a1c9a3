"""The published text format: exact both ways, and every broken file named."""

import codecs
import logging
import re
from dataclasses import replace

import numpy as np
import pytest
from oracles import ARRAY_NAMES, deepbind_config, model_card, random_stack

from varbind.errors import OutputError, ResourceError
from varbind.io.deepbind_text import read_deepbind_folder, read_parameter_file, write_deepbind_folder

SHAPES = [
    deepbind_config(window=25, detector_len=14),
    deepbind_config(window=31, detector_len=24, mean_pooling=True, hidden=4),
    deepbind_config(window=9, detector_len=5, double_stranded=False, hidden=1),
]


def small_models():
    rng = np.random.default_rng(0)
    stacks = [random_stack(rng, shape, 2, prefix=f"D{i}.") for i, shape in enumerate(SHAPES)]
    models = [
        model_card(model_id, config=stack.config, family="F" if row else f"P{model_id}", training=TRAINING)
        for stack in stacks
        for row, model_id in enumerate(stack.model_ids)
    ]
    return models, stacks


TRAINING = {"type": "TF", "labels": "x", "class": "", "cite": "me"}


@pytest.fixture
def folder(tmp_path):
    models, stacks = small_models()
    write_deepbind_folder(tmp_path / "set", models, stacks)
    return tmp_path / "set"


def assert_equal_stacks(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert (one.config, one.model_ids) == (other.config, other.model_ids)
        for name in ARRAY_NAMES:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_written_and_read(folder):
    models, stacks = small_models()
    found_models, found_stacks = read_deepbind_folder(folder)
    assert found_models == models
    assert_equal_stacks(found_stacks, sorted(stacks, key=lambda stack: stack.config))


def test_byte_order_marks_do_not_show(folder):
    expected = read_deepbind_folder(folder)
    for path in (folder / "db.tsv", *(folder / "params").glob("*.txt")):
        path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    models, stacks = read_deepbind_folder(folder)
    assert models == expected[0]
    assert_equal_stacks(stacks, expected[1])


def test_every_single_precision_value_survives(tmp_path):
    """Powers of two, their neighbours, subnormals and extremes."""
    powers = np.ldexp(np.float32(1), np.arange(-149, 128)).astype(np.float32)
    values = np.concatenate([powers, np.nextafter(powers, np.float32(0)), -powers])
    stack = random_stack(np.random.default_rng(0), deepbind_config(detector_len=70, detectors=3), 1)
    stack.detectors.flat[: len(values)] = values
    write_deepbind_folder(tmp_path / "set", [model_card("M0", config=stack.config)], [stack])
    found = read_parameter_file(tmp_path / "set" / "params" / "M0.txt")
    assert found.detectors.tobytes() == stack.detectors.tobytes()


@pytest.mark.slow
def test_the_shipped_bank_survives(tmp_path, shipped_bank):
    """Every network is there; those of one model are models of their own."""
    write_deepbind_folder(tmp_path / "set", shipped_bank.models, shipped_bank.stacks)
    models, stacks = read_deepbind_folder(tmp_path / "set")
    by_id = {model_id: stack.take([row]) for stack in stacks for row, model_id in enumerate(stack.model_ids)}
    apart = [stack.unstack() for stack in shipped_bank.stacks]
    networks = [stack.take([row]) for stack in apart for row in range(len(stack.model_ids))]
    assert len(by_id) == len(networks) == len(models)
    assert_equal_stacks([by_id[network.model_ids[0]] for network in networks], networks)
    expected = {
        own: (model.protein, model.family, model.species, model.assay, model.experiment)
        for model in shipped_bank.models
        for own in ([f"{model.model_id}.{n}" for n in (1, 2, 3)] if model.config.members == 3 else [model.model_id])
    }
    assert {m.model_id: (m.protein, m.family, m.species, m.assay, m.experiment) for m in models} == expected
    assert {m.model_id: m.config for m in models} == {network.model_ids[0]: network.config for network in networks}


def test_order_of_the_numbers(tmp_path):
    """index = detector + D * (base + 4 * position), as the format states."""
    (tmp_path / "M.txt").write_text(
        "# deepbind 0.1\nreverse_complement = 1\nnum_detectors = 2\ndetector_len = 3\nhas_avg_pooling = 0\n"
        f"num_hidden = 0\ndetectors = {','.join(map(str, range(24)))}\nthresholds = 5,6\n"
        "weights1 = 7,8\nbiases1 = 9\nweights2 = \nbiases2 = \n"
    )
    stack = read_parameter_file(tmp_path / "M.txt")
    assert stack.model_ids == ("M",)
    for detector in range(2):
        for base in range(4):
            for position in range(3):
                assert stack.detectors[0, position, base, detector] == detector + 2 * (base + 4 * position)
    assert (stack.thresholds[0].tolist(), stack.weights1[0, :, 0].tolist()) == ([5, 6], [7, 8])
    assert (stack.biases1[0].tolist(), stack.biases2.tolist()) == ([9], [0])
    assert stack.weights2.shape == (1, 0)


@pytest.mark.parametrize(
    ("detector_len", "window"), [(14, 25), (16, 25), (20, 25), (24, 31), (32, 51), (36, 51), (10, 19)]
)
def test_the_window_belongs_to_the_detector(tmp_path, detector_len, window):
    stack = random_stack(np.random.default_rng(0), deepbind_config(detector_len=detector_len), 1)
    write_deepbind_folder(tmp_path / "set", [model_card("M0", config=stack.config)], [stack])
    assert read_parameter_file(tmp_path / "set" / "params" / "M0.txt").config.window == window


def change_line(path, key, value):
    """Exchange the value of `key`; None drops its line."""
    lines = path.read_text().splitlines()
    assert sum(line.startswith(f"{key} =") for line in lines) == 1
    kept = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    path.write_text("\n".join(line for line in kept if line != f"{key} = None") + "\n")


def refused(path, action, match=None):
    with pytest.raises(ResourceError, match=match) as caught:
        action()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


KEYS = ["reverse_complement", "num_detectors", "detector_len", "has_avg_pooling", "num_hidden"]
ARRAYS = ["detectors", "thresholds", "weights1", "biases1", "weights2", "biases2"]


@pytest.mark.parametrize("key", KEYS + ARRAYS)
def test_a_missing_line(folder, key):
    path = folder / "params" / "D1.0.txt"
    change_line(path, key, None)
    refused(path, lambda: read_parameter_file(path), key)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", ["", "x", "1.5", "99", "-3", "9999999999999", "nan"])
def test_a_wrong_number(folder, key, value):
    path = folder / "params" / "D1.0.txt"
    change_line(path, key, value)
    refused(path, lambda: read_parameter_file(path))


@pytest.mark.parametrize("key", ARRAYS)
@pytest.mark.parametrize("value", ["", "1,2,x", "1", "1,,2", "nan", "inf", "1e300"])
def test_a_wrong_list(folder, key, value):
    path = folder / "params" / "D1.0.txt"
    line = next(line for line in path.read_text().splitlines() if line.startswith(f"{key} ="))
    # A value that is not finite stands among as many values as there were.
    words = line.partition("=")[2].split(",")
    change_line(path, key, ",".join([value, *words[1:]]) if value in {"nan", "inf", "1e300"} else value)
    if key == "biases2" and value == "1":
        assert read_parameter_file(path).biases2.tolist() == [1]
    else:
        refused(path, lambda: read_parameter_file(path))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"detectors = 1\n", b"# deepbind 0.1\n", b"\n# deepbind 0.1\n"])
def test_other_content(folder, content):
    path = folder / "params" / "D1.0.txt"
    path.write_bytes(content)
    refused(path, lambda: read_parameter_file(path))
    refused(path, lambda: read_deepbind_folder(folder))


def test_missing_files(folder, tmp_path):
    refused(tmp_path / "no.txt", lambda: read_parameter_file(tmp_path / "no.txt"))
    refused(tmp_path, lambda: read_deepbind_folder(tmp_path), "params")
    (folder / "db.tsv").unlink()
    refused(folder / "db.tsv", lambda: read_deepbind_folder(folder), "No such file")


@pytest.mark.parametrize("content", ["", "# only a comment\n", "ID\tProtein\n", "D0.0,x\n"])
def test_an_index_without_its_columns(folder, content):
    (folder / "db.tsv").write_text(content)
    refused(folder / "db.tsv", lambda: read_deepbind_folder(folder), "columns")


def test_a_model_that_is_not_in_the_index(folder):
    lines = (folder / "db.tsv").read_text().splitlines()
    (folder / "db.tsv").write_text("\n".join(line for line in lines if not line.startswith("D1.0")))
    refused(folder / "db.tsv", lambda: read_deepbind_folder(folder), r"D1\.0")


@pytest.mark.parametrize("gone", [["D1.0"], ["D0.1", "D2.0", "D2.1"]])
def test_models_without_a_parameter_file(folder, caplog, gone):
    for model_id in gone:
        (folder / "params" / f"{model_id}.txt").unlink()
    told = f"{len(gone)} of 6 models have no parameter file params/ID.txt: {', '.join(gone)}"
    refused(folder / "db.tsv", lambda: read_deepbind_folder(folder), f"{re.escape(told)}; add the files")
    models, _ = read_deepbind_folder(folder, allow_missing=True)
    assert [model.model_id for model in models] == [f"D{i}.{j}" for i in (0, 1, 2) for j in (0, 1)
                                                    if f"D{i}.{j}" not in gone]  # fmt: skip
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"{told}; they are left out" in caplog.text


def test_many_models_without_a_parameter_file(tmp_path):
    stack = random_stack(np.random.default_rng(0), deepbind_config(), 13)
    cards = [model_card(model_id, config=stack.config) for model_id in stack.model_ids]
    write_deepbind_folder(tmp_path / "set", cards, [stack])
    for model_id in stack.model_ids[1:]:
        (tmp_path / "set" / "params" / f"{model_id}.txt").unlink()
    refused(tmp_path, lambda: read_deepbind_folder(tmp_path / "set"), r"12 of 13 .* M9, M10, \.\.\.; add the files")


def test_deprecated_models_were_published_without_parameters(folder, caplog):
    caplog.set_level(logging.INFO)
    path = folder / "db.tsv"
    rows = path.read_text().splitlines()
    cells = rows[1].split("\t")
    deprecated = "\t".join(["D9.0", *cells[1:-2], "deprecated", cells[-1]])
    path.write_text("\n".join([*rows, deprecated]) + "\n")
    models, _ = read_deepbind_folder(folder)
    assert len(models) == 6
    assert "1 deprecated models without a parameter file are left out" in caplog.text
    path.write_text("\n".join([*rows, deprecated.replace("deprecated", "x")]) + "\n")
    refused(path, lambda: read_deepbind_folder(folder), r"1 of 7 models .*: D9\.0;")


def test_a_model_with_two_rows(folder):
    path = folder / "db.tsv"
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    refused(path, lambda: read_deepbind_folder(folder), r"the model D0\.0 has two rows")


def test_a_row_that_is_cut_short(folder):
    lines = (folder / "db.tsv").read_text().splitlines()
    (folder / "db.tsv").write_text("\n".join([lines[0], "\t".join(lines[1].split("\t")[:3]), *lines[2:]]))
    refused(folder / "db.tsv", lambda: read_deepbind_folder(folder))


def test_nothing_is_overwritten(folder):
    models, stacks = small_models()
    before = (folder / "db.tsv").read_bytes()
    with pytest.raises(OutputError):
        write_deepbind_folder(folder, models, stacks)
    assert (folder / "db.tsv").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "default"),
    [
        ({}, True),
        ({"assay": "ChIP-seq"}, True),
        ({"assay": "ChIP-seq", "family": "", "protein": "POLR2A"}, False),
        ({"assay": "ChIP-seq", "family": "", "protein": "NFYB"}, True),
        ({"assay": "ChIP-seq", "protein": "SETDB1"}, False),
        ({"assay": "SELEX", "family": ""}, True),
        ({"species": "Mus musculus"}, False),
        ({"species": "homo sapiens"}, True),
        ({"training": {**TRAINING, "type": "RBP"}}, False),
        ({"training": {**TRAINING, "labels": "deprecated"}}, False),
    ],
)
def test_what_is_used_by_default(tmp_path, changes, default):
    """A human protein that binds a DNA sequence of its own."""
    stack = random_stack(np.random.default_rng(0), deepbind_config(), 1)
    card = replace(model_card("M0", config=stack.config, training=TRAINING), **changes)
    write_deepbind_folder(tmp_path / "set", [card], [stack])
    found = read_deepbind_folder(tmp_path / "set")[0][0]
    assert found.default == default
    assert found.family
