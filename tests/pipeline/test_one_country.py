"""An entity is of one country in a whole run: all that is told of it meets, whoever tells it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app, main
from pipeline.codec import iso
from pipeline.errors import UserError
from pipeline.feeds.archive import sources
from pipeline.feeds.case import Kin, read_entities

KIN = "entity_type,entity,parent,name,mobile\n"
END, FALL = 1707350400, 1707350400 - 7200


def case(folder: Path, signal: str, kin: str = "") -> Path:
    """Two days of a network, at whose end it is gone for two hours; what is said of it, where anything is."""
    folder.mkdir()
    rows = (f"{iso(t)},{signal},asn,AS1,{100 if t < FALL else 0}\n" for t in range(END - 2 * 86400, END, 600))
    (folder / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + "".join(rows))
    if kin:
        (folder / "entities.csv").write_text(KIN + kin)
    return folder


@pytest.fixture
def cases(tmp_path: Path) -> list[Path]:
    return [case(tmp_path / "a", "probing.ioda"), case(tmp_path / "b", "traffic.radar", "asn,AS1,IQ,Zain,yes\n")]


@pytest.mark.parametrize("order", [1, -1])
def test_what_one_case_knows_of_a_network_holds_for_the_rows_of_another(cases: list[Path], order: int) -> None:
    done = CliRunner().invoke(app, ["replay", *map(str, cases[::order]), "--json"], catch_exceptions=False)
    (outage,) = json.loads(done.stdout)["outages"]
    assert outage["entity"] == "AS1"
    assert {term["signal"] for term in outage["signals"]} >= {"probing.ioda", "traffic.radar"}


def test_two_cases_that_put_a_network_into_two_countries_are_refused_in_a_sentence(
    cases: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (cases[0] / "entities.csv").write_text(KIN + "asn,AS1,IR,,\n")
    monkeypatch.setattr("sys.argv", ["netvigil", "replay", *map(str, cases)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    a, b = (folder / "entities.csv" for folder in cases)
    sentence = f"{b} line 2: parent of AS1 is 'IQ', but 'IR' in {a} line 2: it belongs to one country"
    assert capsys.readouterr().err == f"netvigil: {sentence}\n"


def test_two_lines_of_one_table_are_held_against_each_other_too(tmp_path: Path) -> None:
    path = tmp_path / "entities.csv"
    path.write_text(KIN + "asn,AS1,,Zain,\nasn,AS1,IQ,Zain Iraq,yes\n")
    assert read_entities(path) == {("asn", "AS1"): Kin("IQ", "Zain", True)}
    path.write_text(KIN + "asn,AS1,IQ,,\nasn,AS1,IQ,,\nasn,AS1,IR,,\n")
    with pytest.raises(UserError, match=r"line 4: parent of AS1 is 'IR', but 'IQ' in .*entities.csv line 2"):
        read_entities(path)


def test_a_country_is_its_own_whatever_a_table_says(tmp_path: Path) -> None:
    folder = case(tmp_path / "a", "probing.ioda", "country,IQ,IR,,\n")
    (folder / "signals.csv").write_text(
        "time,signal,entity_type,entity,value\n2024-02-08T00:00:00Z,bgp.ris,country,IQ,7\n"
    )
    (source,) = sources([folder])
    assert source.whole is not None
    assert [entity.country for entity in source.whole.series[0].entities] == ["IQ"]
