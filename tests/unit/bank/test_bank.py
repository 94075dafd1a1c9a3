"""Selecting and joining models keeps each model's network, card and background together."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import ARRAY_NAMES, bank_card, deepbind_config, model_card, random_stack

from varbind.bank.background import BackgroundTable, CodedChanges, VariantKind
from varbind.bank.bank import Bank
from varbind.errors import UsageError


def small_bank(prefix="M", *, seed=0, recipe=1):
    """Two shapes interleaved, three models of each, with a background."""
    rng = np.random.default_rng(seed)
    shapes = [deepbind_config(), deepbind_config(window=11, hidden=2)]
    stacks = [random_stack(rng, shape, 3, prefix=f"{prefix}{i}.") for i, shape in enumerate(shapes)]
    ids = [stack.model_ids[row] for row in range(3) for stack in stacks]
    shape_of = {model_id: stack.config for stack in stacks for model_id in stack.model_ids}
    models = tuple(
        model_card(model_id, config=shape_of[model_id], protein=f"P{i // 2}", default=i < 4)
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
            arrays = [getattr(stack, name)[row].tobytes() for name in ARRAY_NAMES]
            found[model_id] = stack.config, arrays
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
    assert set(chosen.windows) == {model.config.window for model in chosen.models}


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
    with pytest.raises(UsageError, match=r"'nobody'.*models list --bank"):
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


def named(bank, name):
    return replace(bank, cards=(replace(bank.cards[0], name=name),))


def test_an_id_in_two_banks_is_qualified_by_the_bank():
    shared, other = BANK.model_ids[1], named(small_bank("N", seed=2), "mine")
    other = other.renamed([replace(other.models[0], model_id=shared), *other.models[1:]], "")
    other = replace(other, original_ids={})
    joined = Bank.concatenate([named(BANK, "first"), other])
    first = [f"first:{shared}" if model_id == shared else model_id for model_id in BANK.model_ids]
    assert joined.model_ids == (*first, f"mine:{shared}", *other.model_ids[1:])
    assert list(networks(joined).values()) == [networks(BANK)[i] for i in networks(BANK)] + [
        networks(other)[i] for i in networks(other)
    ]
    for model_id, own, bank in ((f"first:{shared}", shared, BANK), (f"mine:{shared}", shared, other)):
        assert networks(joined)[model_id] == networks(bank)[own]
        assert columns(joined)[model_id] == columns(bank)[own]
        assert joined.original_id(model_id) == own
    assert joined.original_id(BANK.model_ids[0]) == BANK.model_ids[0]
    assert [[model.model_id for model in card.models] for card in joined.cards] == [
        first,
        [f"mine:{shared}", *other.model_ids[1:]],
    ]
    assert joined.select_proteins([shared]).model_ids == (f"first:{shared}", f"mine:{shared}")
    assert joined.select_proteins([f"MINE:{shared}"]).model_ids == (f"mine:{shared}",)
    with pytest.raises(UsageError, match=f"several banks have a model {shared}; name first:{shared} or mine:{shared}"):
        joined.select([shared])
    assert joined.select([f"mine:{shared}"]).original_id(f"mine:{shared}") == shared


def test_copies_of_a_bank_go_by_their_folders():
    joined = Bank.concatenate([BANK, BANK, BANK], folders=["a", "b", "b"])
    assert joined.model_ids == tuple(f"{name}:{i}" for name in ("a", "b", "b.2") for i in BANK.model_ids)
    assert [card.name for card in joined.cards] == ["a", "b", "b.2"]
    twice = Bank.concatenate([joined, named(BANK, "b")])
    assert twice.model_ids == (*joined.model_ids, *BANK.model_ids)
    assert {twice.original_id(model_id) for model_id in twice.model_ids} == set(BANK.model_ids)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=4), st.integers(0, 3))
def test_joined_ids_are_unique_and_keep_their_networks(names, seed):
    banks = [named(small_bank(seed=seed + i), name) for i, name in enumerate(names)]
    joined = Bank.concatenate(banks)
    assert len(set(joined.model_ids)) == len(joined.models) == 6 * len(banks)
    found = networks(joined)
    for i, bank in enumerate(banks):
        own = joined.model_ids[6 * i : 6 * i + 6]
        assert [found[model_id] for model_id in own] == [networks(bank)[model_id] for model_id in bank.model_ids]
