"""Selecting and joining models keeps each model's network, card and background together."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import bank_card, model_card, network_shape, random_stack

from varbind.core.background import BackgroundTable, VariantKind
from varbind.core.bank import Bank
from varbind.core.coded_changes import CodedChanges
from varbind.core.network import DeepBindStack
from varbind.errors import UsageError


def small_bank(prefix="M", *, seed=0, recipe=1):
    """Two shapes interleaved, three models of each, with a background."""
    rng = np.random.default_rng(seed)
    shapes = [network_shape(), network_shape(window=11, hidden=2)]
    stacks = [random_stack(rng, shape, 3, prefix=f"{prefix}{i}.") for i, shape in enumerate(shapes)]
    ids = [stack.model_ids[row] for row in range(3) for stack in stacks]
    shape_of = {model_id: stack.shape for stack in stacks for model_id in stack.model_ids}
    models = tuple(
        model_card(model_id, shape=shape_of[model_id], protein=f"P{i // 2}", default=i < 4)
        for i, model_id in enumerate(ids)
    )
    table = BackgroundTable({kind: CodedChanges.encode(rng.normal(size=(4, 6))) for kind in VariantKind})
    return Bank((bank_card(models, background={"recipe": recipe}),), models, tuple(stacks), table)


def networks(bank):
    """Model id -> shape and arrays; every model in exactly one stack."""
    found = {}
    for stack in bank.stacks:
        for row, model_id in enumerate(stack.model_ids):
            assert model_id not in found
            arrays = [getattr(stack, name)[row].tobytes() for name in DeepBindStack.array_names()]
            found[model_id] = stack.shape, arrays
    assert sorted(found) == sorted(bank.model_ids)
    return found


def columns(bank):
    """Model id -> its background."""
    return {
        model_id: [bank.background.changes[kind].of_model(column).tolist() for kind in VariantKind]
        for column, model_id in enumerate(bank.model_ids)
    }


BANK = small_bank()


@given(st.lists(st.sampled_from(BANK.model_ids), unique=True, min_size=1))
def test_select_keeps_each_model_whole_and_the_order_asked_for(wanted):
    chosen = BANK.select(wanted)
    assert chosen.model_ids == tuple(wanted)
    assert networks(chosen) == {model_id: networks(BANK)[model_id] for model_id in wanted}
    assert columns(chosen) == {model_id: columns(BANK)[model_id] for model_id in wanted}
    assert {model.model_id: model for model in chosen.models}.items() <= {m.model_id: m for m in BANK.models}.items()
    assert set(chosen.windows) == {model.shape.window for model in chosen.models}


def test_select_without_background():
    assert replace(BANK, background=None).select(BANK.model_ids[:1]).background is None


def test_an_unknown_id():
    with pytest.raises(UsageError, match="nobody"):
        BANK.select(["nobody"])


def test_an_id_asked_for_twice():
    with pytest.raises(UsageError, match="twice"):
        BANK.select([BANK.model_ids[0], BANK.model_ids[0]])


def test_select_default():
    assert BANK.select_default().model_ids == BANK.model_ids[:4]
    nobody = replace(BANK, models=tuple(replace(model, default=False) for model in BANK.models))
    assert nobody.select_default().model_ids == BANK.model_ids


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["P0"], [0, 1]),
        (["p0"], [0, 1]),
        (["m1.2"], [5]),
        (["P2", "M0.0", "P2"], [0, 4, 5]),
        ([], []),
    ],
)
def test_select_proteins_by_name_or_id_in_bank_order(names, expected):
    assert BANK.select_proteins(names).model_ids == tuple(BANK.model_ids[i] for i in expected)


def test_an_unknown_protein():
    with pytest.raises(UsageError, match="'nobody'"):
        BANK.select_proteins(["P0", "nobody"])


def test_joined_banks_keep_everything():
    other = small_bank("N", seed=1)
    joined = Bank.concatenate([BANK, other])
    assert joined.model_ids == BANK.model_ids + other.model_ids
    assert networks(joined) == {**networks(BANK), **networks(other)}
    assert columns(joined) == {**columns(BANK), **columns(other)}
    assert joined.cards == BANK.cards + other.cards


def test_one_bank_is_itself():
    assert Bank.concatenate([BANK]) is BANK


@pytest.mark.parametrize("other", [small_bank("N", recipe=2), replace(small_bank("N"), background=None)])
def test_banks_of_different_backgrounds_have_none_together(other):
    assert Bank.concatenate([BANK, other]).background is None


def test_an_id_in_two_banks():
    with pytest.raises(UsageError, match=r"M0\.0"):
        Bank.concatenate([BANK, small_bank(seed=2)])
