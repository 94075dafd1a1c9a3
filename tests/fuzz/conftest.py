"""One small world for all tests of this folder."""

import pytest
from fuzz.world import World, build


@pytest.fixture(scope="session")
def _world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    return World(build(folder / "sound"), folder / "world")


@pytest.fixture
def world(_world):
    """Nothing of an earlier test is left in it."""
    _world.clear()
    return _world


@pytest.fixture(scope="session")
def shared_world(_world):
    """For properties, whose examples share one call."""
    return _world
