"""What a replay prints at its end: the answer in 24 lines, the reasons with ``--why``, JSON, and the exit code."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from pipeline.codec import iso
from pipeline.explain.summary import tell
from pipeline.records import Progress, Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import ReplayReport
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


@pytest.mark.parametrize(
    ("case", "last"),
    [
        ("iraq-2023-exams", "All of these were over when the recording ended, 2023-08-30 04:55 UTC."),
        ("venezuela-2019-blackout", "Still out at the end, 2019-07-24 20:00 UTC: "),
    ],
)
def test_the_last_screen_of_a_replay_is_the_table_and_a_few_lines(data: Path, case: str, last: str) -> None:
    table, below = answer(ran(data / "signals" / case)[1])
    assert len(table) > 1
    assert below[0].startswith(last)
    assert any("records: " in line for line in below)


def test_however_much_there_is_to_say_it_is_six_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hours = (range(2 + 3 * (i % 10), 5 + 3 * (i % 10)) for i in range(20))  # all at once would be a broken feed
    rows = "".join(series(72, f"AS{64500 + i}", low=low) for i, low in enumerate(hours)).replace("country,", "asn,")
    rows += without(series(72), 12, 6) + series(12, "IQ") + series(2, signal="Trafic") + series(72, "IR")[:-20]
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + rows)
    code, text = ran(tmp_path, "--outages", "o")
    table, below = answer(text)
    assert (code, len(table)) == (1, 15)
    assert table[-1].endswith(": --why or --outages FILE has all")
    assert below[2].startswith("No all-clear: gave up at line ")
    assert below[-1].startswith("wrote ")
    with_reasons = ran(tmp_path, "--why")[1]
    assert len(answer(with_reasons, lines=80)[0]) > 15
    assert [heading for heading in ("Why", "How to read this") if f"{heading}\n" not in with_reasons] == []


def test_where_nothing_was_found_that_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + series(72) + series(12, "IQ"))
    assert ran(tmp_path)[1].splitlines() == [
        "No outages confirmed from 2024-02-05 00:00 to 2024-02-07 23:50 UTC.",
        "504 records: 504 used, 0 late, 0 unusable; 0 confirmed, 0 suspected",
        "No all-clear: too little past: Iraq by probing.ioda.",
        "--why adds reasons, doubts and what was not observed.",
    ]


@pytest.mark.parametrize(("hours", "nothing", "code"), [(6, True, 1), (72, False, 0)])
def test_where_nothing_could_be_judged_that_is_said_and_the_replay_fails(
    tmp_path: Path, hours: int, nothing: bool, code: int
) -> None:
    said = replayed(tmp_path, series(hours), code)
    assert ("Nothing was judged, for want of past or of values: no outage found means nothing here." in said) == nothing
    assert ("Nothing is known of Pakistan: no signal ever said anything." in said) == nothing


@pytest.mark.parametrize(
    ("cut", "said", "code"),
    [
        ((13.5, 11.5), "began 2024-02-07 12:30 UTC (between 10:30 and 12:40)", 1),
        ((3.5, 1.5), "(between 20:30 and 22:40)", 1),
        (
            (7, 6.5),
            "began 2024-02-07 12:00 UTC (between 12:00 and 12:10), ended 22:00 UTC (between 22:00 and 22:10)",
            0,
        ),
    ],
)
def test_an_onset_or_end_at_a_hole_is_marked_and_has_its_interval(
    tmp_path: Path, cut: tuple[float, float], said: str, code: int
) -> None:
    rows = without(series(72, low=range(2, 12)), *cut)
    words = replayed(tmp_path, rows, code)
    assert said in words
    assert ("*" in words) == bool(code)


def test_what_is_out_by_a_signal_that_is_no_longer_observed_was_out_when_last_seen(tmp_path: Path) -> None:
    said = replayed(tmp_path, without(series(72, low=range(12)), 6, 0) + series(72, "IR"), 1)
    assert "Out when last seen, 2024-02-07 18:00 UTC: Pakistan (1 of 1)." in said
    assert "Still out at the end" in replayed(tmp_path, series(72, low=range(12)))


def test_what_is_suspected_or_retracted_is_counted_and_explained(tmp_path: Path) -> None:
    rows = series(72).splitlines()
    for at in (-1, -80):
        rows[at] = rows[at].removesuffix("100") + "80"
    said = replayed(tmp_path, "".join(f"{row}\n" for row in rows))
    assert "Retracted: Pakistan from 2024-02-07 10:40 to 10:50 UTC, 20% lost, " in said
    assert "probes (probing.ioda) at 80%. Not confirmed: one signal alone shows it." in said


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
    assert tell(Console(width=200), report) == code
    text = capsys.readouterr().out
    assert f"7 records: {used} used, {late} late" in text
    assert (f"No all-clear: {said}." in text) == bool(said)
    tell(Console(width=200), report, as_json=True)
    assert json.loads(capsys.readouterr().out)["missed"] == sum(missed)


def test_what_is_back_of_what_is_still_out_is_told(tmp_path: Path) -> None:
    half = series(72, low=range(9)).splitlines()
    rows = [row if i < len(half) - 6 else row.removesuffix("20") + "80" for i, row in enumerate(half)]
    table = "".join(f"{row}\n" for row in rows)
    said = replayed(tmp_path, table)
    assert re.search(r"; [1-4]\d% lost now, 80% at worst\.", said)
    assert re.search(r"signal of usual now weight times likelier probes \(probing.ioda\) \d\d% ", said)
    (now,) = json.loads(replayed(tmp_path, table, 0, "--json"))["now"]
    assert (now["signal"], now["ratio"]) == ("probing.ioda", pytest.approx(0.8, abs=0.01))


def random_table(folder: Path, values: np.ndarray, names: tuple[str, ...], signal: str = "probing.ioda") -> Path:
    """A table of ``(bins, countries)`` values of ten minutes."""
    rows = [
        f"{iso(BEGIN + 600 * i)},{signal},country,{name},{value}\n"
        for i, row in enumerate(values) for name, value in zip(names, row, strict=True)
    ]  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + "".join(rows))
    return folder


@pytest.mark.parametrize(
    ("case", "said", "code"),
    [
        ("stuck", "No all-clear by probes (probing.ioda) from 2024-02-04 12:00 to 2024-02-04 23:00 UTC, for any", 1),
        ("broken", "from 2024-02-04 11:20 to 2024-02-04 13:20 UTC, for any place: its feed was broken or stuck.", 1),
        ("calm", "", 0),
    ],
)
def test_what_a_feed_did_by_itself_is_told_and_is_no_outage(tmp_path: Path, case: str, said: str, code: int) -> None:
    names = ("PK", "IQ", "MM", "VE", "BR", "KE")
    values = np.random.default_rng(1).poisson(1000, (5 * 144, len(names)))
    if case == "stuck":
        values[500:570] = values[499]
    if case == "broken":
        values[500:512] //= 2
    found, text = ran(random_table(tmp_path / "case", values, names), "--why")
    assert (found, "No outages confirmed" in text) == (code, True)
    assert said in " ".join(text.split())
    told = json.loads(ran(tmp_path / "case", "--json")[1])
    assert len(told["broken"]) == code


@pytest.mark.sockets
@pytest.mark.slow
def test_through_kafka_the_same_is_told(tmp_path: Path) -> None:
    values = np.random.default_rng(1).poisson(1000, (5 * 144, 5))
    values[500:572] = values[499]
    folder = random_table(tmp_path / "case", values, ("PK", "IQ", "MM", "VE", "BR"))
    through, memory = (json.loads(ran(folder, "--json", *options)[1]) for options in (("--through", "kafka"), ()))
    assert through == memory
    assert through["broken"]


def test_networks_of_no_known_country_are_counted(tmp_path: Path) -> None:
    rows = "".join(series(72, f"AS{64500 + i}", low=range(2, 12)) for i in range(2)).replace("country,", "asn,")
    said = replayed(tmp_path, rows)
    assert "2 networks that fell belong to no country, for want of a line in entities.csv" in said


def test_an_outage_that_parts_alone_show_says_so(tmp_path: Path) -> None:
    names = ("LB-AK", "LB-AS", "LB-BA", "LB-BH", "LB-BI", "LB-JA", "LB-JL", "LB-NA")
    values = np.random.default_rng(1).poisson(1000, (3 * 144, len(names)))
    values[-72:-12] //= 5
    folder = random_table(tmp_path / "case", values, names)
    table = folder / "signals.csv"
    table.write_text(table.read_text().replace(",country,", ",region,"))
    assert "probes (probing.ioda) of its parts 2" in " ".join(ran(folder, "--why")[1].split())
