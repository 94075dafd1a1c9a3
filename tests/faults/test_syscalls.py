"""Rows 49 to 51 at the system calls that concern the folder of results; a share of them, more in the slow test."""

import os
import random
import shutil

import pytest
from faults.aftermath import Scene
from faults.counting import is_broken
from faults.syscalls import (
    CHOSEN,
    ERRORS,
    FAULTS,
    NAMES,
    PLACES,
    SIZES,
    Call,
    calls_of,
    sample,
    strike,
    strikes_of,
    table,
)
from quick_cases import first_quick

SEED = 1
# Each kind of call that runs make, and each fault, at least once; the ways of writing share them out.
KINDS = {
    "openat": "EROFS",
    "read": "EIO",
    "close": "EDQUOT",
    "mkdir": "SIGTERM",
    "write": "ENOSPC",
    "fsync": "EIO",
    "rename": "SIGKILL",
    "unlinkat": "EIO",
    "rmdir": "EACCES",
}


@pytest.fixture(scope="module", params=first_quick(CHOSEN), ids=lambda job: job.output)
def traced_scene(request, tmp_path_factory):
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    scene = Scene(tmp_path_factory.mktemp("calls") / "scene", request.param, **SIZES)
    assert scene.new
    return scene


def assert_kept(scene, strikes, every):
    for one in strikes:
        strike(scene, one)
    assert [str(one) for one in strikes if is_broken(one)] == [], table(strikes, every)
    # The numbers of calls are those of another run, and may differ a little.
    assert sum(one.met for one in strikes) >= len(strikes) * 3 // 4, table(strikes, every)


@pytest.mark.slow
def test_one_fault_at_each_kind_of_call(traced_scene):
    calls = calls_of(traced_scene)
    every = strikes_of(traced_scene.job, calls, FAULTS)
    drawn = sample(every, places=1, draw=random.Random(SEED))
    kinds = list(KINDS.items())[CHOSEN.index(traced_scene.job) :: len(CHOSEN)]
    strikes = [one for one in drawn if (one.call.name, one.fault) in kinds]
    assert len(strikes) == len(kinds)
    assert_kept(traced_scene, strikes, len(every))


@pytest.mark.skipif("VARBIND_ALL_FAULTS" not in os.environ, reason="takes ten minutes: VARBIND_ALL_FAULTS=1 runs it")
@pytest.mark.slow
def test_faults_at_several_places(traced_scene):
    every = strikes_of(traced_scene.job, calls_of(traced_scene), FAULTS)
    assert_kept(traced_scene, sample(every, places=PLACES, draw=random.Random(SEED)), len(every))


def test_every_fault_has_its_turn():
    assert set(KINDS.values()) == set(FAULTS)


def test_a_sample_has_every_kind_and_no_place_twice():
    calls = [Call("write", number, f"place {number % 5}", writes=True, clears=False) for number in range(40)]
    chosen = sample(strikes_of(CHOSEN[0], calls, FAULTS), places=3, draw=random.Random(SEED))
    assert {one.fault for one in chosen} == {fault for fault in FAULTS if "write" in ERRORS.get(fault, NAMES)}
    for fault in {one.fault for one in chosen}:
        assert len({one.call.place for one in chosen if one.fault == fault}) == 3
        assert sum(one.fault == fault for one in chosen) == 3
