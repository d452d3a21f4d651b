"""Bins against what `detectors.seasonal` expects of them, each alone and together with those before it."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, bounded, is_low
from detectors.noise import SWING, beside, cap, deviation, doubt
from detectors.seasonal_course import Course, Given, Levels, Noises, levels, noises, supposed
from detectors.seasonal_state import SeasonalState
from detectors.similar import KNOWN
from detectors.state import picked
from detectors.together import SPANS, Sums, before, deviations, lowest, noise_of_sums, summed

if TYPE_CHECKING:
    from detectors.seasonal import Seasonal

WIDE = 0.22
"""Deviation of a series without a shape, as a share of its level: a night may fall to an eighth of it [-]."""

NEARLY = 0.75
"""What a place has lost so much of is told by bins in a row as soon as one similar day is known [0-1]."""

LEAST = 0.01
"""An expectation is off by no more than a hundred times [-]."""

HALF, TOGETHER = 0.5, 12 * 3600
"""A loss that is no mood of a day [0-1], and for how long bins add up to one [s]."""

SUDDEN = 3600
"""What falls below half within bins no longer than this [s] does so by no time of the day."""

MOST, RISES = 0.75, 1.5
"""And is back with so much of what there was before, or where it rises at once to so many times what was left [-]."""

LOST = 0.2
"""What has lost less before it became the level comes back by drift alone [0-1]."""

BACK = 1.25
"""Times the expectation that are the least of a return [-]."""

SURE = 1.25
"""What only a sum tells is confirmed from so many times ``enter`` on [-]."""


class Judged(NamedTuple):
    """Bins against their expectation, arrays ``(t, n)``: their score and deviation, whether they are deeply low or
    high, what is told of them, the ``streak (n,)`` after them, what each is ``fallen`` from, and the course that they
    have; levels, noises and those
    of the sums ``(len(SPANS), n)``; and what is kept of the last bins ``(KEPT, n)``, see `detectors.together`."""

    score: np.ndarray
    deviation: np.ndarray
    deep: np.ndarray
    high: np.ndarray
    told: np.ndarray
    streak: np.ndarray
    fallen: np.ndarray
    course: Course
    levels: Levels
    noises: Noises
    of_sums: np.ndarray
    residual: np.ndarray
    mean: np.ndarray


def settled(rule: "Seasonal", state: SeasonalState, bins: Given) -> Judged:
    """What is said of bins: judged anew for those entities whose course is not as it was supposed, until it is."""
    course = supposed(rule, state, bins.x.shape)
    judged = judge(rule, state, bins, course)
    rows, found = np.arange(bins.x.shape[1]), judged
    while len(off := found.course.unlike(course)):
        rows, state, bins, course = rows[off], picked(state, off), bins.of(off), found.course.of(off)
        found = judge(rule, state, bins, course)
        _put(judged, found, rows)
    return judged


def _put(whole: Any, part: Any, rows: np.ndarray) -> None:
    """Put down what was found of the entities at ``rows``, in arrays whose last axis they are."""
    for into, values in zip(whole, part, strict=True):
        if isinstance(into, tuple):
            _put(into, values, rows)
        else:
            into[..., rows] = values


def judge(rule: "Seasonal", state: SeasonalState, bins: Given, course: Course) -> Judged:
    """What is said of bins where this course is supposed of them, and the course that they then have."""
    x, seen, settled = bins.x, bins.seen, bins.settled
    level = levels(rule, state, bins, course)
    expected = level.expected
    swing = np.where(level.level[:-1] > 0, level.swing[:-1] / level.level[:-1], 0.0)
    unsure = doubt(state.days, swing)
    usual = seen & ~course.odd
    # what a day unlike all before misses by is the expectation's doubt, not the series' noise
    alike = usual & (~settled | (state.days > 0))
    noise = noises(rule, state, bins, level.free, alike, course.cap)
    fallen = _fallen(rule, state, bins, expected, np.sqrt(noise.noise[:-1] * expected))
    fell = ~np.isnan(fallen)
    unsure = _unsure(np.where(fell & settled, SWING * swing, unsure), x / expected, ~bins.switched)
    sd = deviation(noise.noise[:-1], expected, beside(expected, state.days, unsure, bins.whole[:-1], rule.flat))
    sd, away = np.maximum(sd, np.where(settled, 0.0, WIDE * expected)), x - expected
    # bins of a low that is over are no evidence of the next one
    kept = [
        before(old, np.where(seen & settled, own, 0.0), course.over)
        for old, own in ((state.residual, away), (state.mean, expected))
    ]
    sums = Sums(summed(kept[0], away), summed(kept[1], expected))
    age = np.maximum(bins.t - bins.first[:-1] - rule.settle[1], bins.width)
    # nor is what they add up to at its end, with the first bin that is back
    counts = np.where(alike & settled & ~course.over, bins.width / np.minimum(age, rule.memory), 0.0)
    of_sums, counted = noise_of_sums(state.noises, sums, counts, course.caps)
    limits = deviations(of_sums[:-1], noise.noise[:-1], sums.mean, np.maximum(unsure, rule.flat))

    score, loss = away / sd, 1 - x / expected
    speaks = expected >= rule.enter * sd
    code_before = np.concatenate([state.code[None], course.code[:-1]])
    was_low = is_low(code_before)
    together, lost = _together(rule, sums, limits, loss, bins.width)
    summed_up = together
    # what single bins told is over when a single bin says so
    least = -SURE * rule.enter * sd
    plain = np.logical_or.reduce([each[:-1] <= least for each in kept[0]])
    together = np.where(settled & ~plain, together, 0.0)
    # sums open a low and keep it open; what one bin says alone is not made louder by those before it
    alone = score <= np.where(was_low, -rule.leave, -rule.enter)
    heard = ~alone & (together <= -rule.leave) & (together < score)
    loss = np.where(heard, lost, loss)
    clear = speaks & (np.minimum(score, together) <= -rule.enter) & (loss >= rule.shallow)
    score = np.where(heard, np.where(was_low, np.maximum(together, -rule.enter), together), score)
    score = bounded(score)
    low = clear | (was_low & speaks & (score <= -rule.leave) & (loss >= rule.shallow / 2))
    deep = low & (loss > rule.depth)
    # sums in a row share their bins: they are no two witnesses
    again = course.persists & (~heard | (together <= -SURE * rule.enter))
    sure = again | ((loss >= rule.overwhelming) & (score <= -1.5 * rule.enter))
    stays = (code_before == LOW_CONFIRMED) & low & (loss > rule.depth / 2)
    confirmed = settled & ((deep & clear & sure) | stays)
    # of what is sure, bins in a row say as much as they do together: noise is less of it, and doubt is as much
    counts = confirmed & ((state.days >= KNOWN) | ((state.days > 0) & (loss >= NEARLY) & ~bins.switched))
    score = np.where(counts, np.minimum(score, bounded(summed_up)), score)
    high = settled & (x > _above(rule, state.lost) * expected) & (score >= rule.enter)
    code = np.where(high & speaks, np.int8(HIGH), np.int8(NORMAL))
    code[low], code[confirmed] = LOW_PROVISIONAL, LOW_CONFIRMED
    deep = (deep & settled) | fell
    streak = _streak(state.streak, clear, seen)
    is_told = bins.first[:-1] <= bins.t - rule.warmup
    found = Course(
        np.where(seen, np.where(is_told, code, np.int8(NORMAL)), code_before),
        streak[:-1] + 1 >= rule.persist,
        low,
        deep | high,
        seen & (code_before != NORMAL) & (code == NORMAL),
        cap(noise.residual, sd, noise.counts, settled & speaks),
        cap(sums.residual, limits, counted, (settled & speaks)[:, None]),
    )
    last = (np.stack([each[-1] for each in own]) for own in kept)
    return Judged(score, sd, deep, high, code, streak[-1], fallen, found, level, noise, of_sums[-1], *last)


def _unsure(unsure: np.ndarray, ratio: np.ndarray, is_place: np.ndarray) -> np.ndarray:
    """Deviation of the expectation itself, as a share of it ``(t, n)``, for a value of this ``ratio (t, n)`` to it.

    An expectation of a place (``is_place (1, n)``) is off by a factor: below half of it the deviation is that of
    logarithms, for to leave a twentieth it must be off by twenty.  A network may leave that on any feast.
    """
    deep = (ratio < HALF) & is_place
    if not deep.any():
        return unsure
    left = np.clip(ratio, LEAST, HALF)
    return np.where(deep, unsure * ((1 - left) / np.log(1 / left)) / ((1 - HALF) / np.log(1 / HALF)), unsure)


def _fallen(rule: "Seasonal", state: SeasonalState, bins: Given, expected: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The value ``(t, n)`` before the sudden fall of a first day, that has no shape yet, or of one unlike all before:
    in the bins that are out since then, told as low or not; NaN in all others.

    That is no night of a place, though it may be one of a network.  It begins below half of the level, and of the bin
    before, and lasts until most of that is back, or half as much again as there was comes back at once.
    """
    x, open_, rows = bins.x, ~bins.switched & (~bins.settled | (state.days == 0)), np.full(bins.x.shape, np.nan)
    if bins.width > SUDDEN or not open_.any():
        return rows
    open_ &= bins.first[:-1] <= bins.t - rule.warmup
    low = (x < expected / 2) & (expected - x >= 2 * rule.enter * noise)
    fallen = state.fallen
    for i, last in enumerate(bins.previous[:-1]):
        was = ~np.isnan(fallen)
        before = np.where(was, fallen, last)
        back = (x[i] >= MOST * before) | ((x[i] >= RISES * last) & (x[i] >= before / 4))
        falls = low[i] & (x[i] < before / 2) & (before >= expected[i] / 2)
        fallen = rows[i] = np.where(open_[i] & np.where(was, ~back, falls), before, np.nan)
    return rows


