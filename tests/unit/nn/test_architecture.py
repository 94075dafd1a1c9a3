"""The seam for networks of the field: what is registered is stored, read, scored, compared and annotated."""

from dataclasses import asdict, fields, replace
from importlib.resources import files

import numpy as np
import pytest
from oracles import TextReference, bank_card, deepbind_config, model_card, random_stack

pytest.importorskip("torch", reason="needs the extra `train`")
import torch
from two_tasks import TwoTasksConfig, random_networks, register, slow_score, two_tasks_bank

import varbind
from varbind.bank.bank import Bank
from varbind.bank.model_card import STACK_TYPES
from varbind.core.sequence import encode
from varbind.core.variant import Variant
from varbind.core.window import cut_window, flank_of, window_of_input
from varbind.errors import ResourceError, UsageError
from varbind.io.banks import read_bank, write_bank
from varbind.nn.architecture import ARCHITECTURES, Choice, LogUniform, SquareRoot
from varbind.nn.torch_networks import TorchNetworks
from varbind.scoring.background import BackgroundRecipe, add_background
from varbind.scoring.ensemble import KERNELS, Ensemble
from varbind.scoring.scorer import score_sequences
from varbind.scoring.selftest import add_golden_scores, run_selftest
from varbind.train.hyperparameters import Setting

RECIPE = BackgroundRecipe(snvs=300, others=100, seed=3)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    register(monkeypatch)


@pytest.fixture
def bank():
    return two_tasks_bank(np.random.default_rng(0), members=2)


def sequences_of(rng, lengths):
    return [rng.integers(0, 5, length).astype(np.uint8) for length in lengths]


def test_every_architecture_can_be_stored_and_computed():
    assert STACK_TYPES.keys() == ARCHITECTURES.keys()
    assert {name: stack.config_type.architecture for name, stack in STACK_TYPES.items()} == {n: n for n in STACK_TYPES}


def test_every_architecture_states_its_search_spaces():
    for space in (space for architecture in ARCHITECTURES.values() for space in architecture.search_spaces.values()):
        first, same = ([d.draw(rng) for d in space.values()] for rng in map(np.random.default_rng, (1, 1)))
        assert first == same
        assert all(type(value) in {int, float, bool} for value in first)


def test_the_search_space_of_deepbind_is_what_a_training_draws():
    space = ARCHITECTURES["deepbind"].search_spaces["adam"]
    assert ["optimizer", *space] == [field.name for field in fields(Setting)]
    drawn = Setting.draw(np.random.default_rng(3), hidden=(0, 32), mean_pooling=(False, True))
    rng = np.random.default_rng(3)
    assert asdict(drawn) == {"optimizer": "adam", **{name: each.draw(rng) for name, each in space.items()}}


@pytest.mark.parametrize(
    ("distribution", "low", "median", "high"),
    [
        (LogUniform(1e-4, 1e-2), 1e-4, 1e-3, 1e-2),
        (SquareRoot(0.95, 0.99), 0.95, 0.95 + 0.04 * 0.5**0.5, 0.99),
    ],
)
def test_distributions(distribution, low, median, high):
    rng = np.random.default_rng(0)
    values = [distribution.draw(rng) for _ in range(2_001)]
    assert low <= min(values) <= max(values) <= high
    assert min(values) == pytest.approx(low, rel=0.1)
    assert max(values) == pytest.approx(high, rel=0.1)
    assert np.quantile(values, 0.48) <= median <= np.quantile(values, 0.52)


def test_a_choice_that_is_listed_twice_is_twice_as_probable():
    choice, rng = Choice((0.0, 0.0, 0.25, 0.5)), np.random.default_rng(0)
    values, counts = np.unique([choice.draw(rng) for _ in range(4_000)], return_counts=True)
    assert values.tolist() == [0.0, 0.25, 0.5]
    np.testing.assert_allclose(counts, [2_000, 1_000, 1_000], rtol=0.1)


