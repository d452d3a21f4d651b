"""What nobody saw is neither gone nor back, and who is met later is judged as if known from the start."""

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest

from detectors.base import DAY, NORMAL, Context, Verdict, utc_context
from detectors.cusum import Cusum
from detectors.seasonal import Seasonal
from detectors.state import extend
from pipeline.bins import NEVER
from pipeline.engine import Engine
from pipeline.fusion import FuseStage, holding
from pipeline.fusion.evidence import Said, weights
from pipeline.records import UP, Bins, Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.moved import COUNTRIES, DAYS, seen
from tests.judge.moved import judged as moved
from tests.judge.verdicts import COUNTRY, verdicts

MINUTE, HOUR = 60, 3600
BGP, PROBING, RADAR = "bgp.ris", "probing.ioda", "traffic.radar"
CALM = "." * (4 * 24 * 6)
RUN = Run("r", "live", ())


def told(frames: Iterable[Verdicts]) -> list[Outage]:
    """The revisions of all outages."""
    stage = FuseStage(0, Fusing(), "seasonal")
    return [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]


def scored(frame: Verdicts, score: float, detector: str) -> Verdicts:
    return dataclasses.replace(frame, detector=detector, score=np.where(frame.score < 0, score, 0.0))


def probes(marks: str, a_frame: int) -> list[Verdicts]:
    """Probes in bins of 10 minutes, a fifth left where they are low, and routes that stand, ``a_frame`` bins each."""
    run, width = Run("r", "live", (PROBING, BGP)), 10 * MINUTE
    frames = []
    for at in range(0, len(marks), a_frame):
        own = marks[at : at + a_frame]
        frames.append(verdicts(BGP, "." * len(own), run=run, width=width, at=at * width))
        frames.append(scored(verdicts(PROBING, own, run=run, width=width, at=at * width), -7.5, "seasonal"))
    return frames


@pytest.mark.parametrize("a_frame", [1, 7])
@pytest.mark.parametrize("hole", [1, 18, 120])
@pytest.mark.usefixtures("three_hours")
def test_a_hole_makes_nothing_gone_for_longer(hole: int, a_frame: int) -> None:
    states = {
        marks: told(probes(CALM + marks, a_frame))[-1].state for marks in ("LLL", "LL" + "?" * hole + "L", "L" * 21)
    }
    assert list(states.values()) == ["suspected", "suspected", "confirmed"]


@pytest.mark.parametrize("a_frame", [1, 7])
@pytest.mark.usefixtures("three_hours")
def test_what_was_seen_gone_before_and_after_a_hole_is_summed(a_frame: int) -> None:
    states = [told(probes(CALM + marks, a_frame))[-1].state for marks in ("L" * 5, "L" * 5 + "?" * 6 + "L" * 5)]
    assert states == ["suspected", "confirmed"]


@pytest.mark.parametrize("health", [0.2, 1.0])
@pytest.mark.usefixtures("three_hours")
def test_bins_of_few_healthy_sources_make_nothing_gone_for_longer(health: float) -> None:
    """What they show is shown, and no more."""
    calm, poor, after = (probes(marks, 36) for marks in (CALM, "?" * 36, "LLL"))
    run, width = Run("r", "live", (PROBING, BGP)), 10 * MINUTE
    low = scored(verdicts(PROBING, "L" * 36, run=run, width=width), -7.5, "seasonal")
    state = low.state if health == 1 else poor[1].state
    shown = dataclasses.replace(poor[1], value=low.value, health=np.full_like(low.health, health), state=state)
    frames = [*calm, *at(len(CALM), [poor[0], shown]), *at(len(CALM) + 36, after)]
    assert told(frames)[-1].state == ("confirmed" if health == 1 else "suspected")


@pytest.fixture
def three_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """For so long most of it must be gone."""
    monkeypatch.setattr(holding, "MOST_LASTING", holding.LASTING)


def at(bins: int, frames: list[Verdicts]) -> list[Verdicts]:
    """These frames so many bins of 10 minutes later."""
    later = bins * 10 * MINUTE
    return [dataclasses.replace(f, start=f.start + later, watermark=f.watermark + later) for f in frames]


