"""What was not observed is reported: no outage found means nothing then."""

import json
from pathlib import Path

import numpy as np
import pytest

import pipeline.signals
from pipeline.codec import iso
from pipeline.geo.places import Places
from pipeline.records import Entity, Rows, Run
from pipeline.replay.coverage import Gap, Observed
from tests.explain.recordings import ANNOUNCED, END, HOUR, replayed, series, without

DAY = 24 * HOUR
PK = ((), "country", "PK")
RADAR, ROUTES = series(72, signal="traffic.radar"), series(72, signal="bgp.ris")


def observed(
    width: int, starts: list[int], value: list[float] | None = None, slots: tuple[int, ...] = (),
    into: Observed | None = None,
) -> Observed:  # fmt: skip
    found = into or Observed()
    time, pk = np.array(starts, np.int64), (Entity("country", "PK", "PK"),)
    values = np.ones(len(time)) if value is None else np.array(value)
    found.take(Rows(Run(), "table", 0, "bgp.a", width, slots, 0, pk, time, np.zeros(len(time), int), values), ["bgp.a"])
    return found


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (series(72, "IR") + without(series(72), 23, 0), ["not observed from 2024-02-07 01:00 UTC on."]),
        (series(72, "IR") + without(series(72), 23, 0, False), ["not observed from 2024-02-07 01:00 UTC on."]),
        (
            without(series(72) + series(72, "IR") + series(72).replace("country,PK", "asn,AS1"), 5, 0),
            ["Iran; Pakistan; AS1: not observed from 2024-02-07 19:00 UTC on."],
        ),
        (
            series(72) + without(RADAR, 12, 0),
            ["Pakistan: traffic.radar not observed from 2024-02-07 12:00 UTC on."],
        ),
        (
            ROUTES + without(series(72), 23, 0) + without(RADAR, 22, 0),
            ["Pakistan: only bgp.ris observed from 2024-02-07 02:00 UTC on; routes alone do not show a mobile"],
        ),
        (ROUTES + without(series(72), 72, 0), ["Pakistan: only bgp.ris observed; routes alone do not show a mobile"]),
        (RADAR + without(series(72), 72, 0), ["Pakistan: probing.ioda never observed."]),
        (
            without(ROUTES, 12, 6) + without(series(72), 18, 5),
            [
                "Pakistan: not observed from 2024-02-07 12:00 to 2024-02-07 18:00 UTC.",
                "Pakistan: only bgp.ris observed from 2024-02-07 06:00 to 2024-02-07 12:00 UTC; routes alone do not",
            ],
        ),
        (
            ROUTES + without(without(series(72), 30, 28), 10, 0),
            ["only bgp.ris observed from 2024-02-06 18:00 to 2024-02-06 20:00 UTC, and from 2024-02-07 14:00 UTC on;"],
        ),
        (without(series(72), 12, 9), ["Pakistan: not observed from 2024-02-07 12:00 to 2024-02-07 15:00 UTC."]),
        (series(72, "IR") + series(48), ["Pakistan: not observed before 2024-02-06 00:00 UTC."]),
        (
            without(without(without(series(72), 60, 56), 40, 36), 20, 16),
            ["Pakistan: not observed 3 times between 2024-02-05 12:00 and 2024-02-07 08:00 UTC, 12 h in all."],
        ),
    ],
)  # fmt: skip
def test_what_was_not_observed_is_told_once_with_its_times(tmp_path: Path, rows: str, said: list[str]) -> None:
    text = replayed(tmp_path, rows, 1)
    assert [one for one in said if one not in text] == []
    assert text.count("No all-clear for") == len(said)


@pytest.mark.parametrize(
    "rows",
    [
        ROUTES + series(60), ROUTES + without(series(72), 1, 0, empty=False), without(series(72), 12, 11),
    ],
)  # fmt: skip
def test_a_late_begin_an_early_end_or_a_short_hole_is_not_told(tmp_path: Path, rows: str) -> None:
    assert "not observed" not in replayed(tmp_path, rows)


def test_many_places_of_many_times_are_counted_and_listed_in_json(tmp_path: Path) -> None:
    rows = "".join(without(series(72, f"P{letter}"), 10 + i, 0) for i, letter in enumerate("AEFGHKLM"))
    said = replayed(tmp_path, rows + series(72, "IR"), 1)
    assert "Nor for 3 more, each not observed at other times: --json names them all." in said
    gaps = json.loads(replayed(tmp_path, rows + series(72, "IR"), 1, "--json"))["unobserved"]
    assert gaps[0] == {
        "signal": "", "entity_type": "country", "entity": "PA", "start": "2024-02-07T14:00:00Z", "end": None,
    }  # fmt: skip
    assert len(gaps) == 8


def test_a_hole_is_one_against_the_series_own_cadence() -> None:
    assert observed(2 * HOUR, [h * HOUR for h in (0, 2, 4, 10, 12)]).gaps() == {}
    assert observed(2 * HOUR, [h * HOUR for h in (0, 2, 4, 12)]).gaps() == {PK: (Gap(6 * HOUR, 12 * HOUR),)}
    britain = [d * DAY + h * HOUR for d in range(4) for h in (6, 10, 16, 20)]
    assert observed(4 * HOUR, britain, slots=(6 * HOUR, 10 * HOUR, 16 * HOUR, 20 * HOUR)).gaps() == {}


def test_pieces_that_overlap_or_come_in_another_order_leave_no_hole() -> None:
    found = Observed()
    for first, last in ((0, 12), (40, 60), (10, 42)):
        observed(600, list(range(first * HOUR, last * HOUR, 600)), into=found)
    assert found.gaps() == {}


def test_routes_that_end_before_the_rest_are_named_by_their_signals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.signals, "places", lambda: Places.of([("198.51.100.0/24", "PK")]))
    routes = tmp_path / "messages.ndjson"
    routes.write_text(ANNOUNCED % (END - 24 * HOUR))
    said = replayed(tmp_path, series(72), 1, str(routes))
    assert "No all-clear for bgp.ris; bgp.ris6: not observed from 2024-02-07 00:05 UTC on." in said
    routes.write_text(ANNOUNCED % (END - 48 * HOUR) + ANNOUNCED % END)  # no message is no hole
    assert "not observed" not in replayed(tmp_path, series(72), 0, str(routes))


def test_after_a_hole_of_weeks_there_is_a_first_day_again(tmp_path: Path) -> None:
    said = replayed(tmp_path, without(series(24 * 46), 24 * 43, 72, empty=False), 1)
    first = iso(END - 45 * DAY)[:10]
    assert f"Nothing is confirmed in a series' first day: here before {first} 00:00 UTC" in said
    assert "again after a hole of weeks, whatever it had before it: 2024-02-05 00:00 to 2024-02-06" in said
