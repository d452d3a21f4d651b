"""How long an outage holds, and from when it is told: what others say too soon, plateaus, flapping witnesses."""

import dataclasses

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN
from detectors.seasonal import Seasonal
from pipeline.fusion import Fused, FuseStage
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.records import UP, Bins, Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.verdicts import COUNTRY, verdicts

BGP, PROBING, GOOGLE, RADAR, TELESCOPE = "bgp.ris", "probing.ioda", "traffic.google", "traffic.radar", "telescope.x"
DAY, HOUR = 24 * 3600, 3600
ALL = Run("r", "replay", (BGP, PROBING, GOOGLE, RADAR, TELESCOPE))


def fuse(*frames: Verdicts, settings: Fusing | None = None) -> list[Outage]:
    """The last revision of each outage, in order of detection."""
    stage = FuseStage(0, settings or Fusing())
    out = [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]
    return list({outage.id: outage for outage in out}.values())


def shares(signal: str, left: list[float], run: Run, deviation: float = 0.02, **changed: object) -> Verdicts:
    """Verdicts on shares of what was expected: low at 5 % lost, confirmed at 10 %."""
    frame = verdicts(signal, "." * len(left), run=run, **changed)  # type: ignore[arg-type]
    x = np.array(left)[:, None]
    state = np.where(x < 0.9, LOW_CONFIRMED, np.where(x < 0.95, LOW_PROVISIONAL, NORMAL)).astype(np.int8)
    return dataclasses.replace(frame, value=100 * x, state=state, score=(x - 1) / deviation)


def test_sources_that_return_one_by_one_do_not_end_it_while_a_better_one_is_at_the_bottom() -> None:
    calm_again = {BGP: 10, "bgp.ioda": 11, "atlas.connected": 20, GOOGLE: 30, RADAR: 40, TELESCOPE: 50}
    run = Run("r", "replay", (*calm_again, PROBING))
    returning = [verdicts(signal, "..." + "L" * n + "." * (97 - n), run=run) for signal, n in calm_again.items()]
    (outage,) = fuse(*returning, verdicts(PROBING, "..." + "L" * 97, run=run))
    assert (outage.state, outage.end) == ("confirmed", None)


def test_it_ends_with_the_last_strong_one() -> None:
    calm_again = {BGP: 10, GOOGLE: 30, RADAR: 40, TELESCOPE: 50, PROBING: 60}
    returning = [verdicts(signal, "..." + "L" * n + "." * (97 - n), run=ALL) for signal, n in calm_again.items()]
    (outage,) = fuse(*returning)
    assert (outage.state, outage.end) == ("ended", 63 * 300)


def test_a_witness_that_knows_less_does_not_hold_it_against_a_better_one() -> None:
    returning = [verdicts(s, "..." + "L" * 10 + "." * 87, run=ALL) for s in (PROBING, GOOGLE, RADAR, TELESCOPE)]
    (outage,) = fuse(*returning, shares(BGP, [1.0] * 3 + [0.7] * 97, ALL, deviation=0.1))
    assert (outage.state, outage.end) == ("ended", 13 * 300)


def test_a_witness_that_is_mostly_back_does_not_hold_it_against_others() -> None:
    run = Run("r", "replay", (BGP, PROBING, GOOGLE))
    back = [verdicts(signal, "..." + "L" * 10 + "." * 87, run=run) for signal in (BGP, GOOGLE)]
    (outage,) = fuse(*back, shares(PROBING, [1.0] * 3 + [0.3] * 10 + [0.88] * 87, run))
    assert (outage.state, outage.end) == ("ended", 13 * 300)


@pytest.mark.parametrize("plateau", [[0.52, 0.48, 0.51, 0.49], [0.89, 0.88, 0.885, 0.895]])
def test_a_plateau_does_not_shatter(plateau: list[float]) -> None:
    run = Run("r", "replay", (PROBING,))
    (outage,) = fuse(shares(PROBING, [1.0] * 5 + [0.2] * 5 + plateau * 40 + [1.0] * 20, run))
    assert outage.end == (5 + 5 + 160) * 300
    assert outage.confirmed_at == 6 * 300


def test_missing_bins_on_a_plateau_do_not_shatter_it_either() -> None:
    run = Run("r", "replay", (PROBING,))
    (outage,) = fuse(verdicts(PROBING, ("LLL????" + "?" * 40) * 5 + "LLL" + "." * 20, run=run, left=0.7))
    assert (outage.state, outage.end) == ("ended", (47 * 5 + 3) * 300)


