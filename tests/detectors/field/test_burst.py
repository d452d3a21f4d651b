"""Disco's rule: on a day of real disconnects, and at its limits."""

import json
from pathlib import Path

import numpy as np
import pytest

from detectors.base import DAY, HIGH, LOW_CONFIRMED, NORMAL, UNKNOWN
from detectors.field.burst import Burst
from tests.detectors.lives import verdict_of
from tests.detectors.oracles import agrees

WIDTH = 300

TIME_WARNER = {"10796", "11351", "11426", "12271", "20001"}
"""The networks of Time Warner Cable, all of which went at 09:30 UTC on 27 August 2014 and came back by 11:15."""


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
    low = agrees(Burst(), x, t, WIDTH).state == LOW_CONFIRMED
    out = (t % DAY >= 9.6 * 3600) & (t % DAY < 10.8 * 3600)
    assert {name for name, all_low in zip(names, low[out].all(axis=0), strict=True) if all_low} == TIME_WARNER
    assert not low[t % DAY >= 11.5 * 3600][:, [names.index(name) for name in TIME_WARNER]].any()


@pytest.mark.parametrize(
    ("values", "states"),
    [
        ([20], [LOW_CONFIRMED]),
        ([30], [LOW_CONFIRMED]),
        ([36], [NORMAL]),  # four are too few
        ([40 - i // 12 for i in range(240)], [NORMAL] * 240),  # one after the other is no burst
        ([10, 10, 20, 24, 26, 40], [LOW_CONFIRMED] * 4 + [NORMAL] * 2),  # it ends when half are back
        ([*[np.nan] * 600, 28], [UNKNOWN] * 600 + [NORMAL]),  # a fall across a gap may have been slow
        ([120], [HIGH]),
        ([44], [NORMAL]),
    ],
)
def test_forty_probes_of_which_some_go(values: list[float], states: list[int]) -> None:
    verdict = verdict_of(Burst(), np.array([40.0] * 8 + values), 600)
    assert verdict.state[8:, 0].tolist() == states


def test_of_four_probes_nothing_is_said() -> None:
    assert (verdict_of(Burst(), np.repeat([4.0, 0.0], 10), 600).state == UNKNOWN).all()
