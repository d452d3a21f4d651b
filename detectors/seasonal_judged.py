"""One bin against what `detectors.seasonal` expects of it, alone and together with the bins before it."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, bounded
from detectors.noise import deviation, doubt
from detectors.seasonal_state import SeasonalState
from detectors.together import SPANS, Sums, deviations, lowest, summed

if TYPE_CHECKING:
    from detectors.seasonal import Seasonal

WIDE = 0.22
"""Deviation of a series without a shape, as a share of its level: a night may fall to an eighth of it [-]."""

SURE = 1.25
"""What only a sum tells is confirmed from so many times ``enter`` on [-]."""


class Judged(NamedTuple):
    """One bin against its expectation, arrays ``(n,)``; sums and their deviations as in `detectors.together`."""

    x: np.ndarray
    expected: np.ndarray
    deviation: np.ndarray
    score: np.ndarray
    settled: np.ndarray
    low: np.ndarray
    deep: np.ndarray
    high: np.ndarray
    clear: np.ndarray
    code: np.ndarray
    sums: Sums
    deviations: np.ndarray


def judge(rule: "Seasonal", state: SeasonalState, x: np.ndarray, shape: np.ndarray, time: tuple[int, int]) -> Judged:
    """What is said of a bin ``(n,)``: its start and width ``time`` [s], and what the shape expects ``(n,)``."""
    t, width = time
    settled = (t - state.first >= rule.settle[1]) & (state.seen >= rule.settle[0]) & (shape >= 0)
    expected = np.where(settled, shape, state.level)
    swing = np.where(state.level > 0, state.swing / state.level, 0.0)
    unsure = doubt(state.days, swing)
    sd = deviation(state.noise, expected, state.days, unsure, state.whole, rule.flat)
    sd = np.where(settled, sd, np.maximum(sd, WIDE * expected))
    score, loss = (x - expected) / sd, 1 - x / expected
    speaks = expected >= rule.enter * sd
    was_low = (state.code == LOW_PROVISIONAL) | (state.code == LOW_CONFIRMED)
    sums = summed(state.recent, x - expected, expected)
    limits = deviations(sums, state.noises, state.noise, unsure, rule.flat)
    together, lost = _together(rule, sums, limits, loss, width)
    # what single bins told is over when a single bin says so
    plain = (state.residual <= -SURE * rule.enter * sd[:, None]).any(axis=1)
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
    again = (state.streak + 1 >= rule.persist) & (~heard | (together <= -SURE * rule.enter))
    sure = again | ((loss >= rule.overwhelming) & (score <= -1.5 * rule.enter))
    stays = (state.code == LOW_CONFIRMED) & low & (loss > rule.depth / 2)
    confirmed = settled & ((deep & clear & sure) | stays)
    high = settled & (x > rule.above * expected) & (score >= rule.enter)
    code = np.where(high & speaks, np.int8(HIGH), np.int8(NORMAL))
    code[low], code[confirmed] = LOW_PROVISIONAL, LOW_CONFIRMED
    return Judged(x, expected, sd, score, settled, low, deep & settled, high, clear, code, sums, limits)


def _together(
    rule: "Seasonal", sums: Sums, limits: np.ndarray, loss: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Score and loss ``(n,)`` of the last bins; what is longer than a slot is the level's, not the noise's."""
    spans = int(np.count_nonzero(np.array(SPANS) * width <= rule.grid))
    if not spans:
        return np.zeros_like(loss), loss
    return lowest(Sums(*(a[:spans] for a in sums)), limits[:spans], loss)
