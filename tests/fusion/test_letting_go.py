"""Witnesses of an outage that are no longer observed: how long they hold it, and when it is over all the same."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from detectors.base import LOW_PROVISIONAL, UNKNOWN
from pipeline.codec import iso
from pipeline.fusion import FuseStage
from pipeline.records import END, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.explain.test_feed_incidents import BEGIN, replayed
from tests.fusion.test_holding import BGP, GOOGLE, HOUR, PROBING, RADAR, fuse
from tests.judge.verdicts import verdicts

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


@pytest.mark.parametrize("back", [4, 12, 20])
def test_it_recovers_a_day_after_one_as_good_is_back_and_is_over_when_nobody_saw_it_for_six(back: int) -> None:
    """``back``: hours from the onset at which the other is back; the witness was last seen after 8."""
    marks = {"probing": OUT + "?" * 24 * 8, "google": "." * 4 + "L" * back + "." * (24 * 8 + 8 - back)}
    ends = {}
    for hours_seen in (12 + 20, 12 + 26 + 20, 12 + 24 * 7):
        (outage,) = fuse(*hours(**{kind: own[:hours_seen] for kind, own in marks.items()}))
        ends[outage.state] = outage.end
    end = (4 + max(back, 8)) * HOUR
    assert ends == {"confirmed": None, "recovering": end, "ended": end}


@pytest.mark.parametrize("unseen", [22, 40, 24 * 5])
def test_one_that_was_not_seen_for_days_goes_on_with_it(unseen: int) -> None:
    marks = OUT + "?" * unseen + "L" * 6 + "." * 20
    other = "." * 4 + "L" * 4 + "." * (len(marks) - 8)
    (outage,) = fuse(*hours(probing=marks, google=other))
    assert (outage.state, outage.end) == ("ended", (len(marks) - 20) * HOUR)


def test_one_of_which_nothing_is_said_when_it_is_seen_again_holds_it() -> None:
    probing, google = hours(probing=OUT + "?" * 40 + "L" * 30, google="." * 4 + "L" * 4 + "." * 74)
    state = probing.state.copy()
    state[52:] = UNKNOWN
    (outage,) = fuse(dataclasses.replace(probing, state=state), google)
    assert (outage.state, outage.end) == ("confirmed", None)


def test_one_that_is_back_when_it_is_seen_again_ends_it_at_once() -> None:
    (outage,) = fuse(*hours(probing=OUT + "?" * 40 + "." * 4, google="." * 4 + "L" * 4 + "." * 48))
    assert (outage.state, outage.end) == ("ended", len(OUT) * HOUR)


@pytest.mark.parametrize("hiccup", ["?", "l", "??l?"])
def test_the_return_of_another_lasts_through_hiccups(hiccup: str) -> None:
    back = ("." * 20 + hiccup) * 12
    marks = OUT + "?" * len(back)
    probing, google = hours(probing=marks, google="." * 4 + "L" * 8 + back)
    little = google.state == LOW_PROVISIONAL
    value, score = np.where(little, 96, google.value), np.where(little, -2, google.score)
    (outage,) = fuse(probing, dataclasses.replace(google, value=value, score=score))
    assert (outage.state, outage.end) == ("ended", 12 * HOUR)


def test_once_let_go_it_stays_so_when_the_other_is_not_observed_either() -> None:
    (outage,) = fuse(*hours(probing=OUT + "?" * 240, google="." * 4 + "L" * 4 + "." * 70 + "?" * 174, radar="." * 252))
    assert (outage.state, outage.end) == ("ended", len(OUT) * HOUR)


def test_what_falls_again_while_a_witness_is_not_seen_is_another_outage() -> None:
    first, second = fuse(*hours(probing=OUT + "?" * 200, google="." * 4 + "L" * 12 + "." * 60 + "L" * 6 + "." * 130))
    assert (first.state, first.start, first.end) == ("ended", 4 * HOUR, 16 * HOUR)
    assert (second.state, second.start, second.end) == ("ended", 76 * HOUR, 82 * HOUR)


def test_a_weak_witness_that_is_not_seen_holds_nothing_up() -> None:
    probing, google = hours(probing="." * 4 + "L" * 48 + "." * 100, google="." * 4 + "ll" + "?" * 146)
    value, score = np.where(google.score < 0, 94, google.value), google.score / 8
    (outage,) = fuse(probing, dataclasses.replace(google, value=value, score=score))
    assert (outage.state, outage.end) == ("ended", 52 * HOUR)


def test_one_that_had_lost_a_trifle_is_no_witness_of_a_return() -> None:
    probing, google = hours(probing=OUT + "?" * 24 * 8, google="." * 4 + "LL" + "." * (24 * 8 + 6))
    score, value = google.score / 8, np.where(google.score < 0, 92, google.value)
    assert fuse(probing, dataclasses.replace(google, score=score, value=value))[0].end is None


@pytest.mark.parametrize(("days", "state"), [(5, "confirmed"), (8, "ended")])
def test_routes_that_fell_with_it_and_are_back_let_go_when_for_six_days_nobody_saw_more(days: int, state: str) -> None:
    frames = hours(probing=OUT + "?" * 24 * days, bgp="." * 4 + "L" * 4 + "." * (24 * days + 4))
    (outage,) = fuse(*frames)
    assert (outage.state, outage.end) == (state, len(OUT) * HOUR if state == "ended" else None)


def test_routes_that_stood_let_go_of_nothing_for_weeks() -> None:
    (outage,) = fuse(*hours(probing=OUT + "?" * 24 * 20, bgp="." * (24 * 20 + 12)))
    assert (outage.state, outage.end) == ("confirmed", None)


@pytest.mark.parametrize("unseen", [6, 20])
def test_one_that_is_back_after_a_hole_was_back_when_another_was(unseen: int) -> None:
    """A feed that dies in an outage and is back within a day says nothing of when it was over."""
    probing = "." * 4 + "L" * 2 + "?" * unseen + "." * 30
    google = "." * 4 + "L" * 4 + "." * (unseen + 28)
    (outage,) = fuse(*hours(probing=probing, google=google))
    assert (outage.state, outage.end) == ("ended", 8 * HOUR)


def test_but_not_where_it_is_still_low_after_the_hole_nor_by_routes_nor_alone() -> None:
    hole = "." * 4 + "LL" + "?" * 8
    google = "." * 4 + "L" * 4 + "." * 40
    (low,) = fuse(*hours(probing=hole + "LL" + "." * 32, google=google))
    (routes,) = fuse(*hours(probing=hole + "." * 34, bgp=google))
    (alone,) = fuse(*hours(probing=hole + "." * 34))
    assert [outage.end for outage in (low, routes, alone)] == [16 * HOUR, 14 * HOUR, 14 * HOUR]


@pytest.mark.usefixtures("one_kind_is_enough")
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
    probing, google = hours(probing=OUT, google="." * 4 + "L" * 4 + "." * 24 * 8)
    (outage,) = fuse(dataclasses.replace(probing, status=END), google)
    assert (outage.state, outage.end) == ("ended", len(OUT) * HOUR)


def test_one_of_daily_bins_is_not_unseen_where_one_of_them_is_missing() -> None:
    run = Run("r", "replay", (PROBING, GOOGLE))
    slow = verdicts(PROBING, "..L?L?LL..", run=run, width=24 * HOUR)
    fast = verdicts(GOOGLE, "." * 48 + "L" * 24 + "." * 168, run=run, width=HOUR)
    stage = FuseStage(0, Fusing())
    told = [out for frame in (slow, fast) for out in stage.step(frame) if isinstance(out, Outage)]
    assert (told[-1].state, told[-1].end) == ("ended", 8 * 24 * HOUR)
    assert [out.state for out in told].count("recovering") == 1, "at the end, not between its bins"


def test_restarted_in_between_it_is_let_go_at_the_same_time() -> None:
    frames = hours(probing=OUT + "?" * 180, google="." * 4 + "L" * 4 + "." * 184)
    whole, stage = FuseStage(0, Fusing()), FuseStage(0, Fusing())
    straight = [out for frame in frames for out in whole.step(frame) if isinstance(out, Outage)]
    parts = [cut(frame, slice(at, at + 6)) for at in range(0, 192, 6) for frame in frames]
    told = []
    for part in parts:
        told += [out for out in stage.step(part) if isinstance(out, Outage)]
        saved, stage = stage.save(), FuseStage(0, Fusing())
        stage.load(saved)
    assert told == straight
    assert straight[-1].state == "ended"


@pytest.mark.parametrize(
    ("back", "last", "state", "end", "word"),
    [
        (600, 700, "confirmed", None, "still out, as far as is known"),
        (600, 840, "recovering", "2024-02-05T07:20:00Z", "recovering, by what others show"),
        (700, 900, "recovering", "2024-02-05T20:40:00Z", "recovering, by what others show"),
        (700, 1560, "ended", "2024-02-05T20:40:00Z", "over by what others show"),
    ],
)
def test_a_replay_says_by_whom_it_is_over_or_held(
    tmp_path: Path, back: int, last: int, state: str, end: str | None, word: str
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
    assert (outage["state"], outage["end"]) == (state, end)
    assert found["undated"] == ([outage["id"]] if end else [])
    assert found["last_observed"] == [{"id": outage["id"], "signal": PROBING, "until": "2024-02-05T07:20:00Z"}]
    said = "Its signals were last observed: probing.ioda until 2024-02-05 07:20 UTC."
    assert f"{word}: Pakistan. {said}" in replayed(tmp_path)[1]
