"""What is in a recording, and where its damage starts."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.cli.inspect import KEPT, Contents, inspect, render
from pipeline.errors import UserError
from pipeline.feeds import Recorder, open_source
from pipeline.records import DeadLetter
from tests.frames import BEAT, ROWS

HEAD = "time,signal,entity_type,entity,value\n"


def shown(contents: list[Contents]) -> str:
    """What the terminal shows, in one line."""
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(render(contents))
    console.file.close()
    return " ".join(console.export_text().split())


def look(*paths: Path) -> dict:
    (found,) = inspect(paths)
    assert json.loads(json.dumps(found.plain())) == found.plain()
    return found.plain()


def test_messages_are_counted_by_kind_with_peers_and_times(data: Path):
    found = look(data / "feeds/rislive/collected/ris_live_real.ndjson")
    assert found["elements"] == {"announce": 24, "withdraw": 3, "state": 2, "other": 9, "error": 3}
    assert (found["first"], found["last"]) == ("2019-03-26T18:29:55Z", "2026-08-19T12:18:16Z")
    assert (found["feed"], found["peers"], found["damage"]) == ("rislive", 20, {"server-error": 3})
    assert found["damage_starts"] == "line 3 of ris_live_real.ndjson"


def test_a_case_is_counted_by_signal_and_is_not_damaged(data: Path):
    found = look(data / "signals/zhytomyr-2022")
    assert found["rows"] == {"bgp.ioda": 923, "probing.ioda": 462, "telescope.ioda": 923}
    assert found["unobserved"] == {"telescope.ioda": 2}
    assert (found["entities"], found["first"], found["damage"]) == (1, "2022-03-21T09:30:00Z", {})
    assert "damage" not in shown(inspect([data / "signals/zhytomyr-2022"]))


def test_the_terminal_shows_where_damage_starts(tmp_path: Path, data: Path):
    path = tmp_path / "[bold]signals.csv.gz"
    path.write_bytes((data / "signals/iraq-2023-exams/signals.csv.gz").read_bytes()[:10_000])
    text = shown(inspect([path]))
    assert "[bold]signals.csv.gz" in text
    assert "damage starts at byte 10000 of the compressed file" in text
    assert text.count("the end of the compressed stream is missing") == 1
    assert "1 × truncated-gzip" in text


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", "empty-file", "the file is empty"),
        (b"<html>", "unknown-format", "a web page"),
        (b"\x89PNG\r\n\x1a\n", "unknown-format", ""),
        (gzip.compress(b"x", mtime=0)[:8], "truncated-gzip", "nothing of it can be read"),
        (b"time;signal;entity_type;entity;value\n", "unknown-format", "semicolons between its cells, where commas are"),
        (
            b"start,end,entity_type,entity,kind,source\n",
            "unknown-format",
            "a case's labels: inspect or replay its folder",
        ),
        (
            b"entity_type,entity,parent,name,mobile\n",
            "unknown-format",
            "a case's entities: inspect or replay its folder",
        ),
    ],
)
def test_what_is_no_recording_is_damaged_and_the_others_are_still_read(
    tmp_path: Path, content: bytes, reason: str, words: str
):
    path, other = tmp_path / "x.csv", tmp_path / "signals.csv"
    path.write_bytes(content)
    other.write_text(HEAD + "2024-02-08T00:00:00Z,bgp.ris,country,PK,1\n")
    bad, good = inspect([path, other])
    assert bad.damage == {reason: 1}
    assert good.rows == {"bgp.ris": 1}
    with pytest.raises(UserError) as error:
        open_source(path)
    for said in (shown([bad]), str(error.value)):
        assert words in said
        assert ("b'" in said, "\\x" in said) == (False, False), "no Python"


def test_all_damage_is_counted_and_the_first_places_are_kept(tmp_path: Path):
    path = tmp_path / "x"
    path.write_bytes(b'{"type":"ris_error"}\n' * (3 * KEPT))
    found = look(path)
    assert (found["damage"], found["dead_letters"]) == ({"server-error": 3 * KEPT}, 3 * KEPT)
    assert len(found["damage_places"]) == KEPT


def test_a_table_that_was_given_up_says_where_and_up_to_when_it_was_read(tmp_path: Path):
    rows = "2024-02-08T00:00:00Z,bgp.ris,country,PK,1\n" + "soon,bgp.ris,country,PK,1\n" * 20_000
    (tmp_path / "signals.csv").write_text(HEAD + rows)
    text = shown(inspect([tmp_path]))
    assert "gave up at line 10002 of signals.csv: 10,000 damaged rows, the last row used is of 2024-02-08T00:00" in text
    assert "(wanted a time as 2024-02-08T01:45:00Z)" in text
    assert [one["reason"] for one in look(tmp_path)["given_up"]] == ["too-damaged"]


def test_an_archive_of_recorded_frames_shows_its_feeds_heartbeats_and_damage(tmp_path: Path):
    recorder = Recorder(tmp_path / "frames")
    for frame in (
        replace(ROWS, feed="radar"),
        BEAT,
        replace(BEAT, partition=0),
        DeadLetter("r", "table", "bad-json", "byte 7"),
    ):
        recorder.write(frame)
    recorder.close()
    found = look(tmp_path / "frames")
    assert (found["feed"], found["rows"], found["heartbeats"]) == ("radar, table", {"bgp.ris": 2}, {"up": 1})
    assert found["damage"] == {"bad-json": 1}
    assert "heartbeats, up" in shown(inspect([tmp_path / "frames"]))
