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
from pipeline.settings import Fusing
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
    ("case", "outages", "last"),
    [
        ("iraq-2023-exams", 8, "All of these were over when the recording ended, 2023-08-30 04:55 UTC."),
        (
            "venezuela-2019-blackout",
            13,
            "Still out at the end, 2019-07-24 20:00 UTC: VE-Monagas (Venezuela) (1 of 13).",
        ),
    ],
)
def test_the_last_screen_of_a_replay_is_the_table_and_a_few_lines(
    data: Path, case: str, outages: int, last: str
) -> None:
    table, below = answer(ran(data / "signals" / case)[1])
    assert len(table) == 1 + outages
    assert below[0] == last
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


def test_however_much_there_is_to_say_it_is_six_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [f"AS{i}" for i in range(20)]
    rows = "".join(series(72, name, low=range(2, 12)) for name in names).replace("country,", "asn,")
    rows += without(series(72), 12, 6) + series(12, "IQ") + series(2, signal="Trafic") + series(72, "IR")[:-20]
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + rows)
    code, text = ran(tmp_path, "--outages", "o")
    table, below = answer(text)
    assert (code, len(table)) == (1, 15)
    assert table[-1] == "and 7 more, all over: --why or --outages FILE has all"
    assert below[2].startswith("No all-clear: gave up at line ")
    assert below[-1] == "wrote 20 outages to o"
    with_reasons = ran(tmp_path, "--why")[1]
    assert len(answer(with_reasons, lines=80)[0]) == 21
    assert [heading for heading in ("Why", "How to read this") if f"{heading}\n" not in with_reasons] == []


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


@pytest.mark.parametrize(
    ("cut", "said", "code"),
    [
        ((12.5, 11.5), "Start not exactly dated: the outage of Pakistan began between 2024-02-07 11:30 and", 0),
        ((13, 6), "Start not exactly dated: the outage of Pakistan began between 2024-02-07 11:00 and", 1),
        ((2.5, 1.5), "End not exactly dated: the outage of Pakistan ended between 2024-02-07 21:30 and", 0),
        ((7, 6.5), "", 0),
    ],
)
def test_an_onset_or_end_at_a_hole_is_marked_and_explained(
    tmp_path: Path, cut: tuple[float, float], said: str, code: int
) -> None:
    rows = without(series(72, low=range(2, 12)), *cut)
    words = replayed(tmp_path, rows, code)
    assert ("*" in words) == bool(said)
    assert said in words


def test_an_onset_is_exact_where_another_signal_showed_it_and_not_in_the_first_day(tmp_path: Path) -> None:
    seen = series(72, low=range(2, 12), signal="traffic.radar")
    found = json.loads(replayed(tmp_path, without(series(72, low=range(2, 12)), 12.5, 11.5) + seen, 0, "--json"))
    assert (found["undated"], len(found["outages"])) == ([], 1)
    said = replayed(tmp_path, series(36, low=range(2, 13)))
    assert "the onset cannot be dated of the outage of Pakistan from 2024-02-07 11:00 UTC on" in said
    assert "07 11:00*–22:00" in said


def test_what_is_out_by_a_signal_that_is_no_longer_observed_is_in_doubt(tmp_path: Path) -> None:
    back, radar = series(72, low=range(9, 21)), series(72, low=range(21), signal="traffic.radar")
    said = replayed(tmp_path, back + without(radar, 18, 0), 1)
    assert "still out, as far as is known: Pakistan. Its signals were last observed: traffic.radar until 2024-" in said
    assert "as far as is known" not in replayed(tmp_path, back + radar)


def test_what_is_suspected_or_retracted_is_counted_and_explained(tmp_path: Path) -> None:
    rows = series(72).splitlines()
    for at in (-1, -80):
        rows[at] = rows[at].removesuffix("100") + "80"
    said = replayed(tmp_path, "".join(f"{row}\n" for row in rows))
    assert "0 confirmed, 1 suspected, 1 retracted" in said
    assert "Still suspected: Pakistan from 2024-02-07 23:50 UTC on (" in said
    assert "Retracted: Pakistan from 2024-02-07 10:40 to 10:50 UTC, 20% lost: probes (probing.ioda) at 80%." in said


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
    assert tell(Console(width=200), report, Fusing()) == code
    text = capsys.readouterr().out
    assert f"7 records: {used} used, {late} late" in text
    assert (f"No all-clear: {said}." in text) == bool(said)
    tell(Console(width=200), report, Fusing(), as_json=True)
    assert json.loads(capsys.readouterr().out)["missed"] == sum(missed)


def test_what_is_back_of_what_is_still_out_is_told(tmp_path: Path) -> None:
    half = series(72, low=range(9)).splitlines()
    rows = [row if i < len(half) - 6 else row.removesuffix("20") + "80" for i, row in enumerate(half)]
    table = "".join(f"{row}\n" for row in rows)
    said = replayed(tmp_path, table)
    assert "Still out: Pakistan (more than half back: what fell is at 80% of usual or more)." in said
    assert "Now in Pakistan: probes (probing.ioda) at 80% of usual, 2024-02-07 23:50 to 2024-02-08 00:00 UTC." in said
    (now,) = json.loads(replayed(tmp_path, table, 0, "--json"))["now"]
    assert (now["signal"], now["ratio"]) == ("probing.ioda", pytest.approx(0.8, abs=0.01))
    (tmp_path / "mine.toml").write_text("[fusing]\nbottom = 0.2\n")
    assert "half back" not in replayed(tmp_path, table, 0, "--settings", str(tmp_path / "mine.toml"))
    assert "Now in" not in replayed(tmp_path, series(72, low=range(4, 9)))


