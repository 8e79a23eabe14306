"""Files written whole: over others, through links, into pipes, under any name that can be."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from modelviz.errors import OutputError
from modelviz.files import write_bytes, write_text

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions and pipes of POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [0o600, 0o640, 0o755])
def test_a_file_keeps_its_permissions(tmp_path: Path, before: int) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old")
    path.chmod(before)
    write_text(path, "new")
    assert (path.read_text(), mode(path)) == ("new", before)
    assert os.listdir(tmp_path) == ["a.svg"]


def test_a_new_file_gets_those_of_any_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").touch()
    # Other threads would make files with whatever mask is set meanwhile.
    monkeypatch.setattr(os, "umask", None)
    write_text(tmp_path / "a.svg", "new")
    assert mode(tmp_path / "a.svg") == mode(tmp_path / "other")


def test_a_link_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "target.svg", tmp_path / "link.svg"
    target.write_text("old")
    link.symlink_to("target.svg")
    write_text(link, "new")
    assert link.is_symlink() and target.read_text() == "new"


def test_a_link_to_nothing_makes_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "link.svg").symlink_to("target.svg")
    write_text(tmp_path / "link.svg", "new")
    assert (tmp_path / "target.svg").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe.svg"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    write_bytes(path, b"x" * 200_000)
    reader.join(60)
    assert read == [b"x" * 200_000]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_link_to_an_open_pipe_is_written_to(tmp_path: Path) -> None:
    source, sink = os.pipe()
    (tmp_path / "out.svg").symlink_to(f"/dev/fd/{sink}")
    try:
        write_bytes(tmp_path / "out.svg", b"new")
        assert os.read(source, 10) == b"new"
    finally:
        os.close(source)
        os.close(sink)


def test_the_longest_name_of_the_system(tmp_path: Path) -> None:
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    path = tmp_path / ("n" * (longest - 4) + ".svg")
    write_text(path, "new")
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("n" * 300 + ".svg", "File name too long"),
        ("n" * 300 + "/a.svg", "cannot write"),
        ("a\0b.svg", "null"),
        ("file/a.svg", "cannot write"),
        ("missing/a.svg", "does not exist"),
        ("folder", "it is a folder"),
        ("loop.svg", "symbolic links"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop.svg").symlink_to("loop.svg")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OutputError, match=reason):
        write_text(tmp_path / name, "new")
    assert sorted(os.listdir(tmp_path)) == before


def test_nothing_is_left_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*paths: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.svg").write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_text(tmp_path / "a.svg", "new")
    assert os.listdir(tmp_path) == ["a.svg"]
    assert (tmp_path / "a.svg").read_text() == "old"
