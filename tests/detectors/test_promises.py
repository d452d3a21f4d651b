"""What every registered detector promises, each promise a small function crossed with all of them.

An exclusion needs a written reason; `test_every_exclusion_says_why` sees to it.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from detectors import REGISTRY
from detectors.base import (
    DAY,
    HIGH,
    LOW_CONFIRMED,
    LOW_PROVISIONAL,
    NORMAL,
    UNKNOWN,
    AnyDetector,
    Context,
    Verdict,
    utc_context,
)
from detectors.history import History
from detectors.state import extend, pack, unpack
from tests.detectors.excluded import EXCLUDED
from tests.detectors.lives import cut, ended, eventful, judged, lived, neighbours, pick, rows, same, warm, weeks, whole
from tests.detectors.synthetic import made

Promise = Callable[[AnyDetector], None]

SIGNAL = "probing.synthetic"
LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)


def input_is_untouched(detector: AnyDetector) -> None:
    series, begin = eventful(detector), 72 * weeks(detector)
    part = slice(begin, begin + 200)
    arrays = [series.x[part], series.t[part], series.context.week_slot[part], series.context.day_kind[part]]
    copies = [a.copy() for a in arrays]
    detector.run(*arrays[:2], Context(1200, series.context.health, *arrays[2:]), warm(detector))
    for before, after in zip(copies, arrays, strict=True):
        np.testing.assert_array_equal(before, after)


def _frozen(state: object, chunks: slice) -> None:
    """No array of the state can be written any more, nor those chunks of its past."""
    for field in fields(state):  # type: ignore[arg-type]
        value = getattr(state, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        if isinstance(value, History):
            for chunk in value.chunks[chunks]:
                for array in (*chunk.block, *(array for column in chunk.columns for array in column[1:])):
                    array.flags.writeable = False
            for column in value.tail:
                for array in (column.value, column.rows, column.raw):
                    array.flags.writeable = False


def state_is_never_mutated_and_a_run_is_a_fold_of_steps(detector: AnyDetector) -> None:
    series, begin = eventful(detector), 72 * weeks(detector)
    state, end = warm(detector), begin + 420
    for i in range(begin, end):
        _frozen(state, slice(None) if i == begin else slice(-1, None))
        state, verdict = detector.step(state, series.x[i], int(series.t[i]), series.context.row(i))
        same(verdict._asdict(), Verdict(*(a[i] for a in whole(detector)))._asdict())
    kept = pack(state)
    rest, _ = detector.run(series.x[end:], series.t[end:], cut(series.context, end, len(series.t)), state)
    same(pack(state), kept)
    same(pack(rest), pack(ended(detector)[0]))


def it_is_deterministic(detector: AnyDetector) -> None:
    same(judged(detector, eventful(detector))._asdict(), whole(detector)._asdict())


def it_resumes_anywhere(detector: AnyDetector) -> None:
    series, begin, state = eventful(detector), 72 * weeks(detector), detector.init(3)
    cuts = sorted({0, 1, 63, 64, *(begin + i for i in (0, 1, 63, 64, 85, 121, 400, 653, 705)), len(series.t)})
    for start, end in pairwise(cuts):
        arrays = pack(state)
        state = unpack(detector, {name: array.copy() for name, array in arrays.items()})
        same(pack(state), arrays)
        state, verdict = detector.run(series.x[start:end], series.t[start:end], cut(series.context, start, end), state)
        same(verdict._asdict(), rows(whole(detector), start, end)._asdict())


def entities_do_not_interact(detector: AnyDetector) -> None:
    series = neighbours(detector)
    together = judged(detector, series)
    for i in (0, 3, 4):
        _, alone = detector.run(series.x[:, [i]], series.t, pick(series.context, [i]))
        same(alone._asdict(), Verdict(*(a[:, [i]] for a in together))._asdict())


def an_entity_met_later_is_a_fresh_one(detector: AnyDetector) -> None:
    series = eventful(detector)
    for at in (64, 200) if not weeks(detector) else (72 * weeks(detector) + 200,):
        x = series.x.copy()
        x[:at, 2] = np.nan
        _, known = detector.run(x, series.t, series.context)
        early, _ = detector.run(x[:at, :2], series.t[:at], pick(cut(series.context, 0, at), [0, 1]))
        rest = cut(series.context, at, len(series.t))
        _, met = detector.run(x[at:], series.t[at:], rest, extend(early, 1))
        same(met._asdict(), rows(known, at, len(series.t))._asdict())


def flat_is_quiet(detector: AnyDetector) -> None:
    _, verdict = lived(detector, 9, width=1800, daily=0, weekend=0, dispersion=0)
    late = verdict.state[2 * 48 :]
    assert (late == NORMAL).all()
    assert np.abs(verdict.score[2 * 48 :]).max() < 0.01


def missing_says_nothing(detector: AnyDetector) -> None:
    verdict, missing = whole(detector), np.isnan(eventful(detector).x)
    assert (verdict.state[missing] == UNKNOWN).all()
    assert np.isnan(verdict.score[missing]).all()


def below_quorum_says_nothing(detector: AnyDetector) -> None:
    end = weeks(detector) + 3
    series = made(end, width=3600, outages=[(end - 1, end)], left=0.0)
    _, verdict = detector.run(series.x, series.t, replace(series.context, health=np.array([0.2])))
    assert (verdict.state == UNKNOWN).all()


def a_missing_outage_leaves_no_mark(detector: AnyDetector) -> None:
    _, verdict = lived(detector, 8, width=1800, gaps=[(4, 5)], dispersion=0, daily=0, weekend=0)
    assert not np.isin(verdict.state, LOW).any()


def warm_up_is_silent(detector: AnyDetector) -> None:
    series = made(weeks(detector) + 3, width=600, outages=[(0.02, 1)], left=0.0)
    series.x[:50] = np.nan
    verdict = judged(detector, series)
    inside = series.t < series.t[50] + detector.warmup
    assert (verdict.state[inside] == UNKNOWN).all()
    assert np.isnan(verdict.score[inside]).all()


def nothing_is_confirmed_on_a_start_at_night(detector: AnyDetector) -> None:
    for start in (0, 72):
        series = made(weeks(detector) + 5, width=600, daily=0.6, dispersion=2)
        _, verdict = detector.run(series.x[start:], series.t[start:], cut(series.context, start, len(series.t)))
        assert (verdict.state != LOW_CONFIRMED).all()


def nothing_is_confirmed_before_it_is_settled(detector: AnyDetector) -> None:
    after = weeks(detector) + 3
    series = made(
        after + 2, n=2, width=600, daily=0.05, dispersion=2, outages=[(0.3, 0.6), (after, after + 1.5)], left=0.0
    )
    series.x[:, 1] = np.nan
    verdict = judged(detector, series)
    confirmed = verdict.state == LOW_CONFIRMED
    assert verdict.settled.dtype == np.bool_
    assert confirmed[:, 0].any()
    assert verdict.settled[confirmed].all()
    assert not verdict.settled[0, 0]
    assert not verdict.settled[:, 1].any()


def the_outage_is_found(detector: AnyDetector) -> None:
    series, verdict = lived(detector, 9, width=600, n=3, daily=0.2, dispersion=3, outages=[(8.3, 8.5)], left=0.2)
    inside = np.flatnonzero(series.outage)
    assert (verdict.state[inside[2:]] == LOW_CONFIRMED).all()
    assert (verdict.score[inside] < -3).all()
    clear = ~series.outage
    clear[inside[-1] + 1 : inside[-1] + 4] = False
    assert not (verdict.state[clear] == LOW_CONFIRMED).any()


def a_total_outage_is_found(detector: AnyDetector) -> None:
    series, verdict = lived(detector, 9, width=600, daily=0.2, outages=[(8.3, 8.5)], left=0.0)
    assert (verdict.state[series.outage][2:] == LOW_CONFIRMED).all()


def a_long_outage_is_not_the_normal_within_days(detector: AnyDetector) -> None:
    series, verdict = lived(detector, 16, width=1800, daily=0.1, weekend=0.0, outages=[(8, 14)], left=0.1)
    assert (verdict.state[series.outage][2:] == LOW_CONFIRMED).all()
    assert (verdict.state[-48:] == NORMAL).all()


def a_level_shift_is_the_normal_in_the_end(detector: AnyDetector) -> None:
    days = 46 if detector.name == "predictive" else 30  # ours takes four weeks
    for factor in (0.4, 3.0):
        series, verdict = lived(detector, days, width=1800, level=1e4, daily=0.1, weekend=0.0, shift=(8, factor))
        assert (verdict.state[-7 * 48 :] == NORMAL).all()
        np.testing.assert_allclose(verdict.expected[-48:].mean(), series.mean[-48:].mean(), rtol=0.1)


def twice_the_expectation_is_high(detector: AnyDetector) -> None:
    series, verdict = lived(detector, 9, width=1800, daily=0.1, weekend=0.0, outages=[(8.3, 8.5)], left=4.0)
    assert (verdict.state[series.outage] == HIGH).all()


def the_unit_does_not_matter_where_counts_are_large(detector: AnyDetector) -> None:
    before = weeks(detector)
    outages, start = [(before + 9, before + 9.3)], 48 * (before + 2)
    series = made(before + 12, width=1800, level=1e5, dispersion=100, outages=outages, seed=3)
    small = judged(detector, series)
    large = judged(detector, replace(series, x=series.x * 1000))
    assert (small.state == large.state).mean() > 0.999
    np.testing.assert_allclose(large.expected[start:], small.expected[start:] * 1000, rtol=1e-3)
    np.testing.assert_allclose(large.score[start:], small.score[start:], rtol=0.02, atol=0.05)


def bins_of_a_day_and_more_are_taken(detector: AnyDetector) -> None:
    for width in (6 * 3600, DAY, 7 * DAY):
        t = 19000 * DAY + np.arange(0, 200 * DAY, width)
        x = np.random.default_rng(1).poisson(1000, (len(t), 1)).astype(float)
        _, verdict = detector.run(x, t, utc_context(t, 1, width))
        assert verdict.state.shape == x.shape
        assert (verdict.state == LOW_CONFIRMED).mean() <= 0.1


def it_bears_its_name(detector: AnyDetector) -> None:
    assert REGISTRY[detector.name](SIGNAL) == detector


def a_bin_that_comes_twice_is_refused(detector: AnyDetector) -> None:
    series = made(1, n=1)
    state, _ = detector.step(detector.init(1), series.x[0], DAY, series.context.row(0))
    with pytest.raises(ValueError, match="does not come after"):
        detector.step(state, series.x[0], DAY, series.context.row(0))


def hostile_values_break_nothing(detector: AnyDetector) -> None:
    series = made(weeks(detector) + 6, width=1800, n=8)
    odd = np.array([1e308, np.inf, -np.inf, -1.0, 0.0, 5e-324, 1e-300, np.nan])
    for i in range(100, len(series.t), 7):
        series.x[i] = np.roll(odd, i)
    verdict = judged(detector, series)
    assert np.isin(verdict.state, range(5)).all()
    assert not np.isinf(verdict.score).any()


PROMISES: list[Promise] = [
    input_is_untouched,
    state_is_never_mutated_and_a_run_is_a_fold_of_steps,
    it_is_deterministic,
    it_resumes_anywhere,
    entities_do_not_interact,
    an_entity_met_later_is_a_fresh_one,
    flat_is_quiet,
    missing_says_nothing,
    below_quorum_says_nothing,
    a_missing_outage_leaves_no_mark,
    warm_up_is_silent,
    nothing_is_confirmed_on_a_start_at_night,
    nothing_is_confirmed_before_it_is_settled,
    the_outage_is_found,
    a_total_outage_is_found,
    a_long_outage_is_not_the_normal_within_days,
    a_level_shift_is_the_normal_in_the_end,
    twice_the_expectation_is_high,
    the_unit_does_not_matter_where_counts_are_large,
    hostile_values_break_nothing,
    bins_of_a_day_and_more_are_taken,
    it_bears_its_name,
    a_bin_that_comes_twice_is_refused,
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("name", REGISTRY)
def test_every_detector_keeps_its_promises(name: str, promise: Promise, request: pytest.FixtureRequest) -> None:
    if reason := EXCLUDED.get((name, promise.__name__)):
        request.applymarker(pytest.mark.xfail(reason=reason, raises=AssertionError))
    promise(REGISTRY[name](SIGNAL))


def test_every_exclusion_says_why() -> None:
    promises = {promise.__name__ for promise in PROMISES}
    for (name, promise), reason in EXCLUDED.items():
        assert name in REGISTRY
        assert promise in promises
        assert len(reason.split()) > 3


def test_as_much_time_passes_in_missing_bins_as_where_there_are_no_rows():
    detector = REGISTRY["predictive"](SIGNAL)
    series = made(13, width=300, weekend=0, outages=[(12, 13)], left=0.5)
    gap = slice(int(12.01 * 288), int(12.3 * 288))
    series.x[gap] = np.nan
    after = []
    for keep in (np.arange(gap.stop + 1), np.delete(np.arange(gap.stop + 1), gap)):
        state, _ = detector.run(series.x[keep], series.t[keep], utc_context(series.t[keep], 1, 300))
        after.append(state.others)
    assert np.allclose(*after, atol=0.001)