def test_what_is_over_and_not_all_back_is_told(tmp_path: Path) -> None:
    loud = series(120, low=range(8, 20), left=5).splitlines()
    usual = np.array([int(row.rpartition(",")[2]) for row in loud]) * np.random.default_rng(1).normal(
        30, 2.4, len(loud)
    )
    usual[-48:] *= 0.85
    table = "".join(f"{row.rpartition(',')[0]},{v:.0f}\n" for row, v in zip(loud, usual, strict=True))
    assert "Over, and not all back in Pakistan: probes (probing.ioda) at 8" in replayed(tmp_path, table)
    (left,) = json.loads(replayed(tmp_path, table, 0, "--json"))["lacking"]
    assert left["ratio"] == pytest.approx(0.85, abs=0.03)


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
        ("stuck", "No all-clear by probes (probing.ioda) from 2024-02-04 11:50 to 2024-02-04 23:00 UTC, for any", 1),
        ("broken", "its feed was broken, countries fell or rose alike at once: from 2024-02-04 11:20 to 2024-02-04", 1),
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
    kinds = {kind: json.loads(ran(tmp_path / "case", "--json")[1])[kind] for kind in ("stuck", "broken")}
    assert {kind: len(found) for kind, found in kinds.items()} == {k: int(k == case) for k in ("stuck", "broken")}


@pytest.mark.sockets
@pytest.mark.slow
def test_through_kafka_the_same_is_told(tmp_path: Path) -> None:
    values = np.random.default_rng(1).poisson(1000, (5 * 144, 3))
    values[500:572] = values[499]
    folder = random_table(tmp_path / "case", values, ("PK", "IQ", "MM"))
    through, memory = (json.loads(ran(folder, "--json", *options)[1]) for options in (("--through", "kafka"), ()))
    assert through == memory
    assert through["stuck"]


def test_a_signal_that_is_too_noisy_to_judge_is_named(tmp_path: Path) -> None:
    values = np.random.default_rng(2).poisson((2, 900), (3 * 144, 2))
    folder = random_table(tmp_path / "case", values, ("IQ", "PK"), "telescope.ioda")
    code, said = ran(folder, "--why")
    assert code == 1
    assert "No all-clear for Iraq: too noisy to judge by any signal." in said
    assert "Iraq, stray packets (telescope.ioda): too noisy to judge." in said
    assert json.loads(ran(folder, "--json")[1])["hardly_judged"] == [
        {"signal": "telescope.ioda", "entity_type": "country", "entity": "IQ"}
    ]


LEBANON = ("LB-AK", "LB-AS", "LB-BA", "LB-BH", "LB-BI", "LB-JA", "LB-JL", "LB-NA")


@pytest.mark.parametrize(
    ("known", "out", "settings", "said", "too_few"),
    [
        (3, 2, "", "Lebanon as a whole has no all-clear: 3 of its 8 regions are in the recording, and half of them", 3),
        (4, 4, "known_parts = 0.6", "4 of its 8 regions are in the recording, and 60% of them are needed.", 4),
        (5, 4, "", "Lebanon is judged from 5 of its 8 regions: it is out while half of what these have is low", 0),
        (5, 4, "low_parts = 0.7", "it is out while 70% of what these have is low", 0),
    ],
)
def test_a_country_of_regions_is_judged_from_them_where_enough_are_known(
    tmp_path: Path, known: int, out: int, settings: str, said: str, too_few: int
) -> None:
    (tmp_path / "mine.toml").write_text(f"[fusing]\n{settings}\n")
    rows = "".join(series(72, n, low=range(2, 12) if i < out else range(0)) for i, n in enumerate(LEBANON[:known]))
    rows, options = rows.replace("country,", "region,"), ("--settings", str(tmp_path / "mine.toml"))
    assert said in replayed(tmp_path, rows, 0, *options)
    found = json.loads(replayed(tmp_path, rows, 0, "--json", *options))["too_few_parts"]
    assert found == [{"entity": "LB", "known": too_few, "all": 8, "networks": 0}] * bool(too_few)


@pytest.mark.parametrize(
    ("known", "parent", "said"),
    [
        (6, "IR", "Iran is called out by networks alone, 6 of them"),
        (
            3,
            "IR",
            "Iran as a whole has no all-clear: 3 of its networks are in the recording, and 5 at least",
        ),
        (2, "", "2 networks that fell belong to no country, for want of a line in entities.csv"),
    ],
)
def test_a_country_of_networks_is_judged_from_them_where_enough_are_known(
    tmp_path: Path, known: int, parent: str, said: str
) -> None:
    if parent:
        lines = "".join(f"asn,AS{i},{parent},,\n" for i in range(known))
        (tmp_path / "entities.csv").write_text("entity_type,entity,parent,name,mobile\n" + lines)
    rows = "".join(series(72, f"AS{i}", low=range(2, 12)) for i in range(known)).replace("country,", "asn,")
    assert said in replayed(tmp_path, rows)
