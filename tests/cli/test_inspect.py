"""What is in a recording, and where its damage starts."""

import gzip
import json
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.cli.inspect import KEPT, Contents, inspect, render
from pipeline.errors import UserError
from pipeline.feeds import open_source


def shown(contents: list[Contents]) -> str:
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(render(contents))
    console.file.close()
    return console.export_text()


def look(*paths) -> dict:
    (found,) = inspect(paths)
    assert json.loads(json.dumps(found.plain())) == found.plain()
    return found.plain()


def test_messages_are_counted_by_kind_with_peers_and_times(data: Path):
    found = look(data / "feeds/rislive/collected/ris_live_real.ndjson")
    assert found["feed"] == "rislive"
    assert found["elements"] == {"announce": 24, "withdraw": 3, "state": 2, "other": 9, "error": 3}
    assert (found["first"], found["last"]) == ("2019-03-26T18:29:55Z", "2026-08-19T12:18:16Z")
    assert found["peers"] == 20
    assert found["damage"] == {"server-error": 3}
    assert found["damage_starts"] == "line 3 of ris_live_real.ndjson"


def test_a_clean_recording_is_not_damaged(data: Path):
    (found,) = inspect([data / "feeds/rislive/derived-from-mrt/rrcXX_20160811_1600_rendered.ndjson"])
    assert not found.damaged
    assert "damage" not in shown([found])
    assert "39,256" in shown([found])


def test_a_case_is_counted_by_signal(data: Path):
    found = look(data / "signals/zhytomyr-2022")
    assert found["rows"] == {"bgp.ioda": 923, "probing.ioda": 462, "telescope.ioda": 923}
    assert found["unobserved"] == {"telescope.ioda": 2}
    assert (found["entities"], found["first"]) == (1, "2022-03-21T09:30:00Z")


def test_the_terminal_shows_where_damage_starts(tmp_path: Path, data: Path):
    packed = (data / "signals/iraq-2023-exams/signals.csv.gz").read_bytes()
    path = tmp_path / "[bold]signals.csv.gz"
    path.write_bytes(packed[:10_000])
    contents = inspect([path])
    text = shown(contents)
    assert "[bold]signals.csv.gz" in text
    assert "damage starts at byte 10000 of the compressed file" in text
    assert " ".join(text.split()).count("the end of the compressed stream is missing") == 1
    assert "1 × truncated-gzip" in text
    assert contents[0].damaged


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", "empty-file", "the file is empty"),
        (b"<html>", "unknown-format", "a web page"),
        (gzip.compress(b"x", mtime=0)[:8], "truncated-gzip", "nothing of it can be read"),
    ],
)
def test_what_is_no_recording_is_damaged_and_the_others_are_still_read(
    tmp_path: Path, data: Path, content, reason, words
):
    path = tmp_path / "thing"
    path.write_bytes(content)
    bad, good = inspect([path, data / "signals/louisiana-2020-laura"])
    assert bad.damage == {reason: 1}
    assert words in shown([bad])
    assert good.rows == {"probing.monash": 664}


def test_a_missing_file_is_a_users_error(tmp_path: Path):
    with pytest.raises(UserError, match="No such file"):
        inspect([tmp_path / "none"])


def test_all_damage_is_counted_and_the_first_places_are_kept(tmp_path: Path):
    path = tmp_path / "x"
    path.write_bytes(b'{"type":"ris_error"}\n' * (3 * KEPT))
    found = look(path)
    assert (found["damage"], found["dead_letters"]) == ({"server-error": 3 * KEPT}, 3 * KEPT)
    assert len(found["damage_places"]) == KEPT


@pytest.mark.parametrize(
    ("header", "word"), [("start,end,entity_type,entity,kind,source", "labels"),
                         ("entity_type,entity,parent,name,mobile", "entities")],
)  # fmt: skip
def test_a_table_beside_a_cases_signals_is_named(tmp_path: Path, header: str, word: str):
    (tmp_path / "x.csv").write_text(header + "\n")
    contents = inspect([tmp_path / "x.csv"])
    assert contents[0].damaged
    assert f"a case's {word}: inspect or replay its folder" in shown(contents)
    with pytest.raises(UserError, match=f"a case's {word}: inspect or replay its folder"):
        open_source(tmp_path / "x.csv")
    assert "damage starts" not in shown(contents)


@pytest.mark.parametrize("content", [b"hello", b"\x89PNG\r\n\x1a\n", b"\x00\x01\x02"])
def test_what_is_shown_to_people_has_no_python_in_it(tmp_path: Path, content: bytes):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UserError) as error:
        open_source(tmp_path / "x")
    for words in (shown(inspect([tmp_path / "x"])), str(error.value)):
        assert "b'" not in words
        assert "\\x" not in words


def test_a_spreadsheets_semicolons_are_named(tmp_path: Path):
    (tmp_path / "x.csv").write_text("time;signal;entity_type;entity;value\n")
    assert "semicolons between its cells, where commas are wanted" in shown(inspect([tmp_path / "x.csv"]))


def test_a_table_that_was_given_up_says_where_and_up_to_when_it_was_read(tmp_path: Path):
    rows = "2024-02-08T00:00:00Z,bgp.ris,country,PK,1\n" + "soon,bgp.ris,country,PK,1\n" * 20_000
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + rows)
    text = " ".join(shown(inspect([tmp_path])).split())
    assert "gave up at line 10002 of signals.csv: 10,000 damaged rows, the last row used is of 2024-02-08T00:00" in text
    assert "(wanted a time as 2024-02-08T01:45:00Z)" in text
    assert [told["reason"] for told in look(tmp_path)["given_up"]] == ["too-damaged"]


def test_a_table_with_a_header_only_has_no_rows(tmp_path: Path):
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n")
    assert "│ rows │     0 │" in shown(inspect([tmp_path]))


def test_lines_of_the_entities_to_which_no_row_belongs_are_named(tmp_path: Path):
    (tmp_path / "signals.csv").write_text(
        "time,signal,entity_type,entity,value\n2024-02-08T00:00:00Z,bgp.ris,asn,AS59257,1\n"
    )
    (tmp_path / "entities.csv").write_text(
        "entity_type,entity,parent,name,mobile\nasn,AS59257,PK,Zong,yes\nasn,45669,PK,Jazz,yes\n"
    )
    contents = inspect([tmp_path])
    assert look(tmp_path)["unmatched"] == [{"entity_type": "asn", "entity": "45669"}]
    assert "No row of the table is about asn 45669 of" in shown(contents)
