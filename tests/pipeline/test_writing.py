"""What a person asked for is written whole or not at all, and never over what is being read."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.commands import ReplayOptions
from pipeline.errors import UserError
from pipeline.writing import written

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


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link, place = tmp_path / "latest", tmp_path / "outages.jsonl"
    link.symlink_to(place)
    with written(link) as file:
        file.write(b"one")
    assert link.is_symlink()
    assert place.read_bytes() == b"one"


def test_a_full_device_is_one_sentence() -> None:
    def fill() -> None:
        with written(Path("/dev/full")) as file:
            file.write(b"x" * 100_000)

    with pytest.raises(UserError, match="'/dev/full' cannot be written: No space left on device"):
        fill()


@pytest.mark.parametrize("option", ["outages", "metrics"])
def test_a_recording_is_not_written_over(tmp_path: Path, option: str) -> None:
    recording = tmp_path / "signals.csv"
    recording.write_text(TABLE)
    for source in (recording, tmp_path):
        with pytest.raises(UserError, match=r"signals.csv' is a recording that is replayed"):
            ReplayOptions(**{option: recording}).check_apart([str(source)])


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