def test_through_a_folder_and_back(bank, tmp_path):
    write_bank(tmp_path / "bank", bank)
    found = read_bank(tmp_path / "bank")
    assert found.models == bank.models
    assert found.outputs == (("N0", 1), ("N1", 1), ("N0", 0), ("N2", 0))
    (stack,), (written,) = found.stacks, bank.stacks
    assert (type(stack), stack.config, stack.model_ids) == (type(written), written.config, written.model_ids)
    for name, array in written.arrays.items():
        np.testing.assert_array_equal(stack.arrays[name], array)


def test_an_architecture_that_is_not_there(bank, tmp_path, monkeypatch):
    write_bank(tmp_path / "bank", bank)
    monkeypatch.delitem(STACK_TYPES, "two-tasks")
    with pytest.raises(ResourceError, match="does not know the architecture 'two-tasks'"):
        read_bank(tmp_path / "bank")


def test_scores_are_those_of_each_output(bank):
    (stack,) = bank.stacks
    rng = np.random.default_rng(1)
    sequences = sequences_of(rng, [9, 12, 9, 30])
    found = Ensemble(bank.stacks, bank.outputs).score({9: sequences})
    for column, (network, output) in enumerate(bank.outputs):
        row = stack.model_ids.index(network)
        expected = [slow_score(stack, row, output, codes.tolist()) for codes in sequences]
        np.testing.assert_allclose(found[:, column], expected, rtol=1e-6)


