"""Files are written whole or not at all, and never over what is being read; a folder is of one process."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.commands import ReplayOptions
from pipeline.errors import UserError
from pipeline.files import keep_to_oneself, written
from tests.evaluation.made import case

TABLE = "time,signal,entity_type,entity,value\n2024-02-08T00:00:00Z,bgp.ris,country,PK,7\n"


def test_what_was_there_stays_where_the_writing_fails(tmp_path: Path) -> None:
    place = tmp_path / "outages.jsonl"
    place.write_text("yesterday's")

    def half() -> None:
        with written(place) as file:
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match=r"outages.jsonl' cannot be written: No space left on device"):
        half()
    assert place.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [place]


def test_a_file_keeps_who_may_read_it_and_its_neighbours_stay(tmp_path: Path) -> None:
    place, neighbour = tmp_path / "outages.jsonl", tmp_path / "outages.jsonl.part"
    place.touch(0o600)
    neighbour.write_text("somebody's")
    with written(place) as file:
        file.write(b"one")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert neighbour.read_text() == "somebody's"
    with written(tmp_path / "new") as file:
        file.write(b"one")
    (tmp_path / "usual").touch()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize(("refused", "why"), [("replace", errno.EBUSY), ("open", errno.EACCES)])
def test_a_mounted_file_and_one_whose_folder_takes_no_file_are_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str, why: int
) -> None:
    place = tmp_path / "outages.jsonl"
    place.write_text("yesterday's, which was longer")
    usual, before = getattr(Path, refused), place.stat().st_ino

    def refuse(path: Path, *rest: object, **more: object) -> object:
        if path.suffix == ".part":
            raise OSError(why, os.strerror(why))
        return usual(path, *rest, **more)

    monkeypatch.setattr(Path, refused, refuse)
    with written(place) as file:
        file.write(b"one")
    assert (place.read_bytes(), place.stat().st_ino) == (b"one", before)
    assert list(tmp_path.iterdir()) == [place]


def test_the_output_of_a_command_may_be_its_own_pipe(tmp_path: Path) -> None:
    (tmp_path / "signals.csv").write_text(TABLE)
    command = [sys.executable, "-m", "pipeline", "replay", str(tmp_path), "--outages", "/dev/stdout"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "cannot be written" not in done.stderr
    assert "wrote 0 outages to /dev/stdout" in done.stdout


@pytest.mark.parametrize("option", ["outages", "metrics"])
def test_a_recording_is_not_written_over(tmp_path: Path, option: str) -> None:
    recording = tmp_path / "signals.csv"
    recording.write_text(TABLE)
    for source in (recording, tmp_path):
        with pytest.raises(UserError, match=r"signals.csv' is a recording that is replayed"):
            ReplayOptions(**{option: recording}).check_apart([str(source)])


@pytest.mark.parametrize("option", ["outages", "metrics"])
def test_nor_are_the_settings(tmp_path: Path, option: str) -> None:
    settings = tmp_path / "own.toml"
    settings.touch()
    with pytest.raises(UserError, match=r"own.toml' is the file of the settings: it would be written over"):
        ReplayOptions(**{option: settings}, settings=settings).check()


@pytest.mark.parametrize("words", [["replay"], ["replay", "--json"], ["inspect"]])
def test_an_output_without_room_is_one_sentence(tmp_path: Path, words: list[str]) -> None:
    recording = tmp_path / "signals.csv"
    recording.write_text(TABLE)
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "pipeline", *words, str(recording)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (
        2,
        ["netvigil: the output cannot be written: No space left on device"],
    )
    assert "Traceback" not in done.stderr


def test_a_disk_that_is_full_in_the_end_takes_no_answer_away(tmp_path: Path) -> None:
    (tmp_path / "signals.csv").write_text(TABLE)
    command = [sys.executable, "-m", "pipeline", "replay", str(tmp_path), "--metrics", "/dev/full"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no outage found" in done.stdout
    assert done.stderr == "netvigil: '/dev/full' cannot be written: No space left on device\n"


@pytest.mark.parametrize("words", [["replay", "--outages"], ["evaluate", "--detector", "ours", "--report"]])
def test_a_pipe_that_is_closed_before_the_answer_takes_no_file_away(tmp_path: Path, words: list[str]) -> None:
    folder, asked = case(tmp_path / "dark"), tmp_path / "asked"
    unread, pipe = os.pipe()
    os.close(unread)
    command = [sys.executable, "-m", "pipeline", *words, str(asked), str(folder)]
    done = subprocess.run(command, stdout=pipe, stderr=pipe, check=False)
    os.close(pipe)
    assert done.returncode == 1
    assert asked.stat().st_size > 0


HOLDS = "import fcntl, sys; fcntl.flock(sys.stdout, fcntl.LOCK_EX); sys.stderr.write('held\\n'); sys.stdin.read()"


def test_a_folder_is_of_one_process(tmp_path: Path) -> None:
    with (
        (tmp_path / "lock").open("w") as lock,
        subprocess.Popen(
            [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=lock, stderr=subprocess.PIPE
        ) as other,
    ):
        assert other.stderr
        other.stderr.readline()
        with pytest.raises(UserError, match=r"^another netvigil uses .*: give one of them another folder"):
            keep_to_oneself(tmp_path)
        other.communicate()
    keep_to_oneself(tmp_path)
    keep_to_oneself(tmp_path)
