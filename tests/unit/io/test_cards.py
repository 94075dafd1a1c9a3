"""The card of a bank is equal after it was written and read, and a malformed one is refused with its place."""

import json

import pytest
from oracles import bank_card, deepbind_config, model_card

from varbind.bank.model_card import CARD_FORMAT, GoldenScores
from varbind.errors import ResourceError
from varbind.io.cards import bank_card_of


def full_card():
    models = [
        model_card("A", delta_sd=0.25, quantiles={"score": [1.0, 2.5]}, training={"steps": 4000}),
        model_card("B", config=deepbind_config(hidden=4, mean_pooling=True), default=False, family="ETS|x"),
    ]
    return bank_card(
        models,
        background={"seed": 1, "counts": {"snv": 3}},
        quantile_levels=[0.1, 0.9],
        golden=GoldenScores(["ACGT", "NNNN"], [[1.5, -2.0], [0.0, 3.25]]),
        digests={"weights.safetensors": "00"},
    )


def damaged(*path, value=None, drop=False):
    """The JSON of a card with one value exchanged or dropped."""
    data = json.loads(json.dumps(full_card().as_json()))
    place = data
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return data


@pytest.mark.parametrize("card", [full_card(), bank_card([model_card("A")])])
def test_through_json_and_back(card):
    assert bank_card_of(json.loads(json.dumps(card.as_json()))) == card


@pytest.mark.parametrize("data", [None, [], "card", 1, {}, {"format": CARD_FORMAT + 1}, {"format": "1"}])
def test_what_is_no_card(data):
    with pytest.raises(ResourceError, match="not a varbind model card"):
        bank_card_of(data)


def test_an_older_format():
    with pytest.raises(ResourceError, match=rf"format 3, .* reads format {CARD_FORMAT}; make it again with"):
        bank_card_of({**full_card().as_json(), "format": 3})


@pytest.mark.parametrize("key", sorted(set(full_card().as_json()) - {"format"}))
def test_a_missing_key(key):
    with pytest.raises(ResourceError, match=key):
        bank_card_of(damaged(key, drop=True))


@pytest.mark.parametrize("key", sorted(full_card().as_json()["models"][0]))
def test_a_missing_key_of_a_model(key):
    with pytest.raises(ResourceError, match=key):
        bank_card_of(damaged("models", 1, key, drop=True))


@pytest.mark.parametrize("key", sorted(full_card().as_json()["models"][0]["config"]))
def test_a_missing_key_of_a_config(key):
    with pytest.raises(ResourceError, match=key):
        bank_card_of(damaged("models", 1, "config", key, drop=True))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), 5),
        (("models",), 5),
        (("models",), "AB"),
        (("models",), []),
        (("models", 0), None),
        (("models", 0, "model_id"), None),
        (("models", 0, "model_id"), "B"),
        (("models", 0, "default"), "no"),
        (("models", 0, "delta_sd"), "0.25"),
        (("models", 0, "config"), "w31"),
        (("models", 0, "config", "window"), "31"),
        (("models", 0, "config", "detector_len"), 5.5),
        (("models", 0, "config", "double_stranded"), 1),
        (("models", 0, "architecture"), "transformer"),
        (("models", 0, "architecture"), None),
        (("models", 0, "network"), None),
        (("models", 0, "network"), "B"),
        (("models", 0, "output"), 1),
        (("models", 0, "output"), -1),
        (("models", 0, "output"), True),
        (("golden",), [1]),
        (("golden", "scores"), [[1.5, 2.0]]),
        (("golden", "scores"), [[1.5], [0.0]]),
        (("golden", "scores"), [[1.5, "2"], [0.0, 1.0]]),
        (("models", 0, "quantiles"), {"score": [1.0, None]}),
        (("digests",), {"weights.safetensors": 0}),
    ],
)
def test_a_wrong_value(path, value):
    with pytest.raises(ResourceError):
        bank_card_of(damaged(*path, value=value))


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (("name",), 5, "expected `str`, got `int` at name;"),
        (("models",), "AB", "expected `array`, got `str` at models;"),
        (("models", 1), None, r"expected `object`, got `null` at models\[1\]"),
        (("models", 1, "default"), "no", r"expected `bool`, got `str` at models\[1\]\.default;"),
        (("models", 1, "config", "window"), "31", r"expected `int`, got `str` at models\[1\]\.config\.window;"),
        (("models", 1, "config", "window"), 0, r"configuration w0-.* at models\[1\]\.config;"),
        (("models", 1, "architecture"), "transformer", r"does not know the architecture 'transformer' of models\[1\]"),
    ],
)
def test_what_was_found_and_expected_is_told_with_its_place(path, value, text):
    with pytest.raises(ResourceError, match=text) as caught:
        bank_card_of(damaged(*path, value=value), "bank/card.json")
    assert str(caught.value).startswith("bank/card.json: the model card is incomplete or malformed: ")
    assert caught.value.remedy


def test_unknown_keys_are_ignored():
    data = damaged("models", 0, "colour", value="red") | {"comment": ["x"]}
    assert bank_card_of(data) == full_card()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_need_not_be_finite(number):
    card = bank_card_of(damaged("models", 0, "delta_sd", value=number))
    assert str(card.models[0].delta_sd) == str(number)
