"""What a replay prints at its end: the answer in 24 lines, the reasons with ``--why``, JSON, and the exit code."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipeline.cli.arguments import app
from pipeline.codec import iso
from pipeline.explain.summary import tell
from pipeline.records import Progress, Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import ReplayReport
from pipeline.settings import Settings
from pipeline.signals.binning import Total
from tests.explain.recordings import END, HOUR, ran, replayed, series, without

DAY = 24 * HOUR
BEGIN = END - 7 * DAY


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def answer(text: str, lines: int = 24) -> tuple[list[str], list[str]]:
    """The table at the end of a text and what is below it: both fit into a terminal with the prompt that follows."""
    every = [line.rstrip() for line in text.splitlines()]
    start = max(i for i, line in enumerate(every) if line.startswith("where "))
    gap = every.index("", start)
    table, below = every[start:gap], every[gap + 1 :]
    assert len(every) - start + 1 <= lines
    assert len(below) <= 6
    assert max(map(len, every[start:])) <= 80
    return table, below


def test_the_last_screen_of_a_replay_is_the_table_and_a_few_lines(data: Path) -> None:
    table, below = answer(ran(data / "signals" / "iraq-2023-exams")[1])
    assert len(table) == 1 + 8
    assert below[0] == "All of these were over when the recording ended, 2023-08-30 04:55 UTC."
    assert "records: " in below[1]


@pytest.mark.sockets
def test_the_demo_ends_with_what_to_try_next() -> None:
    table, below = answer(CliRunner().invoke(app, ["demo"], catch_exceptions=False).stdout)
    assert [line.split()[0] for line in table] == ["where", "Pakistan", "Jazz", "Telenor", "Zong"]
    assert [line for line in below if line.startswith("  ")] == [
        "  netvigil demo --why", "  netvigil demo --write pk && netvigil replay pk --why",
        "  netvigil replay YOUR-RECORDING",
    ]  # fmt: skip
    assert "these series were made, not measured" in below[2]


def test_where_nothing_was_found_that_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + series(72) + series(12, "IQ"))
    assert ran(tmp_path)[1].splitlines() == [
        "No outages confirmed from 2024-02-05 00:00 to 2024-02-07 23:50 UTC.",
        "504 records: 504 used, 0 late, 0 unusable; 0 confirmed, 0 suspected",
        "No all-clear: not observed all the time: Iraq; less than two days of values: ",
        "Iraq.",
        "--why adds reasons, doubts and what was not observed.",
    ]


@pytest.mark.parametrize(("hours", "nothing", "code"), [(6, True, 1), (24, False, 1), (72, False, 0)])
def test_where_nothing_could_be_judged_that_is_said_and_the_replay_fails(
    tmp_path: Path, hours: int, nothing: bool, code: int
) -> None:
    said = replayed(tmp_path, series(hours), code)
    assert ("Nothing was observed well enough to be judged: no outage found means nothing here." in said) == nothing
    assert ("No all-clear for Pakistan: less than two days of values" in said) == (hours < 48)


def test_an_onset_is_exact_where_another_signal_showed_it_and_not_in_the_first_day(tmp_path: Path) -> None:
    seen = series(72, low=range(2, 12), signal="traffic.radar")
    found = json.loads(replayed(tmp_path, without(series(72, low=range(2, 12)), 12.5, 11.5) + seen, 0, "--json"))
    assert (found["undated"], len(found["outages"])) == ([], 1)
    said = replayed(tmp_path, series(36, low=range(2, 13)))
    assert "the onset cannot be dated of the outage of Pakistan from 2024-02-07 11:00 UTC on" in said
    assert "07 11:00*–22:00" in said


def test_damage_and_refused_names_are_told(tmp_path: Path) -> None:
    rows = series(72)
    said = replayed(tmp_path, rows + series(2, signal="Trafic"), 1)
    assert "12 rows were refused by the names of their series" in said
    assert json.loads(replayed(tmp_path, rows + series(2, signal="Trafic"), 1, "--json"))["refused"] == 12
    (tmp_path / "entities.csv").write_text("entity_type,entity,parent,name,mobile\nasn,59257,PK,Zong,yes\n")
    twice = replayed(tmp_path, rows + rows.splitlines()[7].replace("100", "90") + "\n")
    assert "overruled at 2024-02-05T01:10:00Z in probing.ioda of country PK" in twice
    assert "433 records: 432 used, 0 late, 1 unusable" in twice
    assert "No row of the table is about asn 59257 of " in twice


@pytest.mark.parametrize(
    ("rows", "place", "reason"),
    [
        (series(72) + "2024-02-08T00:00:00Z,Trafic,country,PK,1\n" * 10_000, "line 10433", "too-damaged"),
        (series(72)[:-20], "line 433", "truncated-line"),
    ],
)
def test_a_table_that_was_given_up_is_no_all_clear(tmp_path: Path, rows: str, place: str, reason: str) -> None:
    said = replayed(tmp_path, rows, 1)
    assert f"Gave up at {place} of signals.csv: " in said
    assert f"No all-clear: gave up at {place} of signals.csv" in said
    (one,) = json.loads(replayed(tmp_path, rows, 1, "--json"))["given_up"]
    assert one["reason"] == reason


class Seven(Playback):
    """A playback that has read seven records."""

    read = 7  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("used", "late", "missed", "code", "said"),
    [
        (7, 0, (0, 0), 0, ""),
        (5, 0, (0, 0), 1, "some records have no answer"),
        (4, 3, (0, 0), 0, "2 late records found no room"),
        (7, 0, (1000, 3), 0, "1,003 bins too late to judge"),
    ],
)
def test_records_without_an_answer_and_what_came_too_late_are_told(
    used: int, late: int, missed: tuple[int, int], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = ReplayReport(Run("r"), playback=Seven([], Run("r")))
    report.late = late
    for partition, bins in enumerate(missed):
        own = ((1, 0, 0), (used - 1, late, 2 * bool(late)))[partition]
        report.take(Total("r", "table", partition, *own))
        for so_far in (0, bins, bins):  # repeated, as after a restart
            report.take(Progress("r", partition, 600, judged=1, missed=so_far))
    assert tell(Console(width=200), report, Settings()) == code
    text = capsys.readouterr().out
    assert f"7 records: {used} used, {late} late" in text
    assert (f"No all-clear: {said}." in text) == bool(said)
    tell(Console(width=200), report, Settings(), as_json=True)
    assert json.loads(capsys.readouterr().out)["missed"] == sum(missed)


def random_table(folder: Path, values: np.ndarray, names: tuple[str, ...], signal: str = "probing.ioda") -> Path:
    """A table of ``(bins, countries)`` values of ten minutes."""
    rows = [
        f"{iso(BEGIN + 600 * i)},{signal},country,{name},{value}\n"
        for i, row in enumerate(values) for name, value in zip(names, row, strict=True)
    ]  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + "".join(rows))
    return folder


LEBANON = ("LB-AK", "LB-AS", "LB-BA", "LB-BH", "LB-BI", "LB-JA", "LB-JL", "LB-NA")