def test_a_kernel_of_an_architecture_is_used_in_place_of_torch(bank, monkeypatch):
    class Constant:
        """A kernel that scores every output with its number."""

        def __init__(self, stacks, place):
            self.outputs = sum(len(stack.outputs) for stack in stacks)
            assert place.device == "cpu"

        def score(self, sequences):
            return np.repeat(np.arange(self.outputs, dtype=np.float32)[:, None], len(sequences), axis=1)

    monkeypatch.setitem(KERNELS, "two-tasks", Constant)
    monkeypatch.setattr(TorchNetworks, "score", lambda *_: 1 / 0)
    outputs = [bank.stacks[0].outputs.index(output) for output in bank.outputs]
    assert Ensemble(bank.stacks, bank.outputs).score({9: [np.zeros(9, np.uint8)] * 2}).tolist() == [outputs] * 2


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_batch_does_not_show(bank, size):
    sequences = sequences_of(np.random.default_rng(2), [9 + i % 3 for i in range(150)])
    ensemble = Ensemble(bank.stacks, bank.outputs)
    whole = ensemble.score({9: sequences})
    parts = [ensemble.score({9: sequences[first : first + size]}) for first in range(0, 150, size)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_beside_deepbind_networks_of_the_same_window(bank):
    stack = random_stack(np.random.default_rng(4), deepbind_config(window=9), 2, prefix="D")
    models = tuple(model_card(own, config=stack.config) for own in stack.model_ids)
    other = Bank((bank_card(models, name="other"),), models, (stack,), background=None)
    joined = Bank.concatenate([bank, other]).select(["D1", "B0", "D0", "C"])
    texts = ["ACGTNACGT", "GGGACGGGT"]
    found = score_sequences(texts, joined)
    assert (
        np.ascontiguousarray(found[:, [1, 3]]).tobytes() == score_sequences(texts, bank.select(["B0", "C"])).tobytes()
    )
    assert (
        np.ascontiguousarray(found[:, [0, 2]]).tobytes() == score_sequences(texts, other.select(["D1", "D0"])).tobytes()
    )


def test_networks_of_one_id_in_two_banks(bank):
    other = two_tasks_bank(np.random.default_rng(5))
    models = tuple(replace(model, model_id=f"X{model.model_id}", network=model.network_id) for model in other.models)
    other = Bank((bank_card(models, name="other"),), models, other.stacks, background=None)
    joined = Bank.concatenate([bank, other])
    texts = ["ACGTNACGT", "GGGACGGGT"]
    apart = np.concatenate([score_sequences(texts, part) for part in (bank, other)], axis=1)
    assert joined.model_ids == bank.model_ids + other.model_ids
    assert score_sequences(texts, joined).tobytes() == apart.tobytes()


def test_golden_scores(bank):
    assert run_selftest(add_golden_scores(bank)).passed


def test_scan_is_for_deepbind(bank):
    with pytest.raises(UsageError, match="the mode scan needs DeepBind networks; N0"):
        score_sequences(["ACGT"], bank, mode="scan")


def test_the_example_is_annotated(bank, tmp_path):
    write_bank(tmp_path / "bank", add_background(bank, recipe=RECIPE))
    example = files("varbind").joinpath("data/example")
    tally = varbind.annotate_vcf(
        str(example / "variants.vcf"),
        str(tmp_path / "out.vcf"),
        reference=str(example / "reference.fa"),
        bank=varbind.load_bank(tmp_path / "bank"),
        genes=str(example / "genes.gtf"),
    )
    text = (tmp_path / "out.vcf").read_text()
    assert tally.records_written == sum(not line.startswith("#") for line in text.splitlines())
    assert "|B1|" in text
    assert "|B0|" in text


@pytest.mark.parametrize("length", [10, 11])
@pytest.mark.parametrize(("ref", "alt"), [("A", "C"), ("AC", ""), ("", "GT"), ("ACG", "T"), ("", "A" * 15)])
def test_an_input_of_fixed_length_is_refilled_from_the_reference(length, ref, alt):
    rng = np.random.default_rng(length)
    config = TwoTasksConfig(window_of_input(length), 5, input_length=length)
    stack = random_networks(rng, config, "F")
    left, right = ("".join(rng.choice(list("ACGT"), 30)) for _ in range(2))
    reference = TextReference(c=left + ref + right)
    window = cut_window(Variant("c", 31, ref, alt), flank_of(config.window), reference)
    found = Ensemble([stack], stack.outputs).score_windows({config.window: [window]})
    for allele, scores in zip((ref, alt), found, strict=True):
        before = (length - len(allele)) // 2
        whole = left + allele + right
        text = whole[30 - before : 30 - before + length]
        assert len(text) == length
        expected = [slow_score(stack, 0, output, encode(text).tolist()) for output in range(2)]
        np.testing.assert_allclose(scores[0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "words", ["CUDA out of memory. Tried to allocate 2 GiB", "DefaultCPUAllocator: can't allocate memory"]
)
def test_a_full_memory_of_torch_halves_the_batch(bank, monkeypatch, caplog, words):
    """Networks in torch are scored again in smaller batches, as all others are."""
    texts = ["ACGTNACGT", "GGGACGGGT", "TTTACCAAT", "ACGT", "ACGTACGTACGT"]
    expected = score_sequences(texts, bank)
    honest, tried = TorchNetworks.score, []

    def score(self, sequences):
        tried.append(len(sequences))
        if len(sequences) > 2:
            raise RuntimeError(words)
        return honest(self, sequences)

    monkeypatch.setattr(TorchNetworks, "score", score)
    with caplog.at_level("INFO", logger="varbind"):
        assert score_sequences(texts, bank).tobytes() == expected.tobytes()
    assert tried == [5, 2, 2, 1]
    assert caplog.messages == ["out of memory: 2 items at a time from here on"]


def test_a_full_memory_of_torch_for_one_sequence(bank, monkeypatch):
    monkeypatch.setattr(TorchNetworks, "score", lambda *_: torch.empty(2**46))
    with pytest.raises(ResourceError, match="out of memory: there is not enough for a single item; provide more"):
        score_sequences(["ACGT"], bank)


def test_a_device_that_does_not_exist(bank):
    with pytest.raises(ResourceError, match="device cuda:4096 is not available; use --device cpu or auto"):
        Ensemble(bank.stacks, bank.outputs, device="cuda:4096")
