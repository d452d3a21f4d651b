"""A feed that says the same again and again is stuck: blind, neither a calm day nor an outage."""

from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN
from detectors.seasonal import Seasonal
from pipeline.engine import Engine, chain
from pipeline.feeds import open_source
from pipeline.fusion import weighing
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.judge.stuck import Repeats
from pipeline.records import UP, Bins, Entity, Outage, Rows, Run, Verdicts
from pipeline.settings import Judging, Settings
from tests.replay.tapes import pieces
from tests.worlds import HOUR, hours, made_rows, played

WIDTH = 1800
DAY = 48
CASES = (
    "control-britain-2020-peerloss", "control-youtube-ge", "control-youtube-nl", "iraq-2023-exams",
    "louisiana-2020-laura", "myanmar-2021-coup", "venezuela-2019-blackout", "zhytomyr-2022",
)  # fmt: skip
PLACES = (Entity("country", "PK", "PK"), Entity("asn", "AS1", "PK"), Entity("asn", "AS2", "PK"))


def noisy(bins: int = 5 * DAY, seed: int = 3) -> np.ndarray:
    """Two networks that breathe, one that is flat, and days of which the nights are half."""
    rng = np.random.default_rng(seed)
    shape = 1 + 0.3 * np.sin(2 * np.pi * np.arange(bins) / DAY)
    own = np.array([600.0, 400.0]) * shape[:, None] * rng.normal(1, 0.02, (bins, 2))
    return np.rint(np.column_stack([own, np.full(bins, 8.0)]))


def repeated(x: np.ndarray, begin: int, end: int) -> np.ndarray:
    """The last value before ``begin`` again until ``end``."""
    frozen = x.copy()
    frozen[begin:end] = x[begin - 1]
    return frozen


def judged(
    x: np.ndarray, odds: float = Judging().stuck_odds, stage: JudgeStage | None = None, start: int = 0
) -> Verdicts:
    """All of it through the stage, in one frame, with one partition."""
    stage = stage or JudgeStage(Seasonal.for_signal, calendar, 1, Judging(stuck_odds=odds))
    at, health = WIDTH * (start + np.arange(len(x))), np.ones(x.shape, np.float32)
    end = int(at[-1]) + WIDTH
    return stage.step(Bins(Run("r"), "test", -1, "traffic.radar", WIDTH, end, UP, PLACES, at, x, health))[0]


def blind(verdicts: Verdicts) -> list[int]:
    """The bins in which nothing was observed, none of them in part."""
    none = (verdicts.health == 0).all(axis=1)
    assert (none == (verdicts.health == 0).any(axis=1)).all()
    assert (np.isnan(verdicts.value).all(axis=1) == none).all()
    assert ((verdicts.state == UNKNOWN).all(axis=1) | ~none).all()
    return np.flatnonzero(none).tolist()


def test_a_feed_that_is_stuck_at_night_is_blind_and_no_outage_of_the_day() -> None:
    x = repeated(noisy(), 3 * DAY + 30, 4 * DAY + 20)
    assert LOW_CONFIRMED in judged(x, odds=0).state
    found = judged(x)
    assert blind(found) == list(range(3 * DAY + 34, 4 * DAY + 20))
    assert LOW_CONFIRMED not in found.state
    assert (found.state[4 * DAY + 20 :, :2] == NORMAL).all(), "what moves again is observed again, and as usual"


def test_one_series_that_stands_still_is_not_the_feed() -> None:
    x = noisy()
    x[3 * DAY :, 0] = x[3 * DAY, 0]
    found = judged(x)
    assert (found.health[:, 1:] == 1).all()
    assert (found.state[4 * DAY :, 1] == NORMAL).all()


def test_series_that_are_flat_for_weeks_mean_it() -> None:
    x = noisy(20 * DAY)
    x[:, :2] = [600, 400]
    x[:: 3 * DAY, 1] += 1
    assert blind(judged(x)) == []


