"""In a whole run a signal belongs to one feed and a network to one country, whatever recordings come together."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import pipeline.signals
from pipeline.cli.arguments import app, main
from pipeline.codec import decode, encode, iso
from pipeline.engine import Engine, chain
from pipeline.errors import DecodeError, UserError
from pipeline.feeds import Dispatch, EntityRow, read_entities, recordings
from pipeline.fusion import Fused
from pipeline.geo.places import Places
from pipeline.records import Bins, Elements, Entity, Heartbeat, Rows, Run
from pipeline.replay.playback import Playback
from pipeline.settings import Counting, Settings
from pipeline.signals.binning import BinStage
from pipeline.signals.series import Series
from tests.feeds.test_feed_promises import TIMES, rislive
from tests.feeds.test_feed_promises import table as made_table

SIGNAL = "probing.ioda"
PK = Entity("country", "PK", "PK")
KIN = "entity_type,entity,parent,name,mobile\n"
RUN = Run("r", "replay", (SIGNAL,))
END, FALL = 1707350400, 1707350400 - 7200


@pytest.fixture
def both(tmp_path: Path) -> list[Path]:
    """A table that has the signal of RIS Live, and a recording of that."""
    paths = [tmp_path / "signals.csv", tmp_path / "messages.ndjson"]
    for path, content in zip(paths, (made_table(TIMES), rislive(TIMES)), strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("order", [1, -1])
def test_recordings_of_two_feeds_that_give_one_signal_are_refused_in_a_sentence(both, order, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["netvigil", "replay", *map(str, both[::order])])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("netvigil: bgp.ris is in ")
    assert all(f"{path} (feed {feed})" in said for path, feed in zip(both, ("table", "rislive"), strict=True))
    assert said.count("\n") == 1


def test_damage_names_the_folder_where_several_files_have_one_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        rows = f"2024-02-08T00:00:00Z,bgp.{name},country,PK,1\n2024-02-08T01:00:00Z,bgp.{name},country,PK,x\n"
        (tmp_path / name / "signals.csv").write_text(f"time,signal,entity_type,entity,value\n{rows}")
    for folders in (["one", "two"], ["one"]):
        (one,) = recordings(tmp_path / name for name in folders)
        found = [item.place for item in one.items if isinstance(item, DecodeError)]
        names = [str(tmp_path / name / "signals.csv") for name in folders] if folders[1:] else ["signals.csv"]
        assert sorted(found) == [f"line 3 of {name}" for name in names]


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


def test_two_cases_that_put_a_network_into_two_countries_are_refused_in_a_sentence(cases, capsys, monkeypatch):
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
    assert read_entities(path) == {("asn", "AS1"): EntityRow("IQ", "Zain", True)}
    path.write_text(KIN + "asn,AS1,IQ,,\nasn,AS1,IQ,,\nasn,AS1,IR,,\n")
    with pytest.raises(UserError, match=r"line 4: parent of AS1 is 'IR', but 'IQ' in .*entities.csv line 2"):
        read_entities(path)


def told(asn: int, time: int) -> str:
    words = {"timestamp": time, "peer": "192.0.2.1", "peer_asn": "64500", "host": "rrc00", "type": "UPDATE"}
    words |= {"path": [64500, asn], "announcements": [{"next_hop": "192.0.2.1", "prefixes": [f"10.{asn}.0.0/16"]}]}
    return json.dumps({"type": "ris_message", "data": words}) + "\n"


@pytest.mark.parametrize(("kin", "country"), [("asn,AS1,IQ,Zain,yes\n", "IQ"), ("", "US")])
def test_whose_a_network_of_a_table_is_holds_for_its_routes_too(tmp_path, monkeypatch, kin, country):
    """By its addresses here it is of another country.  Without a line it is where most addresses of its number are; one
    that no table has, and none has a line for, stays where it is."""
    monkeypatch.setattr(pipeline.signals, "places", lambda: Places.of([("10.0.0.0/8", "PK")]))
    messages = tmp_path / "messages.ndjson"
    messages.write_text("".join(told(asn, END - 3600 + 300 * i) for i in range(12) for asn in (1, 2, 3)))
    paths = [case(tmp_path / "a", "probing.ioda", kin + "asn,AS2,IR,,\nasn,AS3,,,\n"), messages]
    found = recordings(paths)
    playback = Playback(found, Run("r", "replay", tuple(signal for recording in found for signal in recording.signals)))
    engine, homes = Engine(Settings(counting=Counting(floors={4: 1, 6: 1}, min_peers=1, full_feed_share=0.01))), set()
    frames = [frame for frame in playback if isinstance(frame, Elements | Rows | Heartbeat)]
    for output in chain(frames, engine):
        if isinstance(output, Fused):
            said = output.verdicts
            homes |= {(said.signal, e.name, e.country, said.partition) for e in said.entities if e.type == "asn"}
    assert {home[:3] for home in homes} == {
        ("probing.ioda", "AS1", country),
        ("bgp.ris", "AS1", country),
        ("bgp.ris", "AS2", "IR"),
        ("bgp.ris", "AS3", "PK"),
    }
    assert len({partition for _, name, _, partition in homes if name == "AS1"}) == 1


def test_what_is_settled_of_networks_is_said_once_and_outlives_a_restart() -> None:
    run, zain = Run("r", "replay", ("bgp.ris",)), Entity("asn", "AS1", "IQ", True, "Zain")
    first, second = Dispatch(run, "table", ("bgp.ris",), networks=(zain,)), Entity("asn", "AS1", "PK")
    series = Rows(run, "table", 0, "bgp.ris", 300, (), 0, (second,), np.array([0]), np.zeros(1, np.int32), np.ones(1))
    beats = [beat for time in (0, 300) for beat in first.beat(time) if beat.partition == 0]
    assert [decode(encode(beat)) for beat in beats] == beats
    assert [beat.networks for beat in beats] == [(zain,), ()]
    stage, resumed = BinStage(0, Series), BinStage(0, Series)
    for frame in (beats[0], series):
        stage.step(frame)
    resumed.load(stage.save())
    assert resumed.save() == stage.save()
    assert [out.entities for out in resumed.step(beats[1]) if isinstance(out, Bins)] == [(zain,)]
