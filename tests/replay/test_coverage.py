"""What was not observed is said: nobody saw what happened then, so that no outage found means nothing."""

import json
from pathlib import Path

import numpy as np
import pytest

import pipeline.signals
from pipeline.codec import iso
from pipeline.geo.places import Places
from pipeline.records import Entity, Peer, Rows, Run
from pipeline.replay.coverage import Gap, Observed, Past, Span
from tests.explain.recordings import ANNOUNCED, END, HOUR, replayed, series, without
from tests.signals.synthetic_bgp import Element, elements

DAY = 24 * HOUR
PK = ((), "country", "PK")


def observed(width: int, starts: list[int], value: list[float] | None = None, slots: tuple[int, ...] = ()) -> Observed:
    found = Observed()
    time, pk = np.array(starts, np.int64), (Entity("country", "PK", "PK"),)
    values = np.ones(len(time)) if value is None else np.array(value)
    found.take(Rows(Run(), "table", 0, "bgp.a", width, slots, 0, pk, time, np.zeros(len(time), int), values), ["bgp.a"])
    return found


@pytest.mark.parametrize("empty", [True, False])
def test_a_country_that_is_not_observed_to_the_end_is_no_all_clear(tmp_path: Path, empty: bool) -> None:
    rows = series(72, "IR") + without(series(72), 23, 0, empty)
    said = replayed(tmp_path, rows, 1)
    assert "No outages confirmed" in said
    assert "No all-clear for Pakistan: not observed from 2024-02-07 01:00 UTC on." in said
    assert json.loads(replayed(tmp_path, rows, 1, "--json"))["unobserved"] == [
        {"signal": "", "entity_type": "country", "entity": "PK", "start": "2024-02-07T01:00:00Z", "end": None}
    ]


def test_where_nothing_is_observed_any_more_all_are_named_in_one_sentence_countries_first(tmp_path: Path) -> None:
    rows = series(72) + series(72, "IR") + series(72).replace("country,PK", "asn,AS1")
    said = replayed(tmp_path, without(rows, 5, 0), 1)
    assert "No all-clear for Iran; Pakistan; AS1: not observed from 2024-02-07 19:00 UTC on." in said


def test_a_place_is_observed_as_long_as_any_of_its_signals_is_and_the_one_that_stops_is_named(tmp_path: Path) -> None:
    said = replayed(tmp_path, series(72) + without(series(72, signal="traffic.radar"), 12, 0), 1)
    assert "No all-clear for Pakistan: traffic.radar not observed from 2024-02-07 12:00 UTC on." in said
    assert said.count("No all-clear for") == 1


@pytest.mark.parametrize("empty", [True, False])
def test_routes_that_alone_go_on_are_no_all_clear(tmp_path: Path, empty: bool) -> None:
    rows = series(72, signal="bgp.ris")
    for signal, ends in (("probing.ioda", 23), ("traffic.radar", 22)):
        rows += without(series(72, signal=signal), ends, 0, empty)
    said = replayed(tmp_path, rows, 1)
    assert "No outages confirmed" in said
    alone = "only bgp.ris observed from 2024-02-07 02:00 UTC on; routes alone do not show a mobile shutdown."
    assert f"No all-clear for Pakistan: {alone}" in said
    assert said.count("No all-clear for") == 1
    assert json.loads(replayed(tmp_path, rows, 1, "--json"))["unobserved"] == [
        {"signal": signal, "entity_type": "country", "entity": "PK", "start": "2024-02-07T02:00:00Z", "end": None}
        for signal in ("probing.ioda", "traffic.radar")
    ]


def test_a_signal_without_any_value_is_named_and_one_that_begins_later_is_not(tmp_path: Path) -> None:
    never = without(series(72), 72, 0)
    said = replayed(tmp_path, series(72, signal="bgp.ris") + never, 1)
    assert "Pakistan: only bgp.ris observed; routes alone" in said
    assert "Pakistan: probing.ioda never observed." in replayed(tmp_path, series(72, signal="traffic.radar") + never, 1)
    assert "not observed" not in replayed(tmp_path, series(72, signal="bgp.ris") + series(60))


def test_a_signal_that_ends_a_bin_or_an_hour_earlier_is_not_named(tmp_path: Path) -> None:
    for hours in (1, 0.5):
        rows = series(72, signal="bgp.ris") + without(series(72), hours, 0, empty=False)
        assert "No all-clear" not in replayed(tmp_path, rows)


def test_what_nobody_observed_is_not_told_again_of_each_signal(tmp_path: Path) -> None:
    rows = without(series(72, signal="bgp.ris"), 12, 6) + without(series(72), 18, 5)
    said = replayed(tmp_path, rows, 1)
    assert "No all-clear for Pakistan: not observed from 2024-02-07 12:00 to 2024-02-07 18:00 UTC." in said
    assert "only bgp.ris observed from 2024-02-07 06:00 to 2024-02-07 12:00 UTC; routes alone" in said
    assert said.count("No all-clear for") == 2


def test_holes_of_which_only_routes_are_left_are_counted_in_one_sentence(tmp_path: Path) -> None:
    rows = series(72, signal="bgp.ris") + without(without(series(72), 30, 28), 10, 0)
    assert (
        "only bgp.ris observed from 2024-02-06 18:00 to 2024-02-06 20:00 UTC, and from 2024-02-07 14:00 UTC on; routes"
    ) in replayed(tmp_path, rows, 1)


