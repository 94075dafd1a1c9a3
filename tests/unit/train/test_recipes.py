"""The published networks by name, and how each paper trained them."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from varbind.errors import UsageError
from varbind.train.descent import Rule
from varbind.train.recipes import DEEPGMAP, KOO, ZENG, Measure, network_named, network_names, settings_of


def test_all_networks_of_the_papers_have_names():
    names = network_names()
    assert [sum(name.startswith(paper) for name in names) for paper in ("zeng-", "koo-", "deepgmap-")] == [10, 17, 8]
    assert len(set(names)) == 35


@pytest.mark.parametrize("name", network_names())
def test_every_network_reads_sequences_and_states_its_recipe(name):
    config, recipe = network_named(name, input_length=200, outputs=1, double_stranded=True)
    assert (config.input_length, config.outputs, config.double_stranded, config.members) == (200, 1, True, 1)
    settings = settings_of(config, recipe, 30, np.random.default_rng(0))
    assert len(settings) == (27 if name.startswith("zeng") else 1)
    assert len({tuple(asdict(setting).values()) for setting in settings}) == len(settings)
    assert all(setting.batch == 100 for setting in settings)


def test_a_larger_grid_is_drawn_from_without_repeats():
    config, recipe = network_named("zeng-1layer", input_length=101, outputs=1)
    drawn = [settings_of(config, recipe, 9, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 9
    assert set(drawn[0]) < set(settings_of(config, recipe, 27, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("name", "rule", "rate", "decays", "measure"),
    [
        ("zeng-3layer", Rule.ADADELTA, 1.0, True, Measure.ACCURACY),
        ("koo-cnn-4", Rule.ADAM, 3e-4, True, Measure.LOG_LIKELIHOOD),
        ("deepgmap-conv4-frss+", Rule.ADAM, 1e-4, True, Measure.PRECISION),
        ("deepgmap-deepsea", Rule.ADAM, 1e-4, True, Measure.PRECISION),
        ("deepgmap-basset", Rule.ADAM, 1e-4, False, Measure.PRECISION),
        ("deepgmap-danq", Rule.RMSPROP, 1e-4, False, Measure.PRECISION),
    ],
)
def test_what_the_papers_state(name, rule, rate, decays, measure):
    _, recipe = network_named(name, input_length=200, outputs=1)
    assert (recipe.descent.rule, recipe.descent.rate, recipe.measure) == (rule, rate, measure)
    assert (recipe.descent.weight_decay > 0) == decays


@pytest.mark.parametrize(
    ("recipe", "sequences", "expected"),
    [
        (KOO, 17_500, [175 * epoch for epoch in range(1, 101)]),
        (ZENG, 17_500, [100 * look for look in range(1, 51)]),
        (DEEPGMAP, 10_000, [10 * look for look in range(1, 11)]),
        (replace(KOO, epochs=2, looks=2), 99, [1, 2]),
        (replace(DEEPGMAP, looks=10), 300, [1, 2, 3]),
    ],
)
def test_networks_are_looked_at_in_equal_distances(recipe, sequences, expected):
    assert recipe.checkpoints(sequences) == expected


@pytest.mark.parametrize(
    ("name", "sizes", "match"),
    [
        ("koo-cnn-3", {}, "no architecture 'koo-cnn-3'"),
        ("zeng-1layer", {"outputs": 2}, "have one task"),
        ("deepgmap-conv4", {"input_length": 101}, "cannot read sequences of 101 bases: no position is left"),
    ],
)
def test_what_no_network_can_do_is_refused(name, sizes, match):
    with pytest.raises(UsageError, match=match):
        network_named(name, **{"input_length": 200, "outputs": 1, **sizes})
