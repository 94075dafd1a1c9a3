"""The networks of papers as modules, in banks and in batches: each output is that of loops over positions."""

import numpy as np
import pytest
from oracles import TextReference
from published_networks import (
    FAMILIES,
    NAMES,
    bank_of,
    drawn_stack,
    few_kernels,
    random_codes,
    slow_outputs,
    trained_numbers,
)
from tolerances import ORACLE

pytest.importorskip("torch", reason="needs the extra `train`")
import torch

from varbind.bank.bank import Bank
from varbind.core.sequence import N_CODE, decode, encode, reverse_complement
from varbind.core.variant import Variant
from varbind.io.banks import read_bank, write_bank
from varbind.nn.architecture import ARCHITECTURES
from varbind.nn.torch_networks import SequenceNetworks
from varbind.scoring.scorer import Scorer
from varbind.scoring.selftest import add_golden_scores, run_selftest

ONE_OF_EACH = [("koo", "cnn-50-2"), ("zeng", "2layer-local-win3"), ("deepgmap", "danq-frss")]
ROUNDED = 1e-6
"""Scores of a few units, rounded to single precision once."""


@pytest.mark.parametrize(("family", "name"), NAMES)
def test_outputs_are_those_of_loops(family, name):
    rng = np.random.default_rng(NAMES.index((family, name)))
    config = few_kernels(family, name)
    stack = drawn_stack(rng, config, "A", "B")
    codes = random_codes(rng, 2, config.input_length)
    found = SequenceNetworks(stack).score(codes)
    expected = [[slow_outputs(stack, row, sequence) for row in range(2)] for sequence in codes]
    np.testing.assert_allclose(found, expected, rtol=ORACLE, atol=ORACLE)
    assert np.ptp(found) > 0.1


@pytest.mark.parametrize(("family", "name"), NAMES)
def test_arrays_are_those_of_the_module(family, name):
    config = FAMILIES[family][name]
    with torch.device("meta"):
        network = ARCHITECTURES[family].network(config)
    shapes = {key: (1, *values.shape) for key, values in network.state_dict().items() if values.ndim}
    assert shapes == config.array_shapes(1)
    assert sum(values.numel() for values in network.parameters()) == trained_numbers(config)


@pytest.mark.parametrize(("family", "name"), ONE_OF_EACH)
def test_the_score_of_both_strands_is_their_mean(family, name):
    rng = np.random.default_rng(0)
    config = few_kernels(family, name, double_stranded=True, members=2)
    stack = drawn_stack(rng, config, "A")
    (codes,) = random_codes(rng, 1, config.input_length)
    found = SequenceNetworks(stack).score(np.stack([codes, reverse_complement(codes)]))[:, 0]
    expected = np.mean([slow_outputs(stack, row, codes) for row in range(2)], axis=0)
    np.testing.assert_allclose(found, [expected, expected], rtol=ORACLE, atol=ORACLE)


@pytest.mark.parametrize(("family", "name"), ONE_OF_EACH)
def test_a_bank_that_is_stored_scores_the_same(family, name, tmp_path):
    rng = np.random.default_rng(1)
    bank = add_golden_scores(bank_of(drawn_stack(rng, few_kernels(family, name), "A", "B")))
    write_bank(tmp_path / "bank", bank)
    stored = read_bank(tmp_path / "bank")
    assert stored.models == bank.models
    assert run_selftest(stored).passed
    sequences = list(random_codes(rng, 5, 120))
    with Scorer(bank) as one, Scorer(stored) as other:
        assert one.score_codes(sequences).tobytes() == other.score_codes(sequences).tobytes()


@pytest.mark.parametrize(("family", "name"), ONE_OF_EACH)
def test_variants_are_read_in_the_middle_of_the_input(family, name):
    """The first two bases of a contig and the last one are read too, with N beyond its ends."""
    rng = np.random.default_rng(2)
    config = few_kernels(family, name)
    stack = drawn_stack(rng, config, "A")
    text = decode(random_codes(rng, 1, 300, bases=4)[0])
    reference = TextReference(c=text)
    variants = [Variant("c", pos, text[pos - 1], "ACGT"["CGTA".index(text[pos - 1])]) for pos in (1, 2, 150, 300)]
    with Scorer(bank_of(stack)) as scorer:
        windows = [scorer.cut(variant, reference) for variant in variants]
        found = scorer.score(windows)
        alone = scorer.score(windows, batch_size=1)
    assert (found.ref.tobytes(), found.alt.tobytes()) == (alone.ref.tobytes(), alone.alt.tobytes())
    left = (config.input_length - 1) // 2
    for variant, ref, alt in zip(variants, found.ref, found.alt, strict=True):
        whole = text[: variant.pos - 1], text[variant.pos :]
        for base, scores in ((variant.ref, ref), (variant.alt, alt)):
            padded = encode("N" * left + whole[0] + base + whole[1] + "N" * config.input_length)
            codes = padded[variant.pos - 1 : variant.pos - 1 + config.input_length]
            assert codes[left] != N_CODE
            np.testing.assert_allclose(scores, slow_outputs(stack, 0, codes), rtol=ROUNDED, atol=ROUNDED)


@pytest.mark.parametrize(("family", "name"), ONE_OF_EACH)
def test_networks_of_equal_configurations_are_one_stack(family, name, tmp_path):
    rng = np.random.default_rng(3)
    config = few_kernels(family, name)
    one, other = (drawn_stack(rng, config, own) for own in ("A", "B"))
    joined = type(one).by_config([one, other])
    assert [stack.model_ids for stack in joined] == [("A", "B")]
    write_bank(tmp_path / "bank", bank_of(joined[0]))
    sequences = list(random_codes(rng, 70, config.input_length))
    with Scorer(read_bank(tmp_path / "bank")) as scorer, Scorer(bank_of(one)) as first, Scorer(bank_of(other)) as last:
        apart = np.concatenate([single.score_codes(sequences) for single in (first, last)], axis=1)
        assert scorer.score_codes(sequences).tobytes() == apart.tobytes()
        assert scorer.score_codes(sequences, batch_size=9).tobytes() == apart.tobytes()


def test_networks_of_several_papers_are_scored_together():
    rng = np.random.default_rng(4)
    banks = [bank_of(drawn_stack(rng, few_kernels(*pair), pair[0])) for pair in ONE_OF_EACH]
    joined = Bank.concatenate(banks, folders=["a", "b", "c"])
    sequences = list(random_codes(rng, 3, 160))
    columns = []
    for bank in banks:
        with Scorer(bank) as scorer:
            columns.append(scorer.score_codes(sequences))
    with Scorer(joined) as scorer:
        assert scorer.score_codes(sequences).tobytes() == np.concatenate(columns, axis=1).tobytes()
