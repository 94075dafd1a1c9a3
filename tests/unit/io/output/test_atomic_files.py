"""Files and folders appear whole or not at all."""

import os
import signal
from pathlib import Path

import pytest

from varbind.errors import OutputError
from varbind.io.output.atomic_files import fsync_tree, rename_into_place, whole_file, whole_folder, write_whole_file
from varbind.signals import uninterrupted


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_gets_its_name_at_the_end(tmp_path):
    path = tmp_path / "stats.json"
    path.write_bytes(b"old")
    with whole_file(path, b"new"):
        assert path.read_bytes() == b"old"
        assert len(names(tmp_path)) == 2
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["stats.json"]


def test_what_fails_beside_it_leaves_the_old_file(tmp_path):
    path = tmp_path / "stats.json"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), whole_file(path, b"new"):
        raise RuntimeError
    assert (names(tmp_path), path.read_bytes()) == (["stats.json"], b"old")


def test_a_file_that_cannot_be_written_is_told_before_the_block(tmp_path):
    reached = False
    with pytest.raises(OutputError, match="No such file"), whole_file(tmp_path / "no" / "x", b"new"):
        reached = True
    assert not reached


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_whole_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_device_is_written_through():
    write_whole_file("/dev/null", b"new")
    with pytest.raises(OutputError, match="No space left"):
        write_whole_file("/dev/full", b"new")


def test_a_folder_gets_its_name_at_the_end(tmp_path):
    with whole_folder(tmp_path / "a" / "bank", parents=True) as folder:
        (folder / "within").mkdir()
        (folder / "within" / "card").write_bytes(b"new")
        assert not (tmp_path / "a" / "bank").exists()
    assert (tmp_path / "a" / "bank" / "within" / "card").read_bytes() == b"new"
    assert names(tmp_path / "a") == ["bank"]


def test_a_folder_is_gone_where_something_fails(tmp_path):
    def fail():
        with whole_folder(tmp_path / "bank") as folder:
            (folder / "card").write_bytes(b"part")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == []


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("nowhere")])
def test_a_taken_name_is_refused(tmp_path, make):
    make(tmp_path / "bank")
    with pytest.raises(OutputError, match="exists already"), whole_folder(tmp_path / "bank"):
        pass


def test_all_is_synced_before_the_name_is_given(tmp_path, monkeypatch):
    """A power cut after the renaming must not leave an empty file under the name."""
    happened = []
    fsync, replace = os.fsync, type(tmp_path).replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: (happened.append(Path(f"/proc/self/fd/{fd}").readlink().name), fsync(fd))
    )
    monkeypatch.setattr(
        type(tmp_path), "replace", lambda old, new: (happened.append(f"named {new.name}"), replace(old, new))
    )
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "card").write_bytes(b"x")
    fsync_tree(tmp_path / "new")
    rename_into_place(tmp_path / "new", tmp_path / "bank")
    assert happened == ["card", "new", "named bank", tmp_path.name]


def test_a_signal_while_names_are_given_comes_too_late():
    def stop(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, before)
