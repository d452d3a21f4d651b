"""The life of an outage: when it is suspected, confirmed, recovering and over, and from when to when it lasts."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL
from detectors.seasonal.seasonal import Seasonal
from pipeline.fusion import Fused, FuseStage
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.records import END, UP, Bins, Entity, Run, Verdicts
from pipeline.settings import Fusing
from tests.fusion.outages import BGP, PROBING, TELESCOPE, TRAFFIC, outages, restarted, revisions
from tests.judge.verdicts import COUNTRY, pieces, together, verdicts

DAY, HOUR = 24 * 3600, 3600
ONE = Run("r", "replay", (PROBING,))


def several(width: int = 300, left: float = 0.2, **marks: str) -> list[Verdicts]:
    """Verdicts of some kinds of signals, over the same time."""
    names = {"bgp": BGP, "probing": PROBING, "traffic": TRAFFIC, "telescope": TELESCOPE}
    run = Run("r", "replay", tuple(names[kind] for kind in marks))
    return [verdicts(names[kind], own, run=run, width=width, left=left) for kind, own in marks.items()]


def shares(signal: str, left: list[float], run: Run = ONE, width: int = 300) -> Verdicts:
    """Verdicts on shares of what was expected: low from 5 % lost on, confirmed from 10 %."""
    frame, x = verdicts(signal, "." * len(left), run=run, width=width), np.array(left)[:, None]
    state = np.where(x < 0.9, LOW_CONFIRMED, np.where(x < 0.95, LOW_PROVISIONAL, NORMAL)).astype(np.int8)
    return replace(frame, value=100 * x, state=state, score=(x - 1) / 0.02)


LOST = several(bgp="....LLLLL........", probing="....lLLLL........")


def test_an_outage_goes_through_its_states_in_order_under_one_id_and_revisions_count_up() -> None:
    found = revisions(verdicts(PROBING, "....lLLLL........", run=ONE))
    states = [state for state, _ in itertools.groupby(found, key=lambda outage: outage.state)]
    assert states == ["suspected", "confirmed", "recovering", "ended"]
    assert len({outage.id for outage in found}) == 1
    assert [outage.revision for outage in found] == list(range(1, len(found) + 1))


def test_onset_detection_confirmation_and_end_are_where_they_belong() -> None:
    (outage,) = outages(*LOST)
    assert (outage.start, outage.end) == (4 * 300, 9 * 300)
    assert outage.detected_at == 5 * 300
    assert 5 * 300 <= (outage.confirmed_at or 0) <= 9 * 300
    assert outage.severity == pytest.approx(0.8)


def test_fragments_around_a_short_recovery_are_one_outage_and_after_a_long_one_two() -> None:
    short, long = "...LLLL...LLLL" + "." * 20, "...LLLL" + "." * 100 + "LLLL" + "." * 20
    (outage,) = outages(*several(bgp=short, probing=short))
    assert (outage.start, outage.end) == (3 * 300, 14 * 300)
    assert len(outages(*several(bgp=long, probing=long))) == 2


def test_a_suspicion_that_passes_is_retracted_and_was_never_confirmed() -> None:
    (outage,) = outages(verdicts(PROBING, "....l...........", run=ONE))
    assert (outage.state, outage.confirmed_at) == ("retracted", None)


@pytest.mark.parametrize("marks", ["...." + "?" * 50, "?" * 54, "....??????...???..."])
def test_what_is_not_observed_is_never_an_outage(marks: str) -> None:
    assert outages(*several(bgp=marks, probing=marks, traffic=marks)) == []


def test_an_outage_outlasts_bins_that_are_not_observed() -> None:
    (outage,) = outages(*several(bgp="...LLL" + "?" * 300, probing="...LLL" + "?" * 300))
    assert (outage.state, outage.end) == ("confirmed", None)
    (outage,) = outages(*several(probing=("LLL" + "?" * 44) * 5 + "LLL" + "." * 20))
    assert (outage.state, outage.end) == ("ended", (47 * 5 + 3) * 300)


def test_it_ends_when_the_last_good_source_has_returned_and_not_before() -> None:
    marks = {"bgp": "...LLL" + "." * 60, "traffic": "...LLLLLL" + "." * 57, "probing": "..." + "L" * 63}
    (outage,) = outages(*several(**marks))
    assert (outage.state, outage.end) == ("confirmed", None)
    marks["probing"] = "..." + "L" * 23 + "." * 40
    (outage,) = outages(*several(**marks))
    assert (outage.state, outage.end) == ("ended", 26 * 300)


def test_one_noisy_source_against_two_calm_ones_is_not_confirmed() -> None:
    found = revisions(*several(bgp=".........", probing="....LLLLL", traffic="........."))
    assert {outage.state for outage in found} <= {"suspected"}


def test_a_plateau_of_half_is_one_outage() -> None:
    (outage,) = outages(shares(PROBING, [1.0] * 5 + [0.2] * 5 + [0.52, 0.48, 0.51, 0.49] * 40 + [1.0] * 20))
    assert (outage.start, outage.end) == (5 * 300, (5 + 5 + 160) * 300)


@pytest.mark.parametrize(
    ("before", "onset"),
    [([0.97, 0.945] * 144, (308, 308)), ([1 - 0.04 * i for i in range(1, 21)], (20, 22))],
    ids=["a sag of a day is no part of it", "a ramp is"],
)
def test_an_outage_begins_with_the_fall_that_leads_to_it(before: list[float], onset: tuple[int, int]) -> None:
    (outage,) = outages(shares(PROBING, [1.0] * 20 + before + [0.2] * 10))
    assert onset[0] * 300 <= outage.start <= onset[1] * 300


def test_a_network_that_flaps_moves_neither_onset_nor_end_of_another_place() -> None:
    country = verdicts(PROBING, "." * 180 + "L" * 20 + "." * 90, run=ONE)
    network = verdicts(PROBING, "L.." * 60 + "L" * 20 + "L.." * 30, run=ONE, entity=Entity("asn", "AS1", "PK"))
    (own,) = (outage for outage in outages(together(country, network)) if outage.entity == "PK")
    assert (own.start, own.end) == (180 * 300, 200 * 300)


def test_a_wide_bin_of_the_same_loss_is_no_second_outage() -> None:
    lost, run = "." * 12 + "L" * 6 + "." * 54, Run("r", "replay", (BGP, PROBING, TRAFFIC))
    wide = verdicts(TRAFFIC, ".L....", run=run, width=HOUR, left=0.6)  # half an hour of the hour
    (outage,) = outages(verdicts(BGP, lost, run=run), verdicts(PROBING, lost, run=run), wide)
    assert (outage.state, outage.start, outage.end) == ("ended", HOUR, HOUR + 1800)


def test_a_source_that_comes_and_goes_makes_no_flood_of_revisions() -> None:
    found = revisions(*several(probing="...." + "L" * 96, traffic="...." + ".?" * 48))
    assert 1 <= len(found) <= 4


OUT = "." * 4 + "L" * 8
BACK = "." * 4 + "L" * 4


@pytest.mark.parametrize(("later", "end"), [("L" * 6 + "." * 20, 58), ("." * 26, 12)], ids=["still low", "back"])
def test_what_a_source_shows_after_two_days_unobserved_tells_whether_it_was_one_outage(later: str, end: int) -> None:
    (outage,) = outages(*several(HOUR, probing=OUT + "?" * 40 + later, traffic=BACK + "." * 70))
    assert (outage.state, outage.start, outage.end) == ("ended", 4 * HOUR, end * HOUR)


@pytest.mark.parametrize("status", [UP, END])
def test_an_outage_is_over_by_the_others_when_a_source_was_not_observed_for_a_week(status: str) -> None:
    unseen = "?" * 24 * 8 if status == UP else ""
    probing, traffic = several(HOUR, probing=OUT + unseen, traffic=BACK + "." * (24 * 8 + 4))
    stage, found = FuseStage(0, Fusing(), ("by hand",)), []
    for frame in (replace(probing, status=status), *pieces(traffic, DAY)):
        found += revisions(frame, stage=stage)
        stage = restarted(stage)
    assert (found[-1].state, found[-1].end) == ("ended", 12 * HOUR)


@cache
def weeks(*levels: tuple[int, float], quiet: int = 21) -> list[Verdicts]:
    """Three quiet weeks of hourly bins, noon twice as high as midnight, and then days at a share: ``(days, share)``."""
    hours = np.arange(24 * (quiet + sum(days for days, _ in levels)))
    share = np.concatenate([np.ones(24 * quiet), *(np.full(24 * days, left) for days, left in levels)])
    usual = 2000 * (1.5 - 0.5 * np.cos(hours * np.pi / 12))
    x = np.random.default_rng(3).poisson(usual * share).astype(float)[:, None]
    bins = Bins(Run("r", "replay", (TRAFFIC,)), "radar", -1, TRAFFIC, HOUR, HOUR * len(hours), UP, (COUNTRY,),
                HOUR * hours, x, np.ones(x.shape, np.float32))  # fmt: skip
    return JudgeStage(Seasonal.for_signal, calendar, 1).step(bins)


def fused_weeks(*levels: tuple[int, float], restarts: bool = False) -> list[tuple[str, int, int | None]]:
    """State, begin and end of each outage [days after the quiet weeks]."""
    stage, found = FuseStage(0, Fusing()), {}
    for frame in weeks(*levels):
        for piece in pieces(frame, 10 * DAY if restarts else frame.watermark):
            found |= {out.id: out for out in revisions(piece, stage=stage)}
            stage = restarted(stage) if restarts else stage
    return [(o.state, round(o.start / DAY) - 21, o.end and round(o.end / DAY) - 21) for o in found.values()]


@pytest.mark.parametrize("restarts", [False, True])
def test_an_outage_of_weeks_goes_on_after_its_detector_got_used_to_it_and_ends_with_it(restarts: bool) -> None:
    assert fused_weeks((30, 0.3), (5, 1.0), restarts=restarts) == [("ended", 0, 30)]


def test_a_level_that_is_lost_for_good_is_no_outage_for_ever() -> None:
    ((state, start, end),) = fused_weeks((80, 0.5))
    assert (state, start) == ("ended", 0)
    assert 14 <= (end or 0) <= 75


def test_what_is_shown_as_expected_is_what_was_usual_before_the_outage() -> None:
    (frame,) = weeks((30, 0.3), (5, 1.0))
    shown = [out for out in FuseStage(0, Fusing()).step(frame) if isinstance(out, Fused)]
    assert [int(out.verdicts.start[out.bin]) for out in shown] == frame.start.tolist()
    at_noon = np.array([out.verdicts.expected[out.bin, 0] for out in shown])[12::24]
    assert (at_noon[30:50] > 3000).all()
    assert all(out.verdicts.lower[out.bin, 0] <= out.verdicts.expected[out.bin, 0] for out in shown[24 * 30 : 24 * 50])
