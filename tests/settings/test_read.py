"""Settings in a file: what it names counts, and a mistake is one sentence.  The page of docs shows them all."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detectors.model import Model
from pipeline.cli.arguments import app, main
from pipeline.codec import iso
from pipeline.errors import UserError
from pipeline.settings import Calendar, Counting, Settings, Telling
from pipeline.settings.__main__ import page
from pipeline.settings.read import changed, chosen, read_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_what_a_file_does_not_name_stays_as_it_is(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "silence = 60\n[model]\nsuspect = 0.6\nquiet_hours = [1, 2]\n[calendar]\ndays.'PK 2024-02-08' = 'coup'\n"
        "[counting.floors]\n4 = 1",
    )
    assert read_settings(path) == Settings(
        counting=Counting(floors={4: 1, 6: 10_000}), silence=60,
        model=Model(suspect=0.6, quiet_hours=(1.0, 2.0)), calendar=Calendar({"PK 2024-02-08": "coup"}),
    )  # fmt: skip
    assert read_settings(written(tmp_path, "")) == Settings()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("silense = 3", "no setting 'silense', only counting, model, calendar, telling, evaluating, silence"),
        ("model.suspekt = 3", "there is no setting 'model.suspekt', only outage_rate"),
        ("model.suspect = 1.5", "model.suspect = 1.5: wanted from 1e-15 to 0.999999"),
        ("model.suspect = nan", "model.suspect = nan: wanted from 1e-15 to 0.999999"),
        ("model.suspect = '0.6'", 'model.suspect = "0.6": wanted float, got str'),
        ("model.suspect = 0.1", "model.suspect = 0.1: wanted above over, 0.1, and not above confirm, 0.95"),
        ("model.outage_hours = 0", "model.outage_hours = 0.0: wanted from 0.01 to 100000"),
        ("model.company = 0", "model.company = 0: wanted from 1 to 1e+09"),
        ("model.slow_days = [42, 7]", "model.slow_days = (42.0, 7.0): wanted the first below the second"),
        ("model.slow_days = [7]", "model.slow_days = [7]: wanted a list of length 2"),
        ("model.quiet_rates = [1, 2, 3, -4]", "quiet_rates = (1.0, 2.0, 3.0, -4.0): wanted from 1e-09 to 100000"),
        ("telling.severity = 1e-310", "telling.severity = 1e-310: wanted float >= 0.001"),
        ("counting.forget = -1", "counting.forget = -1: wanted int >= 0"),
        (
            "calendar.days.'PK 2024-02-08' = 'election'\ncalendar.days.'PK 2024-02-09' = 'x'",
            'toml: calendar.days."PK 2024-02-09" = "x": wanted one of election, protest, coup',
        ),
        ("calendar.days = -4", "calendar.days = -4: wanted a table of settings"),
        ("model = 3", "model = 3: wanted a table of settings"),
        ("counting.floors.5 = 1", "counting.floors.5 = 1: wanted int that's a multiple of 2"),
        ("counting.reset_rule = 1", "counting.reset_rule = 1: wanted bool, got int"),
        ("counting.width = 60", "there is no setting 'counting.width'"),
        ("calendar.holidays = 'x'", 'calendar.holidays = "x": wanted a list, got str'),
        ("calendar.holidays = [1]", "calendar.holidays = [1]: wanted str, got int"),
        ("calendar.holidays = ['25.12.2024']", "calendar: '25.12.2024': wanted a country and a day"),
        ("calendar.holidays = ['NL 2024-02-30']", "calendar: 'NL 2024-02-30': wanted a country and a day"),
        ("calendar.days.'UK 2024-12-26' = 'election'", "calendar: 'UK 2024-12-26': there is no country 'UK'"),
        ("silence = 0", "silence = 0: wanted int >= 1"),
        ("silence", "is no TOML: "),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence_that_names_file_key_and_value(tmp_path, line, said) -> None:
    path = written(tmp_path, line)
    with pytest.raises(UserError) as error:
        read_settings(path)
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_no_text_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.toml: No such file"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"x\.toml is no TOML"):
        read_settings(tmp_path / "x.toml")


def test_the_silence_on_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "silence = 60\ntelling.severity = 0.1")
    assert chosen(path, 3) == Settings(silence=3, telling=Telling(severity=0.1))
    assert chosen(None) == Settings()


def test_the_page_of_docs_shows_every_setting_as_it_is() -> None:
    committed = Path(__file__).parents[2] / "docs" / "settings.md"
    assert committed.read_text("utf-8") == page(), "run `make docs`"


def outages(*words: object) -> list[object]:
    done = CliRunner().invoke(app, ["replay", "--json", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)["outages"]


@pytest.mark.slow
def test_a_replay_and_its_worker_use_the_settings_of_the_file(tmp_path: Path) -> None:
    times = range(1707000000, 1707000000 + 3 * 86400, 600)
    rows = [f"{iso(t)},probing.ioda,country,PK,{20 if t >= times[-60] else 100}\n" for t in times]
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + "".join(rows))
    path = written(tmp_path, "model.outage_rate = 1e-9")
    assert len(outages(tmp_path)) == 1
    assert outages(tmp_path, "--settings", path) == []
    assert outages(tmp_path, "--settings", path, "--through", "kafka") == []
    with pytest.raises(UserError, match=r"--settings .* is for workers of this replay: it starts none"):
        outages(tmp_path, "--settings", path, "--through", "kafka", "--workers", "0")


@pytest.mark.parametrize("command", [("demo",), ("replay", "x.csv"), ("worker", "--broker", "kafka://127.0.0.1:1")])
def test_settings_that_make_no_sense_end_every_command_before_it_begins(tmp_path, monkeypatch, capsys, command) -> None:
    path = written(tmp_path, "counting.forget = -1")
    monkeypatch.setattr("sys.argv", ["netvigil", *command, "--settings", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"netvigil: {path}: counting.forget = -1: wanted int >= 0\n"


def test_what_is_not_as_shipped_can_be_read_as_it_is_told(tmp_path: Path) -> None:
    text = """
        silence = 60
        counting.floors.4 = 1
        [model]
        confirm = 0.9
        slow_days = [7.0, 28.0]
        [calendar]
        days."PK 2024-02-08" = "election"
        public_holidays = false
    """
    (tmp_path / "own.toml").write_text(text)
    chosen = read_settings(tmp_path / "own.toml")
    told = changed(chosen)
    assert {'calendar.days."PK 2024-02-08" = "election"', "counting.floors.4 = 1", "silence = 60"} <= set(told)
    assert len(told) == 6
    (tmp_path / "again.toml").write_text("\n".join(told))
    assert read_settings(tmp_path / "again.toml") == chosen
    assert changed(Settings()) == []
