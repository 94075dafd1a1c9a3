"""Windows over a small genome against a loop over windows, peaks and bases."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import sequence, write_lines

from varbind.core.sequence import decode
from varbind.datasets.genome_windows import BIN, GenomeWindows, WindowRule, genome_windows, thin_negatives, window_codes
from varbind.errors import InputError, UsageError
from varbind.io.reference import Reference

SIZES = {"chr1": 3000, "chr2": 1999, "chrM": 1500, "chr3": 500}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("genome")
    bases = {name: sequence(rng, size) for name, size in SIZES.items()}
    bases["chr2"] = "N" * 700 + bases["chr2"][700:]
    with Reference(
        write_lines(folder / "genome.fa", [line for name in bases for line in (f">{name}", bases[name])])
    ) as found:
        yield found


def random_peaks(seed, count=25, names=("chr1", "2", "chrM")):
    """Peaks in any order, some of them under another style of the name; none on chr3."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        name = str(rng.choice(names))
        size = SIZES[name if name in SIZES else f"chr{name}"]
        start, end = np.sort(rng.choice(size, 2, replace=False)).tolist()
        end = min(end, start + 150)
        rows.append((name, start, end, int(rng.integers(start, end)), 1.0))
    return pd.DataFrame(rows, columns=["contig", "start", "end", "centre", "strength"])


PEAKS = {"A": random_peaks(1), "B": random_peaks(2, 12, ("chr1", "chrM")), "few": random_peaks(3, 4, ("chr2",))}

PLACED = [int((table["contig"] != "chrM").sum()) for table in PEAKS.values()]


def slow_label(peaks, contig, start, length, rule):
    own = peaks[peaks["contig"].isin([contig, contig.removeprefix("chr")])].to_dict("records")
    if not own:
        return -1
    if rule is WindowRule.SUMMIT:
        return int(any(start <= peak["centre"] < start + length for peak in own))
    middle = range(start + (length - BIN) // 2, start + (length - BIN) // 2 + BIN)
    covered = {place for peak in own for place in range(peak["start"], peak["end"])}
    return int(sum(place in covered for place in middle) > BIN / 2)


@pytest.mark.parametrize("rule", list(WindowRule))
@pytest.mark.parametrize(("stride", "length"), [(100, 300), (70, 601), (250, 250)])
def test_windows_and_labels_are_those_of_a_slow_loop(reference, rule, stride, length):
    found = genome_windows(reference, PEAKS, rule, stride=stride, length=length, min_peaks=5)
    expected = [
        (name, start, *(slow_label(PEAKS[kind], name, start, length, rule) for kind in "AB"))
        for name in ("chr1", "chr2", "chr3")
        for start in range(0, SIZES[name], stride)
        if start + length <= SIZES[name]
    ]
    names = [found.contigs[number] for number in found.numbers]
    own = zip(names, found.starts.tolist(), *found.labels.T.tolist(), strict=True)
    assert list(own) == expected
    assert (found.classes, found.left_out) == (("A", "B"), {"few": 4})
    assert {label for row in expected for label in row[2:]} == {-1, 0, 1}


def test_codes_are_the_bases_of_the_windows(reference):
    found = genome_windows(reference, PEAKS, stride=300, length=400, min_peaks=5)
    codes = window_codes(found, reference)
    assert (codes.shape, codes.dtype) == ((len(found), 400), np.uint8)
    for row, start in enumerate(found.starts.tolist()):
        assert decode(codes[row]) == reference.fetch(found.contigs[found.numbers[row]], start, start + 400)
    assert (codes == 4).any()
    np.testing.assert_array_equal(window_codes(found, reference, [3, 0]), codes[[3, 0]])


def test_a_split_by_contig_takes_every_window_once(reference):
    found = genome_windows(reference, PEAKS, stride=100, length=300, min_peaks=5)
    parts = [found.on(names) for names in (["chr1"], ["chr3", "chr2"])]
    assert [set(part.numbers.tolist()) for part in parts] == [{0}, {1, 2}]
    assert sum(map(len, parts)) == len(found)
    with pytest.raises(UsageError, match="there are no windows on chrM; they are on chr1, chr2, chr3"):
        found.on(["chrM"])


@given(st.lists(st.sampled_from([(-1, -1), (0, -1), (0, 0), (1, 0), (-1, 1)]), max_size=40), st.integers(0, 9))
def test_every_positive_window_and_a_share_of_the_others_is_kept(labels, seed):
    count = len(labels)
    rows = np.arange(count)
    matrix = np.array(labels, dtype=np.int8).reshape(-1, 2)
    windows = GenomeWindows(("chr1",), ("A", "B"), np.zeros(count, dtype=np.int64), rows, matrix, 9, {})
    thinned = thin_negatives(windows, np.random.default_rng(seed))
    positive = {row for row, own in enumerate(labels) if 1 in own}
    assert positive <= set(thinned.starts.tolist())
    assert len(thinned) == len(positive) + round(0.25 * (count - len(positive)))
    assert thinned.starts.tolist() == sorted(set(thinned.starts.tolist()))
    np.testing.assert_array_equal(thinned.labels, matrix[thinned.starts])


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"stride": 0}, UsageError, "windows of 1000 bases at a stride of 0"),
        ({"stride": 9, "length": 199, "rule": WindowRule.CENTRAL_BIN}, UsageError, "windows of 199 bases"),
        (
            {"stride": 9},
            InputError,
            f"no class has 10,000 peaks or more: A has {PLACED[0]}, B has {PLACED[1]}, few has {PLACED[2]}",
        ),
    ],
)
def test_what_cannot_be_cut_is_refused(reference, options, error, text):
    with pytest.raises(error, match=text):
        genome_windows(reference, PEAKS, **options)


def test_peaks_of_another_genome_are_refused(reference):
    other = PEAKS["A"].assign(end=5000)
    with pytest.raises(InputError, match=r"other: wrong genome build\? \d+ of 25 peaks end beyond"):
        genome_windows(reference, {"other": other}, stride=100, min_peaks=1)