def test_one_good_value_of_a_coarse_series_is_no_end() -> None:
    run = Run("r", "replay", (BGP,))
    assert len(fuse(verdicts(BGP, "...LL.LL..", run=run, width=6 * 3600))) == 1
    assert len(fuse(verdicts(BGP, "...LL..LL..", run=run, width=6 * 3600))) == 2


def test_a_sag_of_a_day_before_does_not_drag_the_onset() -> None:
    run = Run("r", "replay", (PROBING,))
    (outage,) = fuse(shares(PROBING, [1.0] * 20 + [0.97, 0.945] * 144 + [0.3] * 10, run))
    assert outage.start == (20 + 288) * 300


def test_a_ramp_is_followed_back_to_where_it_was_shallow() -> None:
    run = Run("r", "replay", (PROBING,))
    ramp = [1.0] * 20 + [1 - 0.04 * i for i in range(1, 21)] + [0.2] * 10
    (outage,) = fuse(shares(PROBING, ramp, run))
    assert 20 * 300 <= outage.start <= 22 * 300


def test_one_flapping_network_moves_nobody_else_s_onset_nor_end() -> None:
    run = Run("r", "replay", (PROBING,))
    country, flapping = Entity("country", "PK", "PK"), Entity("asn", "AS1", "PK")
    marks = "L.." * 60 + "L" * 20 + "L.." * 30
    frames = [
        verdicts(PROBING, "." * 180 + "L" * 20 + "." * 90, run=run, entity=country),
        verdicts(PROBING, marks, run=run, entity=flapping),
    ]
    names = ("value", "health", "expected", "lower", "upper", "score", "state", "settled")
    stacked = {name: np.concatenate([getattr(f, name) for f in frames], axis=1) for name in names}
    found = fuse(dataclasses.replace(frames[0], entities=(country, flapping), **stacked))
    (own,) = [outage for outage in found if outage.entity == "PK"]
    assert (own.start, own.end) == (180 * 300, 200 * 300)


def test_a_weak_witness_that_flaps_moves_no_end() -> None:
    run = Run("r", "replay", (PROBING, TELESCOPE))
    flaps = shares(TELESCOPE, [1.0] * 5 + [0.94] * 10 + [1.0, 0.94] * 20, run)
    (outage,) = fuse(verdicts(PROBING, "." * 5 + "L" * 10 + "." * 40, run=run), flaps)
    assert (outage.state, outage.end) == ("ended", 15 * 300)


@pytest.mark.parametrize("left", [1.0, 0.94, 0.91])
def test_it_ends_no_sooner_than_a_strong_witness_leaves_the_bottom_however_little_it_lacks_then(left: float) -> None:
    run = Run("r", "replay", (PROBING, GOOGLE))
    first = verdicts(PROBING, "...." + "L" * 4 + "." * 40, run=run)
    (outage,) = fuse(first, shares(GOOGLE, [1.0] * 4 + [0.2] * 16 + [left] * 28, run))
    assert (outage.state, outage.end) == ("ended", 20 * 300)


@pytest.mark.parametrize(("bins", "end"), [(2, HOUR + 600), (6, HOUR + 1800), (8, 2 * HOUR)])
@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.usefixtures("one_kind_is_enough")
def test_a_wide_bin_that_began_in_an_outage_which_is_over_is_no_second_one(
    bins: int, end: int, restarted: bool
) -> None:
    """``end``: of one of eight bins the wide one comes before it is over."""
    run = Run("r", "replay", (PROBING, GOOGLE))
    found: dict[str, list[tuple[int, int | None]]] = {}
    for marks in (".L....", ".LL..."):
        stage, outages = FuseStage(0, Fusing()), {}
        fine = verdicts(PROBING, "." * 12 + "L" * bins + "." * (60 - bins), run=run)
        wide = verdicts(GOOGLE, marks, run=run, width=HOUR)
        wide.value[1] = 100 * (1 - 0.8 * bins / 12)  # what it can have lost in that time
        for at in range(0, 6 * HOUR, 300):
            for frame in (fine, wide):
                ends = frame.start + frame.width
                own = {name: getattr(frame, name)[(ends > at) & (ends <= at + 300)] for name in BY_BIN}
                for out in stage.step(dataclasses.replace(frame, watermark=at + 300, **own)):
                    if isinstance(out, Outage):
                        outages[out.id] = out
            if restarted:
                state, stage = stage.save(), FuseStage(0, Fusing())
                stage.load(state)
        found[marks] = [(out.start, out.end) for out in outages.values()]
    assert found[".L...."] == [(HOUR, end)]
    later = [(HOUR, end), (2 * HOUR, 3 * HOUR)] if bins < 8 else [(HOUR, 3 * HOUR)]
    assert found[".LL..."] == later, "the hour after it is another"