def _above(rule: "Seasonal", lost: np.ndarray) -> np.ndarray | float:
    """Times the expectation beyond which a value is high ``(n,)``: a level that was lost need not come back twice."""
    if not lost.any():
        return rule.above
    back = 1 + lost / (1 - lost) / 3  # a third of the way, as the level drifts towards it
    return np.where(lost >= LOST, np.clip(back, BACK, rule.above), rule.above)


def _streak(streak: np.ndarray, clear: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Clear bins in a row before each of them and after the last ``(t + 1, n)``; one that is missing ends none."""
    rows = np.repeat(streak[None], len(clear) + 1, axis=0)
    if streak.any() or clear.any():
        for i in range(len(clear)):
            rows[i + 1] = np.where(seen[i], np.where(clear[i], rows[i] + 1, 0), rows[i])
    return rows


def _together(
    rule: "Seasonal", sums: Sums, limits: np.ndarray, loss: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Score and loss ``(t, n)`` of the last bins; of what is longer than a slot it is the level that goes up and down,
    and no more than a loss of half is told."""
    spans = int(np.count_nonzero(np.array(SPANS) * width <= TOGETHER))
    if not spans:
        return np.zeros_like(loss), loss
    least = np.where(np.array(SPANS[:spans]) * width > rule.grid, HALF, 0.0)
    return lowest(Sums(*(a[:, :spans] for a in sums)), limits[:, :spans], loss, least)
