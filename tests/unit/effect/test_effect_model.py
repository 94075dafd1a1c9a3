"""Keys of training variants, what a second stage remembers of them, and its card."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from second_stages import CUTOFF, random_deepfind, random_effect, random_local, scored_bank

from varbind.core.sequence import encode, reverse_complement
from varbind.core.window import Window
from varbind.effect.effect_model import EffectCard, EffectModel, key_of_place, key_of_window, merged_keys
from varbind.errors import ResourceError
from varbind.io.cards import effect_card_of

LETTERS = st.text("ACGT", min_size=15, max_size=40)
ALLELE = st.text("ACGT", max_size=4)


def window(left, ref, alt, right):
    return Window(encode(left + ref + right), encode(left + alt + right), padded=False)


@given(st.data(), ALLELE, ALLELE)
def test_a_key_is_the_same_on_both_strands_and_in_any_longer_flank(data, ref, alt):
    flank = data.draw(st.integers(15, 40))
    left, right = (data.draw(st.text("ACGTN", min_size=flank, max_size=flank)) for _ in range(2))
    key = key_of_window(window(left, ref, alt, right), flank)
    short = window(left[-15:], ref, alt, right[:15])
    assert key_of_window(short, 15) == key
    whole = window(left, ref, alt, right)
    other = Window(reverse_complement(whole.ref), reverse_complement(whole.alt), padded=True)
    assert key_of_window(other, flank) == key
    assert 0 <= key < 1 << 32


@given(st.data())
def test_a_key_differs_for_another_allele_or_base_nearby(data):
    left, right = (data.draw(st.text("ACGT", min_size=15, max_size=15)) for _ in range(2))
    keys = {key_of_window(window(left, "A", alt, right), 15) for alt in ("C", "G", "T", "", "AA", "CA")}
    # Both ways from A to another base, and every other base at the ends of the flanks.
    keys |= {key_of_window(window(left, "C", "A", right), 15)}
    for base in "ACGT":
        keys |= {key_of_window(window(base + left[1:], "A", "C", right), 15)}
        keys |= {key_of_window(window(left, "A", "C", right[:-1] + base), 15)}
    # Of 13 numbers of 32 bits hardly two are equal; a window may be its own complement's.
    assert len(keys) >= 12


def test_a_key_of_a_place_knows_every_part_but_chr():
    key = key_of_place("chr1", 17, "A", "C")
    assert key == key_of_place("1", 17, "A", "C")
    others = [("2", 17, "A", "C"), ("1", 18, "A", "C"), ("1", 17, "G", "C"), ("1", 17, "A", "T"), ("1", 17, "", "C")]
    assert len({key, *(key_of_place(*place) for place in others)}) == 6


def test_keys_are_kept_rising_and_once():
    keys = merged_keys([7, 3, 7, (1 << 32) - 1])
    assert (keys.dtype, keys.tolist()) == (np.uint32, [3, 7, (1 << 32) - 1])
    assert merged_keys([]).tolist() == []


@pytest.fixture(scope="module")
def effect():
    return random_effect(scored_bank())


@given(
    st.sets(st.integers(0, 50) | st.integers((1 << 32) - 5, (1 << 32) - 1)), st.lists(st.integers(0, 50), max_size=3)
)
def test_has_seen_is_membership(effect, trained, keys):
    model = replace(effect, trained_on=merged_keys(sorted(trained)))
    for asked in (keys, [*keys, (1 << 32) - 1]):
        assert model.has_seen(asked) == any(key in trained for key in asked)


def test_without_training_variants_nothing_was_seen(effect):
    assert not EffectModel(effect.card).has_seen([0, 5])


def test_a_card_comes_back_from_json(effect):
    text = json.dumps(effect.card.as_json())
    assert effect_card_of(json.loads(text)) == effect.card


@pytest.mark.parametrize("data", [None, [], "card", {}, {"format": 1}, {"format": 2}, {"format": "3"}])
def test_another_format_is_refused(data):
    with pytest.raises(ResourceError, match="not the card of a second stage of format 3"):
        effect_card_of(data)


@pytest.mark.parametrize("name", [f.name for f in fields(EffectCard)])
@pytest.mark.parametrize("value", [None, 5, "missing"])
def test_a_key_that_is_missing_or_of_the_wrong_kind_is_named(effect, name, value):
    data = effect.card.as_json()
    if value == "missing":
        del data[name]
    else:
        data[name] = value
    with pytest.raises(ResourceError, match=f"malformed: .*{name}"):
        effect_card_of(data)


@pytest.mark.parametrize("ids", [[], [1], ["A", None]])
def test_a_card_names_its_models(effect, ids):
    with pytest.raises(ResourceError, match="model_ids"):
        effect_card_of({**effect.card.as_json(), "model_ids": ids})


@pytest.mark.parametrize("cutoffs", [[1], [{}], [{**CUTOFF, "phred": "high"}], [{**CUTOFF, "name": 15}]])
def test_a_cutoff_has_all_its_numbers(effect, cutoffs):
    with pytest.raises(ResourceError, match=r"malformed: .* at cutoffs\[0\]"):
        effect_card_of({**effect.card.as_json(), "cutoffs": cutoffs})


@pytest.mark.parametrize("key", list(CUTOFF))
def test_a_cutoff_without_a_number_is_refused(effect, key):
    lacking = {name: value for name, value in CUTOFF.items() if name != key}
    with pytest.raises(ResourceError, match=rf"malformed: .*{key}.* at cutoffs\[1\]"):
        effect_card_of({**effect.card.as_json(), "cutoffs": [CUTOFF, lacking]})


def test_heads_that_do_not_fit_are_refused(effect):
    with pytest.raises(ResourceError, match="does not have the models of the card"):
        replace(effect, card=replace(effect.card, model_ids=["M1"]))
    with pytest.raises(ResourceError, match="a score head without an activity head"):
        replace(effect, heads={"score": effect.heads["score"]})
    with pytest.raises(ResourceError, match="an activity head without a local head"):
        replace(effect, heads={"activity": effect.heads["activity"]})
    more = random_local(np.random.default_rng(0), outputs=3)
    with pytest.raises(ResourceError, match="the activity head does not have the outputs of the local head"):
        replace(effect, heads={**effect.heads, "local": more})
    stranger = random_deepfind(np.random.default_rng(0), ["ref:M1", "delta:M9"])
    with pytest.raises(ResourceError, match="reads delta:M9, but the card has no such model"):
        replace(effect, heads={"deepfind": stranger})


def test_models_by_other_ids():
    effect = random_effect(scored_bank())
    ids = effect.card.model_ids
    renamed = effect.renamed({ids[0]: f"mine:{ids[0]}"})
    assert renamed.card.model_ids == [f"mine:{ids[0]}", *ids[1:]]
    changed = {name: name.replace(":", ":mine:", 1) for name in (f"ref:{ids[0]}", f"delta:{ids[0]}")}
    assert renamed.heads["deepfind"].features == tuple(
        changed.get(name, name) for name in effect.heads["deepfind"].features
    )
    assert renamed.heads["deepfind"].features != effect.heads["deepfind"].features
    assert renamed.heads["activity"] is effect.heads["activity"]
    assert effect.renamed({}).card == effect.card
