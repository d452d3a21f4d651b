"""Bins against what `detectors.seasonal.seasonal` expects of them, each alone and together with those before it."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, bounded, is_low
from detectors.seasonal.course import Course, Given, Levels, levels, supposed
from detectors.seasonal.noise import HALF, Noises, noises
from detectors.seasonal.similar import KNOWN
from detectors.seasonal.state import SeasonalState
from detectors.seasonal.together import SPANS, Sums, before, lowest, summed
from detectors.state import picked

if TYPE_CHECKING:
    from detectors.seasonal.seasonal import Seasonal

NEARLY = 0.75
"""What a place has lost so much of is told by bins in a row as soon as one similar day is known, and `HALF` of it as
soon as two are: before the third weekend nobody knows more days off [0-1]."""

TOGETHER = 12 * 3600
"""For how long bins add up to a loss of `HALF` [s]."""

LOST = 0.2
"""What has lost less before it became the level comes back by drift alone [0-1]."""

BACK = 1.25
"""Times the expectation that are the least of a return [-]."""

SURE = 1.25
"""What only a sum tells is confirmed from so many times ``enter`` on [-], and so is what it tells at all of counts so
few that one bin tells nothing: of these only a loss of `NEARLY`."""

OF_COUNTS = 8
"""Where the variance is less than so many times what is expected it is counts that stray [-]: who has lost them is back
with as many.  Else what is expected may have been learnt of the loss itself."""

RETURNED = 0.5
"""Then he is back with so much of his level [0-1]."""


class Judged(NamedTuple):
    """Bins against their expectation, arrays ``(t, n)``: their score and deviation, whether they are deeply low or
    high, what is told of them, and whether anything is ``said``, the ``streak (n,)`` after them, the course that they
    have, levels and noises, and what is kept of the last bins ``(KEPT, n)``, see `detectors.seasonal.together`."""

    score: np.ndarray
    deviation: np.ndarray
    deep: np.ndarray
    high: np.ndarray
    told: np.ndarray
    said: np.ndarray
    streak: np.ndarray
    course: Course
    levels: Levels
    noises: Noises
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
    away = x - expected
    # bins of a low that is over are no evidence of the next one
    kept = [
        before(old, np.where(seen & settled, own, 0.0), course.over)
        for old, own in ((state.residual, away), (state.mean, expected))
    ]
    sums = Sums(summed(kept[0], away), summed(kept[1], expected))
    noise = noises(rule, state, bins, level, sums, seen & ~course.odd, course.over)
    sd, limits = noise.deviation[:, 0], noise.deviation[:, 1:]

    score, loss = away / sd, 1 - x / expected
    speaks = expected >= rule.enter * sd
    code_before = np.concatenate([state.code[None], course.code[:-1]])
    was_low, was_confirmed = is_low(code_before), settled & (code_before == LOW_CONFIRMED)
    together, lost = _together(rule, sums, limits, loss, bins.width)
    summed_up = together
    # what single bins told is over when a single bin says so
    least = -SURE * rule.enter * sd
    plain = np.logical_or.reduce([each[:-1] <= least for each in kept[0]])
    together = np.where(settled & ~(plain & speaks), together, 0.0)
    # sums open a low and keep it open; what one bin says alone is not made louder by those before it
    alone = score <= np.where(was_low, -rule.leave, -rule.enter)
    heard = ~alone & (together <= -rule.leave) & (together < score)
    loss = np.where(heard, lost, loss)
    clear = speaks & (np.minimum(score, together) <= -rule.enter) & (loss >= rule.shallow)
    clear |= ~speaks & (together <= -SURE * rule.enter) & (lost >= NEARLY)
    score = np.where(heard, np.where(was_low, np.maximum(together, -rule.enter), together), score)
    score = bounded(score)
    low = clear | (was_low & speaks & (score <= -rule.leave) & (loss >= rule.shallow / 2))
    deep = low & (loss > rule.depth)
    # sums in a row share their bins: they are no two witnesses
    again = course.persists & (~heard | (together <= -SURE * rule.enter))
    sure = again | ((loss >= rule.overwhelming) & (score <= -1.5 * rule.enter))
    stays = was_confirmed & low & (loss > rule.depth / 2)
    confirmed = settled & ((deep & clear & sure) | stays)
    # of what is sure, bins in a row say as much as they do together: noise is less of it, and doubt is as much
    clear_of_few = (state.days > 0) & (loss >= np.where(state.days > 1, HALF, NEARLY)) & ~bins.switched
    counts = confirmed & ((state.days >= KNOWN) | clear_of_few)
    if counts.any():
        score = np.where(counts, np.minimum(score, bounded(summed_up)), score)
    high = settled & (x > _above(rule, state.lost) * expected) & (score >= rule.enter)
    code = np.where(high & speaks, np.int8(HIGH), np.int8(NORMAL))
    code[low], code[confirmed] = LOW_PROVISIONAL, LOW_CONFIRMED
    # a low goes on while nothing can be said, by a night of few counts: what strays in it is no noise of the series;
    # that it is over is said by a bin of which nothing left would be some way off
    mute = was_confirmed & seen & ~speaks & ((1 - x / expected > rule.depth) | (expected < rule.leave * sd))
    deep = (deep & settled) | mute | ~np.isnan(noise.fallen[:, 0])
    streak = _streak(state.streak, clear, seen)
    is_told = bins.first[:-1] <= bins.t - rule.warmup
    found = Course(
        np.where(seen & ~mute, np.where(is_told, code, np.int8(NORMAL)), code_before),
        streak[:-1] + 1 >= rule.persist,
        low,
        deep | high,
        seen & (code_before != NORMAL) & (code == NORMAL),
    )
    is_back = (sd * sd < OF_COUNTS * expected) | (x >= RETURNED * level.level[:-1])
    said = speaks | clear | (was_confirmed & ~mute & is_back)
    last = (np.array([each[-1] for each in own]) for own in kept)
    return Judged(score, sd, deep, high, code, said, streak[-1], found, level, noise, *last)


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