def test_a_floor_on_which_all_lie_still_is_an_outage_and_stays_one() -> None:
    x = noisy()
    x[4 * DAY :, :2] = [20, 10]
    found = judged(x)
    assert blind(found) == []
    assert (found.state[4 * DAY + 2 :, :2] == LOW_CONFIRMED).all()


def test_a_feed_that_rests_every_night_is_not_stuck() -> None:
    x = noisy(20 * DAY)
    night = np.arange(len(x)) % DAY < 14
    for begin in np.flatnonzero(night & ~np.append(False, night[:-1])):
        x[begin : begin + 14] = x[begin]
    assert len([bin_ for bin_ in blind(judged(x)) if bin_ > 3 * DAY]) == 0


def test_zeros_are_observed_and_empty_also_where_nothing_was_judged_before_them() -> None:
    x = noisy()
    x[10:] = 0
    assert blind(judged(x)) == []


def test_bins_without_a_value_are_no_repeats_and_end_none() -> None:
    x = repeated(noisy(), 4 * DAY, 5 * DAY)
    x[4 * DAY + 8 : 4 * DAY + 20] = np.nan
    assert np.isnan(judged(x).state).sum() == 0
    assert (judged(x).state[4 * DAY + 5 :] == UNKNOWN).all()
    x = noisy()
    x[4 * DAY : 4 * DAY + 20] = np.nan
    assert (judged(x).state[4 * DAY + 20 :, :2] == NORMAL).all()


def test_a_cut_stage_goes_on_counting_and_new_places_find_room() -> None:
    x = repeated(noisy(), 4 * DAY, 5 * DAY)
    whole = judged(x)
    for cut in (4 * DAY - 1, 4 * DAY + 2, 4 * DAY + 9):
        stage, resumed = (JudgeStage(Seasonal.for_signal, calendar, 1) for _ in range(2))
        judged(x[:cut], stage=stage)
        resumed.load(stage.save())
        rest = judged(x[cut:], stage=resumed, start=cut)
        assert np.array_equal(rest.value, whole.value[cut:], equal_nan=True)
    repeats = Repeats()
    assert not any(repeats.take(row[None, : 1 + i % 2], 1e-9, WIDTH).any() for i, row in enumerate(x[:1]))
    assert not repeats.take(x[1:2], 1e-9, WIDTH).any()


@pytest.mark.parametrize("case", CASES)
def test_no_bin_of_a_real_series_is_stuck_and_one_that_repeats_itself_is_found_out(case: str, data: Path) -> None:
    whole = open_source(data / "signals" / case).whole
    assert whole is not None
    for rows in whole.series:
        x, odds = grid(rows), Judging().stuck_odds
        repeats = Repeats()
        assert not any(repeats.take(row[None], odds, rows.width).any() for row in x), rows.signal
        if repeats.still < repeats.seen / 4:
            told = [repeats.take(np.where(np.isnan(x[-1:]), 1.0, x[-1:]), odds, rows.width).all() for _ in range(25)]
            assert True in told, rows.signal


@pytest.mark.parametrize("dip", [1.0, 300.0, 600.0])
@pytest.mark.parametrize("hours", [2, 5, 12])
def test_a_dip_in_a_flat_first_day_does_not_make_the_rest_of_it_stuck(data: Path, dip: float, hours: int) -> None:
    whole = open_source(data / "signals" / "zhytomyr-2022").whole
    assert whole is not None
    (rows,) = (rows for rows in whole.series if rows.signal == "bgp.ioda")
    x = grid(rows)
    at = hours * 3600 // rows.width
    assert (x[: at + 100] == x[0]).all(), "hours of one value before it and after it"
    x[at] = dip
    repeats = Repeats()
    assert not any(repeats.take(row[None], Judging().stuck_odds, rows.width).any() for row in x)


def grid(rows: Rows) -> np.ndarray:
    """Its values ``(t, n)``, NaN where there is none."""
    time, at = np.unique(rows.time, return_inverse=True)
    x = np.full((len(time), len(rows.entities)), np.nan)
    x[at, rows.entity] = rows.value
    return x


