"""A scrambled bank has the numbers of each detector and none of its motifs."""

import numpy as np
from motif_banks import CRE, E_BOX, motif_bank, motif_model
from oracles import ARRAY_NAMES, bank_card, deepbind_config, model_card, random_stack

from varbind.bank.bank import Bank
from varbind.datasets.pwm import matrix_network
from varbind.evaluate.shuffled_detectors import scrambled
from varbind.scoring.scorer import score_sequences


def random_bank():
    shapes = [deepbind_config(), deepbind_config(mean_pooling=True, hidden=2, members=2)]
    rng = np.random.default_rng(3)
    stacks = tuple(random_stack(rng, shape, 4, prefix=f"S{i}.") for i, shape in enumerate(shapes))
    models = tuple(model_card(own, config=stack.config) for stack in stacks for own in stack.model_ids)
    return Bank((bank_card(models),), models, stacks, background=None)


def detectors(bank):
    """Every detector, (m, 4), one after the other."""
    return [
        network[..., number]
        for stack in bank.stacks
        for network in stack.detectors
        for number in range(network.shape[-1])
    ]


def test_every_detector_keeps_its_numbers_and_none_its_places():
    bank = random_bank()
    for before, after in zip(detectors(bank), detectors(scrambled(bank, 1)), strict=True):
        np.testing.assert_array_equal(np.sort(before, axis=None), np.sort(after, axis=None))
        assert (before != after).mean() > 0.5


def test_all_else_stays():
    bank = random_bank()
    other = scrambled(bank, 1)
    assert other.model_ids == bank.model_ids
    assert other.models == bank.models
    for before, after in zip(bank.stacks, other.stacks, strict=True):
        for name in ARRAY_NAMES:
            assert name == "detectors" or np.array_equal(getattr(before, name), getattr(after, name))


def test_the_seed_decides_and_the_bank_is_left_alone():
    bank = random_bank()
    before = [stack.detectors.tobytes() for stack in bank.stacks]
    one, again, other = (
        [stack.detectors.tobytes() for stack in scrambled(bank, seed).stacks] for seed in ((1, 0), (1, 0), (1, 1))
    )
    assert one == again
    assert not set(one) & set(other)
    assert before == [stack.detectors.tobytes() for stack in bank.stacks]


def test_a_narrow_matrix_stays_narrow():
    shares = np.random.default_rng(0).dirichlet([0.3] * 4, size=6)
    stack = matrix_network("M", shares, detector_len=24, window=31)
    bank = Bank((), (model_card("M", config=stack.config),), (stack,), background=None)
    (after,) = detectors(scrambled(bank, 2))
    assert after[:6].any(axis=1).all()
    assert not after[6:].any()


def test_scores_differ_and_a_motif_is_not_found_any_more():
    bank = motif_bank(motif_model("E", "E", E_BOX), motif_model("C", "C", CRE))
    sequences = ["A" * 10 + E_BOX + "A" * 10, "T" * 10 + CRE + "C" * 10]
    before, after = (score_sequences(sequences, own) for own in (bank, scrambled(bank, 5)))
    assert before[0, 0] == before[1, 1] == 8
    assert after[0, 0] < 8
    assert after[1, 1] < 8
