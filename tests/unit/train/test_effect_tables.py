"""Where the variants of a table lie: its columns go before genes and tracks, and what is missing is NaN."""

import numpy as np
import pytest
from oracles import TextReference
from planted import write_lines

from varbind.annotate.tracks import Tracks
from varbind.core.tss import TranscriptionStart, TssIndex
from varbind.datasets.variant_table import read_variant_table
from varbind.train.effect_tables import site_features, sites_of

pybigtools = pytest.importorskip("pybigtools")

LENGTH = 300
TEXT = "".join("ACGT"[code] for code in np.random.default_rng(0).integers(0, 4, LENGTH))
GENOME = TextReference(c=TEXT, d="ACGT" * 20)
ROWS = [
    ("c", 101, TEXT[100], "-"),
    ("c", 151, TEXT[150], ""),
    ("c", 4, "", "ACGTACGT"),
    ("d", 5, "A", "G"),
    ("d", 6, "C", "G"),
]


def start(contig, pos, strand):
    return TranscriptionStart(contig, pos, strand, symbol="S", gene_id="G", transcript_id="T", tags=())


@pytest.fixture(scope="module")
def genes():
    return TssIndex([start("c", 120, "+"), start("c", 10, "-")])


@pytest.fixture(scope="module")
def values():
    """By base of contig c; the track knows no contig d."""
    values = np.random.default_rng(1).integers(-40, 40, LENGTH) / 8
    values[145:160] = np.nan
    return values


@pytest.fixture(scope="module")
def tracks(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("track") / "a.bw"
    covered = [("c", base, base + 1, float(values[base])) for base in np.flatnonzero(~np.isnan(values)).tolist()]
    pybigtools.open(str(path), "w").write({"c": LENGTH}, iter(covered))
    with Tracks({"phyloP": str(path)}, {"c": LENGTH, "d": 80}) as tracks:
        yield tracks


def table_of(tmp_path, *columns):
    """ROWS with further columns, each a name and a word a row."""
    header = "\t".join(["chrom", "pos", "ref", "alt", *(name for name, *_ in columns)])
    rows = ["\t".join([*map(str, row), *(own[1 + place] for own in columns)]) for place, row in enumerate(ROWS)]
    path = write_lines(tmp_path / "in.tsv", [header, *rows])
    return read_variant_table(str(path), flank=3, needed=(), reference=GENOME)


def test_without_anything_only_transversions_are_known(tmp_path):
    sites = sites_of(table_of(tmp_path))
    assert np.isnan(sites.tss_distance).all()
    np.testing.assert_array_equal(sites.transversions, [np.nan, np.nan, np.nan, 0, 1])
    assert sites.conservation == {}
    assert site_features(sites) == ("transversion",)


def test_the_distance_is_that_to_the_nearest_start(tmp_path, genes):
    table = table_of(tmp_path)
    sites = sites_of(table, genes)
    for variant, distance in zip(table.variants, sites.tss_distance, strict=True):
        hits = genes.nearest(variant.chrom, variant)
        assert hits[0].distance == distance if hits else np.isnan(distance)
    assert np.isnan(sites.tss_distance).tolist() == [False, False, False, True, True]
    assert site_features(sites) == ("tss_distance", "transversion")


def test_a_column_goes_before_the_genes(tmp_path, genes):
    table = table_of(tmp_path, ("tss_distance", "1", "-2", "3", ".", "5"))
    np.testing.assert_array_equal(sites_of(table, genes).tss_distance, [1, -2, 3, np.nan, 5])


def slow_mean(values, start, end):
    """Over the covered bases of a span."""
    known = [value for base, value in enumerate(values) if start <= base < end and not np.isnan(value)]
    return sum(known) / len(known) if known else np.nan


def test_a_track_is_read_at_the_bases_and_over_51_around(tmp_path, tracks, values):
    table = table_of(tmp_path)
    found = sites_of(table, None, tracks).conservation["phyloP"]
    for variant, own in zip(table.variants, found, strict=True):
        if variant.chrom == "d":
            assert np.isnan(own).all()
            continue
        first, last = variant.touched
        missing = 51 - (last - first)
        left = first - missing // 2
        slow = [slow_mean(values, first, last), slow_mean(values, left, left + 51)]
        np.testing.assert_array_equal(np.float32(own), np.float32(slow))
    # A gap of the track is no 0.
    assert np.isnan(found[1, 0])
    assert np.isfinite(found[1, 1])


def test_columns_go_before_the_track_of_their_name(tmp_path, tracks):
    columns = [("phyloP", "1", "2", "3", "4", "."), ("phyloP:51", "6", "7", "8", ".", ".")]
    sites = sites_of(table_of(tmp_path, *columns), None, tracks)
    expected = [[1, 6], [2, 7], [3, 8], [4, np.nan], [np.nan, np.nan]]
    np.testing.assert_array_equal(sites.conservation["phyloP"], expected)
    assert set(sites.conservation) == {"phyloP"}
    assert site_features(sites) == ("transversion", "phyloP", "phyloP:51")


def test_a_column_without_its_second_is_no_track(tmp_path, tracks):
    sites = sites_of(table_of(tmp_path, ("gerp", *"12345")), None, tracks)
    assert set(sites.conservation) == {"phyloP"}


def test_features_are_those_with_a_value_for_some_variant(tmp_path):
    columns = [("a", *"....."), ("a:51", *"1...."), ("b", *"...."[:4], "2"), ("b:51", *".....")]
    assert site_features(sites_of(table_of(tmp_path, *columns))) == ("transversion", "a:51", "b")
