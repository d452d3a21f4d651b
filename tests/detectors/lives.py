"""Lives that a detector is put through to see whether it keeps its promises."""

from dataclasses import replace
from typing import Any

import numpy as np

from detectors.base import DAY, AnyDetector, Context, Verdict
from detectors.synthetic import Made, made


def weeks(detector: AnyDetector) -> int:
    """Whole weeks that a detector asks for before a promise begins [days]: none of one that speaks on the first day."""
    return 7 * -(-max(detector.warmup - DAY, 0) // (7 * DAY))


def judged(detector: AnyDetector, series: Made) -> Verdict:
    return detector.run(series.x, series.t, series.context)[1]


def lived(detector: AnyDetector, days: float, **form: Any) -> tuple[Made, Verdict]:
    """A series `made` for so many days, and what is said of it, after the weeks that the detector asks for."""
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


def same(one: Verdict, other: Verdict) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def cut(context: Context, start: int, end: int) -> Context:
    rows = slice(start, end)
    return replace(context, week_slot=context.week_slot[rows], day_kind=context.day_kind[rows])


def pick(context: Context, entities: list[int]) -> Context:
    return Context(
        context.width, context.health[entities], context.week_slot[:, entities], context.day_kind[:, entities]
    )


def eventful(detector: AnyDetector, n: int = 3, seed: int = 1) -> Made:
    """Eleven days with noise, an outage, gaps, a lasting fall and a surge, so that every branch is gone through."""
    before = weeks(detector)
    outages, gaps = [(before + 1.1, before + 1.4)], [(before + 1.6, before + 1.8)]
    form: dict[str, Any] = {"outages": outages, "gaps": gaps, "shift": (before + 2, 0.4), "seed": seed}
    series, start = made(before + 11, n=n, width=1200, dispersion=4, **form), 72 * before
    series.x[start + 400 : start + 420, 0] = np.nan
    series.x[start + 700 : start + 710, n - 1] *= 5
    return series
