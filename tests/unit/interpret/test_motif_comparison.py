"""Tomtom against its definition: random targets of the same columns, drawn many times."""

import numpy as np
import pytest

from varbind.interpret.motif_comparison import match_motifs

pytest.importorskip("memelite", reason="needs the extra `motifs`")

DRAWS = 20_000


def collection(rng, count=40):
    """Random motifs of 5 to 9 positions."""
    return {f"m{n}": rng.dirichlet(np.full(4, 0.5), int(rng.integers(5, 10))) for n in range(count)}


def column_scores(query, columns):
    """Minus the distance of every query column to every column of all targets, above its median, (width, columns)."""
    distances = np.linalg.norm(query[:, None] - columns[None], axis=2)
    return -distances - np.median(-distances, axis=1, keepdims=True)


def best_sums(scores, targets):
    """The largest sum over all alignments of a query with targets; scores (width, columns), targets (N, length)."""
    width, length = len(scores), targets.shape[1]
    best = np.full(len(targets), -np.inf)
    for offset in range(-width + 1, length):
        pairs = [(row, row + offset) for row in range(width) if 0 <= row + offset < length]
        best = np.maximum(best, sum(scores[row][targets[:, place]] for row, place in pairs))
    return best


def test_p_values_are_shares_of_random_targets():
    rng = np.random.default_rng(1)
    known = collection(rng)
    columns = np.concatenate(list(known.values()))
    starts = dict(zip(known, np.cumsum([0, *map(len, known.values())]), strict=False))
    query = known["m3"][:5] * 0.8 + 0.05
    found = {match.name: match.e_value / len(known) for match in match_motifs([query], known, e_value_max=np.inf)}
    assert len(found) == len(known)
    scores = column_scores(query, columns)
    turned = column_scores(query, columns[:, ::-1])
    expected = {}
    for name, motif in known.items():
        own = starts[name] + np.arange(len(motif))
        observed = max(best_sums(scores, own[None])[0], best_sums(turned, own[None, ::-1])[0])
        random = best_sums(scores, rng.integers(0, len(columns), (DRAWS, len(motif))))
        share = (random >= observed).mean()
        expected[name] = 1 - (1 - share) ** 2
    names = [name for name, share in expected.items() if share > 0.002]
    ratios = np.array([found[name] / expected[name] for name in names])
    # Tomtom takes alignments as independent, which this oracle does not: so p-values agree, but not exactly.
    assert len(names) > 30
    assert np.median(ratios) == pytest.approx(1, abs=0.2)
    assert ratios.min() > 0.4
    assert ratios.max() < 2.5
    assert min(found, key=found.get) == "m3"


def test_matches_are_ordered_and_limited():
    rng = np.random.default_rng(2)
    known = collection(rng, 60)
    queries = [known["m7"], known["m9"][::-1, ::-1], np.full((6, 4), 0.25)]
    found = match_motifs(queries, known)
    assert next(match.name for match in found if match.query == 0) == "m7"
    assert next(match.name for match in found if match.query == 1) == "m9"
    assert [match.query for match in found] == sorted(match.query for match in found)
    for query in range(3):
        values = [match.e_value for match in found if match.query == query]
        assert values == sorted(values)
    assert all(match.e_value <= 0.1 for match in found)
    assert not [match for match in found if match.query == 2]
    assert match_motifs([], known) == []