def summed(marks: str, slow: str, a_frame: int) -> list[Outage]:
    """Traffic of which a fifth is missing, hour by hour: what the first detector says, and the slow one."""
    run, frames = Run("r", "live", (RADAR,)), []
    for at in range(0, len(marks), a_frame):
        first, beside = (
            verdicts(RADAR, line[at : at + a_frame], run=run, width=HOUR, at=at * HOUR, left=0.8)
            for line in (marks, slow)
        )
        frames.append(dataclasses.replace(scored(beside, -4.2, "cusum"), watermark=NEVER))
        frames.append(scored(first, -4.2, "seasonal"))
    return told(frames)


@pytest.mark.parametrize("a_frame", [1, 24])
def test_a_bin_that_nobody_saw_is_no_return(a_frame: int) -> None:
    calm = "." * 24 * 20
    slow = calm + "." * 6 + "L" * 96
    whole = summed(calm + "l" * 102, slow, a_frame)
    holed = summed(calm + ("l" * 5 + "?" + "l" * 18) * 4 + "l" * 6, slow, a_frame)
    back = summed(calm + ("l" * 5 + "." + "l" * 18) * 4 + "l" * 6, slow, a_frame)
    assert [(o.state, o.confirmed_at) for o in whole] == [(o.state, o.confirmed_at) for o in holed]
    assert whole[-1].state == "confirmed"
    assert not back
    hidden = summed(calm + ("l" * 5 + "?." + "l" * 17) * 4 + "l" * 6, slow, a_frame)
    assert not hidden, "what was back after a bin that nobody saw was not noticed"


def judged(first: np.ndarray, t: np.ndarray, values: np.ndarray, country: str, a_frame: int) -> np.ndarray:
    """Expected, score and state ``(3, t, n)`` of networks, in frames that list each from its ``first (n,)`` bin on."""
    stage, found, width = Engine().judge(), np.full((3, *values.shape), np.nan), int(t[1] - t[0])
    for at in range(0, len(t), a_frame):
        own, bins = np.flatnonzero(first < at + a_frame), slice(at, at + a_frame)
        x = values[bins, own]
        frame = Bins(
            RUN, "test", -1, PROBING, width, int(t[bins][-1]) + width, UP,
            tuple(Entity("asn", f"AS{i}", country) for i in own), t[bins], x, np.where(np.isnan(x), np.nan, 1),
        )  # fmt: skip
        for said in stage.step(frame):
            names = [int(entity.name[2:]) for entity in said.entities]
            for kept, fresh in zip(found, (said.expected, said.score, said.state), strict=True):
                kept[bins, names] = fresh
    return np.where(np.isnan(values), np.nan, found)


def test_networks_that_begin_in_the_days_before_a_change_of_clock_are_judged_alike_however_long_frames_are() -> None:
    t, change = 1711324800 + np.arange(14 * 48) * 1800, 1711846800  # 25 March 2024, and 31 March, 01:00 UTC
    rng, n = np.random.default_rng(2), 12
    first = rng.integers(0, 6 * 48, n)
    day = 2 * np.pi * (t + np.where(t >= change, HOUR, 0))[:, None] / DAY
    values = rng.poisson(300 * (1 + 0.9 * np.sin(day + np.arange(n)))).astype(float)
    values[np.arange(len(t))[:, None] < first] = np.nan
    whole, single = (judged(first, t, values, "GB", a_frame) for a_frame in (len(t), 1))
    np.testing.assert_array_equal(whole, single)
    assert np.isfinite(whole[0]).any(axis=0).all()


