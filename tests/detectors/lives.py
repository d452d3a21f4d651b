"""Lives that a detector is put through to see whether it keeps its promises."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from detectors.base import DAY, AnyDetector, Context, Verdict, utc_context
from tests.detectors.synthetic import Made, made


def weeks(detector: AnyDetector) -> int:
    """Whole weeks of past that a detector needs before a promise begins [days]."""
    return 7 * -(-max(detector.warmup - DAY, 0) // (7 * DAY))


def verdict_of(detector: AnyDetector, x: np.ndarray, width: int) -> Verdict:
    """Verdicts on x ``(t,)`` or ``(t, n)``, from 1970 on."""
    x, t = x.reshape(len(x), -1), np.arange(len(x)) * width
    return detector.run(x, t, utc_context(t, x.shape[1], width))[1]


def judged(detector: AnyDetector, series: Made) -> Verdict:
    return detector.run(series.x, series.t, series.context)[1]


def lived(detector: AnyDetector, days: float, **form: Any) -> tuple[Made, Verdict]:
    """A series `made` for so many days, and the verdicts on it, after the weeks that the detector needs."""
    before = weeks(detector)
    for spans in ("outages", "gaps"):
        form[spans] = [(before + start, before + end) for start, end in form.get(spans, [])]
    if "shift" in form:
        form["shift"] = (before + form["shift"][0], form["shift"][1])
    series = made(before + days, **form)
    verdict, start = judged(detector, series), int(before * DAY // series.context.width)
    context = cut(series.context, start, len(series.t))
    rest = Made(series.t[start:], series.x[start:], series.mean[start:], series.outage[start:], context)
    return rest, Verdict(*(a[start:] for a in verdict))


def same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> None:
    """Arrays of the same names, types and values."""
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], name)
        assert array.dtype == other[name].dtype, name


def rows(verdict: Verdict, start: int, end: int) -> Verdict:
    return Verdict(*(a[start:end] for a in verdict))


def cut(context: Context, start: int, end: int) -> Context:
    rows = slice(start, end)
    return replace(context, week_slot=context.week_slot[rows], day_kind=context.day_kind[rows])


def pick(context: Context, entities: list[int]) -> Context:
    of_each = (context.health[entities], context.week_slot[:, entities], context.day_kind[:, entities])
    return Context(context.width, *of_each)


@cache
def ended(detector: AnyDetector) -> tuple[Any, Verdict]:
    """The state after `eventful`, and the verdicts on it."""
    series = eventful(detector)
    return detector.run(series.x, series.t, series.context)


def whole(detector: AnyDetector) -> Verdict:
    return ended(detector)[1]


@cache
def warm(detector: AnyDetector) -> Any:
    """The state after the weeks that the detector asks for before `eventful` begins."""
    series, begin = eventful(detector), 72 * weeks(detector)
    return detector.run(series.x[:begin], series.t[:begin], cut(series.context, 0, begin))[0]


@cache
def eventful(detector: AnyDetector, n: int = 3, seed: int = 1) -> Made:
    """Eleven days with noise, an outage, gaps, a lasting fall, a surge, and a first day with values far too high
    and too low, so that every branch is gone through."""
    before = weeks(detector)
    outages, gaps = [(before + 1.1, before + 1.4)], [(before + 1.6, before + 1.8)]
    form: dict[str, Any] = {"outages": outages, "gaps": gaps, "shift": (before + 2, 0.4), "seed": seed}
    series, start = made(before + 11, n=n, width=1200, dispersion=4, **form), 72 * before
    series.x[start + 400 : start + 420, 0] = np.nan
    series.x[start + 700 : start + 710, n - 1] *= 5
    series.x[start + 22 : start + 25, 0] *= 30
    series.x[start + 40 : start + 42, n - 1] *= 0.1
    return series


def neighbours(detector: AnyDetector) -> Made:
    """Seven days of entities that have little in common: each lives by a zone of its own, with other weekends and
    holidays, and two are networks.  Four begin low, one rises for days, and days of the last are off by the hour."""
    before, n = weeks(detector), 6
    series = made(before + 7, n=n, width=1200, daily=0, level=1000, seed=3)
    hour, day = (series.t[:, None] - series.t[0]) / 3600, (series.t - series.t[0]) / DAY - before
    share = 1 - 0.7 * np.cos(2 * np.pi * (hour - np.array([12, 13, 14, 15, 4, 4])) / 24)
    begins_low = (hour - 24 * before < [9, 9, 5, 7, 0, 0]) & (hour >= 24 * before)
    x = np.rint(series.x * share * np.where(begins_low, 0.25, 1))
    x[hour[:, 0] < 24 * before, :4] = np.nan
    x[(day >= 4.2) & (day < 6.6), 4] *= 4
    slot = (series.context.week_slot + np.array([0, -5 * 3600, 5 * 3600 + 2700, 9 * 3600, 3600, 0])) % (7 * DAY)
    slot[day >= 5.5, 4] -= 3600
    kind = (slot >= np.array([5, 5, 4, 6, 5, 4]) * DAY).astype(np.int8)
    kind[(day >= 2) & (day < 3), 3] = 2
    kind[:, 5] = hour[:, 0] % 2
    return replace(series, x=x, context=replace(series.context, week_slot=slot, day_kind=kind))
