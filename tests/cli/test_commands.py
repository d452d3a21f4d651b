"""What the commands print and return, for people and for programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pipeline.signals
from pipeline.cli.arguments import app, main
from pipeline.errors import UserError
from pipeline.geo.places import Places
from tests.explain.recordings import ANNOUNCED, END, HEAD, HOUR, series


def case(folder: Path, rows: str = "") -> Path:
    (folder / "signals.csv").write_text(HEAD + rows)
    return folder


def ran(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in arguments], catch_exceptions=False)
    assert done.exit_code == code
    return done.stdout


def test_json_is_one_object_with_iso_times(tmp_path: Path) -> None:
    rows = "2024-02-08T00:00:00Z,bgp.ris,country,PK,100\n2024-02-08T00:05:00Z,bgp.ris,country,PK,\n"
    told = json.loads(ran("replay", case(tmp_path, rows), "--json", code=1))
    assert told.pop("records") == {"read": 2, "used": 2, "late": 0, "dead": 0}
    assert (told.pop("watermark"), told.pop("judged_from")) == ("2024-02-08T00:10:00Z", None)
    assert [told.pop(name) for name in ("judged", "missed", "refused")] == [0, 0, 0]
    lists = "moved broken few_sources not_judged now given_up unmatched outages"
    assert told == {name: [] for name in lists.split()}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["replay", "nowhere"], "nowhere"),
        (["replay", ".", "--through", "pigeon"], "--through 'pigeon'"),
        (["replay", ".", "--speed", "fast"], "--speed 'fast'"),
        (["replay", ".", "--tense", "live"], "--broker"),
        (["replay", ".", "--tense", "drill"], "--tense 'drill' needs --through kafka and --broker"),
        (["replay", ".", "--tense", "drill", "--through", "kafka"], "--broker"),
        (["replay", ".", "--through", "kafka", "--broker", "localhost"], "--broker 'localhost'"),
        (["replay", ".", "--outages", "nowhere/o.jsonl"], "nowhere/o.jsonl"),
        (["replay", ".", "--workers", "2"], "--workers 2 needs --through kafka"),
        (["replay", ".", "--outages", "x", "--metrics", "./x"], "--outages and --metrics are both 'x'"),
        (["demo", "--write", "."], "signals.csv is there already, and no reconstruction"),
        (["check"], "--broker"),
        (["demo", "--seed", "-1"], "--seed -1 is below 0"),
        (["worker", "--broker", "kafka://localhost:9092", "--feed", "tea leaves"], "--feed 'tea leaves'"),
        (["worker", "--broker", "kafka://localhost:9092", "--group", ""], "a group cannot be called ''"),
        (["worker", "--broker", "kafka://localhost:9092", "--group", "a/b c"], "a group cannot be called 'a/b c'"),
        (["worker", "--broker", "kafka://localhost:9092", "--group", "netvigil-own-x"], "how replays call theirs"),
        (["worker", "--broker", "kafka://localhost:9092", "--metrics-port", "99999"], "--metrics-port 99999"),
        (["worker", "--broker", "kafka://localhost:9092", "--metrics-port", "-5"], "--metrics-port -5"),
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


@pytest.mark.parametrize("command", ["replay", "inspect"])
def test_of_a_folder_of_cases_those_are_named_that_have_a_table(command: str, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    case(tmp_path / "one")
    (tmp_path / "two" / "signals.csv.gz").write_bytes(b"")
    (tmp_path / "three" / "notes.txt").write_text(HEAD)
    told = f"{tmp_path}: a folder without signals.csv or signals.csv.gz"
    with pytest.raises(UserError) as error:
        CliRunner().invoke(app, [command, str(tmp_path)], catch_exceptions=False)
    assert str(error.value) == f"{told}; folders in it have one ({tmp_path}/*/): one; two"
    with pytest.raises(UserError) as error:
        CliRunner().invoke(app, [command, str(tmp_path / "three")], catch_exceptions=False)
    assert str(error.value) == told.replace(str(tmp_path), str(tmp_path / "three"))


def test_a_feed_that_ends_early_or_gives_nothing_does_not_hide_what_the_others_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.signals, "places", lambda: Places.of([("198.51.100.0/24", "PK")]))
    table = case(tmp_path, series(48, low=range(2)))
    early, broken = tmp_path / "early.ndjson", tmp_path / "broken.ndjson"
    early.write_text(ANNOUNCED % (END - 24 * HOUR))
    broken.write_text('{"type":"ris_error","data":{"message":"go away"}}\n')
    alone = json.loads(ran("replay", table, "--json"))["outages"]
    assert [outage["state"] for outage in alone] == ["confirmed"]
    for other in (early, broken):
        assert json.loads(ran("replay", table, other, "--json", code=1))["outages"] == alone


def test_one_signal_on_two_grids_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder, minute in zip(folders, (0, 5), strict=True):
        folder.mkdir()
        rows = "".join(f"2024-02-08T{h:02}:{minute:02}:00Z,probing.ioda,country,PK,1\n" for h in range(9))
        (folder / "signals.csv").write_text(HEAD + rows)
    with pytest.raises(UserError, match="a signal has one grid of bins"):
        ran("replay", *folders)


def test_words_of_the_input_do_not_steer_the_terminal(tmp_path: Path) -> None:
    rows = "oops [/x] \x1b[2Jrow\n2024-02-08T00:00:00Z,bgp.ris,region,PK-\x1b[31m,1\n"
    said = ran("replay", case(tmp_path, rows), "--why", code=1)
    assert "oops [/x] ?[2Jrow" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("option", ["--outages", "--metrics"])
@pytest.mark.parametrize("target", ["", "nowhere/x"])
def test_a_file_that_cannot_be_written_is_said_before_the_work(tmp_path: Path, option: str, target: str) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        ran("replay", case(tmp_path), option, tmp_path / target)


def test_a_replay_that_fails_leaves_no_empty_answer_behind(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        ran("replay", tmp_path / "nothere.csv", "--outages", tmp_path / "o.jsonl")
    assert not (tmp_path / "o.jsonl").exists()
