"""Conservation for a batch of alleles."""

import logging

import numpy as np
import pybigtools
import pytest

from varbind.annotate.allele_status import Allele
from varbind.annotate.tracks import Tracks
from varbind.core.variant import Status
from varbind.errors import UsageError


@pytest.fixture
def track(tmp_path):
    path = tmp_path / "track.bw"
    pybigtools.open(str(path), "w").write({"1": 100}, iter([("1", 10, 12, 2.0)]))
    return path


def allele(contig, *span):
    return Allele(Status.OK, contig=contig, span=span or None)


def test_means_by_row(track, caplog):
    alleles = [
        allele("chr1", 10, 11),
        allele("chr2", 1, 2),
        allele(None),
        allele("chr1", 11, 14),
        allele("chr1", 50, 51),
    ]
    with Tracks({"a": str(track), "b": str(track)}, {"chr1": 100, "chr2": 5}) as tracks:
        assert tracks.names == ("a", "b")
        means = tracks.means(alleles)
        tracks.count({"chr1": 3, "chr2": 1})
        with caplog.at_level(logging.WARNING):
            tracks.report()
    nan = np.nan
    np.testing.assert_array_equal(means, [(2.0, 2.0), (nan, nan), (nan, nan), (2.0, 2.0), (nan, nan)])
    assert caplog.messages == [f"track {name} has no contig chr2 (1 alleles)" for name in "ab"]


@pytest.mark.parametrize("pairs", [{"1": "first"}, {"first": "1"}])
def test_names_that_the_user_gives(track, pairs):
    with Tracks({"a": str(track)}, {"first": 100}, renamed=pairs) as tracks:
        assert tracks.means([allele("first", 10, 11)]) == [(2.0,)]


def test_a_signal_while_a_track_is_read_stays_a_signal(track):
    from varbind.errors import Interrupted
    from varbind.io.tracks import ConservationTrack

    with ConservationTrack("a", track) as found, pytest.raises(Interrupted), found._damage_reported():
        raise Interrupted(2, "SIGINT")


def test_names(track):
    with pytest.raises(UsageError, match="track name"):
        Tracks({"a-b": str(track)}, {})


@pytest.mark.parametrize("name", ["PHRED", "phred"])
def test_a_track_cannot_have_the_name_of_a_key_of_the_second_stage(track, name):
    with pytest.raises(UsageError, match=f"track name '{name}' would give the key CONS_PHRED, .*; choose another name"):
        Tracks({name: str(track)}, {})