def test_a_hole_in_the_middle_is_told_with_its_times_and_a_short_one_is_not(tmp_path: Path) -> None:
    said = replayed(tmp_path, without(series(72), 12, 9), 1)
    assert "No all-clear for Pakistan: not observed from 2024-02-07 12:00 to 2024-02-07 15:00 UTC." in said
    assert "No all-clear" not in replayed(tmp_path, without(series(72), 12, 11))


def test_what_was_never_observed_or_only_later_is_told(tmp_path: Path) -> None:
    rows = series(72, "IR") + without(series(72), 72, 0) + series(48, "IN")
    said = replayed(tmp_path, rows, 1)
    assert "No all-clear for India: not observed before 2024-02-06 00:00 UTC." in said
    assert "No all-clear for Pakistan: never observed." in said


def test_a_day_that_is_missing_every_month_is_one_short_sentence(tmp_path: Path) -> None:
    rows = series(72)
    for begin in (60, 40, 20):
        rows = without(rows, begin, begin - 4)
    said = replayed(tmp_path, rows, 1)
    assert "Pakistan: not observed 3 times between 2024-02-05 12:00 and 2024-02-07 08:00 UTC, 12 h in all." in said


def test_many_places_of_many_times_are_counted(tmp_path: Path) -> None:
    rows = "".join(
        without(series(72, f"P{letter}"), 10 + i, 0) for i, letter in enumerate("AEFGHKLM")
    ) + series(72, "IR")  # fmt: skip
    said = replayed(tmp_path, rows, 1)
    assert said.count("No all-clear for") == 5
    assert "Nor for 3 more, each not observed at other times: --json names them all." in said


def test_a_hole_is_one_against_the_series_own_cadence() -> None:
    hours = [0, 2, 4, 10, 12]
    assert observed(2 * HOUR, [h * HOUR for h in hours]).gaps() == {}
    assert observed(2 * HOUR, [h * HOUR for h in (0, 2, 4, 12)]).gaps() == {PK: (Gap(6 * HOUR, 12 * HOUR),)}
    britain = [d * DAY + h * HOUR for d in range(4) for h in (6, 10, 16, 20)]
    assert observed(4 * HOUR, britain, slots=(6 * HOUR, 10 * HOUR, 16 * HOUR, 20 * HOUR)).gaps() == {}


def test_a_hole_is_as_long_as_fusion_lets_a_verdict_stand(tmp_path: Path) -> None:
    rows, longer = without(series(72), 12, 10), tmp_path / "longer.toml"
    longer.write_text("[fusing]\nstale = 12\n")
    assert "No all-clear for Pakistan: not observed from" in replayed(tmp_path, rows, 1)
    assert "not observed" not in replayed(tmp_path, rows, 0, "--settings", str(longer))
    found = Observed(stale=12)
    assert found.without([]).stale == 12


def test_pieces_that_overlap_or_come_in_another_order_leave_no_hole() -> None:
    found, pk = Observed(), (Entity("country", "PK", "PK"),)
    for first, last in ((0, 12), (40, 60), (10, 42)):
        time = np.arange(first * HOUR, last * HOUR, 600)
        zeros = np.zeros(len(time), int)
        found.take(Rows(Run(), "table", 0, "bgp.a", 600, (), 0, pk, time, zeros, np.ones(len(time))), ["bgp.a"])
    assert found.gaps() == {}


def test_routes_that_begin_after_a_table_have_a_past_of_their_own() -> None:
    found = observed(300, [0, 300, 600], [np.nan, 1.0, 1.0])
    peer = Peer(64500, "192.0.2.1")
    for at in (DAY, DAY + HOUR, DAY - HOUR):
        found.take(elements([Element(at, "announce", peer, "198.51.100.0/24", 64510)]), ["bgp.ris"])
    assert Past.of(found).spans == {
        ("bgp.a", *PK[1:]): Span(300, 900, 300),
        ("bgp.ris", "", ""): Span(DAY - HOUR, DAY + HOUR + 300, 300),
    }
    assert Past.of(observed(300, [0], [np.nan])).spans == {}


def test_routes_that_end_before_the_rest_are_named_by_their_signals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.signals, "places", lambda: Places.of([("198.51.100.0/24", "PK")]))
    routes = tmp_path / "messages.ndjson"
    routes.write_text(ANNOUNCED % (END - 24 * HOUR))
    said = replayed(tmp_path, series(72), 1, str(routes))
    assert "No all-clear for bgp.ris; bgp.ris6: not observed from 2024-02-07 00:05 UTC on." in said
    routes.write_text(ANNOUNCED % (END - 48 * HOUR) + ANNOUNCED % END)  # quiet is not dead
    assert "not observed" not in replayed(tmp_path, series(72), 0, str(routes))


@pytest.mark.parametrize(
    ("days", "says"),
    [(20, "2024-02-06 00:00 UTC"),
     (40, "2024-02-06 00:00 UTC; again after a hole of weeks, whatever it had before it: 2024-02-05 00:00 to 2024-02-0"
          "6 00:00 UTC")],
)  # fmt: skip
def test_after_a_hole_of_weeks_it_says_that_there_is_a_first_day_again(tmp_path: Path, days: int, says: str) -> None:
    rows = series(24 * (days + 6))
    said = replayed(tmp_path, without(rows, 24 * (days + 3), 72, empty=False), 1)
    first = iso(END - (days + 5) * 24 * HOUR)[:10]
    assert f"Nothing is confirmed in a series' first day: here before {says.replace('2024-02-06', first, 1)}" in said
    assert ("again after a hole" in said) == (days == 40)
