"""Pairs of bound and unbound instances of a motif that are alike in GC content and strength."""

import gzip
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.sequence import encode
from varbind.datasets.motif_instances import P_MAX, best_instances
from varbind.datasets.motif_occupancy import (
    CHANCE,
    GC_BIN,
    MIN_PAIRS,
    STRENGTH_BIN,
    WINDOW,
    UnusedRegion,
    _pairs,
    confounder_areas,
    gc_shares,
    occupancy_task,
    refuse_confounded,
)
from varbind.datasets.pwm import read_matrices
from varbind.errors import InputError, UsageError

pytest.importorskip("sklearn", reason="needs the extra `train`")

WIDTH = 9


def random_matrix(rng, width=WIDTH, conserved=40.0):
    return rng.dirichlet(np.ones(4) / 2 + conserved * np.eye(4)[rng.integers(4)], width)


def simulated(rng, matrix, count=4000, length=200):
    """Regions with one instance each; the bound ones have more GC, stronger motifs, and AAAA on their right."""
    labels = rng.choice(np.array([1, 0, -1], dtype=np.int8), count, p=[0.3, 0.5, 0.2])
    gc = rng.normal(np.where(labels == 1, 0.55, 0.5), 0.05).clip(0.3, 0.7)
    codes = np.where(rng.random((count, length)) < gc[:, None], rng.integers(1, 3, (count, length)), 0)
    codes[codes == 0] = rng.choice([0, 3], np.count_nonzero(codes == 0))
    starts = rng.integers(10, length - 10 - len(matrix), count)
    for row, start in enumerate(starts):
        shares = matrix if labels[row] == 1 else 0.9 * matrix + 0.025
        codes[row, start : start + len(matrix)] = [rng.choice(4, p=own) for own in shares]
        if labels[row] == 1:
            codes[row, start + len(matrix) + 2 :][:4] = 0
    return codes.astype(np.uint8), labels


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(5)
    matrix = random_matrix(rng)
    return (*simulated(rng, matrix), matrix)


@pytest.fixture(scope="module", params=[False, True], ids=["centred", "location-free"])
def task(world, request):
    return request.param, occupancy_task(*world, np.random.default_rng(1), location_free=request.param)


def test_both_classes_are_alike_in_number_gc_and_strength(task):
    _, found = task
    pairs = len(found.labels) // 2
    assert pairs >= MIN_PAIRS
    assert found.labels.tolist() == [1] * pairs + [0] * pairs
    gc, strength = gc_shares(found.codes), -np.log10(found.p_values)
    for values, width in ((gc, GC_BIN), (strength, STRENGTH_BIN)):
        bins = np.floor(values / width + 1e-9)
        np.testing.assert_array_equal(bins[:pairs], bins[pairs:])
    assert all(CHANCE[0] <= area <= CHANCE[1] for area in confounder_areas(found).values())
    refuse_confounded(found)


def least_difference(first, second):
    """The smallest sum of differences of pairs that use the smaller side up, by trying them all."""
    few, many = sorted([first, second], key=len)
    sums = (sum(abs(one - other) for one, other in zip(few, own, strict=True)) for own in permutations(many, len(few)))
    return min(sums)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.booleans()), max_size=10), st.integers(0, 9))
def test_as_many_pairs_as_there_are_of_equal_bins_and_nearest_strengths(rows, seed):
    bins, strengths, is_bound = (np.array(own) for own in zip(*rows, strict=True)) if rows else np.zeros((3, 0))
    bound, unbound = _pairs(bins, strengths / 4, is_bound.astype(bool), np.random.default_rng(seed))
    assert len({*bound.tolist(), *unbound.tolist()}) == 2 * len(bound)
    found = Counter(zip(bins[bound], bins[unbound], strict=True))
    differences = np.abs(strengths[bound] - strengths[unbound])
    for number in range(3):
        of_label = [[row[1] for row in rows if row[0] == number and row[2] == label] for label in (True, False)]
        assert found.pop((number, number), 0) == min(map(len, of_label))
        assert differences[bins[bound] == number].sum() == least_difference(*of_label)
    assert not found


def test_what_is_matched_would_tell_the_classes_apart_before(world):
    codes, labels, matrix = world
    best = best_instances(codes, matrix)
    bound = labels[best.rows]
    for values in (gc_shares(codes)[best.rows], -np.log10(best.p_values)):
        assert np.median(values[bound == 1]) > np.median(values[bound == 0])


