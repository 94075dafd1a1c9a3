"""The Markov chain of promoters: its draws follow its table, and their seed alone."""

import numpy as np
import tolerances

from varbind.core.markov_chain import MarkovChain


def test_the_chain_follows_its_table():
    """Frequencies of a base after a context, against the table the chain is drawn from."""
    chain = MarkovChain.of_promoters()
    drawn = chain.draw(1_000, 200 + chain.order, np.random.default_rng(1)).astype(np.int64)
    context = sum(drawn[:, i : i - chain.order] * 4 ** (chain.order - 1 - i) for i in range(chain.order))
    counts = np.zeros((4**chain.order, 4))
    np.add.at(counts, (context.ravel(), drawn[:, chain.order :].ravel()), 1)
    assert counts.sum() == 200_000
    table = np.diff(chain.cumulative, axis=1, prepend=0)
    np.testing.assert_allclose(chain.cumulative[:, -1], 1, atol=1e-3)
    assert counts.sum(axis=1).min() >= 500
    error = np.abs(counts / counts.sum(axis=1, keepdims=True) - table)
    assert error.max() < 3 * tolerances.CHAIN
    assert error.mean() < tolerances.CHAIN / 3
    # Promoters are not even in their bases: the test above would notice a flat draw.
    assert np.abs(counts / counts.sum(axis=1, keepdims=True) - 0.25).mean() > tolerances.CHAIN


def test_a_draw_depends_on_its_seed_alone():
    chain = MarkovChain.of_promoters()
    one, same, other = (chain.draw(3, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
