"""Disco's rule against a second, plain writing of it, and on a day of real disconnects."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import DAY, HIGH, LOW_CONFIRMED, NORMAL, UNKNOWN, Verdict, utc_context
from detectors.burst import Burst
from tests.detectors.slow_burst import SlowBurst
from tests.detectors.synthetic import made

WIDTH = 300

TIME_WARNER = {"10796", "11351", "11426", "12271", "20001"}
"""The networks of Time Warner Cable, all of which went at 09:30 UTC on 27 August 2014 and came back by 11:15."""


def agrees(rule: Burst, x: np.ndarray, t: np.ndarray, width: int) -> Verdict:
    _, verdict = rule.run(x, t, utc_context(t, x.shape[1], width))
    for i in range(x.shape[1]):
        slow = SlowBurst(rule)
        said = [slow.step(float(value), int(time)) for value, time in zip(x[:, i], t, strict=True)]
        np.testing.assert_array_equal(verdict.state[:, i], said)
    return verdict


def connected(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Bin starts ``(t,)``, probes connected at each bin's end ``(t, n)``, and the networks, those with five or more.

    A probe is of the day if it has an event in it, and was connected before if the first one is a disconnect.
    """
    events = sorted(json.loads(path.read_text()), key=lambda event: event["timestamp"])
    home = {event["prb_id"]: str(event["asn"]) for event in events}
    names = sorted(name for name in set(home.values()) if list(home.values()).count(name) >= 5)
    up = {event["prb_id"]: event["event"] == "disconnect" for event in reversed(events)}
    t = np.arange(events[0]["timestamp"] // DAY * DAY, events[-1]["timestamp"], WIDTH)
    x, place = np.zeros((len(t), len(names))), 0
    for i, start in enumerate(t):
        while place < len(events) and events[place]["timestamp"] < start + WIDTH:
            up[events[place]["prb_id"]] = events[place]["event"] == "connect"
            place += 1
        for probe, here in up.items():
            if here and home[probe] in names:
                x[i, names.index(home[probe])] += 1
    return t, x, names


def test_the_rule_finds_time_warner_cable_on_a_real_day_and_gives_what_its_text_says(data: Path) -> None:
    t, x, names = connected(data / "feeds" / "atlas-connections" / "7000_20140827.json")
    verdict = agrees(Burst(), x, t, WIDTH)
    low = verdict.state == LOW_CONFIRMED
    out = (t % DAY >= 9.6 * 3600) & (t % DAY < 10.8 * 3600)
    assert {name for name, all_low in zip(names, low[out].all(axis=0), strict=True) if all_low} == TIME_WARNER
    assert not low[t % DAY >= 11.5 * 3600][:, [names.index(name) for name in TIME_WARNER]].any()


VALUES = st.one_of(st.integers(0, 60).map(float), st.floats(0, 1e5), st.sampled_from([40.0, 39.0, float("nan")]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(VALUES, VALUES, st.integers(1, 6)), min_size=1, max_size=120),
    st.sampled_from([2.0, 4.0, 7.0]),
    st.sampled_from([4 * 3600, 20 * 3600]),
)
def test_the_rule_gives_on_any_series_what_its_text_says(
    bins: list[tuple[float, float, int]], report: float, renew: int
) -> None:
    x = np.array([values[:2] for values in bins])
    t = np.cumsum([values[2] for values in bins]) * 600
    agrees(Burst(report=report, renew_low=renew, renew_high=renew), x, t, 600)


def judged(values: list[float], width: int = 600) -> list[int]:
    t = np.arange(len(values)) * width
    x = np.array([40.0] * 8 + values)[:, None]
    t = np.arange(len(x)) * width
    return Burst().run(x, t, utc_context(t, 1, width))[1].state[8:, 0].tolist()


def test_together_they_are_a_burst_and_one_after_the_other_they_are_none() -> None:
    assert judged([20.0])[0] == LOW_CONFIRMED
    assert set(judged([40.0 - i // 12 for i in range(240)])) == {NORMAL}


def test_it_ends_when_half_are_back() -> None:
    assert judged([10, 10, 20, 24, 26, 40]) == [LOW_CONFIRMED] * 4 + [NORMAL] * 2


def test_four_that_go_together_are_too_few() -> None:
    assert judged([36]) == [NORMAL]
    assert judged([30]) == [LOW_CONFIRMED]


def test_of_four_probes_nothing_is_said() -> None:
    t = np.arange(20) * 600
    x = np.where(t < 6000, 4.0, 0.0)[:, None]
    assert (Burst().run(x, t, utc_context(t, 1, 600))[1].state == UNKNOWN).all()


def test_a_fall_across_a_gap_is_taken_for_slow() -> None:
    gap = [float("nan")] * 600
    assert judged([*gap, 28])[-1] == NORMAL
    assert judged([28])[-1] == LOW_CONFIRMED


@pytest.mark.parametrize(("values", "state"), [([120.0], HIGH), ([44.0], NORMAL)])
def test_thrice_as_many_are_high(values: list[float], state: int) -> None:
    assert judged(values) == [state]


def test_an_outage_of_what_is_connected_is_found_and_a_day_that_swings_is_none() -> None:
    series_ = made(9, width=600, daily=0.4, weekend=0, dispersion=0, outages=[(8.3, 8.5)])
    _, verdict = Burst().run(np.rint(series_.x), series_.t, series_.context)
    np.testing.assert_array_equal(verdict.state[:, 0] == LOW_CONFIRMED, series_.outage)