def test_windows_are_of_their_regions_and_hold_the_best_instance(world, task):
    codes, labels, matrix = world
    location_free, found = task
    best = best_instances(codes[:, 50:150], matrix)
    start_of = dict(zip(best.rows.tolist(), (best.starts + 50).tolist(), strict=True))
    assert len(set(found.regions.tolist())) == len(found.regions)
    np.testing.assert_array_equal(labels[found.regions], found.labels)
    for window, region, inside in zip(found.codes, found.regions.tolist(), found.motif_starts.tolist(), strict=True):
        start = start_of[region] - inside
        np.testing.assert_array_equal(window, codes[region, start : start + WINDOW])
    unbound, bound = (set(found.motif_starts[found.labels == label].tolist()) for label in (0, 1))
    assert unbound == {WINDOW // 2 - WIDTH // 2}
    assert (min(bound), max(bound)) == ((0, WINDOW - WIDTH) if location_free else (46, 46))


def test_every_region_is_used_once_or_counted(world, task):
    _, labels, _ = world
    _, found = task
    assert found.unused.total() + len(found.regions) == len(labels)
    assert found.unused[UnusedRegion.UNRESOLVED] == np.count_nonzero(labels < 0)


def test_windows_beyond_a_region_are_counted(world):
    codes, labels, matrix = world
    found = occupancy_task(codes, labels, matrix, np.random.default_rng(1), central=200)
    starts = best_instances(codes, matrix)
    beyond = (starts.starts + WIDTH // 2 < 50) | (starts.starts + WIDTH // 2 > 149)
    assert found.unused[UnusedRegion.EDGE] == np.count_nonzero(beyond & (labels[starts.rows] >= 0)) > 0


def test_equal_seeds_give_equal_tasks(world, task):
    location_free, found = task
    again = occupancy_task(*world, np.random.default_rng(1), location_free=location_free)
    np.testing.assert_array_equal(again.codes, found.codes)
    np.testing.assert_array_equal(again.regions, found.regions)


def test_what_is_no_task_is_refused(world):
    codes, labels, matrix = world
    rng = np.random.default_rng(1)
    with pytest.raises(InputError, match=r"\d+ pairs of bound and unbound instances, expected 200 or more \(\d"):
        occupancy_task(codes[:500], labels[:500], matrix, rng)
    with pytest.raises(InputError, match="0 pairs of bound and unbound"):
        occupancy_task(codes, np.ones(len(codes), dtype=np.int8), matrix, rng)
    with pytest.raises(UsageError, match="the regions have 90 bases, expected 101 or more"):
        occupancy_task(codes[:, :90], labels, matrix, rng)


def test_a_task_with_a_short_cut_is_refused(world):
    found = occupancy_task(*world, np.random.default_rng(1))
    found.p_values[found.labels == 1] /= 10
    with pytest.raises(InputError, match=r"motif strength alone has an AUC of 0\.\d+, expected 0.48 to 0.52"):
        refuse_confounded(found)


@pytest.fixture(scope="module")
def open_regions(shared_data):
    """Real regions of open chromatin with their labels by protein, and the matrices of JASPAR 2022 by protein."""
    folder = shared_data / "chipseq-hg38"
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder}")
    table, lines = np.load(folder / "labels.npz", allow_pickle=False), []
    for name in dict.fromkeys(table["chrom"].tolist()):
        with gzip.open(folder / f"sequences.200bp.chr{name}.fa.gz", "rt", encoding="ascii") as fasta:
            lines += [line.strip() for line in fasta if not line.startswith(">")]
    matrices = read_matrices(str(shared_data / "pwm" / "JASPAR2022_vertebrates.gimme.pfm.gz"))
    by_protein = {name.rpartition(".")[2].upper(): shares for name, shares in reversed(matrices.items())}
    codes = encode("".join(lines)).reshape(len(lines), -1)
    return codes, dict(zip(table["tfs"].tolist(), table["labels"], strict=True)), by_protein


@pytest.mark.slow
@pytest.mark.parametrize("protein", ["CTCF", "CEBPB", "SP1", "REST"])
@pytest.mark.parametrize("location_free", [False, True])
def test_real_proteins_have_tasks_without_a_short_cut(open_regions, protein, location_free):
    codes, labels, matrices = open_regions
    rng = np.random.default_rng(1)
    found = occupancy_task(codes, labels[protein], matrices[protein], rng, location_free=location_free)
    assert found.p_values.max() <= P_MAX
    refuse_confounded(found)
