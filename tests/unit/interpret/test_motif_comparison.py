"""Tomtom against its definition: random targets of the same columns, drawn many times.

The package compiles Tomtom for a minute at its first use, so that only slow tests run it.
"""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from quick_cases import first_quick

from varbind.interpret.motif_comparison import match_motifs

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


def drawn_p_values(query, targets, rng, draws):
    """The p-value of each target by its definition, from random targets of the same columns."""
    columns = np.concatenate(targets)
    starts = np.cumsum([0, *map(len, targets)])
    scores = column_scores(query, columns)
    turned = column_scores(query, columns[:, ::-1])
    p_values = []
    for start, target in zip(starts, targets, strict=False):
        own = start + np.arange(len(target))
        observed = max(best_sums(scores, own[None])[0], best_sums(turned, own[None, ::-1])[0])
        random = best_sums(scores, rng.integers(0, len(columns), (draws, len(target))))
        p_values.append(1 - (1 - (random >= observed).mean()) ** 2)
    return np.array(p_values)


@pytest.mark.slow
def test_p_values_are_shares_of_random_targets():
    pytest.importorskip("memelite", reason="needs the extra `motifs`")
    rng = np.random.default_rng(1)
    known = collection(rng)
    query = known["m3"][:5] * 0.8 + 0.05
    found = {match.name: match.e_value / len(known) for match in match_motifs([query], known, e_value_max=np.inf)}
    assert len(found) == len(known)
    expected = dict(zip(known, drawn_p_values(query, list(known.values()), rng, DRAWS), strict=True))
    names = [name for name, share in expected.items() if share > 0.002]
    ratios = np.array([found[name] / expected[name] for name in names])
    # Tomtom takes alignments as independent, which this oracle does not: so p-values agree, but not exactly.
    assert len(names) > 30
    assert np.median(ratios) == pytest.approx(1, abs=0.2)
    assert ratios.min() > 0.4
    assert ratios.max() < 2.5
    assert min(found, key=found.get) == "m3"


def tomtom_by_definition(queries, targets, **options):
    """As the package calls it: motifs (4, width), and the p-values (queries, targets) first."""
    rng, targets = np.random.default_rng(3), [target.T for target in targets]
    return np.stack([drawn_p_values(query.T, targets, rng, 2_000) for query in queries]), None


@pytest.fixture(params=first_quick(["by definition", "memelite"]))
def tomtom(request, monkeypatch):
    if request.param == "memelite":
        return pytest.importorskip("memelite", reason="needs the extra `motifs`").tomtom
    monkeypatch.setitem(sys.modules, "memelite", SimpleNamespace(tomtom=tomtom_by_definition))
    return tomtom_by_definition


@pytest.mark.usefixtures("tomtom")
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
