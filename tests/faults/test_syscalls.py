"""Rows 49 to 51 at every system call that concerns the folder of results; a share of them, all in the slow test."""

import shutil

import pytest
from faults.aftermath import JOBS, Scene
from faults.syscalls import ERRORS, SIGNALS, SIZES, calls_of, strike, strikes_of, table

FAULTS = [*(number.name for number in SIGNALS), *ERRORS]
SHARE = 4
CHOSEN = [job for job in JOBS if job.old and job.stats]


@pytest.fixture(scope="module", params=CHOSEN, ids=lambda job: job.output)
def traced_scene(request, tmp_path_factory):
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    scene = Scene(tmp_path_factory.mktemp("calls") / "scene", request.param, **SIZES)
    assert scene.new
    return scene


def assert_kept(scene, strikes):
    for one in strikes:
        strike(scene, one)
    assert [str(one) for one in strikes if one.flaws or one.wrong_code] == [], table(strikes)


def test_a_share_of_the_faults(traced_scene):
    calls = calls_of(traced_scene)
    assert {"openat", "write", "close", "fsync", "rename"} <= {call.name for call in calls}
    every = strikes_of(traced_scene.job, calls, FAULTS)
    strikes = every[:: len(every) // SHARE]
    assert_kept(traced_scene, strikes)
    assert any(one.met for one in strikes)


@pytest.mark.slow
def test_all_faults(traced_scene):
    assert_kept(traced_scene, strikes_of(traced_scene.job, calls_of(traced_scene), FAULTS))