def test_a_signal_that_comes_and_goes_at_a_plateau_makes_no_flood_of_revisions() -> None:
    run = Run("r", "replay", (PROBING, GOOGLE))
    stage = FuseStage(0, Fusing())
    frames = [verdicts(PROBING, "...." + "L" * 96, run=run), verdicts(GOOGLE, "...." + ".?" * 48, run=run)]
    told = [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]
    assert len(told) <= 4
    assert {term.signal: term.weight for term in told[-1].signals} == {PROBING: 9.0, GOOGLE: -2.0}


def test_what_was_deepest_stays_told_when_another_signal_is_heard_later() -> None:
    """Routes are back when the hourly telescope speaks for the first time since: they had fallen all the same."""
    run = Run("r", "replay", (BGP, PROBING, TELESCOPE))
    frames = [
        shares(BGP, [1.0] * 24 + [0.3] * 6 + [1.0] * 42, run),
        shares(PROBING, [1.0] * 24 + [0.1] * 40 + [1.0] * 8, run),
        verdicts(TELESCOPE, "......", run=run, width=HOUR),
    ]  # fmt: skip
    (outage,) = fuse(*frames)
    told = {term.signal: (term.ratio, term.weight) for term in outage.signals}
    assert told == {BGP: (0.3, 9.0), PROBING: (0.1, 9.0), TELESCOPE: (1.0, -0.5)}
    assert outage.kind == "partial"


@pytest.mark.parametrize(("mark", "state"), [("l", "retracted"), ("L", "ended")])
def test_what_is_only_suspected_is_retracted_once_nobody_has_spoken_for_six_days(mark: str, state: str) -> None:
    frame = verdicts(PROBING, "...." + mark * 4 + "L" * 24 * 10, run=Run("r", "replay", (PROBING,)), width=HOUR)
    said = frame.state.copy()
    said[8:] = UNKNOWN
    back = dataclasses.replace(frame, state=said, value=np.where(said == UNKNOWN, 100.0, frame.value))
    (outage,) = fuse(back)
    assert outage.state == state


def test_a_signal_that_was_last_seen_before_the_onset_does_not_stand() -> None:
    """Traffic by the hour is not back yet when routes and probes have fallen: it neither decides what it is, nor what
    it looks like; when it comes it does."""
    run = Run("r", "replay", (BGP, PROBING, RADAR))
    fine = [verdicts(signal, "." * 13 + "L" * 23, run=run, left=0.1) for signal in (BGP, PROBING)]
    hourly = verdicts(RADAR, "...", run=run, width=HOUR)
    stage, kinds = FuseStage(0, Fusing()), {}
    for at in range(36):
        for frame in (*fine, hourly):
            mark, ends = (at + 1) * 300, frame.start + frame.width
            one = {name: getattr(frame, name)[(ends > mark - 300) & (ends <= mark)] for name in BY_BIN}
            for out in stage.step(dataclasses.replace(frame, watermark=mark, **one)):
                if isinstance(out, Outage):
                    kinds[mark] = (out.kind, {term.signal: term.weight for term in out.signals}.get(RADAR))
    early, late = ([kinds[mark] for mark in kinds if (mark >= 2 * HOUR) == is_late] for is_late in (False, True))
    assert set(early) == {("blackout", None)}
    assert set(late) == {("partial", -2.0)}


@pytest.mark.parametrize(("before", "signs"), [("." * 4, True), ("?" * 4, False)])
def test_an_onset_that_nobody_saw_has_no_hour(before: str, signs: bool) -> None:
    at = 6 * DAY - 2 * HOUR
    frame = verdicts(PROBING, "." * 20 + before + "L" * 20, run=Run("r", "replay", (PROBING,)), at=at)
    (outage,) = fuse(frame)
    assert outage.start == 6 * DAY
    assert ("grid" in {sign.name for sign in outage.signs}) == signs


