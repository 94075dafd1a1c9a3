"""Compiled functions are pickles on disk: those that others can write are not read."""

import os
import pickle
import stat

import numba
import pytest
from security.bombs import Bomb

from varbind.kernels.cpu import numba_cache as module
from varbind.kernels.cpu.numba_cache import compiled

OTHERS_WRITE = (stat.S_IWGRP, stat.S_IWOTH, stat.S_IWGRP | stat.S_IWOTH)


def doubled(number):
    return 2 * number


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's own folder for caches, empty; the package's is out of reach."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module._InTree, "from_function", classmethod(lambda *_: None))
    return tmp_path / "home"


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A folder for caches that the user names."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "shared"))
    return tmp_path / "shared"


@pytest.fixture
def planted(home, shared, tmp_path):
    """The index of a cache that is no index, and the trace that it leaves when it is read."""
    assert compiled(doubled)(3) == 6
    (index,) = shared.rglob("*.nbi")
    index.write_bytes(pickle.dumps(Bomb(tmp_path / "trace")))
    return index, tmp_path / "trace"


def test_a_cache_of_ones_own_is_read(planted):
    """So the bomb lies where it would be found."""
    _, trace = planted
    assert compiled(doubled)(4) == 8
    assert trace.exists()


@pytest.mark.parametrize("bits", OTHERS_WRITE, ids=oct)
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_cache_that_others_can_write_is_not_read(planted, what, bits):
    index, trace = planted
    place = index.parent if what == "folder" else index
    place.chmod(place.stat().st_mode | bits)
    index.parent.chmod(index.parent.stat().st_mode | stat.S_IXOTH)
    assert compiled(doubled)(4) == 8
    assert not trace.exists()


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_cache_of_another_user_is_not_read(planted, what):
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    index, trace = planted
    os.chown(index.parent if what == "folder" else index, 12_345, -1)
    index.parent.chmod(stat.S_IRWXU | stat.S_IXOTH)
    assert compiled(doubled)(4) == 8
    assert not trace.exists()


def test_a_link_to_a_file_elsewhere_is_not_read(planted, tmp_path):
    index, trace = planted
    index.parent.chmod(index.parent.stat().st_mode | stat.S_IXOTH)
    elsewhere = index.rename(tmp_path / "elsewhere")
    index.symlink_to(elsewhere)
    assert compiled(doubled)(4) == 8
    assert not trace.exists()


def test_without_a_folder_of_ones_own_nothing_is_kept(shared, home, tmp_path):
    """Where others can write, the user's own folder is taken; where they can there too, none is."""
    assert compiled(doubled)(3) == 6
    (folder,) = {path.parent for path in shared.rglob("*.nbi")}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    for path in folder.iterdir():
        path.unlink()
    folder.chmod(0o777)
    assert compiled(doubled)(3) == 6
    (own,) = {path.parent for path in home.rglob("*.nbi")}
    assert not list(folder.iterdir())
    for path in own.iterdir():
        path.unlink()
    own.chmod(0o770)
    assert compiled(doubled)(3) == 6
    assert not list(folder.iterdir())
    assert not list(own.iterdir())
