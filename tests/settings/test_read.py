"""Settings in a file: what it names counts, and a mistake is one sentence.  The page of docs shows them all."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.arguments import app, main
from pipeline.codec import iso
from pipeline.errors import UserError
from pipeline.settings import Counting, Fusing, Settings
from pipeline.settings.__main__ import page
from pipeline.settings.read import changed, chosen, read_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_what_a_file_does_not_name_stays_as_it_is(tmp_path: Path) -> None:
    path = written(
        tmp_path, "silence = 60\n[fusing]\nsuspect = 0.6\ncap = 8\nprior.country = -5\n[counting.floors]\n4 = 1"
    )
    usual = Fusing()
    assert read_settings(path) == Settings(
        counting=Counting(floors={4: 1, 6: 10_000}), silence=60,
        fusing=replace(usual, suspect=0.6, cap=8.0, prior=usual.prior | {"country": -5.0}),
    )  # fmt: skip
    assert read_settings(written(tmp_path, "")) == Settings()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("silense = 3", "there is no setting 'silense', only counting, judging, fusing, evaluating, silence"),
        ("fusing.suspekt = 3", "there is no setting 'fusing.suspekt', only prior"),
        ("fusing.suspect = 1.5", "fusing.suspect = 1.5: wanted float < 1.0"),
        ("fusing.suspect = nan", "fusing.suspect = nan: wanted float > 0.0"),
        ("fusing.suspect = '0.6'", 'fusing.suspect = "0.6": wanted float, got str'),
        ("fusing.suspect = 0.1", "fusing: leave 0.2 must be below suspect 0.1, and that not above confirm 0.95"),
        ("fusing.prior.country = 0", "fusing: prior.country 0.0 must be below 0, which is suspect 0.5 as log-odds"),
        ("fusing.suspect = 0.01\nfusing.leave = 0.005", "fusing: prior.country -4.0 must be below -4.595"),
        ("fusing.full_depth = 0", "fusing.full_depth = 0: wanted float >= 0.001"),
        ("fusing.tell_severity = 1e-310", "fusing.tell_severity = 1e-310: wanted float >= 0.001"),
        ("fusing.calm = -1", "fusing.calm = -1: wanted int >= 0"),
        ("fusing.normal.bpg = -1", "fusing.normal.bpg = -1: wanted one of bgp, probing, telescope"),
        ("fusing.normal.bgp = 1", "fusing.normal.bgp = 1: wanted float <= 0.0"),
        ("fusing.normal.traffic = -1\nfusing.normal.bgp = nan", "fusing.normal.bgp = nan: wanted float >= -50.0"),
        ("judging.beside.probing = 'cusum'", 'judging.beside.probing = "cusum": wanted a list, got str'),
        ("judging.beside.probing = [1]", "judging.beside.probing = [1]: wanted str, got int"),
        (
            "fusing.days.'PK 2024-02-08' = 'election'\nfusing.days.'PK 2024-02-09' = 'x'",
            'toml: fusing.days."PK 2024-02-09" = "x": wanted one of election, protest, coup',
        ),
        ("fusing.prior = -4", "fusing.prior = -4: wanted a table of settings"),
        ("fusing = 3", "fusing = 3: wanted a table of settings"),
        ("counting.floors.5 = 1", "counting.floors.5 = 1: wanted int that's a multiple of 2"),
        ("counting.reset_rule = 1", "counting.reset_rule = 1: wanted bool, got int"),
        ("counting.width = 60", "there is no setting 'counting.width'"),
        ("judging.detector = 'oracle'", "judging: there is no detector 'oracle', only"),
        ("judging.holidays = ['25.12.2024']", "judging: '25.12.2024': wanted a country and a day"),
        ("judging.holidays = ['NL 2024-02-30']", "judging: 'NL 2024-02-30': wanted a country and a day"),
        ("fusing.days.'UK 2024-12-26' = 'election'", "fusing: 'UK 2024-12-26': there is no country 'UK'"),
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
    path = written(tmp_path, "silence = 60\nfusing.calm = 60")
    assert chosen(path, 3) == Settings(silence=3, fusing=Fusing(calm=60))
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
    path = written(tmp_path, "fusing.per_deviation = 0.001")
    assert len(outages(tmp_path)) == 1
    assert outages(tmp_path, "--settings", path) == []
    assert outages(tmp_path, "--settings", path, "--through", "kafka") == []
    with pytest.raises(UserError, match=r"--settings .* is for workers of this replay: it starts none"):
        outages(tmp_path, "--settings", path, "--through", "kafka", "--workers", "0")


@pytest.mark.parametrize("command", [("demo",), ("replay", "x.csv"), ("worker", "--broker", "kafka://127.0.0.1:1")])
def test_settings_that_make_no_sense_end_every_command_before_it_begins(tmp_path, monkeypatch, capsys, command) -> None:
    path = written(tmp_path, "fusing.calm = -1")
    monkeypatch.setattr("sys.argv", ["netvigil", *command, "--settings", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"netvigil: {path}: fusing.calm = -1: wanted int >= 0\n"


def test_what_is_not_as_shipped_can_be_read_as_it_is_told(tmp_path: Path) -> None:
    text = """
        silence = 60
        counting.floors.4 = 1
        [fusing]
        prior.country = -3.0
        days."PK 2024-02-08" = "election"
        confirm = 0.9
        [judging]
        beside.probing = ["cusum"]
        detector = "burst"
    """
    (tmp_path / "own.toml").write_text(text)
    chosen = read_settings(tmp_path / "own.toml")
    told = changed(chosen)
    assert {'fusing.days."PK 2024-02-08" = "election"', "counting.floors.4 = 1", "silence = 60"} <= set(told)
    assert len(told) == 7
    (tmp_path / "again.toml").write_text("\n".join(told))
    assert read_settings(tmp_path / "again.toml") == chosen
    assert changed(Settings()) == []