@pytest.mark.parametrize(("left", "end"), [(1.0, 40), (0.95, 40), (0.6, None), (0.1, None)])
def test_one_whose_detector_says_nothing_more_is_over_when_all_is_back_and_not_before(
    left: float, end: int | None
) -> None:
    run = Run("r", "replay", (PROBING,))
    frame = shares(PROBING, [1.0] * 4 + [0.1] * 36 + [left] * 24, run, width=HOUR)
    state = frame.state.copy()
    state[30:] = UNKNOWN
    (outage,) = fuse(dataclasses.replace(frame, state=state))
    assert (outage.state, outage.end) == (("ended", end * HOUR) if end else ("confirmed", None))
    assert (
        fuse(dataclasses.replace(frame, state=state, value=np.where(state == UNKNOWN, np.nan, frame.value)))[0].end
        is None
    )


BY_BIN = ("start", "value", "health", "expected", "lower", "upper", "score", "state", "settled", "common")


def weeks(*levels: tuple[int, float], quiet: int = 21) -> Bins:
    """Hours of days with twice as much at noon as at midnight; then days at a share of it, each ``(days, share)``."""
    hours = np.arange(24 * (quiet + sum(days for days, _ in levels)))
    share = np.concatenate([np.ones(24 * quiet), *(np.full(24 * days, left) for days, left in levels)])
    shape = 1.5 - 0.5 * np.cos(hours * np.pi / 12)
    x = np.random.default_rng(3).poisson(2000 * shape * share).astype(float)[:, None]
    end = HOUR * len(hours)
    run = Run("r", "replay", (RADAR,))
    return Bins(run, "radar", -1, RADAR, HOUR, end, UP, (COUNTRY,), HOUR * hours, x, np.ones(x.shape, np.float32))


def only(frame: Verdicts, rows: slice, watermark: int) -> Verdicts:
    return dataclasses.replace(frame, watermark=watermark, **{name: getattr(frame, name)[rows] for name in BY_BIN})


def judged(bins: Bins) -> list[Verdicts]:
    return JudgeStage(Seasonal.for_signal, calendar, 1).step(bins)


def test_an_outage_of_weeks_goes_on_after_its_detector_got_used_to_it_and_ends_with_it() -> None:
    frames = judged(weeks((30, 0.3), (5, 1.0)))
    state = frames[0].state[:, 0]
    assert not np.isin(state[24 * 35 : 24 * 50], (LOW_PROVISIONAL, LOW_CONFIRMED)).any()
    (outage,) = fuse(*frames)
    assert (outage.state, outage.start) == ("ended", 21 * DAY)
    assert outage.end == 51 * DAY


@pytest.mark.parametrize("left", [0.3, 0.0])
def test_what_is_shown_as_expected_is_what_an_outage_is_held_against(left: float) -> None:
    (frame,) = judged(weeks((30, left), (5, 1.0)))
    shown = [out for out in FuseStage(0, Fusing()).step(frame) if isinstance(out, Fused)]
    expected = np.array([out.verdicts.expected[out.bin, 0] for out in shown])
    noon = slice(12, None, 24)
    assert len(shown) == len(frame.start)
    assert (frame.expected[noon, 0][30:50] < 1500).all(), "the detector has got used to it"
    assert (expected[noon][30:50] > 3000).all()
    for usual in (slice(24 * 27), slice(24 * 52, None)):
        assert np.array_equal(expected[usual], frame.expected[usual, 0], equal_nan=True)
    assert all(out.verdicts.lower[out.bin, 0] <= out.verdicts.expected[out.bin, 0] for out in shown[24 * 30 : 24 * 50])
    assert [int(out.verdicts.start[out.bin]) for out in shown] == frame.start.tolist()


def test_a_network_that_is_half_for_good_is_not_out_for_ever() -> None:
    (outage,) = fuse(*judged(weeks((80, 0.5))))
    assert outage.state == "ended"
    assert outage.end == 81 * DAY


def test_a_return_to_two_thirds_in_the_second_week_is_a_return() -> None:
    (outage,) = fuse(*judged(weeks((8, 0.1), (20, 0.66))))
    assert outage.state == "ended"
    assert 28 * DAY <= (outage.end or 0) <= 30 * DAY


def test_what_was_usual_before_an_outage_outlives_a_cut() -> None:
    (frame,) = judged(weeks((30, 0.3), (5, 1.0)))
    first, second = FuseStage(0, Fusing()), FuseStage(0, Fusing())
    cut = 24 * 27
    told = first.step(only(frame, slice(cut), HOUR * cut))
    second.load(first.save())
    told += second.step(only(frame, slice(cut, None), frame.watermark))
    assert [out for out in told if isinstance(out, Outage)][-1] == fuse(frame)[-1]
