"""Which names of tracks and files state which kind, and which track of a run stands for which known one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.effect.track_kinds import TRACK_KINDS, kind_of_track, tracks_by_kind

NAMES = {
    # UCSC, GRCh37
    "hg19.100way.phyloP100way.bw": "phyloP_vertebrates",
    "hg19.100way.phastCons.bw": "phastCons_vertebrates",
    "phyloP46way": "phyloP_vertebrates",
    "chr1.phyloP46way.primate": "phyloP_primates",
    "hg19.46way.phyloP46way.primates.bw": "phyloP_primates",
    "hg19.phyloP46way.placental.bw": "phyloP_mammals",
    "phastCons46way.placentalMammals": "phastCons_mammals",
    "phyloP46wayVt": "phyloP_vertebrates",
    # UCSC, GRCh38
    "hg38.phyloP100way.bw": "phyloP_vertebrates",
    "hg38.phastCons100way.bw": "phastCons_vertebrates",
    "hg38.phyloP30way.bw": "phyloP_mammals",
    "hg38.phastCons30way.bw": "phastCons_mammals",
    "hg38.phyloP20way.bw": "phyloP_mammals",
    "hg38.phastCons17way.bw": "phastCons_primates",
    "hg38.phyloP7way.bw": "phyloP_mammals",
    "hg38.phyloP4way.bw": "phyloP_mammals",
    "hg38.cactus241way.phyloP.bw": "phyloP_mammals",
    "hg38.phyloP447way.bw": "phyloP_mammals",
    "hg38.phyloP447wayPrimates.bw": "phyloP_primates",
    "hg38.phyloP470way.bw": "phyloP_mammals",
    "hg38.phastCons470way.bw": "phastCons_mammals",
    # Zoonomia, dbNSFP, CADD
    "241-mammalian-2020v2.bigWig": "phyloP_mammals",
    "phyloP17way_primate": "phyloP_primates",
    "phastCons470way_mammalian": "phastCons_mammals",
    "phyloP100way_vertebrate": "phyloP_vertebrates",
    "priPhCons": "phastCons_primates",
    "mamPhyloP": "phyloP_mammals",
    "verPhCons": "phastCons_vertebrates",
}
NO_KIND = (
    "phylop",
    "phyloP",
    "phastCons",
    "vertebrates",
    "100way",
    "gerp",
    "phyloP60way",
    "phyloP100way_phastCons100way",
    "phyloP_primates_mammals",
    "phyloP1000way",
    "phyloP_a",
    "x",
)


@pytest.mark.parametrize(("name", "kind"), NAMES.items())
def test_published_names_state_their_kind(name, kind):
    assert kind_of_track(name) == kind
    assert kind_of_track(name.upper()) == kind
    assert kind_of_track("track1", name) == kind


@pytest.mark.parametrize("kind", TRACK_KINDS)
def test_a_kind_is_a_name_of_itself(kind):
    assert kind_of_track(kind, "hg38.phastCons17way.bw") == kind


@pytest.mark.parametrize("name", NO_KIND)
def test_other_names_state_none(name):
    assert kind_of_track(name) is None
    assert kind_of_track(name, "track.bw") is None


@pytest.mark.parametrize(
    ("name", "file", "kind"),
    [
        ("phyloP", "hg38.100way.bw", "phyloP_vertebrates"),
        ("mammals", "hg38.phyloP447way.bw", "phyloP_mammals"),
        ("primates", "hg38.phyloP447way.bw", "phyloP_primates"),
        ("phyloP100way", "hg38.phastCons17way.bw", "phyloP_vertebrates"),
        ("x", "phyloPPrimates.bigWig", None),
        ("phyloP_primates", "phyloPPrimates.bigWig", "phyloP_primates"),
    ],
)
def test_the_name_of_the_track_comes_before_that_of_the_file(name, file, kind):
    assert kind_of_track(name, file) == kind


@pytest.mark.parametrize(
    ("known", "files", "found"),
    [
        (("phyloP_mammals",), {"phyloP447way": "a.bw"}, {"phyloP_mammals": "phyloP447way"}),
        (("phyloP_mammals",), {"x": "hg38.phyloP470way.bw"}, {"phyloP_mammals": "x"}),
        (("phyloP_mammals",), {"phyloP447way": "", "phyloP470way": ""}, {"phyloP_mammals": "phyloP447way"}),
        (("phyloP_mammals",), {"phyloP470way": "", "phyloP447way": ""}, {"phyloP_mammals": "phyloP470way"}),
        (("phyloP_mammals",), {"phyloP447way": "", "phyloP_mammals": ""}, {"phyloP_mammals": "phyloP_mammals"}),
        (("phyloP_mammals",), {"phyloP100way": ""}, {}),
        (("own",), {"own": "hg38.phyloP470way.bw"}, {"own": "own"}),
        (("own",), {"phyloP470way": ""}, {}),
        # A track of the user's own training that has a published name.
        (("phyloP100way",), {"phyloP_vertebrates": ""}, {"phyloP100way": "phyloP_vertebrates"}),
        # No track is counted twice.
        (("phyloP46way", "phyloP100way"), {"phyloP100way": ""}, {"phyloP100way": "phyloP100way"}),
        (("phyloP46way", "phyloP100way"), {"x": "phyloP46way.bw"}, {"phyloP46way": "x"}),
    ],
)
def test_a_track_stands_for_the_known_one_of_its_kind(known, files, found):
    assert tracks_by_kind(known, files) == found


@given(st.lists(st.sampled_from([*NAMES, *NO_KIND]), unique=True, max_size=8))
def test_no_track_stands_for_two_and_none_for_another_kind(names):
    found = tracks_by_kind(TRACK_KINDS, dict.fromkeys(names, ""))
    assert len(set(found.values())) == len(found)
    assert all(kind_of_track(name) == track for track, name in found.items())
    assert set(found) == {kind_of_track(name) for name in names} - {None}
