"""The search: whole groups are held out, and the best settings are the model."""

from dataclasses import replace

import numpy as np
import pytest
from published_networks import few_kernels

pytest.importorskip("torch", reason="needs the extra `train`")

from varbind.datasets.labelled_sequences import LabelledSequences
from varbind.errors import InputError
from varbind.nn.torch_networks import SequenceNetworks
from varbind.train.checkpoints import Checkpoints
from varbind.train.network_search import NetworkSearch, PlannedSearch, Split, search_networks
from varbind.train.recipes import DEEPGMAP, KOO, ZENG

CONFIG = few_kernels("zeng", "1layer")
RECIPE = replace(ZENG, batches=6, looks=3, descent=replace(ZENG.descent, batch=16))


def random_examples(count=96, groups=12, tasks=1, share=0.5):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (count, CONFIG.input_length)).astype(np.uint8)
    labels = (rng.random((count, tasks)) < share).astype(np.int8)
    return LabelledSequences(tuple("ABCDE"[:tasks]), codes, labels, np.arange(count) % groups)


def search(**changes):
    found = NetworkSearch(CONFIG, RECIPE, trials=5, **changes)
    return search_networks(PlannedSearch.of(found, random_examples(), 1), Checkpoints(None), name="A")


def bytes_of(stack):
    return {name: array.tobytes() for name, array in stack.arrays.items()}


@pytest.mark.parametrize(("groups", "count"), [(12, 8), (3, 3)])
def test_one_fold_of_whole_groups_is_the_validation_set(groups, count):
    examples = random_examples(groups=groups)
    split = Split.of(examples, KOO, [1])
    held_out, rest = (set(examples.groups[rows].tolist()) for rows in (split.validation, split.training))
    assert not held_out & rest
    assert held_out | rest == set(range(groups))
    assert 1 <= len(held_out) <= -(-groups // count)
    assert len(split.training) + len(split.validation) == len(examples.codes)


def test_some_sequences_that_nothing_binds_are_left_out_of_the_training():
    examples = random_examples(count=2_000, tasks=2, share=0.3)
    split, all_of_them = (Split.of(examples, recipe, [1]) for recipe in (DEEPGMAP, KOO))
    bound = [int((examples.labels[part.training] > 0).any(axis=1).sum()) for part in (split, all_of_them)]
    assert bound[0] == bound[1]
    unbound = [len(part.training) - bound[0] for part in (split, all_of_them)]
    assert unbound[0] == pytest.approx(unbound[1] / 4, abs=4 * (unbound[1] * 3 / 16) ** 0.5)
    assert len(split.validation) == len(all_of_them.validation)


@pytest.mark.parametrize(("groups", "share"), [(1, 0.5), (12, 0.0)])
def test_too_little_data_is_refused(groups, share):
    with pytest.raises(InputError):
        Split.of(random_examples(groups=groups, share=share), KOO, [1])


def test_the_model_is_the_best_state_of_the_best_setting():
    found = search()
    ratings = {number: state.rating for number, state in found.states.items()}
    assert len(ratings) == len(found.settings) == 5
    assert found.chosen == [max(ratings, key=ratings.get)]
    assert bytes_of(found.stack) == bytes_of(found.states[found.chosen[0]].stack)
    assert found.stack.model_ids == ("A",)


def test_an_ensemble_is_the_mean_of_the_best_networks():
    found, codes = search(ensemble_size=3), random_examples().codes[:5]
    alone = [SequenceNetworks(found.states[number].stack).score(codes) for number in found.chosen]
    assert found.stack.config.members == 3
    np.testing.assert_allclose(SequenceNetworks(found.stack).score(codes), np.mean(alone, axis=0), atol=1e-12)


def test_the_number_of_threads_does_not_change_bytes():
    one, two = search(threads=1), search(threads=2)
    assert bytes_of(one.stack) == bytes_of(two.stack)
    assert {n: s.ratings for n, s in one.states.items()} == {n: s.ratings for n, s in two.states.items()}


def test_nothing_is_left_if_every_network_diverged():
    recipe = replace(RECIPE, descent=replace(RECIPE.descent, rate=1e30))
    planned = PlannedSearch.of(NetworkSearch(CONFIG, recipe, trials=2), random_examples(), 1)
    with pytest.raises(InputError, match="every network diverged"):
        search_networks(planned, Checkpoints(None), name="A")
