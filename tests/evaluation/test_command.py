"""What `netvigil evaluate` prints and returns, for people and for programs."""

import json
from html import escape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detectors import REGISTRY
from pipeline.cli.arguments import app, main
from pipeline.codec import iso
from pipeline.evaluation.runs import ANY, OURS, WARNING
from tests.evaluation.made import FALL, STEP, case


def ran(*arguments: object, columns: int = 80, code: int = 0) -> str:
    words = [str(word) for word in arguments]
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["evaluate", *words], catch_exceptions=False)
    assert done.exit_code == code
    return done.stdout


def test_a_case_is_shown_with_every_detector_beside_ours(tmp_path: Path) -> None:
    shown = ran(case(tmp_path / "dark"))
    assert "dark  1 label, 1 entity, 0.1 entity-months" in shown
    allowed = "onset −10 to +20 min, end −20 to +30 min, at least 75% covered"
    assert f"allowed (by its widest bins: no TOLERANCE.csv has it): {allowed}" in " ".join(shown.split())
    assert [line.split().count("min") for line in shown.splitlines() if " min " in line][-1] == 4
    (ours,) = [line.split() for line in shown.splitlines() if line.startswith("ours ")]
    assert ours[1:4] == ["1/1", "1/1", "0"]
    said = "Ours meets 1 of 1 labels, with 0 false. Of the field's rules, without our fusion, as good is median"
    assert said in " ".join(shown.split())
    for name in REGISTRY:
        assert f"{name}, any" in shown
    assert "all cases" not in shown
    assert all(len(line.rstrip()) <= 80 for line in shown.splitlines())


def test_several_cases_are_added_up(tmp_path: Path) -> None:
    shown = ran(case(tmp_path / "one"), case(tmp_path / "two", labelled=False), "--detector", "ours", columns=120)
    assert "two  no label: a control" in shown
    assert "false: country/PK, 2024-02-08 00:00 to 2024-02-08 03:00 UTC" in shown
    *_, total = [line.split() for line in shown.splitlines() if line.startswith("ours ")]
    assert total[1:4] == ["1/1", "1/1", "1"]
    assert "false per" in shown


def test_json_is_one_object_with_every_label_and_outage(tmp_path: Path) -> None:
    told = json.loads(ran(case(tmp_path / "dark"), "--json", "--detector", "median"))
    (one,) = told["cases"]
    assert (one["case"], one["labels"], one["entities"], one["tolerance"]["cover"]) == ("dark", 1, 1, 0.75)
    assert [read["reading"] for read in one["detectors"] if read["detector"] == "median"] == [
        ANY, WARNING, "bgp.ioda", "probing.ioda",
    ]  # fmt: skip
    ours = one["detectors"][0]
    assert (ours["detector"], ours["hits"], ours["met"], ours["false"]) == (OURS, 1, 1, 0)
    (label,) = ours["label_answers"]
    assert (label["entity"], label["start"], label["met"]) == ("PK", iso(FALL), True)
    assert (label["onset_error"], label["end_error"], label["fragments"]) == (0, 0, 1)
    assert STEP <= label["confirmed"] <= 2 * STEP
    assert [total["detector"] for total in told["totals"]] == [OURS, *["median"] * 3]


def test_damage_is_told_and_a_file_that_breaks_off_is_exit_code_one(tmp_path: Path) -> None:
    table = case(tmp_path / "dark") / "signals.csv"
    rows = table.read_text().splitlines(keepends=True)
    rows[5] = "yesterday" + rows[5][20:]
    table.write_text("".join(rows))
    damaged = ran(tmp_path / "dark", "--detector", "ours", columns=200)
    assert "dead letter: table: bad-time at line 6 of signals.csv" in damaged
    assert "Gave up" not in damaged
    table.write_text("".join(rows[:-30]) + rows[-30][:40])
    shown = ran(tmp_path / "dark", "--detector", "ours", columns=200, code=1)
    assert f"Gave up at line {len(rows) - 29} of signals.csv: the last line has no end" in shown
    (told,) = json.loads(ran(tmp_path / "dark", "--detector", "ours", "--json", code=1))["cases"]
    assert (told["dead"], [letter["reason"] for letter in told["given_up"]]) == (2, ["truncated-line"])
    table.write_text("".join([*rows, rows[-1].replace(",bgp.ioda,", ",routes,")]))
    assert "routes" in ran(tmp_path / "dark", "--detector", "ours", columns=200, code=1)


def test_settings_of_ours_that_are_not_as_shipped_are_named(tmp_path: Path) -> None:
    folder, page, settings = case(tmp_path / "dark"), tmp_path / "page.html", tmp_path / "own.toml"
    named = ("--detector", "median", "--report", page)
    assert "ours: netvigil as shipped: one model" in " ".join(ran(folder, *named).split())
    assert "Ours is not as shipped here" not in page.read_text()
    settings.write_text("[model]\nconfirm = 0.9\n[calendar]\npublic_holidays = false\n")
    own = ["model.confirm = 0.9", "calendar.public_holidays = false"]
    told = f"ours: netvigil with {', '.join(own)}: one model"
    assert told in " ".join(ran(folder, *named, "--settings", settings).split())
    assert escape(told) in page.read_text()
    assert page.read_text().index("Ours is not as shipped here, but with model") < page.read_text().index("<table")
    assert json.loads(ran(folder, *named[:2], "--settings", settings, "--json"))["settings"] == own


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{tmp}/dark", "--detector", "sarima"], "--detector 'sarima' is not one of: ours, "),
        (["{tmp}/nowhere"], "no folder of a case"),
        (["{tmp}/darc"], "signals.csv.gz, and labels.csv); is it {tmp}/dark?"),
        (["{tmp}"], "which says what is known to have happened; folders in it have one ({tmp}/*/): dark; empty"),
        (["{tmp}/dark", "{tmp}/dark"], "several cases of the name"),
        (["{tmp}/empty"], "nothing in its signals was observed"),
        (["{tmp}/dark", "--settings", "{tmp}/no.toml"], "no.toml"),
        (["{tmp}/dark", "--settings", "{tmp}/own", "--report", "{tmp}/own"], "{tmp}/own' is the file of the settings"),
    ],
)
def test_a_wrong_argument_is_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case(tmp_path / "dark")
    empty = case(tmp_path / "empty")
    (empty / "signals.csv").write_text("time,signal,entity_type,entity,value\n")
    (tmp_path / "own").touch()
    monkeypatch.setattr("sys.argv", ["netvigil", "evaluate", *(word.format(tmp=tmp_path) for word in arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    (said_there,) = [line for line in capsys.readouterr().err.splitlines() if ": judging" not in line]
    assert end.value.code == 2
    assert said.format(tmp=tmp_path) in said_there


def test_a_case_that_cannot_be_judged_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {name: case(tmp_path / name) for name in ("dark", "empty", "strange")}
    (folders["empty"] / "signals.csv").write_text("time,signal,entity_type,entity,value\n")
    (folders["strange"] / "signals.csv").write_text("hello,world\n")
    for other, told in (("empty", "Ours meets"), ("strange", "")):
        named = ["dark", other, "--detector", "median", "--report", "page.html"]
        monkeypatch.setattr("sys.argv", ["netvigil", "evaluate", *(str(folders.get(word, word)) for word in named)])
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as end:
            main()
        out, said = capsys.readouterr()
        assert end.value.code == 2
        assert told in out
        assert bool(out) == (tmp_path / "page.html").exists() == ("dark: judging" in said) == bool(told)
        assert f"netvigil: {folders[other]}" in said.splitlines()[-1]
        (tmp_path / "page.html").unlink(missing_ok=True)
