"""Witnesses of an outage that are no longer observed: how long they hold it, and when it is over all the same."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from detectors.base import UNKNOWN
from pipeline.codec import iso
from pipeline.fusion import FuseStage
from pipeline.records import END, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.pipeline.test_doings import BEGIN, replayed
from tests.pipeline.test_holding import BGP, GOOGLE, HOUR, PROBING, RADAR, fuse
from tests.pipeline.verdicts import verdicts

OUT = "." * 4 + "L" * 8


def hours(**marks: str) -> list[Verdicts]:
    """Hourly verdicts of signals by the kind of their name, over the same time."""
    names = {"bgp": BGP, "probing": PROBING, "google": GOOGLE, "radar": RADAR}
    run = Run("r", "replay", tuple(names[kind] for kind in marks))
    return [verdicts(names[kind], own, run=run, width=HOUR) for kind, own in marks.items()]


def cut(frame: Verdicts, bins: slice) -> Verdicts:
    """Some of its bins."""
    own = {name: getattr(frame, name)[bins] for name in (*Verdicts.COLUMNS, "start", "common")}
    return dataclasses.replace(frame, watermark=int(own["start"][-1]) + frame.width, **own)


@pytest.mark.parametrize("back", [0, 4, 10])
def test_it_is_over_a_day_after_one_as_good_is_back_and_was_not_sooner_than_it_was_last_seen(back: int) -> None:
    """``back``: hours that the other was out after the witness was last seen, or before where that is less than 8."""
    other = "." * 4 + "L" * back if back else "....LLLL"
    frames = hours(probing=OUT + "?" * 60, google=other + "." * (72 - len(other)))
    (outage,) = fuse(*frames)
    assert (outage.state, outage.end) == ("ended", max(len(other), len(OUT)) * HOUR)


@pytest.mark.parametrize(("unseen", "pieces"), [(22, 1), (40, 2)])
def test_a_gap_of_less_than_a_day_does_not_end_it_and_one_of_more_does(unseen: int, pieces: int) -> None:
    marks = OUT + "?" * unseen + "L" * 6 + "." * 20
    other = "." * 4 + "L" * 4 + "." * (len(marks) - 8)
    assert len(fuse(*hours(probing=marks, google=other))) == pieces


@pytest.mark.parametrize(("days", "state"), [(20, "confirmed"), (62, "ended")])
def test_routes_that_are_back_say_too_little_but_after_weeks_the_level_is_new(days: int, state: str) -> None:
    frames = hours(probing=OUT + "?" * 24 * days, bgp="." * 4 + "L" * 4 + "." * (24 * days + 4))
    (outage,) = fuse(*frames)
    assert (outage.state, outage.end) == (state, len(OUT) * HOUR if state == "ended" else None)


def test_a_signal_that_never_fell_ends_none_but_after_weeks() -> None:
    states = {}
    for days in (20, 62):
        (outage,) = fuse(*hours(probing=OUT + "?" * 24 * days, radar="." * (24 * days + 12)))
        states[days] = (outage.state, outage.end)
    assert states == {20: ("confirmed", None), 62: ("ended", len(OUT) * HOUR)}


def test_with_nobody_left_to_ask_it_goes_on() -> None:
    (outage,) = fuse(*hours(probing=OUT + "?" * 24 * 70))
    assert outage.end is None


def test_a_witness_that_is_observed_holds_it_though_its_detector_says_nothing() -> None:
    probing, google = hours(probing=OUT + "L" * 60, google="." * 4 + "L" * 4 + "." * 64)
    state = probing.state.copy()
    state[len(OUT) :] = UNKNOWN
    silent = dataclasses.replace(probing, state=state)
    assert fuse(silent, google)[0].end is None
    blind = dataclasses.replace(silent, health=np.where(state == UNKNOWN, np.float32(0.3), probing.health))
    assert fuse(blind, google)[0].end is not None, "what few sources count is not observed"


def test_a_feed_that_ended_lets_go_as_well() -> None:
    probing, google = hours(probing=OUT, google="." * 4 + "L" * 4 + "." * 64)
    (outage,) = fuse(dataclasses.replace(probing, status=END), google)
    assert (outage.state, outage.end) == ("ended", len(OUT) * HOUR)


def test_one_of_daily_bins_is_not_unseen_between_them() -> None:
    run = Run("r", "replay", (PROBING, GOOGLE))
    slow = verdicts(PROBING, "..LLLLLL..", run=run, width=24 * HOUR)
    fast = verdicts(GOOGLE, "." * 48 + "L" * 24 + "." * 168, run=run, width=HOUR)
    (outage,) = fuse(slow, fast)
    assert (outage.state, outage.end) == ("ended", 8 * 24 * HOUR)


def test_restarted_in_between_it_is_let_go_at_the_same_time() -> None:
    frames = hours(probing=OUT + "?" * 60, google="." * 4 + "L" * 4 + "." * 64)
    whole, stage = FuseStage(0, Fusing()), FuseStage(0, Fusing())
    straight = [out for frame in frames for out in whole.step(frame) if isinstance(out, Outage)]
    parts = [cut(frame, slice(at, at + 6)) for at in range(0, 72, 6) for frame in frames]
    told = []
    for part in parts:
        told += [out for out in stage.step(part) if isinstance(out, Outage)]
        saved, stage = stage.save(), FuseStage(0, Fusing())
        stage.load(saved)
    assert told == straight
    assert straight[-1].state == "ended"


@pytest.mark.parametrize(
    ("back", "last", "end", "word"),
    [
        (
            600,
            840,
            "2024-02-05T07:20:00Z",
            "Over by others alone: the outage of Pakistan. probing.ioda was not observed",
        ),
        (
            700,
            900,
            "2024-02-05T20:40:00Z",
            "Over by others alone: the outage of Pakistan. probing.ioda was not observed",
        ),
        (700, 800, None, "Still out: Pakistan. What probing.ioda showed last, until 2024-02-05 07:20 UTC, holds that"),
    ],
)
def test_a_replay_says_by_whom_it_is_over_or_held(
    tmp_path: Path, back: int, last: int, end: str | None, word: str
) -> None:
    """Probes that are lost ten hours after the onset; traffic is back at bin ``back``, and recorded to ``last``."""
    x = np.random.default_rng(1).poisson(1000, (last, 2)).astype(float)
    x[560:620, 0] = x[560:back, 1] = 50
    x[620:, 0] = np.nan
    rows = [
        f"{iso(BEGIN + 600 * i)},{signal},country,PK,{'' if np.isnan(value) else value}\n"
        for i, row in enumerate(x) for signal, value in zip((PROBING, GOOGLE), row, strict=True)
    ]  # fmt: skip
    (tmp_path / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + "".join(rows))
    found = json.loads(replayed(tmp_path, "--json")[1])
    (outage,) = found["outages"]
    assert outage["end"] == end
    assert found["undated"] == ([outage["id"]] if end else [])
    assert word in replayed(tmp_path)[1]
