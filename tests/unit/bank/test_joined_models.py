"""Ids that are unique, families that hold all their members, and names that tell banks apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import model_card

from varbind.bank.bank import join_models, names_of_banks
from varbind.errors import UsageError


@pytest.mark.parametrize(
    ("stated", "folders", "expected"),
    [
        (["shipped", "mine"], ["shipped", "elsewhere"], ["shipped", "mine"]),
        (["shipped", "shipped"], ["shipped", "mine"], ["shipped", "mine"]),
        (["b", "b"], ["b", "b"], ["b", "b.2"]),
        (["b", "b"], ["", ""], ["b", "b.2"]),
        (["", ""], ["", "x"], ["bank", "x"]),
        (["a b", "a,b:c"], ["", ""], ["a_b", "a_b_c"]),
        (["a b", "a_b"], ["x", "y"], ["x", "y"]),
        (["b.2", "b", "b"], ["", "", ""], ["b.2", "b", "b.3"]),
    ],
)
def test_names_of_banks(stated, folders, expected):
    assert names_of_banks(stated, folders) == expected


@given(st.lists(st.tuples(st.text("ab., ", max_size=3), st.text("ab/:", max_size=2)), min_size=1, max_size=5))
def test_no_two_banks_have_one_name(pairs):
    names = names_of_banks(*map(list, zip(*pairs, strict=True)))
    assert len(set(names)) == len(names) == len(pairs)
    assert all(name and not set(name) & set(" ,:/") for name in names)


def ids(parts):
    return [[model.model_id for model in part] for part in parts]


def test_only_ids_that_collide_are_qualified():
    parts = [[model_card("CTCF"), model_card("SP1")], [model_card("CTCF"), model_card("mine")], [model_card("CTCF")]]
    joined = join_models(parts, ["a", "b", "c"])
    assert ids(joined) == [["a:CTCF", "SP1"], ["b:CTCF", "mine"], ["c:CTCF"]]
    assert joined[0][1] is parts[0][1]
    assert joined[1][1] is parts[1][1]


def test_of_several_families_of_a_protein_that_of_a_default_model_is_joined():
    """The first network of TEAD4 in the shipped bank answers to the sites of a partner and is not used by default."""
    ours = [
        model_card("TEAD4.regions", protein="TEAD4", family="GATA", default=False),
        model_card("TEAD4", protein="TEAD4", family="TEF-1-related"),
    ]
    mine = [model_card("mine", protein="TEAD4", family="TEAD4")]
    assert [model.family for model in join_models([ours, mine], ["a", "b"])[1]] == ["TEF-1-related"]


def test_a_qualified_id_that_is_taken():
    with pytest.raises(UsageError, match="model id a:CTCF is in more than one bank; give one of"):
        join_models([[model_card("CTCF"), model_card("a:CTCF")], [model_card("CTCF")]], ["a", "b"])


@pytest.mark.parametrize(
    ("protein", "family", "joins"),
    [("CTCF", "CTCF", "CTCF-like"), ("Ctcf", "Ctcf", "CTCF-like"), ("CTCF", "other", "other"), ("SP1", "SP1", "SP1")],
)
def test_a_model_without_a_family_joins_its_proteins(protein, family, joins):
    first = [model_card("X", protein="TBP", family="TBP"), model_card("Y", protein="CTCF", family="CTCF-like")]
    mine = [model_card("Z", protein=protein, family=family)]
    for parts in ([first, mine], [mine, first]):
        joined = dict(zip(["first", "mine"], join_models(parts, ["a", "b"]), strict=True))
        ours = joined["mine" if parts[0] is first else "first"]
        assert [model.family for model in ours] == [joins]
    assert join_models([[*first, *mine]], ["a"])[0][-1].family == family
