"""The judge of what is left: what is against the promise is seen."""

import pytest
from faults.aftermath import STATS, Job, Scene
from integration.runs import Run

JOB = Job("out.vcf.gz", ("-W",), old=True, stats=True)
NAMES = ("out.vcf.gz", "out.vcf.gz.csi", STATS)
DONE, STOPPED = Run(0, b"", ""), Run(143, b"", "")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    scene = Scene(tmp_path_factory.mktemp("aftermath") / "scene", JOB, scored=20, passed=20)
    assert {*scene.old} == {*scene.new} == {*NAMES}
    return scene


@pytest.fixture
def scene(made):
    made.restore()
    return made


def put(scene, contents):
    for name, data in contents.items():
        (scene.results / name).write_bytes(data)


def test_old_and_whole_new_are_well(scene):
    assert scene.flaws(STOPPED, killed=False) == []
    put(scene, scene.new)
    assert scene.flaws(DONE, killed=False) == []
    assert scene.flaws(Run(-9, b"", ""), killed=True) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_seen(scene, name):
    put(scene, {name: scene.new[name][:-1]})
    for killed in (False, True):
        assert f"{name} is a part" in scene.flaws(STOPPED, killed=killed)


@pytest.mark.parametrize("name", NAMES[:2])
def test_an_index_of_another_file_is_seen(scene, name):
    put(scene, {name: scene.new[name]})
    for killed in (False, True):
        assert scene.flaws(STOPPED, killed=killed) == ["the index belongs to another file"]


def test_a_missing_index_is_no_lie_after_a_kill_alone(scene):
    (scene.results / NAMES[1]).unlink()
    assert scene.flaws(Run(-9, b"", ""), killed=True) == []
    assert scene.flaws(STOPPED, killed=False) != []


def test_success_without_the_new_output_is_seen(scene):
    assert scene.flaws(DONE, killed=False) != []


def test_a_stop_with_the_new_output_is_seen(scene):
    put(scene, scene.new)
    assert scene.flaws(STOPPED, killed=False) == ["exit 143, yet the new output is there"]


HIDDEN = ".out.vcf.gz.varbind-k3_x90ab"
LEFT = {
    f"{HIDDEN}/result.vcf.gz": True,
    f"{HIDDEN}/result.vcf.gz.csi": True,
    f"{HIDDEN}/old-0": True,
    ".stats.json.varbind-0123abcd": True,
    f"{HIDDEN}/else": False,
    "result.vcf.gz": False,
    "x.tmp": False,
    ".x": False,
}


@pytest.mark.parametrize(("name", "allowed"), LEFT.items())
def test_only_a_kill_leaves_only_temporary_files(scene, name, allowed):
    (scene.results / name).parent.mkdir(exist_ok=True)
    put(scene, {name: b""})
    assert f"{name} is left" in scene.flaws(STOPPED, killed=False)
    assert scene.flaws(Run(-9, b"", ""), killed=True) == ([] if allowed else [f"{name} is left"])


def test_an_empty_hidden_folder_is_seen(scene):
    (scene.results / HIDDEN).mkdir()
    assert scene.flaws(STOPPED, killed=False) == [f"{HIDDEN} is left"]
    assert scene.flaws(Run(-9, b"", ""), killed=True) == []
    assert scene.temporaries == {}


def test_the_new_name_and_the_hidden_files_tell_how_far_a_run_is(scene):
    assert scene.temporaries is None
    assert not scene.is_named
    (scene.results / HIDDEN).mkdir()
    put(scene, {f"{HIDDEN}/result.vcf.gz": b"part"})
    assert scene.temporaries == {"result.vcf.gz": 4}
    put(scene, {NAMES[0]: scene.new[NAMES[0]]})
    assert scene.is_named


def test_a_changed_input_is_seen(made):
    made.restore()
    before = made.source.read_bytes()
    made.source.write_bytes(before + b"\n")
    assert "an input is changed" in made.flaws(STOPPED, killed=True)
    made.source.write_bytes(before)