def test_bins_in_which_nothing_is_observed_are_taken_at_once() -> None:
    x = noisy()
    x[DAY : 4 * DAY] = np.nan
    repeats = Repeats()
    assert len(repeats.take(x[:1], 1e-9, WIDTH)) == 1  # nothing moves yet
    assert len(repeats.take(x[1:], 1e-9, WIDTH)) == len(x) - 1
    alone = Repeats()
    for row in x:
        alone.take(row[None], 1e-9, WIDTH)
    assert repeats.save()[0] == alone.save()[0]
    assert repeats.seen == 2 * DAY - 1


def test_flat_ones_are_not_stuck_because_a_lively_one_has_gone() -> None:
    rng = np.random.default_rng(2)
    lively, flat = rng.normal(50_000, 100, (10 * DAY, 1)), 100 + (rng.random((10 * DAY, 2)) < 0.02)
    x = np.rint(np.hstack([lively, flat]))
    alone = judged(x * [np.nan, 1, 1])
    x[7 * DAY :, 0] = np.nan
    beside = judged(x)
    assert np.array_equal(beside.health[7 * DAY :, 1:], alone.health[7 * DAY :, 1:])
    assert (beside.health[:, 1:] == 1).all()


GONE = ("probing.ioda", "traffic.radar")


def frozen_traffic(begin: int, width: int) -> list[Rows]:
    """Routes and probes are gone for half a day, at first altogether, and traffic repeats the value before ``begin`` [s
    after the fall]."""
    t, rng, fall = hours(7, width), np.random.default_rng(4), 5 * 24 * HOUR
    left = np.where((t >= fall) & (t < fall + 12 * HOUR), np.where(t < fall + 2 * width, 0.0, 0.03), 1.0)
    x = rng.poisson(4000 * (1 - 0.3 * np.cos(2 * np.pi * t / (24 * HOUR)))).astype(float)
    at = int(np.searchsorted(t, fall + begin))
    others = (("bgp.ris", rng.poisson(900 * left)), ("probing.ioda", rng.poisson(800 * left)))
    return [
        made_rows("traffic.radar", repeated(x, at, len(t)), width=width),
        *(made_rows(signal, own.astype(float), width=width) for signal, own in others),
    ]


@pytest.mark.parametrize("width", [300, 900])
@pytest.mark.parametrize("bins", [-1, 0, 1])
def test_a_feed_that_froze_as_all_fell_did_not_stand_in_it(
    bins: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = frozen_traffic(bins * width, width)
    revisions = [each for each in chain(pieces(series), Engine(Settings())) if isinstance(each, Outage)]
    last = revisions[-1]
    assert (last.kind, [term.signal for term in last.signals]) == ("blackout", ["bgp.ris", "probing.ioda"])
    kinds = [kind for kind, _ in groupby(each.kind for each in revisions)]
    assert len(kinds) == len(set(kinds)), "no kind comes back"
    monkeypatch.setattr(weighing, "UNWELL", 0)
    (naive,) = played(series).of("PK")
    assert naive.kind == "partial"


@pytest.mark.parametrize(("low", "up"), [(6, 4), (9, 3)])
def test_what_fell_and_froze_when_it_was_back_stays_told(low: int, up: int) -> None:
    """Routes are gone for so many bins of five minutes and back for so many, and then their collector freezes."""
    t, rng, fall = hours(7, 300), np.random.default_rng(4), 5 * 24 * HOUR
    begin, out = int(np.searchsorted(t, fall)), (t >= fall) & (t < fall + 12 * HOUR)
    short = np.where(out & (t < fall + low * 300), 0.0, 1.0)
    routes = repeated(rng.poisson(4000 * short).astype(float), begin + low + up, len(t))
    others = (made_rows(name, rng.poisson(4000 * np.where(out, 0.03, 1.0)).astype(float), width=300) for name in GONE)
    series = [made_rows("bgp.ris", routes, width=300), *others]
    revisions = [each for each in chain(pieces(series), Engine(Settings())) if isinstance(each, Outage)]
    assert {each.kind for each in revisions} == {"blackout"}
    assert [term.signal for term in revisions[-1].signals] == ["bgp.ris", *GONE]