@pytest.mark.parametrize("first", [1, 38])
def test_who_is_met_within_an_hour_of_a_half_hour_s_zone_has_the_hour_of_all(first: int) -> None:
    t, slow, rng = np.arange(0, 24 * DAY, 1800), Cusum(), np.random.default_rng(3)
    slot = ((t + 5 * HOUR + HOUR // 2 + 3 * DAY) % (7 * DAY))[:, None]
    x = 1000 * (1 + 0.5 * np.sin(2 * np.pi * slot / DAY)) * np.exp(rng.normal(0, 0.03, (len(t), 1)))
    x[:first] = np.nan
    context = Context(1800, np.ones(x.shape), slot, (slot >= 5 * DAY).astype(np.int8))
    nobody = Context(1800, np.ones((len(t), 0)), slot[:, :0], context.day_kind[:, :0])
    _, known = slow.run(x, t, context)
    before, _ = slow.run(x[:first, :0], t[:first], nobody.rows(slice(first)))
    _, met = slow.run(x[first:], t[first:], context.rows(slice(first, None)), extend(before, 1))
    np.testing.assert_array_equal(known.expected[first:], met.expected)
    assert np.isfinite(met.expected).any()


def test_an_hour_that_begins_at_midnight_of_a_half_hour_s_zone_is_of_that_day() -> None:
    t = np.arange(0, 60 * DAY, HOUR) + HOUR // 2
    slot = ((t + 5 * HOUR + HOUR // 2) % (7 * DAY))[:, None]
    is_off = slot >= 5 * DAY
    context = Context(HOUR, np.ones(slot.shape), slot, is_off.astype(np.int8))
    _, verdict = Cusum().run(np.where(is_off, 600.0, 1000.0), t, context)
    for weekday, usual in ((5, 600), (0, 1000)):
        midnight = (slot[:, 0] == weekday * DAY) & (t > 40 * DAY)
        np.testing.assert_allclose(verdict.expected[midnight, 0], usual, rtol=0.03)


def test_one_that_is_four_weeks_old_is_not_read_by_the_age_of_a_neighbour() -> None:
    t, rng = np.arange(0, 29 * DAY, 1800), np.random.default_rng(1)
    x = 1000.0 + rng.integers(-5, 6, (len(t), 2))
    x[(t < DAY) & (t % DAY // HOUR >= 13) & (t % DAY // HOUR < 15), 0] = 3000
    x[t < 20 * DAY, 1] = np.nan
    both, alone = (Seasonal().run(x[:, :n], t, utc_context(t, n, 1800))[1] for n in (2, 1))
    for name in Verdict._fields:
        np.testing.assert_array_equal(getattr(both, name)[:, 0], getattr(alone, name)[:, 0])


def bins(at: int, entities: tuple[Entity, ...], values: list[list[float]]) -> Bins:
    x, t = np.array(values).reshape(len(values), len(entities)), at + 300 * np.arange(len(values))
    watermark = int(t[-1]) + 300 if len(t) else at
    return Bins(RUN, "test", -1, PROBING, 300, watermark, UP, entities, t, x, np.where(np.isnan(x), np.nan, 1))


def test_a_heartbeat_between_two_frames_throws_no_look_ups_away() -> None:
    stage, networks = Engine().judge(), tuple(Entity("asn", f"AS{i}", "GB") for i in range(3))
    stage.step(bins(0, networks, [[1.0, 2.0, 3.0]]))
    (series,) = stage.series.values()
    kept = series.places, series.homes
    assert stage.step(bins(300, (), []))
    stage.step(bins(300, networks, [[1.0, 2.0, 3.0]]))
    assert series.places is kept[0]
    assert series.homes is kept[1]


def test_of_who_was_not_known_yet_nobody_says_that_its_sources_are_unhealthy() -> None:
    """Where all is said to have moved at once nothing is observed: of those that there were."""
    entities = (*COUNTRIES, Entity("country", "FR", "FR"))
    values = seen(entities, *[1.0] * 3, *[0.0] * 3, *[1.0] * 4)
    frame = moved(entities, values, RADAR, met=np.array([0] * len(COUNTRIES) + [DAYS + 8]))
    blind = frame.health[DAYS + 3 : DAYS + 6]
    assert not blind[:, :-1].any()
    assert np.isnan(frame.health[: DAYS + 8, -1]).all()
    assert frame.health[DAYS + 8 :, -1].all()


@pytest.mark.parametrize(("lost", "score", "weight"), [(0.5, -2.5, 0.0), (0.5, -1.5, -2.0), (0.2, -2.5, -2.0)])
def test_a_normal_value_that_sinks_with_the_others_is_no_witness_against_it(
    lost: float, score: float, weight: float
) -> None:
    one = np.ones(1)
    said = Said(RADAR, 0, (COUNTRY,), 100 * (1 - lost) * one, 100 * one, score * one, np.array([NORMAL]), one)
    assert weights(said, np.array([lost]), np.array([2.0]), np.array([False]), Fusing()).tolist() == [weight]
