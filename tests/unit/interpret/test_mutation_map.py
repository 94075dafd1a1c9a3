"""A mutation map is every mutant scored on its own."""

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import bank_card, deepbind_config, model_card, random_stack, whole_score

import varbind
from varbind.bank.bank import Bank
from varbind.core.sequence import encode
from varbind.errors import InputError, UsageError
from varbind.interpret.mutation_map import mutation_map

SHAPES = [deepbind_config(hidden=2, mean_pooling=True), deepbind_config(double_stranded=False, detector_len=3)]
STACKS = tuple(random_stack(np.random.default_rng(i), shape, 2, prefix=f"{i}.") for i, shape in enumerate(SHAPES))
MODELS = tuple(model_card(i, config=stack.config) for stack in STACKS for i in stack.model_ids)
BANK = Bank((bank_card(MODELS),), MODELS, STACKS, background=None)


@given(st.text("ACGTN", min_size=1, max_size=9), st.sampled_from(STACKS), st.integers(0, 1))
def test_each_mutant_on_its_own(sequence, stack, row):
    found = mutation_map(sequence, BANK, model_id=stack.model_ids[row])
    assert (found.shape, found.dtype) == ((4, len(sequence)), np.float32)
    original = whole_score(stack, row, encode(sequence))
    for position in range(len(sequence)):
        for i, base in enumerate("ACGT"):
            mutant = sequence[:position] + base + sequence[position + 1 :]
            expected = whole_score(stack, row, encode(mutant)) - original
            assert found[i, position] == pytest.approx(expected, abs=2 * tolerances.FUSED)
            if sequence[position] == base:
                assert found[i, position] == 0


def test_the_readable_network_on_a_shipped_model(shipped_bank):
    network = pytest.importorskip("varbind.nn.torch_networks", reason="needs the extra `train`")
    model_id = "ELK1"
    sequence = "GGCTACCGGAAGTGACCNTGA"
    found = varbind.mutation_map(sequence, shipped_bank, model_id=model_id)
    (stack,) = shipped_bank.select([model_id]).stacks
    assert stack.config.members == 3
    original = network.score_models(stack, encode(sequence)[None])[0, 0]
    for position in range(len(sequence)):
        for base in range(4):
            mutant = encode(sequence)
            mutant[position] = base
            expected = network.score_models(stack, mutant[None])[0, 0] - original
            assert found[base, position] == pytest.approx(expected, abs=2 * tolerances.FUSED)
    # ELK1 reads CCGGAAGT: breaking its GGAA costs more than any other change gains or costs.
    assert np.unravel_index(np.argmin(found), found.shape)[1] in range(5, 13)


def test_letters():
    expected = mutation_map("ACGTTNA", BANK, model_id="0.0")
    np.testing.assert_array_equal(mutation_map("acgUuRa", BANK, model_id="0.0"), expected)


def test_what_cannot_be_mapped():
    with pytest.raises(UsageError, match="empty"):
        mutation_map("", BANK, model_id="0.0")
    with pytest.raises(UsageError, match="nobody"):
        mutation_map("ACGT", BANK, model_id="nobody")
    for sequence in (None, b"ACGT", ["ACGT"], 3):
        with pytest.raises(UsageError, match=r"the sequence is a .*, expected a str"):
            mutation_map(sequence, BANK, model_id="0.0")
    for sequence in ("AC-T", "ACG*", "ACG T", "ACGT\n", "ACGX"):
        with pytest.raises(InputError, match=r"the sequence holds .*, which is not a nucleotide letter"):
            mutation_map(sequence, BANK, model_id="0.0")
