"""When a signal says nothing of a place is reported: no outage found means nothing then."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pipeline.signals
from pipeline.geo.places import Places
from pipeline.replay.coverage import LONG, NOT_SEEN, TOO_LITTLE_PAST, Silences
from tests.explain.recordings import ANNOUNCED, END, HOUR, replayed, series, without
from tests.explain.shown import PK, T, verdicts

RADAR, ROUTES = series(72, signal="traffic.radar"), series(72, signal="bgp.ris")
SAYS, YOUNG, SICK = "+", "?", "-"


def silences(bins: str, frame: int = 1) -> list[tuple[str, int, int | None]]:
    """Why and from which to which bin nothing is said, of bins that say something, have no past, or no value."""
    made = Silences("probing.ioda")
    for begin in range(0, len(bins), frame):
        own = bins[begin : begin + frame]
        state = np.array([[1 if bin_ == SAYS else 0] for bin_ in own], np.int8)
        value = np.array([[100.0 if bin_ in SAYS + YOUNG + SICK else np.nan] for bin_ in own])
        start = T + 600 * np.arange(begin, begin + len(own))
        health = np.where(np.array([[bin_ == SICK] for bin_ in own]), np.float32(0.2), np.float32(1))
        made.take(replace(verdicts((PK,)), start=start, state=state, value=value, health=health))
    found = made.all(T + 600 * len(bins))
    ends = [(one.start, one.end) for one in found]
    bins_of = [((a - T) // 600, None if b is None else (b - T) // 600) for a, b in ends]
    return [(one.why, *at) for one, at in zip(found, bins_of, strict=True)]


@pytest.mark.parametrize("frame", [1, 7, 400])
def test_a_silence_is_told_from_its_first_bin_to_the_first_one_that_says_something(frame: int) -> None:
    hole = "." * (LONG // 600 + 1)
    assert silences(f"{SAYS * 9}{hole}{SAYS}{hole[1:]}{SAYS}", frame) == [(NOT_SEEN, 9, 9 + len(hole))]
    assert silences(SAYS * 9 + hole, frame) == silences(SAYS * 9 + SICK * len(hole), frame) == [(NOT_SEEN, 9, None)]
    assert silences(YOUNG * 120 + SAYS, frame) == [], "the first hours of a series"
    assert silences(YOUNG * 120, frame) == [(TOO_LITTLE_PAST, 0, None)]
    again = SAYS + hole + YOUNG * 120 + SAYS
    assert silences(again, frame) == [(NOT_SEEN, 1, 8), (TOO_LITTLE_PAST, 8, 128)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (series(72, "IR") + without(series(72), 23, 0), ["Pakistan by probes (probing.ioda): not seen from 2024"]),
        (series(72, "IR") + without(series(72), 23, 0, False), ["not seen from 2024-02-07 01:00 UTC on."]),
        (
            without(series(72) + series(72, "IR") + series(72).replace("country,PK", "asn,AS64500"), 5, 0),
            ["Iran; Pakistan; AS64500 by probes (probing.ioda): not seen from 2024-02-07 19:00 UTC on."],
        ),
        (series(72) + without(RADAR, 12, 0), ["Pakistan by traffic.radar: not seen from 2024-02-07 12:00 UTC on."]),
        (without(series(72), 12, 9), ["not seen from 2024-02-07 12:00 to 15:00 UTC."]),
        (
            without(without(without(series(72), 60, 56), 40, 36), 20, 16),
            ["not seen 3 times from 2024-02-05 12:00 to 02-07 08:00 UTC, 12 h in all."],
        ),
        (series(72) + series(12, "IQ"), ["Iraq by probes (probing.ioda): too little past from 2024-02-07"]),
    ],
)  # fmt: skip
def test_what_was_not_seen_is_told_by_place_and_signal(tmp_path: Path, rows: str, said: list[str]) -> None:
    text = replayed(tmp_path, rows, 1)
    assert [one for one in said if one not in text] == []
    assert text.count("No all-clear for") == len(said)


@pytest.mark.parametrize("rows", [ROUTES + series(60), ROUTES + without(series(72), 1, 0), without(series(72), 12, 11)])
def test_a_late_begin_an_early_end_or_a_short_hole_is_not_told(tmp_path: Path, rows: str) -> None:
    assert "not seen from" not in replayed(tmp_path, rows)


def test_many_places_of_many_times_are_counted_and_listed_in_json(tmp_path: Path) -> None:
    names = ["AE", "AF", "AG", "AL", "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI"]
    rows = "".join(without(series(72, name), 10 + i, 0) for i, name in enumerate(names))
    loud = enumerate(series(72, "IR").splitlines())
    rows += "".join(f"{line.rpartition(',')[0]},{100 + i % 7}\n" for i, line in loud)  # else the feed looks stuck
    said = replayed(tmp_path, rows, 1)
    assert "Nor for 2 more, each at other times: --json names them all." in said
    told = json.loads(replayed(tmp_path, rows, 1, "--json"))["not_judged"]
    assert told[0] == {
        "signal": "probing.ioda", "entity_type": "country", "entity": "AE", "why": NOT_SEEN,
        "start": "2024-02-07T14:00:00Z", "end": None,
    }  # fmt: skip
    assert len(told) == 12


def test_a_feed_that_shows_no_place_at_all_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline.signals, "places", lambda: Places.of([("198.51.100.0/24", "PK")]))
    routes = tmp_path / "messages.ndjson"
    routes.write_text(ANNOUNCED % (END - 24 * HOUR))
    said = replayed(tmp_path, series(72), 1, str(routes))
    assert "No all-clear for any place by routes (bgp.ris): not seen from 2024-02-05 00:00 UTC on." in said
