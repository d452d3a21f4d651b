"""What the commands print and return, for people and for programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app, main

HEAD = "time,signal,entity_type,entity,value\n"


def case(folder: Path, rows: str = "") -> Path:
    (folder / "signals.csv").write_text(HEAD + rows)
    return folder


def ran(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_json_is_one_object_with_iso_times(tmp_path: Path) -> None:
    rows = "2024-02-08T00:00:00Z,bgp.ris,country,PK,100\n2024-02-08T00:05:00Z,bgp.ris,country,PK,\n"
    told = json.loads(ran("replay", case(tmp_path, rows), "--json"))
    assert told == {
        "watermark": "2024-02-08T00:10:00Z",
        "judged": 0,
        "records": {"read": 2, "used": 2, "late": 0, "dead": 0},
        "outages": [],
    }


def test_a_recording_without_a_record_has_no_watermark(tmp_path: Path) -> None:
    assert json.loads(ran("replay", case(tmp_path), "--json"))["watermark"] is None


def test_damage_is_told_to_the_person_who_replays(tmp_path: Path) -> None:
    rows = "2024-02-08T00:00:00Z,bgp.ris,country,PK,100\nyesterday,bgp.ris,country,PK,1\n"
    words = ran("replay", case(tmp_path, rows))
    assert "1 dead" in words
    assert "dead letter: table:" in words


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["replay", "nowhere"], "nowhere"),
        (["replay", ".", "--through", "pigeon"], "--through 'pigeon'"),
        (["replay", ".", "--speed", "fast"], "--speed 'fast'"),
        (["replay", ".", "--tense", "live"], "--broker"),
        (["replay", ".", "--through", "kafka", "--broker", "localhost"], "--broker 'localhost'"),
        (["replay", ".", "--outages", "nowhere/o.jsonl"], "nowhere/o.jsonl"),
        (["worker", "--broker", "kafka://localhost:9092", "--feed", "tea leaves"], "--feed 'tea leaves'"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_it(
    arguments: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(case(tmp_path))
    monkeypatch.setattr("sys.argv", ["netvigil", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("netvigil: ")
    assert named in sentence
