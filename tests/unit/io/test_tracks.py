"""A track gives the mean of what is written in it, and a broken file is one clear line."""

import shutil
import struct
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import ResourceError, UsageError
from varbind.io.tracks import ConservationTrack

pybigtools = pytest.importorskip("pybigtools")

LENGTHS = {"chr1": 6000, "chr2": 300}


def records(values):
    """Each covered base of {contig: values} as one interval."""
    for contig, array in values.items():
        for base in np.flatnonzero(~np.isnan(array)).tolist():
            yield contig, base, base + 1, float(array[base])


@pytest.fixture(scope="module")
def written():
    """Values per base, NaN = not covered: eighths, which float32 holds exactly."""
    rng = np.random.default_rng(5)
    values = {contig: rng.integers(-80, 80, length) / 8 for contig, length in LENGTHS.items()}
    for contig, array in values.items():
        for start in rng.integers(0, LENGTHS[contig], 30).tolist():
            array[start : start + 20] = np.nan
    values["chr1"][:50] = np.nan
    values["chr1"][100:200] = np.nan
    return values


@pytest.fixture(scope="module")
def path(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("track") / "phylop.bw"
    pybigtools.open(str(path), "w").write(LENGTHS, records(written))
    return path


@pytest.fixture(scope="module")
def track(path):
    with ConservationTrack("phylop", path) as track:
        yield track


def expected(written, contig, start, end):
    covered = [
        value for base, value in enumerate(written.get(contig, [])) if start <= base < end and not np.isnan(value)
    ]
    return sum(covered) / len(covered) if covered else np.nan


spans = st.tuples(st.sampled_from(["chr1", "chr2", "chrX"]), st.integers(-30, 6100), st.integers(0, 80)).map(
    lambda span: (span[0], span[1], span[1] + span[2])
)


def test_name_and_contigs(track, path):
    assert track.name == "phylop"
    assert track.path == str(path)
    assert track.contigs == LENGTHS


@given(st.lists(spans, max_size=8))
def test_means_are_those_of_the_values_written(track, written, wanted):
    means = track.means(wanted)
    assert means.dtype == np.float32
    assert means.shape == (len(wanted),)
    reference = [expected(written, *span) for span in wanted]
    # The sum of at most 80 eighths is exact; the division rounds once, then once more to float32.
    np.testing.assert_array_equal(means, np.array(reference, dtype=np.float32))
    np.testing.assert_array_equal([track.mean(*span) for span in wanted], reference)


def test_long_span(track, written):
    assert track.mean("chr1", 0, 6000) == expected(written, "chr1", 0, 6000)


@pytest.mark.parametrize(
    "span",
    [
        ("chr1", 0, 50),
        ("chr1", 100, 200),
        ("chr1", 70, 70),
        ("chr1", 6000, 6010),
        ("chr1", -9, 0),
        ("1", 60, 70),
    ],
)
def test_what_is_not_covered_is_nan(track, span):
    assert np.isnan(track.mean(*span))


def test_by_hand(tmp_path):
    path = tmp_path / "hand.bw"
    intervals = [("c", 10, 20, 1.0), ("c", 20, 21, 0.0), ("c", 30, 40, -2.5)]
    pybigtools.open(str(path), "w").write({"c": 100}, iter(intervals))
    with ConservationTrack("hand", path) as track:
        assert track.mean("c", 9, 11) == 1.0
        assert track.mean("c", 19, 21) == 0.5
        assert track.mean("c", 20, 25) == 0.0  # a measured zero is no gap
        assert track.mean("c", 18, 32) == (1 + 1 + 0 - 2.5 - 2.5) / 5


def test_a_file_is_judged_by_its_content_not_its_suffix(tmp_path, path, track):
    copy = tmp_path / "track.dat"
    shutil.copy(path, copy)
    with ConservationTrack("copy", copy) as same:
        assert same.mean("chr2", 0, 300) == track.mean("chr2", 0, 300)


def test_a_cut_file_is_refused_or_right(tmp_path, path, written):
    whole, cut = path.read_bytes(), tmp_path / "cut.bw"
    index = struct.unpack_from("<Q", whole, 24)[0]
    refused = 0
    for size in [*range(0, 700, 7), *range(700, len(whole), 211)]:
        cut.write_bytes(whole[:size])
        try:
            with ConservationTrack("cut", cut) as track:
                mean = track.mean("chr1", 5900, 6000)
        except ResourceError:
            refused += 1
        else:
            assert size > index
            assert mean == expected(written, "chr1", 5900, 6000)
    assert refused > 100


def test_a_file_without_its_last_index_is_refused(tmp_path, path):
    whole, cut = path.read_bytes(), tmp_path / "cut.bw"
    levels, index = struct.unpack_from("<H16xQ", whole, 6)
    offsets = [struct.unpack_from("<Q", whole, 64 + 24 * level + 16)[0] for level in range(levels)]
    assert max(offsets) > index
    cut.write_bytes(whole[: max(offsets)])
    with pytest.raises(ResourceError, match="cut short"):
        ConservationTrack("cut", cut)


def test_damaged_values_are_named_when_they_are_met(tmp_path, path):
    damaged = bytearray(path.read_bytes())
    data = struct.unpack_from("<Q", damaged, 16)[0]
    damaged[data + 8 : data + 200] = bytes(192)
    broken = tmp_path / "broken.bw"
    broken.write_bytes(damaged)
    with ConservationTrack("broken", broken) as track:
        with pytest.raises(ResourceError, match="damaged") as caught:
            track.mean("chr1", 200, 300)
        assert str(caught.value).startswith(f"{broken}: ")
        assert caught.value.exit_code == 4


def test_a_number_of_contigs_that_cannot_be_is_refused(tmp_path, path):
    damaged = bytearray(path.read_bytes())
    tree = struct.unpack_from("<Q", damaged, 8)[0]
    struct.pack_into("<Q", damaged, tree + 16, 1 << 40)
    broken = tmp_path / "broken.bw"
    broken.write_bytes(damaged)
    with pytest.raises(ResourceError, match="damaged"):
        ConservationTrack("broken", broken)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"chr1\t0\t5\t0.5\n" * 40, "not a bigWig"),
        (b"\x1f\x8b" + bytes(500), "not a bigWig"),
        (struct.pack("<I", 0x888FFC26), "cut short"),
        (struct.pack("<I", 0x888FFC26) + b"\xff" * 600, "cut short"),
        (struct.pack(">I", 0x888FFC26) + bytes(600), "cut short"),
    ],
)
def test_what_is_no_track_is_refused(tmp_path, content, what):
    path = tmp_path / "track.bw"
    path.write_bytes(content)
    with pytest.raises(ResourceError, match=what) as caught:
        ConservationTrack("x", path)
    assert str(caught.value).startswith(f"{path}: ")


def test_bigbed_is_refused(tmp_path):
    path = tmp_path / "genes.bb"
    pybigtools.open(str(path), "w").write({"c": 100}, iter([("c", 1, 5, "x\t0\t+")]))
    with pytest.raises(ResourceError, match="bigBed"):
        ConservationTrack("x", path)


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(ResourceError, match="No such file"):
        ConservationTrack("x", tmp_path / "missing.bw")
    with pytest.raises(ResourceError, match="Is a directory"):
        ConservationTrack("x", tmp_path)


def test_without_the_package_the_remedy_is_named(monkeypatch, path):
    monkeypatch.setitem(sys.modules, "pybigtools", None)
    with pytest.raises(UsageError, match=r"pip install 'varbind\[conservation\]'"):
        ConservationTrack("x", path)
